"""What the doctor looks at and what it says, as data.

A check reads and never changes anything. `wrong`: it differs from what this stage needs, or could
not be read, so that nothing is known to be right that nobody saw. `unknown`: no interface tells it;
the line says where a person looks. `skipped`: another line is the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from infra.foundation.model import FoundationFailed, Hosts, Identity
from infra.foundation.settings import Settings
from infra.serverless_devs import Manifest, ManifestInvalid
from infra.templates.plan import Held, HeldSign

LOCAL = "local"
"""The stage of the local cloud."""
Status = Literal["ok", "wrong", "unknown", "skipped"]
Need = Literal["services", "account", "manifest"]
Runbook = Literal[
    "",
    "approval-delay",
    "dead-letters",
    "key-rotation",
    "provider-outage",
    "restore",
]
"""Pages of infra/runbooks."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. what: the thing and how it is; why: what was seen; do: what to do, one line."""

    status: Status
    what: str
    why: str = ""
    do: str = ""
    runbook: Runbook = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """Segments of some days. waiting: without a receipt."""

    total: int
    delivered: int
    failed: int
    waiting: int


class SmsAccount(Protocol):
    """Signs, templates and what was sent. Every call raises FoundationFailed."""

    def templates(self) -> Sequence[Held]:
        """Every template."""

    def sign(self, name: str) -> HeldSign | None:
        """The sign of that name."""

    def sent(self, first_day: str, last_day: str) -> Sent:
        """What was sent to the mainland on these Beijing days, `yyyyMMdd`."""


class FunctionAccount(Protocol):
    """What is deployed, as the API's own documents. Every call raises FoundationFailed."""

    def function(self, name: str) -> Mapping[str, Any] | None:
        """GetFunction's answer; None if there is no such function."""

    def triggers(self, name: str) -> Mapping[str, Mapping[str, Any]]:
        """The triggers of a function by their names, `triggerConfig` parsed."""

    def async_config(self, name: str) -> Mapping[str, Any] | None:
        """GetAsyncInvokeConfig's answer; None if there is none."""


class Letters(Protocol):
    """The depth of queues."""

    def count(self, queue: str) -> int | None:
        """How many messages are on it; None if that is not told. Raises FoundationFailed."""


class Failures(Protocol):
    """What the log store tells of invocations."""

    def since(self, minutes: int) -> Mapping[str, int]:
        """How often each function failed, by its name; those that did not are left out. Raises
        FoundationFailed.
        """


@dataclass(frozen=True, slots=True)
class Page:
    """An HTTP answer. date_s: its Date header, UTC epoch s; None without one."""

    status: int
    body: bytes = b""
    date_s: float | None = None


class Web(Protocol):
    """Plain HTTP, not signed."""

    def get(self, url: str) -> Page:
        """Raises FoundationFailed if nothing answers."""

    def post(self, url: str, body: bytes) -> Page:
        """JSON. Raises FoundationFailed if nothing answers."""


@dataclass(frozen=True, slots=True)
class Services:
    """The account, service by service."""

    identity: Identity
    hosts: Hosts
    sms: SmsAccount
    functions: FunctionAccount
    letters: Letters
    failures: Failures
    web: Web


@dataclass(frozen=True, slots=True)
class Case:
    """One stage, and how far it can be looked at.

    environment: the variables of s.yaml. now_s: this machine's clock. caller: the account behind
    the credentials. A failure stands where a value could not be had. api: the address of the HTTP
    API in the place of s.yaml's domain; empty for that domain.
    """

    stage: str
    environment: Mapping[str, str] = field(repr=False)
    now_s: Callable[[], float] = field(repr=False)
    settings: Settings | FoundationFailed
    caller: str | FoundationFailed
    manifest: Manifest | ManifestInvalid = field(repr=False)
    services: Services | None = field(default=None, repr=False)
    api: str = ""

    @property
    def is_local(self) -> bool:
        """True for the local cloud, which `make up` brings to order."""
        return self.stage == LOCAL

    @property
    def apply(self) -> str:
        """The command that makes what the functions stand on."""
        return self._local or f"make plan STAGE={self.stage}, then make apply STAGE={self.stage}"

    @property
    def deploy(self) -> str:
        """The command that deploys the functions."""
        return self._local or f"make s-deploy STAGE={self.stage}"

    @property
    def submit(self) -> str:
        """The command that puts templates up for review."""
        return self._local or f"python -m infra.templates apply --stage {self.stage}"

    @property
    def _local(self) -> str:
        return "stop `make up` and start it again" if self.is_local else ""

    def reached(self) -> Services:
        """The services. Raises FoundationFailed if there are none to ask."""
        if self.services is None:
            raise FoundationFailed("not_connected")
        return self.services

    def rendered(self) -> Manifest:
        """s.yaml. Raises ManifestInvalid."""
        if isinstance(self.manifest, ManifestInvalid):
            raise self.manifest
        return self.manifest

    def configured(self) -> Settings:
        """The settings. Raises FoundationFailed."""
        if isinstance(self.settings, FoundationFailed):
            raise self.settings
        return self.settings

    def account(self) -> str:
        """The account, if it is the one that is meant. Raises FoundationFailed."""
        if isinstance(self.caller, FoundationFailed):
            raise self.caller
        settings = self.configured()
        for meant in (settings.account_id, settings.queue_owner):
            if meant and meant != self.caller:
                raise FoundationFailed("wrong_account", f"{self.caller}, not {meant}")
        return self.caller


Look = Callable[[Case], Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One question. id: `topic.question`. needs: without which it is skipped."""

    id: str
    look: Look
    needs: tuple[Need, ...] = ()


def settled(good: str, bad: Sequence[Finding]) -> Sequence[Finding]:
    """The bad findings, or a single good one."""
    return bad or (Finding("ok", good),)
