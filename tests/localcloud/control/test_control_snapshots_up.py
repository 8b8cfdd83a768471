"""Snapshots of a whole cloud with functions on it: the same addresses, cold instances, its logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tablestore

from tests.localcloud.up.conftest import Started, Starter
from tests.localcloud.up.small import TABLE, SmallProject, client_of


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    starter = Starter(SmallProject(tmp_path / "project"), tmp_path / "data")
    yield starter(ready_file=tmp_path / "data" / "ready.json")
    starter.close()


def ask(started: Started, method: str, path: str, body: object = None) -> dict[str, object]:
    answer = started.http.request(method, started.control + path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def say(started: Started) -> str:
    return started.http.get(started.gateway + "/v1/say").text


def cold_starts(started: Started) -> list[bool]:
    found = started.http.get(started.control + "/invocations").json()
    return [invocation["cold_start"] for invocation in found]


def has_row(started: Started, key: str) -> bool:
    client = client_of(started.running.surroundings)
    return client.get_row(TABLE, [("key", key)], max_version=1)[1] is not None


def put_row(started: Started, key: str) -> None:
    client = client_of(started.running.surroundings)
    client.put_row(
        TABLE, tablestore.Row([("key", key)], [("value", 1)]), tablestore.Condition("IGNORE")
    )


def test_restore_starts_functions_cold_at_the_same_addresses(started: Started) -> None:
    put_row(started, "before")
    assert say(started) == "hello!"
    assert say(started) == "hello!"
    assert cold_starts(started) == [True, False]
    ask(started, "POST", "/clock", {"advance_s": 500})
    ask(started, "POST", "/snapshots", {"name": "one"})
    put_row(started, "after")
    ask(started, "POST", "/clock", {"advance_s": 500})

    told = ask(started, "POST", "/snapshots/one/restore")

    assert told["offset_s"] == 500
    assert has_row(started, "before")
    assert not has_row(started, "after")
    assert say(started) == "hello!"
    assert cold_starts(started) == [True], "another cloud, whose invocations are its own"


def test_restore_leaves_the_reset_and_the_next_restore_working(started: Started) -> None:
    put_row(started, "before")
    ask(started, "POST", "/snapshots", {"name": "one"})

    ask(started, "POST", "/snapshots/one/restore")
    ask(started, "POST", "/reset")
    assert not has_row(started, "before")
    ask(started, "POST", "/snapshots/one/restore")

    assert has_row(started, "before")
    assert say(started) == "hello!"


def test_restore_brings_back_signs_and_their_registrations(started: Started) -> None:
    ask(started, "POST", "/signs/芝麻", {"registration": 2, "operator": "unicom"})
    ask(started, "POST", "/snapshots", {"name": "one"})
    ask(started, "POST", "/signs/芝麻", {"state": "rejected", "reason": "no"})

    ask(started, "POST", "/snapshots/one/restore")

    signs = {each["name"]: each for each in ask(started, "GET", "/signs")["signs"]}
    assert signs["芝麻"]["state"] == "approved"
    assert signs["芝麻"]["registrations"] == {"mobile": 3, "unicom": 2, "telecom": 3}
