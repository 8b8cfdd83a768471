"""The index, dashboards and alert rules of a stage, as SLS takes them, and checked against each
other: no chart without a metric, no metric without its fields, no alert without a runbook.

The files are the bodies of CreateIndex, CreateDashboard and CreateAlert (2020-12-30). In them
`${stage}`, `${project}`, `${logstore}`, `${region}` and `${action_policy}` are filled in here, and
so are `${query.<name>}` and `${title.<name>}` from queries.py. Any other `${column}` is SLS's own,
in an alert's annotations, and must be a column of the alert's query.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.watch.queries import QUERIES, Query

FOLDER = Path(__file__).resolve().parent
RUNBOOKS = frozenset(
    {
        "approval-delay",
        "budget",
        "dead-letters",
        "falling-deliverability",
        "key-rotation",
        "otp-spike",
        "provider-outage",
        "pumping-attack",
        "restore",
    }
)
ACTION_POLICY = "sls.builtin"
"""Who is told, and how. Inferred: that every account has this one; better name your own."""
Body = Mapping[str, Any]  # Any: JSON in the shape of the API
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_COLUMN = re.compile(r" AS ([a-z_0-9]+)")
_MESSAGE_FIELD = re.compile(r"\bmessage\.([a-z_]+)")
_PLATFORM_FIELD = re.compile(r"\b(?:function|request|memory|duration|has|is)[A-Z][A-Za-z]*\b")
_CONDITION_NAME = re.compile(r"[a-z_][a-z_0-9]*")
_RUNBOOK = re.compile(r"infra/runbooks/([a-z-]+)\.md")


class WatchInvalid(ValueError):
    """Files that do not fit together; the text names each flaw."""


@dataclass(frozen=True, slots=True)
class WatchFiles:
    """What is to be there. index: body of CreateIndex. dashboards: by `dashboardName`. alerts: by
    `name`, bodies of CreateAlert.
    """

    index: Body
    dashboards: Mapping[str, Body]
    alerts: Mapping[str, Body]


def load(
    *,
    stage: str,
    project: str,
    logstore: str,
    region: str = "cn-hangzhou",
    action_policy: str = ACTION_POLICY,
    folder: Path = FOLDER,
) -> WatchFiles:
    """The files of `folder`, filled in. Raises WatchInvalid, with all that is wrong."""
    values = {
        "stage": stage,
        "project": project,
        "logstore": logstore,
        "region": region,
        "action_policy": action_policy,
        **{f"query.{name}": query.text for name, query in QUERIES.items()},
        **{f"title.{name}": query.title for name, query in QUERIES.items()},
    }
    read = {
        str(file.relative_to(folder)): json.loads(file.read_text(encoding="utf-8"))
        for pattern in ("index.json", "dashboards/*.json", "alerts/*.json")
        for file in sorted(folder.glob(pattern))
    }
    flaws = [f"{name}: {flaw}" for name, body in read.items() for flaw in _flaws(name, body)]
    flaws += list(_missing_fields(read["index.json"]))
    if flaws:
        raise WatchInvalid("\n".join(flaws))
    filled = {name: _filled(body, values) for name, body in read.items()}
    return WatchFiles(
        filled["index.json"],
        {b["dashboardName"]: b for name, b in filled.items() if name.startswith("dashboards/")},
        {b["name"]: b for name, b in filled.items() if name.startswith("alerts/")},
    )


def columns_of(query: Query) -> frozenset[str]:
    """The names of the answer's columns."""
    return frozenset(_COLUMN.findall(query.sql))


def fields_of(query: Query) -> frozenset[str]:
    """The fields that a query reads: `message.<name>` of our lines, or one of the platform's."""
    ours = {f"message.{name}" for name in _MESSAGE_FIELD.findall(query.text)}
    return frozenset(ours | set(_PLATFORM_FIELD.findall(query.text)))


def indexed_fields(index: Body) -> frozenset[str]:
    """The fields that an index opens for search and analysis."""
    keys: Mapping[str, Body] = index["keys"]
    return frozenset(
        name
        for key, body in keys.items()
        for name in (key, *(f"{key}.{inner}" for inner in body.get("json_keys", {})))
    )


def _missing_fields(index: Body) -> Iterator[str]:
    known = indexed_fields(index)
    for name, query in QUERIES.items():
        for field in sorted(fields_of(query) - known):
            yield f"queries.py: {name}: {field} is not in the index"


def _flaws(name: str, body: Body) -> Iterator[str]:
    if name.startswith("dashboards/"):
        for chart in body["charts"]:
            yield from _chart_flaws(chart)
    elif name.startswith("alerts/"):
        yield from _alert_flaws(body)


def _chart_flaws(chart: Body) -> Iterator[str]:
    query = _named_query(chart["search"]["query"])
    if query is None:
        yield f"{chart['title']}: its query is none of queries.py"
        return
    axes = {*chart["display"]["xAxis"], *chart["display"]["yAxis"]}
    for column in sorted(axes - columns_of(query)):
        yield f"{chart['title']}: {column} is no column of its query"


def _alert_flaws(alert: Body) -> Iterator[str]:
    configuration = alert["configuration"]
    columns: set[str] = set()
    for each in configuration["queryList"]:
        query = _named_query(each["query"])
        if query is None:
            yield "its query is none of queries.py"
            return
        columns |= columns_of(query)
    for severity in configuration["severityConfigurations"]:
        condition = severity["evalCondition"]["condition"]
        for column in sorted(set(_CONDITION_NAME.findall(condition)) - columns):
            yield f"{column} of its condition is no column of its query"
    annotations = {each["key"]: each["value"] for each in configuration["annotations"]}
    for text in annotations.values():
        for column in sorted(set(_PLACEHOLDER.findall(text)) - columns):
            yield f"{column} of its annotations is no column of its query"
    runbook = _RUNBOOK.fullmatch(annotations.get("runbook", ""))
    if runbook is None or runbook[1] not in RUNBOOKS:
        yield "it names no runbook"
    if alert["description"] != annotations.get("desc"):
        yield "its description is not its annotation desc"


def _named_query(text: str) -> Query | None:
    match = re.fullmatch(r"\$\{query\.([a-z_]+)\}", text)
    return QUERIES.get(match[1]) if match else None


def _filled(value: Any, values: Mapping[str, str]) -> Any:  # Any: JSON
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), value)
    if isinstance(value, Mapping):
        return {name: _filled(inner, values) for name, inner in value.items()}
    if isinstance(value, Sequence):
        return [_filled(inner, values) for inner in value]
    return value
