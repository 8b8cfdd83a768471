"""When a recipient sleeps, as far as a phone number and perhaps a time zone tell."""

from __future__ import annotations

from datetime import datetime, timezone
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.consent.utc_offsets import OFFSETS_MIN

_DAY_S = 86_400
_UNKNOWN_COUNTRY_MIN = (480, 480)
"""Numbers of no country, such as satellite phones, are taken to be at home, at UTC+8."""


def wait_s(
    *, quiet: tuple[int, int] | None, country: str, time_zone: str | None, now_ms: int
) -> int:
    """Seconds until it is not quiet for the recipient; 0 if it is not quiet now.

    quiet: (from, until) in minutes of the day, until excluded, over midnight if from is the
    greater; two equal ones are no quiet hours. country: ISO 3166; it is quiet there while it is
    quiet anywhere in it, winter or summer. time_zone: an IANA name; it decides if it is known.
    """
    if quiet is None or quiet[0] == quiet[1]:
        return 0
    now_s = now_ms // 1000
    zone = _zone(time_zone)
    if zone is None:
        return _wait_s(quiet, OFFSETS_MIN.get(country, _UNKNOWN_COUNTRY_MIN), now_s)
    waited_s = 0
    # Again where a clock set back has made it quiet once more.
    while more_s := _wait_s(quiet, _offsets_min(zone, now_s + waited_s), now_s + waited_s):
        waited_s += more_s
    return waited_s


def _wait_s(quiet: tuple[int, int], offsets_min: tuple[int, int], now_s: int) -> int:
    """Over all offsets of a range, quiet hours are one longer stretch of the UTC day."""
    least, greatest = offsets_min
    stretch_s = ((quiet[1] - quiet[0]) % 1440 + greatest - least) * 60
    if stretch_s >= _DAY_S:
        # It is always quiet somewhere: the middle of the country decides.
        middle = (least + greatest) // 2
        return _wait_s(quiet, (middle, middle), now_s)
    since_s = (now_s - (quiet[0] - greatest) * 60) % _DAY_S
    return stretch_s - since_s if since_s < stretch_s else 0


def _zone(name: str | None) -> ZoneInfo | None:
    if not name:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown, malformed, a folder of zones
        return None


def _offsets_min(zone: ZoneInfo, at_s: int) -> tuple[int, int]:
    offset = datetime.fromtimestamp(at_s, timezone.utc).astimezone(zone).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    return minutes, minutes
