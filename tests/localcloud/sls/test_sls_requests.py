"""Who may call, and how a request must look."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from alibabacloud_sls20201230 import models
from alibabacloud_sls20201230.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from Tea.exceptions import TeaException

from tests.localcloud.sls.running import PROJECT, STORE, RunningSls, code_of, get, put

EVERY_KIND = pytest.mark.parametrize("signature", [None, "v4"])


def listing(client: Any) -> tuple[str, int]:
    """The refusal of a signed request with a query."""
    with pytest.raises(TeaException) as caught:
        client.list_project(models.ListProjectRequest(project_name="a b&c=é"))
    return code_of(caught.value)


@EVERY_KIND
def test_signature_of_the_sdk_is_taken(sls: RunningSls, signature: str | None) -> None:
    sls.with_store()
    client = sls.client(signature=signature)
    put(client, (0, {"method": "GET"}))
    assert get(client, "GET").meta.count == 1
    assert client.list_project(models.ListProjectRequest(project_name="a b&c=é")).body.total == 0
    with pytest.raises(TeaException) as caught:
        client.enable_alert(PROJECT, "nächste")
    assert code_of(caught.value) == ("JobNotExist", 404)


@EVERY_KIND
def test_signature_of_another_secret_is_refused(sls: RunningSls, signature: str | None) -> None:
    client = sls.client(signature=signature, secret="another")
    assert listing(client) == ("SignatureNotMatch", 401)


@EVERY_KIND
def test_session_is_taken_until_it_expires(sls: RunningSls, signature: str | None) -> None:
    session = sls.cloud.identities.issue_session(role="r", session_name="s", duration_s=600)
    client = sls.client(session, signature=signature)
    assert client.list_project(models.ListProjectRequest()).body.total == 0
    sls.cloud.clock.advance(601)
    assert listing(client) == ("Unauthorized", 401)


def test_session_needs_its_own_token(sls: RunningSls) -> None:
    session = sls.cloud.identities.issue_session(role="r", session_name="s", duration_s=600)
    assert listing(sls.client(session, token="another")) == ("Unauthorized", 401)
    assert listing(sls.client(session, token="")) == ("Unauthorized", 401)


def test_unknown_key_is_refused(sls: RunningSls) -> None:
    answer = sls.raw(Authorization="LOG LTAInobody:AAAA")
    assert (answer.status_code, answer.json()["errorCode"]) == (401, "Unauthorized")


def test_role_does_only_what_its_policy_says(sls: RunningSls) -> None:
    client = sls.with_store()
    resource = f"acs:log:*:*:project/{PROJECT}/logstore/{STORE}"
    statement = {"Effect": "Allow", "Action": "log:PostLogStoreLogs", "Resource": resource}
    sls.cloud.access.put_role("writer", {"write": {"Version": "1", "Statement": [statement]}})
    session = sls.cloud.identities.issue_session(role="writer", session_name="s", duration_s=600)
    writer = sls.client(session)

    put(writer, (0, {"method": "GET"}))
    with pytest.raises(TeaException) as caught:
        get(writer)
    assert code_of(caught.value) == ("Unauthorized", 401)
    denied = "denied by sts or ram, action: log:GetLogStoreLogs, resource: acs:log:cn-hangzhou"
    assert str(caught.value.message).startswith(denied)
    assert get(client).meta.count == 1


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Date": formatdate(0, usegmt=True)}, "RequestTimeExpired"),
        ({"Date": "yesterday"}, "InvalidRequestTime"),
        ({"Date": ""}, "MissingDate"),
        ({"Authorization": "Bearer x"}, "ParameterInvalid"),
        ({"x-log-apiversion": ""}, "MissingAPIVersion"),
        ({"x-log-signaturemethod": "none"}, "ParameterInvalid"),
        ({"Content-MD5": "0" * 32}, "Md5NotMatch"),
        ({"Host": "sls.example.com"}, "InvalidHost"),
        ({}, "SignatureNotMatch"),
    ],
)
def test_headers_out_of_order_are_refused(
    sls: RunningSls, headers: dict[str, str], code: str
) -> None:
    answer = sls.raw("/?offset=0", **headers)
    assert answer.json()["errorCode"] == code
    assert answer.json()["requestId"] == answer.headers["x-log-requestid"]


def test_target_that_is_no_text_is_refused(sls: RunningSls) -> None:
    assert sls.raw("/logstores/%ff").json()["errorCode"] == "ParameterInvalid"


def test_operation_that_is_not_here_says_so(sls: RunningSls) -> None:
    client = sls.with_store()
    with pytest.raises(TeaException, match="not supported by the local cloud") as caught:
        client.list_machine_group(PROJECT, models.ListMachineGroupRequest())
    assert code_of(caught.value) == ("ParameterInvalid", 400)


def test_client_without_the_proxy_reaches_nobody(sls: RunningSls) -> None:
    root = sls.cloud.identities.root
    client = Client(
        Config(
            access_key_id=root.access_key_id,
            access_key_secret=root.access_key_secret,
            endpoint=sls.endpoint.removeprefix("http://"),
            protocol="http",
        )
    )
    with pytest.raises(TeaException) as caught:
        client.get_project(PROJECT, models.GetProjectRequest())
    assert getattr(caught.value, "code", None) not in ("ProjectNotExist", "SignatureNotMatch")


def test_meter_knows_the_operation_and_the_function(sls: RunningSls) -> None:
    session = sls.cloud.identities.issue_session(
        role="r", session_name="s", duration_s=600, function="request_otp"
    )
    sls.client(session).list_project(models.ListProjectRequest())
    reading = sls.cloud.meter.as_json()["operations"][0]
    assert (reading["operation"], reading["function"]) == ("ListProject", "request_otp")
