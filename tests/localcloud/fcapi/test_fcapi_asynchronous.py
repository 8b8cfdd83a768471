"""Asynchronous invocation through the API, and where its end is told."""

from __future__ import annotations

import json

import pytest
from alibabacloud_fc20230330 import models as fc

from infra.localcloud.fc.asynchronous import AsyncRule, read_rule
from tests.localcloud.fcapi.account import BROKEN, Account, refused, until

QUEUE_ARN = "acs:mns:cn-hangzhou:1000000000000001:/queues/ends/messages"
OTHER_ARN = "acs:fc:cn-hangzhou:1000000000000001:functions/other"


def _put(account: Account, *, retries: int = 0, **destinations: str):
    blocks = {key: fc.Destination(destination=arn) for key, arn in destinations.items()}
    body = fc.PutAsyncInvokeConfigInput(
        max_async_retry_attempts=retries,
        max_async_event_age_in_seconds=600,
        destination_config=fc.DestinationConfig(**blocks),
    )
    asked = fc.PutAsyncInvokeConfigRequest(qualifier="LATEST", body=body)
    return account.sdk.put_async_invoke_config("hello", asked).body


def test_asynchronous_invocation_is_accepted_and_run(account: Account) -> None:
    account.create()
    answer = account.invoke(event=b"later", x_fc_invocation_type="Async")
    assert (answer.status_code, answer.body) == (202, b"")
    (ran,) = until(account.invocations)
    assert ran["invocation_type"] == "async"
    assert ran["request_id"] == answer.headers["x-fc-request-id"]


def test_failure_is_told_to_a_queue(account: Account) -> None:
    account.create(code=BROKEN)
    ends = account.queue("ends")
    _put(account, on_failure=QUEUE_ARN)
    request_id = account.invoke(event=b"job", x_fc_invocation_type="Async").headers[
        "x-fc-request-id"
    ]
    told = json.loads(account.received(ends))
    assert told["requestContext"] == {
        "requestId": request_id,
        "functionArn": "acs:fc:cn-hangzhou:1000000000000001:functions/hello",
        "condition": "UnhandledInvocationError",
        "approximateInvokeCount": 1,
    }
    assert told["requestPayload"] == "job"
    assert told["responseContext"] == {
        "statusCode": 200,
        "functionError": "UnhandledInvocationError",
    }
    assert json.loads(told["responsePayload"])["errorType"] == "ValueError"


def test_success_is_told_to_a_function(account: Account) -> None:
    account.create(code="def handler(e, c): return 'done'")
    account.create("other", code="def handler(e, c): print(e.decode())")
    _put(account, on_success=OTHER_ARN, on_failure=QUEUE_ARN)
    account.invoke(x_fc_invocation_type="Async")
    ran = until(lambda: [each for each in account.invocations() if each["function"] == "other"])
    assert json.loads(ran[0]["log"][0])["responsePayload"] == "done"


def test_retries_come_before_the_end(account: Account) -> None:
    account.create(code=BROKEN)
    ends = account.queue("ends")
    _put(account, retries=1, on_failure=QUEUE_ARN)
    account.invoke(x_fc_invocation_type="Async")
    told = json.loads(account.received(ends))
    assert told["requestContext"]["approximateInvokeCount"] == 2


def test_destination_that_is_not_there_loses_the_end_alone(account: Account) -> None:
    account.create(code=BROKEN)
    _put(account, on_failure=QUEUE_ARN)
    account.invoke(x_fc_invocation_type="Async")
    until(account.invocations)
    assert account.invoke().status_code == 200


def test_async_config_is_kept_and_deleted(account: Account) -> None:
    account.create()
    _put(account, retries=2, on_failure=QUEUE_ARN)
    account.restart()
    kept = account.sdk.get_async_invoke_config("hello", fc.GetAsyncInvokeConfigRequest()).body
    assert (kept.max_async_retry_attempts, kept.max_async_event_age_in_seconds) == (2, 600)
    assert kept.destination_config.on_failure.destination == QUEUE_ARN
    listed = account.sdk.list_async_invoke_configs(fc.ListAsyncInvokeConfigsRequest()).body
    assert [config.function_arn for config in listed.configs] == [kept.function_arn]
    account.sdk.delete_async_invoke_config("hello", fc.DeleteAsyncInvokeConfigRequest())
    missing = fc.GetAsyncInvokeConfigRequest()
    assert refused(lambda: account.sdk.get_async_invoke_config("hello", missing)) == (
        404,
        "AsyncConfigNotExists",
    )


@pytest.mark.parametrize(
    "body",
    [
        {"max_async_retry_attempts": 9},
        {"max_async_event_age_in_seconds": 0},
        {"destination_config": fc.DestinationConfig(on_failure=fc.Destination("a queue"))},
    ],
)
def test_wrong_async_configs_are_refused(account: Account, body) -> None:
    account.create()
    asked = fc.PutAsyncInvokeConfigRequest(body=fc.PutAsyncInvokeConfigInput(**body))
    put = account.sdk.put_async_invoke_config
    assert refused(lambda: put("hello", asked)) == (400, "InvalidArgument")


def test_large_asynchronous_event_is_refused(account: Account) -> None:
    account.create()
    large = b"x" * (128 * 1024 + 1)
    assert refused(lambda: account.invoke(event=large, x_fc_invocation_type="Async")) == (
        400,
        "EntityTooLarge",
    )


def test_other_configs_are_kept(account: Account) -> None:
    account.create()
    sdk = account.sdk
    assert refused(lambda: sdk.get_concurrency_config("hello")) == (404, "OnDemandConfigNotFound")
    sdk.put_concurrency_config(
        "hello",
        fc.PutConcurrencyConfigRequest(body=fc.PutConcurrencyInput(reserved_concurrency=3)),
    )
    assert sdk.get_concurrency_config("hello").body.reserved_concurrency == 3
    empty = sdk.get_provision_config("hello", fc.GetProvisionConfigRequest()).body
    assert (empty.target, empty.function_arn) == (0, "")
    sdk.put_provision_config(
        "hello",
        fc.PutProvisionConfigRequest(body=fc.PutProvisionConfigInput(default_target=1)),
    )
    kept = sdk.get_provision_config("hello", fc.GetProvisionConfigRequest()).body
    assert (kept.default_target, kept.function_arn.rpartition("/")[2]) == (1, "hello")
    sdk.put_scaling_config(
        "hello", fc.PutScalingConfigRequest(body=fc.PutScalingConfigInput(min_instances=2))
    )
    scaling = sdk.get_scaling_config("hello", fc.GetScalingConfigRequest()).body
    assert scaling.min_instances == 2
    sdk.delete_scaling_config("hello", fc.DeleteScalingConfigRequest())
    sdk.delete_concurrency_config("hello")
    assert refused(lambda: sdk.get_concurrency_config("hello")) == (404, "OnDemandConfigNotFound")


def test_rule_is_read_from_what_s_yaml_says() -> None:
    config = {
        "maxAsyncRetryAttempts": 1,
        "maxAsyncEventAgeInSeconds": 600,
        "destinationConfig": {"onFailure": {"destination": QUEUE_ARN}},
    }
    assert read_rule(config) == AsyncRule(1, 600, on_failure=QUEUE_ARN)
    assert read_rule({}) == AsyncRule()
