"""The three charts of the figures over time, with what is unusual marked on them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from shared.console.charts import Series, count_axis, line_chart, percent_axis, seconds_axis
from shared.console.words import Words
from shared.rollup.model import Figures

Marks = Mapping[str, Mapping[int, int]]
"""By the kind of what is unusual: the number that it has in the list, by its place in time."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, and what its lines are called in order."""

    key: str
    image: Markup
    lines: Sequence[str]


def charts(
    *, labels: Sequence[str], over_time: Sequence[Figures], marks: Marks, words: Words
) -> list[Chart]:
    """Messages, shares and latency over time."""
    return [
        _messages(labels, over_time, marks, words),
        _shares(labels, over_time, marks, words),
        _latency(labels, over_time, marks, words),
    ]


def _messages(
    labels: Sequence[str], over_time: Sequence[Figures], marks: Marks, words: Words
) -> Chart:
    sent = [figures.sent for figures in over_time]
    lines = [
        Series(words.plain("column.sent"), sent, marks.get("spike", {})),
        Series(words.plain("column.delivered"), [figures.delivered for figures in over_time]),
        Series(
            words.plain("column.failed"),
            [figures.undelivered + figures.total("refused") for figures in over_time],
            {**marks.get("refused", {}), **marks.get("undelivered", {})},
        ),
    ]
    axis = count_axis([value for line in lines for value in line.values])
    title = words.plain("chart.messages")
    image = line_chart(title=title, labels=labels, series=lines, axis=axis)
    return Chart("messages", image, [line.name for line in lines])


def _shares(
    labels: Sequence[str], over_time: Sequence[Figures], marks: Marks, words: Words
) -> Chart:
    lines = [
        Series(words.plain("column.delivery"), [figures.delivery_percent for figures in over_time]),
        Series(
            words.plain("column.conversion"),
            [figures.conversion_percent for figures in over_time],
            marks.get("conversion", {}),
        ),
    ]
    title = words.plain("chart.shares")
    image = line_chart(title=title, labels=labels, series=lines, axis=percent_axis())
    return Chart("shares", image, [line.name for line in lines])


def _latency(
    labels: Sequence[str], over_time: Sequence[Figures], marks: Marks, words: Words
) -> Chart:
    lines = [
        Series(
            words.plain("column.p95"),
            [figures.latency_s(95) for figures in over_time],
            marks.get("latency", {}),
        ),
        Series(words.plain("column.p50"), [figures.latency_s(50) for figures in over_time]),
    ]
    axis = seconds_axis([value for line in lines for value in line.values])
    title = words.plain("chart.latency")
    image = line_chart(title=title, labels=labels, series=lines, axis=axis)
    return Chart("latency", image, [line.name for line in lines])
