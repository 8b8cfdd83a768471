"""What RAM is asked before an operation: an action and the resource's name, by each page's section
"Authorization".
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.localcloud.core.access import Access
from infra.localcloud.core.identities import Identity
from infra.localcloud.sls.calls import Call
from infra.localcloud.sls.errors import SlsRefused

_ACTIONS: Mapping[str, str] = {
    "GetLogsV2": "GetLogStoreLogs",
    "GetHistograms": "GetLogStoreHistogram",
    "PutLogs": "PostLogStoreLogs",
    # An alert is a job (inferred, as its error code: the pages of alerts show no action).
    "CreateAlert": "CreateJob",
    "GetAlert": "GetJob",
    "UpdateAlert": "UpdateJob",
    "DeleteAlert": "DeleteJob",
    "ListAlerts": "ListJobs",
    "EnableAlert": "EnableJob",
    "DisableAlert": "DisableJob",
}
_COLLECTIONS: Mapping[str, str] = {
    "logstores": "logstore",
    "dashboards": "dashboard",
    "alerts": "job",
    "savedsearches": "savedsearch",
}
# What a create makes has its name in the body.
_NAMES = ("logstoreName", "dashboardName", "name", "savedsearchName")


def authorize(call: Call, signer: Identity, access: Access) -> None:
    """Refuse a session whose policies do not allow the call. Raises SlsRefused."""
    action = f"log:{_ACTIONS.get(call.route.operation, call.route.operation)}"
    resource = access.resource("log", _resource(call))
    if not access.allows(signer, action, [resource], source_ip=call.request.peer_ip):
        raise SlsRefused(
            "Unauthorized", f"denied by sts or ram, action: {action}, resource: {resource}"
        )


def _resource(call: Call) -> str:
    project = call.project or "*"
    if call.route.operation == "CreateProject":
        project = _named(call, ("projectName",))
    if not call.target.segments:
        return f"project/{project}"
    collection = _COLLECTIONS.get(call.target.segments[0], "*")
    name = call.route.store or call.route.name
    if call.route.operation.startswith("Create") and not name:
        name = _named(call, _NAMES)
    return f"project/{project}/{collection}/{name or '*'}"


def _named(call: Call, keys: tuple[str, ...]) -> str:
    body = call.body()
    names = (body.get(key) for key in keys)
    return next((name for name in names if isinstance(name, str)), "*")
