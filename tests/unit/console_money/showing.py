"""A visit to a page, and the page as its HTML, in both languages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from html import unescape

from shared.console.page import Content, Download, Locale, Redirect, Visit, Visitor
from shared.console.rendering import Frame, render
from shared.rollup.model import Cell, Figures
from shared.rollup.views import start_of, view_change, view_of
from tests.fakes.memory_rows import MemoryRows

# 10 November 2026, noon in Beijing: nine days and a half are over.
NOON_MS = 1_794_283_200_000
DAY_MS = 86_400_000
TENANT = Visitor("shop", frozenset({"figures"}), "0a1b2c3d")
OPERATOR = Visitor("ops", frozenset({"figures", "operate"}), "4e5f6a7b")

Page = Callable[[Visit], Content | Redirect | Download]


def visit_of(
    visitor: Visitor = OPERATOR, *, locale: Locale = "en", now_ms: int = NOON_MS, **query: str
) -> Visit:
    return Visit("GET", "/console/x", query, {}, visitor, locale, now_ms)


def content_of(page: Page, visit: Visit) -> Content:
    content = page(visit)
    assert isinstance(content, Content)
    return content


def html_of(page: Page, visit: Visit) -> str:
    """The page; it is rendered in the other language as well, so that no word is missing there."""
    content = content_of(page, visit)
    pages = {
        locale: render(
            content.template,
            content.values,
            Frame(locale, visit.path, visit.query, visit.visitor, token=lambda: "t0ken"),
        )
        for locale in ("en", "zh")
    }
    # What stands where a word is missing is its key.
    missing = re.compile(r"(?<![\w-])(?:money|limits|letters)\.[a-z_]+(?:\.[a-z_]+)*\b")
    for html in pages.values():
        assert not missing.findall(text_of(html))
    return pages[visit.locale]


def text_of(html: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def count_day(
    store: MemoryRows, figures: Mapping[tuple[str, str], Mapping[str, int]], *, at_ms: int = NOON_MS
) -> None:
    """The figures of a day, by tenant and template, as the fold writes them."""
    for span in ("hour", "day"):
        start_ms = start_of(span, at_ms)  # type: ignore[arg-type]
        cells = [
            (Cell(tenant, template, "CN", "+86138"), Figures(counts))
            for (tenant, template), counts in figures.items()
        ]
        for tenant in {"*", *(cell.tenant for cell, _ in cells)}:
            own = [each for each in cells if tenant in ("*", each[0].tenant)]
            view = view_of(
                own,
                span=span,  # type: ignore[arg-type]
                start_ms=start_ms,
                is_everyone=tenant == "*",
            )
            assert store.apply([view_change(tenant, view)]) == [True]
