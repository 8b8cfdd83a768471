"""Projects, log stores and indexes: making, reading, changing and removing them.

A new project answers at once. The real one takes some seconds; the fault
`{"service": "sls", "operation": "CreateLogStore", "kind": "error:ProjectNotExist", "times": 3}`
plays that.
"""

from __future__ import annotations

import re
import time

from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.sls.calls import Call, done, json_answer, text_of
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.index import read_index
from infra.localcloud.sls.store import FOREVER_DAYS, Document, LogDatabase

STORES_PER_PROJECT = 200
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_STORE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]")
_STORE_KEYS = (
    "appendMeta",
    "autoSplit",
    "enableModify",
    "enable_tracking",
    "encrypt_conf",
    "hot_ttl",
    "infrequentAccessTTL",
    "logstoreName",
    "maxSplitShard",
    "mode",
    "processorId",
    "resourceGroupId",
    "shardCount",
    "shardingPolicy",
    "telemetryType",
    "ttl",
)
_MODES = ("standard", "query", "lite")


class Resources:
    """The operations on projects and log stores of one database."""

    def __init__(self, database: LogDatabase, region: str) -> None:
        self._database = database
        self._region = region

    def create_project(self, call: Call) -> WireAnswer:
        """CreateProject. Names are unique in a region, over all accounts."""
        body = call.body()
        name = text_of(body, "projectName")
        if not _PROJECT_NAME.fullmatch(name):
            raise SlsRefused("ParameterInvalid", f"project name {name} is invalid")
        if self._database.find(name, "project", name) is not None:
            raise SlsRefused("ProjectAlreadyExist", f"Project {name} already exist.")
        text_of(body, "description", default="")
        self._database.write(name, "project", name, body)
        return done()

    def get_project(self, call: Call) -> WireAnswer:
        """GetProject."""
        return json_answer(self._described(self.project(call)))

    def list_project(self, call: Call) -> WireAnswer:
        """ListProject, of which `projectName` filters by a part of the name."""
        wanted = call.target.query.get("projectName", "")
        offset, size = call.page(size=100)
        found = [document for document in self._database.projects() if wanted in document.name]
        page = [self._described(document) for document in found[offset : offset + size]]
        return json_answer({"count": len(page), "total": len(found), "projects": page})

    def update_project(self, call: Call) -> WireAnswer:
        """UpdateProject: the description and the recycle bin."""
        project, changes = self.project(call), call.body()
        text_of(changes, "description", default="")
        body = dict(project.body)
        for name in ("description", "recycleBinEnabled"):
            if name in changes:
                body[name] = changes[name]
        self._database.write(project.name, "project", project.name, body)
        return done()

    def delete_project(self, call: Call) -> WireAnswer:
        """DeleteProject, with all that is in it."""
        self._database.delete_project(self.project(call).name)
        return done()

    def create_log_store(self, call: Call) -> WireAnswer:
        """CreateLogStore."""
        project, body = self.project(call), call.body()
        name = body.get("logstoreName")
        if not isinstance(name, str) or not _STORE_NAME.fullmatch(name):
            raise SlsRefused("LogStoreInfoInvalid", f"logstore name {name} is invalid")
        _check_store(body)
        if self._database.find(project.name, "logstore", name) is not None:
            raise SlsRefused("LogStoreAlreadyExist", f"logstore {name} already exists")
        if len(self._database.list_of(project.name, "logstore")) >= STORES_PER_PROJECT:
            raise SlsRefused("ProjectQuotaExceed")
        self._database.write(project.name, "logstore", name, body)
        return done()

    def get_log_store(self, call: Call) -> WireAnswer:
        """GetLogStore."""
        store = self.store(call)
        return json_answer(
            {
                "enable_tracking": False,
                "autoSplit": False,
                "appendMeta": False,
                "mode": "standard",
                "telemetryType": "",
                "productType": "",
                **store.body,
                "createTime": int(store.created_at),
                "lastModifyTime": int(store.modified_at),
            }
        )

    def list_log_stores(self, call: Call) -> WireAnswer:
        """ListLogStores, by a part of the name and by mode."""
        project, query = self.project(call), call.target.query
        offset, size = call.page(size=200)
        found = [
            document.name
            for document in self._database.list_of(project.name, "logstore")
            if query.get("logstoreName", "") in document.name
            and query.get("mode", "") in ("", document.body.get("mode", "standard"))
        ]
        page = found[offset : offset + size]
        return json_answer({"count": len(page), "total": len(found), "logstores": page})

    def update_log_store(self, call: Call) -> WireAnswer:
        """UpdateLogStore. The number of shards stays, whatever is sent."""
        store, changes = self.store(call), call.body()
        if changes.get("logstoreName", store.name) != store.name:
            raise SlsRefused("LogStoreInfoInvalid", "logstore name does not match the path")
        body = {**store.body, **changes, "shardCount": store.body["shardCount"]}
        _check_store(body)
        self._database.write(call.project, "logstore", store.name, body)
        return done()

    def delete_log_store(self, call: Call) -> WireAnswer:
        """DeleteLogStore, with its index and logs."""
        self._database.delete_store(call.project, self.store(call).name)
        return done()

    def create_index(self, call: Call) -> WireAnswer:
        """CreateIndex. It knows the logs that come from now on."""
        store, body = self.store(call), call.body()
        if self._database.find(call.project, "index", store.name) is not None:
            raise SlsRefused("IndexAlreadyExist")
        read_index(body)
        self._database.write(call.project, "index", store.name, body)
        return done()

    def get_index(self, call: Call) -> WireAnswer:
        """GetIndex."""
        index = self.index(call)
        return json_answer(
            {
                "index_mode": "v2",
                "storage": "pg",
                "ttl": self.store(call).body["ttl"],
                "log_reduce": False,
                "max_text_len": 2048,
                **index.body,
                "lastModifyTime": int(index.modified_at),
            }
        )

    def update_index(self, call: Call) -> WireAnswer:
        """UpdateIndex. The new one replaces the old one whole."""
        index, body = self.index(call), call.body()
        read_index(body)
        self._database.write(call.project, "index", index.name, body)
        return done()

    def delete_index(self, call: Call) -> WireAnswer:
        """DeleteIndex. The logs stay, and can be found no more."""
        self._database.delete(call.project, "index", self.index(call).name)
        return done()

    def project(self, call: Call) -> Document:
        """The project that the call's host names. Raises SlsRefused."""
        project = self._database.find(call.project, "project", call.project)
        if project is None:
            raise SlsRefused("ProjectNotExist", f"The Project does not exist : {call.project}")
        return project

    def store(self, call: Call) -> Document:
        """The log store that the call's path names. Raises SlsRefused."""
        self.project(call)
        store = self._database.find(call.project, "logstore", call.route.store)
        if store is None:
            raise SlsRefused("LogStoreNotExist", f"logstore {call.route.store} does not exist")
        return store

    def index(self, call: Call) -> Document:
        """The index of that log store. Raises SlsRefused."""
        index = self._database.find(call.project, "index", self.store(call).name)
        if index is None:
            raise SlsRefused("IndexConfigNotExist")
        return index

    def _described(self, project: Document) -> dict[str, object]:
        return {
            "description": "",
            "dataRedundancyType": "LRS",
            "recycleBinEnabled": False,
            "resourceGroupId": "",
            **project.body,
            "projectName": project.name,
            "status": "Normal",
            "owner": ACCOUNT_ID,
            "region": self._region,
            "createTime": _written(project.created_at),
            "lastModifyTime": _written(project.modified_at),
        }


def _check_store(body: dict[str, object]) -> None:
    for name in body:
        if name not in _STORE_KEYS:
            raise SlsRefused("LogStoreInfoInvalid", "redundant key exist in json")
    ttl, shard_count = body.get("ttl"), body.get("shardCount")
    if not _is_within(ttl, 1, 3000) and not _is_within(ttl, FOREVER_DAYS, FOREVER_DAYS):
        raise SlsRefused("LogStoreInfoInvalid", "ttl is invalid")
    if not _is_within(shard_count, 1, 100):  # inferred: the upper bound
        raise SlsRefused("LogStoreInfoInvalid", "shardCount is invalid")
    if body.get("autoSplit") and not _is_within(body.get("maxSplitShard"), 1, 256):
        raise SlsRefused("LogStoreInfoInvalid", "maxSplitShard is invalid")
    if body.get("mode", "standard") not in _MODES:
        raise SlsRefused("LogStoreInfoInvalid", "mode is invalid")


def _is_within(value: object, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _written(at_s: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at_s))
