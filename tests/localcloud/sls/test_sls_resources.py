"""Projects, log stores, indexes, dashboards, alerts and saved searches, through the SDK."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_sls20201230 import models
from Tea.exceptions import TeaException

from infra.localcloud.core.faults import Fault
from infra.localcloud.core.identities import ACCOUNT_ID
from tests.localcloud.sls.running import INDEX, PROJECT, STORE, RunningSls, code_of

Chart = models.Chart(
    title="sends",
    type="table",
    search={"logstore": STORE, "query": "* | select count(*)", "start": "-1h", "end": "now"},
    display={"xPos": 0, "yPos": 0, "width": 5, "height": 5, "displayName": "Sends"},
)
ALERT: dict[str, Any] = {
    "name": "spike",
    "displayName": "Spike",
    "schedule": {"type": "FixedRate", "interval": "5m"},
    "configuration": {
        "version": "2.0",
        "type": "default",
        "threshold": 1,
        "queryList": [{"store": STORE, "query": "* | select count(*) as n", "storeType": "log"}],
    },
}


def refused(call: Callable[..., object], *arguments: object) -> tuple[str, int]:
    with pytest.raises(TeaException) as caught:
        call(*arguments)
    return code_of(caught.value)


def alert(**changes: object) -> models.CreateAlertRequest:
    return models.CreateAlertRequest().from_map({**ALERT, **changes})


def dashboard(name: str = "sending") -> models.Dashboard:
    return models.Dashboard(dashboard_name=name, display_name="Sending", charts=[Chart])


def test_project_lives_from_create_to_delete(sls: RunningSls) -> None:
    client = sls.client()
    request = models.CreateProjectRequest(project_name=PROJECT, description="one")
    assert client.create_project(request).status_code == 200

    project = client.get_project(PROJECT, models.GetProjectRequest()).body
    assert (project.project_name, project.description) == (PROJECT, "one")
    assert (project.status, project.region, project.owner) == ("Normal", "cn-hangzhou", ACCOUNT_ID)

    client.update_project(PROJECT, models.UpdateProjectRequest(description="two"))
    assert client.get_project(PROJECT, models.GetProjectRequest()).body.description == "two"

    listed = client.list_project(models.ListProjectRequest(project_name="esam")).body
    assert [(p.project_name, p.description) for p in listed.projects] == [(PROJECT, "two")]
    assert client.list_project(models.ListProjectRequest(project_name="other")).body.total == 0

    client.delete_project(PROJECT, models.DeleteProjectRequest())
    found = refused(client.get_project, PROJECT, models.GetProjectRequest())
    assert found == ("ProjectNotExist", 404)


def test_project_refuses_a_taken_or_wrong_name(sls: RunningSls) -> None:
    client = sls.with_store()
    again = models.CreateProjectRequest(project_name=PROJECT, description="")
    assert refused(client.create_project, again) == ("ProjectAlreadyExist", 400)
    for name in ("ab", "Sesame", "-sesame", "sesame_dev", "s" * 64):
        request = models.CreateProjectRequest(project_name=name, description="")
        assert refused(client.create_project, request) == ("ParameterInvalid", 400)


def test_deleted_project_takes_everything_along(sls: RunningSls) -> None:
    client = sls.with_store()
    client.delete_project(PROJECT, models.DeleteProjectRequest())
    client.create_project(models.CreateProjectRequest(project_name=PROJECT, description=""))
    assert client.list_log_stores(PROJECT, models.ListLogStoresRequest()).body.logstores == []
    assert refused(client.get_index, PROJECT, STORE) == ("LogStoreNotExist", 404)


def test_log_store_lives_from_create_to_delete(sls: RunningSls) -> None:
    client = sls.with_store(None)
    store = client.get_log_store(PROJECT, STORE).body
    assert (store.logstore_name, store.ttl, store.shard_count) == (STORE, 30, 2)
    assert (store.auto_split, store.enable_tracking, store.mode) == (False, False, "standard")

    change = models.UpdateLogStoreRequest(
        logstore_name=STORE, ttl=3650, shard_count=9, auto_split=True, max_split_shard=8
    )
    client.update_log_store(PROJECT, STORE, change)
    store = client.get_log_store(PROJECT, STORE).body
    assert (store.ttl, store.auto_split, store.max_split_shard) == (3650, True, 8)
    assert store.shard_count == 2

    listed = client.list_log_stores(PROJECT, models.ListLogStoresRequest()).body
    assert (listed.logstores, listed.count, listed.total) == ([STORE], 1, 1)
    client.delete_log_store(PROJECT, STORE)
    assert refused(client.get_log_store, PROJECT, STORE) == ("LogStoreNotExist", 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"logstore_name": "Functions"},
        {"logstore_name": "_x"},
        {"ttl": 0},
        {"ttl": 3001},
        {"shard_count": 0},
        {"auto_split": True},
        {"mode": "cheap"},
    ],
)
def test_log_store_refuses_wrong_settings(sls: RunningSls, wrong: dict[str, Any]) -> None:
    client = sls.with_store()
    good = {"logstore_name": "another", "ttl": 7, "shard_count": 1}
    request = models.CreateLogStoreRequest(**{**good, **wrong})
    assert refused(client.create_log_store, PROJECT, request) == ("LogStoreInfoInvalid", 400)


def test_log_store_refuses_a_taken_name_and_a_missing_project(sls: RunningSls) -> None:
    client = sls.with_store()
    request = models.CreateLogStoreRequest(logstore_name=STORE, ttl=7, shard_count=1)
    assert refused(client.create_log_store, PROJECT, request) == ("LogStoreAlreadyExist", 400)
    assert refused(client.create_log_store, "no-such", request) == ("ProjectNotExist", 404)


def test_index_is_read_as_it_was_written(sls: RunningSls) -> None:
    client = sls.with_store(None)
    assert refused(client.get_index, PROJECT, STORE) == ("IndexConfigNotExist", 400)
    wanted = models.Index().from_map(INDEX)
    client.create_index(PROJECT, STORE, models.CreateIndexRequest(body=wanted))

    body = client.get_index(PROJECT, STORE).body.to_map()
    assert {"keys": body["keys"], "line": body["line"]} == wanted.to_map()
    again = models.CreateIndexRequest(body=wanted)
    assert refused(client.create_index, PROJECT, STORE, again) == ("IndexAlreadyExist", 400)

    smaller = models.Index().from_map({"keys": {"status": {"type": "long"}}})
    client.update_index(PROJECT, STORE, models.UpdateIndexRequest(body=smaller))
    assert list(client.get_index(PROJECT, STORE).body.keys) == ["status"]
    client.delete_index(PROJECT, STORE)
    assert refused(client.delete_index, PROJECT, STORE) == ("IndexConfigNotExist", 400)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"keys": {"status": {"type": "number"}}},
        {"keys": {"method": {"type": "text"}}},
        {"keys": {"m": {"type": "json", "token": [], "json_keys": {"a": {"type": "json"}}}}},
        {"line": {"caseSensitive": True}},
        {"line": {"token": [" "], "include_keys": ["a"], "exclude_keys": ["b"]}},
    ],
)
def test_index_refuses_what_lacks_a_field(sls: RunningSls, wrong: dict[str, Any]) -> None:
    client = sls.with_store(None)
    request = models.CreateIndexRequest(body=models.Index().from_map(wrong))
    assert refused(client.create_index, PROJECT, STORE, request) == ("IndexInfoInvalid", 400)


def test_dashboard_lives_from_create_to_delete(sls: RunningSls) -> None:
    client = sls.with_store()
    create = models.CreateDashboardRequest(body=dashboard())
    client.create_dashboard(PROJECT, create)
    assert refused(client.create_dashboard, PROJECT, create) == ("DashboardAlreadyExist", 400)
    assert client.get_dashboard(PROJECT, "sending").body.to_map() == dashboard().to_map()

    change = models.UpdateDashboardRequest().from_map(
        {**dashboard().to_map(), "displayName": "Sent", "charts": []}
    )
    client.update_dashboard(PROJECT, "sending", change)
    listed = client.list_dashboard(PROJECT, models.ListDashboardRequest()).body
    assert listed.dashboards == ["sending"]
    assert listed.dashboard_items[0].display_name == "Sent"
    client.delete_dashboard(PROJECT, "sending")
    assert refused(client.get_dashboard, PROJECT, "sending") == ("DashboardNotExist", 404)


def test_dashboard_refuses_a_chart_without_a_search(sls: RunningSls) -> None:
    client = sls.with_store()
    board = dashboard()
    board.charts = [models.Chart(title="t", type="table", display={})]
    request = models.CreateDashboardRequest(body=board)
    assert refused(client.create_dashboard, PROJECT, request) == ("ParameterInvalid", 400)


def test_alert_lives_from_create_to_delete(sls: RunningSls) -> None:
    client = sls.with_store()
    client.create_alert(PROJECT, alert())
    assert refused(client.create_alert, PROJECT, alert()) == ("JobAlreadyExist", 400)
    found = client.get_alert(PROJECT, "spike").body
    assert found.status == "ENABLED"
    assert found.configuration.to_map() == alert().configuration.to_map()

    client.disable_alert(PROJECT, "spike")
    kept = {key: value for key, value in ALERT.items() if key != "name"}
    change = models.UpdateAlertRequest().from_map({**kept, "displayName": "Peak"})
    client.update_alert(PROJECT, "spike", change)
    found = client.get_alert(PROJECT, "spike").body
    assert (found.name, found.display_name, found.status) == ("spike", "Peak", "DISABLED")

    client.enable_alert(PROJECT, "spike")
    listed = client.list_alerts(PROJECT, models.ListAlertsRequest(logstore=STORE)).body
    assert [(one.name, one.status) for one in listed.results] == [("spike", "ENABLED")]
    assert client.list_alerts(PROJECT, models.ListAlertsRequest(logstore="other")).body.total == 0
    client.delete_alert(PROJECT, "spike")
    assert refused(client.enable_alert, PROJECT, "spike") == ("JobNotExist", 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"schedule": None},
        {"schedule": {"type": "Sometimes"}},
        {"configuration": {"queryList": []}},
        {"displayName": ""},
        {"name": "no blanks"},
    ],
)
def test_alert_refuses_what_lacks_a_part(sls: RunningSls, wrong: dict[str, Any]) -> None:
    client = sls.with_store()
    assert refused(client.create_alert, PROJECT, alert(**wrong)) == ("ParameterInvalid", 400)


def test_saved_search_lives_from_create_to_delete(sls: RunningSls) -> None:
    client = sls.with_store()
    body = {"savedsearchName": "errors", "displayName": "E", "logstore": STORE, "searchQuery": "e"}
    request = models.CreateSavedSearchRequest().from_map(body)
    client.create_saved_search(PROJECT, request)
    assert client.get_saved_search(PROJECT, "errors").body.search_query == "e"
    listed = client.list_saved_search(PROJECT, models.ListSavedSearchRequest()).body
    assert (listed.total, listed.savedsearch_items[0].savedsearch_name) == (1, "errors")
    client.delete_saved_search(PROJECT, "errors")
    assert refused(client.get_saved_search, PROJECT, "errors") == ("SavedSearchNotExist", 404)


def test_restart_keeps_everything(start: Callable[..., RunningSls], tmp_path: Path) -> None:
    first = start(tmp_path)
    first.with_store().create_alert(PROJECT, alert())
    first.stop()

    client = start(tmp_path).client()
    assert client.get_alert(PROJECT, "spike").body.status == "ENABLED"
    assert client.get_log_store(PROJECT, STORE).body.ttl == 30
    assert list(client.get_index(PROJECT, STORE).body.keys) == list(INDEX["keys"])


def test_fault_plays_a_project_that_is_not_there_yet(sls: RunningSls) -> None:
    client = sls.with_store()
    sls.cloud.faults.add(Fault("sls", "CreateLogStore", "error:ProjectNotExist", 2))
    request = models.CreateLogStoreRequest(logstore_name="audit", ttl=7, shard_count=1)
    for _ in range(2):
        assert refused(client.create_log_store, PROJECT, request) == ("ProjectNotExist", 404)
    client.create_log_store(PROJECT, request)
    assert client.get_log_store(PROJECT, "audit").body.ttl == 7


def test_reset_forgets_everything(sls: RunningSls) -> None:
    client = sls.with_store()
    sls.service.reset()
    assert client.list_project(models.ListProjectRequest()).body.total == 0
