"""Services of the local cloud for commands and rooms that talk to them through the real SDKs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.foundation.settings import Settings, read_settings
from shared.aliyun.credentials import bind_credentials
from tests.fakes.row_stores import credentials_of
from tests.localcloud.smq.conftest import RunningSmq
from tests.unit.foundation.account_on_loopback import AccountOnLoopback


@pytest.fixture
def smq(no_proxies: None) -> Iterator[RunningSmq]:
    """Queues, and the root's credentials for who asks for some."""
    running = RunningSmq()
    bind_credentials(credentials_of(running.cloud.identities.root))
    yield running
    bind_credentials(None)
    running.stop()


@pytest.fixture
def account(no_proxies: None) -> Iterator[AccountOnLoopback]:
    """An account without anything in it."""
    running = AccountOnLoopback()
    yield running
    running.stop()


@pytest.fixture
def settings(account: AccountOnLoopback) -> Settings:
    """How a stage is called there."""
    return read_settings(account.environment(), stage="dev", account_id="")


def last_line(told: pytest.CaptureFixture[str]) -> str:
    """The last that a command said."""
    return told.readouterr().out.splitlines()[-1]
