"""The doctor finds nothing wrong with a whole local cloud, and of what is broken exactly that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from infra.background_cloud import BackgroundCloud
from infra.doctor.__main__ import main
from infra.doctor.checks import CHECKS, UNTOLD
from shared.rows import CONSENT
from tests.e2e.doctor_breaks_account import (
    CODE_TEMPLATE,
    deleted_alert,
    deleted_index,
    deleted_queue,
    deleted_role,
    deleted_table,
    deleted_topic,
    many_letters,
    narrower_policy,
    other_schema,
    other_variables,
    refused,
    rejected_sign,
    removed_template,
    shorter_ttl,
    unapproved_template,
    unregistered_sign,
)
from tests.e2e.doctor_breaks_deployment import (
    changed,
    closed_door,
    deleted_function,
    deleted_trigger,
    disabled_trigger,
    example,
    expired_token,
    failing_function,
    near_the_limit,
    no_destination,
    no_key,
    other_role,
    other_timeout,
    other_variable,
    rarer_trigger,
    skewed_clock,
    stray_trigger,
)
from tests.e2e.doctor_patient import SWEEP, VERIFY, Broken, Patient, wrong


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Patient]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        whole = Patient(BackgroundCloud(tmp_path_factory.mktemp("doctor")))
        yield whole
        whole.close()


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that goes wrong. says: a part of the line, and of what to do. also: what has to
    turn wrong with it, since the functions run with other variables.
    """

    check: str
    broken: Broken
    says: str
    do: str
    also: frozenset[str] = frozenset()


DEPLOYED = frozenset({"functions.environment"})

WEAK = "0123" * 8

BREAKS = (
    Break("credentials.present", no_key, "ALIBABA_CLOUD_ACCESS_KEY_SECRET not set", "set them"),
    Break("credentials.valid", expired_token, "credentials_expired", "take new ones"),
    Break(
        "credentials.account",
        changed("SESAME_ACCOUNT_ID", lambda _: "2000000000000002"),
        "1000000000000001, not 2000000000000002",
        "the account that is meant",
    ),
    Break(
        "settings.endpoints",
        changed("SESAME_ALERT_POLICY", lambda _: "no policy!"),
        "SESAME_ALERT_POLICY unusable",
        ".env.local",
    ),
    Break(
        "settings.s_yaml",
        changed("SESAME_OTP_INSTANCES_KEPT", lambda _: "many"),
        "otp_instances_kept",
        "make s-check",
    ),
    Break(
        "settings.values",
        changed("SESAME_RECONCILE_AFTER_S", lambda _: "soon"),
        "RECONCILE_AFTER_S",
        "correct them",
        DEPLOYED,
    ),
    Break(
        "settings.values",
        changed("SESAME_OTP_TOKEN_KEYS", lambda _: "first:short"),
        "OTP_TOKEN_KEYS",
        "correct them",
        DEPLOYED,
    ),
    Break(
        "settings.values",
        changed("SESAME_OTP_SANDBOX", lambda _: "none"),
        "OTP_SANDBOX",
        "correct them",
        DEPLOYED,
    ),
    Break("settings.size", near_the_limit, "the platform takes 4096", "fewer tenants", DEPLOYED),
    Break(
        "keys.versions",
        changed("SESAME_OTP_KEYS", lambda held: f"{held['SESAME_OTP_KEYS']},2:{'QUJD' * 12}"),
        "version 2 is newer",
        "newest version first",
        DEPLOYED,
    ),
    Break(
        "keys.secrets",
        changed("SESAME_API_KEYS", example("SESAME_API_KEYS")),
        "SESAME_API_KEYS (the example's",
        "infra/s.env.example",
        DEPLOYED,
    ),
    Break(
        "keys.distinct",
        changed("SESAME_RECORD_KEY", lambda held: held["SESAME_PSEUDONYM_KEY"]),
        "SESAME_RECORD_KEY holds a key of SESAME_PSEUDONYM_KEY",
        "openssl rand",
        DEPLOYED,
    ),
    Break("clock", skewed_clock, "s ahead of the services", "keep its time"),
    Break("roles", deleted_role, f"role {VERIFY}-local is missing", "make up"),
    Break("roles", narrower_policy, f"policy {VERIFY}-local differs", "make up"),
    Break("tables", deleted_table, f"table {CONSENT} is missing", "make up"),
    Break("tables", other_schema, "key phone -> subject, item", "by hand"),
    Break("tables", shorter_ttl, "ttl_s 86400 -> -1", "make up"),
    Break("queues", deleted_queue, "queue sesame-followups-local is missing", "make up"),
    Break("topic", deleted_topic, "topic sesame-events-local is missing", "make up"),
    Break("dead_letters", many_letters, "11 wait", "infra.redrive list"),
    Break("logs", deleted_index, "log_index sesame-local/functions is missing", "make up"),
    Break("watch", deleted_alert, "sesame-local-provider is missing", "make up"),
    Break("sms.service", refused("isv.PRODUCT_UN_SUBSCRIPT"), "not in service", "activate SMS"),
    Break("sms.sign", rejected_sign, "rejected (资质不全)", "submit it again"),
    Break("sms.carriers", unregistered_sign, "unicom: in progress", "5 to 15 working days"),
    Break("sms.codes", unapproved_template, f"{CODE_TEMPLATE}, login domestic: reviewing", "wait"),
    Break("sms.notifications", removed_template, "not there", "SESAME_NOTIFICATION_TEMPLATES"),
    Break("sms.variables", other_variables, "it has number, the functions give code", "SESAME_OTP"),
    Break("functions.there", deleted_function, f"{SWEEP}-local is not deployed", "make up"),
    Break("functions.settings", other_timeout, "timeout 16 -> 15", "make up"),
    Break("functions.settings", other_role, "role sesame-request-otp-local -> ", "make up"),
    Break(
        "functions.environment",
        other_variable,
        "missing: API_KEYS; other values: OTP_KEYS",
        "make up",
    ),
    Break("functions.asynchronous", no_destination, "destination nothing -> acs:mns", "make up"),
    Break("functions.errors", failing_function, f"{SWEEP}-local failed 1 times", "runbooks"),
    Break("triggers.there", deleted_trigger, "tick is missing", "make up"),
    Break("triggers.enabled", disabled_trigger, "enable is off", "switch it on"),
    Break("triggers.settings", rarer_trigger, "cronExpression @every 50m -> @every 5m", "make up"),
    Break("triggers.stray", stray_trigger, "old is not in s.yaml", "s remove --trigger old"),
    Break(
        "callback.secret",
        changed(
            "SESAME_CALLBACK_SECRETS", lambda held: f"{held['SESAME_CALLBACK_SECRETS']},{WEAK}"
        ),
        "easily guessed",
        "openssl rand",
        DEPLOYED,
    ),
    Break("callback.reachable", closed_door, "does not answer", "certificate"),
)


def test_every_check_is_broken_once() -> None:
    assert {each.check for each in BREAKS} == {each.id for each in CHECKS} - set(UNTOLD)


def test_a_whole_local_cloud_is_all_ok(
    patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = str(patient.cloud.data / "ready.json")

    code = main(["--stage", "local", "--ready-file", ready], {})

    lines = capsys.readouterr().out.splitlines()
    assert (code, lines[-1]) == (0, f"{len(CHECKS)} ok, 0 wrong, 0 unknown, 0 skipped")
    assert lines[0] == "account 1000000000000001, stage local, cn-hangzhou"
    assert max(len(line) for line in lines) <= 100


@pytest.mark.parametrize("case", BREAKS, ids=lambda each: f"{each.check}-{each.broken.__name__}")
def test_the_doctor_sees_what_is_broken_and_nothing_else(patient: Patient, case: Break) -> None:
    with case.broken(patient) as look:
        report = patient.look(**look)
    told = [line.finding for line in report.lines if line.check == case.check]

    assert wrong(report) == {case.check} | case.also
    shown = [f"{each.what} ({each.why})" for each in told if each.status == "wrong"]
    assert case.says in "\n".join(shown)
    assert any(case.do in each.do for each in told if each.status == "wrong")
    assert report.exit_code == (
        2 if case.check in ("credentials.present", "settings.endpoints") else 1
    )
    assert wrong(patient.look()) == set()  # and it is whole again


def test_a_read_only_role_is_enough_and_each_of_its_rights_is_needed(patient: Patient) -> None:
    role = patient.doctor_role()
    patient.have(role)
    session = patient.session(role)
    assert wrong(patient.look(session)) == set()

    for action in {name for each in role.statements for name in each.actions}:
        patient.have(patient.without(role, action))
        report = patient.look(session)

        blind = [line.finding for line in report.lines if line.finding.status == "wrong"]
        assert blind, f"{action} is not needed"
        assert all("forbidden" in each.why for each in blind), action
        assert all("infra/doctor/rights.py" in each.do for each in blind), action
    patient.have(role)


def test_a_cloud_that_is_gone_is_said_so(
    patient: Patient, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = patient.cloud.data / "elsewhere" / "ready.json"

    assert main(["--stage", "local", "--ready-file", str(missing)], {}) == 2
    assert "start one with `make up`" in capsys.readouterr().err
