"""What a topic's subscribers get of a message, as the pages "NotifyContentFormat", "HttpEndpoint"
and "NotifyStrategy" of SMQ have it.

Queues and HTTP servers of this machine are pushed to; HTTPS servers may subscribe and hear nothing.
A push is not signed: the key of its certificate is the vendor's, so Authorization and
x-mns-signing-cert-url are left out. What waits for another try is forgotten when the cloud stops.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import re
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.smq.documents import write_one
from infra.localcloud.smq.errors import SmqRefused
from infra.localcloud.smq.operations import md5_of
from infra.localcloud.smq.store import Draft, QueueStore
from infra.localcloud.smq.topics import Strategy, Subscription

log = logging.getLogger("localcloud.smq")

ANSWER_LIMIT_S = 5.0
CLOCK_POLL_S = 0.05
DEFAULT_PATH = "/notifications"
_QUEUE = re.compile(r"acs:mns:[^:]*:[^:]*:/?queues/([A-Za-z0-9][A-Za-z0-9\-]{0,255})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Published:
    """A message of a topic. body: as it was sent, base64 or not; at_ms: UTC epoch ms."""

    topic: str
    id: str
    body: str
    tag: str
    at_ms: int
    attributes: Mapping[str, str] = field(default_factory=dict)


def new_message_id() -> str:
    """An id that no other message has (inferred: its form)."""
    return secrets.token_hex(16).upper()


def notification(subscription: Subscription, message: Published) -> bytes:
    """What `subscription` is pushed: the message, in the form that it asked for."""
    if subscription.attributes.format == "SIMPLIFIED":
        return message.body.encode()
    fields = {
        "TopicOwner": ACCOUNT_ID,
        "TopicName": message.topic,
        "Subscriber": ACCOUNT_ID,
        "SubscriptionName": subscription.name,
        "MessageId": message.id,
        "Message": message.body,
        "MessageMD5": md5_of(message.body),
        **({"MessageTag": message.tag} if message.tag else {}),  # inferred: left out, not empty
        "PublishTime": str(message.at_ms),
    }
    if subscription.attributes.format == "JSON":
        return json.dumps(fields, ensure_ascii=False).encode()
    return write_one("Notification", fields)


def queue_of(endpoint: str) -> str | None:
    """The queue that an endpoint names, None if it is no queue."""
    match = _QUEUE.fullmatch(endpoint)
    return match[1] if match else None


def is_on_this_machine(endpoint: str) -> bool:
    """True for the http address of a loopback server: no other is ever called."""
    try:
        url = urlsplit(endpoint)
        host = url.hostname or ""
        return url.scheme == "http" and (host == "localhost" or ip_address(host).is_loopback)
    except ValueError:
        return False


class Notifier:
    """Pushes to subscriptions in the background, from the first `push` to `stop`.

    draw: a number from 0 to 1, for the waits that are random.
    """

    def __init__(self, *, queues: QueueStore, clock: CloudClock, draw: Callable[[], float]) -> None:
        self._queues = queues
        self._clock = clock
        self._draw = draw
        self._tasks: set[asyncio.Task[None]] = set()

    def push(self, subscriptions: Sequence[Subscription], message: Published) -> None:
        """Let each subscription have the message. A queue has it at once, if it can."""
        for each in subscriptions:
            if self._send_to_queue(each, message):
                continue
            task = asyncio.get_running_loop().create_task(self._keep_trying(each, message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        """Give up what waits; `stop` without waiting for the end."""
        for task in self._tasks:
            if not task.get_loop().is_closed():
                task.cancel()

    async def stop(self) -> None:
        """Give up what waits, and have it ended."""
        tasks = list(self._tasks)
        self.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_trying(self, subscription: Subscription, message: Published) -> None:
        for wait_s in self._waits(subscription.attributes.strategy):
            await self._let_pass(wait_s)
            if self._send_to_queue(subscription, message) or await _post(subscription, message):
                return
        log.warning(
            "the message %s was not taken by the subscription %s of %s, now lost",
            message.id,
            subscription.name,
            subscription.topic,
        )

    def _send_to_queue(self, subscription: Subscription, message: Published) -> bool:
        queue = queue_of(subscription.attributes.endpoint)
        if queue is None:
            return False
        body = notification(subscription, message).decode()
        try:
            # Inferred: the queue's own limit does not count here.
            self._queues.send(queue, [Draft(body)])
        except SmqRefused:
            return False
        return True

    def _waits(self, strategy: Strategy) -> Iterator[float]:
        yield 0
        match strategy:
            case "BACKOFF_RETRY":
                yield from (10 + 10 * self._draw() for _ in range(3))
            case "EXPONENTIAL_DECAY_RETRY":
                yield from (float(2 ** min(attempt, 9)) for attempt in range(176))

    async def _let_pass(self, seconds: float) -> None:
        """Return once that has passed on the cloud's clock. A jump forward counts."""
        passed_s, last_s = 0.0, self._clock.now_s()
        while passed_s < seconds:
            await asyncio.sleep(min(CLOCK_POLL_S, seconds - passed_s))
            now_s = self._clock.now_s()
            passed_s += max(now_s - last_s, 0)
            last_s = now_s


async def _post(subscription: Subscription, message: Published) -> bool:
    """Push over HTTP; True if the answer was 204 within 5 s."""
    if not is_on_this_machine(subscription.attributes.endpoint):
        return False
    endpoint = urlsplit(subscription.attributes.endpoint)
    url = endpoint._replace(path=endpoint.path or DEFAULT_PATH).geturl()
    body = notification(subscription, message)
    timeout = aiohttp.ClientTimeout(total=ANSWER_LIMIT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as client,
            client.post(
                url, data=body, headers=_headers(subscription, message, body), allow_redirects=False
            ) as response,
        ):
            return response.status == 204
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError, ValueError):
        return False


def _headers(subscription: Subscription, message: Published, body: bytes) -> dict[str, str]:
    form = subscription.attributes.format
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
    headers = {
        # Inferred: the types of the forms that are not XML.
        "Content-Type": "text/xml;charset=utf-8" if form == "XML" else "text/plain;charset=utf-8",
        "Content-MD5": base64.b64encode(digest.encode()).decode(),
        "Date": formatdate(message.at_ms / 1000, usegmt=True),
        "x-mns-request-id": uuid.uuid4().hex.upper(),
        "x-mns-version": "2015-06-06",
    }
    if form == "SIMPLIFIED":
        headers["x-mns-message-id"] = message.id
        if message.tag:
            headers["x-mns-message-tag"] = message.tag
    return headers
