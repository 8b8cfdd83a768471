"""The catalogue as it is shipped, by the provider's rules, and files that are refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.localcloud.dysmsapi.content import params_flaw, template_flaw
from infra.sms_catalogue import (
    NAME_LIMIT,
    SIGN_NAME,
    StageUnusable,
    as_setting,
    notification_setting,
    notifications,
    templates,
)
from shared.errors import SettingsInvalid
from shared.templates.catalogue import FOLDER, load_catalogue
from shared.templates.params import check_params
from shared.templates.segments import variables_of

EVENTS = Path(__file__).resolve().parents[3] / "events"
NAMES = (
    "appointment_reminder",
    "backup_status",
    "device_provisioned",
    "job_assigned",
    "maintenance_notice",
    "order_confirmed",
    "payment_alert",
    "pickup_ready",
    "risk_alert",
    "seasonal_offer",
    "ship_update",
)
SHIPPED = load_catalogue(json.loads(notification_setting("dev")), sign_name=SIGN_NAME)

Edit = Callable[[dict[str, Any]], None]


def event(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((EVENTS / f"{name}.notification.json").read_text("utf-8"))
    return read


def test_catalogue_holds_the_eleven() -> None:
    assert tuple(SHIPPED) == NAMES


def test_ship_update_is_what_it_was_promised_to_be() -> None:
    template = SHIPPED["ship_update"]

    assert [variable.name for variable in template.variables] == ["order_no", "status"]
    assert (template.kind, template.channels) == ("notice", ("sms", "email"))
    assert template.quiet_hours is None
    assert template.fallback_after_s > 0


def test_seasonal_offer_asks_first_and_keeps_the_night() -> None:
    template = SHIPPED["seasonal_offer"]

    assert (template.kind, template.consent) == ("promotion", "opt_in")
    assert template.quiet_hours == (21 * 60, 9 * 60)
    assert template.contents["zh"].sms.endswith("拒收请回复R")
    assert "opt out" in template.contents["en"].sms


def test_backup_status_is_dropped_rather_than_repeated() -> None:
    template = SHIPPED["backup_status"]

    assert (template.per_phone, template.when_limited) == (((1, 600),), "drop")


def test_only_the_pickup_code_is_a_secret() -> None:
    assert [name for name in NAMES if SHIPPED[name].is_secret] == ["pickup_ready"]


@pytest.mark.parametrize("name", NAMES)
def test_every_template_is_within_the_provider_s_rules(name: str) -> None:
    template = SHIPPED[name]
    content = template.contents["zh"].sms
    names = variables_of(content)

    assert template_flaw(template.kind, content) is None
    assert template_flaw("international", template.contents["en"].sms) is None
    assert all(variable.max_length <= 35 for variable in template.variables)
    assert len(names) == len(set(names))
    assert "}${" not in content, "two variables side by side"
    assert not any(char in content for char in "【】[]¥★"), "kept for signs, or refused"
    assert not {"email", "mobile", "id", "nick", "site"}.intersection(names), "names not allowed"
    assert "验证码" not in content, "only a code template may say so"


@pytest.mark.parametrize("name", NAMES)
def test_every_template_has_an_event_that_both_checks_take(name: str) -> None:
    template, body = SHIPPED[name], event(name)

    assert set(body) == {"to", "template", "params"}
    assert body["template"] == name
    assert check_params(template, body["params"]) == []
    assert params_flaw(template.kind, template.contents["zh"].sms, body["params"]) is None


def test_every_notification_event_is_of_a_template() -> None:
    files = EVENTS.glob("*.notification.json")

    assert {file.name.partition(".")[0] for file in files} == set(NAMES)


def test_a_template_without_codes_does_not_go_by_sms() -> None:
    codes = {"ship_update": {"domestic": "SMS_1"}}
    loaded = load_catalogue(codes, sign_name=SIGN_NAME)

    assert loaded["ship_update"].channels == ("sms", "email")
    assert loaded["ship_update"].codes == {"domestic": "SMS_1"}
    assert loaded["risk_alert"].channels == ("email",)


def test_codes_of_no_template_are_refused() -> None:
    with pytest.raises(SettingsInvalid, match="codes: ship_updates: no such template"):
        load_catalogue({"ship_updates": {"domestic": "SMS_1"}}, sign_name=SIGN_NAME)


def _set(path: str, value: object) -> Edit:
    *parents, last = path.split(".")

    def edit(entry: dict[str, Any]) -> None:
        for parent in parents:
            entry = entry[int(parent)] if isinstance(entry, list) else entry[parent]
        entry[last] = value

    return edit


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (_set("kind", "advert"), "kind: "),
        (_set("is_secret", "no"), "is_secret: "),
        (_set("surprise", 1), "surprise: "),
        (_set("name", "other"), "name: not that of the file"),
        (_set("channels", ["sms", "sms"]), "channels: one stands twice"),
        (_set("channels", ["fax"]), "channels.0: "),
        (_set("variables.0.max_length", 36), "variables.0.max_length: "),
        (_set("variables.0.max_length", 2), "variables: event: min_length is over"),
        (_set("variables.0.name", "discount"), "variables: discount stands twice"),
        (_set("quiet_hours", {"from": "21:00", "until": "24:00"}), "quiet_hours.until: "),
        (_set("quiet_hours", {"from": "21:00", "until": "21:00"}), "quiet_hours: an empty span"),
        (_set("consent", "none"), "consent: a promotion needs"),
        (_set("contents.zh.sms", "好" * 501), "contents.zh.sms: "),
        (
            _set("contents.zh.sms", "${event}至${until}优惠${discount}。"),
            "contents.zh.sms: a promotion ends",
        ),
        (_set("contents.en.sms", "Hello ${who}"), "contents.en.sms: its variables"),
        (_set("contents.en.email_subject", "${who}"), "contents.en.email_subject: a variable"),
        (_set("contents.en.email_subject", ""), "contents.en.email_subject: empty"),
        (_set("contents.en.email_subject", "a\nb"), "contents.en.email_subject: a line break"),
        (lambda entry: entry["contents"].pop("en"), "contents.en: missing"),
        (lambda entry: entry.pop("owner"), "owner: "),
    ],
)
def test_a_bad_file_is_refused_by_file_and_field(edit: Edit, named: str, tmp_path: Path) -> None:
    entry = json.loads((FOLDER / "seasonal_offer.json").read_text("utf-8"))
    entry["variables"][0]["min_length"] = 3
    edit(entry)
    (tmp_path / "seasonal_offer.json").write_text(json.dumps(entry), "utf-8")

    with pytest.raises(SettingsInvalid) as refused:
        load_catalogue({}, sign_name=SIGN_NAME, folder=tmp_path)

    assert f"seasonal_offer.json: {named}" in str(refused.value)


def test_every_bad_file_is_named_at_once(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.json").write_text("{", "utf-8")

    with pytest.raises(SettingsInvalid, match=r"one\.json: .*two\.json: "):
        load_catalogue({}, sign_name=SIGN_NAME, folder=tmp_path)


@pytest.mark.parametrize("stage", ["dev", "prod", "local", "staging", "production"])
def test_names_and_codes_at_the_provider_differ_and_fit(stage: str) -> None:
    try:
        listed = templates(stage)
    except StageUnusable:
        assert len(stage) > 7
        return

    assert len({each.name for each in listed}) == len(listed) == 12 + 22
    assert len({each.code for each in listed}) == len(listed)
    assert all(len(each.name) <= NAME_LIMIT for each in listed)
    assert all(each.name.startswith(f"SESAME_{stage.upper()}_") for each in listed)


def test_a_stage_under_which_names_would_be_the_same_is_refused() -> None:
    with pytest.raises(StageUnusable):
        templates("a_stage_of_twenty_five_letters")


def test_settings_of_codes_and_notifications_do_not_mix() -> None:
    assert "ship_update" not in json.loads(as_setting(templates("dev")))
    setting = json.loads(notification_setting("dev"))
    assert set(setting) == set(NAMES)
    assert all(set(each) == {"domestic", "international"} for each in setting.values())


def test_notifications_are_submitted_as_what_they_are() -> None:
    kinds = {each.purpose: each.kind for each in notifications("dev") if "_INTL" not in each.name}

    assert {name for name, kind in kinds.items() if kind == "promotion"} == {"seasonal_offer"}
    assert set(kinds.values()) == {"notice", "promotion"}
