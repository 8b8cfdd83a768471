"""Planning and applying against an account in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.foundation.__main__ import meant_account, run
from infra.foundation.model import Attributes, FailureCode, FoundationFailed, Kind, Resource
from infra.foundation.plan import apply, plan
from infra.foundation.settings import Settings
from infra.foundation.wanted import wanted
from infra.watch.files import WatchFiles
from tests.unit.foundation.memory_account import MemoryAccount

SETTINGS = Settings(
    stage="dev",
    region="cn-hangzhou",
    tablestore_endpoint="https://sesame.example",
    tablestore_instance="sesame-dev",
    smq_endpoint="http://smq.example",
    access_key_id="LTAIxyz",
    access_key_secret="a-secret-that-nobody-prints",
)
ACCOUNT = "1000000000000001"


FILES = WatchFiles(
    index={"keys": {"event": {"type": "text", "token": [","]}}},
    dashboards={"sending": {"dashboardName": "sending", "charts": []}},
    alerts={"failures": {"name": "failures", "displayName": "Failures"}},
)
STAGE = wanted(SETTINGS, ACCOUNT, files=FILES)
"""All that a stage stands on, with one file of each kind to watch it."""


@pytest.fixture
def stage() -> list[Resource]:
    return list(STAGE)


def everything(stage: Sequence[Resource]) -> MemoryAccount:
    account = MemoryAccount()
    for resource in stage:
        account.held[resource.kind, resource.name] = dict(resource.attributes)
    return account


def do(account: MemoryAccount, stage: Sequence[Resource], action: str = "apply") -> int:
    return run(action, stage, account.hosts, account, sleep=lambda _: None)


def only(kind: Kind, name: str, attributes: Attributes) -> list[Resource]:
    return [Resource(kind, name, attributes)]


def test_plan_of_an_empty_account_makes_all_and_touches_nothing(
    stage: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    account = MemoryAccount()

    assert do(account, stage, "plan") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{len(stage)} to do, 0 as they should be"
    assert all(line.startswith("+ ") for line in lines[:-1])
    assert len(lines) == len(stage) + 1
    assert "+ table sesame_state: key subject, item, ttl_s 172800, max_versions 1" in lines
    assert account.writes == []


def test_apply_makes_what_stands_on_something_after_it_and_the_next_plan_is_empty(
    stage: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    account = MemoryAccount()

    assert do(account, stage) == 0
    assert do(account, stage, "plan") == 0

    assert capsys.readouterr().out.splitlines()[-1] == (f"0 to do, {len(stage)} as they should be")


@given(data=st.data())
@settings(deadline=None)
def test_from_any_subset_one_apply_is_enough_and_a_second_does_nothing(data: st.DataObject) -> None:
    stage = STAGE
    account = everything(stage)
    for resource in stage:
        fate = data.draw(st.sampled_from(["there", "there", "gone", "other"]))
        if fate == "gone":
            del account.held[resource.kind, resource.name]
        elif fate == "other" and resource.kind not in ("table", "attachment"):
            held = account.held[resource.kind, resource.name]
            for name, value in held.items():
                held[name] = 1 if isinstance(value, int) else {"Statement": "another"}

    assert do(account, stage) == 0

    assert plan(stage, account.hosts) == []
    writes = list(account.writes)
    assert do(account, stage) == 0
    assert account.writes == writes


@given(working=st.integers(0, 70), failure=st.sampled_from(["answer_lost", "throttled"]))
@settings(deadline=None)
def test_an_apply_that_is_cut_off_anywhere_is_finished_by_the_next(
    working: int, failure: FailureCode
) -> None:
    stage = STAGE
    account = MemoryAccount(fail_after=working, failure=failure)

    assert do(account, stage) == (1 if working < len(stage) else 0)

    account.fail_after = None
    assert do(account, stage) == 0
    assert plan(stage, account.hosts) == []
    assert len(account.writes) == len(stage)


def test_a_failure_in_the_middle_is_one_line_that_says_where_and_how_far(
    stage: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    account = MemoryAccount(fail_after=4, failure="answer_lost")

    assert do(account, stage) == 1

    assert capsys.readouterr().err == (
        f"foundation: answer_lost at queue sesame-events-dev, 4 of {len(stage)} done;"
        " run it again\n"
    )


def test_a_token_that_expires_in_the_middle_is_named_even_where_the_service_does_not(
    stage: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    account = MemoryAccount(
        fail_after=5, failure="forbidden", identity_failure="credentials_expired"
    )

    assert do(account, stage) == 1
    told = capsys.readouterr().err
    assert told.startswith("foundation: credentials_expired at queue sesame-followups-dev, 5 of")

    account.fail_after, account.identity_failure = None, None
    assert do(account, stage) == 0


def test_a_missing_right_stays_a_missing_right(
    stage: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    assert do(MemoryAccount(fail_after=0, failure="forbidden"), stage) == 1

    assert capsys.readouterr().err.startswith("foundation: forbidden at table sesame_state, 0 of")


def test_a_plan_that_cannot_be_read_fails_with_its_code(
    stage: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    account = MemoryAccount(is_failing_read=True, failure="not_connected")

    assert do(account, stage, "plan") == 1

    assert capsys.readouterr().err == (
        "foundation: not_connected; check the endpoint and the network, and run it again\n"
    )


def test_a_table_with_another_key_is_refused_and_nothing_is_done(
    stage: list[Resource], capsys: pytest.CaptureFixture[str]
) -> None:
    account = MemoryAccount()
    account.held["table", "sesame_records"] = {
        "key": "id INTEGER",
        "ttl_s": 15_552_000,
        "max_versions": 1,
    }

    assert do(account, stage) == 2

    told = capsys.readouterr()
    assert "! table sesame_records: key id INTEGER -> subject, item (cannot be changed" in told.out
    assert told.err == "foundation: destructive_change: 1 refused; nothing was done\n"
    assert account.writes == []


@pytest.mark.parametrize(
    ("kind", "attribute", "held"),
    [
        ("table", "ttl_s", 200),
        ("table", "ttl_s", -1),
        ("queue", "retention_s", 200),
        ("log_store", "ttl_days", 200),
        ("table", "max_versions", 200),
    ],
)
def test_what_is_kept_is_never_shortened(kind: Kind, attribute: str, held: int) -> None:
    account = MemoryAccount(held={(kind, "a/b"): {attribute: held}})

    (step,) = plan(only(kind, "a/b", {attribute: 100}), account.hosts)

    assert step.sign == "!"
    assert f"{attribute} {held} -> 100 (would delete what is kept" in str(step)


@pytest.mark.parametrize(("held", "wants"), [(100, 200), (100, -1)])
def test_what_is_kept_is_kept_longer(held: int, wants: int) -> None:
    account = MemoryAccount(held={("table", "records"): {"ttl_s": held}})

    (step,) = plan(only("table", "records", {"ttl_s": wants}), account.hosts)

    assert str(step) == f"~ table records: ttl_s {held} -> {wants}"


def test_a_refusal_is_shown_however_much_else_differs() -> None:
    many: dict[str, object] = {f"a{number}": 1 for number in range(5)}
    account = MemoryAccount(held={("table", "records"): {**many, "ttl_s": 9}})
    other: Attributes = {**dict.fromkeys(many, 2), "ttl_s": 5}

    (step,) = plan(only("table", "records", other), account.hosts)

    assert str(step).startswith("! table records: ttl_s 9 -> 5 (would delete")
    assert str(step).endswith("a0 1 -> 2, and 4 more")


def test_a_deleted_queue_is_made_again_and_others_are_left(stage: list[Resource]) -> None:
    account = everything(stage)
    del account.held["queue", "sesame-dead-dev"]
    account.held["queue", "somebody-elses"] = {"retention_s": 60}
    account.held["policy", "sesame-somebody-dev"] = {"document": {}}

    assert do(account, stage) == 0

    assert account.writes == ["create queue sesame-dead-dev"]
    assert account.held["queue", "somebody-elses"] == {"retention_s": 60}
    assert account.held["policy", "sesame-somebody-dev"] == {"document": {}}


def test_what_somebody_added_to_an_index_is_no_difference_but_a_lost_key_is() -> None:
    wants = only("log_index", "p/s", {"keys": {"event": {"type": "text", "token": [",", " "]}}})
    more = {"event": {"type": "text", "token": [",", " "], "chn": False}, "theirs": {}}
    account = MemoryAccount(held={("log_index", "p/s"): {"keys": more}})
    assert plan(wants, account.hosts) == []

    del more["event"]

    (step,) = plan(wants, account.hosts)
    assert str(step) == (
        "~ log_index p/s: keys.event.type nothing -> text, keys.event.token.length nothing -> 2,"
        " and 2 more"
    )


def test_what_somebody_added_to_a_policy_goes() -> None:
    wants = only("policy", "p", {"document": {"Statement": [{"Action": ["ots:GetRow"]}]}})
    more = {"Statement": [{"Action": ["ots:GetRow", "ots:*"]}]}
    account = MemoryAccount(held={("policy", "p"): {"document": more}})

    (step,) = plan(wants, account.hosts)

    assert step.sign == "~"
    assert "document.Statement.0.Action.1 ots:* -> nothing" in str(step)


def test_a_part_that_comes_before_its_whole_is_known_is_tried_again_but_not_for_ever(
    stage: list[Resource],
) -> None:
    naps: list[float] = []
    patient, given_up = MemoryAccount(not_yet=3), MemoryAccount(not_yet=100)

    steps = plan(stage, patient.hosts)
    done = list(apply(steps, patient.hosts, pause_s=3, sleep=naps.append))
    with pytest.raises(FoundationFailed, match="not_there_yet"):
        list(apply(steps, given_up.hosts, pause_s=3, sleep=lambda _: None))

    assert len(done) == len(stage)
    assert naps == [3, 3, 3]


def test_another_account_than_the_one_that_is_meant_is_refused() -> None:
    theirs = replace(SETTINGS, account_id="2000000000000002")
    queues = replace(SETTINGS, smq_endpoint="http://2000000000000002.mns.cn-hangzhou.aliyuncs.com")

    assert meant_account(SETTINGS, MemoryAccount()) == ACCOUNT
    for each in (theirs, queues):
        with pytest.raises(FoundationFailed, match="wrong_account .*, not 2000000000000002"):
            meant_account(each, MemoryAccount())


def test_no_secret_is_in_what_settings_say_of_themselves() -> None:
    assert "nobody-prints" not in repr(SETTINGS)
    assert "LTAIxyz" not in repr(SETTINGS)
