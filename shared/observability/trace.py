"""Trace context as the W3C Recommendation has it (www.w3.org/TR/trace-context), hop by hop.

It names what belongs together and nothing more: whoever calls may write there what they like, so
nothing is ever decided by it. The same two names carry it everywhere: as headers of HTTP, as the
distributed tracing extension of a CloudEvent, and as keys of our own queue items.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from shared.ids import RandomBytes, random_bytes

Carrier = Mapping[str, str]
"""`traceparent` and, if there is any, `tracestate`; names in lower case. Empty: no trace."""

PARENT, STATE = "traceparent", "tracestate"
STATE_LIMIT = 512
"""Characters of tracestate that are passed on; the Recommendation asks for at least as many."""
_MEMBER_LIMIT = 32
_LONG_MEMBER = 128
_SAMPLED = 0x01
# Compiled when there is something to read, not at a cold start.
_TRACEPARENT = r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
_MEMBER = (
    r"(?:[a-z][a-z0-9_*/-]{0,255}|[a-z0-9][a-z0-9_*/-]{0,240}@[a-z][a-z0-9_*/-]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)


@dataclass(frozen=True, slots=True)
class Trace:
    """One hop's place in a trace. span_id: this hop's own; its caller's in what was received."""

    trace_id: str
    span_id: str
    is_sampled: bool
    state: str = ""

    def carrier(self) -> Carrier:
        """What the next hop is told: this one is its parent."""
        parent = f"00-{self.trace_id}-{self.span_id}-{int(self.is_sampled):02x}"
        return {PARENT: parent, **({STATE: self.state} if self.state else {})}


_current: ContextVar[Trace | None] = ContextVar("current_trace", default=None)


def read_trace(carrier: Mapping[str, object]) -> Trace | None:
    """The trace that came; None if none did, or none that can be read."""
    given = carrier.get(PARENT)
    match = re.fullmatch(_TRACEPARENT, given) if isinstance(given, str) else None
    if match is None:
        return None
    version, trace_id, span_id, flags, more = match.groups()
    # A later version may append fields, and is read as this one is (§3.2.4); ff is no version.
    if version == "ff" or (more is not None and version == "00"):
        return None
    if not trace_id.strip("0") or not span_id.strip("0"):
        return None
    is_sampled = bool(int(flags, 16) & _SAMPLED)
    return Trace(trace_id, span_id, is_sampled, _read_state(carrier.get(STATE)))


def carrier_of(data: object) -> Carrier:
    """What a JSON object carries among its own keys, as a CloudEvent does; empty if nothing."""
    trace = read_trace(data) if isinstance(data, dict) else None
    return trace.carrier() if trace else {}


def carrier_in(body: bytes) -> Carrier:
    """The same for an object that is still JSON."""
    if b'"traceparent"' not in body:
        return {}  # most have none, and are not parsed twice
    try:
        return carrier_of(json.loads(body))
    except (ValueError, RecursionError):
        return {}


def start_trace(parents: Iterable[Carrier] = (), *, random: RandomBytes = random_bytes) -> None:
    """Begin a hop: of the trace that all `parents` bear, else of a new one."""
    known = {trace.trace_id if trace else "": trace for trace in map(read_trace, parents)}
    shared = next(iter(known.values())) if len(known) == 1 else None
    # A new trace says sampled, as its lines are kept; with 0 the tracers of those who receive our
    # webhooks would by default record nothing.
    _current.set(_hop(shared or Trace(random(16).hex(), "", is_sampled=True), random))


def end_trace() -> None:
    """Forget the hop, so that no line of the next one bears its ids."""
    _current.set(None)


@contextmanager
def continued(carrier: Carrier, *, random: RandomBytes = random_bytes) -> Iterator[None]:
    """What is logged and sent inside belongs to the trace of `carrier`: a hop of its own, unless
    the whole invocation is of that trace already, or there is none to read.
    """
    parent, held = read_trace(carrier), _current.get()
    if parent is None or (held is not None and held.trace_id == parent.trace_id):
        yield
        return
    token = _current.set(_hop(parent, random))
    try:
        yield
    finally:
        _current.reset(token)


def carried() -> Carrier:
    """What to send along from here; empty outside of a trace."""
    trace = _current.get()
    return trace.carrier() if trace else {}


def trace_fields() -> Mapping[str, str]:
    """What every log line bears."""
    trace = _current.get()
    return {"trace_id": trace.trace_id, "span_id": trace.span_id} if trace else {}


def _hop(parent: Trace, random: RandomBytes) -> Trace:
    return Trace(parent.trace_id, random(8).hex(), parent.is_sampled, parent.state)


def _read_state(value: object) -> str:
    """The list as it may be sent on, long members and then the last ones dropped (§3.3.1.5);
    empty if any of it cannot be read.
    """
    if not isinstance(value, str):
        return ""
    members = [text for each in value.split(",") if (text := each.strip(" \t"))]
    if len(members) > _MEMBER_LIMIT or not all(re.fullmatch(_MEMBER, each) for each in members):
        return ""
    if len(",".join(members)) > STATE_LIMIT:
        members = [each for each in members if len(each) <= _LONG_MEMBER]
    while len(",".join(members)) > STATE_LIMIT:
        members.pop()
    return ",".join(members)
