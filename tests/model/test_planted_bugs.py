"""The model finds what it is there for: each of these bugs, planted on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from shared.idempotency.record import Claim
from shared.otp.challenge_rows import ChallengeRows
from shared.rows import Require, RowChange
from shared.throttle.ledger import RollingLedger
from tests.model.otp_machine import OtpMachine
from tests.model.test_otp_model import SmoothMachine, explore

BOUND = 20_000
"""Steps that a bug may take to be found; most take a few hundred."""

Change = Callable[..., RowChange]


def attempts_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, ChallengeRows, "guess", lambda change: replace(change, adds={}))


def the_state_is_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, ChallengeRows, "use", without("state"))


def the_expiry_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, ChallengeRows, "use", without("exp"))
    changed(monkeypatch, ChallengeRows, "guess", without("exp"))


def a_limit_is_off_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def one_more(change: RowChange) -> RowChange:
        return replace(
            change,
            requires=tuple(
                replace(each, value=int(each.value) + 1) if "_n" in each.column else each
                for each in change.requires
            ),
        )

    changed(monkeypatch, RollingLedger, "room_for", one_more)


def the_idempotency_record_is_not_conditional(monkeypatch: pytest.MonkeyPatch) -> None:
    changed(monkeypatch, Claim, "change", lambda change: replace(change, requires=()))


def a_refund_is_applied_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(change: RowChange) -> RowChange:
        return replace(change, adds={name: 2 * count for name, count in change.adds.items()})

    changed(monkeypatch, RollingLedger, "refund", twice)


def a_replay_is_forgotten_when_the_process_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    # The lease ends with nothing in its place: the key is free, though its message went out.
    def leased(change: RowChange) -> RowChange:
        return replace(
            change, puts={**change.puts, "kept_until_ms": change.puts["leased_until_ms"]}
        )

    changed(monkeypatch, Claim, "change", leased)


def changed(
    monkeypatch: pytest.MonkeyPatch,
    owner: type[object],
    method: str,
    edit: Callable[[RowChange], RowChange],
) -> None:
    """Let the change that `method` makes be edited."""
    plain: Change = getattr(owner, method)
    monkeypatch.setattr(owner, method, lambda self, *a, **k: edit(plain(self, *a, **k)))


def without(column: str) -> Callable[[RowChange], RowChange]:
    """Drops what a change requires of the columns that begin so."""

    def edit(change: RowChange) -> RowChange:
        kept: tuple[Require, ...] = tuple(
            each for each in change.requires if not each.column.startswith(column)
        )
        return replace(change, requires=kept)

    return edit


@pytest.mark.parametrize(
    ("plant", "machine"),
    [
        (attempts_are_not_counted, OtpMachine),
        (the_state_is_not_checked, OtpMachine),
        (the_expiry_is_ignored, OtpMachine),
        (a_limit_is_off_by_one, SmoothMachine),
        (the_idempotency_record_is_not_conditional, OtpMachine),
        (a_refund_is_applied_twice, SmoothMachine),
        (a_replay_is_forgotten_when_the_process_dies, OtpMachine),
    ],
)
def test_the_model_finds_a_planted_bug(
    plant: Callable[[pytest.MonkeyPatch], None],
    machine: type[OtpMachine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)

    with pytest.raises(AssertionError):
        explore(machine, BOUND, shrink=False)
