"""Charts are shapes alone, and say their values to who cannot see them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from shared.console.charts import Series, count_axis, line_chart, percent_axis, seconds_axis
from shared.console.csv_file import csv_file
from shared.console.figures_charts import Marks, charts
from shared.console.words import words_in
from shared.rollup.model import Figures

HOSTILE = '"><script>alert(1)</script>'


def drawn(series: list[Series], *, title: str = "Sent") -> ElementTree.Element:
    values = [value for each in series for value in each.values]
    labels = [f"11-{number:02}" for number in range(1, len(series[0].values) + 1)]
    chart = line_chart(title=title, labels=labels, series=series, axis=count_axis(values))
    return ElementTree.fromstring(chart)


def kinds(chart: ElementTree.Element) -> set[str]:
    return {each.tag for each in chart.iter()}


def test_a_chart_is_shapes_alone() -> None:
    chart = drawn([Series("Sent", [1, 2, 3]), Series("Delivered", [1, 1, 3])])

    assert kinds(chart) == {"svg", "g", "path", "text", "circle", "title"}
    for each in chart.iter():
        assert not {name for name in each.attrib if name == "style" or name.startswith("on")}
    assert (chart.get("role"), chart.get("aria-label")) == ("img", "Sent")


def test_a_name_in_a_chart_is_text() -> None:
    chart = drawn([Series(HOSTILE, [1, 2])], title=HOSTILE)

    assert chart.get("aria-label") == HOSTILE
    assert "script" not in kinds(chart)


def test_each_dot_says_when_and_how_many() -> None:
    chart = drawn([Series("Sent", [1200, None, 3]), Series("Failed", [None, 1, 0])])

    titles = [each.text for each in chart.iter("title")]
    assert titles == ["11-01: Sent 1,200", "11-03: Sent 3", "11-02: Failed 1", "11-03: Failed 0"]


def test_a_line_is_broken_where_there_is_nothing() -> None:
    whole = drawn([Series("Sent", [1, 2, 3, 4, 5])])
    broken = drawn([Series("Sent", [1, 2, None, 4, 5])])

    def lines(chart: ElementTree.Element) -> int:
        paths = [
            each.get("d", "") for each in chart.iter("path") if "line" in each.get("class", "")
        ]
        return sum(path.count("M") for path in paths)

    assert (lines(whole), lines(broken)) == (1, 2)


def test_a_mark_is_a_ring_with_its_number() -> None:
    chart = drawn([Series("Sent", [1, 9, 3], marks={1: 4}), Series("Failed", [0, None, 0], {1: 5})])

    rings = [each for each in chart.iter("circle") if each.get("class") == "ring"]
    marks = [each.text for each in chart.iter("text") if each.get("class") == "mark"]
    (dot,) = [
        each
        for each in chart.iter("circle")
        if (each.findtext("title") or "").startswith("11-02: Sent")
    ]
    assert marks == ["4"], "what has no value has no mark"
    assert [(each.get("cx"), each.get("cy")) for each in rings] == [(dot.get("cx"), dot.get("cy"))]


@pytest.mark.parametrize("values", [[0, 0], [None, None], [5], [10**9, 1], [0.0] * 400])
def test_any_values_make_a_chart(values: list[float | None]) -> None:
    labels = [str(number) for number in range(len(values))]
    for axis in (count_axis(values), percent_axis(), seconds_axis(values)):
        shown = [
            value if value is None or axis.height is float else max(value, 1) for value in values
        ]
        line_chart(title="x", labels=labels, series=[Series("x", shown)], axis=axis)


def test_a_long_chart_has_no_dots_and_few_labels() -> None:
    chart = drawn([Series("Sent", list(range(400)))])

    assert not list(chart.iter("circle"))
    assert len([each for each in chart.iter("text") if each.get("class") == "x"]) <= 8
    assert len(ElementTree.tostring(chart)) < 8_000


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (3, 3), (4, 4), (7, 8), (999, 1000), (1001, 1500), (30, 30)]
)
def test_an_axis_ends_at_a_round_number_above(most: int, top: int) -> None:
    axis = count_axis([most, None, 0])

    assert axis.ticks[0] == 0
    assert axis.ticks[-1] == top


def test_seconds_are_said_in_what_people_count_in() -> None:
    assert [seconds_axis([3600]).said(tick) for tick in seconds_axis([3600]).ticks] == [
        *("1 s", "2 s", "5 s", "10 s", "30 s", "1 min", "5 min", "15 min", "1 h")
    ]
    assert seconds_axis([]).ticks == (1, 2, 5, 10)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_spreadsheet_takes_no_cell_for_a_formula(start: str) -> None:
    text = csv_file([f"{start}head"], [[f"{start}cmd|' /C calc'!A1"], ["fine"]])

    cells = text.removeprefix("\ufeff").replace('"', "")
    assert cells.startswith(f"'{start}head")
    assert f"'{start}cmd" in cells
    assert "'fine" not in cells


def test_a_file_has_numbers_as_numbers() -> None:
    text = csv_file(["a", "b"], [[-1, None], [0.5, 'say "x", y']])

    assert text == '\ufeffa,b\r\n-1,\r\n0.5,"say ""x"", y"\r\n'


@pytest.mark.parametrize(
    ("counts", "is_last_open", "marks", "drawn_sent"),
    [
        ([900, 1000, 40], True, {}, ["900", "1,000"]),
        ([900, 1000, 40], False, {}, ["900", "1,000", "40"]),
        ([900, 1000, 9000], True, {"spike": {2: 1}}, ["900", "1,000", "9,000"]),
        ([0, 0, 40], True, {}, ["0", "0", "40"]),  # the first day of all
    ],
)
def test_a_day_that_is_not_over_is_no_fall(
    counts: list[int], is_last_open: bool, marks: Marks, drawn_sent: list[str]
) -> None:
    messages, *_ = charts(
        labels=["11-01", "11-02", "11-03"],
        over_time=[Figures({"accepted": count}) for count in counts],
        marks=marks,
        words=words_in("en"),
        is_last_open=is_last_open,
    )

    titles = [each.text or "" for each in ElementTree.fromstring(messages.image).iter("title")]
    sent = [each.rpartition(" ")[2] for each in titles if ": Sent" in each]
    assert sent == drawn_sent
