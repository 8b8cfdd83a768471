"""Posting to tenants' servers: signed, without redirects, and safe to repeat.

A webhook that may have arrived counts as refused for now, not as unknown: its receiver knows a
repetition by its id.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import urllib3

from shared.clock import Clock
from shared.observability.trace import carried
from shared.send_outcome import RefusalKind, SendAccepted, SendOutcome, SendRefused
from shared.webhooks.signature import read_secrets, signature_headers

CONNECT_TIMEOUT_S = 2.0
READ_TIMEOUT_S = 5.0

_LONGEST_RETRY_AFTER_S = 86_400
_DRAINED_BYTES = 4_096
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a tenant hears from us. Raises ValueError unless the URL is https, or of this host.

    secrets: `whsec_<base64>`, several separated by spaces while they are rotated.
    """

    url: str
    secrets: str = field(repr=False)
    keys: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if not parts.hostname or parts.username is not None or parts.fragment:
            raise ValueError("a webhook URL has a host, no user and no fragment")
        is_here = parts.scheme == "http" and parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not is_here:
            raise ValueError("a webhook URL must be https")
        object.__setattr__(self, "keys", read_secrets(self.secrets))


class WebhookSender:
    """Posts to the endpoint of each tenant."""

    def __init__(self, endpoints: Mapping[str, Endpoint], clock: Clock) -> None:
        self._endpoints = endpoints
        self._clock = clock
        timeout = urllib3.Timeout(connect=CONNECT_TIMEOUT_S, read=READ_TIMEOUT_S)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)

    def post(self, tenant: str, *, event_id: str, body: Mapping[str, object]) -> SendOutcome:
        """How one post ended; never SendUnknown, since the same event may be posted again."""
        endpoint = self._endpoints.get(tenant)
        if endpoint is None:
            return SendRefused(RefusalKind.UNAVAILABLE, "no_endpoint")
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        now_s = self._clock.now_ms() // 1000
        headers = signature_headers(
            endpoint.keys, event_id=event_id, timestamp_s=now_s, body=content
        )
        try:
            response = self._pool.request(
                "POST",
                endpoint.url,
                body=content,
                headers={
                    **headers,
                    **carried(),
                    "content-type": "application/json",
                    "user-agent": "Sesame",
                },
                redirect=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            return SendRefused(RefusalKind.BUSY, _lost(error))
        _let_go(response)
        retry_after_s = _retry_after_s(response.headers.get("retry-after"), now_s)
        return _outcome(response.status, retry_after_s, event_id)


def _outcome(status: int, retry_after_s: int | None, event_id: str) -> SendOutcome:
    if 200 <= status < 300:
        return SendAccepted(event_id)
    if status == 410:
        return SendRefused(RefusalKind.UNAVAILABLE, "gone")
    if status == 429 or status >= 500:
        busy = SendRefused(RefusalKind.BUSY, f"http_{status}")
        if retry_after_s is None or status not in (429, 503):
            return busy
        return SendRefused(busy.kind, busy.code, retry_after_s)
    return SendRefused(RefusalKind.UNAVAILABLE, f"http_{status}")


def _lost(error: urllib3.exceptions.HTTPError) -> str:
    # A refused connection is a kind of timeout to urllib3.
    is_refused = isinstance(error, urllib3.exceptions.NewConnectionError)
    is_timeout = isinstance(error, urllib3.exceptions.TimeoutError) and not is_refused
    return "timeout" if is_timeout else "unreachable"


def _retry_after_s(value: str | None, now_s: int) -> int | None:
    """Seconds of a Retry-After, which may also be a date (RFC 9110 §10.2.3)."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        wait_s = int(text[:9])
    else:
        try:
            wait_s = int(parsedate_to_datetime(text).timestamp()) - now_s
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(wait_s, 0), _LONGEST_RETRY_AFTER_S)


def _let_go(response: urllib3.BaseHTTPResponse) -> None:
    """Keep the connection if the rest of the answer is short and there; nobody reads it."""
    try:
        length = int(response.headers.get("content-length", _DRAINED_BYTES + 1))
        if length <= _DRAINED_BYTES:
            response.read(_DRAINED_BYTES)
            response.release_conn()
            return
    except (ValueError, urllib3.exceptions.HTTPError):
        pass  # the status is known, and is all that counts
    response.close()
