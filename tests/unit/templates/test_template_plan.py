"""What is done about each template at the provider, over an account in memory."""

from __future__ import annotations

import pytest

from infra.sms_catalogue import notifications, templates
from infra.templates.plan import Held, HeldSign, State, apply, codes, plan

WANTED = notifications("dev")
ONE = WANTED[0]


def held(content: str = ONE.content, state: State = "approved", reason: str = "") -> Held:
    return Held("SMS_9", ONE.name, content, state, reason)


class MemoryProvider:
    """Implements Provider; remembers the calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def templates(self) -> list[Held]:
        return []

    def sign(self, name: str) -> HeldSign | None:
        return None

    def create(self, template: object) -> str:
        self.calls.append(f"create {template.name}")  # type: ignore[attr-defined]
        return "SMS_1"

    def update(self, code: str, template: object) -> None:
        self.calls.append(f"update {code}")


@pytest.mark.parametrize(
    ("there", "change", "is_rejected"),
    [
        (held(), "unchanged", False),
        (held(state="reviewing"), "unchanged", False),
        (held(state="rejected"), "unchanged", True),
        (held("old", state="rejected"), "update", False),
        (held("old", state="cancelled"), "update", False),
        (held("old"), "locked", True),
        (held("old", state="reviewing"), "locked", True),
    ],
)
def test_plan_changes_only_what_the_provider_lets_change(
    there: Held, change: str, is_rejected: bool
) -> None:
    (step,) = plan([ONE], [there])

    assert (step.change, step.is_rejected) == (change, is_rejected)


def test_plan_tells_the_reviewer_s_reason() -> None:
    (step,) = plan([ONE], [held(state="rejected", reason="变量不明")])

    assert str(step) == f"{ONE.name}: unchanged, rejected (变量不明), SMS_9"


def test_plan_covers_codes_and_notifications() -> None:
    steps = plan(templates("dev"), [])

    assert {step.change for step in steps} == {"create"}
    assert len(steps) == 34


def test_apply_pauses_between_submissions_and_leaves_the_rest_alone() -> None:
    steps = plan(WANTED[:3], [Held("SMS_9", WANTED[1].name, WANTED[1].content, "approved")])
    steps += plan([ONE], [held("old", "rejected")]) + plan([ONE], [held("old", "approved")])
    provider, naps = MemoryProvider(), list[float]()

    lines = list(apply(steps, provider, pause_s=31, sleep=naps.append))

    assert provider.calls == [
        f"create {WANTED[0].name}",
        f"create {WANTED[2].name}",
        "update SMS_9",
    ]
    assert naps == [31, 31]
    assert lines[2] == f"{ONE.name}: updated, SMS_9"


def test_codes_are_those_of_approved_notifications() -> None:
    listed = [
        Held("SMS_1", WANTED[0].name, WANTED[0].content, "approved"),
        Held("SMS_2", WANTED[1].name, WANTED[1].content, "reviewing"),
        Held("SMS_3", "SESAME_DEV_LOGIN", "x", "approved"),
    ]

    assert codes(plan(templates("dev"), listed)) == {ONE.purpose: {"domestic": "SMS_1"}}


@pytest.mark.parametrize(
    ("sign", "is_rejected"),
    [
        (HeldSign("s", "approved", "", {"mobile": "registered"}), False),
        (HeldSign("s", "reviewing", "", {"mobile": "none"}), False),
        (HeldSign("s", "approved", "", {"mobile": "registered", "unicom": "lapsed"}), True),
        (HeldSign("s", "approved", "", {"mobile": "failed"}), True),
        (HeldSign("s", "rejected", "x"), True),
    ],
)
def test_a_sign_is_lost_by_its_review_or_by_a_carrier(sign: HeldSign, is_rejected: bool) -> None:
    assert sign.is_rejected == is_rejected
