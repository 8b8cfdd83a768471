"""Notices count in their template's windows."""

from __future__ import annotations

from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.template import Template
from shared.throttle.notices import NoticeLimits
from tests.fakes.memory_rows import MemoryRows

PHONE = PhoneNumber("+8613800138000", "CN", 86)


def template(name: str) -> Template:
    return Template(name, "notice", "shop", "sign", (), {}, per_phone=((2, 3600),))


def test_notices_beyond_the_templates_limit_are_refused_and_others_are_not() -> None:
    limits, store = NoticeLimits(Pseudonyms(b"k" * 32)), MemoryRows()
    ship = limits.ledger(phone=PHONE, template=template("ship"))
    other = limits.ledger(phone=PHONE, template=template("other"))

    assert [store.apply([ship.admit(f"{n}", 10**12)])[0] for n in range(3)] == [True, True, False]
    assert store.apply([other.admit("0", 10**12)]) == [True]
    assert PHONE.e164 not in str(store.rows)
