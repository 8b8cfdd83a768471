"""The runbooks as pages: whole, linked, walked by a test."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.watch.files import RUNBOOKS, load
from infra.watch.queries import QUERIES
from tests.e2e.runbooks.books import FOLDER, headings, read

NAMES = sorted({*RUNBOOKS, "README"})
WALKS = Path(__file__).parents[1] / "e2e" / "test_runbooks.py"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_of_a_runbook_has_a_name_and_a_test_that_walks_it(name: str) -> None:
    book = read(name)

    assert len(book.commands) == book.fences, "each fence is `sh <name>`, each name once"
    assert book.commands, "nothing to do?"
    assert f'shell.following("{name}")' in WALKS.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_links_and_queries_of_a_runbook_are_there(name: str) -> None:
    book = read(name)
    for path, heading in book.links():
        assert path.exists(), path
        assert not heading or heading in headings(path), f"{path}#{heading}"
    assert book.queries() <= set(QUERIES)


def test_there_is_a_runbook_for_every_name_and_no_other() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {*RUNBOOKS, "README"}


def test_the_index_has_every_alert_with_its_runbook() -> None:
    rows = [line.split("|")[1:4] for line in read("README").text.splitlines() if line[:3] == "| `"]
    told = {
        alert: runbook.partition("(")[2].partition(")")[0]
        for names, _, runbook in rows
        for alert in names.replace("`", "").split()
    }

    alerts = load(stage="x", project="p", logstore="l").alerts.values()
    annotated = {
        body["name"].removeprefix("sesame-x-"): next(
            each["value"].rpartition("/")[2]
            for each in body["configuration"]["annotations"]
            if each["key"] == "runbook"
        )
        for body in alerts
    }
    assert told == annotated


@pytest.mark.parametrize("name", sorted(RUNBOOKS))
def test_a_runbook_names_its_alerts_and_has_its_parts(name: str) -> None:
    book = read(name)
    title = book.text.partition("\n")[0]
    index = read("README").text
    rows = [line for line in index.splitlines() if line.startswith("| `")]
    (row,) = [line for line in rows if f"]({name}.md)" in line]
    for alert in row.split("|")[1].split():
        assert alert in title
    parts = ("At a glance", "Do first", "Why", "Afterwards")
    places = [book.text.find(f"\n## {part}\n") for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert len(book.text.splitlines()) <= 80, "a screen and a half"
