"""Timers, on the cloud's clock: looked at often, because the control plane may move that clock.

inferred: a clock that jumps over several due times makes one call, for the first of them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.eventbridge.rules import TimerRule
from infra.localcloud.fc.asynchronous import AsyncInvoker

POLL_S = 0.2


@dataclass(slots=True)
class _Timer:
    rule: TimerRule
    due_at: float


class Timers:
    """All timers of a cloud; they count from the moment at which this is made."""

    def __init__(
        self, rules: Sequence[TimerRule], *, clock: CloudClock, invoker: AsyncInvoker
    ) -> None:
        self._clock = clock
        self._invoker = invoker
        self._looked_at = clock.now_s()
        self._timers = [_Timer(rule, self._first_due(rule)) for rule in rules]

    async def run(self) -> None:
        """Fire whatever is due, for ever."""
        while self._timers:
            self.fire()
            await asyncio.sleep(POLL_S)

    async def catch_up(self, *, limit_s: float) -> None:
        """Call what is due now, and wait until it has ended, but no longer than that."""
        await self._invoker.see_end(self.fire(), limit_s=limit_s)

    def fire(self) -> list[str]:
        """Call each function whose time has come: the ids of the requests. A clock that was set
        back starts all anew.
        """
        called: list[str] = []
        now_s = self._clock.now_s()
        was_set_back, self._looked_at = now_s < self._looked_at, now_s
        for timer in self._timers:
            if was_set_back:
                timer.due_at = self._first_due(timer.rule)
            elif timer.due_at <= now_s:
                called.append(self._invoker.submit(timer.rule.function, _event(timer)))
                timer.due_at = timer.rule.schedule.next_due(since=timer.due_at, now=now_s)
        return called

    def _first_due(self, rule: TimerRule) -> float:
        return rule.schedule.next_due(since=self._looked_at, now=self._looked_at)


def _event(timer: _Timer) -> bytes:
    due = datetime.fromtimestamp(timer.due_at, timezone.utc)
    content = {
        "triggerTime": due.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "triggerName": timer.rule.trigger,
        "payload": timer.rule.payload,
    }
    return json.dumps(content, ensure_ascii=False).encode()
