"""Functions made, changed, listed and deleted with the official SDK."""

from __future__ import annotations

import base64

import pytest
from alibabacloud_fc20230330 import models as fc

from infra.localcloud.fcapi.crc64 import crc64
from tests.localcloud.fcapi.account import (
    BROKEN,
    ECHO,
    Account,
    error_of,
    refused,
    zip_bytes,
    zipped,
)


def test_created_function_runs_with_its_settings(account: Account) -> None:
    made = account.create(environment_variables={"WORD": "hi"}, cpu=0.35, memory_size=512)
    assert made.code_checksum == crc64(zip_bytes(ECHO))
    assert (made.state, made.last_update_status) == ("Active", "Successful")
    assert account.said(event=b"knock") == {
        "event": "knock",
        "word": "hi",
        "name": "hello",
        "key": "STS.",
    }


def test_defaults_are_the_platforms(account: Account) -> None:
    account.create(timeout=None)
    made = account.sdk.get_function("hello", fc.GetFunctionRequest()).body
    assert (made.cpu, made.memory_size, made.timeout, made.disk_size) == (0.35, 512, 3, 512)
    assert made.function_arn == "acs:fc:cn-hangzhou:1000000000000001:functions/hello"


def test_update_changes_what_it_names_and_nothing_else(account: Account) -> None:
    account.create(environment_variables={"WORD": "one"})
    assert account.said()["word"] == "one"
    changed = account.update(environment_variables={"WORD": "two"})
    assert changed.code_checksum == crc64(zip_bytes(ECHO))
    assert account.said()["word"] == "two"
    account.update(code=fc.InputCodeLocation(zip_file=zipped("def handler(e, c): return 'new'")))
    assert account.invoke().body == b"new"


def test_error_of_the_function_is_told_by_a_header(account: Account) -> None:
    account.create(code=BROKEN)
    answer = account.invoke()
    assert answer.status_code == 200
    assert answer.headers["x-fc-error-type"] == "UnhandledInvocationError"
    assert b'"errorType": "ValueError"' in answer.body


def test_tail_gives_the_log_of_the_request(account: Account) -> None:
    account.create(code="def handler(e, c): print('a line'); return ''")
    tail = account.invoke(x_fc_log_type="Tail").headers["x-fc-log-result"]
    assert base64.b64decode(tail) == b"a line"
    assert "x-fc-log-result" not in account.invoke().headers


def test_listing_goes_page_by_page(account: Account) -> None:
    for number in range(5):
        account.create(f"page-{number}")
    seen: list[str] = []
    token = None
    while True:
        asked = fc.ListFunctionsRequest(limit=2, prefix="page-", next_token=token)
        page = account.sdk.list_functions(asked).body
        seen += [function.function_name for function in page.functions]
        assert len(page.functions) <= 2
        if not (token := page.next_token):
            break
    assert seen == [f"page-{number}" for number in range(5)]


def test_deleted_function_is_gone(account: Account) -> None:
    account.create()
    account.sdk.delete_function("hello")
    assert "hello" not in account.names()
    assert refused(lambda: account.invoke()) == (404, "FunctionNotFound")


def test_functions_of_s_yaml_are_there_and_can_be_changed(account: Account) -> None:
    assert account.names() == ["say"]
    assert account.http.get(f"{account.gateway}/v1/say").text == "hello!"
    account.update("say", environment_variables={"WORD": "changed"})
    assert account.http.get(f"{account.gateway}/v1/say").text == "changed!"
    account.reset()
    assert account.http.get(f"{account.gateway}/v1/say").text == "hello!"


def test_deployed_functions_survive_a_restart(account: Account) -> None:
    account.create(environment_variables={"WORD": "kept"})
    account.update("say", environment_variables={"WORD": "kept too"})
    account.restart()
    assert account.said()["word"] == "kept"
    assert account.http.get(f"{account.gateway}/v1/say").text == "kept too!"
    account.sdk.delete_function("hello")
    account.restart()
    assert account.names() == ["say"]


def test_reset_forgets_what_was_deployed(account: Account) -> None:
    account.create()
    account.reset()
    assert account.names() == ["say"]
    assert refused(lambda: account.invoke()) == (404, "FunctionNotFound")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"name": "9lives"}, "functionName"),
        ({"runtime": "python3.11"}, "not supported"),
        ({"runtime": "nodejs20"}, "cannot be run by the local cloud"),
        ({"handler": "index"}, "handler"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": 86_401}, "timeout"),
        ({"memory_size": 500}, "memorySize"),
        ({"cpu": 0.33}, "multiple of 0.05"),
        ({"cpu": 1, "memory_size": 512}, "ratio"),
        ({"cpu": 0.1, "memory_size": 512}, "ratio"),
        ({"disk_size": 1024}, "diskSize"),
        ({"instance_concurrency": 10}, "instanceConcurrency"),
        ({"environment_variables": {"FC_X": "1"}}, "reserved"),
        ({"environment_variables": {"1X": "1"}}, "not allowed"),
        ({"environment_variables": {"X": 1}}, "not a string"),
        ({"environment_variables": {"X": "x" * 4096}}, "4096"),
        ({"role": "hello"}, "role"),
        ({"layers": ["acs:fc:::layers/x"] * 6}, "layers"),
        ({"code": None}, "code is required"),
        ({"code": fc.InputCodeLocation(zip_file="%%%")}, "base64"),
        ({"code": fc.InputCodeLocation(zip_file="aGVsbG8=")}, "zip"),
        ({"code": fc.InputCodeLocation(zip_file=zipped("", "../out.py"))}, "out of its folder"),
        ({"code": fc.InputCodeLocation(zip_file=zipped(ECHO), checksum="1")}, "checksum"),
        ({"code": fc.InputCodeLocation(oss_bucket_name="b", oss_object_name="o")}, "OSS"),
        (
            {
                "instance_lifecycle_config": fc.InstanceLifecycleConfig(
                    initializer=fc.LifecycleHook(handler="index.initialize", timeout=301)
                )
            },
            "timeout",
        ),
    ],
)
def test_wrong_settings_are_refused(account_of_all: Account, settings, said: str) -> None:
    error = error_of(lambda: account_of_all.create(**settings))
    assert (error.status_code, error.code) == (400, "InvalidArgument")
    assert said in error.message
    assert account_of_all.names() == ["say"]


def test_codes_of_refusals(account: Account) -> None:
    account.create()
    assert refused(lambda: account.create()) == (409, "FunctionAlreadyExists")
    assert refused(lambda: account.update("nobody")) == (404, "FunctionNotFound")
    account.trigger("http", "http", {"authType": "anonymous", "methods": ["GET"]})
    assert refused(lambda: account.sdk.delete_function("hello")) == (409, "FunctionNotEmpty")
    version, alias = fc.GetFunctionRequest("7"), fc.GetFunctionRequest("live")
    assert refused(lambda: account.sdk.get_function("hello", version)) == (404, "VersionNotFound")
    assert refused(lambda: account.sdk.get_function("hello", alias)) == (404, "AliasNotFound")
    assert refused(lambda: account.sdk.list_layers(fc.ListLayersRequest())) == (
        400,
        "PathNotSupported",
    )
    too_many = fc.ListFunctionsRequest(limit=101)
    assert refused(lambda: account.sdk.list_functions(too_many)) == (400, "InvalidArgument")


def test_strangers_are_refused(account: Account) -> None:
    wrong_secret = account.client(access_key_secret="wrong")
    unknown_key = account.client(access_key_id="unknown")
    asked = fc.ListFunctionsRequest()
    assert refused(lambda: wrong_secret.list_functions(asked)) == (403, "SignatureNotMatch")
    assert refused(lambda: unknown_key.list_functions(asked)) == (403, "InvalidAccessKeyID")


@pytest.mark.parametrize("text", [b"", b"a", b"ab", b"abc", bytes(range(256)) * 3])
def test_checksum_is_that_of_ecma_182(text: bytes) -> None:
    assert crc64(b"123456789") == str(0x995DC9BBDF1939FA)  # the check value of CRC-64/XZ
    crc = (1 << 64) - 1
    for byte in text:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xC96C5795D7870F42 if crc & 1 else 0)
    assert crc64(text) == str(crc ^ ((1 << 64) - 1))
