"""CreateCustomDomain and its like. The gateway serves a domain to requests whose `Host` it is;
certificates are kept and not used, as the gateway speaks no TLS.
"""

from __future__ import annotations

import re

from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.fcapi.calls import Call, page
from infra.localcloud.fcapi.checks import check_qualifier
from infra.localcloud.fcapi.deployment import Deployment
from infra.localcloud.fcapi.errors import FcRefused, invalid, json_reply
from infra.localcloud.fcapi.records import Document

_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9-]+(\.[a-z0-9-]+)+", re.ASCII)
_PATH = re.compile(r"/[^*]*|/(?:[^*]*/)?\*")
_PROTOCOLS = ("HTTP", "HTTPS", "HTTP,HTTPS")
_SETTINGS = (
    *("protocol", "routeConfig", "certConfig", "tlsConfig", "authConfig", "wafConfig"),
    "corsConfig",
)


class DomainOperations:
    """The operations on custom domains."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment
        self._records = deployment.records

    async def create_custom_domain(self, call: Call) -> WireAnswer:
        """Serve a domain."""
        asked = call.body()
        name = str(asked.get("domainName", "")).lower()
        if not _NAME.fullmatch(name):
            raise invalid("domainName is not a domain name")
        if name in self._records.domains():
            raise FcRefused("DomainNameAlreadyExists", f"domain name '{name}' already exists")
        now = self._deployment.home.now()
        return self._keep(
            name,
            {
                "domainName": name,
                "accountId": self._deployment.home.account_id,
                "apiVersion": "2023-03-30",
                "createdTime": now,
                "lastModifiedTime": now,
                "protocol": "HTTP",
                "routeConfig": {"routes": []},
                **_settings(asked),
            },
        )

    async def get_custom_domain(self, call: Call) -> WireAnswer:
        """One domain."""
        return json_reply(200, self._find(call))

    async def list_custom_domains(self, call: Call) -> WireAnswer:
        """A page of all domains."""
        domains, token = page(sorted(self._records.domains().items()), call)
        return json_reply(200, {"customDomains": domains, **token})

    async def update_custom_domain(self, call: Call) -> WireAnswer:
        """Change what the request names."""
        domain, asked = self._find(call), _settings(call.body())
        now = self._deployment.home.now()
        return self._keep(
            call.path["domainName"].lower(), {**domain, **asked, "lastModifiedTime": now}
        )

    async def delete_custom_domain(self, call: Call) -> WireAnswer:
        """Serve it no more."""
        self._find(call)
        self._deployment.put_domain(call.path["domainName"].lower(), None)
        return WireAnswer(204)

    def _find(self, call: Call) -> Document:
        name = call.path["domainName"].lower()
        domain = self._records.domains().get(name)
        if domain is None:
            raise FcRefused("DomainNameNotFound", f"domain name '{name}' does not exist")
        return domain

    def _keep(self, name: str, domain: Document) -> WireAnswer:
        if domain["protocol"] not in _PROTOCOLS:
            raise invalid(f"protocol must be one of {', '.join(_PROTOCOLS)}")
        self._check_routes(domain["routeConfig"])
        self._deployment.put_domain(name, domain)
        return json_reply(200, domain)

    def _check_routes(self, config: object) -> None:
        routes = config.get("routes") if isinstance(config, dict) else None
        if routes is not None and not isinstance(routes, list):
            raise invalid("routeConfig.routes is not a list")
        seen: set[object] = set()
        for route in routes or []:
            path = route.get("path") if isinstance(route, dict) else None
            if not isinstance(path, str) or not _PATH.fullmatch(path):
                raise invalid("routeConfig: a path must be such as /v1/otp or /v1/*")
            if path in seen:
                raise invalid(f"routeConfig: the path {path} stands there twice")
            seen.add(path)
            self._records.get(str(route.get("functionName", "")))
            check_qualifier(str(route.get("qualifier") or ""))


def _settings(asked: Document) -> Document:
    return {key: asked[key] for key in _SETTINGS if asked.get(key) is not None}
