"""The gate refuses what the judge would, whatever was said in whatever order."""

from __future__ import annotations

from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.consent.gate import Consents
from shared.phone import PhoneNumber
from shared.pseudonym import Pseudonyms
from shared.rows import RowChange
from shared.template import ChannelName, Template
from tests.fakes.memory_rows import MemoryRows

PHONE = PhoneNumber("+8613800138000", "CN", 86)
CONSENTS = Consents(Pseudonyms(b"k" * 32))
KEY = CONSENTS.row_of(PHONE)
Consent = Literal["none", "opt_out", "opt_in"]


def template(consent: Consent, *channels: ChannelName) -> Template:
    return Template(
        "sale", "notice", "shop", "芝麻", (), {}, channels=channels or ("sms",), consent=consent
    )


def close(at_ms: int, sign: str | None = "芝麻") -> RowChange:
    return CONSENTS.close(phone=PHONE, sign_name=sign, source="reply", at_ms=at_ms)


def grant(at_ms: int, sign: str | None = "芝麻") -> RowChange:
    return CONSENTS.grant(phone=PHONE, sign_name=sign, source="site", at_ms=at_ms)


def prefer(at_ms: int, channel: ChannelName) -> RowChange:
    return CONSENTS.prefer(phone=PHONE, channel=channel, at_ms=at_ms)


WORDS = st.one_of(
    st.builds(close, st.integers(1, 9), st.sampled_from(["芝麻", "别的", None])),
    st.builds(grant, st.integers(1, 9), st.sampled_from(["芝麻", "别的", None])),
    st.builds(prefer, st.integers(1, 9), st.sampled_from(["sms", "email", "webhook"])),
)
TEMPLATES = st.builds(
    lambda consent, channels: template(consent, *channels),
    st.sampled_from(["none", "opt_out", "opt_in"]),
    st.lists(st.sampled_from(["sms", "email", "webhook"]), min_size=1, unique=True),
)


def verdict(store: MemoryRows, asked: Template, channel: ChannelName = "sms") -> str:
    return CONSENTS.judge(store.read([KEY])[0], template=asked, channel=channel).kind


@given(st.lists(WORDS, max_size=8), TEMPLATES)
def test_gate_refuses_exactly_what_the_judge_refuses(
    words: list[RowChange], asked: Template
) -> None:
    store = MemoryRows()
    store.apply(words)
    for channel in asked.channels:
        judged = verdict(store, asked, channel)
        gate = CONSENTS.gate(phone=PHONE, template=asked, channel=channel, now_ms=10)
        assert (gate is None or store.apply([gate])[0]) == (judged == "allowed")


@given(st.permutations([close(3), grant(5), close(7), grant(7)]))
def test_the_latest_word_holds_in_any_order_and_a_closing_wins_a_tie(
    words: list[RowChange],
) -> None:
    store = MemoryRows()
    store.apply(words)
    assert verdict(store, template("opt_out")) == "opted_out"
    store.apply([grant(8), close(6)])
    assert verdict(store, template("opt_in")) == "allowed"


@pytest.mark.parametrize("sign", ["芝麻", None])
def test_a_no_survives_erasure_and_nothing_else_does(sign: str | None) -> None:
    store = MemoryRows()
    store.apply([grant(3, "别的"), prefer(4, "email"), close(5, sign)])
    stale = store.read([KEY])[0]
    store.apply([close(6, sign)])

    assert store.apply([CONSENTS.erase(PHONE, stale)]) == [False]
    assert store.apply([CONSENTS.erase(PHONE, store.read([KEY])[0])]) == [True]
    row = store.read([KEY])[0]
    assert verdict(store, template("opt_out")) == "opted_out"
    assert CONSENTS.export(row) == [{"what": "closed", "at_ms": 6, "sign": sign, "source": None}]
    assert "别的" not in str(row)
    assert "email" not in str(row)


def test_who_closed_nothing_is_forgotten_whole() -> None:
    store = MemoryRows()
    store.apply([grant(3)])
    assert store.apply([CONSENTS.erase(PHONE, store.read([KEY])[0])]) == [True]
    assert store.rows == {}


def test_export_tells_source_and_time_of_every_word() -> None:
    store = MemoryRows()
    store.apply([grant(3), close(5)])
    assert CONSENTS.export(store.read([KEY])[0]) == [
        {"what": "granted", "at_ms": 3, "sign": "芝麻", "source": "site"},
        {"what": "closed", "at_ms": 5, "sign": "芝麻", "source": "reply"},
    ]
