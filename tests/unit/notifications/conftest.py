"""The service that these tests talk to."""

from __future__ import annotations

import pytest

from tests.fakes.notifications import NotificationService


@pytest.fixture
def service() -> NotificationService:
    return NotificationService()
