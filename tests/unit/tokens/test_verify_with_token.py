"""POST /v1/otp/verify with a token: asked for, made, refused; never spent in vain, never logged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import jwt
import pytest

from shared.access.api_keys import ApiKeys, hash_key
from shared.api.otp import VerifyOtpEndpoint
from shared.errors import RequestInvalid
from shared.fc.events import HttpRequest
from shared.fc.handler import HttpFunction
from shared.fc.responses import HttpResponse
from shared.ids import random_bytes
from shared.otp.verify import VerifyOtp
from shared.tokens.ed25519 import Ed25519Signer
from shared.tokens.issuer import PhoneProof, Token, TokenIssuer
from tests.fakes.service import PHONE, OtpService

ROOT = Path(__file__).resolve().parents[3]
KEY = "k" * 20
SEED = "bm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm5ubm4="


@dataclass
class Context:
    request_id: str = "r-1"


@dataclass
class Front:
    """The endpoint over the fakes; `asked` is what tokens were made of."""

    otp: OtpService = field(default_factory=OtpService)
    asked: list[PhoneProof] = field(default_factory=list)
    makes_tokens: bool = True

    @property
    def endpoint(self) -> VerifyOtpEndpoint:
        return VerifyOtpEndpoint(
            api_keys=ApiKeys({hash_key(KEY): "shop"}),
            check=VerifyOtp(self.otp.core, limits=self.otp.limits),
            issue_token=self._issue if self.makes_tokens else None,
        )

    def _issue(self, proof: PhoneProof) -> Token:
        self.asked.append(proof)
        signer = Ed25519Signer(kid="a", seed=b"n" * 32)
        return TokenIssuer(signer, "https://i.example", self.otp.clock, random_bytes)(proof)

    def request(self, challenge_id: str, code: str, **more: object) -> HttpRequest:
        body = {"challenge_id": challenge_id, "code": code, **more}
        return HttpRequest(
            "POST",
            "/v1/otp/verify",
            {"authorization": f"Bearer {KEY}", "content-type": "application/json"},
            json.dumps(body).encode(),
            "198.51.100.4",
        )

    def verify(self, challenge_id: str, code: str | None = None, **more: object) -> HttpResponse:
        code = self.otp.sender.last_code if code is None else code
        return self.endpoint(self.request(challenge_id, code, **more))


def test_verify_with_a_token_proves_the_phone_and_the_context() -> None:
    front = Front()
    issued = front.otp.request(purpose="payment", context={"amount": "100"})

    answer = front.verify(issued.challenge_id, context={"amount": "100"}, token=True).body

    assert answer["token_expires_in_s"] == 300
    claims = jwt.decode(str(answer["token"]), options={"verify_signature": False})
    assert claims["phone_number"] == PHONE
    assert claims["sub"] == issued.challenge_id == answer["challenge_id"]
    assert (claims["aud"], claims["purpose"]) == ("shop", "payment")
    assert claims["context"] == {"amount": "100"}


@pytest.mark.parametrize("more", [{}, {"token": False}])
def test_the_answer_of_verify_stays_as_it_was(more: dict[str, object]) -> None:
    front = Front()
    issued = front.otp.request()

    answer = front.verify(issued.challenge_id, **more)

    assert answer.body == {
        "verified": True,
        "challenge_id": issued.challenge_id,
        "purpose": "login",
    }
    assert front.asked == []


def test_no_token_is_promised_where_none_is_made_and_no_guess_spent() -> None:
    front = Front(makes_tokens=False)
    issued = front.otp.request()

    for _ in range(5):
        with pytest.raises(RequestInvalid) as raised:
            front.verify(issued.challenge_id, token=True)
        assert [problem.field for problem in raised.value.problems] == ["token"]

    assert front.verify(issued.challenge_id).status == 200


@pytest.mark.parametrize("value", ["true", 1, None, {}])
def test_token_is_true_or_false(value: object) -> None:
    front = Front()

    with pytest.raises(RequestInvalid) as raised:
        front.verify(front.otp.request().challenge_id, token=value)

    assert [problem.field for problem in raised.value.problems] == ["token"]


def test_a_wrong_code_gets_no_token(capsys: pytest.CaptureFixture[str]) -> None:
    front = Front()
    issued = front.otp.request()
    function = HttpFunction("verify_otp", lambda: front.endpoint)

    answer = function.handler(_event(front, issued.challenge_id, front.otp.wrong_code()), Context())

    assert answer["statusCode"] == 422
    assert "token" not in json.loads(str(answer["body"]))
    assert front.asked == []


def test_neither_token_nor_phone_is_in_a_log_line(capsys: pytest.CaptureFixture[str]) -> None:
    front = Front()
    issued = front.otp.request()
    function = HttpFunction("verify_otp", lambda: front.endpoint)

    answer = function.handler(_event(front, issued.challenge_id), Context())

    token = json.loads(str(answer["body"]))["token"]
    shown = "".join(capsys.readouterr())
    assert "otp_verified" in shown
    assert not [part for part in token.split(".") if part in shown]
    assert PHONE not in shown
    assert token not in repr(Token(token, 300))
    assert PHONE not in repr(front.asked)


def test_the_library_is_loaded_only_where_a_key_is_set() -> None:
    assert "nacl" not in _modules_of_verify({})
    assert "nacl" in _modules_of_verify(
        {"OTP_TOKEN_KEYS": f"a:{SEED}", "OTP_TOKEN_ISSUER": "https://i.example"}
    )


def _event(front: Front, challenge_id: str, code: str | None = None) -> bytes:
    request = front.request(challenge_id, code or front.otp.sender.last_code, token=True)
    event = json.loads((ROOT / "events" / "verify_otp.http.json").read_bytes())
    event["headers"] = dict(request.headers)
    return json.dumps({**event, "body": request.body.decode(), "isBase64Encoded": False}).encode()


def _modules_of_verify(environment: dict[str, str]) -> set[str]:
    """The top-level modules in memory after the wiring of verify, in a fresh interpreter."""
    probe = "import sys; from shared import wiring; wiring.verify_otp(); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", probe],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "TABLESTORE_ENDPOINT": "http://127.0.0.1:9",
            "TABLESTORE_INSTANCE": "sesame",
            "OTP_KEYS": f"1:{SEED}",
            "PSEUDONYM_KEY": SEED,
            "API_KEYS": "shop:" + "a" * 64,
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())
