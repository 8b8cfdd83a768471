"""Whatever the product, the provider or a carrier can name is explained, in both languages."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from infra.localcloud.core.signatures import _GATEWAY_ERRORS
from infra.localcloud.dysmsapi.codes import SERVICE_CODES
from shared.abuse.model import RuleSet
from shared.consent.model import VerdictKind
from shared.email import directmail
from shared.errors import SesameError
from shared.sms import codes, meanings
from shared.sms.meanings import FailureClass, failure_class
from shared.support import explanations
from shared.support.explanations import Explanation, Explanations, event_text, names_in
from shared.throttle.limits import LimitSet
from shared.throttle.model import GUESSES_PER_PHONE, SENDS_PER_PHONE
from shared.throttle.setting import parse_limits

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "shared" / "support" / "explanations"
BOOK = Explanations(failure_class)
# Who calls these, and with which argument the name that ends up in a row.
NAMING = {
    "SendRefused": 1,
    "SendUnknown": 0,
    "ProviderUnavailable": 0,
    "later": 0,
    "failed": 0,
    "suppressed": 0,
    "nothing": 0,
}
ROOMS = ("notifications", "otp", "sms", "email", "webhooks", "consent", "budget")


@cache
def calls(*folders: str) -> tuple[tuple[str, ast.Call], ...]:
    """Every call in the code of some rooms, with the name of what is called."""
    return tuple(
        (getattr(node.func, "attr", getattr(node.func, "id", "")), node)
        for folder in folders
        for file in sorted((ROOT / "shared" / folder).glob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    )


def argument(call: ast.Call, place: int) -> str | None:
    """A plain text at that place."""
    given = call.args[place] if len(call.args) > place else None
    is_text = isinstance(given, ast.Constant) and isinstance(given.value, str)
    return given.value if is_text else None  # type: ignore[union-attr]


def named_in_code() -> set[str]:
    """Reasons that the code writes as plain texts."""
    given = {argument(call, NAMING[name]) for name, call in calls(*ROOMS) if name in NAMING}
    return {reason for reason in given if reason is not None}


def settled_in_sweep() -> set[str]:
    """The reasons that the sweep, a fallback and a channel's change give."""
    given = {argument(call, 4) for name, call in calls(*ROOMS) if name == "_settled"}
    others = "never_confirmed no_receipt undelivered preferred_channel sandbox unknown_challenge"
    composed = "not_accepted exhausted:isv.AMOUNT_NOT_ENOUGH"
    return {reason for reason in given if reason} | {*others.split(), *composed.split()}


def errors(kind: type[SesameError] = SesameError) -> Iterator[str]:
    yield kind.code
    for each in kind.__subclasses__():
        yield from errors(each)


def policies() -> Iterator[str]:
    """What a limit can be called: the shipped ones, and those that a deployment may state."""
    limits, other = LimitSet(), [{"limit": 9, "window_s": 90}]
    scopes = ["phone", "phone_purpose", "ip", "device", "tenant", "country", "prefix", "service"]
    stated, _ = parse_limits(json.dumps(dict.fromkeys(scopes, other)))
    for each in (limits, stated):
        for windows in (
            *(each.phone_own, each.phone_purpose, each.ip, each.device),
            *(each.tenant, each.country, each.prefix, each.service),
        ):
            yield from (window.name for window in windows)
    yield from (window.name for window in (*SENDS_PER_PHONE, *GUESSES_PER_PHONE))
    yield from (rule.name for rule in RuleSet().rules)
    yield "door_opener_3600s"  # of a purpose, by its own policy
    rooms = ("throttle", "otp", "abuse")
    yield from (argument(call, 0) or "" for name, call in calls(*rooms) if name == "Quota")


PROVIDER = {
    *SERVICE_CODES,
    *_GATEWAY_ERRORS,
    *codes._KINDS,
    *codes._UNKNOWN,
    *codes._TOTALS,
    *codes.OF_SIGN_OR_TEMPLATE,
    codes.FLOW_CONTROL,
    *directmail._KINDS,
    *("not_sent", "answer_lost", "empty_answer", "http_502", "no_credentials", "kms:Forbidden.Key"),
    *("Forbidden.NoPermission", "InvalidAccessKeyId.NotFound", "Throttling.User"),
    *("MissingPhoneNumbers", "OK", "sandbox"),
}
# The carriers' codes of the provider's page that no table of classes has to know.
CARRIER = {*meanings._CODES, "DELIVERED", "DELIVRD", "UNKNOWN", "REQUEST_SUCCESS", "IB:0008"}
CARRIER |= {"MK:0015", "MN:0001", "PORT_NOT_REGISTERED"}


@pytest.mark.parametrize("code", sorted(PROVIDER))
def test_a_providers_code_is_explained(code: str) -> None:
    (found,) = BOOK.provider(code)

    assert found.is_known
    assert_whole(found)


@pytest.mark.parametrize("code", sorted(CARRIER))
def test_a_carriers_code_is_explained(code: str) -> None:
    (found,) = BOOK.carrier(code)

    assert found.is_known
    assert_whole(found)


@pytest.mark.parametrize(
    "reason",
    sorted({*named_in_code(), *settled_in_sweep(), *errors(), *get_args(VerdictKind)}),
)
def test_a_reason_of_ours_is_explained(reason: str) -> None:
    found = BOOK.reason(reason)

    assert all(each.is_known for each in found)
    for each in found:
        assert_whole(each)
    # The same names may stand in the place of a provider's code.
    assert BOOK.provider(reason)[0].is_known


@pytest.mark.parametrize("policy", sorted({*policies()} - {""}))
def test_a_limit_is_explained(policy: str) -> None:
    (found,) = BOOK.limit(policy)

    assert found.is_known
    assert_whole(found)


def test_reasons_are_really_found_in_the_code() -> None:
    found = {*named_in_code(), *settled_in_sweep()}

    assert {"quiet_hours", "budget_exhausted", "was_not_sent", "no_template"} <= found
    assert "resend" in set(policies())


@pytest.mark.parametrize("window", SENDS_PER_PHONE, ids=lambda window: window.name)
def test_the_text_of_a_limit_says_its_number(window: object) -> None:
    (found,) = BOOK.limit(window.name)  # type: ignore[attr-defined]

    assert re.search(rf"\b{window.limit}\b", found.cause.en)  # type: ignore[attr-defined]
    assert str(window.limit) in found.cause.zh  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", get_args(FailureClass))
def test_an_unknown_carriers_code_is_told_by_its_class_and_said_to_be_unknown(kind: str) -> None:
    (found,) = Explanations(lambda code: kind).carrier("ZZ:9999")

    assert not found.is_known
    assert found.is_inferred
    assert "not known" in found.cause.en
    assert "provider" in found.fix.en
    assert found.name == "ZZ:9999"


def test_a_carriers_code_of_a_known_family_takes_its_class() -> None:
    (found,) = BOOK.carrier("CONTENT_NEW")

    assert not found.is_known
    assert found.cause == Explanations(lambda code: "content").carrier("x")[0].cause


def test_a_limit_that_nobody_knows_is_said_to_be_unknown() -> None:
    assert not BOOK.limit("made up")[0].is_known


def test_an_unknown_providers_code_sends_to_the_provider() -> None:
    (found,) = BOOK.provider("isv.BRAND_NEW")

    assert not found.is_known
    assert "request id" in found.fix.en


def test_a_name_cannot_ask_for_what_stands_for_the_unknown() -> None:
    assert not BOOK.provider("?")[0].is_known
    assert not BOOK.carrier("?number")[0].is_known


def test_a_message_that_was_tried_too_often_has_the_last_refusal_told_too() -> None:
    first, second = BOOK.reason("exhausted:isv.OUT_OF_SERVICE")

    assert "dead letter" in first.cause.en
    assert second.name == "isv.OUT_OF_SERVICE"


def test_a_class_that_is_none_is_as_good_as_unknown() -> None:
    assert not Explanations(lambda code: "nonsense").carrier("ZZ:1")[0].is_known


@pytest.mark.parametrize("event", ["code.requested", "message.claimed", "code.made_up"])
def test_every_event_has_words(event: str) -> None:
    text = event_text(event)

    assert text.en
    assert text.zh


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_a_table_is_whole(file: Path) -> None:
    table = json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=no_name_twice)
    said = json.loads((FOLDER / "say.json").read_text(encoding="utf-8"))
    for name, entry in table.items():
        if set(entry) == {"same_as"}:
            assert "cause" in table[entry["same_as"]], name
        elif set(entry) == {"en", "zh"}:
            assert_text(entry)
        else:
            assert set(entry) == {"say", "basis", "cause", "fix"}, name
            assert entry["basis"] in ("docs", "inferred", "ours"), name
            assert entry["say"] in said, name
            assert_text(entry["cause"])
            assert_text(entry["fix"])


def test_every_sentence_for_customers_is_used() -> None:
    kinds: tuple[explanations.Kind, ...] = get_args(explanations.Kind)
    used = {
        entry.get("say")
        for kind in kinds
        for entry in json.loads((FOLDER / f"{kind}.json").read_text(encoding="utf-8")).values()
    }

    assert used - {None} == set(json.loads((FOLDER / "say.json").read_text(encoding="utf-8")))
    assert all(names_in(kind) for kind in kinds)


def assert_whole(found: Explanation) -> None:
    for text in (found.cause, found.fix, found.say):
        assert_text({"en": text.en, "zh": text.zh})


def assert_text(text: dict[str, str]) -> None:
    assert set(text) == {"en", "zh"}
    assert re.search("[a-z]", text["en"])
    assert not re.search("[\u4e00-\u9fff]", text["en"].replace("拒收请回复R", ""))
    assert re.search("[\u4e00-\u9fff]", text["zh"])


def no_name_twice(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)
