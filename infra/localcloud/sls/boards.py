"""Dashboards, alerts and saved searches: documents of a project that are kept as they were sent.

Nothing here draws a dashboard or evaluates an alert; what they ask, GetLogs answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.sls.calls import Call, done, json_answer, text_of
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.resources import Resources
from infra.localcloud.sls.store import Body, Document, Kind, LogDatabase

ENABLED, DISABLED = "ENABLED", "DISABLED"
_NAME = re.compile(r"[A-Za-z0-9_-]{2,127}")  # inferred: the pages name no rule for all three
_SCHEDULES = ("FixedRate", "Cron", "Hourly", "Daily", "Weekly")


@dataclass(frozen=True, slots=True)
class Sort:
    """One kind of document. key: where its name stands in the body. error: the codes' beginning."""

    kind: Kind
    key: str
    error: str
    check: Callable[[Body], None]


class Boards:
    """The operations on them in one database."""

    def __init__(self, database: LogDatabase, resources: Resources) -> None:
        self._database = database
        self._resources = resources

    def create(self, sort: Sort, call: Call) -> WireAnswer:
        """Create one under a new name."""
        project, body = self._resources.project(call), call.body()
        name = text_of(body, sort.key)
        if not _NAME.fullmatch(name):
            raise SlsRefused("ParameterInvalid", f"{sort.key} is invalid")
        sort.check(body)
        if self._database.find(project.name, sort.kind, name) is not None:
            raise SlsRefused(f"{sort.error}AlreadyExist", f"{sort.kind} {name} already exists")
        if sort.kind == "alert":
            body["status"] = ENABLED
        self._database.write(project.name, sort.kind, name, body)
        return done()

    def get(self, sort: Sort, call: Call) -> WireAnswer:
        """One by its name."""
        return json_answer(_described(sort, self._find(sort, call)))

    def update(self, sort: Sort, call: Call) -> WireAnswer:
        """Replace one whole. An alert stays enabled or disabled."""
        found, body = self._find(sort, call), call.body()
        if body.get(sort.key, found.name) != found.name:
            raise SlsRefused("ParameterInvalid", f"{sort.key} does not match the path")
        sort.check(body)
        kept = {sort.key: found.name}
        if sort.kind == "alert":
            # One that was there from the start has no status yet.
            kept["status"] = str(found.body.get("status", ENABLED))
        self._database.write(call.project, sort.kind, found.name, {**body, **kept})
        return done()

    def delete(self, sort: Sort, call: Call) -> WireAnswer:
        """Remove one."""
        self._database.delete(call.project, sort.kind, self._find(sort, call).name)
        return done()

    def list_dashboard(self, call: Call) -> WireAnswer:
        """ListDashboard."""
        page, _ = self._page(DASHBOARD, call)
        keys = ("dashboardName", "displayName", "description")
        items = [{key: one.body.get(key, "") for key in keys} for one in page]
        return json_answer({"dashboards": [one.name for one in page], "dashboardItems": items})

    def list_alerts(self, call: Call) -> WireAnswer:
        """ListAlerts, whole. `logstore` keeps those that ask this log store."""
        page, total = self._page(ALERT, call)
        results = [_described(ALERT, one) for one in page]
        return json_answer({"count": len(results), "total": total, "results": results})

    def list_saved_search(self, call: Call) -> WireAnswer:
        """ListSavedSearch."""
        page, total = self._page(SAVED_SEARCH, call)
        items = [one.body for one in page]
        return json_answer({"count": len(items), "total": total, "savedsearchItems": items})

    def enable_alert(self, call: Call) -> WireAnswer:
        """EnableAlert."""
        return self._set_status(call, ENABLED)

    def disable_alert(self, call: Call) -> WireAnswer:
        """DisableAlert."""
        return self._set_status(call, DISABLED)

    def _set_status(self, call: Call, status: str) -> WireAnswer:
        found = self._find(ALERT, call)
        self._database.write(call.project, "alert", found.name, {**found.body, "status": status})
        return done()

    def _find(self, sort: Sort, call: Call) -> Document:
        project = self._resources.project(call)
        found = self._database.find(project.name, sort.kind, call.route.name)
        if found is None:
            raise SlsRefused(
                f"{sort.error}NotExist", f"{sort.kind} {call.route.name} does not exist"
            )
        return found

    def _page(self, sort: Sort, call: Call) -> tuple[list[Document], int]:
        project, query = self._resources.project(call), call.target.query
        offset, size = call.page(size=500)
        found = [
            one
            for one in self._database.list_of(project.name, sort.kind)
            if query.get(sort.key, "") in one.name
            and ("logstore" not in query or query["logstore"] in _stores(one.body))
        ]
        return found[offset : offset + size], len(found)


def _described(sort: Sort, found: Document) -> Mapping[str, object]:
    if sort.kind != "alert":
        return found.body
    times = {"createTime": int(found.created_at), "lastModifiedTime": int(found.modified_at)}
    return {**found.body, **times}


def _stores(body: Body) -> list[object]:
    configuration = body.get("configuration")
    queries = configuration.get("queryList") if isinstance(configuration, dict) else None
    return [one.get("store") for one in queries or [] if isinstance(one, dict)]


def _check_dashboard(body: Body) -> None:
    text_of(body, "displayName")
    charts = body.get("charts")
    if not isinstance(charts, list):
        raise SlsRefused("ParameterInvalid", "charts is missing or not an array")
    for chart in charts:
        if not isinstance(chart, dict):
            raise SlsRefused("ParameterInvalid", "a chart is not an object")
        text_of(chart, "title")
        text_of(chart, "type")
        for part in ("search", "display"):
            if not isinstance(chart.get(part), dict):
                raise SlsRefused("ParameterInvalid", f"{part} of a chart is missing")


def _check_alert(body: Body) -> None:
    text_of(body, "displayName")
    configuration, schedule = body.get("configuration"), body.get("schedule")
    if not isinstance(configuration, dict) or not isinstance(schedule, dict):
        raise SlsRefused("ParameterInvalid", "configuration or schedule is missing")
    if schedule.get("type") not in _SCHEDULES:
        raise SlsRefused("ParameterInvalid", "type of schedule is invalid")
    queries = configuration.get("queryList")
    if not isinstance(queries, list) or not 1 <= len(queries) <= 3:
        raise SlsRefused("ParameterInvalid", "queryList must hold 1 to 3 queries")
    for query in queries:
        if not isinstance(query, dict):
            raise SlsRefused("ParameterInvalid", "a query is not an object")
        text_of(query, "query")


def _check_saved_search(body: Body) -> None:
    for name in ("displayName", "logstore", "searchQuery"):
        text_of(body, name)


DASHBOARD = Sort("dashboard", "dashboardName", "Dashboard", _check_dashboard)
ALERT = Sort("alert", "name", "Job", _check_alert)
SAVED_SEARCH = Sort("savedsearch", "savedsearchName", "SavedSearch", _check_saved_search)
