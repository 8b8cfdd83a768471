"""Notices by SMS: many recipients in one call where it can be, and never a second copy.

Only what certainly did not go out is tried again: for a notice the provider has no minute limit
that would stop a repetition, so what may have gone out stays unknown.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.observability.events import SMS_ATTEMPTED
from shared.observability.logs import log_event
from shared.outgoing import Outgoing
from shared.send_outcome import RefusalKind, SendOutcome, SendRefused
from shared.sms.codes import OF_SIGN_OR_TEMPLATE, UNTOLD_RETRY_AFTER_S
from shared.sms.gateway import BatchGateway, SmsMessage

DEADLINE_MS = 10_000
"""No try begins later than that after the start of `send`."""

BATCH_LIMIT = 100

_TRIES = 3
_BACKOFF_S = 0.2
_LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True)
class SmsChannel:
    """Implements Channel. Sign and template codes are the message's template's.

    chance: evenly between 0 and 1.
    """

    gateway: BatchGateway
    clock: Clock
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random

    def send(self, messages: Sequence[Outgoing]) -> list[SendOutcome]:
        """How each send ended, in order. What the deadline left no time for is BUSY: not sent."""
        outcomes: dict[int, SendOutcome] = {}
        groups: dict[tuple[str, str, str], list[tuple[int, SmsMessage]]] = {}
        for index, outgoing in enumerate(messages):
            sms = _sms_of(outgoing)
            if isinstance(sms, SendRefused):
                outcomes[index] = sms
            else:
                group = (sms.out_id, sms.template_code, sms.sign_name)
                groups.setdefault(group, []).append((index, sms))
        call = _Call(self, self.clock.now_ms())
        for members in groups.values():
            for start in range(0, len(members), BATCH_LIMIT):
                chunk = members[start : start + BATCH_LIMIT]
                name = messages[chunk[0][0]].template.name
                ends = call.send_all([sms for _, sms in chunk], name)
                outcomes.update(zip((index for index, _ in chunk), ends, strict=True))
        return [outcomes[index] for index in range(len(messages))]


class _Call:
    """One call of `send`: its deadline, and the refusal of the account, once there was one."""

    def __init__(self, channel: SmsChannel, started_ms: int) -> None:
        self._channel = channel
        self._started_ms = started_ms
        self._account: SendRefused | None = None

    def send_all(self, messages: Sequence[SmsMessage], template: str) -> list[SendOutcome]:
        """How each ended, of one group. template: its name, for the log."""
        if len(messages) > 1:
            outcome = self._try(messages, template)
            if not _may_be_of_one(outcome):
                return [outcome] * len(messages)
            # One number, or one text, may have had all refused.
        return [self._try([message], template) for message in messages]

    def _try(self, messages: Sequence[SmsMessage], template: str) -> SendOutcome:
        outcome: SendOutcome = SendRefused(RefusalKind.BUSY, "not_tried")
        for tries in range(1, _TRIES + 1):
            if self._account is not None:
                return self._account
            if self._elapsed_ms() >= DEADLINE_MS:
                return outcome
            outcome = self._try_once(messages, template)
            if not isinstance(outcome, SendRefused):
                return outcome
            if outcome.kind is RefusalKind.ACCOUNT:
                self._account = outcome
            if outcome.kind is not RefusalKind.BUSY or tries == _TRIES:
                return outcome
            wait_s = self._wait_s(outcome, tries)
            if self._elapsed_ms() + wait_s * 1000 >= DEADLINE_MS:
                return outcome
            self._channel.sleep(wait_s)
        return outcome

    def _try_once(self, messages: Sequence[SmsMessage], template: str) -> SendOutcome:
        countries = {message.phone.country for message in messages}
        started_ms = self._channel.clock.now_ms()
        if len(messages) > 1:
            outcome = self._channel.gateway.send_batch(messages)
        else:
            outcome = self._channel.gateway.send(messages[0])
        log_event(
            SMS_ATTEMPTED,
            phone=messages[0].phone if len(messages) == 1 else None,
            country=countries.pop() if len(countries) == 1 else "several",
            recipient_count=len(messages),
            template=template,
            template_code=messages[0].template_code,
            outcome=type(outcome).__name__,
            provider_code=getattr(outcome, "code", "OK"),
            duration_ms=self._channel.clock.now_ms() - started_ms,
        )
        return outcome

    def _wait_s(self, refused: SendRefused, tries: int) -> float:
        """What the provider asked for, up to a limit, and then somewhere in a growing span: so
        that those who were refused together do not come back together.
        """
        is_told = refused.retry_after_s != UNTOLD_RETRY_AFTER_S
        told_s = min(refused.retry_after_s, _LONGEST_WAIT_S) if is_told else 0.0
        return told_s + self._channel.chance() * _BACKOFF_S * 2.0 ** (tries - 1)

    def _elapsed_ms(self) -> int:
        return self._channel.clock.now_ms() - self._started_ms


def _sms_of(outgoing: Outgoing) -> SmsMessage | SendRefused:
    if outgoing.phone is None:
        return SendRefused(RefusalKind.NUMBER, "no_phone")
    if not outgoing.template.goes_by_sms_to(outgoing.phone):
        return SendRefused(RefusalKind.UNAVAILABLE, "country_not_served")
    code = outgoing.template.provider_code(outgoing.phone, outgoing.locale)
    if code is None:
        return SendRefused(RefusalKind.UNAVAILABLE, "no_template")
    return SmsMessage(
        outgoing.phone, outgoing.template.sign_name, code, outgoing.params, outgoing.out_id
    )


def _may_be_of_one(outcome: SendOutcome) -> bool:
    shared = (RefusalKind.ACCOUNT, RefusalKind.BUSY)
    return (
        isinstance(outcome, SendRefused)
        and outcome.kind not in shared
        and outcome.code not in OF_SIGN_OR_TEMPLATE
    )
