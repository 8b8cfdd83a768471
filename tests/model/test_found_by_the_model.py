"""Counter-examples that the model found, each as the plain story that it was."""

from __future__ import annotations

import pytest

from shared.errors import Throttled
from tests.fakes.service import OtpService
from tests.model.faulty_rows import FaultyRows


def test_a_record_that_lands_after_the_next_send_does_not_open_its_minute() -> None:
    """The record of a send dates it in the phone's row: late, it set the last send's time back."""
    store = FaultyRows()
    otp = OtpService(store=store)
    store.plan = ["none", "lost_before"]
    otp.request()
    otp.clock.advance(901)
    otp.request()

    store.land(0)

    with pytest.raises(Throttled):
        otp.request()
