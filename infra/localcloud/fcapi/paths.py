"""Which operation a method and a path mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

_API = "/2023-03-30"
_FUNCTION = "/functions/{functionName}"
_PATHS: Mapping[str, str] = {
    "CreateFunction": "POST /functions",
    "ListFunctions": "GET /functions",
    "GetFunction": f"GET {_FUNCTION}",
    "UpdateFunction": f"PUT {_FUNCTION}",
    "DeleteFunction": f"DELETE {_FUNCTION}",
    "InvokeFunction": f"POST {_FUNCTION}/invocations",
    "CreateTrigger": f"POST {_FUNCTION}/triggers",
    "ListTriggers": f"GET {_FUNCTION}/triggers",
    "GetTrigger": f"GET {_FUNCTION}/triggers/{{triggerName}}",
    "UpdateTrigger": f"PUT {_FUNCTION}/triggers/{{triggerName}}",
    "DeleteTrigger": f"DELETE {_FUNCTION}/triggers/{{triggerName}}",
    "PutAsyncInvokeConfig": f"PUT {_FUNCTION}/async-invoke-config",
    "GetAsyncInvokeConfig": f"GET {_FUNCTION}/async-invoke-config",
    "DeleteAsyncInvokeConfig": f"DELETE {_FUNCTION}/async-invoke-config",
    "ListAsyncInvokeConfigs": "GET /async-invoke-configs",
    "PutConcurrencyConfig": f"PUT {_FUNCTION}/concurrency",
    "GetConcurrencyConfig": f"GET {_FUNCTION}/concurrency",
    "DeleteConcurrencyConfig": f"DELETE {_FUNCTION}/concurrency",
    "ListConcurrencyConfigs": "GET /concurrency-configs",
    "PutProvisionConfig": f"PUT {_FUNCTION}/provision-config",
    "GetProvisionConfig": f"GET {_FUNCTION}/provision-config",
    "DeleteProvisionConfig": f"DELETE {_FUNCTION}/provision-config",
    "ListProvisionConfigs": "GET /provision-configs",
    "PutScalingConfig": f"PUT {_FUNCTION}/scaling-config",
    "GetScalingConfig": f"GET {_FUNCTION}/scaling-config",
    "DeleteScalingConfig": f"DELETE {_FUNCTION}/scaling-config",
    "ListScalingConfigs": "GET /scaling-configs",
    "CreateVpcBinding": f"POST {_FUNCTION}/vpc-bindings",
    "DeleteVpcBinding": f"DELETE {_FUNCTION}/vpc-bindings/{{vpcId}}",
    "ListVpcBindings": f"GET {_FUNCTION}/vpc-bindings",
    "ListFunctionVersions": f"GET {_FUNCTION}/versions",
    "ListAliases": f"GET {_FUNCTION}/aliases",
    "CreateCustomDomain": "POST /custom-domains",
    "ListCustomDomains": "GET /custom-domains",
    "GetCustomDomain": "GET /custom-domains/{domainName}",
    "UpdateCustomDomain": "PUT /custom-domains/{domainName}",
    "DeleteCustomDomain": "DELETE /custom-domains/{domainName}",
}
_TEMP_BUCKET_TOKEN = "/2016-08-15/tempBucketToken"  # noqa: S105 - a path
# The official client leaves the bucket out of the path where the endpoint is an address: it would
# stand in the host's name.
_OBJECT = re.compile(r"/(?:(?P<bucket>fc-temporary-[a-z0-9-]+)/)?(?P<object>\d+/.+)")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


_PATTERNS = [
    (operation, text.split(" ")[0], _pattern(_API + text.split(" ")[1]))
    for operation, text in _PATHS.items()
]


def find_operation(method: str, path: str) -> tuple[str, Mapping[str, str]]:
    """The operation's name, and the names in its path, decoded; "?" if it is none."""
    if path == _TEMP_BUCKET_TOKEN and method == "GET":
        return "GetTempBucketToken", {}
    if method == "PUT" and (match := _OBJECT.fullmatch(path)):
        return "PutObject", _decoded(match)
    for operation, wanted, pattern in _PATTERNS:
        if method == wanted and (match := pattern.fullmatch(path)):
            return operation, _decoded(match)
    return "?", {}


def _decoded(match: re.Match[str]) -> Mapping[str, str]:
    return {name: unquote(text, errors="replace") for name, text in match.groupdict("").items()}
