"""A whole small cloud to deploy to, and the SDK as its client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.localcloud.fcapi.account import Account


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    account = Account(tmp_path)
    yield account
    account.close()


@pytest.fixture(scope="module")
def account_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One for all tests of a module, for those that change nothing."""
    account = Account(tmp_path_factory.mktemp("account"))
    yield account
    account.close()
