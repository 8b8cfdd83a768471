"""What happened to a row's subject, line by line, as columns of the row: no line costs a row.

A line is `t_<UTC ms, 13 digits>_<event>` = its detail, or `-`. The same line twice is one, so a
change that is sent again, or lands late, adds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.rows import Row, Value


def event(at_ms: int, name: str, detail: str = "") -> Mapping[str, Value]:
    """One line, as a column."""
    return {f"t_{at_ms:013d}_{name}": detail or "-"}


def timeline(row: Row) -> list[dict[str, object]]:
    """The lines in order: `at` in UTC epoch ms, `event`, and `detail` where there is one."""
    lines = []
    for column in sorted(row):
        if column.startswith("t_"):
            _, at_ms, name = column.split("_", 2)
            detail = str(row[column])
            lines.append(
                {
                    "at": int(at_ms),
                    "event": name,
                    **({"detail": detail} if detail != "-" else {}),
                }
            )
    return lines
