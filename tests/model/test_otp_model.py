"""Twenty thousand steps of the OTP core against its model, with and without faults.

Derandomized: the same steps each time. `python -m tests.model.test_otp_model STEPS` takes others.
"""

from __future__ import annotations

import logging
import sys

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.otp_machine import OtpMachine

STEPS = 50
CLEAN, FAULTY = 8_000, 12_000


class SmoothMachine(OtpMachine):
    """Where nothing fails, and so every answer is foretold."""

    faults = False


def explore(
    machine: type[OtpMachine], steps: int, *, derandomize: bool = True, shrink: bool = True
) -> None:
    """Take `steps` steps or more. Raises what a counter-example raised."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=steps * 5 // (4 * STEPS),  # some runs end early
            stateful_step_count=STEPS,
            derandomize=derandomize,
            database=None,
            deadline=None,
            print_blob=True,
            report_multiple_bugs=False,
            phases=(Phase.generate, *([Phase.shrink] if shrink else [])),
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize(("machine", "steps"), [(SmoothMachine, CLEAN), (OtpMachine, FAULTY)])
def test_no_order_of_events_breaks_an_invariant(
    machine: type[OtpMachine], steps: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    machine.steps_taken = 0

    explore(machine, steps)

    assert machine.steps_taken >= steps


if __name__ == "__main__":
    explore(OtpMachine, int(sys.argv[1]), derandomize=False)
