"""Asks every check, and turns whatever happens into findings."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from infra.doctor.failures import finding_of
from infra.doctor.model import Case, Check, Finding, Need, Services
from infra.foundation.model import FoundationFailed
from infra.foundation.plan import clearer
from infra.foundation.settings import Settings, read_settings
from infra.serverless_devs import ManifestInvalid, render

ACCOUNT_ID = "1234567890123456"
"""Stands in the names of s.yaml where the account is not known."""
_SKIPPED: Mapping[Need, str] = {
    "services": "there are no settings to connect with",
    "account": "the credentials do not work for the account",
    "manifest": "s.yaml cannot be read",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A finding and the check that made it."""

    check: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class Report:
    """All lines of a case."""

    case: Case
    lines: tuple[Line, ...]

    def count(self, status: str) -> int:
        """How many lines have that status."""
        return sum(line.finding.status == status for line in self.lines)

    @property
    def exit_code(self) -> int:
        """0: nothing is wrong. 1: something is. 2: the account could not be looked at at all."""
        if isinstance(self.case.settings, FoundationFailed):
            return 2
        return 1 if self.count("wrong") else 0

    def as_json(self) -> str:
        """The report for a program."""
        case = self.case
        told = {
            "stage": case.stage,
            "account_id": case.caller if isinstance(case.caller, str) else None,
            "counts": {each: self.count(each) for each in ("ok", "wrong", "unknown", "skipped")},
            "findings": [
                {
                    "check": line.check,
                    "status": line.finding.status,
                    "what": line.finding.what,
                    "why": line.finding.why,
                    "do": line.finding.do,
                    "runbook": line.finding.runbook,
                }
                for line in self.lines
            ],
        }
        return json.dumps(told, ensure_ascii=False, indent=2)


def open_case(
    stage: str,
    environment: Mapping[str, str],
    *,
    s_yaml: Path,
    connect: Callable[[Settings, Mapping[str, str]], Services],
    now_s: Callable[[], float],
    api: str = "",
) -> Case:
    """What can be had of a stage before any check: settings, account, s.yaml, or the failures."""
    settings, services = _settings(stage, environment), None
    caller: str | FoundationFailed = FoundationFailed("no_credentials")
    if isinstance(settings, FoundationFailed):
        caller = settings
    else:
        services = connect(settings, environment)
        try:
            caller = services.identity.account_id()
        except FoundationFailed as failure:
            caller = failure
    known = caller if isinstance(caller, str) else environment.get("SESAME_ACCOUNT_ID", "")
    try:
        manifest = render(s_yaml, environment=environment, account_id=known or ACCOUNT_ID)
    except ManifestInvalid as invalid:
        return Case(stage, environment, now_s, settings, caller, invalid, services, api)
    return Case(stage, environment, now_s, settings, caller, manifest, services, api)


def examine(case: Case, checks: Sequence[Check]) -> Iterator[Line]:
    """The findings of every check, in their order. Raises nothing."""
    for check in checks:
        findings = _asked(check, case)
        for finding in findings:
            yield Line(check.id, finding)
        if any(each.why.startswith("credentials_expired") for each in findings):
            # Every later line would say no more than this one.
            case = replace(case, caller=FoundationFailed("credentials_expired"))


def _settings(stage: str, environment: Mapping[str, str]) -> Settings | FoundationFailed:
    try:
        return read_settings(environment, stage=stage, account_id="")
    except FoundationFailed as failure:
        return failure


def _asked(check: Check, case: Case) -> Sequence[Finding]:
    missing = _missing(check, case)
    if missing is not None:
        return (Finding("skipped", _SKIPPED[missing]),)
    try:
        return check.look(case)
    except FoundationFailed as failure:
        return (finding_of(_meant(failure, case)),)
    except Exception as error:  # the doctor's promise: one blind check does not hide the others
        return (
            Finding(
                "wrong",
                "could not be looked at",
                why=type(error).__name__,  # not its text, which may hold addresses and signatures
                do="a fault of the doctor's own: please report it with its name",
            ),
        )


def _meant(failure: FoundationFailed, case: Case) -> FoundationFailed:
    """The failure, or why nothing at all works any more. SLS says Unauthorized of a key that it
    knows and a right that is missing alike; the token service knows this key.
    """
    if case.services is None:
        return failure
    known = clearer(failure, case.services.identity)
    if known is failure and failure.detail == "Unauthorized":
        return FoundationFailed("forbidden", failure.detail)
    return known


def _missing(check: Check, case: Case) -> Need | None:
    for need in check.needs:
        try:
            if need == "services":
                case.reached()
            elif need == "account":
                case.reached()
                case.account()
            else:
                case.rendered()
        except (FoundationFailed, ManifestInvalid):
            return need
    return None
