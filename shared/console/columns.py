"""The figures as columns: what each is called, its value, and how it is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shared.console import formats
from shared.rollup.model import Figures

Value = int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """key: in addresses; `column.<key>` is its name. in_file: as machines read it."""

    key: str
    value: Callable[[Figures], Value]
    show: Callable[[Figures], str]
    in_file: Callable[[Figures], Value]


def _count(key: str, value: Callable[[Figures], int]) -> Column:
    return Column(key, value, lambda figures: formats.number(value(figures)), value)


def _percent(key: str, value: Callable[[Figures], float | None]) -> Column:
    def exact(figures: Figures) -> float | None:
        found = value(figures)
        return None if found is None else round(found, 2)

    return Column(key, value, lambda figures: formats.percent(value(figures)), exact)


def _latency(key: str, percent: int) -> Column:
    def value(figures: Figures) -> int | None:
        return figures.latency_s(percent)

    return Column(key, value, lambda figures: formats.number(value(figures)), value)


def _cost(figures: Figures) -> int:
    return figures.number("cost_milli")


COLUMNS: tuple[Column, ...] = (
    _count("requested", lambda figures: figures.requested),
    _count("throttled", lambda figures: figures.total("throttled")),
    _count("stopped", lambda figures: figures.total("stopped")),
    _count("refused", lambda figures: figures.total("refused")),
    _count("sent", lambda figures: figures.sent),
    _count("accepted", lambda figures: figures.number("accepted")),
    _count("delivered", lambda figures: figures.delivered),
    _count("undelivered", lambda figures: figures.undelivered),
    _count("unreported", lambda figures: figures.unreported),
    _percent("delivery", lambda figures: figures.delivery_percent),
    _latency("p50", 50),
    _latency("p95", 95),
    _count("verified", lambda figures: figures.number("verified")),
    _percent("conversion", lambda figures: figures.conversion_percent),
    _count("segments", lambda figures: figures.number("segments")),
    Column(
        "cost",
        _cost,
        lambda figures: formats.yuan(_cost(figures)),
        lambda figures: _cost(figures) / 1000,
    ),
)
BY_KEY = {column.key: column for column in COLUMNS}
OVER_TIME = tuple(
    BY_KEY[key]
    for key in ("requested", "sent", "delivered", "undelivered", "delivery", "conversion")
    + ("p50", "p95", "cost")
)
REASONS = ("refused", "undelivered", "throttled", "stopped")
"""The families whose details say why something was not sent, or did not arrive."""
