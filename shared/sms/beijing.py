"""The provider's times: `2026-01-02 03:04:05`, without a zone, in Beijing (inferred)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))


def beijing_ms(text: object) -> int:
    """UTC epoch milliseconds of the provider's `text`; 0 if it is none of its times."""
    if not isinstance(text, str):
        return 0
    try:
        time = datetime.strptime(text.strip(), "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING)
    except ValueError:
        return 0
    return max(0, int(time.timestamp()) * 1000)
