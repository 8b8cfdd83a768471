"""STS through the unmodified RamRoleArn provider, and by requests signed from the specification."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import time
import uuid
from calendar import timegm
from urllib.parse import quote

import pytest
from alibabacloud_credentials.exceptions import CredentialException
from alibabacloud_credentials.provider import RamRoleArnCredentialsProvider
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.localcloud.core.faults import Fault
from infra.localcloud.core.identities import Identity

ROLE = "acs:ram::2000000000000002:role/sms-sender"


def provider(sts, signer: Identity | None = None, **changes: object):
    signer = signer or sts.cloud.identities.root
    good = {
        "access_key_id": signer.access_key_id,
        "access_key_secret": signer.access_key_secret,
        "security_token": signer.token or None,
        "role_arn": ROLE,
        "role_session_name": "sesame",
        "duration_seconds": 1800,
        "sts_endpoint": sts.endpoint,
    }
    return RamRoleArnCredentialsProvider(**{**good, **changes})


def encode(text: str) -> str:
    return quote(text, safe="~")


def call(sts, signer: Identity, method: str = "GET", **fields: str | None):
    """One call, signed by the book of RPC signature version 1; None leaves a field out."""
    good: dict[str, str | None] = {
        "Action": "AssumeRole",
        "Format": "JSON",
        "Version": "2015-04-01",
        "RoleArn": ROLE,
        "RoleSessionName": "sesame",
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": str(uuid.uuid4()),
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "AccessKeyId": signer.access_key_id,
        "SecurityToken": signer.token or None,
    }
    pairs = sorted((k, v) for k, v in {**good, **fields}.items() if v is not None)
    query = "&".join(f"{encode(key)}={encode(value)}" for key, value in pairs)
    key = (signer.access_key_secret + "&").encode()
    digest = hmac.new(key, f"{method}&%2F&{encode(query)}".encode(), hashlib.sha1).digest()
    return raw(sts, method, f"{query}&Signature={encode(base64.b64encode(digest).decode())}")


def raw(sts, method: str, parameters: str):
    connection = http.client.HTTPConnection(sts.endpoint.removeprefix("http://"), timeout=10)
    try:
        if method == "POST":
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", "/", body=parameters.encode(), headers=kind)
        else:
            connection.request(method, "/?" + parameters)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_assume_role_gives_the_sdk_a_session_that_the_cloud_knows(sts):
    credentials = provider(sts).get_credentials()

    session = sts.cloud.identities.find(credentials.get_access_key_id())
    assert session.token == credentials.get_security_token()
    assert session.access_key_secret == credentials.get_access_key_secret()
    assert (session.role, session.session_name) == (ROLE, "sesame")
    assert abs(session.expires_at - time.time() - 1800) < 30


def test_assume_role_takes_a_session_and_keeps_its_function(sts):
    base = sts.cloud.identities.issue_session(
        role="fc", session_name="fc", duration_s=900, function="verify_otp"
    )

    credentials = provider(sts, base).get_credentials()

    assert sts.cloud.identities.find(credentials.get_access_key_id()).function == "verify_otp"
    (reading,) = sts.cloud.meter.as_json()["operations"]
    assert (reading["operation"], reading["function"]) == ("AssumeRole", "verify_otp")


def test_assume_role_takes_a_compact_policy(sts):
    policy = '{"Version":"1","Statement":[{"Action":["dysms:*"],"Effect":"Allow"}]}'

    assert provider(sts, policy=policy).get_credentials().get_security_token()


def test_assume_role_refuses_the_sdk_a_wrong_secret(sts):
    wrong = Identity(sts.cloud.identities.root.access_key_id, "wrong")

    with pytest.raises(CredentialException, match="SignatureDoesNotMatch"):
        provider(sts, wrong).get_credentials()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_assume_role_answers_query_and_form(sts, method):
    status, body = call(sts, sts.cloud.identities.root, method, Policy='{"a": "x *~/中"}')

    assert status == 200
    assert body["AssumedRoleUser"]["Arn"] == f"{ROLE}/sesame"
    assert body["AssumedRoleUser"]["AssumedRoleId"].endswith(":sesame")
    expiration = timegm(time.strptime(body["Credentials"]["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
    assert abs(expiration - time.time() - 3600) < 30


def test_assume_role_tells_the_end_by_the_clock_that_the_caller_reads(sts):
    sts.cloud.clock.advance(86_400)

    _, on_host_time = call(sts, sts.cloud.identities.root)
    cloud_now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(sts.cloud.clock.now_s()))
    _, on_cloud_time = call(sts, sts.cloud.identities.root, Timestamp=cloud_now)

    ends = [
        timegm(time.strptime(one["Credentials"]["Expiration"], "%Y-%m-%dT%H:%M:%SZ"))
        for one in (on_host_time, on_cloud_time)
    ]
    assert abs(ends[1] - ends[0] - 86_400) < 30


@pytest.mark.parametrize("duration", ["900", "43200"])
def test_assume_role_takes_a_duration_within_bounds(sts, duration):
    assert call(sts, sts.cloud.identities.root, DurationSeconds=duration)[0] == 200


@pytest.mark.parametrize(
    ("status", "code", "fields"),
    [
        (400, "InvalidParameter.DurationSeconds", {"DurationSeconds": "899"}),
        (400, "InvalidParameter.DurationSeconds", {"DurationSeconds": "43201"}),
        (400, "InvalidParameter.DurationSeconds", {"DurationSeconds": "an hour"}),
        (400, "InvalidParameter.RoleArn", {"RoleArn": "acs:ram::1:user/x"}),
        (400, "MissingRoleArn", {"RoleArn": None}),
        (400, "InvalidParameter.RoleSessionName", {"RoleSessionName": "a b"}),
        (400, "InvalidParameter.PolicyGrammar", {"Policy": "[]"}),
        (400, "InvalidTimeStamp.Format", {"Timestamp": "now"}),
        (400, "InvalidTimeStamp.Expired", {"Timestamp": "2020-01-01T00:00:00Z"}),
        (400, "IncompleteSignature", {"SignatureMethod": "HMAC-SHA256"}),
        (400, "MissingSignatureNonce", {"SignatureNonce": None}),
        (404, "InvalidAccessKeyId.NotFound", {"AccessKeyId": "LTAInobody"}),
        (400, "InvalidSecurityToken.Malformed", {"SecurityToken": "CAISforged"}),
        (404, "InvalidAction.NotFound", {"Action": "AssumeEverything"}),
        (404, "InvalidAction.NotFound", {"Version": "2014-01-01"}),
    ],
)
def test_sts_refuses_with_the_documented_code(sts, status, code, fields):
    answered, body = call(sts, sts.cloud.identities.root, **fields)

    assert (answered, body["Code"]) == (status, code)
    assert body.keys() == {"Code", "Message", "RequestId", "HostId", "Recommend"}


def test_sts_refuses_a_session_that_expired(sts):
    session = sts.cloud.identities.issue_session(role=ROLE, session_name="s", duration_s=900)
    sts.cloud.clock.advance(900)

    assert call(sts, session)[1]["Code"] == "InvalidSecurityToken.Expired"


def test_sts_refuses_a_nonce_the_second_time(sts):
    call(sts, sts.cloud.identities.root, SignatureNonce="n-1")

    _, body = call(sts, sts.cloud.identities.root, SignatureNonce="n-1")

    assert body["Code"] == "SignatureNonceUsed"


def test_caller_identity_of_the_root_key_is_the_account(sts):
    _, body = call(sts, sts.cloud.identities.root, Action="GetCallerIdentity")

    assert (body["IdentityType"], body["Arn"]) == ("Account", "acs:ram::1000000000000001:root")


def test_caller_identity_of_a_session_is_its_role(sts):
    credentials = provider(sts).get_credentials()
    session = sts.cloud.identities.find(credentials.get_access_key_id())

    _, body = call(sts, session, Action="GetCallerIdentity")

    assert body["IdentityType"] == "AssumedRoleUser"
    assert body["Arn"] == "acs:ram::2000000000000002:assumed-role/sms-sender/sesame"


def test_fault_answers_with_the_error_asked_for(sts):
    sts.cloud.faults.add(Fault("sts", "AssumeRole", "error:ServiceUnavailable", 1))

    with pytest.raises(CredentialException, match="ServiceUnavailable"):
        provider(sts).get_credentials()


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["GET", "POST"]),
    text=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=80),
)
def test_sts_answers_any_bytes_with_a_client_error(sts, method, text):
    status, body = raw(sts, method, text.replace("#", "").replace("?", ""))

    assert 400 <= status < 500
    assert body["Code"]
