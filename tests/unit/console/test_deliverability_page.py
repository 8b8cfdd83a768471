"""The deliverability page with made-up totals, some of them hostile."""

from __future__ import annotations

import csv
import gzip
import io
import re
from collections.abc import Mapping

import pytest

from shared.budget.ledger import tenant_key
from shared.budget.model import Cap, Limits, column_of, month_of
from shared.console.figures_table import MOST_ROWS, sorted_table
from shared.console.pages.deliverability import DeliverabilityPage
from shared.console.static_files import static_files
from shared.rollup.model import Cell, Figures
from shared.rollup.views import (
    EVERYONE,
    STATE_ROW,
    Span,
    Views,
    length_ms,
    start_of,
    view_change,
    view_of,
)
from shared.rows import RowChange
from shared.support.explanations import Explanations
from tests.fakes.memory_rows import MemoryRows
from tests.unit.console.visiting import OPERATOR_KEY, Console

HOSTILE = "<script>alert(1)</script>"
FORMULA = "=cmd|' /C calc'!A1"
PAGE = "/console/deliverability"


def figures(sent: int, *, delivered: int | None = None, verified: int = 0) -> Figures:
    arrived = sent if delivered is None else delivered
    return Figures(
        {
            "accepted": sent,
            "delivered": arrived,
            "undelivered.MK:0013": sent - arrived,
            "throttled.phone_hour": 3,
            "latency.5": arrived,
            "verified": verified,
            "unverified": sent - verified,
            "segments": sent,
            "cost_milli": 45 * sent,
        }
    )


class Totals:
    """A console whose store holds what is told to it."""

    def __init__(self, limits: Mapping[str, Limits] | None = None) -> None:
        self.rows = MemoryRows()
        page = DeliverabilityPage(
            Views(self.rows),
            store=self.rows,
            tenants=["bank", "shop"],
            limits=limits or {},
            explanations=Explanations(),
        )
        self.console = Console([page])
        self.fold()

    def fold(self, *, ago_s: int = 0) -> None:
        folded_ms = self.console.clock.now_ms() - ago_s * 1000
        self.rows.apply([RowChange(STATE_ROW, puts={"folded_ms": folded_ms})])

    def hold(
        self,
        cells: list[tuple[Cell, Figures]],
        *,
        ago: int = 0,
        span: Span = "day",
        tenant: str = "shop",
    ) -> None:
        start = start_of(span, self.console.clock.now_ms()) - ago * length_ms(span)
        is_everyone = tenant == EVERYONE
        view = view_of(cells, span=span, start_ms=start, is_everyone=is_everyone)
        self.rows.apply([view_change(tenant, view)])

    def hold_days(self, count: int, templates: int = 3) -> None:
        for ago in range(count):
            cells = [
                (
                    Cell("shop", f"template-{number}", country, prefix),
                    figures(100 + ago, verified=80),
                )
                for number in range(templates)
                for country, prefix in (("CN", "+86138"), ("CN", "+86139"), ("SG", "+6591"))
            ]
            self.hold(cells, ago=ago)

    def show(self, query: str = "", *, key: str | None = None, **headers: str) -> str:
        visitor = self.console.visitor(*([key] if key else []))
        answer = visitor.get(f"{PAGE}{query}", **headers)
        return answer.body.decode()

    def file(self, query: str) -> list[list[str]]:
        text = self.show(query).removeprefix("\ufeff")
        return list(csv.reader(io.StringIO(text)))


@pytest.fixture
def totals() -> Totals:
    return Totals()


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_an_empty_page_says_what_to_do(totals: Totals) -> None:
    text = text_of(totals.show())

    assert "Nothing was sent in this time" in text
    assert "POST /v1/otp" in text


def test_the_page_has_tiles_charts_and_tables(totals: Totals) -> None:
    totals.hold_days(3)

    html = totals.show()

    text = text_of(html)
    # 9 cells of 100, 101 and 102, and 27 that were throttled on each day.
    assert "Requested 2,808 81 not sent" in text
    assert "Delivery 100%" in text
    assert "Cost ¥122.72" in text
    assert html.count('<svg class="chart"') == 3
    assert len(re.findall(r"<caption", html)) == 3
    assert "Only 5 codes an hour" in text, "reasons are explained"


def test_a_hostile_name_is_text_wherever_it_stands(totals: Totals) -> None:
    totals.hold([(Cell("shop", HOSTILE, HOSTILE, HOSTILE), figures(10, delivered=1))])

    for query in ("", "?group=template", "?group=prefix", f"?group=template&only={HOSTILE}"):
        html = totals.show(query)
        assert "alert(1)" in html or query == "?group=channel"
        assert HOSTILE not in html
        assert "<script>" not in html


def test_a_hostile_address_is_text_or_told_to_be_none(totals: Totals) -> None:
    totals.hold_days(1)
    hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E"

    for name in ("range", "from", "to", "by", "tenant", "group", "only", "sort", "order", "rows"):
        html = totals.show(f"?{name}={hostile}")
        assert "<script>alert" not in html, name


@pytest.mark.parametrize("tenant", ["bank", "*", "%2A", "figures:bank"])
def test_a_foreign_tenant_is_forbidden(totals: Totals, tenant: str) -> None:
    totals.hold([(Cell("bank", "login", "CN", "+86138"), figures(10))], tenant="bank")

    answer = totals.console.visitor().get(f"{PAGE}?tenant={tenant}")

    assert answer.status == 403
    assert b"10" not in re.sub(rb"<[^>]*>", b"", answer.body)


def test_an_operator_sees_all_and_each(totals: Totals) -> None:
    everyone = [
        (Cell("bank", "login", "CN", "+86138"), figures(10)),
        (Cell("shop", "login", "CN", "+86138"), figures(20)),
    ]
    totals.hold(everyone, tenant=EVERYONE)
    totals.hold(everyone[:1], tenant="bank")

    all_of_them = totals.show("?group=tenant", key=OPERATOR_KEY)
    one = totals.show("?tenant=bank", key=OPERATOR_KEY)

    assert "Sent 30" in text_of(all_of_them)
    assert 'only=bank">bank</a>' in all_of_them
    assert "Sent 10" in text_of(one)
    assert "group=tenant" not in one


def test_a_page_costs_two_round_trips(totals: Totals) -> None:
    """The key's row is a third, once in a while."""
    totals.hold_days(30)
    visitor = totals.console.visitor()

    for query in ("", "?from=2000-01-01", "?as=time"):
        before = totals.rows.trips
        visitor.get(f"{PAGE}{query}")
        assert totals.rows.trips - before == 2


def test_how_old_the_figures_are_is_said(totals: Totals) -> None:
    totals.hold_days(1)

    assert "Figures up to 2027-01-15 16:00:00 UTC+8" in text_of(totals.show())
    totals.fold(ago_s=601)
    assert "These figures are old: they stop at 2027-01-15 15:49:59" in text_of(totals.show())
    totals.rows.apply([RowChange(STATE_ROW, drops=True)])
    assert "has been added up yet" in text_of(totals.show())


def test_a_store_that_is_down_is_a_clear_page(totals: Totals) -> None:
    visitor = totals.console.visitor()
    totals.rows.fail_next = 1

    assert visitor.get(PAGE).status == 503


def test_ten_years_are_cut_and_said_to_be(totals: Totals) -> None:
    totals.hold_days(2)

    text = text_of(totals.show("?from=2016-01-01"))

    assert "last 400 of it" in text
    assert "400 rows" in text


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?range=forever", "There is no such time range"),
        ("?from=x", "The first day is not a day"),
        ("?from=2026-02-01&to=2026-01-01", "The first day is after the last"),
        ("?group=colour", "asks for something that there is not"),
        ("?group=tenant", "asks for something that there is not"),
        ("?sort=size", "asks for something that there is not"),
    ],
)
def test_nonsense_is_answered_with_the_form(totals: Totals, query: str, words: str) -> None:
    answer = totals.console.visitor().get(f"{PAGE}{query}")

    assert answer.status == 400
    assert words in text_of(answer.body.decode())
    assert b'name="from"' in answer.body


def test_a_file_that_there_is_not_is_not_found(totals: Totals) -> None:
    assert totals.console.visitor().get(f"{PAGE}?as=secrets").status == 404


def test_the_file_has_exactly_what_is_shown(totals: Totals) -> None:
    totals.hold(
        [
            (Cell("shop", "login", "CN", "+86138"), figures(20, delivered=10)),
            (Cell("shop", FORMULA, "CN", "+86139"), figures(10)),
        ]
    )
    view = "?group=template&sort=delivered&order=up"

    html = totals.show(view)
    header, *rows = totals.file(f"{view}&as=group")

    shown = re.findall(r'<tr><th scope="row"><a[^>]*>(.*?)</a>', html.partition('id="by-group"')[2])
    assert [row[0].lstrip("'") for row in rows[:-1]] == [
        name.replace("&#39;", "'") for name in shown
    ]
    assert rows[0][0] == f"'{FORMULA}" or rows[1][0] == f"'{FORMULA}"
    by_name = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert by_name["login"]["Delivery, %"] == "50.0"
    assert by_name["Total"]["Sent"] == "30"
    assert by_name["Total"]["Cost, CNY"] == "1.35"


def test_prefixes_are_guarded_in_a_file_too(totals: Totals) -> None:
    totals.hold([(Cell("shop", "login", "CN", "+86138"), figures(1))])

    assert totals.file("?group=prefix&as=group")[1][0] == "'+86138"


def test_the_file_over_time_has_a_row_a_day(totals: Totals) -> None:
    totals.hold_days(3)

    header, *rows = totals.file("?range=7d&as=time")

    assert header[0] == "Day, UTC+8"
    assert len(rows) == 8
    assert rows[0][0] > rows[1][0]


def test_links_keep_the_view(totals: Totals) -> None:
    totals.hold_days(1)

    html = totals.show("?from=2027-01-01&to=2027-01-15&group=template&sort=cost&only=template-1")

    csv_link = re.search(r'href="([^"]*as=group)"', html)
    assert csv_link is not None
    assert csv_link[1].replace("&amp;", "&") == (
        f"{PAGE}?range=custom&from=2027-01-01&to=2027-01-15&tenant=shop"
        "&group=template&only=template-1&sort=cost&as=group"
    )
    assert '<input type="hidden" name="only" value="template-1">' in html


def test_one_name_alone_can_be_shown(totals: Totals) -> None:
    totals.hold(
        [
            (Cell("shop", "login", "CN", "+86138"), figures(20)),
            (Cell("shop", "parcel", "CN", "+86139"), figures(10)),
        ]
    )

    assert "Sent 10" in text_of(totals.show("?group=template&only=parcel"))
    assert "Sent 20" in text_of(totals.show("?group=prefix&only=%2B86138"))
    assert "Nothing of none in this time" in text_of(totals.show("?only=none"))


def test_what_is_unusual_is_said_and_marked(totals: Totals) -> None:
    for ago in range(20):
        verified = 300 if ago == 3 else 800
        totals.hold(
            [(Cell("shop", "login", "CN", "+86138"), figures(1000, verified=verified))], ago=ago
        )

    html = totals.show("?range=7d")

    text = text_of(html)
    assert "Codes are typed less" in text
    assert "30% of 1000" in text.replace(",", "")
    assert re.search(r'<circle class="ring"[^>]*/><text class="mark"[^>]*>1</text>', html)


def test_a_budget_that_will_be_gone_is_said() -> None:
    totals = Totals({"shop": Limits(month=Cap(milli=1_000_000))})
    totals.hold_days(2)
    spent = {column_of(month_of(totals.console.clock.now_ms()), "cny"): 900_000}
    totals.rows.apply([RowChange(tenant_key("shop"), puts=spent)])

    assert "month's budget" in text_of(totals.show()).replace("&#39;", "'")


def test_the_page_speaks_chinese(totals: Totals) -> None:
    totals.hold_days(2)

    text = text_of(totals.show(accept_language="zh-CN"))

    assert "送达情况" in text
    left = set(re.findall(r"[A-Za-z][a-z]{3,}", text))
    assert left <= {"Sesame", "English", "shop", "template", "phone", "hour"}, left


def test_a_first_visit_is_small(totals: Totals) -> None:
    """100 KB are promised for all that is sent; this is a month of 12 templates and 48 prefixes."""
    for ago in range(59):
        cells = [
            (
                Cell("shop", f"template-{number % 12}", country, f"+86{130 + number}"),
                figures(900 + (31 * ago + 17 * number) % 97, delivered=880, verified=700 + number),
            )
            for number in range(48)
            for country in ("CN",)
        ]
        totals.hold(cells, ago=ago)
    visitor = totals.console.visitor()

    page = visitor.get(f"{PAGE}?group=prefix", accept_encoding="gzip")
    files = [gzip.compress(file.content) for file in static_files().values()]

    size = len(page.body) + sum(len(file) for file in files)
    assert size < 40_000, f"{size} bytes"


def test_a_long_table_is_cut_and_says_so() -> None:
    groups = {f"name-{number:03}": figures(number + 1) for number in range(MOST_ROWS + 40)}

    cut = sorted_table(groups, sort="requested", is_ascending=False, is_whole=False)
    whole = sorted_table(groups, sort="name", is_ascending=True, is_whole=True)

    assert (len(cut.rows), cut.left_out) == (MOST_ROWS, 40)
    assert cut.others is not None
    assert cut.others.sent + sum(row.figures.sent for row in cut.rows) == cut.total.sent
    assert [row.name for row in whole.rows] == sorted(groups)


def test_what_has_no_value_comes_last_either_way() -> None:
    groups = {"a": figures(10, delivered=5), "b": Figures({"throttled.x": 1}), "c": figures(10)}

    for is_ascending, names in ((False, ["c", "a", "b"]), (True, ["a", "c", "b"])):
        table = sorted_table(groups, sort="delivery", is_ascending=is_ascending, is_whole=False)
        assert [row.name for row in table.rows] == names
