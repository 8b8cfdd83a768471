"""The gateway before Dysmsapi: signatures, tokens, dates, nonces, faults, and bytes that make no
sense.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from urllib.parse import quote

import pytest
from alibabacloud_dysmsapi20170525 import models
from alibabacloud_tea_openapi.client import Client as CoreClient
from alibabacloud_tea_openapi.exceptions import (
    ClientException,
    ServerException,
    ThrottlingException,
)
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.exceptions import UnretryableException
from darabonba.runtime import RuntimeOptions
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.localcloud.core.faults import Fault
from infra.localcloud.core.identities import Identity
from tests.localcloud.dysmsapi.running import CODE, SIGN

FIELDS = {
    "PhoneNumbers": "13800000000",
    "SignName": SIGN,
    "TemplateCode": CODE,
    "TemplateParam": '{"code":"123456"}',
}
REQUEST = models.SendSmsRequest(
    phone_numbers=FIELDS["PhoneNumbers"],
    sign_name=SIGN,
    template_code=CODE,
    template_param=FIELDS["TemplateParam"],
)


def headers_for(address: str, **changes: str | None) -> dict[str, str]:
    """The headers of a good call; keywords change one, None leaves it out."""
    headers: dict[str, str | None] = {
        "host": address,
        "x-acs-action": "SendSms",
        "x-acs-version": "2017-05-25",
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": str(time.monotonic_ns()),
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
    }
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    return {name: value for name, value in headers.items() if value is not None}


def sign(signer: Identity, headers: dict[str, str], query: str) -> dict[str, str]:
    """The headers with an ACS3 Authorization over all of them, written from the specification."""
    names = sorted(headers)
    canonical = "\n".join(
        (
            "POST\n/",
            query,
            "".join(f"{name}:{headers[name]}\n" for name in names),
            ";".join(names),
            headers.get("x-acs-content-sha256", ""),
        )
    )
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(signer.access_key_secret.encode(), text.encode(), "sha256").hexdigest()
    return {
        **headers,
        "Authorization": f"ACS3-HMAC-SHA256 Credential={signer.access_key_id},"
        f"SignedHeaders={';'.join(names)},Signature={signature}",
    }


QUERY = "&".join(f"{key}={quote(value, safe='~')}" for key, value in sorted(FIELDS.items()))


def post(address: str, headers: dict[str, str], query: str = QUERY, body: bytes = b""):
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        connection.request("POST", "/?" + query, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_gateway_takes_a_request_signed_by_the_specification(dysmsapi):
    headers = sign(dysmsapi.cloud.identities.root, headers_for(dysmsapi.address), QUERY)

    assert post(dysmsapi.address, headers)[1]["Code"] == "OK"


def test_gateway_refuses_a_nonce_the_second_time(dysmsapi):
    headers = sign(dysmsapi.cloud.identities.root, headers_for(dysmsapi.address), QUERY)
    post(dysmsapi.address, headers)

    status, body = post(dysmsapi.address, headers)

    assert (status, body["Code"]) == (400, "SignatureNonceUsed")
    assert body.keys() == {"Code", "Message", "RequestId", "HostId", "Recommend"}


def test_gateway_keeps_the_nonce_of_a_forged_request(dysmsapi):
    root = dysmsapi.cloud.identities.root
    headers = headers_for(dysmsapi.address)
    forged = sign(Identity(root.access_key_id, "wrong"), headers, QUERY)
    assert post(dysmsapi.address, forged)[1]["Code"] == "SignatureDoesNotMatch"

    assert post(dysmsapi.address, sign(root, headers, QUERY))[1]["Code"] == "OK"


def at(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


@pytest.mark.parametrize(
    ("status", "code", "changes"),
    [
        (400, "InvalidTimeStamp.Expired", {"x_acs_date": at(-4000)}),
        (400, "InvalidTimeStamp.Expired", {"x_acs_date": at(4000)}),
        (400, "InvalidTimeStamp.Format", {"x_acs_date": "yesterday"}),
        (400, "SignatureDoesNotMatch", {"x_acs_content_sha256": "0" * 64}),
        (400, "IncompleteSignature", {"x_acs_signature_nonce": None}),
        (400, "IncompleteSignature", {"x_acs_action": None}),
        (404, "InvalidAction.NotFound", {"x_acs_action": "SendLetter"}),
        (404, "InvalidAction.NotFound", {"x_acs_version": "2018-05-01"}),
    ],
)
def test_gateway_refuses_a_signed_request_that_is_not_in_order(dysmsapi, status, code, changes):
    headers = headers_for(dysmsapi.address, **changes)
    signed = sign(dysmsapi.cloud.identities.root, headers, QUERY)

    answered, body = post(dysmsapi.address, signed)

    assert (answered, body["Code"]) == (status, code)
    assert dysmsapi.inbox.messages() == []


def test_gateway_refuses_a_changed_parameter(dysmsapi):
    headers = sign(dysmsapi.cloud.identities.root, headers_for(dysmsapi.address), QUERY)

    _, body = post(dysmsapi.address, headers, QUERY.replace("123456", "654321"))

    assert body["Code"] == "SignatureDoesNotMatch"


def test_gateway_refuses_a_required_header_that_is_not_signed(dysmsapi):
    headers = headers_for(dysmsapi.address)
    unsigned = headers.pop("x-acs-action")
    signed = sign(dysmsapi.cloud.identities.root, headers, QUERY)

    _, body = post(dysmsapi.address, {**signed, "x-acs-action": unsigned})

    assert body["Code"] == "IncompleteSignature"


def test_gateway_names_a_missing_parameter(dysmsapi):
    with pytest.raises(ClientException) as refused:
        dysmsapi.client().send_sms(models.SendSmsRequest(phone_numbers="13800000000"))

    assert (refused.value.status_code, refused.value.code) == (400, "MissingSignName")


def test_gateway_takes_form_parameters(dysmsapi):
    root = dysmsapi.cloud.identities.root
    client = CoreClient(
        Config(
            access_key_id=root.access_key_id,
            access_key_secret=root.access_key_secret,
            endpoint=dysmsapi.address,
            protocol="http",
        )
    )
    params = Params(
        action="SendSms",
        version="2017-05-25",
        protocol="HTTPS",
        pathname="/",
        method="POST",
        auth_type="AK",
        style="RPC",
        req_body_type="formData",
        body_type="json",
    )

    answer = client.call_api(params, OpenApiRequest(body=FIELDS), RuntimeOptions())

    assert answer["body"]["Code"] == "OK"


def test_gateway_answers_headers_that_are_no_text(dysmsapi):
    connection = http.client.HTTPConnection(dysmsapi.address, timeout=10)
    try:
        connection.putrequest("POST", "/", skip_host=True)
        connection.putheader("Host", b"a\xff")
        connection.putheader("x-acs-action", b"Send\xffSms")
        credential = b"ACS3-HMAC-SHA256 Credential=a\xff,SignedHeaders=host;b\xff,Signature="
        connection.putheader("Authorization", credential + b"0" * 64)
        connection.endheaders()
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["Code"]) == (400, "IncompleteSignature")
    finally:
        connection.close()


def session_of(dysmsapi, **changes: str) -> Identity:
    session = dysmsapi.cloud.identities.issue_session(
        role="sesame", session_name="fc", duration_s=900, function="request_otp"
    )
    return Identity(
        access_key_id=changes.get("access_key_id", session.access_key_id),
        access_key_secret=changes.get("access_key_secret", session.access_key_secret),
        token=changes.get("token", session.token),
    )


def test_gateway_takes_a_session_and_meters_its_function(dysmsapi):
    assert dysmsapi.client(session_of(dysmsapi)).send_sms(REQUEST).body.code == "OK"

    (reading,) = dysmsapi.cloud.meter.as_json()["operations"]
    assert reading["service"] == "dysmsapi"
    assert (reading["operation"], reading["function"], reading["count"]) == (
        "SendSms",
        "request_otp",
        1,
    )


@pytest.mark.parametrize(
    ("status", "code", "changes"),
    [
        (404, "InvalidAccessKeyId.NotFound", {"access_key_id": "LTAInobody"}),
        (400, "SignatureDoesNotMatch", {"access_key_secret": "wrong"}),
        (400, "MissingSecurityToken", {"token": ""}),
        (400, "InvalidSecurityToken.Malformed", {"token": "CAISforged"}),
    ],
)
def test_gateway_refuses_a_session_that_is_not_whole(dysmsapi, status, code, changes):
    with pytest.raises(ClientException) as refused:
        dysmsapi.client(session_of(dysmsapi, **changes)).send_sms(REQUEST)

    assert (refused.value.status_code, refused.value.code) == (status, code)
    assert refused.value.request_id


def test_gateway_refuses_a_session_once_it_has_expired(dysmsapi):
    session = session_of(dysmsapi)
    dysmsapi.cloud.clock.advance(901)

    with pytest.raises(ClientException) as refused:
        dysmsapi.client(session).send_sms(REQUEST)

    assert refused.value.code == "InvalidSecurityToken.Expired"


def strike(dysmsapi, kind: str) -> None:
    dysmsapi.cloud.faults.add(Fault("dysmsapi", "SendSms", kind, 1))


def test_fault_with_a_service_code_is_an_answer_not_an_error(dysmsapi, send):
    strike(dysmsapi, "error:isv.BUSINESS_LIMIT_CONTROL")

    answer = send()

    assert (answer.code, answer.message) == (
        "isv.BUSINESS_LIMIT_CONTROL",
        "触发分钟级流控Permits:1",
    )
    assert dysmsapi.inbox.messages() == []


def test_fault_with_throttling_tells_when_to_come_again(dysmsapi, send):
    strike(dysmsapi, "error:Throttling.User")

    with pytest.raises(ThrottlingException) as refused:
        send()

    assert (refused.value.code, refused.value.retry_after) == ("Throttling.User", 1500)


@pytest.mark.parametrize(("code", "status"), [("ServiceUnavailable", 503), ("InternalError", 500)])
def test_fault_with_a_server_code_is_a_server_error(dysmsapi, send, code, status):
    strike(dysmsapi, f"error:{code}")

    with pytest.raises(ServerException) as refused:
        send()

    assert (refused.value.code, refused.value.status_code) == (code, status)


@pytest.mark.parametrize(
    ("kind", "delivered"),
    [("html_503", 0), ("drop_before", 0), ("drop_after", 1), ("hang", 0)],
)
def test_fault_without_an_answer_leaves_the_client_in_the_dark(dysmsapi, kind, delivered):
    strike(dysmsapi, kind)
    client = dysmsapi.client(read_timeout=300, connect_timeout=1000)

    with pytest.raises(UnretryableException):
        client.send_sms(REQUEST)

    assert len(dysmsapi.inbox.messages()) == delivered


FUZZ = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
raw_text = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60)


@FUZZ
@given(query=raw_text, body=st.binary(max_size=200), is_form=st.booleans())
def test_gateway_answers_any_signed_bytes_without_a_bug(dysmsapi, query, body, is_form):
    query = query.replace("#", "").replace("?", "")
    kind = "application/x-www-form-urlencoded" if is_form else "application/json"
    headers = headers_for(
        dysmsapi.address,
        x_acs_content_sha256=hashlib.sha256(body).hexdigest(),
        content_type=kind,
    )

    status, answer = post(
        dysmsapi.address, sign(dysmsapi.cloud.identities.root, headers, query), query, body
    )

    assert 400 <= status < 500
    assert answer["Code"]


OPERATIONS = [
    *("SendSms", "SendBatchSms", "QuerySendDetails", "QuerySendStatistics"),
    *(
        f"{verb}Sms{noun}"
        for verb in ("Create", "Update", "Delete", "Get")
        for noun in ("Sign", "Template")
    ),
    *("QuerySmsSignList", "QuerySmsTemplateList"),
]
NAMES = [
    *("PhoneNumbers", "SignName", "TemplateCode", "TemplateParam", "OutId", "PhoneNumberJson"),
    *("SignNameJson", "TemplateParamJson", "PhoneNumber", "SendDate", "PageSize", "CurrentPage"),
    *("StartDate", "EndDate", "IsGlobe", "PageIndex", "TemplateType", "BizId", "TemplateName"),
    "TemplateContent",
]
VALUES = st.one_of(
    st.sampled_from(
        ["13800000000", SIGN, CODE, "20250101", "99999999", "1", "-1", "0", "[]", "{}", "[1]"]
        + ['["13800000000"]', '{"code":"\\ud800"}', '["\\ud800"]', "\x00", "9" * 5000, "[" * 3000]
    ),
    st.text(max_size=20),
)


@FUZZ
@given(action=st.sampled_from(OPERATIONS), fields=st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_operations_answer_any_parameters_without_a_bug(dysmsapi, action, fields):
    query = "&".join(f"{key}={quote(value, safe='~')}" for key, value in sorted(fields.items()))
    headers = headers_for(dysmsapi.address, x_acs_action=action)

    status, answer = post(
        dysmsapi.address, sign(dysmsapi.cloud.identities.root, headers, query), query
    )

    assert status in (200, 400)
    assert answer["Code"]


@FUZZ
@given(
    authorization=st.one_of(
        raw_text, raw_text.map(lambda text: f"ACS3-HMAC-SHA256 Credential={text}")
    )
)
def test_gateway_refuses_any_unsigned_request(dysmsapi, authorization):
    headers = {**headers_for(dysmsapi.address), "Authorization": authorization}

    status, answer = post(dysmsapi.address, headers)

    assert (status, answer["Code"]) == (400, "IncompleteSignature")
