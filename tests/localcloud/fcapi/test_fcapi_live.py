"""Functions change while they run, and those of s.yaml keep its rules."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.run.fakes import Fakes
from tests.background import Background
from tests.localcloud.fc.functions_on_disk import is_running
from tests.localcloud.fcapi.account import Account, refused, until, zipped

SLOW = """
import os, pathlib, time

def handler(event, context):
    folder = pathlib.Path(event.decode())
    (folder / "begun").touch()
    while not (folder / "go").exists():
        time.sleep(0.01)
    return str(os.getpid())
"""
PID = "import os\ndef handler(event, context): return str(os.getpid())"
TOLD = """\
      asyncInvokeConfig:
        maxAsyncRetryAttempts: 0
        destinationConfig:
          onSuccess: {destination: "acs:mns:cn-hangzhou:1000000000000001:/queues/ends/messages"}
"""


@pytest.fixture
def told_account(tmp_path: Path) -> Iterator[Account]:
    """A cloud whose s.yaml names a destination."""
    account = Account(tmp_path, more_yaml=TOLD)
    yield account
    account.close()


@pytest.mark.parametrize("change", ["update", "delete"])
def test_request_under_way_ends_as_it_began(account: Account, tmp_path: Path, change: str) -> None:
    account.create(code=SLOW)
    with ThreadPoolExecutor() as pool:
        under_way = pool.submit(account.invoke, event=str(tmp_path).encode())
        until((tmp_path / "begun").exists)
        if change == "update":
            new = fc.InputCodeLocation(zip_file=zipped("def handler(e, c): return 'new'"))
            account.update(code=new)
            assert account.invoke().body == b"new"
        else:
            account.sdk.delete_function("hello")
        (tmp_path / "go").touch()
        pid = int(under_way.result().body)
    until(lambda: not is_running(pid))
    if change == "update":
        assert account.invoke().body == b"new"


def test_idle_instances_of_the_old_version_end(account: Account) -> None:
    account.create(code=PID)
    pid = int(account.invoke().body)
    assert int(account.invoke().body) == pid
    account.update(environment_variables={"WORD": "new"})
    assert not is_running(pid)
    assert int(account.invoke().body) != pid


def test_changes_at_once_lose_none(account: Account) -> None:
    account.create()
    timer = {"cronExpression": "@every 60m", "enable": True}
    with ThreadPoolExecutor(8) as pool:
        triggers = [
            pool.submit(account.trigger, f"t{number}", "timer", timer) for number in range(8)
        ]
        code = fc.InputCodeLocation(zip_file=zipped("def handler(e, c): return 'new'"))
        update = pool.submit(account.update, code=code)
        for done in (*triggers, update):
            done.result()
    listed = account.sdk.list_triggers("hello", fc.ListTriggersRequest()).body.triggers
    assert len(listed) == 8
    assert account.invoke().body == b"new"


def test_only_one_of_two_creations_succeeds(account: Account) -> None:
    def create() -> str:
        try:
            account.create()
        except Exception as error:  # the SDK's; its code is what counts
            return str(error.code)  # type: ignore[attr-defined]
        return "made"

    with ThreadPoolExecutor(4) as pool:
        ends = sorted(each.result() for each in [pool.submit(create) for _ in range(4)])
    assert ends == ["FunctionAlreadyExists"] * 3 + ["made"]


def test_destination_in_s_yaml_is_told(told_account: Account) -> None:
    ends = told_account.queue("ends")
    answer = told_account.http.get(
        f"{told_account.gateway}/v1/say", headers={"X-Fc-Invocation-Type": "Async"}
    )
    assert answer.status_code == 202
    told = json.loads(told_account.received(ends))
    assert told["requestContext"]["requestId"] == answer.headers["x-fc-request-id"]
    assert told["requestContext"]["condition"] == ""
    assert json.loads(told["responsePayload"])["body"] == "hello!"
    config = told_account.sdk.get_async_invoke_config("say", fc.GetAsyncInvokeConfigRequest())
    assert config.body.max_async_retry_attempts == 0


def test_service_alone_runs_functions_and_asks_what_a_role_may() -> None:
    background, cloud = Background(), Cloud()

    async def start() -> Fakes:
        fakes = Fakes(cloud, ["fc"])
        await fakes.start(lambda name: 0)
        return fakes

    fakes = background.run(start())
    try:
        root = _client(fakes.endpoint("fc"), cloud.identities.root)
        code = fc.InputCodeLocation(zip_file=zipped("def handler(e, c): return 'alone'"))
        made = fc.CreateFunctionInput(
            function_name="hello", runtime="python3.10", handler="index.handler", code=code
        )
        root.create_function(fc.CreateFunctionRequest(body=made))
        answer = root.invoke_function("hello", fc.InvokeFunctionRequest())
        assert answer.body.read() == b"alone"
        session = cloud.identities.issue_session(role="nobody", session_name="s", duration_s=60)
        cloud.access.strict_roles = True
        stranger = _client(fakes.endpoint("fc"), session)
        asked = fc.ListFunctionsRequest()
        assert refused(lambda: stranger.list_functions(asked)) == (403, "AccessDenied")
    finally:
        background.run(fakes.stop())
        background.close()


def _client(endpoint: str, signer) -> Client:
    return Client(
        Config(
            access_key_id=signer.access_key_id,
            access_key_secret=signer.access_key_secret,
            security_token=signer.token or None,
            protocol="HTTP",
            endpoint=endpoint.removeprefix("http://"),
        )
    )
