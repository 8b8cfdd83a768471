"""`python -m infra.foundation` over the real SDKs, against the local cloud's services."""

from __future__ import annotations

import pytest

from infra.foundation.__main__ import account_hosts, run
from infra.foundation.settings import Settings, read_settings
from infra.foundation.sts import StsIdentity
from infra.foundation.wanted import wanted
from infra.localcloud.core.identities import ACCOUNT_ID
from tests.functional.conftest import last_line
from tests.unit.foundation.account_on_loopback import AccountOnLoopback

READING = ("Get", "Describe", "List")
Told = pytest.CaptureFixture[str]


def test_plan_says_all_and_only_reads(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    assert account.run("--account", ACCOUNT_ID) == 0  # plan is what it does unless told otherwise

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"account {ACCOUNT_ID}, stage dev, region cn-hangzhou"
    assert lines[-1] == f"{len(wanted(settings, ACCOUNT_ID))} to do, 0 as they should be"
    assert "+ queue sesame-dead-dev: visibility_s 300, retention_s 604800" in lines
    assert (
        "+ policy sesame-verify-otp-dev: ots:BatchWriteRow, ots:BatchGetRow, log:PostLogStoreLogs"
        in lines
    )
    assert {name for name in account.asked() if not name.startswith(READING)} == set()


def test_apply_makes_all_and_a_second_one_has_nothing_to_do(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    count = len(wanted(settings, ACCOUNT_ID))

    assert account.run("apply") == 0
    assert last_line(capsys) == f"{count} done, 0 as they should be"

    account.cloud.meter.clear()
    assert account.run("apply") == 0
    assert last_line(capsys) == f"0 done, {count} as they should be"
    assert {name for name in account.asked() if not name.startswith(READING)} == set()


@pytest.mark.parametrize(
    ("service", "operation", "kind", "code"),
    [
        ("tablestore", "CreateTable", "drop_after", "answer_lost"),
        ("tablestore", "CreateTable", "error:OTSServerBusy", "throttled (OTSServerBusy)"),
        ("smq", "CreateQueue", "error:InternalError", "answer_lost (InternalError)"),
        ("smq", "CreateQueue", "error:AccessDenied", "forbidden (AccessDenied)"),
        ("smq", "CreateTopic", "html_503", "answer_lost"),
        ("smq", "GetQueueAttributes", "html_503", "answer_lost"),
        ("sls", "CreateProject", "drop_after", "answer_lost"),
        ("sls", "CreateProject", "error:ProjectAlreadyExist", "name_taken (ProjectAlreadyExist)"),
        ("sls", "CreateLogStore", "html_503", "answer_lost"),
        ("sls", "GetProject", "error:Unauthorized", "forbidden (Unauthorized, or that name is"),
        ("sls", "CreateAlert", "error:ServerBusy", "throttled (ServerBusy)"),
        ("ram", "CreateRole", "drop_after", "answer_lost"),
        ("ram", "CreatePolicy", "error:NoPermission", "forbidden (NoPermission)"),
        ("ram", "AttachPolicyToRole", "html_503", "answer_lost"),
        (
            "ram",
            "CreatePolicy",
            "error:InvalidSecurityToken.Expired",
            "credentials_expired (InvalidSecurityToken.Expired)",
        ),
        ("sts", "GetCallerIdentity", "drop_before", "answer_lost"),
    ],
)
def test_what_breaks_an_apply_is_one_line_and_the_next_one_finishes(
    account: AccountOnLoopback,
    capsys: Told,
    service: str,
    operation: str,
    kind: str,
    code: str,
) -> None:
    account.fail(service, operation, kind)

    assert account.run("apply") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"foundation: {code}")
    assert told.count("\n") == 1
    root = account.cloud.identities.root
    assert not [each for each in ("http", "127.0.0.1", root.access_key_secret) if each in told]

    assert account.run("apply") == 0
    assert account.run("plan") == 0
    assert last_line(capsys).startswith("0 to do")


def test_a_part_that_ram_does_not_know_of_yet_is_tried_again(account: AccountOnLoopback) -> None:
    account.fail("ram", "AttachPolicyToRole", "error:EntityNotExist.Role")

    assert account.run("apply") == 0


def test_a_token_that_is_over_is_named_though_the_store_only_says_no(
    account: AccountOnLoopback, settings: Settings, capsys: Told
) -> None:
    session = account.cloud.identities.issue_session(
        role="", session_name="operator", duration_s=900
    )
    over = read_settings(account.environment(session), stage="dev", account_id="")
    account.cloud.clock.advance(901)
    resources = wanted(settings, ACCOUNT_ID)

    with account_hosts(over) as hosts:
        code = run("apply", resources, hosts, StsIdentity(over), sleep=lambda _: None)

    assert code == 1
    assert capsys.readouterr().err == (
        "foundation: credentials_expired (InvalidSecurityToken.Expired);"
        " take new ones and run it again\n"
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "code"),
    [
        ((), {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": "another"}, "credentials_refused (Signature"),
        ((), {"ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAInobody"}, "credentials_refused (InvalidAcc"),
        (("--account", "2"), {}, f"wrong_account ({ACCOUNT_ID}, not 2)"),
        ((), {"SESAME_ACCOUNT_ID": "3"}, f"wrong_account ({ACCOUNT_ID}, not 3)"),
        ((), {"SESAME_STS_ENDPOINT": "http://127.0.0.1:9"}, "not_connected"),
        ((), {"SESAME_TABLESTORE_ENDPOINT": "http://127.0.0.1:9"}, "not_connected"),
        ((), {"SESAME_SMQ_ENDPOINT": "http://127.0.0.1:9"}, "not_connected"),
        ((), {"SESAME_SLS_ENDPOINT": "http://127.0.0.1:9"}, "not_connected"),
        ((), {"SESAME_RAM_ENDPOINT": "http://127.0.0.1:9"}, "not_connected"),
    ],
)
def test_who_asks_wrongly_hears_one_line_and_nothing_is_made(
    account: AccountOnLoopback,
    capsys: Told,
    arguments: tuple[str, ...],
    environment: dict[str, str],
    code: str,
) -> None:
    assert account.run("apply", *arguments, **environment) == 1

    told = capsys.readouterr().err
    assert told.startswith(f"foundation: {code}")
    assert told.count("\n") == 1
    assert not [each for each in ("another", "http", "LTAI") if each in told]
    assert {name for name in account.asked() if not name.startswith((*READING, "?"))} == set()
