"""Rules as data: what they map, and what they refuse, at the start or at an event."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import SettingsInvalid
from shared.mapping.event_map import EventMap
from shared.mapping.rule import RULES, MappedNotification, MappingFailed, read_rule, read_rules

ROOT = Path(__file__).resolve().parents[2]
RULE = {
    "name": "r",
    "match": {"source": "s", "type": ["a", "b"]},
    "tenant": "default",
    "template": "t",
    "to": "data.to",
    "params": {"n": {"path": "data.n"}, "k": {"value": "v"}},
    "dedupe_key": "id",
}
EVENT = {"source": "s", "type": "a", "id": "1", "data": {"to": "+8613800138000", "n": 7}}


def mapping(**changes: object) -> EventMap:
    return EventMap([read_rule(json.dumps(RULE | changes), name="r.json")])


def fixture(name: str) -> dict[str, object]:
    event: dict[str, object] = json.loads((ROOT / "events" / name).read_text(encoding="utf-8"))
    return event


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "order_shipped.cloudevent.json",
            MappedNotification(
                "default",
                "+8613800138000",
                "ship_update",
                {"order_no": "A1029", "status": "已发货"},
                "order_shipped:shop:Order:Shipped/A1029",
            ),
        ),
        (
            "backup_finished.cloudevent.json",
            MappedNotification(
                "default",
                "+8613900139000",
                "backup_status",
                {"job": "mysql-nightly", "status": "成功", "time": "2027-01-15 16:00"},
                "backup_finished:run-20270115",
            ),
        ),
    ],
)
def test_a_shipped_rule_maps_its_event(name: str, expected: MappedNotification) -> None:
    assert EventMap(read_rules()).map_event(fixture(name)) == expected


@pytest.mark.parametrize("path", sorted(RULES.glob("*.json")), ids=lambda path: path.stem)
def test_a_shipped_rule_gives_its_template_what_it_asks_for(path: Path) -> None:
    rule = json.loads(path.read_text(encoding="utf-8"))
    catalogue = ROOT / "shared" / "templates" / "catalogue" / f"{rule['template']}.json"
    template = json.loads(catalogue.read_text(encoding="utf-8"))

    assert rule["params"].keys() == {each["name"] for each in template["variables"]}


def test_numbers_and_constants_become_text() -> None:
    mapped = mapping().map_event(EVENT)

    assert mapped is not None
    assert mapped.params == {"n": "7", "k": "v"}
    assert mapped.dedupe_key == "r:1"


@pytest.mark.parametrize("event", [{}, {"source": "s"}, {"source": "s", "type": "c"}, {"type": []}])
def test_an_event_that_no_rule_is_for_is_none(event: dict[str, object]) -> None:
    assert mapping().map_event(event) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"to": "data.gone"}, "r: to is missing or no text"),
        ({"to": "data"}, "r: to is missing or no text"),
        ({"dedupe_key": "gone"}, "r: dedupe_key is missing or no text"),
        ({"params": {"n": {"path": "data.gone"}}}, "r: params.n is missing or no text"),
        ({"to": "length(data.n)"}, "r: to cannot be evaluated"),
        (
            {"params": {"n": {"path": "data.to", "values": {"x": "y"}}}},
            "r: n has a value that is not in its list",
        ),
    ],
)
def test_what_is_missing_is_named_without_the_events_content(
    changes: dict[str, object], reason: str
) -> None:
    with pytest.raises(MappingFailed) as failed:
        mapping(**changes).map_event(EVENT)

    assert str(failed.value) == reason


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "data..to"},
        {"to": ""},
        {"params": {"n": {}}},
        {"params": {"n": {"path": "a", "value": "b"}}},
        {"params": {"n": {"value": "b", "values": {"a": "b"}}}},
        {"match": {"source": [], "type": "a"}},
        {"extra": 1},
        {"tenant": "Not A Tenant"},
    ],
)
def test_a_bad_rule_is_found_at_the_start(changes: dict[str, object]) -> None:
    with pytest.raises(SettingsInvalid, match=r"^mapping r\.json: "):
        mapping(**changes)


def test_two_rules_of_one_name_are_refused(tmp_path: Path) -> None:
    for file in ("a.json", "b.json"):
        (tmp_path / file).write_text(json.dumps(RULE))

    with pytest.raises(SettingsInvalid, match="called r"):
        read_rules(tmp_path)


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.floats(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["to", "n", "data", "id"]), inner)
        ),
    )
)
def test_no_event_fails_in_another_way(data: object) -> None:
    with contextlib.suppress(MappingFailed):
        mapping().map_event({**EVENT, "data": data})
