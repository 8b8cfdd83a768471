"""How many segments a message is, and what it costs."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.localcloud.dysmsapi.content import count_segments as provider_count
from infra.localcloud.dysmsapi.content import shown_text
from infra.sms_catalogue import SIGN_NAME
from shared.errors import SettingsInvalid
from shared.phone import PhoneNumber
from shared.template import Content, Template
from shared.templates.book import TemplateBook
from shared.templates.prices import Cost, cost_of, example_prices, price_milli, read_prices
from shared.templates.segments import count_segments, render

MAINLAND = PhoneNumber("+8613800138000", "CN", 86)
SINGAPORE = PhoneNumber("+6581234567", "SG", 65)
ATLANTIS = PhoneNumber("+99912345678", "XX", 999)


def template(*, zh: str = "您好${name}", en: str = "Hi ${name}", **fields: object) -> Template:
    return Template(  # type: ignore[arg-type]  # fields are the template's own
        name="example",
        kind="notice",
        owner="team",
        sign_name=SIGN_NAME,
        variables=(),
        contents={"zh": Content(zh), "en": Content(en)},
        **fields,
    )


@pytest.mark.parametrize(
    ("length", "segments"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (160, 3), (500, 8)]
)
def test_mainland_characters_count_one_each(length: int, segments: int) -> None:
    assert count_segments("a" * length, is_mainland=True) == segments


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 80 + "a", 2),
        ("中" * 70, 1),
        ("中" * 71, 2),
        ("a" * 70 + "中", 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_abroad_gsm7_and_ucs2_are_counted_apart(text: str, segments: int) -> None:
    assert count_segments(text, is_mainland=False) == segments


@given(st.text(alphabet=st.sampled_from("ab€[中😀é"), max_size=400), st.booleans())
def test_segments_are_those_that_the_local_cloud_bills(text: str, is_mainland: bool) -> None:
    kind = "notice" if is_mainland else "international"

    assert count_segments(text, is_mainland=is_mainland) == provider_count(kind, text)  # type: ignore[arg-type]


def test_a_value_is_never_read_as_a_template() -> None:
    assert render("${a}-${b}", {"a": "${b}", "b": "x"}) == "${b}-x"


def test_cost_counts_the_sign_of_a_mainland_message() -> None:
    sign = len(shown_text("notice", sign_name=SIGN_NAME, text=""))
    fits = template(zh="好" * (70 - sign))
    over = template(zh="好" * (71 - sign))

    assert cost_of(fits, {}, MAINLAND, None, prices={"default": 1, "CN": 45}) == Cost(1, 45)
    assert cost_of(over, {}, MAINLAND, None, prices={"default": 1, "CN": 45}) == Cost(2, 90)


def test_cost_is_that_of_the_language_that_is_sent() -> None:
    """A Chinese locale abroad gets the English text unless there is a template for it."""
    both = {"international": "SMS_1"}
    params = {"name": "x" * 80}
    english = template(codes=both)
    chinese = template(codes={**both, "international:zh": "SMS_2"})

    assert cost_of(english, params, SINGAPORE, "zh-CN").segments == 1
    assert cost_of(chinese, params, SINGAPORE, "zh-CN").segments == 2
    english_too = template(en="x" * 700, codes={**both, "international:en": "SMS_3"})
    assert cost_of(english_too, params, MAINLAND, "en").segments == 2


def test_price_is_by_class_then_country_then_default() -> None:
    prices = {"default": 600, "CN": 45, "CN:promotion": 55}

    def price(phone: PhoneNumber, cost_class: str) -> int:
        return price_milli(template(cost_class=cost_class), phone, 2, prices=prices)

    assert price(MAINLAND, "notice") == 90
    assert price(MAINLAND, "promotion") == 110
    assert price(ATLANTIS, "notice") == 1200


def test_examples_know_the_mainland_and_a_default() -> None:
    assert price_milli(template(), MAINLAND, 1) == 45
    assert price_milli(template(), ATLANTIS, 1) == example_prices()["default"]


def test_prices_of_a_setting_replace_the_examples() -> None:
    own = {"default": 1000, "CN": 38}

    assert read_prices(json.dumps(own)) == own
    assert read_prices("") == example_prices()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"CN": 45}', '{"default": -1}', '{"default": "1"}', '{"default": 1, "china": 2}'],
)
def test_bad_prices_are_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="^SMS_PRICES: ") as refused:
        read_prices(text)

    assert "china" not in str(refused.value)


def test_book_answers_by_name_with_its_own_prices() -> None:
    one = template()
    book = TemplateBook({"example": one}, prices={"default": 7})

    assert (book.get("example"), book.get("other")) == (one, None)
    assert book.cost(one, {"name": "x"}, MAINLAND, None) == Cost(1, 7)
    assert [each.field for each in book.problems(one, {"name": "x"})] == ["params.name"]
