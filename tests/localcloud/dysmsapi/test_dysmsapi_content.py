"""The pure rules: segments, forms of number, and the inbox as a live page reads it."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.dysmsapi.content import count_segments, render
from infra.localcloud.dysmsapi.phones import NumberIllegal, as_answered, read_number
from infra.localcloud.inbox.book import Inbox, InboxMessage


@pytest.mark.parametrize(
    ("kind", "text", "segments"),
    [
        ("notice", "中" * 70, 1),
        ("notice", "a" * 71, 2),
        ("notice", "a" * 134, 2),
        ("notice", "a" * 135, 3),
        ("notice", "a" * 160, 3),
        ("international", "a" * 160, 1),
        ("international", "a" * 161, 2),
        ("international", "€" * 80, 1),
        ("international", "€" * 80 + "a", 2),
        ("international", "a" * 306, 2),
        ("international", "中" * 70, 1),
        ("international", "中" * 71, 2),
        ("international", "😀" * 36, 2),
    ],
)
def test_segments_are_counted_as_billed(kind, text, segments):
    assert count_segments(kind, text) == segments


def test_render_fills_in_a_value_that_looks_like_a_variable_once():
    assert render("${a}-${b}", {"a": "${b}", "b": "x"}) == "${b}-x"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_mainland_number_comes_back_as_eleven_digits(number):
    assert as_answered(read_number("+86" + number)) == number


@given(st.text(max_size=20))
def test_read_number_gives_e164_or_refuses(text):
    with suppress(NumberIllegal):
        assert re.fullmatch(r"\+[1-9][0-9]{6,14}", read_number(text), re.ASCII)


@pytest.mark.parametrize(
    ("text", "is_abroad", "number"),
    [
        ("13105550100", False, "+8613105550100"),
        ("13105550100", True, "+13105550100"),
        ("8613105550100", True, "+8613105550100"),
    ],
)
def test_read_number_takes_eleven_bare_digits_as_the_template_says(text, is_abroad, number):
    assert read_number(text, is_abroad=is_abroad) == number


def test_read_number_refuses_without_repeating_the_number():
    with pytest.raises(NumberIllegal) as refused:
        read_number("1380000000")

    assert "138" not in str(refused.value)


def message(phone: str, text: str) -> InboxMessage:
    return InboxMessage(
        phone=phone,
        sign_name="s",
        text=text,
        template_code="SMS_1",
        params={"code": "1"},
        out_id="",
        biz_id="b",
        sent_at=1.5,
    )


@pytest.fixture
def inbox():
    book = Inbox(Cloud())
    yield book
    book.close()


def test_inbox_shows_the_newest_message_of_a_phone_first(inbox):
    for phone, text in (("+1", "old"), ("+2", "other"), ("+1", "new")):
        inbox.deliver(message(phone, text))

    assert [one.text for one in inbox.messages("+1")] == ["new", "old"]
    assert [one.text for one in inbox.messages()] == ["new", "other", "old"]


def test_inbox_keeps_replies_by_phone(inbox):
    inbox.deliver(message("+1", "x"))
    reply = inbox.add_reply("+1", "退订")

    assert inbox.replies("+1") == [reply]
    assert inbox.replies("+2") == []


def test_inbox_version_grows_with_every_change(inbox):
    versions = [inbox.version]
    inbox.deliver(message("+1", "x"))
    versions.append(inbox.version)
    inbox.add_reply("+1", "y")
    versions.append(inbox.version)
    inbox.reset()
    versions.append(inbox.version)

    assert versions == sorted(set(versions))
    assert inbox.messages() == inbox.replies() == []


def test_inbox_wakes_those_who_wait_for_a_change(inbox):
    async def watch() -> tuple[int, int]:
        waiting = asyncio.create_task(inbox.wait_for_change(inbox.version, 60))
        await asyncio.sleep(0)
        inbox.deliver(message("+1", "x"))
        return await asyncio.wait_for(waiting, 5), await inbox.wait_for_change(-1, 10)

    assert asyncio.run(watch()) == (inbox.version, inbox.version)


def test_inbox_gives_up_waiting_after_the_timeout(inbox):
    assert asyncio.run(inbox.wait_for_change(inbox.version, 0.01)) == inbox.version
