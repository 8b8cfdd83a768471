"""Functions that no caller waits for: what they log, and what brings a batch back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shared.aliyun.credentials import current_credentials
from shared.errors import SettingsInvalid, StoreUnavailable
from shared.fc.batch_events import BatchItem
from shared.fc.batch_handler import (
    BatchEndpoint,
    BatchFailed,
    BatchFunction,
    BatchResult,
    TimerFailed,
    TimerFunction,
)

EVENTS = Path(__file__).resolve().parents[2] / "events"
EVENT = (EVENTS / "notifications.smq.json").read_bytes()
PHONE = "+8613800138000"


@dataclass
class Credentials:
    access_key_id: str = "STS.id"
    access_key_secret: str = "secret"
    security_token: str = "token"


@dataclass
class Context:
    request_id: str = "r-1"
    credentials: Credentials = field(default_factory=Credentials)


def raising(error: Exception) -> BatchEndpoint:
    def endpoint(items: Sequence[BatchItem]) -> BatchResult:
        raise error

    return endpoint


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    line: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return line


def test_a_batch_ends_in_one_line_with_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[str] = []

    def endpoint(items: Sequence[BatchItem]) -> BatchResult:
        seen.append(current_credentials().access_key_id)
        return BatchResult(settled=len(items), failed=1)

    counts = BatchFunction("notify", lambda: endpoint).handler(EVENT, Context())

    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert counts == {"settled": 2, "failed": 1}
    assert seen == ["STS.id"]
    assert (line["event"], line["request_id"], line["function"]) == (
        "invocation_ended",
        "r-1",
        "notify",
    )
    assert (line["items"], line["settled"], line["failed"]) == (2, 2, 1)
    assert line["cold_start"] is True


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreUnavailable(PHONE), "store_unavailable"),
        (RuntimeError(PHONE), "internal_error"),
        (SettingsInvalid("OTP_KEYS: missing"), "settings_invalid"),
    ],
)
def test_an_endpoint_that_raises_brings_the_batch_back_and_tells_nothing(
    error: Exception, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    function = BatchFunction("notify", lambda: raising(error))

    with pytest.raises(BatchFailed) as failed:
        function.handler(EVENT, Context())

    out = capsys.readouterr().out
    assert str(failed.value) == code
    assert (failed.value.__cause__, failed.value.__context__) == (None, None)
    assert json.loads(out.splitlines()[-1])["error_code"] == code
    assert "13800138000" not in out


def test_an_event_that_is_no_json_is_left_to_the_platform() -> None:
    function = BatchFunction("notify", lambda: raising(AssertionError("not reached")))

    with pytest.raises(BatchFailed, match="^invalid_request$"):
        function.handler(b"\xff", Context())


def test_the_credentials_of_a_batch_end_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "env")
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "secret")

    with pytest.raises(BatchFailed):
        BatchFunction("notify", lambda: raising(ValueError())).handler(EVENT, Context())

    assert current_credentials().access_key_id == "env"


def test_what_is_built_is_built_once() -> None:
    made: list[int] = []

    def make() -> BatchEndpoint:
        made.append(1)
        return lambda items: BatchResult(len(items), 0)

    function = BatchFunction("notify", make)
    function.initialize(Context())
    function.handler(EVENT, Context())
    function.handler(EVENT, Context())

    assert made == [1]


def test_a_timer_runs_its_task(capsys: pytest.CaptureFixture[str]) -> None:
    runs: list[int] = []

    TimerFunction("sweep", lambda: lambda: runs.append(1)).handler(b"{}", Context())

    assert runs == [1]
    assert last_line(capsys)["outcome"] == "done"


def test_a_timer_that_fails_says_only_its_code() -> None:
    def task() -> None:
        raise StoreUnavailable(PHONE)

    with pytest.raises(TimerFailed, match="^store_unavailable$"):
        TimerFunction("sweep", lambda: task).handler(b"{}", Context())
