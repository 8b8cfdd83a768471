"""`python -m infra.templates` over the real SDK, against the local cloud's Dysmsapi."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest

from infra.sms_catalogue import SIGN_NAME, notifications, templates
from infra.templates.__main__ import main
from infra.templates.dysmsapi import wording
from tests.localcloud.dysmsapi.running import RunningDysmsapi
from tests.sdk_sessions import close_kept_sessions

Command = Callable[..., int]


@pytest.fixture
def dysmsapi(no_proxies: None) -> Iterator[RunningDysmsapi]:
    running = RunningDysmsapi()
    yield running
    close_kept_sessions()
    running.stop()


@pytest.fixture
def naps() -> list[float]:
    return []


@pytest.fixture
def command(dysmsapi: RunningDysmsapi, naps: list[float]) -> Command:
    root = dysmsapi.cloud.identities.root

    def run(*arguments: str, **environment: str) -> int:
        return main(
            [*arguments, "--stage", "dev"],
            {
                "SESAME_SMS_ENDPOINT": f"http://{dysmsapi.address}",
                "ALIBABA_CLOUD_ACCESS_KEY_ID": root.access_key_id,
                "ALIBABA_CLOUD_ACCESS_KEY_SECRET": root.access_key_secret,
                **environment,
            },
            sleep=naps.append,
        )

    return run


def codes(running: RunningDysmsapi) -> dict[str, str]:
    return {each.name: each.code for each in running.service.catalogue.templates()}


def test_plan_shows_what_is_to_be_created_and_touches_nothing(
    command: Command, dysmsapi: RunningDysmsapi, capsys: pytest.CaptureFixture[str]
) -> None:
    before = codes(dysmsapi)

    assert command("plan") == 0

    shown = capsys.readouterr().out
    assert f"sign {SIGN_NAME}: approved; carriers: mobile registered" in shown
    assert shown.count(": create\n") == len(templates("dev"))
    assert codes(dysmsapi) == before


def test_apply_creates_all_once_with_the_pause_between(
    command: Command, dysmsapi: RunningDysmsapi, naps: list[float]
) -> None:
    before = len(codes(dysmsapi))

    assert command("apply") == 0
    created = codes(dysmsapi)
    assert command("apply", "--pause-s", "40") == 0

    assert naps == [31] * (len(templates("dev")) - 1)
    assert len(created) == before + len(templates("dev"))
    assert codes(dysmsapi) == created


def test_apply_submits_the_words_the_kind_and_the_sign(
    command: Command, dysmsapi: RunningDysmsapi
) -> None:
    command("apply")

    held = {each.name: each for each in dysmsapi.service.catalogue.templates()}
    for wanted in templates("dev"):
        template = held[wanted.name]
        sign = "" if wanted.kind == "international" else SIGN_NAME
        assert (template.kind, template.content, template.sign_name) == (
            wanted.kind,
            wanted.content,
            sign,
        )


def test_variables_and_abroad_s_kinds_are_declared() -> None:
    told = {each.name: wording(each) for each in templates("dev")}

    assert json.loads(told["SESAME_DEV_LOGIN"]["template_rule"]) == {"code": "numberCaptcha"}
    assert json.loads(told["SESAME_DEV_SHIP_UPDATE"]["template_rule"]) == {
        "order_no": "others",
        "status": "others",
    }
    kinds = {name: fields.get("intl_type") for name, fields in told.items()}
    assert kinds["SESAME_DEV_LOGIN_INTL"] == 2
    assert kinds["SESAME_DEV_SEASONAL_OFFER_INTL"] == 1
    assert kinds["SESAME_DEV_SHIP_UPDATE_INTL"] == 0
    assert kinds["SESAME_DEV_SHIP_UPDATE"] is None


def test_templates_past_the_first_page_are_found(
    command: Command, dysmsapi: RunningDysmsapi, capsys: pytest.CaptureFixture[str]
) -> None:
    command("apply")
    for number in range(60):
        dysmsapi.service.catalogue.add_template(
            name=f"another {number}", kind="notice", content="x"
        )
    capsys.readouterr()

    assert command("plan") == 0

    assert ": create" not in capsys.readouterr().out


def test_a_rejected_template_is_told_with_its_reason_until_its_words_change(
    command: Command, dysmsapi: RunningDysmsapi, capsys: pytest.CaptureFixture[str]
) -> None:
    command("apply")
    catalogue, name = dysmsapi.service.catalogue, "SESAME_DEV_SHIP_UPDATE"
    code = codes(dysmsapi)[name]
    catalogue.set_template_state(code, "rejected", "变量不明")
    capsys.readouterr()

    assert command("plan") == 1
    assert f"{name}: unchanged, rejected (变量不明), {code}" in capsys.readouterr().out

    catalogue.rewrite_template(code, name=name, kind="notice", content="旧${order_no}${status}")
    catalogue.set_template_state(code, "rejected")
    assert command("apply") == 0
    template = catalogue.template(code)
    assert template is not None
    assert (template.state, template.content.startswith("您的订单")) == ("reviewing", True)


def test_setting_has_the_codes_of_what_is_approved(
    command: Command, dysmsapi: RunningDysmsapi, capsys: pytest.CaptureFixture[str]
) -> None:
    command("apply")
    held = codes(dysmsapi)
    for wanted in notifications("dev"):
        if wanted.purpose != "risk_alert":
            dysmsapi.service.catalogue.set_template_state(held[wanted.name], "approved")
    capsys.readouterr()

    assert command("setting") == 0

    printed = capsys.readouterr()
    setting = json.loads(printed.out)
    assert len(setting) == 10
    assert setting["ship_update"] == {
        "domestic": held["SESAME_DEV_SHIP_UPDATE"],
        "international": held["SESAME_DEV_SHIP_UPDATE_INTL"],
    }
    assert "SESAME_DEV_RISK_ALERT" in printed.err


def test_a_sign_that_a_carrier_dropped_fails_the_plan(
    command: Command, dysmsapi: RunningDysmsapi, capsys: pytest.CaptureFixture[str]
) -> None:
    dysmsapi.service.catalogue.set_sign_registration(SIGN_NAME, 2)
    assert command("plan") == 1
    assert "unicom lapsed" in capsys.readouterr().out

    dysmsapi.service.catalogue.remove_sign(SIGN_NAME)
    assert command("plan") == 1
    assert "not there" in capsys.readouterr().out


def test_what_is_refused_is_told_by_its_code_alone(
    command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("plan", ALIBABA_CLOUD_ACCESS_KEY_SECRET="another") == 1
    told = capsys.readouterr().err
    assert told.startswith("templates: ")
    assert "another" not in told
    assert "http" not in told

    assert command("plan", SESAME_SMS_ENDPOINT="http://127.0.0.1:9") == 1
    assert "no answer" in capsys.readouterr().err


def test_a_key_that_is_not_set_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--stage", "dev"], {}) == 1

    assert "ALIBABA_CLOUD_ACCESS_KEY_ID is not set" in capsys.readouterr().err
