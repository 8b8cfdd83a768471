"""Who is calling, by key or by the gateway's app, and what they may do."""

from __future__ import annotations

from typing import get_args

import pytest

from shared.access.api_keys import ApiKeys, Scope, hash_key
from shared.access.revocation import Revocations
from shared.errors import Forbidden, Unauthenticated
from shared.settings import SCOPES, USUAL_SCOPES
from tests.fakes.hands import HandClock, RecordingSender
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import OtpService
from tests.unit.access.endpoints import APP, KEY, SECOND, Endpoints

GATEWAY = {"CaAppId": APP, "CaClientIp": "203.0.113.7"}
FRESH = "+8613800138001"
PUBLIC = {APP: ("shop", frozenset({"otp:request", "otp:verify"}))}


def test_the_scopes_of_settings_are_those_of_the_room() -> None:
    assert get_args(Scope) == SCOPES


@pytest.mark.parametrize("scope", sorted(USUAL_SCOPES))
def test_a_key_without_limits_may_do_everything_of_its_tenant(scope: Scope) -> None:
    keys = ApiKeys({hash_key(KEY): "shop"})

    assert keys.caller(f"Bearer {KEY}", scope=scope).tenant == "shop"


def test_a_key_without_limits_sees_no_other_tenant() -> None:
    keys = ApiKeys({hash_key(KEY): "shop"})

    with pytest.raises(Forbidden):
        keys.caller(f"Bearer {KEY}", scope="operate")
    assert keys.known(hash_key(KEY)).scopes == frozenset(SCOPES) - {"operate"}


def test_a_key_is_known_by_its_hash_and_asked_for_once_in_a_while() -> None:
    clock, store = HandClock(), MemoryRows()
    keys = ApiKeys(
        {hash_key(KEY): "shop"},
        {hash_key(KEY): frozenset({"operate"})},
        revocations=Revocations(clock),
    )

    known = keys.known(hash_key(KEY))

    assert (known.tenant, known.scopes) == ("shop", {"operate"})
    assert known.check is not None
    known.check.ask(store)
    assert keys.known(hash_key(KEY)).check is None
    with pytest.raises(Unauthenticated):
        keys.known(hash_key(SECOND))


@pytest.mark.parametrize("granted", SCOPES)
@pytest.mark.parametrize("asked", SCOPES)
def test_a_limited_key_may_do_what_it_is_good_for(granted: Scope, asked: Scope) -> None:
    keys = ApiKeys({hash_key(KEY): "shop"}, {hash_key(KEY): frozenset({granted})})

    if asked == granted:
        assert keys.caller(f"Bearer {KEY}", scope=asked).tenant == "shop"
    else:
        with pytest.raises(Forbidden):
            keys.caller(f"Bearer {KEY}", scope=asked)


@pytest.mark.parametrize("header", [None, "", "Bearer", f"Basic {KEY}", "Bearer short", KEY])
def test_what_is_no_known_key_is_nobody(header: str | None) -> None:
    with pytest.raises(Unauthenticated):
        ApiKeys({hash_key(KEY): "shop"}).caller(header, scope="read")


def test_a_key_without_the_scope_hears_403_and_nothing_is_sent() -> None:
    at = Endpoints(scopes={hash_key(KEY): frozenset({"otp:verify"})})

    status, problem = at.request()

    assert (status, problem["code"]) == (403, "forbidden")
    assert at.otp.sender.sent == []
    _, issued = at.request(key=SECOND)
    assert at.verify(issued["challenge_id"])[0] == 200


def test_both_keys_of_a_rotation_open_the_same_challenges() -> None:
    at = Endpoints()
    _, issued = at.request(key=KEY)

    assert at.verify(issued["challenge_id"], key=SECOND)[0] == 200


def test_a_tenant_that_is_deleted_mid_challenge_is_nobody() -> None:
    """401 at every route from the next deployment on; never 500, and nothing is sent."""
    at = Endpoints()
    _, issued = at.request()
    at.tenants.clear()

    assert at.verify(issued["challenge_id"])[0] == 401
    assert at.request(body={"challenge_id": issued["challenge_id"]})[0] == 401
    assert len(at.otp.sender.sent) == 1


def test_a_challenge_of_a_deleted_tenant_is_unknown_to_others() -> None:
    at = Endpoints()
    _, issued = at.request()
    at.tenants.update({hash_key(KEY): "heir"})

    assert at.verify(issued["challenge_id"])[0] == 422


# --- the gateway's apps ------------------------------------------------------------------------


def test_an_app_that_the_gateway_let_in_is_its_tenant() -> None:
    at = Endpoints(apps=PUBLIC)

    status, issued = at.request(key=None, by_gateway=True, headers=GATEWAY)

    assert status == 202
    assert at.verify(issued["challenge_id"])[0] == 200, "another tenant's challenge"


def test_an_app_is_never_believed_from_an_http_trigger() -> None:
    at = Endpoints(apps=PUBLIC)

    assert at.request(key=None, headers=GATEWAY)[0] == 401
    assert at.otp.sender.sent == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"CaAppId": "1", "CaClientIp": "203.0.113.7"},
        {"CaAppId": f"{APP},{APP}", "CaClientIp": "203.0.113.7"},
        {"CaAppId": "", "CaClientIp": "203.0.113.7"},
        {"CaAppId": APP},
        {"CaAppId": APP, "CaClientIp": "203.0.113.7,198.51.100.1"},
        {"CaAppId": APP, "CaClientIp": "unknown"},
        {**GATEWAY, "Authorization": "Bearer sk_of_nobody_at_all_0123456789"},
    ],
    ids=["none", "unknown", "twice", "empty", "no-address", "addresses", "no-ip", "wrong-key"],
)
def test_what_the_gateway_does_not_say_clearly_is_nobody(headers: dict[str, str]) -> None:
    at = Endpoints(apps=PUBLIC)

    assert at.request(key=None, by_gateway=True, headers=headers)[0] == 401


def test_an_app_code_in_the_authorization_header_is_the_gateways_matter() -> None:
    at = Endpoints(apps=PUBLIC)
    headers = {**GATEWAY, "Authorization": "APPCODE 0123456789abcdef0123456789abcdef"}

    assert at.request(key=None, by_gateway=True, headers=headers)[0] == 202


def test_an_app_may_do_what_its_setting_says() -> None:
    at = Endpoints(apps={APP: ("shop", frozenset({"otp:verify"}))})

    assert at.request(key=None, by_gateway=True, headers=GATEWAY)[0] == 403


def test_a_public_client_counts_by_the_gateways_address_whatever_it_says() -> None:
    at = Endpoints(otp=OtpService(sender=RecordingSender()), apps=PUBLIC)
    for number in range(60):
        body = {
            "phone": f"+86139001390{number:02d}",
            "client": {"ip": f"198.51.100.{number}"},
        }
        status, _ = at.request(key=None, by_gateway=True, headers=GATEWAY, body=body)
        assert status == 202

    status, problem = at.request(key=None, by_gateway=True, headers=GATEWAY, body={"phone": FRESH})

    assert (status, problem["violated-policies"]) == (429, ["ip_hour"])
    elsewhere = {**GATEWAY, "CaClientIp": "203.0.113.8"}
    assert at.request(key=None, by_gateway=True, headers=elsewhere, body={"phone": FRESH})[0] == 202


def test_a_tenants_own_server_behind_the_gateway_counts_for_nothing() -> None:
    at = Endpoints(apps=PUBLIC)

    for number in range(61):
        body = {"phone": f"+86139001390{number:02d}"}
        assert at.request(by_gateway=True, headers=GATEWAY, body=body)[0] == 202
