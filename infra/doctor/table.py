"""The report as one table of plain text, within the width of the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from infra.doctor.examine import Line, Report
from infra.foundation.model import FoundationFailed

_STATUS_WIDTH = 9
_CHECK_WIDTH = 24
_NARROWEST = 60
_COLOURS = {"ok": "32", "wrong": "31;1", "unknown": "33", "skipped": "2"}
RUNBOOKS = "infra/runbooks"


def lines_of(report: Report, *, width: int, is_coloured: bool) -> Iterator[str]:
    """The lines of the table. width: in characters."""
    case = report.case
    account = f"account {case.caller}" if isinstance(case.caller, str) else "no account"
    where = "" if isinstance(case.settings, FoundationFailed) else f", {case.settings.region}"
    yield f"{account}, stage {case.stage}{where}"
    for number, line in enumerate(report.lines):
        before = report.lines[number - 1] if number else None
        after = report.lines[number + 1] if number + 1 < len(report.lines) else None
        is_named = before is None or before.check != line.check
        # What is to be done about many things of one kind stands below the last of them.
        is_last = after is None or (after.check, _todo(after)) != (line.check, _todo(line))
        yield from _told(line, width, is_coloured, is_named=is_named, is_last=is_last)
    counts = ", ".join(f"{report.count(s)} {s}" for s in ("ok", "wrong", "unknown", "skipped"))
    yield counts


def _told(
    line: Line, width: int, is_coloured: bool, *, is_named: bool, is_last: bool
) -> Iterator[str]:
    finding = line.finding
    status = finding.status.ljust(_STATUS_WIDTH)
    if is_coloured:
        status = f"\x1b[{_COLOURS[finding.status]}m{status}\x1b[0m"
    check = line.check if is_named else ""
    what = f"{finding.what} ({finding.why})" if finding.why else finding.what
    first, *rest = _wrapped(what, width) or [""]
    yield f"{status}{check.ljust(_CHECK_WIDTH)}{first}".rstrip()
    todo = _todo(line)
    for part in [*rest, *(_wrapped(f"-> {todo}", width, indent="   ") if todo and is_last else ())]:
        yield " " * (_STATUS_WIDTH + _CHECK_WIDTH) + part


def _todo(line: Line) -> str:
    page = f"{RUNBOOKS}/{line.finding.runbook}.md" if line.finding.runbook else ""
    return "; ".join(part for part in (line.finding.do, page) if part)


def _wrapped(text: str, width: int, *, indent: str = "") -> list[str]:
    room = max(width, _NARROWEST) - _STATUS_WIDTH - _CHECK_WIDTH
    return textwrap.wrap(text, room, subsequent_indent=indent, break_on_hyphens=False)
