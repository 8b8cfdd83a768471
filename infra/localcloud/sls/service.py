"""Simple Log Service 2020-12-30 on the wire, and a door for what runs inside the cloud.

How a client reaches it without DNS stands in routes.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.signatures import function_behind
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.sls.authorization import key_id_of, verify
from infra.localcloud.sls.boards import ALERT, DASHBOARD, SAVED_SEARCH, Boards
from infra.localcloud.sls.calls import Call, error_answer
from infra.localcloud.sls.errors import ERRORS, SlsRefused, not_here
from infra.localcloud.sls.logs import Logs
from infra.localcloud.sls.permissions import authorize
from infra.localcloud.sls.records import Log
from infra.localcloud.sls.resources import Resources
from infra.localcloud.sls.routes import read_target, route
from infra.localcloud.sls.store import Kind, LogDatabase

Handler = Callable[[Call], WireAnswer]


class SlsService:
    """The log service of one cloud."""

    name = "sls"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        folder = cloud.folder(self.name)
        self._database = LogDatabase(folder / "sls.db" if folder else None, cloud.clock)
        resources = Resources(self._database, cloud.access.region)
        self._handlers = {
            **_resource_handlers(resources),
            **_board_handlers(Boards(self._database, resources)),
            **_log_handlers(Logs(self._database, resources, cloud.clock)),
        }

    def put(self, project: str, store: str, logs: Iterable[Log]) -> bool:
        """Write logs as the platform itself does, unsigned. False, and nothing written, if there
        is no such log store.
        """
        if self._database.find(project, "logstore", store) is None:
            return False
        self._database.append(project, store, logs)
        return True

    def ensure(
        self,
        project: str,
        store: str,
        *,
        ttl_days: int,
        index: Mapping[str, object],
        dashboards: Mapping[str, Mapping[str, object]],
        alerts: Mapping[str, Mapping[str, object]],
    ) -> None:
        """Have a log store with its index, dashboards and alerts, as if an operator had made them;
        what is there stays.
        """
        wanted: list[tuple[Kind, str, Mapping[str, object]]] = [
            ("project", project, {"projectName": project}),
            ("logstore", store, {"logstoreName": store, "ttl": ttl_days, "shardCount": 2}),
            ("index", store, index),
            *(("dashboard", name, body) for name, body in dashboards.items()),
            *(("alert", name, body) for name, body in alerts.items()),
        ]
        for kind, name, body in wanted:
            if self._database.find(project, kind, name) is None:
                self._database.write(project, kind, name, dict(body))

    def operation(self, request: WireRequest) -> str:
        """The operation that method, host, path and query mean."""
        try:
            return route(request.method, read_target(request)).operation
        except SlsRefused:
            return "?"

    def caller(self, request: WireRequest) -> str:
        """The function whose session the Authorization header names."""
        return function_behind(self._cloud.identities, key_id_of(request))

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The error in the service's form; a code that is not in the table is a 400."""
        return _refusal(SlsRefused(code))

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check, carry out, answer."""
        try:
            target = read_target(request)
            signer = verify(request, target, self._cloud)
            call = Call(request, target, route(request.method, target))
            handler = self._handlers.get(call.route.operation)
            if handler is None:
                raise not_here(f"{request.method} {target.path}")
            authorize(call, signer, self._cloud.access)
            return handler(call)
        except SlsRefused as refused:
            return _refusal(refused)

    def reset(self) -> None:
        """Forget everything."""
        self._database.clear()

    def close(self) -> None:
        """Close the database."""
        self._database.close()


def _resource_handlers(resources: Resources) -> Mapping[str, Handler]:
    return {
        "CreateProject": resources.create_project,
        "GetProject": resources.get_project,
        "ListProject": resources.list_project,
        "UpdateProject": resources.update_project,
        "DeleteProject": resources.delete_project,
        "CreateLogStore": resources.create_log_store,
        "GetLogStore": resources.get_log_store,
        "ListLogStores": resources.list_log_stores,
        "UpdateLogStore": resources.update_log_store,
        "DeleteLogStore": resources.delete_log_store,
        "CreateIndex": resources.create_index,
        "GetIndex": resources.get_index,
        "UpdateIndex": resources.update_index,
        "DeleteIndex": resources.delete_index,
    }


def _board_handlers(boards: Boards) -> Mapping[str, Handler]:
    handlers: dict[str, Handler] = {
        "ListDashboard": boards.list_dashboard,
        "ListAlerts": boards.list_alerts,
        "ListSavedSearch": boards.list_saved_search,
        "EnableAlert": boards.enable_alert,
        "DisableAlert": boards.disable_alert,
    }
    for noun, sort in (("Dashboard", DASHBOARD), ("Alert", ALERT), ("SavedSearch", SAVED_SEARCH)):
        handlers[f"Create{noun}"] = partial(boards.create, sort)
        handlers[f"Get{noun}"] = partial(boards.get, sort)
        handlers[f"Update{noun}"] = partial(boards.update, sort)
        handlers[f"Delete{noun}"] = partial(boards.delete, sort)
    return handlers


def _log_handlers(logs: Logs) -> Mapping[str, Handler]:
    return {
        "PutLogs": logs.put_logs,
        "GetLogsV2": logs.get_logs,
        "GetHistograms": logs.get_histograms,
    }


def _refusal(refused: SlsRefused) -> WireAnswer:
    status, text = ERRORS.get(refused.code, (400, "The request was refused."))
    return error_answer(status, refused.code, refused.message or text)
