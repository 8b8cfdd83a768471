"""CAPTCHA tokens, checked at a `siteverify` address over HTTP by urllib3.

Turnstile and hCaptcha speak alike: a form with `secret`, `response` and `remoteip` is posted, and
JSON with a boolean `success` comes back (Turnstile "Server-side validation"; hCaptcha's by its npm
client). Alibaba Cloud's CAPTCHA 2.0 is a signed OpenAPI call and no siteverify: it takes an adapter
of one's own behind the same form (inferred: nothing here was tried against a real one).
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import ClassVar

import urllib3

from shared.observability.events import PROOF_UNCHECKED
from shared.observability.logs import log_event
from shared.send_facts import SendFacts

TIMEOUT_S = 2.0
_LONGEST_ANSWER_BYTES = 16_384
_BELIEVED_MS = 120_000
_KEPT = 256


class SiteverifyChecker:
    """Implements ProofChecker. A service that does not answer counts as no proof: this is asked
    only where the alternative is to send nothing.
    """

    is_instant: ClassVar[bool] = False

    def __init__(self, *, url: str, secret: str, site_key: str = "") -> None:
        self._url, self._secret, self._site_key = url, secret, site_key
        timeout = urllib3.Timeout(total=TIMEOUT_S)
        self._pool = urllib3.PoolManager(timeout=timeout, retries=False)
        # A token is good once only, and one request may ask for it twice, as may its repetition.
        self._good_ms: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def puzzle(self, facts: SendFacts, now_ms: int) -> Mapping[str, object]:
        """Which widget to show."""
        return {"kind": "captcha", **({"site_key": self._site_key} if self._site_key else {})}

    def is_good(self, proof: str, facts: SendFacts, now_ms: int) -> bool:
        """True if the service says so, or said so for this phone within two minutes."""
        parts = (proof, facts.tenant, facts.phone.e164)
        name = hashlib.sha256("\0".join(parts).encode()).digest()
        with self._lock:
            if 0 <= now_ms - self._good_ms.get(name, -_BELIEVED_MS) < _BELIEVED_MS:
                return True
        if not self._ask(proof, facts):
            return False
        with self._lock:
            self._good_ms[name] = now_ms
            while len(self._good_ms) > _KEPT:
                self._good_ms.popitem(last=False)
        return True

    def _ask(self, proof: str, facts: SendFacts) -> bool:
        form = {"secret": self._secret, "response": proof}
        if facts.client_ip:
            form["remoteip"] = facts.client_ip
        try:
            answer = self._pool.request(
                "POST",
                self._url,
                fields=form,
                encode_multipart=False,
                redirect=False,
                preload_content=False,
            )
            try:
                text = answer.read(_LONGEST_ANSWER_BYTES)
            finally:
                answer.release_conn()
            body = json.loads(text)
        except urllib3.exceptions.HTTPError as error:
            return _unchecked(type(error).__name__)
        except ValueError:
            return _unchecked("not_json")
        if answer.status >= 500 or not isinstance(body, dict):
            return _unchecked(f"http_{answer.status}")
        return body.get("success") is True


def _unchecked(reason: str) -> bool:
    log_event(PROOF_UNCHECKED, level=logging.ERROR, error_code=reason)
    return False
