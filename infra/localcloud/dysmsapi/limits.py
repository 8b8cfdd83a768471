"""The platform's flow control per phone: how many messages of a kind a mainland number may be sent.

A table of rolling windows, read off the page on SMS sending frequency. Accepted submissions count,
whatever became of them, and a call's own messages count among each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from infra.localcloud.dysmsapi.content import Kind
from infra.localcloud.dysmsapi.phones import is_mainland
from infra.localcloud.dysmsapi.records import SendRecord, SendRecords

Scope = Literal["sign", "phone", "sign and template"]


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `permits` messages of a kind to a phone within `window_s`, counted in `scope`."""

    kinds: tuple[Kind, ...]
    scope: Scope
    window_s: float
    permits: int
    level: str

    @property
    def message(self) -> str:
        """The text of isv.BUSINESS_LIMIT_CONTROL. Inferred for 40 and 50, whose text is not
        documented.
        """
        return f"触发{self.level}级流控Permits:{self.permits}"


DAY_S = 86_400.0
LIMITS = (
    Limit(("code",), "sign", 60.0, 1, "分钟"),
    Limit(("code",), "sign", 3600.0, 5, "小时"),
    Limit(("code",), "sign", DAY_S, 10, "天"),
    # The platform counts this one over all of its customers; here there is one.
    Limit(("code",), "phone", DAY_S, 40, "天"),
    Limit(("notice", "promotion"), "sign and template", DAY_S, 50, "天"),
)


def first_full(records: SendRecords, batch: Sequence[SendRecord]) -> Limit | None:
    """The first limit that `batch` would break, if any."""
    for limit in LIMITS:
        taken: dict[tuple[str, ...], int] = {}
        for record in batch:
            if record.kind not in limit.kinds or not is_mainland(record.phone):
                continue
            key = (record.phone, record.kind, *_scope_of(limit, record))
            if key not in taken:
                taken[key] = _count(records, limit, record)
            taken[key] += 1
            if taken[key] > limit.permits:
                return limit
    return None


def _scope_of(limit: Limit, record: SendRecord) -> tuple[str, ...]:
    match limit.scope:
        case "phone":
            return ()
        case "sign":
            return (record.sign_name,)
        case "sign and template":
            return (record.sign_name, record.template_code)


def _count(records: SendRecords, limit: Limit, record: SendRecord) -> int:
    # Up to now only: what was sent in a future that the clock was moved back from does not count.
    return records.count(
        record.phone,
        record.kind,
        after=record.sent_at - limit.window_s,
        until=record.sent_at,
        sign_name=record.sign_name if limit.scope != "phone" else None,
        template_code=record.template_code if limit.scope == "sign and template" else None,
    )
