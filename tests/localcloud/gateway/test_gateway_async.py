"""A client may make an HTTP call asynchronous; the platform then answers before the function."""

from __future__ import annotations

import pytest

from tests.localcloud.gateway.served import Serve

ASYNC = {"X-Fc-Invocation-Type": "Async"}


def test_an_asynchronous_request_is_accepted_and_run_afterwards(serve: Serve) -> None:
    served = serve()
    answer = served.request("POST", "/v1/x", headers=ASYNC)
    served.run(served.gateway.settle())
    assert (answer.status_code, answer.content) == (202, b"")
    entry = served.runtime.invocations()[-1]
    assert entry["request_id"] == answer.headers["X-Fc-Request-Id"]
    assert (entry["invocation_type"], entry["outcome"]) == ("async", "ok")


def test_an_asynchronous_failure_is_202_and_tried_again(serve: Serve) -> None:
    served = serve()
    assert served.request("POST", "/v1/x?raise=1", headers=ASYNC).status_code == 202
    served.run(served.gateway.settle())
    outcomes = [entry["outcome"] for entry in served.runtime.invocations()]
    assert (outcomes, served.backoffs) == (["error", "error"], [1])


def test_behind_the_api_gateway_a_client_cannot_ask_for_it(serve: Serve) -> None:
    event = serve().event("/apigateway/v1/x", headers=ASYNC)
    assert "x-fc-invocation-type" not in {name.lower() for name in event["headers"]}


@pytest.mark.parametrize(("size", "status"), [(128 * 1024, 202), (128 * 1024 + 1, 400)])
def test_an_asynchronous_body_is_limited_to_128_kilobytes(
    serve: Serve, size: int, status: int
) -> None:
    served = serve()
    answer = served.request("POST", "/v1/x", headers=ASYNC, content=b"x" * size)
    served.run(served.gateway.settle())
    assert answer.status_code == status


def test_an_unknown_invocation_type_is_a_plain_call(serve: Serve) -> None:
    headers = {"X-Fc-Invocation-Type": "Whenever"}
    assert serve().request("POST", "/v1/x", headers=headers).status_code == 200
