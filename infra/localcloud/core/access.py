"""Who may do what: the one question that every service asks about a verified caller.

The root key may do everything. A session may do what the policies of its role say, and no more
than the policy that it was assumed with. A role that RAM does not know may do everything, where
the real account has no such role: a service can be tried without writing policies first.
`strict_roles` denies such sessions. A role that was deleted may do nothing.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.conditions import Facts
from infra.localcloud.core.entities import ManagedPolicy, PolicyKey, Role
from infra.localcloud.core.identities import ACCOUNT_ID, Identity
from infra.localcloud.core.policies import (
    PrincipalKind,
    is_allowed,
    is_trusted,
    parse_policy,
    parse_trust,
)
from infra.localcloud.core.roles import RoleBook

Document = str | Mapping[str, object]
"""A policy document: its JSON, or what its JSON would say."""

FC_SERVICE = "fc.aliyuncs.com"
FC_TRUST: Mapping[str, object] = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [FC_SERVICE]}}
    ],
}
"""The trust policy of a function's role."""

DEFAULT_REGION = "cn-hangzhou"
_ROLE_ARN = re.compile(rf"acs:ram::{ACCOUNT_ID}:role/(.+)", re.ASCII | re.IGNORECASE)


class Access:
    """The rights of one account's sessions. `book` holds its roles and policies.

    region: of the resource names that policies are compared with.
    """

    def __init__(
        self,
        clock: CloudClock,
        file: Path | None = None,
        *,
        region: str = DEFAULT_REGION,
        strict_roles: bool = False,
    ) -> None:
        self.book = RoleBook(clock, file)
        self.region = region
        self.strict_roles = strict_roles
        self._clock = clock
        self._seeds: dict[str, Callable[[], Role]] = {}

    def put_role(
        self,
        name: str,
        policies: Mapping[str, Document],
        trust: Document = FC_TRUST,
        *,
        system_policies: Sequence[str] = (),
        description: str = "",
    ) -> Role:
        """Have a role with exactly these policies: its own, by name, and names of the platform's.
        `reset` goes back to it.

        Idempotent: what is there as it should be is left alone. Raises RoleBookRefused.
        """
        documents = {policy: _text(document) for policy, document in policies.items()}
        trust_text = _text(trust)

        def seed() -> Role:
            role = self._have_role(name, trust_text, description)
            wanted = [self._have_policy(each, text) for each, text in documents.items()]
            wanted += [self.book.policy("System", each) for each in system_policies]
            self._have_attached(name, {(each.kind, each.name): each for each in wanted})
            return role

        role = seed()
        self._seeds[name.lower()] = seed
        return role

    def allows(
        self,
        identity: Identity,
        action: str,
        resources: Sequence[str],
        *,
        source_ip: str,
        extra: Facts | None = None,
    ) -> bool:
        """True if a verified caller may do `action` (`ots:GetRow`) to every one of `resources`."""
        if not identity.token:
            return True
        role = self.find_role(identity.role)
        if role is None and self.is_gone(identity.role):
            return False
        limits = [] if role is None else [self.book.granted(role)]
        if identity.policy:
            limits.append((parse_policy(identity.policy),))
        if not limits:
            return True
        facts = self._facts(source_ip, extra)
        return all(
            is_allowed(policies, action, resource, facts)
            for policies in limits
            for resource in resources
        )

    def find_role(self, role: str) -> Role | None:
        """The role behind a session's role: its name, or its ARN in this account."""
        return self.book.find_role(_name_of(role))

    def is_gone(self, role: str) -> bool:
        """True for a role that RAM does not know and that may therefore do nothing: one that was
        deleted, or any if roles are strict.
        """
        return self.find_role(role) is None and (
            self.strict_roles or self.book.was_deleted(_name_of(role))
        )

    def trusts(
        self, role: Role, identity: Identity, *, source_ip: str, external_id: str = ""
    ) -> bool:
        """True if the role's trust policy lets a verified caller assume it."""
        facts = self._facts(source_ip, {"sts:ExternalId": external_id} if external_id else None)
        return is_trusted(parse_trust(role.trust), _principals(identity), facts)

    def trusts_federated(self, role: Role, provider_arn: str, facts: Facts) -> bool:
        """True if the role's trust policy lets users of that identity provider assume it."""
        principals: list[tuple[PrincipalKind, str]] = [("Federated", provider_arn)]
        return is_trusted(parse_trust(role.trust), principals, facts)

    def trusts_service(self, role: Role, service: str = FC_SERVICE) -> bool:
        """True if the role's trust policy lets that cloud service assume it."""
        return is_trusted(parse_trust(role.trust), [("Service", service)], self._facts("", None))

    def resource(self, service: str, relative: str) -> str:
        """The name of a resource of this account: `acs:ots:<region>:<account>:<relative>`."""
        return f"acs:{service}:{self.region}:{ACCOUNT_ID}:{relative}"

    def reset(self) -> None:
        """Go back to the roles that `put_role` gave."""
        self.book.clear()
        for seed in self._seeds.values():
            seed()

    def _have_role(self, name: str, trust: str, description: str) -> Role:
        role = self.book.find_role(name)
        if role is None:
            return self.book.create_role(name, trust=trust, description=description)
        if (role.trust, role.description) != (trust, description):
            return self.book.update_role(name, trust=trust, description=description)
        return role

    def _have_policy(self, name: str, document: str) -> ManagedPolicy:
        policy = self.book.find_policy("Custom", name)
        if policy is None:
            return self.book.create_policy(name, document)
        if policy.document != document:
            self.book.add_version(name, document, is_default=True, drops_oldest=True)
        return self.book.policy("Custom", name)

    def _have_attached(self, role: str, wanted: Mapping[PolicyKey, ManagedPolicy]) -> None:
        attached = {(policy.kind, policy.name): policy for policy, _ in self.book.attached(role)}
        for key in attached.keys() - wanted.keys():
            self.book.detach(attached[key], role)
        for key, policy in wanted.items():
            if key not in attached:
                self.book.attach(policy, role)

    def _facts(self, source_ip: str, extra: Facts | None) -> Facts:
        return {
            "acs:SourceIp": source_ip,
            "acs:SecureTransport": "false",  # the local cloud speaks no TLS
            "acs:CurrentTime": time.strftime(
                "%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._clock.now_s())
            ),
            **(extra or {}),
        }


def _name_of(role: str) -> str:
    match = _ROLE_ARN.fullmatch(role)
    return match[1] if match else role


def _principals(identity: Identity) -> list[tuple[PrincipalKind, str]]:
    """The names that a trust policy may know a caller by: its own, and its account's."""
    if not identity.token:
        return [("RAM", f"acs:ram::{ACCOUNT_ID}:root")]
    is_arn = identity.role.lower().startswith("acs:")
    arn = identity.role if is_arn else role_arn(identity.role)
    return [("RAM", arn), ("RAM", f"{arn.rpartition(':')[0]}:root")]


def role_arn(name: str) -> str:
    """The ARN of a role of this account."""
    return f"acs:ram::{ACCOUNT_ID}:role/{name}"


def _text(document: Document) -> str:
    return document if isinstance(document, str) else json.dumps(document, separators=(",", ":"))
