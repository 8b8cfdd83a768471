"""A console over a store in memory, and somebody who visits it as a browser would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from shared.access.api_keys import ApiKeys, hash_key
from shared.access.revocation import Revocations
from shared.console.endpoint import ConsoleEndpoint
from shared.console.page import Content, Download, Page, Redirect, Visit
from shared.console.session import Sessions
from shared.fc.events import HttpRequest
from shared.fc.responses import ContentResponse
from shared.ids import random_bytes
from tests.fakes.hands import HandClock
from tests.fakes.memory_rows import MemoryRows

SHOP_KEY, OPERATOR_KEY, NARROW_KEY = "shop" * 8, "operator" * 4, "narrow" * 6
SECRET = b"s" * 32
HOST = "sesame.example.com"


@dataclass
class AnyPage:
    """Answers with what it is given, and keeps its visits."""

    path: str = "/console/any"
    nav: str = "nav.any"
    scope: str = "figures"
    answer: Content | Redirect | Download | Exception = field(
        default_factory=lambda: Content("login.html", {"goal": "/console/", "error": ""})
    )
    visits: list[Visit] = field(default_factory=list)

    def __call__(self, visit: Visit) -> Content | Redirect | Download:
        self.visits.append(visit)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Console:
    """The endpoint of some pages. tenants may be changed, as a deployment would."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.clock = HandClock()
        self.store = MemoryRows()
        self.tenants = {
            hash_key(SHOP_KEY): "shop",
            hash_key(OPERATOR_KEY): "ops",
            hash_key(NARROW_KEY): "shop",
        }
        scopes = {
            hash_key(OPERATOR_KEY): frozenset({"figures", "operate"}),
            hash_key(NARROW_KEY): frozenset({"otp:request"}),
        }
        keys = ApiKeys(self.tenants, scopes, revocations=Revocations(self.clock))
        self.sessions = Sessions(
            api_keys=keys, secret=SECRET, clock=self.clock, random=random_bytes
        )
        self.endpoint = ConsoleEndpoint(
            pages=pages, sessions=self.sessions, store=self.store, clock=self.clock
        )

    def ask(
        self,
        address: str,
        *,
        method: str = "GET",
        form: dict[str, str] | None = None,
        **headers: str,
    ) -> ContentResponse:
        """One request, of a stranger. Headers with `_` for `-`."""
        parts = urlsplit(address)
        own = {"host": HOST, **{name.replace("_", "-"): text for name, text in headers.items()}}
        if form is not None:
            own.setdefault("content-type", "application/x-www-form-urlencoded")
        return self.endpoint(
            HttpRequest(
                method=method,
                path=parts.path,
                headers=own,
                body=urlencode(form or {}).encode(),
                source_ip="198.51.100.4",
                query=dict(parse_qsl(parts.query, keep_blank_values=True)),
                request_id="1-req",
            )
        )

    def visitor(self, key: str = SHOP_KEY) -> Visitor:
        """Somebody who has logged in."""
        answer = self.ask("/console/login", method="POST", form={"key": key})
        assert answer.status == 303, answer.body
        return Visitor(self, answer.headers["Set-Cookie"].partition(";")[0])


@dataclass
class Visitor:
    """Sends the session's cookie, and the token with every form."""

    console: Console
    cookie: str

    def get(self, address: str, **headers: str) -> ContentResponse:
        return self.console.ask(address, cookie=self.cookie, **headers)

    def post(
        self, address: str, form: dict[str, str] | None = None, **headers: str
    ) -> ContentResponse:
        filled = {"csrf": self.token, **(form or {})}
        return self.console.ask(address, method="POST", form=filled, cookie=self.cookie, **headers)

    @property
    def token(self) -> str:
        session = self.console.sessions.read(self.cookie.partition("=")[2])
        return self.console.sessions.token(session)
