"""What the functions stand on, by the same plan as `make plan`."""

from __future__ import annotations

from collections.abc import Sequence

from infra.doctor.model import Case, Finding, settled
from infra.foundation.model import FoundationFailed, Kind
from infra.foundation.plan import Step, plan
from infra.foundation.wanted import wanted
from infra.queues import DEAD

LETTERS_TOLERATED = 10
"""So many dead letters are a morning's work; more are a fault that goes on."""


def tables(case: Case) -> Sequence[Finding]:
    """Tables with the key and the TTL that the rows need."""
    return _planned(case, ("table",), "tables")


def queues(case: Case) -> Sequence[Finding]:
    """Queues with their attributes."""
    return _planned(case, ("queue",), "queues")


def topic(case: Case) -> Sequence[Finding]:
    """The topic that events come by."""
    return _planned(case, ("topic",), "topics")


def logs(case: Case) -> Sequence[Finding]:
    """Log project, store and index."""
    return _planned(case, ("log_project", "log_store", "log_index"), "parts of the log")


def watch(case: Case) -> Sequence[Finding]:
    """Dashboards and alert rules."""
    return _planned(case, ("dashboard", "alert"), "dashboards and alert rules")


def roles(case: Case) -> Sequence[Finding]:
    """Roles, trusted by whom they should be, with the least they need and no more."""
    return _planned(case, ("role", "policy", "attachment"), "roles, policies and their bonds")


def dead_letters(case: Case) -> Sequence[Finding]:
    """How many letters wait for a person."""
    try:
        count = case.reached().letters.count(DEAD.name_in(case.stage))
    except FoundationFailed as failure:
        if failure.detail == "QueueNotExist":
            return (Finding("skipped", "the queue is not there"),)
        raise
    look = f"STAGE={case.stage} python -m infra.redrive list"
    if count is None:
        return (Finding("unknown", "the service does not tell how many wait", do=look),)
    if count > LETTERS_TOLERATED:
        why = f"more than {LETTERS_TOLERATED}"
        return (Finding("wrong", f"{count} wait", why=why, do=look, runbook="dead-letters"),)
    return (Finding("ok", f"{count} wait" if count else "none", do=look if count else ""),)


def _planned(case: Case, kinds: Sequence[Kind], noun: str) -> Sequence[Finding]:
    settings, services = case.configured(), case.reached()
    meant = [each for each in wanted(settings, case.account()) if each.kind in kinds]
    steps = plan(meant, services.hosts)
    return settled(f"{len(meant)} {noun}", [_finding(step, case) for step in steps])


def _finding(step: Step, case: Case) -> Finding:
    if step.held is None:
        return Finding("wrong", f"{step.resource} is missing", do=case.apply)
    differences = str(step).partition(": ")[2]
    if step.sign == "!":
        do = "by hand, as apply refuses to destroy what is there"
        return Finding("wrong", f"{step.resource} differs", differences, do, "restore")
    return Finding("wrong", f"{step.resource} differs", why=differences, do=case.apply)
