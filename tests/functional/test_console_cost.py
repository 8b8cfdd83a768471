"""What a page of figures costs the store: the same for two thousand messages and two million."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path

import pytest

from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.seed.__main__ import main
from infra.seed.month import Plan, hours
from infra.seed.planted import HOUR_MS, usual_trouble
from infra.seed.writing import views_of, write_views
from shared.budget.model import Cap, Limits
from shared.console.figures_found import Found
from shared.console.page import Content, Visit, Visitor
from shared.console.pages.deliverability import DeliverabilityPage
from shared.rollup.views import EVERYONE, View, Views
from shared.sms.meanings import failure_class
from shared.support.explanations import Explanations
from tests.fakes.row_stores import rows_on
from tests.localcloud.tablestore.tablestore_server import RunningTablestore

END_MS = 1_795_449_600_000  # midnight at UTC+8
NOW_MS = END_MS + HOUR_MS
MOST_TRIPS, MOST_BYTES = 3, 1_000_000
OPERATOR = Visitor("default", frozenset({"figures", "operate"}), "0a1b2c3d")
BY_DAY, BY_HOUR = {"range": "30d"}, {"range": "7d", "by": "hour"}
PLANTED = {(each.kind, each.dimension, each.name) for each in usual_trouble(END_MS)}
PLANTED_THIS_WEEK = {
    (each.kind, each.dimension, each.name)
    for each in usual_trouble(END_MS)
    if each.start_ms > END_MS - 6 * 24 * HOUR_MS
}


def seeded(messages: int) -> Iterator[tuple[str, View]]:
    """What the asks below may read of such a month."""
    month = hours(Plan(messages, seed=7, end_ms=END_MS, days=29))
    for tenant, view in views_of(month, tenants=(EVERYONE, "default")):
        if view.span == "day" or view.start_ms >= END_MS - 15 * 24 * HOUR_MS:
            yield tenant, view


class Scales:
    """Counts the bytes of the answers of a Tablestore."""

    def __init__(self, server: RunningTablestore) -> None:
        self.bytes = 0
        self._answer = server.service.answer

    async def answer(self, request: WireRequest) -> WireAnswer:
        answer = await self._answer(request)
        self.bytes += len(answer.body)
        return answer


@pytest.fixture
def scales(tablestore: RunningTablestore, monkeypatch: pytest.MonkeyPatch) -> Scales:
    weighing = Scales(tablestore)
    monkeypatch.setattr(tablestore.service, "answer", weighing.answer)
    return weighing


def trips(server: RunningTablestore) -> int:
    operations = server.cloud.meter.as_json()["operations"]
    return sum(int(str(each["count"])) for each in operations)


def found_by(page: DeliverabilityPage, tenant: str, query: Mapping[str, str]) -> Found:
    asked = {**query, "tenant": tenant}
    content = page(Visit("GET", page.path, asked, {}, OPERATOR, "en", NOW_MS))
    assert isinstance(content, Content)
    found = content.values["found"]
    assert isinstance(found, Found)
    return found


@pytest.mark.parametrize("messages", [2_000, 2_000_000])
def test_a_page_of_figures_costs_three_trips_and_a_megabyte_at_most(
    tablestore: RunningTablestore, scales: Scales, messages: int
) -> None:
    rows = rows_on(tablestore)
    write_views(rows, seeded(messages))
    page = DeliverabilityPage(
        Views(rows),
        store=rows,
        tenants=("default", "second"),
        limits={"default": Limits(month=Cap(milli=10**12))},
        explanations=Explanations(failure_class),
    )
    too_many: list[tuple[str, Mapping[str, str], int]] = []
    for tenant, query in product((EVERYONE, "default"), (BY_DAY, BY_HOUR)):
        tablestore.cloud.meter.clear()
        scales.bytes = 0

        found = found_by(page, tenant, query)

        assert trips(tablestore) <= MOST_TRIPS
        if not 0 < scales.bytes <= MOST_BYTES:
            too_many.append((tenant, query, scales.bytes))
        if tenant == EVERYONE and query == BY_DAY:
            assert found.total.requested == messages
        if tenant == EVERYONE and messages == 2_000_000:
            told = {(each.kind, each.dimension, each.name) for each in found.unusual}
            assert told >= (PLANTED if query == BY_DAY else PLANTED_THIS_WEEK)
            # Whose messages nobody reads, or that do not arrive, their codes are not typed.
            assert {(kind, side) for kind, side, _ in told - PLANTED} <= {("conversion", "prefix")}
    assert too_many == []


def test_the_seed_command_fills_the_store_of_a_local_cloud(
    tablestore: RunningTablestore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tablestore.cloud.identities.root
    ready = {
        "access_key_id": root.access_key_id,
        "access_key_secret": root.access_key_secret,
        "tablestore": {"endpoint": tablestore.endpoint, "instance": "local"},
    }
    (tmp_path / "ready.json").write_text(json.dumps(ready), encoding="utf-8")
    asked = ["--ready-file", str(tmp_path / "ready.json"), "--messages", "200", "--days", "2"]

    assert main(["month", *asked], {}, END_MS) == 0

    days = Views(rows_on(tablestore)).read(
        tenant=EVERYONE, span="day", start_ms=END_MS - 48 * HOUR_MS, end_ms=END_MS
    )
    assert sum(day.total.requested for day in days) == 200
    printed = capsys.readouterr().out
    assert "200 messages in " in printed
    assert "spike of prefix +6285" in printed
    assert "template" not in printed  # that was earlier
