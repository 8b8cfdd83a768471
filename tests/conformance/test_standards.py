"""The table of standards: every test that it names exists, and the tests that only it needs."""

from __future__ import annotations

import ast
import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from infra.project import ROOT
from shared.fc.events import parse_http_event
from shared.otp.code import derive_code
from shared.otp.keyring import Keyring
from shared.otp.policy import ALPHABETS
from shared.otp.policy_file import load_policies
from tests.fakes.service import PHONE, OtpService

PAGE = ROOT / "infra" / "docs" / "standards.md"
NOT_MET = "not met"
SIX_DIGITS = 10**6
REFERENCE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> Iterator[tuple[str, str, str]]:
    """Id, how and proof of every row."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if re.match(r"\d", cells[0]):
            name, _, how, proof = cells
            yield name, how, proof


@cache
def names_in(file: Path) -> frozenset[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))


@pytest.mark.parametrize(("name", "how", "proof"), list(rows()), ids=[row[0] for row in rows()])
def test_every_requirement_has_a_test_that_exists_or_a_reason(
    name: str, how: str, proof: str
) -> None:
    if proof.startswith(NOT_MET):
        assert "because" in proof, name
        return
    named = REFERENCE.findall(proof)
    assert how, name
    assert named, name
    assert REFERENCE.sub("", proof).strip() == "", name
    for file, test in named:
        assert test in names_in(ROOT / file), f"{name}: {file}::{test}"


def test_no_shipped_policy_is_weaker_than_the_standards() -> None:
    for policy in load_policies().values():
        assert len(ALPHABETS[policy.alphabet]) ** policy.code_length >= SIX_DIGITS
        assert policy.ttl_s <= 600
        assert policy.max_attempts <= 3


def test_codes_are_spread_evenly() -> None:
    """Pearson's test on each place of 20,000 codes: 99.9 % of fair ones are below the bound."""
    keyring, bound = Keyring(1, {1: b"k" * 32}), 27.88
    nonces = (hashlib.sha256(b"%d" % number).digest()[:16] for number in range(20_000))
    codes = [
        derive_code(keyring, 1, nonce, length=6, characters=ALPHABETS["digits"]) for nonce in nonces
    ]
    for place in range(6):
        seen = Counter(code[place] for code in codes)
        assert len(seen) == 10
        assert sum((count - 2_000) ** 2 / 2_000 for count in seen.values()) < bound


def test_every_challenge_takes_fresh_randomness() -> None:
    otp = OtpService()
    ids, codes = set(), set()
    for number in range(50):
        ids.add(otp.request(f"+861380013{number:04d}").challenge_id)
        codes.add(otp.sender.last_code)

    assert len(ids) == 50
    assert len(codes) > 45


def test_a_leaked_row_does_not_tell_its_code() -> None:
    """Without the key no hash of the million codes, plain or with what the row holds, is in it."""
    otp = OtpService()
    otp.request()
    (row,) = (row for key, row in otp.memory.rows.items() if key.item.startswith("challenge_"))
    (nonce,) = (key.item for key in otp.memory.rows if key.item.startswith("challenge_"))
    held = str(row["hash"])
    code = otp.sender.last_code.encode()
    salts = (b"", nonce.encode(), bytes.fromhex(nonce.removeprefix("challenge_")), PHONE.encode())

    for algorithm in ("md5", "sha1", "sha224", "sha256", "sha512"):
        for salt in salts:
            for text in (salt + code, code + salt):
                assert hashlib.new(algorithm, text).hexdigest() != held


def test_codes_never_go_by_email() -> None:
    catalogue = ROOT / "shared" / "templates" / "catalogue"
    for file in catalogue.glob("*.json"):
        assert "${code}" not in file.read_text(encoding="utf-8"), file.name
    room = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "shared/otp").glob("*.py"))
    assert "email" not in room


def test_a_forwarded_header_is_nobodys_address() -> None:
    event = {
        "version": "v1",
        "rawPath": "/v1/otp",
        "headers": {"x-forwarded-for": "192.0.2.1", "forwarded": "for=192.0.2.1"},
        "body": "{}",
        "isBase64Encoded": False,
        "requestContext": {
            "http": {"method": "POST", "path": "/v1/otp", "sourceIp": "198.51.100.4"}
        },
    }

    assert parse_http_event(json.dumps(event).encode()).source_ip == "198.51.100.4"


def test_no_address_of_the_api_takes_a_number_or_a_code() -> None:
    text = (ROOT / "functions" / "describe_api" / "openapi.json").read_text(encoding="utf-8")
    for path, operations in json.loads(text)["paths"].items():
        assert set(re.findall(r"{(\w+)}", path)) <= {"message_id", "secret"}
        shared = operations.pop("parameters", [])
        for operation in operations.values():
            placed = {each["in"] for each in (*shared, *operation.get("parameters", []))}
            assert "query" not in placed, path


def test_every_verdict_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    otp = OtpService()
    issued = otp.request()
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="sesame"):
        otp.refuses(issued.challenge_id, otp.wrong_code())
        otp.refuses(issued.challenge_id)
        otp.refuses("nothing")

    said = [record.getMessage() for record in caplog.records]
    assert said == ["otp_refused", "otp_verified", "otp_refused"]
    assert otp.sender.last_code not in "".join(str(vars(each)) for each in caplog.records)
