"""Cell versions: which of them are alive, which are read, and what time a new one bears."""

from __future__ import annotations

from collections.abc import Iterable

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.tablestore.plainbuffer import Cell, Value

Columns = dict[str, dict[int, Value]]
"""A row's attribute columns: name -> version in ms -> value."""


class VersionClock:
    """The version of a write: the cloud's time in ms, that never goes back.

    A cloud's clock may be moved back; the versions that the service assigns may not, or a new value
    would hide behind an older one. So they wait at the newest until the clock has caught up.
    """

    def __init__(self, clock: CloudClock, last_written_ms: int) -> None:
        self._clock = clock
        self._latest_ms = last_written_ms
        self._latest_sequence = 0

    def now_ms(self) -> int:
        """The version for a write that is carried out now."""
        self._latest_ms = max(self._latest_ms, self._clock.now_ms())
        return self._latest_ms

    def next_sequence(self) -> int:
        """A number for an auto-increment column: greater than any before, with gaps."""
        self._latest_sequence = max(self._latest_sequence + 1, self.now_ms() * 1000)
        return self._latest_sequence


def columns_of(cells: Iterable[Cell]) -> Columns:
    """Stored cells by column."""
    columns: Columns = {}
    for cell in cells:
        assert cell.timestamp_ms is not None
        assert cell.value is not None
        columns.setdefault(cell.name, {})[cell.timestamp_ms] = cell.value
    return columns


def cells_of(columns: Columns) -> list[Cell]:
    """Cells in the order that answers give them: by column name, newest version first."""
    return [
        Cell(name, columns[name][version_ms], version_ms)
        for name in sorted(columns)
        for version_ms in sorted(columns[name], reverse=True)
    ]


def keep_newest(columns: Columns, count: int) -> Columns:
    """The `count` newest versions of each column."""
    return {
        name: versions
        if len(versions) <= count
        else {ms: versions[ms] for ms in sorted(versions, reverse=True)[:count]}
        for name, versions in columns.items()
    }


def keep_between(columns: Columns, start_ms: int, end_ms: int) -> Columns:
    """The versions from `start_ms` (inclusive) to `end_ms` (exclusive)."""
    kept = {
        name: {ms: value for ms, value in versions.items() if start_ms <= ms < end_ms}
        for name, versions in columns.items()
    }
    return {name: versions for name, versions in kept.items() if versions}
