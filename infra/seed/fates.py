"""What may become of an invented message, and how likely that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.seed.planted import Planted
from shared.rollup.model import LATENCY_BOUNDS_S

_BOUNDS = (*(str(bound_s) for bound_s in LATENCY_BOUNDS_S), "more")
# Of what is delivered, by bound, and the share of its codes that are typed.
_SPEEDS = {
    True: (2, 22, 46, 19, 6, 2, 1.5, 0.8, 0.4, 0.2, 0.08, 0.02),
    False: (0.5, 6, 25, 34, 20, 7, 4, 2, 0.9, 0.4, 0.15, 0.05),
}
_TYPED = (0.84, 0.84, 0.83, 0.82, 0.8, 0.77, 0.7, 0.55, 0.3, 0.08, 0.0, 0.0)
_UNDELIVERED = {
    True: {"MK:0001": 0.007, "MK:0010": 0.006, "MOBILE_IN_BLACK": 0.003, "UNDELIV": 0.002},
    False: {"UNDELIV": 0.025, "REJECTD": 0.01, "EXPIRED": 0.015},
}
_REFUSED = {"isv.MOBILE_NUMBER_ILLEGAL": 0.002, "isv.BUSINESS_LIMIT_CONTROL": 0.001}
_THROTTLED = {"phone_minute": 0.02, "phone_hour": 0.004, "ip_hour": 0.002}
_STOPPED = {"opted_out": 0.006}
_UNKNOWN, _UNREPORTED, _SHADOWED = 0.0004, 0.006, 0.004


@dataclass(frozen=True, slots=True)
class Fate:
    """One way to end. metrics: each counts one; is_sent: it is billed."""

    metrics: tuple[str, ...]
    is_sent: bool


def fates(
    *, is_code: bool, is_mainland: bool, trouble: Sequence[Planted] = (), mood: float = 1
) -> dict[Fate, float]:
    """Every way to end, with its share. mood: how well codes are typed that day, about 1."""
    shares: dict[Fate, float] = {}
    codes = dict(_UNDELIVERED[is_mainland])
    refused = dict(_REFUSED)
    typed, slower = mood, 0
    for each in trouble:
        if each.kind == "refused":
            refused[each.code] = refused.get(each.code, 0) + each.size
        elif each.kind == "undelivered":
            codes[each.code] = codes.get(each.code, 0) + each.size
        elif each.kind == "latency":
            slower += round(each.size)
        elif each.kind == "conversion":
            typed *= each.size
        else:
            # Of a spike's messages one was there before it, and the rest is nobody's.
            typed /= each.size
    held = [(f"throttled.{name}", share) for name, share in _THROTTLED.items() if is_code]
    held += [(f"stopped.{name}", share) for name, share in _STOPPED.items() if not is_code]
    held += [(f"refused.{name}", share) for name, share in refused.items()]
    for metric, share in held:
        shares[Fate((metric,), is_sent=False)] = share
    sent = max(0.0, 1 - sum(shares.values()))
    ends: dict[tuple[str, ...], tuple[float, float]] = {
        ("accepted", f"undelivered.{code}"): (share, 0.02) for code, share in codes.items()
    }
    ends["unknown",] = (_UNKNOWN, 0.5)
    ends["accepted",] = (_UNREPORTED, 0.6)
    arrived = max(0.0, 1 - sum(share for share, _ in ends.values()))
    speeds = _SPEEDS[is_mainland]
    for place, speed in enumerate(speeds):
        bound = min(place + slower, len(_BOUNDS) - 1)
        metrics: tuple[str, ...] = ("accepted", "delivered", f"latency.{_BOUNDS[bound]}")
        share = arrived * speed / sum(speeds)
        earlier, _ = ends.get(metrics, (0.0, 0.0))
        ends[metrics] = (earlier + share, _TYPED[bound])
    for metrics, (share, chance) in ends.items():
        _add(shares, metrics, sent * share, min(0.98, chance * typed) if is_code else None)
    return shares


def _add(
    shares: dict[Fate, float], metrics: tuple[str, ...], share: float, typed: float | None
) -> None:
    """One end of what was sent; of a code, once for those that are typed and once for the rest."""
    if typed is None:
        shares[Fate(metrics, is_sent=True)] = share
        return
    ways: Mapping[str, tuple[str, float]] = {
        "verified": ("shadow_hurt.burst", typed),
        "unverified": ("shadow_saved.burst", 1 - typed),
    }
    for end, (shadow, part) in ways.items():
        shares[Fate((*metrics, end), is_sent=True)] = share * part * (1 - _SHADOWED)
        shares[Fate((*metrics, end, shadow), is_sent=True)] = share * part * _SHADOWED
