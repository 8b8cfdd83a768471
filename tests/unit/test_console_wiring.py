"""The console as it is deployed: all its pages, and the one that changes something by itself."""

from __future__ import annotations

import pytest

from infra.queues import DEAD, QUEUES
from shared import console_wiring, rollup_wiring
from shared.access.api_keys import hash_key
from shared.console.endpoint import ConsoleEndpoint
from shared.console.words import words_in
from shared.errors import SettingsInvalid
from shared.fc.events import HttpRequest
from shared.settings import SCOPES

SECRET = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
KEY = "sk_of_somebody_who_operates"
ENVIRONMENT = {
    "STAGE": "dev",
    "TABLESTORE_ENDPOINT": "http://127.0.0.1:9",
    "TABLESTORE_INSTANCE": "sesame",
    "SMQ_ENDPOINT": "http://127.0.0.1:9",
    "API_KEYS": f"ops:{hash_key(KEY)}:figures+support+operate",
    "PSEUDONYM_KEY": SECRET,
    "RECORD_KEY": SECRET,
    "CONSOLE_KEY": SECRET,
    "BUDGETS": '{"shop": {"day": {"cny": 100}}}',
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def pages_of(endpoint: object) -> dict[str, str]:
    """Scopes by path."""
    assert isinstance(endpoint, ConsoleEndpoint)
    return {page.path: page.scope for page in endpoint._pages}


def test_every_page_has_an_address_a_scope_and_words_of_its_own() -> None:
    endpoint = console_wiring.show_console()
    assert isinstance(endpoint, ConsoleEndpoint)
    pages = endpoint._pages

    assert len({page.path for page in pages}) == len(pages)
    assert {page.scope for page in pages} <= set(SCOPES)
    for page in pages:
        assert page.path.startswith("/console/")
        for locale in ("en", "zh"):
            assert not page.nav or words_in(locale).has(page.nav)


def test_what_changes_something_is_a_function_of_its_own() -> None:
    redriving = pages_of(console_wiring.redrive_letter())

    assert redriving == {"/console/letters/redrive": "operate"}
    assert not redriving.keys() & pages_of(console_wiring.show_console()).keys()


@pytest.mark.parametrize("secret", ["", "short", SECRET[:20]])
def test_a_weak_secret_of_sessions_is_refused(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONSOLE_KEY", secret)

    with pytest.raises(SettingsInvalid, match="CONSOLE_KEY"):
        console_wiring.show_console()


def test_the_way_in_is_shown_without_the_store() -> None:
    request = HttpRequest("GET", "/console/login", {"host": "127.0.0.1"}, b"", "127.0.0.1")

    assert console_wiring.show_console()(request).status == 200


def test_letters_go_back_to_every_queue_but_their_own() -> None:
    assert set(console_wiring._GO_BACK_TO) == {each.name for each in QUEUES} - {DEAD.name}


def test_the_fold_starts_with_the_secret_of_recipients_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("API_KEYS", "PSEUDONYM_KEY", "CONSOLE_KEY"):
        monkeypatch.delenv(name)
    assert callable(rollup_wiring.fold_figures())

    monkeypatch.delenv("RECORD_KEY")
    with pytest.raises(SettingsInvalid, match="RECORD_KEY"):
        rollup_wiring.fold_figures()
