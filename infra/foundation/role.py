"""What a RAM role is made of, and where a stage's resources are. No SDK, as in roles.py."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

NOTIFICATIONS, EVENTS, FOLLOWUPS, DEAD = (
    "sesame-notifications",
    "sesame-events",
    "sesame-followups",
    "sesame-dead",
)
"""Queues without their stage."""
TAKING = ("mns:BatchReceiveMessage", "mns:DeleteMessage", "mns:ChangeMessageVisibility")
"""What takes dead letters out, and puts back those that stay."""
LOG_STORE = "functions"
LOGS_KEPT_DAYS = 90
"""Long enough to look back at a quarter's abuse; there are no codes and no full numbers in them."""
DOCUMENT_LIMIT = 6_144
"""Characters of a custom policy; inferred, the pages at hand do not name it."""

Document = Mapping[str, Any]  # a policy as RAM's JSON has it


@dataclass(frozen=True, slots=True)
class Statement:
    """An Allow. conditions: as in the policy language.

    is_for_platform: it is not the function's code that needs it, so that no call of the function
    fails where it is missing.
    """

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Document = field(default_factory=dict)
    is_for_platform: bool = False

    @property
    def document(self) -> Document:
        """The statement in RAM's JSON."""
        told: dict[str, Any] = {
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return {**told, "Condition": self.conditions} if self.conditions else told


@dataclass(frozen=True, slots=True)
class Role:
    """A role with its one policy, which has the role's name.

    principal: who may assume it, `{"Service": [...]}` or `{"RAM": [...]}`. function: as s.yaml
    names it; empty for a person's role.
    """

    name: str
    description: str
    principal: Document
    statements: tuple[Statement, ...]
    function: str = ""

    @property
    def policy(self) -> Document:
        """What the role may do."""
        return {"Version": "1", "Statement": [each.document for each in self.statements]}

    @property
    def trust(self) -> Document:
        """Who may assume the role."""
        assume = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": self.principal}
        return {"Version": "1", "Statement": [assume]}

    def arn(self, account_id: str) -> str:
        """The role's ARN in an account."""
        return f"acs:ram::{account_id}:role/{self.name}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stage is. log_project: empty for sesame-<stage>. secrets: those of KMS that its
    variables name, by variable.
    """

    stage: str
    account_id: str
    region: str
    instance: str
    log_project: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> str:
        """The log project."""
        return self.log_project or f"sesame-{self.stage}"

    def table(self, name: str) -> str:
        """A table's ARN; the pages want the instance's name in lower case."""
        return (
            f"acs:ots:{self.region}:{self.account_id}:instance/{self.instance.lower()}/table/{name}"
        )

    def queue(self, name: str) -> str:
        """The ARN of the messages of a queue; `name` without the stage."""
        return f"{self.queue_itself(name)}/messages"

    def queue_itself(self, name: str) -> str:
        """The ARN of a queue, such as its attributes; `name` without the stage."""
        return f"acs:mns:{self.region}:{self.account_id}:/queues/{name}-{self.stage}"

    def secret(self, name: str) -> str:
        """The ARN of a secret."""
        return f"acs:kms:{self.region}:{self.account_id}:secret/{name}"

    @property
    def logs(self) -> str:
        """The ARN of the log store."""
        return (
            f"acs:log:{self.region}:{self.account_id}:project/{self.project}/logstore/{LOG_STORE}"
        )


def as_text(document: Document) -> str:
    """A policy as it is sent: without blanks, which some of the SDKs sign wrongly."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)
