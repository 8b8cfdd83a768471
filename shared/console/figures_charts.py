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
    *,
    labels: Sequence[str],
    over_time: Sequence[Figures],
    marks: Marks,
    words: Words,
    is_last_open: bool,
) -> list[Chart]:
    """Messages, shares and latency over time. is_last_open: the last hour or day is not over, so
    that its messages would look like a fall.
    """
    return [
        _messages(labels, over_time, marks, words, is_last_open=is_last_open),
        _shares(labels, over_time, marks, words),
        _latency(labels, over_time, marks, words),
    ]


def _messages(
    labels: Sequence[str],
    over_time: Sequence[Figures],
    marks: Marks,
    words: Words,
    *,
    is_last_open: bool,
) -> Chart:
    failed_marks = {**marks.get("refused", {}), **marks.get("undelivered", {})}
    spikes, last = marks.get("spike", {}), len(over_time) - 1
    whole = list(over_time)
    if is_last_open and any(each.sent for each in over_time[:-1]):
        # Unless something of it stands out.
        whole = whole if last in spikes or last in failed_marks else whole[:-1]
    missing = [None] * (len(over_time) - len(whole))
    lines = [
        Series(words.plain("column.sent"), [*(each.sent for each in whole), *missing], spikes),
        Series(words.plain("column.delivered"), [*(each.delivered for each in whole), *missing]),
        Series(
            words.plain("column.failed"),
            [*(each.undelivered + each.total("refused") for each in whole), *missing],
            failed_marks,
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
