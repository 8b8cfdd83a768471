"""This machine's time beside the services'."""

from __future__ import annotations

from collections.abc import Sequence

from infra.doctor.model import Case, Finding
from infra.foundation.model import FoundationFailed

TOLERATED_S = 60
"""The services refuse what is signed 15 minutes off; a machine that keeps its time is never a
minute off."""


def skew(case: Case) -> Sequence[Finding]:
    """The distance to the Date header of Tablestore and SMQ, the larger of the two."""
    settings, web, skews = case.configured(), case.reached().web, []
    failure: FoundationFailed | None = None
    for url in (settings.tablestore_endpoint, settings.smq_endpoint):
        try:
            page = web.get(url)
        except FoundationFailed as failed:
            failure = failed
            continue
        if page.date_s is not None:
            skews.append(case.now_s() - page.date_s)
    if not skews:
        if failure is not None:
            raise failure
        return (Finding("unknown", "no service tells the time", do="timedatectl, on this machine"),)
    worst = max(skews, key=abs)
    told = f"{abs(worst):.0f} s {'ahead of' if worst > 0 else 'behind'} the services"
    if abs(worst) > TOLERATED_S:
        do = "have this machine keep its time (NTP): requests 15 minutes off are refused"
        return (Finding("wrong", told, do=do),)
    return (Finding("ok", "within a minute of the services"),)
