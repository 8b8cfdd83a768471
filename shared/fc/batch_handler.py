"""The edge of functions that no caller waits for: batches of messages, and timers.

The platform knows no failure of a single item: to raise brings back the whole batch. So an endpoint
settles its items one by one, by itself, and raises only where all of them should come again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass

from shared.errors import SesameError
from shared.fc.batch_events import BatchItem, parse_batch
from shared.fc.handler import Function, attempt
from shared.observability.trace import start_trace


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How many items are done with, and how many of them came to a bad end (dead-lettered)."""

    settled: int
    failed: int


BatchEndpoint = Callable[[Sequence[BatchItem]], BatchResult]
Task = Callable[[], None]


class BatchFailed(Exception):
    """The platform is to bring this batch again; the text is an error's code and nothing else."""


class TimerFailed(Exception):
    """A tick came to nothing; the text is an error's code and nothing else."""


class BatchFunction(Function[BatchEndpoint]):
    """A function behind a queue, a topic or an event bus: `handler` and `initialize`."""

    def handler(self, event: bytes, context: object) -> Mapping[str, object]:
        """The counts of the batch. Raises BatchFailed if the endpoint raised, or if the event is
        not JSON at all: then it is the platform that keeps it.
        """
        with self._invocation(context) as summary:
            result = attempt(lambda: self._run(event, summary))
            if isinstance(result, SesameError):
                summary.update(outcome="failed", error_code=result.code)
            else:
                summary.update(outcome="done", settled=result.settled, failed=result.failed)
        if isinstance(result, SesameError):
            raise BatchFailed(result.code)
        return {"settled": result.settled, "failed": result.failed}

    def _run(self, event: bytes, summary: MutableMapping[str, object]) -> BatchResult:
        endpoint = self._ready()
        items = parse_batch(event)
        summary["items"] = len(items)
        start_trace(item.trace for item in items)
        return endpoint(items)


class TimerFunction(Function[Task]):
    """A function behind a timer: `handler` and `initialize`. What the tick says decides nothing."""

    def handler(self, event: bytes, context: object) -> None:
        """Run the task once. Raises TimerFailed if it raised."""
        with self._invocation(context) as summary:
            failure = attempt(lambda: self._ready()())
            if isinstance(failure, SesameError):
                summary.update(outcome="failed", error_code=failure.code)
            else:
                summary.update(outcome="done")
        if isinstance(failure, SesameError):
            raise TimerFailed(failure.code)
