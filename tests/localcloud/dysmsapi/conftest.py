"""The fixtures of the Dysmsapi tests: a running service, and one send through the SDK."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from alibabacloud_dysmsapi20170525 import models

from tests.localcloud.dysmsapi.running import CODE, SIGN, RunningDysmsapi
from tests.sdk_sessions import close_kept_sessions


@pytest.fixture(autouse=True)
def _no_kept_sessions() -> Iterator[None]:
    yield
    close_kept_sessions()


@pytest.fixture
def start() -> Iterator[Callable[..., RunningDysmsapi]]:
    """Start a Dysmsapi, with a data folder if it is to outlive a restart."""
    running: list[RunningDysmsapi] = []

    def begin(data: Path | None = None) -> RunningDysmsapi:
        running.append(RunningDysmsapi(data))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture
def dysmsapi(start: Callable[..., RunningDysmsapi]) -> RunningDysmsapi:
    """A Dysmsapi with the seeds above."""
    return start()


@pytest.fixture
def send(dysmsapi: RunningDysmsapi) -> Callable[..., models.SendSmsResponseBody]:
    """Send one SMS through the SDK; keywords replace the fields of a good request."""
    client = dysmsapi.client()

    def call(**fields: str) -> models.SendSmsResponseBody:
        good = {
            "phone_numbers": "13800000000",
            "sign_name": SIGN,
            "template_code": CODE,
            "template_param": '{"code":"123456"}',
        }
        return client.send_sms(models.SendSmsRequest(**{**good, **fields})).body

    return call
