"""The log project and what is in it, by Simple Log Service 2020-12-30 through the official SDK.

The SDK's models drop keys that they do not know without a word; such a key would be missing for
ever, so it is refused. A project is the first label of the host, which only a real name server
knows: an endpoint of one's own is therefore also named as the proxy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from alibabacloud_sls20201230 import models
from alibabacloud_sls20201230.client import Client

from infra.foundation.model import Attributes, FoundationFailed, Json, Resource
from infra.foundation.openapi import answer, openapi_config
from infra.foundation.settings import Settings

_MISSING = (
    "ProjectNotExist",
    "LogStoreNotExist",
    "IndexConfigNotExist",
    "DashboardNotExist",
    "JobNotExist",
    "AlertNotExist",
)
_NOT_OURS = ("Unauthorized", "ProjectForbidden")
_PERHAPS = "or that name is another account's: then set SESAME_LOG_PROJECT, also for s.yaml"
_SHARDS = 2  # of 5 MB/s each for writes; the store splits them itself
_SHARDS_MAX = 16


def sls_client(settings: Settings) -> Any:  # untyped SDK
    """A client for the hosts below."""
    config = openapi_config(settings, settings.sls_endpoint)
    if settings.sls_endpoint.startswith("http://"):
        config.http_proxy = settings.sls_endpoint
    return Client(config)


class SlsProjects:
    """Implements Host for log projects, of which nothing but their being is asked."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """GetProject. Inferred: that another account's project is refused in the same words as one
        that these credentials have no right to.
        """
        request = models.GetProjectRequest()
        try:
            found = _found(self._client.get_project_with_options, resource.name, request, {})
        except FoundationFailed as failure:
            if failure.detail in _NOT_OURS:
                raise FoundationFailed("forbidden", f"{failure.detail}, {_PERHAPS}") from None
            raise
        return None if found is None else {}

    def create(self, resource: Resource) -> None:
        """CreateProject. Names are unique in the whole cloud: name_taken is another account's."""
        request = models.CreateProjectRequest(project_name=resource.name, description="Sesame")
        answer(self._client.create_project_with_options, request, {})

    def change(self, resource: Resource, held: Attributes) -> None:
        """Nothing: no attribute is asked."""


class SlsStores:
    """Implements Host for log stores, named `project/store`: ttl_days, where 3650 is for ever."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """GetLogStore."""
        body = _found(self._client.get_log_store_with_options, *_names(resource), {})
        return None if body is None else {"ttl_days": body.ttl}

    def create(self, resource: Resource) -> None:
        """CreateLogStore."""
        project, store = _names(resource)
        request = models.CreateLogStoreRequest(
            logstore_name=store,
            ttl=resource.attributes["ttl_days"],
            shard_count=_SHARDS,
            auto_split=True,
            max_split_shard=_SHARDS_MAX,
        )
        answer(self._client.create_log_store_with_options, project, request, {})

    def change(self, resource: Resource, held: Attributes) -> None:
        """UpdateLogStore, with what it would otherwise forget as it is."""
        project, store = _names(resource)
        there = answer(self._client.get_log_store_with_options, project, store, {})
        request = models.UpdateLogStoreRequest(
            logstore_name=store,
            ttl=resource.attributes["ttl_days"],
            auto_split=there.auto_split,
            max_split_shard=there.max_split_shard,
            enable_tracking=there.enable_tracking,
            append_meta=there.append_meta,
        )
        answer(self._client.update_log_store_with_options, project, store, request, {})


class SlsIndexes:
    """Implements Host for the index of a log store, named as the store: the index's own keys."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """GetIndex."""
        body = _found(self._client.get_index_with_options, *_names(resource), {})
        return None if body is None else _plain(body)

    def create(self, resource: Resource) -> None:
        """CreateIndex."""
        project, store = _names(resource)
        index = _modelled(models.Index, resource.attributes, resource)
        request = models.CreateIndexRequest(body=index)
        answer(self._client.create_index_with_options, project, store, request, {})

    def change(self, resource: Resource, held: Attributes) -> None:
        """UpdateIndex, which replaces the whole: fields that somebody added go along."""
        project, store = _names(resource)
        kept = {name: held[name] for name in ("keys", "line", "max_text_len") if name in held}
        index = models.Index().from_map(_merged(kept, resource.attributes))
        request = models.UpdateIndexRequest(body=index)
        answer(self._client.update_index_with_options, project, store, request, {})


class SlsDashboards:
    """Implements Host for dashboards, named `project/dashboard`: the dashboard's own keys."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """GetDashboard."""
        body = _found(self._client.get_dashboard_with_options, *_names(resource), {})
        return None if body is None else _plain(body)

    def create(self, resource: Resource) -> None:
        """CreateDashboard."""
        project, _ = _names(resource)
        request = models.CreateDashboardRequest(
            body=_modelled(models.Dashboard, resource.attributes, resource)
        )
        answer(self._client.create_dashboard_with_options, project, request, {})

    def change(self, resource: Resource, held: Attributes) -> None:
        """UpdateDashboard."""
        project, name = _names(resource)
        request = _modelled(models.UpdateDashboardRequest, resource.attributes, resource)
        answer(self._client.update_dashboard_with_options, project, name, request, {})


class SlsAlerts:
    """Implements Host for alert rules, named `project/rule`: the rule's own keys."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """GetAlert."""
        body = _found(self._client.get_alert_with_options, *_names(resource), {})
        return None if body is None else _plain(body)

    def create(self, resource: Resource) -> None:
        """CreateAlert."""
        project, _ = _names(resource)
        request = _modelled(models.CreateAlertRequest, resource.attributes, resource)
        answer(self._client.create_alert_with_options, project, request, {})

    def change(self, resource: Resource, held: Attributes) -> None:
        """UpdateAlert; its name is in the path alone."""
        project, name = _names(resource)
        wanted = {key: each for key, each in resource.attributes.items() if key != "name"}
        request = _modelled(models.UpdateAlertRequest, wanted, resource)
        answer(self._client.update_alert_with_options, project, name, request, {})


def _names(resource: Resource) -> tuple[str, str]:
    project, _, name = resource.name.partition("/")
    return project, name


def _found(call: Callable[..., Any], *arguments: object) -> Any:  # untyped SDK
    try:
        return answer(call, *arguments)
    except FoundationFailed as failure:
        if failure.detail in _MISSING:
            return None
        raise


def _modelled(model: Any, attributes: Attributes, resource: Resource) -> Any:  # untyped SDK
    """The SDK's model of what is wanted. Raises FoundationFailed for a key that it would drop."""
    made = model().from_map(attributes)
    unknown = _unknown(attributes, _plain(made), "")
    if unknown:
        raise FoundationFailed("file_unusable", f"{resource.name} {unknown}")
    return made


def _unknown(wanted: Json, kept: Json, path: str) -> str:
    if isinstance(wanted, Mapping):
        for key, each in wanted.items():
            if not isinstance(kept, Mapping) or key not in kept:
                return f"{path}.{key}".lstrip(".")
            inner = _unknown(each, kept[key], f"{path}.{key}")
            if inner:
                return inner
    elif isinstance(wanted, (list, tuple)) and isinstance(kept, (list, tuple)):
        for number, (each, other) in enumerate(zip(wanted, kept, strict=True)):
            inner = _unknown(each, other, f"{path}.{number}")
            if inner:
                return inner
    return ""


def _merged(held: Json, wanted: Json) -> Any:
    if not isinstance(held, Mapping) or not isinstance(wanted, Mapping):
        return wanted
    return {
        **held,
        **{key: _merged(held.get(key), each) for key, each in wanted.items()},
    }


def _plain(body: Any) -> Attributes:  # untyped SDK
    return cast("Attributes", body.to_map())
