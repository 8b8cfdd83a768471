"""Queues that call functions: what EventBridge does with an SMQ source.

A message stays in its queue, hidden, until its push is settled: if the cloud dies meanwhile, it
comes again. The clock may jump past the time until which a message is hidden, so the stream knows
what it holds, takes a message that turns up again under its new handle, and does not push it twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.eventbridge.cloudevents import Place, encode, queue_event
from infra.localcloud.eventbridge.delivery import Deliveries, ensure_queue
from infra.localcloud.eventbridge.rules import StreamRule
from infra.localcloud.eventbridge.workers import Workers
from infra.localcloud.smq.errors import SmqRefused
from infra.localcloud.smq.store import Message, QueueStore

POLL_S = 0.05
BATCHES_IN_FLIGHT = 2
"""Pushes of one stream at a time; one alone if the stream has to wait for it (both inferred)."""
HOLD_S = 30
"""How long a message is hidden at a time; renewed at half of it."""


class Stream:
    """One `eventbridge` trigger with a queue for a source."""

    def __init__(
        self,
        rule: StreamRule,
        *,
        queues: QueueStore,
        deliveries: Deliveries,
        clock: CloudClock,
        place: Place,
    ) -> None:
        self._rule = rule
        self._queues = queues
        self._deliveries = deliveries
        self._clock = clock
        self._place = place
        blocks = rule.target.tolerance == "NONE"
        self._slots = asyncio.Semaphore(1 if blocks else BATCHES_IN_FLIGHT)
        self._workers = Workers()
        self._held: dict[str, Message] = {}
        self._settled: set[str] = set()

    def start(self) -> None:
        """Make sure that the queue is there, and push what is in it."""
        ensure_queue(self._queues, self._rule.queue)
        self._workers.add(self._dispatch())
        self._workers.add(self._keep_hidden())

    async def stop(self) -> None:
        """Give up what is under way, and its messages back to the queue."""
        await self._workers.stop()
        for message in self._held.values():
            self._hide(message, 0)
        self._held.clear()

    async def _dispatch(self) -> None:
        while True:
            await self._slots.acquire()
            batch = await self._gather()
            self._workers.add(self._push(batch))

    async def _gather(self) -> list[Message]:
        """A batch: never empty, full or as long in the making as the window is."""
        loop, batch = asyncio.get_running_loop(), list[Message]()
        while not batch:
            batch = self._take(self._rule.batch_count)
            if not batch:
                await asyncio.sleep(POLL_S)
        closes_at = loop.time() + self._rule.window_s
        while len(batch) < self._rule.batch_count and loop.time() < closes_at:
            await asyncio.sleep(min(POLL_S, max(closes_at - loop.time(), 0)))
            batch += self._take(self._rule.batch_count - len(batch))
        return batch

    def _take(self, count: int) -> list[Message]:
        """Messages that are new to the stream; each is held from now on."""
        queue, taken = self._rule.queue, list[Message]()
        try:
            # a look first: an idle stream does not write
            received = self._queues.receive(queue, count) if self._queues.peek(queue, 1) else []
        except SmqRefused:
            return []  # the queue was deleted, and may come back
        for message in received:
            if message.id in self._settled:
                self._delete(message)
                continue
            if message.id not in self._held:
                taken.append(message)
            self._held[message.id] = message
        return taken

    async def _push(self, batch: Sequence[Message]) -> None:
        try:
            now_s, target = self._clock.now_s(), self._rule.target
            events = [queue_event(self._rule, each, self._place, now_s) for each in batch]
            # inferred: an event that the pattern does not want is consumed all the same
            wanted = [
                (message, event)
                for message, event in zip(batch, events, strict=True)
                if target.pattern.matches(event)
            ]
            if wanted:
                content = encode(target, [event for _, event in wanted])
                await self._deliveries.deliver(target, content, [each.body for each, _ in wanted])
            for message in batch:
                self._delete(self._held.pop(message.id))
        finally:
            self._slots.release()

    async def _keep_hidden(self) -> None:
        while True:
            renew_before = self._clock.now_s() + HOLD_S / 2
            for message in list(self._held.values()):
                if message.visible_at < renew_before:
                    self._hide(message, HOLD_S)
            await asyncio.sleep(POLL_S)

    def _hide(self, message: Message, timeout_s: int) -> None:
        try:
            self._held[message.id] = self._queues.change_visibility(
                self._rule.queue, message.receipt_handle, timeout_s
            )
        except SmqRefused:
            return  # it is visible already, and comes again, or it is gone

    def _delete(self, message: Message) -> None:
        try:
            self._queues.delete(self._rule.queue, message.receipt_handle)
        except SmqRefused as refused:
            if refused.code == "ReceiptHandleError":  # visible already: deleted when it comes again
                self._settled.add(message.id)
            return
        self._settled.discard(message.id)
