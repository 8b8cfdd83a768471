"""A rolling window in one row, admitted without reading it.

The row holds one entry an admission (`at_<entry>` = its time), and for each window a count since
the row was last tidied (`n<span>`). Adding an entry and raising the counts needs no knowledge of
the row, so it is one conditional update: `count < limit`. The count is never below the number of
entries inside the window, so the limit holds strictly. It may be above (entries grow old, counts
do not): then the update is refused, the row is read, the entries are judged exactly, and either the
wait is known to the millisecond or the row is tidied by a compare-and-set that admits. That costs
two more round trips once in `limit` admissions.

A window of one needs no count: the time of the last admission decides.

An admission may weigh more than one: then its column's name ends in its weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from shared.errors import Quota
from shared.rows import Require, Row, RowChange, RowKey, Value, number_in, require_absent
from shared.throttle.model import Window


@dataclass(frozen=True, slots=True)
class RollingLedger:
    """The admissions of one subject. Several ledgers may share a row under different prefixes."""

    key: RowKey
    prefix: str
    windows: tuple[Window, ...]
    is_paid: bool = False

    def admit(self, entry: str, now_ms: int) -> RowChange:
        """Count `entry` in every window; refused if one may be full, and then it counts in none.

        Refused as well if the entry is known already: a copy of the change that comes late, after
        a retry or a refund, counts for nothing.
        """
        weight = _weight(entry)
        gaps = (
            Require(self._last, "<=", now_ms - window.span_s * 1000, if_missing=True)
            for window in self.windows
            if window.limit == 1
        )
        return RowChange(
            key=self.key,
            requires=(require_absent(self._at(entry)), *gaps, *self.room_for(weight).requires),
            puts={self._last: now_ms, self._at(entry): now_ms},
            adds={self._n(window): weight for window in self._counted},
            proof=(self._at(entry), now_ms),
        )

    def readmit(self, row: Row | None, entry: str, now_ms: int) -> RowChange:
        """The same for a row that was read and judged free.

        Where its counts are too high, old entries go and the counts become exact, by a
        compare-and-set: refused if the row has changed since. Where they are not (another request
        has tidied it just before), plain admission, which neighbours do not disturb.
        """
        row = row or {}
        weight = _weight(entry)
        if all(
            number_in(row, self._n(window)) + weight <= window.limit for window in self._counted
        ):
            return self.admit(entry, now_ms)
        exact = self.tidied(row, now_ms)
        return RowChange(
            key=self.key,
            requires=(
                require_absent(self._at(entry)),
                _as_read(row, self._last),
                *exact.requires,
            ),
            puts={
                self._last: now_ms,
                self._at(entry): now_ms,
                **{
                    self._n(window): weight + number_in(exact.puts, self._n(window))
                    for window in self._counted
                },
            },
            deletes=exact.deletes,
            proof=(self._at(entry), now_ms),
        )

    def postpone(self, entry: str, admitted_ms: int, at_ms: int) -> RowChange:
        """Date `entry` later: to when the send was over, so that the provider's clock, which saw
        it after ours did, is never the stricter one.
        """
        return RowChange(
            key=self.key,
            requires=(
                Require(self._at(entry), "==", admitted_ms),
                # A copy that comes late must not set the last admission back.
                Require(self._last, "<=", at_ms, if_missing=True),
            ),
            puts={self._at(entry): at_ms, self._last: at_ms},
        )

    def refund(self, entry: str, admitted_ms: int) -> RowChange:
        """Take `entry` back. Its loss on the way only makes the limit stricter.

        What stays is the negative of its time: it counts for nothing, and keeps late copies out.
        """
        return RowChange(
            key=self.key,
            requires=(Require(self._at(entry), "==", admitted_ms),),
            puts={self._at(entry): -admitted_ms},
            adds={self._n(window): -_weight(entry) for window in self._counted},
            deletes=(self._last,) if self._has_gap else (),
        )

    def room_for(self, count: int) -> RowChange:
        """Nothing but a question, to be joined with another change of the row: refused unless
        `count` more admissions surely fit into every counted window.
        """
        return RowChange(
            key=self.key,
            requires=tuple(
                Require(self._n(window), "<=", window.limit - count, if_missing=True)
                for window in self._counted
            ),
        )

    def tidied(self, row: Row | None, now_ms: int) -> RowChange:
        """Counts made exact and old entries dropped, without an admission; a compare-and-set."""
        row = row or {}
        times_ms = self._times_ms(row)
        return RowChange(
            key=self.key,
            requires=tuple(_as_read(row, self._n(window)) for window in self._counted),
            puts={
                self._n(window): sum(weight for _, weight in _weighed(window, times_ms, now_ms))
                for window in self._counted
            },
            deletes=self._outgrown(times_ms, now_ms),
        )

    def judge(self, row: Row | None, now_ms: int) -> list[Quota]:
        """The exact state of every window, in the order of `windows`."""
        row = row or {}
        quotas = []
        for window in self.windows:
            entries = sorted(_weighed(window, self._times_ms(row), now_ms))
            if window.limit == 1 and not entries:
                last_ms = number_in(row, self._last)
                entries = [(at_ms, 1) for at_ms in _inside(window, (last_ms,), now_ms)]
            over = sum(weight for _, weight in entries) + window.unit - window.limit
            remaining = 1 - -(-over // window.unit)
            wait_ms = 0
            for at_ms, weight in entries:  # until enough of the oldest have left the window
                if over <= 0:
                    break
                over, wait_ms = over - weight, at_ms + window.span_s * 1000 - now_ms
            quotas.append(
                Quota(
                    policy=window.name,
                    limit=window.limit // window.unit,
                    window_s=window.span_s,
                    remaining=max(remaining, 0),
                    reset_s=-(-wait_ms // 1000),
                )
            )
        return quotas

    def spent(self, row: Row | None, now_ms: int) -> int:
        """What the entries inside the first window weigh together."""
        inside = _weighed(self.windows[0], self._times_ms(row or {}), now_ms)
        return sum(weight for _, weight in inside)

    def settle(self) -> None:
        """Nothing is held for others."""

    def unspend(self) -> None:
        """Nothing was paid but by `admit`."""

    def after_admission(self) -> Quota:
        """What the caller may know after an admission without a read: the window of one is full."""
        window = min(self.windows, key=lambda each: (each.limit, -each.span_s))
        return Quota(window.name, window.limit, window.span_s, window.limit - 1, window.span_s)

    @property
    def _counted(self) -> tuple[Window, ...]:
        return tuple(window for window in self.windows if window.limit > 1)

    @property
    def _has_gap(self) -> bool:
        return len(self._counted) < len(self.windows)

    @property
    def _last(self) -> str:
        return f"{self.prefix}_last"

    def _n(self, window: Window) -> str:
        return f"{self.prefix}_n{window.span_s}"

    def _at(self, entry: str) -> str:
        return f"{self.prefix}_at_{entry}"

    def _outgrown(self, times_ms: Mapping[str, int], now_ms: int) -> tuple[str, ...]:
        return tuple(
            self._at(entry)
            for entry, at_ms in times_ms.items()
            if not any(_inside(window, (abs(at_ms),), now_ms) for window in self.windows)
        )

    def _times_ms(self, row: Row) -> Mapping[str, int]:
        """The time of each entry, by its name."""
        start = self._at("")
        return {
            column.removeprefix(start): value
            for column, value in row.items()
            if column.startswith(start) and isinstance(value, int)
        }


def tightest(quotas: Sequence[Quota]) -> Quota | None:
    """Of the full ones, the one to wait for the longest; None if none is full."""
    full = [quota for quota in quotas if quota.reset_s > 0]
    return max(full, key=lambda quota: quota.reset_s, default=None)


def _inside(window: Window, times_ms: Iterable[int], now_ms: int) -> list[int]:
    # An entry from the future (the clock was set back) counts: strict, never lenient.
    return [at_ms for at_ms in times_ms if at_ms > now_ms - window.span_s * 1000]


def weighed(entry: str, weight: int) -> str:
    """The name of an entry that counts as `weight` admissions."""
    return f"{entry}_w{weight}" if weight != 1 else entry


def _weighed(window: Window, times_ms: Mapping[str, int], now_ms: int) -> list[tuple[int, int]]:
    """The time and weight of each entry inside the window."""
    return [
        (at_ms, _weight(entry))
        for entry, at_ms in times_ms.items()
        if _inside(window, (at_ms,), now_ms)
    ]


def _weight(entry: str) -> int:
    """What an entry's name says that it weighs."""
    _, mark, weight = entry.rpartition("_w")
    return int(weight) if mark else 1


def _as_read(row: Row, column: str) -> Require:
    value: Value | None = row.get(column)
    return require_absent(column) if value is None else Require(column, "==", value)
