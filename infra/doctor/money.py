"""What is paid from."""

from __future__ import annotations

from collections.abc import Sequence

from infra.doctor.model import Case, Finding


def balance(case: Case) -> Sequence[Finding]:
    """The balance and its alarm, which none of the SDKs here reads."""
    if case.is_local:
        return (Finding("ok", "the local cloud costs nothing"),)
    do = "console, Expenses and Costs: an alarm at what a week costs (python -m infra.capacity)"
    what = "the balance and its alarm are not read here"
    return (Finding("unknown", what, do=do, runbook="provider-outage"),)
