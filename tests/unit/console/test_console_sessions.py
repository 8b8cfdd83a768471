"""Logging in, staying in, and everything that ends it."""

from __future__ import annotations

import pytest

from shared.access.api_keys import hash_key
from shared.access.revocation import revocation
from shared.errors import Unauthenticated
from tests.unit.console.visiting import (
    NARROW_KEY,
    OPERATOR_KEY,
    SHOP_KEY,
    AnyPage,
    Console,
)


@pytest.fixture
def page() -> AnyPage:
    return AnyPage()


@pytest.fixture
def console(page: AnyPage) -> Console:
    return Console([page])


def test_a_key_opens_a_session_of_its_tenant(console: Console, page: AnyPage) -> None:
    answer = console.visitor(OPERATOR_KEY).get("/console/any")

    assert answer.status == 200
    (visit,) = page.visits
    assert visit.visitor.tenant == "ops"
    assert visit.visitor.key_name == hash_key(OPERATOR_KEY)[:8]
    assert visit.visitor.sees("shop")


def test_a_key_without_scopes_sees_its_own_tenant_alone(console: Console, page: AnyPage) -> None:
    console.visitor().get("/console/any")

    visitor = page.visits[0].visitor
    assert visitor.may("figures")
    assert not visitor.may("operate")
    assert not visitor.sees("bank")
    assert not visitor.sees("*")


def test_the_cookie_is_strict_and_tells_nothing(console: Console) -> None:
    answer = console.ask("/console/login", method="POST", form={"key": SHOP_KEY})

    cookie = answer.headers["Set-Cookie"]
    rest = cookie.partition("; ")[2]
    assert rest == "Path=/console/; Max-Age=28800; HttpOnly; SameSite=Strict; Secure"
    for secret in (SHOP_KEY, hash_key(SHOP_KEY), "shop"):
        assert secret not in cookie


@pytest.mark.parametrize(
    ("host", "is_secure"),
    [
        ("127.0.0.1:8080", False),
        ("localhost:8080", False),
        ("[::1]:8080", False),
        ("localhost", False),
        ("localhost.example.com", True),
        ("127.0.0.1.example.com:443", True),
        ("", True),
    ],
)
def test_the_cookie_is_for_https_but_on_the_machine_itself(
    console: Console, host: str, is_secure: bool
) -> None:
    answer = console.ask("/console/login", method="POST", form={"key": SHOP_KEY}, host=host)

    assert answer.headers["Set-Cookie"].endswith("; Secure") is is_secure


@pytest.mark.parametrize("key", ["", "short", "wrong" * 8, SHOP_KEY + "x", "x" * 300, "k\n" * 16])
def test_a_wrong_key_is_told_so_and_opens_nothing(console: Console, key: str) -> None:
    answer = console.ask("/console/login", method="POST", form={"key": key})

    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers
    assert b"not known" in answer.body
    if key.strip():
        assert key.strip().encode() not in answer.body


def test_a_key_that_opens_no_page_is_told_what_is_missing(console: Console) -> None:
    answer = console.ask("/console/login", method="POST", form={"key": NARROW_KEY})

    assert answer.status == 403
    assert "Set-Cookie" not in answer.headers
    assert b"none of its scopes" in answer.body


def test_a_session_lasts_eight_hours(console: Console) -> None:
    visitor = console.visitor()

    console.clock.advance(8 * 3600 - 1)
    assert visitor.get("/console/any").status == 200
    console.clock.advance(1)
    assert visitor.get("/console/any").status == 303


def test_a_session_of_the_future_is_none(console: Console) -> None:
    """Else a clock that was set back would make a session longer than it may be."""
    visitor = console.visitor()

    console.clock.advance(-60)

    assert visitor.get("/console/any").status == 303


@pytest.mark.parametrize("change", ["x", "=", "é", "\x00"])
def test_a_changed_cookie_is_none(console: Console, change: str) -> None:
    visitor = console.visitor()
    visitor.cookie = visitor.cookie[:-4] + change

    assert visitor.get("/console/any").status == 303


def test_each_byte_of_the_cookie_counts(console: Console) -> None:
    value = console.visitor().cookie.partition("=")[2]

    for place in range(0, len(value) - 4, 7):
        other = "A" if value[place] != "A" else "B"
        with pytest.raises(Unauthenticated):
            console.sessions.read(value[:place] + other + value[place + 1 :])


def test_a_key_that_is_taken_out_ends_its_sessions(console: Console) -> None:
    visitor = console.visitor()

    del console.tenants[hash_key(SHOP_KEY)]

    assert visitor.get("/console/any").status == 303


def test_a_revoked_key_ends_its_sessions_within_a_minute(console: Console) -> None:
    visitor = console.visitor()

    console.store.apply([revocation(hash_key(SHOP_KEY), console.clock.now_ms())])
    console.clock.advance(60)

    assert visitor.get("/console/any").status == 303
    assert console.ask("/console/login", method="POST", form={"key": SHOP_KEY}).status == 401


def test_a_revoked_key_does_not_log_in(console: Console) -> None:
    console.store.apply([revocation(hash_key(SHOP_KEY), console.clock.now_ms())])

    answer = console.ask("/console/login", method="POST", form={"key": SHOP_KEY})

    assert answer.status == 401
    assert "Set-Cookie" not in answer.headers


def test_the_key_costs_a_round_trip_once_in_a_while(console: Console) -> None:
    visitor = console.visitor()
    before = console.store.trips

    for _ in range(3):
        visitor.get("/console/any")

    assert console.store.trips == before


def test_logging_out_takes_the_cookie_away(console: Console) -> None:
    answer = console.visitor().post("/console/logout")

    assert answer.status == 303
    assert answer.headers["Location"] == "/console/login"
    assert "sesame_session=; Path=/console/; Max-Age=0" in answer.headers["Set-Cookie"]


def test_nobody_is_logged_out_by_a_link(console: Console) -> None:
    assert console.visitor().get("/console/logout").status == 405


def test_a_form_needs_the_token_of_its_own_session(console: Console, page: AnyPage) -> None:
    visitor, other = console.visitor(), console.visitor()

    for token in ("", "x", other.token, visitor.token[:-1] + "g", "é" * 97):
        assert visitor.post("/console/any", {"csrf": token}).status == 403
        assert visitor.post("/console/logout", {"csrf": token}).status == 403
    assert page.visits == []
    assert visitor.post("/console/any", {"phone": "1"}).status == 200
    assert page.visits[0].form == {"phone": "1"}


def test_no_two_tokens_are_alike(console: Console) -> None:
    """A page that is compressed with the same token again and again would give it away."""
    visitor = console.visitor()

    assert visitor.token != visitor.token
