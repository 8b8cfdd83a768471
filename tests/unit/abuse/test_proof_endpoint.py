"""POST /v1/otp where a proof is demanded: 403 with the puzzle, and 202 with its answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.abuse.model import Enumeration
from shared.abuse.work import WorkChecker, solve
from shared.access.api_keys import ApiKeys, hash_key
from shared.api.otp import RequestOtpEndpoint
from shared.fc.handler import HttpFunction
from shared.idempotency.record import IdempotencyBook
from shared.otp.request import RequestOtp
from shared.phone_parser import parse_phone
from shared.pseudonym import Pseudonyms
from tests.fakes.service import OtpService
from tests.unit.abuse.traffic import Serve, number, only

KEY = "sk_" + "k" * 32


class Context:
    request_id = "r-1"


def ask(otp: OtpService, **fields: Any) -> tuple[int, dict[str, Any]]:
    use_case = RequestOtp(
        otp.core,
        rules=otp.rules,
        limits=otp.limits,
        idempotency=IdempotencyBook(otp.pseudonyms),
        sender=otp.sender,
        demand=otp.guard,
    )
    endpoint = RequestOtpEndpoint(
        api_keys=ApiKeys({hash_key(KEY): "shop"}), issue=use_case, parse_phone=parse_phone
    )
    event = {
        "version": "v1",
        "headers": {"content-type": "application/json", "authorization": f"Bearer {KEY}"},
        "body": json.dumps({"purpose": "login", **fields}),
        "requestContext": {"http": {"method": "POST", "path": "/v1/otp", "sourceIp": "192.0.2.1"}},
    }
    answer = HttpFunction("request_otp", lambda: endpoint).handler(
        json.dumps(event).encode(), Context()
    )
    return int(str(answer["statusCode"])), json.loads(str(answer["body"]))


@pytest.fixture
def guarded(serve: Serve) -> OtpService:
    rule = Enumeration(mode="enforce", answer="demand", limit=3)
    otp = serve(only(enumeration=rule), checker=WorkChecker(Pseudonyms(b"p" * 32), bits=8))
    for tail in range(3):
        otp.request(number(tail))
    return otp


def test_a_demand_is_a_problem_with_its_puzzle(guarded: OtpService) -> None:
    status, body = ask(guarded, phone=number(5))

    assert (status, body["status"], body["code"]) == (403, 403, "proof_required")
    assert body["puzzle"].keys() == {"kind", "algorithm", "bits", "expires_at", "text"}
    assert number(5)[1:] not in json.dumps(body)


def test_its_answer_is_a_code(guarded: OtpService) -> None:
    _, refused = ask(guarded, phone=number(5))

    status, _ = ask(guarded, phone=number(5), proof=solve(refused["puzzle"]))

    assert status == 202


@pytest.mark.parametrize("proof", ["", "x" * 4097, 7, "\ud800"])
def test_a_proof_that_never_fits_is_refused(guarded: OtpService, proof: object) -> None:
    status, body = ask(guarded, phone=number(5), proof=proof)

    assert (status, body["errors"][0]["field"]) == (400, "proof")


def test_a_proof_that_nobody_asked_for_is_no_matter(guarded: OtpService) -> None:
    status, _ = ask(guarded, phone="+8613900139000", proof="whatever")

    assert status == 202
