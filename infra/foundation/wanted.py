"""All that a stage stands on, in the order in which it is made."""

from __future__ import annotations

from collections.abc import Iterator

from infra.foundation.model import FoundationFailed, Json, Resource
from infra.foundation.role import LOG_STORE, LOGS_KEPT_DAYS, Role
from infra.foundation.roles import roles
from infra.foundation.settings import Settings
from infra.queues import QUEUES, TOPICS
from infra.tables import TABLES
from infra.watch.files import ACTION_POLICY, WatchFiles, WatchInvalid, load


def wanted(
    settings: Settings, account_id: str, *, files: WatchFiles | None = None
) -> list[Resource]:
    """The resources of a stage. files: those of infra/watch. Raises FoundationFailed."""
    named = roles(
        settings.stage,
        account_id,
        settings.region,
        settings.tablestore_instance,
        log_project=settings.log_project,
        secrets=settings.secrets,
    )
    return [
        *_tables(),
        *_queues(settings.stage),
        *_logs(settings.project, files or _watch_files(settings)),
        *(resource for role in named for resource in of_role(role)),
    ]


def of_role(role: Role) -> tuple[Resource, Resource, Resource]:
    """A role, its policy and their bond."""
    return (
        Resource("role", role.name, {"trust": role.trust, "description": role.description}),
        Resource("policy", role.name, {"document": role.policy}),
        Resource("attachment", f"{role.name}/{role.name}", {}),
    )


def _tables() -> Iterator[Resource]:
    for table in TABLES:
        attributes: dict[str, Json] = {
            "key": ", ".join(table.key),
            "ttl_s": table.ttl_s,
            "max_versions": table.max_versions,
        }
        yield Resource("table", table.name, attributes)


def _queues(stage: str) -> Iterator[Resource]:
    for queue in QUEUES:
        attributes: dict[str, Json] = {
            "visibility_s": queue.visibility_s,
            "retention_s": queue.retention_s,
        }
        yield Resource("queue", queue.name_in(stage), attributes)
    for topic in TOPICS:
        yield Resource("topic", f"{topic}-{stage}", {})


def _logs(project: str, files: WatchFiles) -> Iterator[Resource]:
    store = f"{project}/{LOG_STORE}"
    yield Resource("log_project", project, {})
    yield Resource("log_store", store, {"ttl_days": LOGS_KEPT_DAYS})
    yield Resource("log_index", store, files.index)
    for name, body in files.dashboards.items():
        yield Resource("dashboard", f"{project}/{name}", body)
    for name, body in files.alerts.items():
        yield Resource("alert", f"{project}/{name}", body)


def _watch_files(settings: Settings) -> WatchFiles:
    try:
        return load(
            stage=settings.stage,
            project=settings.project,
            logstore=LOG_STORE,
            region=settings.region,
            action_policy=settings.action_policy or ACTION_POLICY,
        )
    except WatchInvalid as error:
        first = str(error).partition("\n")[0]
        raise FoundationFailed("file_unusable", f"infra/watch/{first}") from error
