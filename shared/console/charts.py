"""Line charts as SVG within the page: shapes alone. Colours, dashes and type are console.css's, so
that a chart is dark where the page is, and that the policy needs to allow no style.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from math import ceil, floor, log10
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

WIDTH, HEIGHT = 400, 220
_LABELS_PX, _SIGN_PX = 330, 9
_MOST_DOTS = 62
"""Beyond, dots would run into each other, and be most of the page's bytes."""
_ROOM_FOR_LABELS_PX = 16
_DOT_PX, _RING_PX = 2, 8
_TICKS_S = (1, 2, 5, 10, 30, 60, 300, 900, 3600)
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


@dataclass(frozen=True, slots=True)
class Series:
    """A line: what it is called, its values in order, None where there is none.

    marks: places of values that stand out, with the number that the page calls each by.
    """

    name: str
    values: Sequence[float | None]
    marks: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Axis:
    """From bottom to top, at which values there are lines; how those are said, in few signs, and
    how the value of a dot is, exactly; and how high a value is drawn.
    """

    ticks: Sequence[float]
    said: Callable[[float], str]
    exactly: Callable[[float], str]
    height: Callable[[float], float] = float


def count_axis(values: Sequence[float | None]) -> Axis:
    """From 0 to a round number."""
    most = max([value for value in values if value is not None], default=0)
    step = _round_step(max(most, 4) / 4)
    steps = max(1, ceil(most / step))
    return Axis([step * place for place in range(steps + 1)], _short, lambda value: f"{value:,.0f}")


def percent_axis() -> Axis:
    """All of it, so that a small fall looks small."""
    return Axis((0, 25, 50, 75, 100), lambda value: f"{value:.0f}%", lambda value: f"{value:.1f}%")


def seconds_axis(values: Sequence[float | None]) -> Axis:
    """Each step some times the one before: a second counts as much as an hour."""
    most = max([value for value in values if value is not None], default=0)
    last = next((place for place, tick in enumerate(_TICKS_S) if tick >= most), -1)
    ticks = _TICKS_S[: max(last + 1, 4)] if last >= 0 else _TICKS_S
    return Axis(ticks, _seconds, _seconds, log10)


def line_chart(
    *, title: str, labels: Sequence[str], series: Sequence[Series], axis: Axis
) -> Markup:
    """The chart as an image called `title`. labels: one a value, each another, of which some are
    shown.
    """
    chart = _line_of_library()(
        width=WIDTH,
        height=HEIGHT,
        margin=6,
        js=[],
        css=[],
        no_prefix=True,
        show_legend=False,
        show_dots=len(labels) <= _MOST_DOTS,
        dots_size=_DOT_PX,
        allow_interruptions=True,
        range=(axis.height(axis.ticks[0]), axis.height(axis.ticks[-1])),
        show_minor_x_labels=False,
        truncate_label=-1,
    )
    chart.x_labels = list(labels)
    most = _LABELS_PX // (_SIGN_PX * max((len(label) for label in labels), default=1))
    chart.x_labels_major = list(labels)[:: ceil(len(labels) / max(most, 1))]
    chart.y_labels = [{"label": axis.said(tick), "value": axis.height(tick)} for tick in axis.ticks]
    heights = [
        [None if value is None else axis.height(value) for value in each.values] for each in series
    ]
    for each, drawn in zip(series, heights, strict=True):
        chart.add(each.name, drawn)
    marks = [
        (place, number, drawn)
        for each, drawn in zip(series, heights, strict=True)
        for place, number in sorted(each.marks.items())
        if drawn[place] is not None
    ]
    for place, _, drawn in marks:
        only = [height if at == place else None for at, height in enumerate(drawn)]
        chart.add("", only, show_dots=True, stroke=False, dots_size=_RING_PX)
    plot = _Plot(chart.render_tree())
    root = Element(
        "svg",
        {"class": "chart", "viewBox": f"0 0 {WIDTH} {HEIGHT}", "role": "img", "aria-label": title},
    )
    inner = SubElement(root, "g", {"transform": plot.transform})
    plot.add_axes(inner)
    for place, each in enumerate(series):
        pairs = zip(labels, each.values, strict=True)
        said = [f"{at}: {each.name} {axis.exactly(v)}" for at, v in pairs if v is not None]
        plot.add_line(inner, place, said)
    for place, (_, number, _) in enumerate(marks, len(series)):
        plot.add_mark(inner, place, str(number))
    # Every text is escaped by the serializer; the namespace is the HTML parser's to know.
    return Markup(_LONG_NUMBER.sub(_rounded, tostring(root, encoding="unicode")))


@cache
def _line_of_library() -> Callable[..., Any]:  # Any: the library has no types
    """The library's line chart, with room for labels as large as a phone wants them."""
    # Cost: 60 ms at the first chart of an instance, half of it for a look-up of plugins.
    import pygal
    from pygal.style import Style

    # It leaves a finder for plugins behind, of a kind that Python 3.11 warns of at every import.
    sys.meta_path[:] = [
        each for each in sys.meta_path if not isinstance(each, pygal.PluginImportFixer)
    ]
    return partial(pygal.Line, style=Style(label_font_size=_ROOM_FOR_LABELS_PX))


class _Plot:
    """What the library drew, of which the shapes are taken and nothing else."""

    def __init__(self, drawn: Element) -> None:
        self._groups = list(drawn.iter("g"))
        plot = next(group for group in self._groups if group.get("class") == "plot")
        self.transform = plot.get("transform", "")

    def add_axes(self, inner: Element) -> None:
        """The lines of the values with their labels, and the labels of the times."""
        for axis, has_lines in (("axis y always_show", True), ("axis x", False)):
            for path in self._of(axis, "path") if has_lines else ():
                SubElement(inner, "path", {"class": "guide", "d": path.get("d", "")})
            for text in self._of(axis, "text"):
                own = {name: text.get(name, "") for name in ("x", "y")}
                SubElement(inner, "text", {"class": axis[5:6], **own}).text = text.text

    def add_line(self, inner: Element, number: int, said: Sequence[str]) -> None:
        """A series, with what a browser shows of each dot that is pointed at."""
        for path in self._of(_series(number), "path"):
            SubElement(inner, "path", {"class": f"line s{number}", "d": path.get("d", "")})
        for dot, title in zip(self._dots(number), said, strict=False):
            circle = self._circle(inner, dot, f"dot s{number}")
            SubElement(circle, "title").text = title

    def add_mark(self, inner: Element, number: int, word: str) -> None:
        """A ring round a value, with its number above, or beside it where there is no room."""
        for dot in self._dots(number):
            circle = self._circle(inner, dot, "ring")
            x, y = float(circle.get("cx", "0")), float(circle.get("cy", "0"))
            if y < 2 * _ROOM_FOR_LABELS_PX:
                x, y = x + 2 * _RING_PX, y + _RING_PX / 2
            else:
                y -= _RING_PX + 4
            own = {"class": "mark", "x": f"{x:.1f}", "y": f"{y:.1f}"}
            SubElement(inner, "text", own).text = word

    def _circle(self, inner: Element, dot: Element, classes: str) -> Element:
        drawn = next(dot.iter("circle"))
        own = {name: drawn.get(name, "") for name in ("cx", "cy", "r")}
        return SubElement(inner, "circle", {"class": classes, **own})

    def _dots(self, number: int) -> Iterator[Element]:
        for group in self._groups:
            if group.get("class") == _series(number):
                yield from (child for child in group if child.get("class") == "dots")

    def _of(self, classes: str, kind: str) -> Iterator[Element]:
        for group in self._groups:
            if group.get("class") == classes:
                yield from group.iter(kind)


def _series(number: int) -> str:
    return f"series serie-{number} color-{number}"


def _rounded(match: re.Match[str]) -> str:
    return f"{float(match[0]):.1f}".removesuffix(".0")


def _round_step(least: float) -> float:
    power = 10.0 ** floor(log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)


def _short(value: float) -> str:
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def _seconds(value: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if value >= size:
            return f"{value / size:g} {unit}"
    return f"{value:g} s"
