"""The roles and policies of the account, kept in one file that is replaced whole.

The RAM service is its front door; the other services ask it, through `Access`, what a role may do.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, replace
from pathlib import Path

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.entities import (
    SESSION_MIN_S,
    SYSTEM,
    ManagedPolicy,
    PolicyKey,
    PolicyKind,
    PolicyVersion,
    Role,
    RoleBookRefused,
    check_document,
    check_policy_name,
    check_role,
    policy_from,
)
from infra.localcloud.core.policies import Policy, parse_policy

VERSIONS_LIMIT = 5
ATTACHED_LIMITS = {"System": 20, "Custom": 5}


class RoleBook:
    """Every role and policy, and which policies are attached to which role.

    Every change is on disk when it returns. All methods that change raise RoleBookRefused.
    """

    def __init__(self, clock: CloudClock, file: Path | None = None) -> None:
        self._clock = clock
        self._file = file
        self._roles: dict[str, Role] = {}
        self._policies: dict[str, ManagedPolicy] = {}
        self._attached: dict[str, dict[PolicyKey, float]] = {}
        self._deleted: set[str] = set()
        self._granted: dict[str, tuple[Policy, ...]] = {}
        if file is not None and file.exists():
            self._read(file)

    def find_role(self, name: str) -> Role | None:
        """The role of that name, in any case."""
        return self._roles.get(name.lower())

    def role(self, name: str) -> Role:
        """The role of that name. Raises RoleBookRefused."""
        role = self.find_role(name)
        if role is None:
            raise RoleBookRefused("EntityNotExist.Role")
        return role

    def was_deleted(self, name: str) -> bool:
        """True if there was a role of that name, and now is none."""
        return name.lower() in self._deleted

    def roles(self) -> list[Role]:
        """Every role, by name."""
        return [role for _, role in sorted(self._roles.items())]

    def create_role(
        self, name: str, *, trust: str, description: str = "", max_session_s: int = SESSION_MIN_S
    ) -> Role:
        """A new role without policies."""
        if self.find_role(name) is not None:
            raise RoleBookRefused("EntityAlreadyExists.Role")
        now_s = self._clock.now_s()
        role_id = f"3{secrets.randbelow(10**17):017}"
        role = Role(name, role_id, trust, description, max_session_s, now_s, now_s)
        return self._keep(role)

    def update_role(
        self,
        name: str,
        *,
        trust: str | None = None,
        description: str | None = None,
        max_session_s: int | None = None,
    ) -> Role:
        """Change what is given."""
        role = self.role(name)
        return self._keep(
            replace(
                role,
                trust=role.trust if trust is None else trust,
                description=role.description if description is None else description,
                max_session_s=role.max_session_s if max_session_s is None else max_session_s,
                updated_at=self._clock.now_s(),
            )
        )

    def delete_role(self, name: str) -> None:
        """Remove a role that has no policies."""
        key = self.role(name).name.lower()
        if self._attached[key]:
            raise RoleBookRefused("DeleteConflict.Role.Policy")
        del self._roles[key], self._attached[key]
        self._deleted.add(key)
        self._save()

    def find_policy(self, kind: PolicyKind, name: str) -> ManagedPolicy | None:
        """That policy."""
        return (self._policies if kind == "Custom" else SYSTEM).get(name)

    def policy(self, kind: PolicyKind, name: str) -> ManagedPolicy:
        """That policy. Raises RoleBookRefused."""
        policy = self.find_policy(kind, name)
        if policy is None:
            raise RoleBookRefused("EntityNotExist.Policy")
        return policy

    def policies(self) -> list[ManagedPolicy]:
        """Every policy, the platform's first, by name."""
        return [each[name] for each in (SYSTEM, self._policies) for name in sorted(each)]

    def create_policy(self, name: str, document: str, *, description: str = "") -> ManagedPolicy:
        """A new policy with one version."""
        check_policy_name(name)
        check_document(document)
        if name in self._policies:
            raise RoleBookRefused("EntityAlreadyExists.Policy")
        now_s = self._clock.now_s()
        first = PolicyVersion("v1", document, now_s)
        policy = ManagedPolicy("Custom", name, description, (first,), "v1", 1, now_s, now_s)
        return self._put(policy)

    def delete_policy(self, name: str) -> None:
        """Remove a policy that is attached to no role and has one version."""
        policy = self.policy("Custom", name)
        if self.holders(policy):
            # inferred: the code; its page has one for users and one for groups, none for roles.
            raise RoleBookRefused("DeleteConflict.Role.Policy", "The policy is attached to a role.")
        if len(policy.versions) > 1:
            raise RoleBookRefused("DeleteConflict.Policy.Version")
        del self._policies[name]
        self._save()

    def add_version(
        self, name: str, document: str, *, is_default: bool, drops_oldest: bool = False
    ) -> PolicyVersion:
        """A new version. At five, `drops_oldest` makes room by the oldest that is not the
        default.
        """
        policy = self.policy("Custom", name)
        check_document(document)
        versions = policy.versions
        if len(versions) >= VERSIONS_LIMIT:
            if not drops_oldest:
                raise RoleBookRefused("LimitExceeded.Policy.Version")
            spare = next(each for each in versions if each.version_id != policy.default_id)
            versions = tuple(each for each in versions if each is not spare)
        number = policy.newest_number + 1
        version = PolicyVersion(f"v{number}", document, self._clock.now_s())
        self._put(
            replace(
                policy,
                versions=(*versions, version),
                default_id=version.version_id if is_default else policy.default_id,
                newest_number=number,
                updated_at=version.created_at,
            )
        )
        return version

    def set_default_version(self, name: str, version_id: str) -> None:
        """Let another version count."""
        policy = self.policy("Custom", name)
        policy.version(version_id)
        self._put(replace(policy, default_id=version_id, updated_at=self._clock.now_s()))

    def delete_version(self, name: str, version_id: str) -> None:
        """Remove a version that does not count."""
        policy = self.policy("Custom", name)
        policy.version(version_id)
        if version_id == policy.default_id:
            raise RoleBookRefused("DeleteConflict.Policy.Version.Default")
        kept = tuple(each for each in policy.versions if each.version_id != version_id)
        self._put(replace(policy, versions=kept, updated_at=self._clock.now_s()))

    def attach(self, policy: ManagedPolicy, role_name: str) -> None:
        """Give a role what a policy says."""
        attached = self._attached[self.role(role_name).name.lower()]
        if (policy.kind, policy.name) in attached:
            raise RoleBookRefused("EntityAlreadyExists.Role.Policy")
        if sum(kind == policy.kind for kind, _ in attached) >= ATTACHED_LIMITS[policy.kind]:
            raise RoleBookRefused("LimitExceeded.Role.Policy")
        attached[policy.kind, policy.name] = self._clock.now_s()
        self._save()

    def detach(self, policy: ManagedPolicy, role_name: str) -> None:
        """Take that away again."""
        attached = self._attached[self.role(role_name).name.lower()]
        if attached.pop((policy.kind, policy.name), None) is None:
            raise RoleBookRefused("EntityNotExist.Role.Policy")
        self._save()

    def attached(self, role_name: str) -> list[tuple[ManagedPolicy, float]]:
        """The policies of a role, each with when it was attached. Raises RoleBookRefused."""
        attached = self._attached[self.role(role_name).name.lower()]
        return [(self.policy(*key), at) for key, at in attached.items()]

    def holders(self, policy: ManagedPolicy) -> list[tuple[Role, float]]:
        """The roles that a policy is attached to, each with since when."""
        key = (policy.kind, policy.name)
        return [
            (self._roles[name], attached[key])
            for name, attached in sorted(self._attached.items())
            if key in attached
        ]

    def granted(self, role: Role) -> tuple[Policy, ...]:
        """What the role's policies say, parsed once after each change."""
        key = role.name.lower()
        if key not in self._granted:
            documents = [policy.document for policy, _ in self.attached(key)]
            self._granted[key] = tuple(parse_policy(document) for document in documents)
        return self._granted[key]

    def clear(self) -> None:
        """Forget every role and every policy that is not the platform's."""
        self._roles.clear()
        self._policies.clear()
        self._attached.clear()
        self._deleted.clear()
        self._save()

    def _keep(self, role: Role) -> Role:
        check_role(role)
        self._roles[role.name.lower()] = role
        self._attached.setdefault(role.name.lower(), {})
        self._deleted.discard(role.name.lower())
        self._save()
        return role

    def _put(self, policy: ManagedPolicy) -> ManagedPolicy:
        self._policies[policy.name] = policy
        self._save()
        return policy

    def _save(self) -> None:
        self._granted.clear()
        if self._file is None:
            return
        content = {
            "roles": [asdict(role) for role in self._roles.values()],
            "deleted": sorted(self._deleted),
            "policies": [asdict(policy) for policy in self._policies.values()],
            "attached": [
                [role, kind, name, at]
                for role, attached in self._attached.items()
                for (kind, name), at in attached.items()
            ],
        }
        # Renamed into place: a crash leaves the old file or the new one.
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        os.replace(fresh, self._file)

    def _read(self, file: Path) -> None:
        content = json.loads(file.read_text(encoding="utf-8"))
        for fields in content["roles"]:
            role = Role(**fields)
            self._roles[role.name.lower()] = role
            self._attached[role.name.lower()] = {}
        self._deleted = set(content["deleted"])
        self._policies = {each["name"]: policy_from(each) for each in content["policies"]}
        for role_key, kind, name, at in content["attached"]:
            self._attached[role_key][kind, name] = at
