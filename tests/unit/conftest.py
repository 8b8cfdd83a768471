"""The OTP service over a store in memory."""

from __future__ import annotations

import pytest

from tests.fakes.service import OtpService


@pytest.fixture
def otp() -> OtpService:
    return OtpService()
