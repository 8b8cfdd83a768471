"""All checks together: what is skipped, what is never raised, and how the table tells it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from infra.doctor.checks import CHECKS, UNTOLD
from infra.doctor.examine import Line, Report, examine
from infra.doctor.model import Case, Check, Finding
from infra.doctor.table import lines_of
from infra.foundation.model import FoundationFailed
from tests.unit.doctor.fake_account import ENVIRONMENT, FakeAccount, case_of, whole_account

OFFLINE = {check.id for check in CHECKS if not check.needs}


def report_of(account: FakeAccount, /, **changed: str) -> Report:
    case = case_of(account, **changed)
    return Report(case, tuple(examine(case, CHECKS)))


def statuses(report: Report) -> dict[str, str]:
    return {line.check: line.finding.status for line in report.lines}


def test_a_whole_account_is_ok_but_for_what_nobody_tells() -> None:
    report = report_of(whole_account())

    told = statuses(report)
    assert {name for name, status in told.items() if status != "ok"} == set(UNTOLD)
    assert {told[name] for name in UNTOLD} == {"unknown"}
    assert report.exit_code == 0


def test_without_credentials_all_else_that_can_be_is_looked_at() -> None:
    report = report_of(FakeAccount(), ALIBABA_CLOUD_ACCESS_KEY_ID="")

    told = statuses(report)
    assert told["credentials.present"] == "wrong"
    assert report.exit_code == 2
    assert told["keys.versions"] == told["settings.size"] == "ok"
    assert {told[check.id] for check in CHECKS if "account" in check.needs} == {"skipped"}


@pytest.mark.parametrize(
    ("code", "detail", "does"),
    [
        ("credentials_expired", "InvalidSecurityToken.Expired", "take new ones"),
        ("credentials_refused", "InvalidAccessKeyId.NotFound", "check the key"),
        ("refused", "InvalidTimeStamp.Expired", "set this machine's clock"),
        ("not_connected", "", "network"),
    ],
)
def test_credentials_that_do_not_work_are_one_line(code: str, detail: str, does: str) -> None:
    account = whole_account()
    account.caller = FoundationFailed(code, detail)  # type: ignore[arg-type]

    report = report_of(account)

    wrong = [line for line in report.lines if line.finding.status == "wrong"]
    assert [line.check for line in wrong] == ["credentials.valid"]
    assert does in wrong[0].finding.do
    assert report.exit_code == 1


def test_another_account_is_not_looked_at() -> None:
    account = whole_account()
    account.caller = "9999999999999999"

    told = statuses(report_of(account))

    assert told["credentials.account"] == "wrong"
    assert told["tables"] == told["functions.there"] == "skipped"


def test_no_account_that_is_meant_is_unknown() -> None:
    report = report_of(
        whole_account(), SESAME_ACCOUNT_ID="", SESAME_SMQ_ENDPOINT="http://queues.example"
    )

    assert statuses(report)["credentials.account"] == "unknown"


def test_an_exception_of_a_check_is_a_finding_without_its_text() -> None:
    def stumbles(case: Case) -> Sequence[Finding]:
        raise RuntimeError("https://host/?Signature=abc")

    case = case_of(whole_account())
    lines = list(examine(case, (Check("odd", stumbles), Check("after", lambda _: ()))))

    assert [line.finding.why for line in lines] == ["RuntimeError"]
    assert lines[0].finding.status == "wrong"


def test_a_read_that_is_refused_is_wrong_and_names_the_rights() -> None:
    account = whole_account()
    account.letters = FoundationFailed("forbidden", "AccessDenied")

    finding = next(
        line.finding for line in report_of(account).lines if line.check == "dead_letters"
    )

    assert (finding.status, finding.why) == ("wrong", "forbidden (AccessDenied)")
    assert "infra/doctor/rights.py" in finding.do


def test_a_token_that_ends_meanwhile_is_said_once() -> None:
    account = whole_account()
    case = case_of(account)
    account.caller = FoundationFailed("credentials_expired", "InvalidSecurityToken.Expired")
    account.letters = FoundationFailed("forbidden", "AccessDenied")

    lines = list(examine(case, CHECKS))

    assert [line.check for line in lines if line.finding.status == "wrong"] == ["dead_letters"]
    after = lines[[line.check for line in lines].index("dead_letters") + 1]
    assert after.finding.status == "skipped"


def test_a_stopped_sms_service_is_one_line() -> None:
    account = whole_account()
    account.statistics = FoundationFailed("refused", "isv.OUT_OF_SERVICE")

    wrong = [line for line in report_of(account).lines if line.finding.status == "wrong"]

    assert [(line.check, line.finding.why) for line in wrong] == [
        ("sms.service", "isv.OUT_OF_SERVICE")
    ]


def test_the_json_says_all_and_no_secret() -> None:
    report = report_of(whole_account())

    told = json.loads(report.as_json())

    assert told["stage"] == "dev"
    assert sum(told["counts"].values()) == len(told["findings"]) == len(CHECKS)
    for name in ("SESAME_RECORD_KEY", "SESAME_CALLBACK_SECRETS", "SESAME_API_KEYS"):
        assert ENVIRONMENT[name] not in report.as_json()


def table(*findings: Finding, width: int = 100, is_coloured: bool = False) -> list[str]:
    report = report_of(whole_account())
    lines = tuple(Line("tables", each) for each in findings)
    shown = lines_of(replace(report, lines=lines), width=width, is_coloured=is_coloured)
    return list(shown)


def test_the_table_says_what_to_do_below_the_last_of_many() -> None:
    first, second = (Finding("wrong", f"table {name} is missing", do="apply") for name in "ab")

    assert table(first, second)[1:] == [
        "wrong    tables                  table a is missing",
        "wrong                            table b is missing",
        "                                 -> apply",
        "0 ok, 2 wrong, 0 unknown, 0 skipped",
    ]


def test_the_table_keeps_to_its_width() -> None:
    long = Finding("wrong", "word " * 40, "reason " * 20, "do " * 50, "restore")

    for width in (80, 100):
        assert max(len(line) for line in table(long, width=width)) <= width


def test_the_table_is_coloured_on_a_terminal_alone() -> None:
    finding = Finding("wrong", "table a is missing")

    assert "\x1b[" not in "".join(table(finding))
    assert "\x1b[31;1mwrong" in "".join(table(finding, is_coloured=True))
