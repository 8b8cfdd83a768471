"""What single checks say, where no running cloud can be brought to show it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from infra.doctor import callbacks, clock, functions, keys, resources, rights, sms, triggers
from infra.doctor.__main__ import ROOT
from infra.doctor.model import Finding, Page, Runbook
from infra.doctor.table import RUNBOOKS
from infra.foundation.model import FoundationFailed
from infra.foundation.role import Place
from infra.sms_catalogue import SIGN_NAME
from infra.templates.plan import HeldSign
from tests.unit.doctor.fake_account import ACCOUNT, ENVIRONMENT, KEYS, case_of, whole_account


def only(findings: object) -> Finding:
    assert isinstance(findings, (list, tuple))
    assert len(findings) == 1
    finding = findings[0]
    assert isinstance(finding, Finding)
    return finding


def test_every_runbook_that_is_named_is_there() -> None:
    pages = [name for name in get_args(Runbook) if name]

    assert [name for name in pages if not (ROOT / RUNBOOKS / f"{name}.md").is_file()] == []


def test_a_sign_that_is_not_there_is_made_in_the_console() -> None:
    account = whole_account()
    account.held_sign = None

    assert only(sms.sign(case_of(account))).what == f"{SIGN_NAME}: not there"
    assert only(sms.carriers(case_of(account))).status == "skipped"


def test_a_sign_under_review_is_waited_for() -> None:
    account = whole_account()
    account.held_sign = HeldSign(SIGN_NAME, "reviewing")

    finding = only(sms.sign(case_of(account)))

    assert (finding.status, finding.do.partition(":")[0]) == ("wrong", "wait")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTP_POLICIES", '{"login": {"code_length": 99}}'),
        ("OTP_LIMITS", '{"phone": "much"}'),
        ("OTP_RULES", '{"countries": 1}'),
        ("OTP_ABUSE", '{"burst": {"limit": 0}}'),
        ("BUDGETS", "[]"),
        ("SMS_PRICES", "{}"),
        ("WEBHOOKS", "{"),
    ],
)
def test_a_setting_that_a_function_would_refuse_is_named(name: str, value: str) -> None:
    assert [each.startswith(name) for each in keys.problems_in({name: value}) if name in each]
    assert not [each for each in keys.problems_in({}) if name in each]


@pytest.mark.parametrize(
    ("state", "status", "does"),
    [
        ("unverified", "ok", ""),
        ("lapsed", "wrong", "registered again"),
        ("failed", "wrong", "registered again"),
        ("none", "wrong", "wait"),
    ],
)
def test_each_state_of_a_registration_has_its_advice(state: str, status: str, does: str) -> None:
    account = whole_account()
    carriers = {"mobile": "registered", "telecom": state}
    account.held_sign = HeldSign(SIGN_NAME, "approved", "", carriers)  # type: ignore[arg-type]

    finding = only(sms.carriers(case_of(account)))

    assert finding.status == status
    assert does in finding.do


def test_carriers_that_are_not_named_are_unknown() -> None:
    account = whole_account()
    account.held_sign = HeldSign(SIGN_NAME, "approved")

    assert only(sms.carriers(case_of(account))).status == "unknown"


def test_a_purpose_without_a_template_is_named() -> None:
    one = '{"login":{"domestic":"SMS_100000001"}}'

    finding = only(sms.code_templates(case_of(whole_account(), SESAME_OTP_TEMPLATES=one)))

    assert finding.what == "none for payment, pickup, reset, signup, transfer"


def test_statistics_are_asked_for_beijing_days() -> None:
    account = whole_account()

    assert "3 segments, 2 delivered, 1 not" in only(sms.service(case_of(account))).what
    assert re.fullmatch(r"(\d{8})-(\d{8})", account.asked[0])


def test_a_queue_whose_depth_is_not_told_is_unknown() -> None:
    account = whole_account()
    account.letters = None

    assert only(resources.dead_letters(case_of(account))).status == "unknown"


def test_a_few_dead_letters_are_shown_and_not_wrong() -> None:
    account = whole_account()
    account.letters = resources.LETTERS_TOLERATED

    finding = only(resources.dead_letters(case_of(account)))

    assert (finding.status, finding.what) == ("ok", "10 wait")
    assert "infra.redrive list" in finding.do


def test_a_difference_that_apply_would_refuse_is_for_a_person() -> None:
    account = whole_account()
    account.held["table sesame_state"] = {"key": "phone", "ttl_s": 172_800, "max_versions": 1}

    finding = only(resources.tables(case_of(account)))

    assert "key phone -> subject, item" in finding.why
    assert finding.do.startswith("by hand")


def test_values_of_the_environment_are_compared_and_never_shown() -> None:
    account = whole_account()
    held = account.deployed["sesame-verify-otp-dev"]["environmentVariables"]
    held.update(OTP_KEYS=f"1:{KEYS[1]}", OLD="secret-of-old")
    del held["API_KEYS"]

    finding = only(functions.environment(case_of(account)))

    assert finding.why == "missing: API_KEYS; strange: OLD; other values: OTP_KEYS"
    assert "secret" not in str(finding)


@pytest.mark.parametrize("key", ["state", "lastUpdateStatus"])
def test_a_deployment_that_failed_is_wrong(key: str) -> None:
    account = whole_account()
    name = "sesame-verify-otp-dev"
    account.deployed[name].update({key: "Failed", f"{key}ReasonCode": "ImagePullFailed"})

    finding = only(functions.there(case_of(account)))

    assert (finding.what, finding.why) == (f"{name}: Failed", "ImagePullFailed")


def test_a_function_that_is_missing_is_said_once() -> None:
    account = whole_account()
    del account.deployed["sesame-sweep-messages-dev"]
    case = case_of(account)

    assert only(functions.there(case)).status == "wrong"
    looks = (functions.settings, functions.environment, functions.asynchronous)
    more = (triggers.there, triggers.enabled, triggers.settings, triggers.stray)
    assert {only(look(case)).status for look in (*looks, *more)} == {"ok"}


def test_failures_are_looked_for_where_there_are_logs() -> None:
    account = whole_account()
    account.failures = {"sesame-verify-otp-dev": 3}
    assert only(functions.errors(case_of(account))).what == "sesame-verify-otp-dev failed 3 times"

    account.failures = FoundationFailed("not_there_yet", "LogStoreNotExist")
    assert only(functions.errors(case_of(account))).status == "skipped"


def test_an_event_stream_that_is_off_is_wrong() -> None:
    account = whole_account()
    held = account.triggered["sesame-follow-message-dev"]["followups"]
    held["triggerConfig"]["triggerEnable"] = False

    assert only(triggers.enabled(case_of(account))).what == "sesame-follow-message-dev: followups"


def test_a_topic_s_trigger_is_removed_before_it_is_changed() -> None:
    account = whole_account()
    held = account.triggered["sesame-receive-event-dev"]["topic"]
    held["sourceArn"] = held["sourceArn"].replace("sesame-events", "others")

    assert only(triggers.settings(case_of(account))).do.startswith("s remove --trigger topic")


def test_the_api_is_asked_at_its_domain() -> None:
    account = whole_account()

    finding = only(callbacks.reachable(case_of(account)))

    secret = ENVIRONMENT["SESAME_CALLBACK_SECRETS"]
    assert account.asked == [f"https://otp.shop.example/v1/callbacks/{secret}/sms-report"]
    assert (finding.status, finding.what) == ("ok", "https://otp.shop.example takes pushes")


def test_a_domain_that_is_made_at_deployment_is_unknown() -> None:
    case = case_of(whole_account(), SESAME_DOMAIN="auto")

    assert only(callbacks.reachable(case)).status == "unknown"


@pytest.mark.parametrize(
    ("page", "why"),
    [
        (Page(404), "the deployed secret is another, or no route leads to the function"),
        (Page(200, b"<html>"), ""),
        (Page(503), ""),
    ],
)
def test_an_answer_that_takes_no_push_is_wrong(page: Page, why: str) -> None:
    account = whole_account()
    account.page = page

    finding = only(callbacks.reachable(case_of(account)))

    assert (finding.status, finding.why) == ("wrong", why)


def test_a_service_without_a_date_leaves_the_clock_unknown() -> None:
    account = whole_account()
    account.page = Page(403)

    assert only(clock.skew(case_of(account))).status == "unknown"


def test_a_clock_behind_is_said_so() -> None:
    account = whole_account()
    account.page = Page(403, date_s=case_of(account).now_s() + 90)

    assert only(clock.skew(case_of(account))).what == "90 s behind the services"


def test_too_many_old_keys_are_wrong() -> None:
    many = ",".join(f"{3 - number}:{key}" for number, key in enumerate(KEYS[:3]))

    finding = only(keys.versions(case_of(whole_account(), SESAME_OTP_KEYS=many)))

    assert finding.why == "versions 2, 1 are still checked"


def test_a_key_that_cannot_be_read_is_not_shown() -> None:
    finding = only(keys.versions(case_of(whole_account(), SESAME_OTP_KEYS="1:hunter2")))

    assert finding.status == "wrong"
    assert "hunter2" not in str(finding)


def test_the_doctors_rights_are_only_to_read() -> None:
    role = rights.doctor(Place("dev", ACCOUNT, "cn-hangzhou", "sesame-dev"))

    actions = {name.partition(":")[2] for each in role.statements for name in each.actions}
    assert {re.sub(r"[A-Z].*", "", name[0].lower() + name[1:]) for name in actions} == {
        "get",
        "list",
        "query",
        "describe",
    }
    assert not any("SendDetails" in name or "Message" in name for name in actions)


def test_a_failure_is_raised_for_the_runner() -> None:
    account = whole_account()
    account.letters = FoundationFailed("forbidden", "AccessDenied")

    with pytest.raises(FoundationFailed):
        resources.dead_letters(case_of(account))
    account.letters = FoundationFailed("refused", "QueueNotExist")
    assert only(resources.dead_letters(case_of(account))).status == "skipped"


def test_a_case_shows_no_secret() -> None:
    case = replace(case_of(whole_account()), api="https://otp.shop.example")

    shown = repr(case)

    for name in ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "SESAME_RECORD_KEY", "SESAME_CALLBACK_SECRETS"):
        assert ENVIRONMENT[name] not in shown
