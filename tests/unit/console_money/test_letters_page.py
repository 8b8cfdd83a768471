"""The page of dead letters: what is there, why, and a button where a letter can go back."""

from __future__ import annotations

import json

import pytest

from shared.console.pages.letters import NOTES, LettersPage
from tests.unit.console_money.showing import content_of, html_of, text_of, visit_of
from tests.unit.letters.memory_letters import AT_MS, MemoryLetters, letter_body

HOUR_MS = 3_600_000


def page_of(letters: MemoryLetters) -> LettersPage:
    return LettersPage(letters=letters, queues=["sesame-notifications"], stage="test")


def show(*bodies: str, now_ms: int = AT_MS + 3 * HOUR_MS, **query: str) -> str:
    return html_of(page_of(MemoryLetters(*bodies)), visit_of(now_ms=now_ms, **query))


def test_a_letter_is_shown_masked_explained_and_with_a_button() -> None:
    html = show(letter_body(reason="exhausted:isv.AMOUNT_NOT_ENOUGH"))

    text = text_of(html)
    assert "exhausted:isv.AMOUNT_NOT_ENOUGH" in text
    assert "as often as may be" in text  # the reason, and below it the provider's code
    assert text.count("An operator") >= 2
    assert "Template ship_update Queue sesame-notifications To whom +86******1234" in text
    assert "Since 3 h 2023-11-15 06:13" in text
    assert 'action="/console/letters/redrive"' in html
    assert 'name="letter" value="ID-0"' in html
    assert 'value="t0ken"' in html
    assert "13800131234" not in html


def test_looking_takes_nothing() -> None:
    letters = MemoryLetters(letter_body())

    html_of(page_of(letters), visit_of())

    assert (letters.held, letters.released, len(letters.bodies)) == (set(), [], 1)


def test_the_first_sixteen_of_all_are_shown() -> None:
    html = show(*(letter_body(f"A{order}") for order in range(40)))

    assert "The first 16 of 40 that wait." in text_of(html)
    assert html.count('action="/console/letters/redrive"') == 16


@pytest.mark.parametrize("count", ["untold", "lied"])
def test_what_the_service_does_not_count_is_not_made_up(count: str) -> None:
    letters = MemoryLetters(letter_body(), letter_body())
    letters.tells_count = False
    if count == "lied":
        from shared.letters.model import Count

        letters.count = lambda: Count(0, 0)  # type: ignore[method-assign]

    assert "The first 2 of 2" in text_of(html_of(page_of(letters), visit_of()))


def test_letters_in_other_hands_are_told_of() -> None:
    letters = MemoryLetters(letter_body(), letter_body())
    letters.held = {"ID-0", "ID-1"}

    text = text_of(html_of(page_of(letters), visit_of()))

    assert "No dead letters 2 more are in somebody's hands" in text


def test_no_letters_are_good_news() -> None:
    assert "Everything was worked on." in text_of(show())


@pytest.mark.parametrize("body", ["foreign", letter_body(queue="another-service")])
def test_what_came_from_nowhere_has_no_button(body: str) -> None:
    html = show(body)

    assert "Nobody knows its queue." in text_of(html)
    assert "letters/redrive" not in html


def test_a_reason_that_is_a_word_about_a_field_is_said_to_be_the_senders() -> None:
    text = text_of(show(letter_body(reason="template: not a name")))

    assert "template: not a name It cannot be read" in text


@pytest.mark.parametrize(
    ("later_ms", "age"),
    [(0, "0 min"), (59 * 60_000, "59 min"), (47 * HOUR_MS, "47 h"), (49 * HOUR_MS, "2 days")],
)
def test_an_age_is_told_in_words(later_ms: int, age: str) -> None:
    assert f" {age} " in text_of(show(letter_body(), now_ms=AT_MS + later_ms))


def test_hostile_letters_are_text_without_numbers_and_of_bounded_length() -> None:
    bad = "<script>alert('+8613800131234')</script>" + "x" * 40_000
    html = show(
        letter_body(reason=bad, template=bad, queue=bad, phone=bad),
        json.dumps({"reason": bad, "at": 10**40, "queue": [bad], "item": {"to": [bad] * 100}}),
        json.dumps({"reason": "x", "at": True, "queue": None, "item": {"phone": {"phone": bad}}}),
        "\u0000\ud800" * 10,
    )

    assert "<script>alert" not in html
    assert "13800131234" not in html
    assert len(html) < 20_000


@pytest.mark.parametrize("note", sorted(NOTES))
def test_what_came_of_a_redrive_is_said_in_words(note: str) -> None:
    html = show(note=note)

    assert f'data-tone="{NOTES[note]}"' in html
    assert f"letters.note.{note}" not in html


@pytest.mark.parametrize("note", ["<script>", "../", "redriven.", "note"])
def test_a_note_that_nobody_wrote_is_not_shown(note: str) -> None:
    assert 'class="notice"' not in show(note=note)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("QueueNotExist", "This stage has no queue of dead letters."),
        ("AccessDenied", "may not look"),
        ("<b>NetWorkException", "does not answer (<b>NetWorkException)"),
    ],
)
def test_a_queue_that_fails_is_said_and_nothing_is_claimed(code: str, words: str) -> None:
    letters = MemoryLetters(letter_body())
    letters.failures = [code] * 3
    page = page_of(letters)

    content, html = content_of(page, visit_of()), html_of(page, visit_of())

    assert content.status == 503
    assert words in text_of(html)
    assert "<b>" not in html
    assert "No dead letters" not in html
