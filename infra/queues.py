"""The SMQ queues and the topic that the functions stand on, as data, and the step that makes the
queues alone.

    python -m infra.queues plan|apply

with SESAME_SMQ_ENDPOINT, STAGE and credentials in the environment. Idempotent: a queue that is
there is kept with its messages, and gets the attributes of this file. `python -m infra.foundation`
brings all that a stage needs, and refuses to shorten a queue's retention.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mns.account import Account
from mns.mns_exception import MNSExceptionBase
from mns.queue import QueueMeta


@dataclass(frozen=True, slots=True)
class QueueSpec:
    """A queue of every stage. visibility_s: how long what was received stays hidden; retention_s:
    how long a message is kept, 604,800 at most.
    """

    name: str
    visibility_s: int = 300
    retention_s: int = 604_800

    def name_in(self, stage: str) -> str:
        """The queue's name in that stage."""
        return f"{self.name}-{stage}"


NOTIFICATIONS = QueueSpec("sesame-notifications")
EVENTS = QueueSpec("sesame-events")
FOLLOWUPS = QueueSpec("sesame-followups")
DEAD = QueueSpec("sesame-dead")
QUEUES = (NOTIFICATIONS, EVENTS, FOLLOWUPS, DEAD)
TOPICS = ("sesame-events",)
"""Without their stage, each the source of a trigger in s.yaml; a name beside the queues' names."""


@dataclass(frozen=True, slots=True)
class QueueChange:
    """What a queue needs: to be made, or other attributes."""

    name: str
    verb: Literal["make", "change"]


def planned_changes(account: Account, stage: str) -> list[QueueChange]:
    """What apply_queues would do. Raises the SDK's errors, as apply_queues does."""
    with warnings.catch_warnings():
        # The SDK deprecates three attributes of its own and still sets them itself.
        warnings.simplefilter("ignore", DeprecationWarning)
        found = [(spec, _attributes(account, spec.name_in(stage))) for spec in QUEUES]
    changes = []
    for spec, attributes in found:
        if attributes is None:
            changes.append(QueueChange(spec.name_in(stage), "make"))
        elif attributes != (spec.visibility_s, spec.retention_s):
            changes.append(QueueChange(spec.name_in(stage), "change"))
    return changes


def apply_queues(account: Account, stage: str) -> list[QueueChange]:
    """Make the queues of a stage that are missing and change those that differ; what was done."""
    changes = planned_changes(account, stage)
    specs = {spec.name_in(stage): spec for spec in QUEUES}
    for change in changes:
        spec, queue = specs[change.name], account.get_queue(change.name)
        meta = QueueMeta(vis_timeout=spec.visibility_s, msg_ttl=spec.retention_s)
        if change.verb == "make":
            queue.create(meta)
        else:
            queue.set_attributes(meta)
    return changes


def account_from(environment: Mapping[str, str]) -> Account:
    """The SDK's account by SESAME_SMQ_ENDPOINT and ALIBABA_CLOUD_* of `environment`."""
    return Account(
        environment["SESAME_SMQ_ENDPOINT"],
        environment["ALIBABA_CLOUD_ACCESS_KEY_ID"],
        environment["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
        environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
    )


def main(arguments: list[str], environment: Mapping[str, str]) -> int:
    """The command line; the exit code."""
    if arguments not in (["plan"], ["apply"]):
        print("usage: python -m infra.queues plan|apply", file=sys.stderr)
        return 2
    try:
        account, stage = account_from(environment), environment["STAGE"]
        step = apply_queues if arguments == ["apply"] else planned_changes
        changes = step(account, stage)
    except KeyError as missing:
        print(f"queues: {missing.args[0]} is not set", file=sys.stderr)
        return 1
    except MNSExceptionBase as error:
        # Not its text: that of a lost connection or a proxy's page may hold anything.
        print(f"queues: {error.type}", file=sys.stderr)
        return 1
    account.get_client().close_connection()
    for change in changes:
        print(f"{change.verb}: {change.name}")
    print(f"{len(changes)} to do" if arguments == ["plan"] else f"{len(changes)} done")
    return 0


def _attributes(account: Account, name: str) -> tuple[int, int] | None:
    try:
        meta: Any = account.get_queue(name).get_attributes()  # Any: the SDK is untyped
    except MNSExceptionBase as error:
        if error.type == "QueueNotExist":
            return None
        raise
    return meta.visibility_timeout, meta.message_retention_period


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
