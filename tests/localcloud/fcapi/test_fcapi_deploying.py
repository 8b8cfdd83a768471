"""What a deploy tool asks, request by request: the fc3 component uploads the code to a bucket of
the platform's and sends every block, those that were left out as empties.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from alibabacloud_fc20230330 import models as fc

from infra.localcloud.fcapi.crc64 import crc64
from tests.localcloud.fcapi.account import ECHO, ROLE, Account, refused, zip_bytes

EMPTIES = {
    "vpc_config": fc.VPCConfig(vpc_id="", security_group_id="", v_switch_ids=[]),
    "nas_config": fc.NASConfig(mount_points=[]),
    "oss_mount_config": fc.OSSMountConfig(mount_points=[]),
    "tracing_config": fc.TracingConfig(type="", params={}),
    "log_config": fc.LogConfig(project="", logstore=""),
    "layers": [],
}


def _token(account: Account, *, secret: str = "") -> httpx.Response:
    """The answer for a token, signed as Function Compute's older client signs."""
    key, path = account.running.surroundings.access_key, "/2016-08-15/tempBucketToken"
    date = formatdate(usegmt=True)
    text = f"GET\n\n\n{date}\nx-fc-account-id:1000000000000001\n{path}"
    digest = hmac.new((secret or key.access_key_secret).encode(), text.encode(), hashlib.sha256)
    signature = base64.b64encode(digest.digest()).decode()
    headers = {
        "Date": date,
        "X-Fc-Account-Id": "1000000000000001",
        "Authorization": f"FC {key.access_key_id}:{signature}",
    }
    return account.http.get(account.endpoint + path, headers=headers)


def _upload(
    account: Account, token: dict[str, Any], content: bytes, key: str, *, in_path: bool = False
) -> httpx.Response:
    """The answer to an upload, signed as OSS's version 1 wants it. in_path: the bucket stands in
    the path too, and not in the signed resource alone, where the official client has it.
    """
    credentials, resource = token["credentials"], f"/{token['ossBucket']}/{key}"
    date, kind = formatdate(usegmt=True), "application/zip"
    security = credentials["SecurityToken"]
    text = f"PUT\n\n{kind}\n{date}\nx-oss-security-token:{security}\n{resource}"
    secret = credentials["AccessKeySecret"].encode()
    signature = base64.b64encode(hmac.new(secret, text.encode(), hashlib.sha1).digest()).decode()
    headers = {
        "Date": date,
        "Content-Type": kind,
        "x-oss-security-token": security,
        "Authorization": f"OSS {credentials['AccessKeyId']}:{signature}",
    }
    return account.http.put(
        account.endpoint + (resource if in_path else f"/{key}"), content=content, headers=headers
    )


def _deploy(account: Account, name: str, code: bytes, **settings: Any) -> Any:
    """Create or update, after an upload unless the code is there already."""
    settings = {**EMPTIES, "timeout": 10, "handler": "index.handler", **settings}
    remote = None
    if name in account.names():
        remote = account.sdk.get_function(name, fc.GetFunctionRequest()).body
    if remote is None or remote.code_checksum != crc64(code):
        token = _token(account).json()
        key = f"1000000000000001/{token['objectName']}"
        assert _upload(account, token, code, key).status_code == 200
        settings["code"] = fc.InputCodeLocation(
            oss_bucket_name=token["ossBucket"], oss_object_name=key
        )
    if remote is not None:
        return account.update(name, runtime="python3.10", role=ROLE, **settings)
    return account.create(name, **settings)


def test_deploying_makes_a_function_that_serves(account: Account) -> None:
    code, missing = zip_bytes(ECHO), fc.GetFunctionRequest()
    assert refused(lambda: account.sdk.get_function("api", missing)) == (404, "FunctionNotFound")
    _deploy(account, "api", code, environment_variables={"WORD": "one"})
    assert refused(lambda: account.sdk.get_trigger("api", "http")) == (404, "TriggerNotFound")
    config = {"authType": "anonymous", "disableURLInternet": False, "methods": ["GET"]}
    made = account.trigger("http", "http", config, function="api")
    assert made.http_trigger.url_intranet
    assert account.said("api")["word"] == "one"


def test_deploying_again_changes_and_wipes(account: Account) -> None:
    code = zip_bytes(ECHO)
    log = fc.LogConfig(project="logs", logstore="functions")
    _deploy(account, "api", code, log_config=log, environment_variables={"WORD": "one"})
    _deploy(account, "api", code, environment_variables={"WORD": "two"})
    remote = account.sdk.get_function("api", fc.GetFunctionRequest()).body
    assert (remote.log_config.project, remote.code_checksum) == ("", crc64(code))
    assert account.said("api")["word"] == "two"
    _deploy(account, "api", zip_bytes("def handler(e, c): return '3'"))
    assert account.invoke("api").body == b"3"


def test_deploying_over_a_function_of_s_yaml_replaces_it(account: Account) -> None:
    code = 'def handler(e, c): return {"statusCode": 200, "headers": {}, "body": "deployed"}'
    _deploy(account, "say", zip_bytes(code))
    assert account.http.get(f"{account.gateway}/v1/say").text == "deployed"


def test_upload_answers_with_its_checksum(account: Account) -> None:
    token = _token(account).json()
    answer = _upload(account, token, b"abc", "1/key")
    assert answer.headers["etag"] == '"900150983CD24FB0D6963F7D28E17F72"'
    assert answer.headers["x-oss-hash-crc64ecma"] == crc64(b"abc")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"AccessKeySecret": "wrong"}, "SignatureDoesNotMatch"),
        ({"AccessKeyId": "STS.none"}, "InvalidAccessKeyId"),
        ({"SecurityToken": "none"}, "InvalidAccessKeyId"),
    ],
)
def test_upload_of_a_stranger_is_refused(account: Account, changed, code: str) -> None:
    token = _token(account).json()
    token["credentials"].update(changed)
    answer = _upload(account, token, b"abc", "1/key")
    assert answer.status_code == 403
    assert f"<Code>{code}</Code>" in answer.text


def test_token_is_for_the_upload_alone(account: Account) -> None:
    token = _token(account).json()
    other_bucket = {**token, "ossBucket": "fc-temporary-elsewhere"}
    assert _upload(account, other_bucket, b"abc", "1/key", in_path=True).status_code == 404
    assert _token(account, secret="wrong").json()["Code"] == "SignatureNotMatch"


def test_account_is_reset_with_its_uploads(account: Account) -> None:
    token = _token(account).json()
    _upload(account, token, zip_bytes(ECHO), "1/key")
    account.reset()
    code = fc.InputCodeLocation(oss_bucket_name=token["ossBucket"], oss_object_name="1/key")
    assert refused(lambda: account.create(code=code)) == (400, "InvalidArgument")


def test_empties_are_answered_as_they_were_sent(account: Account) -> None:
    made = _deploy(account, "api", zip_bytes(ECHO)).to_map()
    assert json.loads(json.dumps(made["vpcConfig"]))["vpcId"] == ""
