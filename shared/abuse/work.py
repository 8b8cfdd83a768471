"""Proof of work: a puzzle that costs its solver CPU, and us one MAC and one hash.

Nothing is stored. A puzzle says until when it holds and carries a MAC over that, the tenant and the
phone; its proof is the puzzle with a counter so that SHA-256 over both begins with `bits` zero bits
(as hashcash does). The same proof may come again until it expires, for the same phone only: the
phone's own limits bound that to a send or two.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from shared.pseudonym import Pseudonyms
from shared.send_facts import SendFacts

_PROOF = re.compile(r"(w1\.([0-9]{1,2})\.([0-9]{10,14})\.([A-Za-z0-9_-]{22}))\.([0-9a-z]{1,20})")


@dataclass(frozen=True, slots=True, repr=False)
class WorkChecker:
    """Implements ProofChecker. bits: 2^bits hashes are a proof's mean price."""

    pseudonyms: Pseudonyms
    bits: int = 18
    ttl_s: int = 120

    is_instant: ClassVar[bool] = True

    def puzzle(self, facts: SendFacts, now_ms: int) -> Mapping[str, object]:
        """The text to be continued, and how."""
        until_ms = now_ms + self.ttl_s * 1000
        return {
            "kind": "work",
            "algorithm": "SHA-256",
            "bits": self.bits,
            "expires_at": until_ms // 1000,
            "text": f"w1.{self.bits}.{until_ms}.{self._mac(facts, self.bits, until_ms)}",
        }

    def is_good(self, proof: str, facts: SendFacts, now_ms: int) -> bool:
        """True if the puzzle is ours, of this tenant and phone, still holds, and is solved."""
        parts = _PROOF.fullmatch(proof)
        if parts is None:
            return False
        bits, until_ms = int(parts[2]), int(parts[3])
        return (
            # Puzzles of before a deployment that made them harder are too easy now.
            bits >= self.bits
            and now_ms < until_ms <= now_ms + self.ttl_s * 1000
            and hmac.compare_digest(parts[4], self._mac(facts, bits, until_ms))
            and _is_solved(proof, bits)
        )

    def _mac(self, facts: SendFacts, bits: int, until_ms: int) -> str:
        name = self.pseudonyms.of(
            "puzzle", facts.tenant, facts.phone.e164, str(bits), str(until_ms)
        )
        return base64.urlsafe_b64encode(name).decode().rstrip("=")


def solve(puzzle: Mapping[str, object]) -> str:
    """A proof for `puzzle`: what a client does, here for tests and tools."""
    text, bits, count = str(puzzle["text"]), int(str(puzzle["bits"])), 0
    while not _is_solved(f"{text}.{count}", bits):
        count += 1
    return f"{text}.{count}"


def _is_solved(proof: str, bits: int) -> bool:
    digest = int.from_bytes(hashlib.sha256(proof.encode()).digest(), "big")
    return digest >> (256 - bits) == 0
