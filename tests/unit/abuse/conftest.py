"""What the rules are tried on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest

from shared.abuse.guard import AbuseGuard
from shared.abuse.model import RuleSet
from shared.abuse.proof import ProofChecker
from shared.pseudonym import Pseudonyms
from shared.throttle.limits import counted_address
from tests.fakes.memory_rows import MemoryRows
from tests.fakes.service import OtpService
from tests.unit.abuse.traffic import Fields, Serve


@pytest.fixture
def serve() -> Serve:
    """Makes a service with rules."""

    def make(
        rules: RuleSet, *, checker: ProofChecker | None = None, store: MemoryRows | None = None
    ) -> OtpService:
        guard = AbuseGuard(Pseudonyms(b"p" * 32), counted_address, rules, checker=checker)
        return OtpService(store=store or MemoryRows(), guard=guard)

    return make


@pytest.fixture
def told() -> Iterator[Callable[[str], list[Fields]]]:
    """The fields of the events that were logged, by name."""
    records: list[logging.LogRecord] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger, keep = logging.getLogger("sesame"), Keep()
    logger.addHandler(keep)
    level = logger.level
    logger.setLevel(logging.INFO)
    yield lambda event: [vars(each)["fields"] for each in records if each.msg == event]
    logger.removeHandler(keep)
    logger.setLevel(level)
