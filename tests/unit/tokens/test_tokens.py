"""Tokens of verified phones, checked as a tenant's backend does: by PyJWT and the served keys."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest

from infra.token_keys import kid_of, main, new_seed, public_part, public_setting, secret_setting
from shared.api.description import DescribeApiEndpoint
from shared.clock import SystemClock
from shared.errors import MethodNotAllowed, SettingsInvalid
from shared.fc.events import HttpRequest
from shared.ids import random_bytes
from shared.phone_parser import parse_phone
from shared.settings import PublicTokenSettings, TokenSettings, read_settings
from shared.tokens.ed25519 import Ed25519Signer
from shared.tokens.issuer import TOKEN_TTL_S, PhoneProof, TokenIssuer
from shared.tokens.key_set import key_set
from tests.fakes.hands import HandClock

OLD, NEW = b"o" * 32, b"n" * 32
ISSUER = "https://otp.example.com"
PROOF = PhoneProof("shop", "c-1", parse_phone("+8613800138000"), "login")


def issuer(kid: str, seed: bytes, **more: Any) -> TokenIssuer:  # Any: a clock
    signer = Ed25519Signer(kid=kid, seed=seed)
    return TokenIssuer(signer, ISSUER, more.get("clock", SystemClock()), random_bytes)


def served(seeds: Mapping[str, bytes], *, method: str = "GET") -> dict[str, object]:
    """What GET /v1/jwks.json answers."""
    (held,) = read_settings({"OTP_TOKEN_PUBLIC_KEYS": public_setting(seeds)}, PublicTokenSettings)
    openapi = Path(__file__).resolve().parents[3] / "functions" / "describe_api" / "openapi.json"
    endpoint = DescribeApiEndpoint(openapi, jwks=key_set(held.keys))
    answer = endpoint(HttpRequest(method, "/v1/jwks.json", {}, b"", "198.51.100.4")).as_event()
    assert isinstance(answer["body"], str)
    return {**answer, "body": json.loads(answer["body"])}


def checked(token: str, seeds: Mapping[str, bytes], audience: str = "shop") -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict(served(seeds)["body"])  # type: ignore[arg-type]
    key = keys[jwt.get_unverified_header(token)["kid"]]
    return jwt.decode(token, key, algorithms=["EdDSA"], audience=audience, issuer=ISSUER)


def test_a_token_says_who_was_verified_for_whom_and_for_what() -> None:
    token = issuer("a", NEW)(PROOF)

    claims = checked(token.text, {"a": NEW})

    issued_at = claims.pop("iat")
    assert claims.pop("exp") - issued_at == TOKEN_TTL_S == token.expires_in_s
    assert len(claims.pop("jti")) == 22
    assert claims == {
        "iss": ISSUER,
        "aud": "shop",
        "sub": "c-1",
        "phone_number": "+8613800138000",
        "phone_number_verified": True,
        "purpose": "login",
    }
    assert jwt.get_unverified_header(token.text) == {"alg": "EdDSA", "kid": "a", "typ": "JWT"}


def test_a_context_is_in_the_token_as_it_was_bound() -> None:
    context = {"amount": 100.5, "payee": "Øre 店", "first": True, "count": 2}

    token = issuer("a", NEW)(PhoneProof("shop", "c-1", PROOF.phone, "payment", context))

    assert checked(token.text, {"a": NEW})["context"] == context


def test_no_two_tokens_have_one_id() -> None:
    make = issuer("a", NEW, clock=HandClock())

    assert len({make(PROOF).text for _ in range(50)}) == 50


def test_a_token_is_good_for_minutes() -> None:
    token = issuer("a", NEW, clock=HandClock(1_700_000_000_000))(PROOF)

    with pytest.raises(jwt.ExpiredSignatureError):
        checked(token.text, {"a": NEW})


def test_a_token_is_for_one_tenant() -> None:
    with pytest.raises(jwt.InvalidAudienceError):
        checked(issuer("a", NEW)(PROOF).text, {"a": NEW}, audience="other")


def test_a_changed_token_is_told() -> None:
    head, body, signature = issuer("a", NEW)(PROOF).text.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["phone_number"] = "+8613900139000"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()

    with pytest.raises(jwt.InvalidSignatureError):
        checked(f"{head}.{forged}.{signature}", {"a": NEW})


def test_a_rotation_breaks_no_token_while_its_key_is_published() -> None:
    both = {"new": NEW, "old": OLD}
    before, after = issuer("old", OLD)(PROOF), issuer("new", NEW)(PROOF)

    assert checked(before.text, both)["aud"] == checked(after.text, both)["aud"] == "shop"
    with pytest.raises(KeyError):
        checked(before.text, {"new": NEW})


def test_the_keys_are_served_to_be_cached_and_without_secrets() -> None:
    answer = served({"a": NEW, "b": OLD})

    assert answer["headers"]["Content-Type"] == "application/jwk-set+json"  # type: ignore[index]
    assert answer["headers"]["Cache-Control"] == "public, max-age=300"  # type: ignore[index]
    keys = answer["body"]["keys"]  # type: ignore[index]
    assert [each["kid"] for each in keys] == ["a", "b"]
    assert {frozenset(each) for each in keys} == {
        frozenset({"kty", "crv", "x", "kid", "use", "alg"})
    }


def test_no_keys_are_an_empty_set() -> None:
    assert served({})["body"] == {"keys": []}


def test_the_keys_are_only_read() -> None:
    with pytest.raises(MethodNotAllowed):
        served({}, method="POST")


def test_a_signature_is_the_one_of_the_rfc() -> None:
    """RFC 8037 appendices A.1 to A.4."""
    seed = base64.urlsafe_b64decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=")
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"

    signature = Ed25519Signer(kid="a", seed=seed).sign(signed)

    assert base64.urlsafe_b64encode(signature).rstrip(b"=") == (
        b"hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    assert public_part(seed) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    assert "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k".startswith(kid_of(seed))


def test_the_first_key_of_the_setting_signs() -> None:
    environment = {
        "OTP_TOKEN_KEYS": secret_setting({"new": NEW, "old": OLD}),
        "OTP_TOKEN_ISSUER": ISSUER,
    }

    (held,) = read_settings(environment, TokenSettings)

    assert list(held.keys.items()) == [("new", NEW), ("old", OLD)]


@pytest.mark.parametrize(
    ("variable", "value", "text"),
    [
        ("OTP_TOKEN_KEYS", "a:notbase64!", "not base64"),
        ("OTP_TOKEN_KEYS", "a:c2hvcnQ=", "not 32 bytes"),
        ("OTP_TOKEN_KEYS", secret_setting({"a": NEW}).removeprefix("a"), "names"),
        ("OTP_TOKEN_KEYS", ",".join([secret_setting({"a": NEW})] * 2), "each once"),
        ("OTP_TOKEN_KEYS", secret_setting({"a": NEW}), "OTP_TOKEN_ISSUER is empty"),
        ("OTP_TOKEN_ISSUER", "otp.example.com", "pattern"),
        ("OTP_TOKEN_PUBLIC_KEYS", "a:x", "not"),
        ("OTP_TOKEN_PUBLIC_KEYS", "a", "not 32 bytes"),
    ],
)
def test_a_bad_setting_is_named_and_not_quoted(variable: str, value: str, text: str) -> None:
    with pytest.raises(SettingsInvalid, match=text) as raised:
        read_settings({variable: value}, TokenSettings, PublicTokenSettings)

    assert value.partition(":")[2] not in str(raised.value) or ":" not in value


def test_a_new_key_comes_as_two_lines_that_belong_together(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["new"], {}) == 0
    secret, public = capsys.readouterr().out.splitlines()
    name, _, value = secret.partition("=")

    assert main(["public"], {name: value}) == 0

    assert capsys.readouterr().out.splitlines() == [public]


def test_a_bad_key_is_refused_by_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["public"], {"SESAME_OTP_TOKEN_KEYS": "a:c2hvcnQ="}) == 1

    shown = capsys.readouterr()
    assert "SESAME_OTP_TOKEN_KEYS" in shown.err
    assert "c2hvcnQ" not in shown.err + shown.out


def test_every_new_key_is_another() -> None:
    assert len({kid_of(new_seed()) for _ in range(20)}) == 20
