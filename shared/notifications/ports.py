"""What notifications need of others, as small as they need it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Protocol

from shared.errors import FieldProblem, Quota
from shared.phone import PhoneNumber
from shared.rows import Row, RowChange, RowKey
from shared.spend import Spend
from shared.template import ChannelName, Template


class Cost(Protocol):
    """What a message costs."""

    @property
    def segments(self) -> int:
        """How many are billed."""

    @property
    def milli(self) -> int:
        """Thousandths of CNY."""


class Ledger(Protocol):
    """A rolling limit in one row."""

    @property
    def key(self) -> RowKey:
        """The row."""

    def admit(self, entry: str, now_ms: int) -> RowChange:
        """Count `entry`; refused if a window may be full."""

    def readmit(self, row: Row | None, entry: str, now_ms: int) -> RowChange:
        """The same for a row that was read and judged free."""

    def judge(self, row: Row | None, now_ms: int) -> list[Quota]:
        """The exact state of every window."""

    def refund(self, entry: str, admitted_ms: int) -> RowChange:
        """Take `entry` back."""


class Limits(Protocol):
    """How often one phone may be told."""

    def ledger(self, *, phone: PhoneNumber, template: Template) -> Ledger:
        """The limit of a template for a phone."""


class Verdict(Protocol):
    """Whether a person may be told this way: "allowed", "opted_out", "no_consent", or
    "prefers:<channel>".
    """

    @property
    def kind(self) -> str:
        """Which of them."""


class Consents(Protocol):
    """What people agreed to."""

    def gate(
        self, *, phone: PhoneNumber, template: Template, channel: ChannelName, now_ms: int
    ) -> RowChange | None:
        """A change that is refused if the person would not want this; None: nothing to ask."""

    def judge(self, row: Row | None, *, template: Template, channel: ChannelName) -> Verdict:
        """Why it was refused."""


class Breaker(Protocol):
    """Keeps everyone from hammering an account that sends nothing."""

    def pass_through(self, now_ms: int) -> RowChange:
        """Refused while it is open."""

    def open_again(self, row: Row | None, reason: str, now_ms: int) -> RowChange:
        """Let nothing through for a while."""

    def wait_s(self, row: Row | None, now_ms: int) -> int:
        """How long it stays open."""


class CodeReceipts(Protocol):
    """Receipts of codes, which come in the same pushes."""

    def change(
        self,
        *,
        out_id: str,
        phone: PhoneNumber,
        is_delivered: bool,
        err_code: str,
        reported_ms: int,
        push: str,
    ) -> tuple[RowChange, str] | None:
        """What one changes, with a proof, and the mark of the send; None if it is of no code."""


class RowCounts(Protocol):
    """Counts what became of messages and codes, by what their rows say."""

    def noted(self, keys: Sequence[RowKey], *, entry: str, now_ms: int) -> RowChange:
        """For a batch that may change these rows: they are looked at soon, and counted for what is
        new. entry: names the batch.
        """


class Templates(Protocol):
    """What may be said, and what it costs."""

    def get(self, name: str) -> Template | None:
        """The template of that name."""

    def problems(self, template: Template, params: Mapping[str, str]) -> Sequence[FieldProblem]:
        """What is wrong with the values."""

    def cost(
        self,
        template: Template,
        params: Mapping[str, str],
        phone: PhoneNumber,
        locale: str | None,
    ) -> Cost:
        """What one SMS costs."""


class QuietHours(Protocol):
    """When people want to be left alone."""

    def __call__(
        self,
        *,
        quiet: tuple[int, int] | None,
        country: str,
        time_zone: str | None,
        now_ms: int,
    ) -> int:
        """Seconds until the recipient may be told; 0 for now."""


class Budgets(Protocol):
    """What may be spent."""

    def charge(self, spends: Sequence[Spend], *, entry: str, now_ms: int) -> list[RowChange]:
        """Spend it all; a row refuses if that would be too much."""

    def fit(
        self, spends: Sequence[Spend], rows: Mapping[RowKey, Row | None], *, now_ms: int
    ) -> list[bool]:
        """Which of them, in order, still fit."""

    def keys(self, spends: Sequence[Spend]) -> list[RowKey]:
        """The rows that `spends` are charged to."""

    def refund(
        self,
        spends: Sequence[Spend],
        *,
        now_ms: int,
        charged_ms: int | None = None,
        entry: str = "",
        rows: Container[RowKey] | None = None,
    ) -> list[RowChange]:
        """Take it back, in `rows`, once for each entry."""
