"""The files of infra/watch fit together, fit the SDK's models, and fit what is really logged."""

from __future__ import annotations

import ast
import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_sls20201230.models import CreateAlertRequest, Dashboard, Index

from infra.watch.files import (
    FOLDER,
    RUNBOOKS,
    WatchFiles,
    WatchInvalid,
    columns_of,
    fields_of,
    indexed_fields,
    load,
)
from infra.watch.lines import EVERY_LINE, LINES, REQUEST_METRICS
from infra.watch.queries import QUERIES, Query
from shared.observability import events

ROOT = Path(__file__).resolve().parents[3]
FILES = load(stage="dev", project="sesame-dev", logstore="functions")
EVENTS = {name: value for name, value in vars(events).items() if name.isupper()}


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


# --- the files among themselves --------------------------------------------------------------


def test_everything_is_filled_in() -> None:
    for body in (FILES.index, *FILES.dashboards.values()):
        assert not [text for text in texts(body) if "${" in text]
    for name, alert in FILES.alerts.items():
        (query,) = alert["configuration"]["queryList"]
        assert name == alert["name"]
        assert query["store"] == "functions"
        assert query["project"] == "sesame-dev"
        assert query["region"] == "cn-hangzhou"
        assert not [text for text in texts(query) if "${" in text]


def test_a_stage_has_names_of_its_own() -> None:
    prod = load(stage="prod", project="p", logstore="l", region="ap-southeast-1")

    assert not prod.dashboards.keys() & FILES.dashboards.keys()
    assert not prod.alerts.keys() & FILES.alerts.keys()
    assert {alert["configuration"]["dashboard"] for alert in prod.alerts.values()} <= set(
        prod.dashboards
    )
    assert "ap-southeast-1" in json.dumps(prod.alerts)


def test_every_runbook_is_the_answer_to_an_alert() -> None:
    named = {
        each["value"]
        for alert in FILES.alerts.values()
        for each in alert["configuration"]["annotations"]
        if each["key"] == "runbook"
    }

    assert named == {f"infra/runbooks/{name}.md" for name in RUNBOOKS}


def test_every_metric_is_on_a_chart_or_in_an_alert() -> None:
    used = set(texts([*FILES.dashboards.values(), *FILES.alerts.values()]))

    assert {name for name, query in QUERIES.items() if query.text not in used} == set()


def test_charts_do_not_overlap() -> None:
    for dashboard in FILES.dashboards.values():
        taken: set[tuple[int, int]] = set()
        for chart in dashboard["charts"]:
            shown = chart["display"]
            area = {
                (x, y)
                for x in range(shown["xPos"], shown["xPos"] + shown["width"])
                for y in range(shown["yPos"], shown["yPos"] + shown["height"])
            }
            assert not taken & area
            taken |= area


def changed(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> WatchFiles:
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    body = json.loads((folder / name).read_text(encoding="utf-8"))
    change(body)
    (folder / name).write_text(json.dumps(body), encoding="utf-8")
    return load(stage="dev", project="p", logstore="l", folder=folder)


def annotation(alert: dict[str, Any], key: str) -> dict[str, str]:
    found: dict[str, str] = next(
        each for each in alert["configuration"]["annotations"] if each["key"] == key
    )
    return found


def severity(alert: dict[str, Any]) -> dict[str, str]:
    condition: dict[str, str] = alert["configuration"]["severityConfigurations"][0]["evalCondition"]
    return condition


@pytest.mark.parametrize(
    ("name", "change", "flaw"),
    [
        (
            "dashboards/sending.json",
            lambda it: it["charts"][0]["search"].update(query="${query.no_such}"),
            "sends_per_minute: its query is none of queries.py",
        ),
        (
            "dashboards/sending.json",
            lambda it: it["charts"][0]["display"].update(yAxis=["sent"]),
            "sends_per_minute: sent is no column of its query",
        ),
        (
            "alerts/breaker.json",
            lambda it: it["configuration"]["queryList"][0].update(query="* | select 1"),
            "alerts/breaker.json: its query is none of queries.py",
        ),
        (
            "alerts/breaker.json",
            lambda it: severity(it).update(condition="opening > 1"),
            "opening of its condition is no column of its query",
        ),
        (
            "alerts/breaker.json",
            lambda it: annotation(it, "desc").update(value="${code}"),
            "code of its annotations is no column of its query",
        ),
        (
            "alerts/breaker.json",
            lambda it: annotation(it, "runbook").update(value="infra/runbooks/coffee.md"),
            "it names no runbook",
        ),
        (
            "alerts/breaker.json",
            lambda it: annotation(it, "runbook").update(key="book"),
            "it names no runbook",
        ),
        (
            "index.json",
            lambda it: it["keys"]["message"]["json_keys"].pop("country"),
            "failure_by_country: message.country is not in the index",
        ),
        (
            "index.json",
            lambda it: it["keys"].pop("hasFunctionError"),
            "function_failures: hasFunctionError is not in the index",
        ),
    ],
)
def test_a_file_that_does_not_fit_is_named(
    tmp_path: Path, name: str, change: Callable[[dict[str, Any]], None], flaw: str
) -> None:
    with pytest.raises(WatchInvalid, match=re.escape(flaw)):
        changed(tmp_path / "watch", name, change)


# --- the SDK's models ------------------------------------------------------------------------


def test_the_models_of_the_sdk_drop_nothing() -> None:
    """What a model does not know it drops without a word, as the service then would."""
    sent = Index().from_map(FILES.index).to_map()
    # To a key that has none below it the model adds an empty table of them.
    for key in sent["keys"].values():
        if not key["json_keys"]:
            del key["json_keys"]
    assert sent == FILES.index
    for dashboard in FILES.dashboards.values():
        assert Dashboard().from_map(dashboard).to_map() == dashboard
    for alert in FILES.alerts.values():
        assert CreateAlertRequest().from_map(alert).to_map() == alert


def test_a_misspelled_key_would_be_seen() -> None:
    (alert, *_) = FILES.alerts.values()
    wrong = {**alert, "configuration": {**alert["configuration"], "noDataFired": True}}

    assert CreateAlertRequest().from_map(wrong).to_map() != wrong


@pytest.mark.parametrize("name", sorted(FILES.alerts))
def test_an_alert_has_all_that_the_service_requires(name: str) -> None:
    alert = FILES.alerts[name]
    configuration = alert["configuration"]

    assert alert.keys() >= {"name", "displayName", "configuration", "schedule"}
    assert 1 <= len(alert["displayName"]) <= 64
    assert configuration.keys() >= {
        *("autoAnnotation", "groupConfiguration", "noDataFire", "queryList", "sendResolved"),
        *("severityConfigurations", "threshold", "version"),
    }
    for query in configuration["queryList"]:
        assert query.keys() >= {
            *("end", "project", "query", "region", "start", "store", "storeType", "timeSpanType")
        }


# --- what is really logged -------------------------------------------------------------------


def logged() -> dict[str, set[str]]:
    """Every event of the code, with the names of the fields of its calls of log_event."""
    found: dict[str, set[str]] = {}
    for file in sorted(ROOT.glob("shared/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id not in ("log_event", "log_surprise") or not node.args:
                continue
            (event, *_) = node.args
            if not isinstance(event, ast.Name) or event.id not in EVENTS:
                assert file.name == "logs.py", f"{file}: an event without a name of its own"
                continue
            names = {word.arg for word in node.keywords if word.arg} - {"level"}
            if node.func.id == "log_surprise":
                names |= {"error_type", "stack"}
            if any(word.arg is None for word in node.keywords):
                names |= summary_fields()
            found.setdefault(EVENTS[event.id], set()).update(names)
    return found


def summary_fields() -> set[str]:
    """What the functions put into the line that ends an invocation."""
    names: set[str] = set()
    for file in ("handler.py", "batch_handler.py"):
        source = (ROOT / "shared" / "fc" / file).read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "summary":
                names.add(ast.literal_eval(node.slice))
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "summary.update":
                names |= {word.arg for word in node.keywords if word.arg}
    return names


def test_the_table_of_lines_is_what_the_code_logs() -> None:
    by_formatter = {events.LIBRARY_LOGGED: {"logger"}}

    assert {name: set(fields) for name, fields in LINES.items()} == {**logged(), **by_formatter}


def test_every_event_has_a_name_and_every_name_is_used() -> None:
    assert set(EVENTS.values()) == LINES.keys()
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)+", name) for name in LINES)


def test_every_indexed_field_is_really_logged() -> None:
    ours = {name for fields in LINES.values() for name in fields} | set(EVERY_LINE)
    known = {"message", *REQUEST_METRICS, *(f"message.{name}" for name in ours)}

    assert indexed_fields(FILES.index) - known == set()


def events_in(query: Query) -> list[str]:
    return re.findall(r"message\.event: (\w+)", query.search)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_reads_only_what_its_lines_have(name: str) -> None:
    query = QUERIES[name]
    of_lines = {
        f"message.{field}"
        for event in (events_in(query) or LINES)
        for field in (*LINES[event], *EVERY_LINE)
    }

    assert fields_of(query) <= of_lines | set(REQUEST_METRICS)
    assert fields_of(query) <= indexed_fields(FILES.index)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_names_its_columns_and_bounds_its_rows(name: str) -> None:
    """SLS gives 100 rows where a statement has no limit (page "LIMIT clause")."""
    query = QUERIES[name]

    assert columns_of(query)
    assert " LIMIT " in query.sql or " GROUP BY " not in query.sql


def test_numbers_are_indexed_as_numbers() -> None:
    keys = FILES.index["keys"]["message"]["json_keys"]
    summed = {
        name
        for query in QUERIES.values()
        for name in re.findall(
            r'(?:sum|max|approx_percentile)\("message\.(\w+)"|THEN "message\.(\w+)"', query.sql
        )
        for name in name
        if name
    }

    assert {keys[name]["type"] for name in summed} == {"long", "double"}
    assert all(key["doc_value"] for key in keys.values())
