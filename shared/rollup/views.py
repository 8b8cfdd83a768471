"""Totals by hour and day, one row each, as pages read them.

A row holds an hour or a day of one tenant, or of all (`*`): the figures of every (country,
template, channel) and of every prefix, packed. It is written whole by the fold, so a page's cost
does not depend on how many messages there were.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal, TypeVar

from shared.rollup.model import DAY_OFFSET_MS, HOUR_MS, Cell, Figures
from shared.rows import RECORDS, Row, RowChange, RowKey, RowRange

Span = Literal["hour", "day"]
Dimension = Literal["country", "prefix", "template", "channel", "tenant"]
EVERYONE = "*"
STATE_ROW = RowKey("rollup:fold", "state", RECORDS)
"""How far the fold is; `folded_ms`: what had happened until then is in the totals."""
_DAY_MS = 24 * HOUR_MS
_Name = TypeVar("_Name")
_PLACES = {"country": 0, "template": 1, "channel": 2, "tenant": 3}


@dataclass(frozen=True, slots=True)
class View:
    """The totals of one hour or day. start_ms: UTC epoch; a day starts at midnight UTC+8.

    groups: by (country, template, channel, tenant); the tenant only where it is everyone's.
    """

    span: Span
    start_ms: int
    groups: Mapping[tuple[str, str, str, str], Figures] = field(default_factory=dict)
    prefixes: Mapping[str, Figures] = field(default_factory=dict)

    @property
    def total(self) -> Figures:
        """All of it."""
        return added(self.groups.values())

    def by(self, dimension: Dimension) -> dict[str, Figures]:
        """The figures of each country, prefix, template, channel or tenant."""
        if dimension == "prefix":
            return dict(self.prefixes)
        found: dict[str, Figures] = {}
        for names, figures in self.groups.items():
            name = names[_PLACES[dimension]]
            found[name] = found.get(name, Figures()).plus(figures)
        return found

    def plus(self, other: View) -> View:
        """Both together, as of this one's time."""
        return View(
            self.span,
            self.start_ms,
            _merged(self.groups, other.groups),
            _merged(self.prefixes, other.prefixes),
        )


def view_of(
    cells: Iterable[tuple[Cell, Figures]], *, span: Span, start_ms: int, is_everyone: bool
) -> View:
    """The totals of some cells."""
    groups: dict[tuple[str, str, str, str], dict[str, int]] = {}
    prefixes: dict[str, dict[str, int]] = {}
    for cell, figures in cells:
        group = (cell.country, cell.template, cell.channel, cell.tenant if is_everyone else "")
        for counts in (groups.setdefault(group, {}), prefixes.setdefault(cell.prefix, {})):
            for metric, count in figures.counts.items():
                counts[metric] = counts.get(metric, 0) + count
    return View(
        span,
        start_ms,
        {group: Figures(counts) for group, counts in groups.items()},
        {prefix: Figures(counts) for prefix, counts in prefixes.items()},
    )


def view_key(tenant: str, span: Span, start_ms: int) -> RowKey:
    """Where the totals of an hour or day are."""
    return RowKey(_subject(tenant), _item(span, start_ms), RECORDS)


def view_change(tenant: str, view: View) -> RowChange:
    """The totals, in the place of what was there."""
    return RowChange(view_key(tenant, view.span, view.start_ms), puts={"v": _packed(view)})


def view_in(row: Row | None, *, span: Span, start_ms: int) -> View:
    """The totals in a row; none where there is none."""
    packed = (row or {}).get("v")
    return _unpacked(str(packed), span, start_ms) if packed else View(span, start_ms)


def start_of(span: Span, at_ms: int) -> int:
    """When the hour or day of a moment starts, in UTC epoch ms."""
    if span == "hour":
        return at_ms - at_ms % HOUR_MS
    return at_ms - (at_ms + DAY_OFFSET_MS) % _DAY_MS


def length_ms(span: Span) -> int:
    """How long an hour or a day is."""
    return HOUR_MS if span == "hour" else _DAY_MS


@dataclass(frozen=True, slots=True)
class Views:
    """Reads totals."""

    ranges: RowRange

    def read(self, *, tenant: str, span: Span, start_ms: int, end_ms: int) -> list[View]:
        """Those from the hour or day of `start_ms` up to that of `end_ms`, both with, oldest first,
        with empty ones where nothing happened; in one round trip. tenant: `*` for all of them.
        At most 400. Raises StoreUnavailable.
        """
        first, last = start_of(span, start_ms), start_of(span, end_ms)
        first = max(first, last - 399 * length_ms(span))
        found = self.ranges.scan(
            table=RECORDS,
            subject=_subject(tenant),
            start=_item(span, first),
            end=_item(span, last) + ";",
            limit=400,
        )
        rows = {key.item: row for key, row in found}
        return [
            view_in(rows.get(_item(span, start)), span=span, start_ms=start)
            for start in range(first, last + 1, length_ms(span))
        ]


def added(figures: Iterable[Figures]) -> Figures:
    """All of them together."""
    counts: dict[str, int] = {}
    for each in figures:
        for metric, count in each.counts.items():
            counts[metric] = counts.get(metric, 0) + count
    return Figures(counts)


def _subject(tenant: str) -> str:
    return f"figures:{tenant}"


def _item(span: Span, start_ms: int) -> str:
    moment = datetime.fromtimestamp((start_ms + DAY_OFFSET_MS) / 1000, timezone.utc)
    return f"{span}:{moment:%Y%m%d%H}"


def _packed(view: View) -> str:
    """The names once, then the counts metric by metric, nothing for a zero: alike stands beside
    alike, which halves what is left of it.
    """
    groups, prefixes = sorted(view.groups.items()), sorted(view.prefixes.items())
    figures = [each.counts for _, each in (*groups, *prefixes)]
    metrics = sorted({metric for counts in figures for metric in counts})
    content = {
        "g": [names for names, _ in groups],
        "p": [name for name, _ in prefixes],
        "c": {
            metric: ",".join(str(counts.get(metric) or "") for counts in figures)
            for metric in metrics
        },
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode(), 6)).decode()


def _unpacked(packed: str, span: Span, start_ms: int) -> View:
    content = json.loads(zlib.decompress(base64.b64decode(packed)))
    groups, prefixes = content["g"], content["p"]
    found: list[dict[str, int]] = [{} for _ in (*groups, *prefixes)]
    for metric, column in content["c"].items():
        for counts, count in zip(found, column.split(","), strict=True):
            if count:
                counts[metric] = int(count)
    figures = [Figures(counts) for counts in found]
    return View(
        span,
        start_ms,
        {
            (str(a), str(b), str(c), str(d)): each
            for (a, b, c, d), each in zip(groups, figures[: len(groups)], strict=True)
        },
        dict(zip(map(str, prefixes), figures[len(groups) :], strict=True)),
    )


def _merged(mine: Mapping[_Name, Figures], theirs: Mapping[_Name, Figures]) -> dict[_Name, Figures]:
    merged = dict(mine)
    for name, figures in theirs.items():
        merged[name] = merged.get(name, Figures()).plus(figures)
    return merged
