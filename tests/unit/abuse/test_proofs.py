"""Proofs: demanded where the risk is high, checked without a store, good for one phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.abuse.model import Enumeration, Guessed
from shared.abuse.siteverify import SiteverifyChecker
from shared.abuse.work import WorkChecker, solve
from shared.errors import ProofRequired
from shared.phone_parser import parse_phone
from shared.pseudonym import Pseudonyms
from shared.send_facts import SendFacts
from tests.fakes.service import KEY, OTHER, PHONE, OtpService
from tests.unit.abuse.traffic import Serve, number, only, outcome

WORK = WorkChecker(Pseudonyms(b"p" * 32), bits=8)
NOW_MS = 1_800_000_000_000
FACTS = SendFacts("shop", parse_phone(PHONE), "login", "203.0.113.7")
DEMAND = Enumeration(mode="enforce", answer="demand", limit=3, address_limit=3)


def puzzle_for(otp: OtpService, phone: str) -> dict[str, object]:
    with pytest.raises(ProofRequired) as caught:
        otp.request(phone)
    return dict(caught.value.puzzle)


def test_a_solved_puzzle_is_good_for_its_phone_and_tenant() -> None:
    proof = solve(WORK.puzzle(FACTS, NOW_MS))

    assert WORK.is_good(proof, FACTS, NOW_MS + 119_999)
    assert not WORK.is_good(proof, replace(FACTS, phone=parse_phone(OTHER)), NOW_MS)
    assert not WORK.is_good(proof, replace(FACTS, tenant="other"), NOW_MS)
    assert not WORK.is_good(proof, FACTS, NOW_MS + 120_000)
    assert not WORK.is_good(proof, FACTS, NOW_MS - 1)


def test_a_puzzle_cannot_be_made_easier_or_longer() -> None:
    puzzle = WORK.puzzle(FACTS, NOW_MS)
    _, _, until, mac = str(puzzle["text"]).split(".")

    for text, bits in ((f"w1.1.{until}.{mac}", 1), (f"w1.8.{int(until) - 1}.{mac}", 8)):
        assert not WORK.is_good(solve({"text": text, "bits": bits}), FACTS, NOW_MS)


def test_an_unsolved_puzzle_is_no_proof() -> None:
    text = WORK.puzzle(FACTS, NOW_MS)["text"]
    verdicts = [WORK.is_good(f"{text}.{count}", FACTS, NOW_MS) for count in range(256)]

    assert 0 <= sum(verdicts) < 10


@given(st.text(max_size=200))
def test_anything_else_is_no_proof(text: str) -> None:
    assert not WORK.is_good(text, FACTS, NOW_MS)


def test_a_demand_lets_those_pass_who_prove(serve: Serve) -> None:
    otp = serve(only(enumeration=DEMAND), checker=WORK)
    assert [outcome(otp, number(tail)) for tail in range(4)] == ["sent"] * 3 + ["proof_required"]
    puzzle = puzzle_for(otp, number(5))
    trips = otp.memory.trips

    otp.request(number(5), proof=solve(puzzle))

    assert otp.memory.trips - trips == 2  # known before the store is asked
    assert outcome(otp, number(6), proof=solve(puzzle)) == "proof_required"


def test_a_demand_keeps_no_idempotency_key(serve: Serve) -> None:
    otp = serve(only(enumeration=DEMAND), checker=WORK)
    for tail in range(3):
        otp.request(number(tail))
    with pytest.raises(ProofRequired) as caught:
        otp.request(number(5), key=KEY)

    issued = otp.request(number(5), key=KEY, proof=solve(caught.value.puzzle))

    assert not issued.is_replay


def test_a_limit_that_is_full_is_told_before_a_proof_is_demanded(serve: Serve) -> None:
    otp = serve(only(enumeration=DEMAND), checker=WORK)
    for tail in range(3):
        otp.request(number(tail))

    assert outcome(otp, number(2)) == "throttled"


def guess_away(otp: OtpService, rounds: int) -> None:
    for _ in range(rounds):
        issued = otp.request()
        for _ in range(3):
            assert otp.refuses(issued.challenge_id, otp.wrong_code())
        otp.clock.advance(1000)


def test_a_phone_that_is_guessed_at_wants_a_proof(serve: Serve) -> None:
    otp = serve(only(guessed=Guessed(mode="enforce")), checker=WORK)
    guess_away(otp, 6)

    puzzle = puzzle_for(otp, PHONE)

    otp.request(proof=solve(puzzle))
    assert outcome(otp, OTHER) == "sent"


def test_a_phone_that_is_guessed_at_wants_nothing_in_shadow(serve: Serve) -> None:
    otp = serve(only(guessed=Guessed(mode="shadow")), checker=WORK)
    guess_away(otp, 6)

    assert outcome(otp, PHONE) == "sent"


# --- a CAPTCHA service --------------------------------------------------------------------------


class _Answers(BaseHTTPRequestHandler):
    forms: list[dict[str, list[str]]] = []
    body = b'{"success": true}'
    status = 200

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["content-length"])).decode()
        self.forms.append(parse_qs(form))
        self.send_response(self.status)
        self.send_header("content-length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[type[_Answers]]:
    class Answers(_Answers):
        forms = []

    server = HTTPServer(("127.0.0.1", 0), Answers)
    Answers.url = f"http://127.0.0.1:{server.server_port}/siteverify"  # type: ignore[attr-defined]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Answers
    server.shutdown()
    thread.join()
    server.server_close()


def checker_of(site: type[_Answers]) -> SiteverifyChecker:
    return SiteverifyChecker(url=site.url, secret="s3cret", site_key="k")  # type: ignore[attr-defined]


def test_a_token_is_asked_for_once(site: type[_Answers]) -> None:
    checker = checker_of(site)

    assert checker.is_good("token", FACTS, NOW_MS)
    assert checker.is_good("token", FACTS, NOW_MS + 1000)  # a good one is good once only there

    assert site.forms == [
        {"secret": ["s3cret"], "response": ["token"], "remoteip": ["203.0.113.7"]}
    ]


def test_a_token_of_another_phone_is_asked_for_again(site: type[_Answers]) -> None:
    checker = checker_of(site)
    checker.is_good("token", FACTS, NOW_MS)

    checker.is_good("token", replace(FACTS, phone=parse_phone(OTHER)), NOW_MS)

    assert len(site.forms) == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b'{"success": false, "error-codes": ["invalid-input-response"]}'),
        (200, b'{"success": "true"}'),
        (200, b"[]"),
        (200, b"<html>"),
        (200, b"\xff"),
        (503, b'{"success": true}'),
    ],
)
def test_any_other_answer_is_no_proof(site: type[_Answers], status: int, body: bytes) -> None:
    site.status, site.body = status, body

    assert not checker_of(site).is_good("token", FACTS, NOW_MS)


def test_a_service_that_is_not_there_is_no_proof() -> None:
    checker = SiteverifyChecker(url="http://127.0.0.1:9/siteverify", secret="s3cret")

    assert not checker.is_good("token", FACTS, NOW_MS)


def test_a_token_lets_a_demanded_send_pass(serve: Serve, site: type[_Answers]) -> None:
    otp = serve(only(enumeration=DEMAND), checker=checker_of(site))
    for tail in range(3):
        otp.request(number(tail))
    assert puzzle_for(otp, number(5)) == {"kind": "captcha", "site_key": "k"}

    otp.request(number(5), proof="token")

    assert len(site.forms) == 1
