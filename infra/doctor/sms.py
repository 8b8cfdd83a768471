"""The SMS service: activated, the sign and the templates approved, registered and of our words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone

from infra.doctor.failures import NOT_IN_SERVICE
from infra.doctor.model import Case, Finding, settled
from infra.foundation.model import FoundationFailed
from infra.sms_catalogue import StageUnusable, Template, templates
from infra.templates.plan import Held, HeldSign, Registration
from shared.templates.segments import variables_of
from shared.throttle.model import SENDS_PER_PHONE

_BEIJING = timezone(timedelta(hours=8))
_FINE: tuple[Registration, ...] = ("registered", "unverified")
# "Get started with SMS" says 7 to 15 working days; older pages 5 to 10.
_WAIT = "wait: carriers take 5 to 15 working days"
# "Approval process"
_REVIEWED = "wait: a review takes about 2 hours, on working days from 9 to 23 h in Beijing"
_AGAIN = "have it registered again in the SMS console, at the sign"
# "Set the SMS sending frequency" (108293)
_CONSOLE = "SMS console, general settings, mainland messages, sending frequency"


def service(case: Case) -> Sequence[Finding]:
    """SMS is activated and not stopped; how yesterday and today went."""
    today = datetime.fromtimestamp(case.now_s(), _BEIJING)
    first, last = (f"{day:%Y%m%d}" for day in (today - timedelta(days=1), today))
    try:
        sent = case.reached().sms.sent(first, last)
    except FoundationFailed as failure:
        if failure.detail not in NOT_IN_SERVICE:
            raise
        do = "activate SMS in its console, and see that the account is paid and not frozen"
        return (Finding("wrong", "SMS is not in service", failure.detail, do, "provider-outage"),)
    told = f"since yesterday {sent.total} segments, {sent.delivered} delivered, {sent.failed} not"
    return (Finding("ok", f"in service; {told}"),)


def sign(case: Case) -> Sequence[Finding]:
    """The sign passed its review."""
    name, held = _sign(case)
    if held is None:
        do = "make it in the SMS console, as it needs documents"
        return (Finding("wrong", f"{name or 'no sign'}: not there", "", do, "approval-delay"),)
    if held.state == "approved":
        return (Finding("ok", f"{name}: approved"),)
    do = (
        _REVIEWED
        if held.state == "reviewing"
        else "correct it in the SMS console and submit it again"
    )
    return (Finding("wrong", f"{name}: {held.state}", held.reason, do, "approval-delay"),)


def carriers(case: Case) -> Sequence[Finding]:
    """Every carrier has the sign registered, without which it drops the messages."""
    name, held = _sign(case)
    if held is None or held.state != "approved":
        return (Finding("skipped", "the sign is not approved"),)
    if not held.registrations:
        do = "SMS console, signs: its registration with the carriers"
        return (Finding("unknown", f"{name}: no carrier is named", do=do),)
    bad = [
        Finding(
            "wrong",
            f"{carrier}: {state.replace('_', ' ')}",
            do=_WAIT if state in ("in_progress", "none") else _AGAIN,
            runbook="approval-delay",
        )
        for carrier, state in held.registrations.items()
        if state not in _FINE
    ]
    return settled(f"{name}: registered with {', '.join(held.registrations)}", bad)


def code_templates(case: Case) -> Sequence[Finding]:
    """Every purpose has templates, approved."""
    return _templates(case, is_notification=False)


def notification_templates(case: Case) -> Sequence[Finding]:
    """Every notification has templates, approved."""
    return _templates(case, is_notification=True)


def variables(case: Case) -> Sequence[Finding]:
    """The templates have the variables that the functions fill in."""
    held = {each.code: each for each in case.reached().sms.templates()}
    bad, count = [], 0
    for template, code in _chosen(case, is_notification=None):
        if code not in held:
            continue  # another check's line
        count += 1
        ours, theirs = (set(variables_of(each.content)) for each in (template, held[code]))
        if ours != theirs:
            why = f"it has {_listed(theirs)}, the functions give {_listed(ours)}"
            do = f"another template at {_setting(template)}, or {case.submit}"
            bad.append(Finding("wrong", f"{code}, {template.purpose}", why, do))
    return settled(f"the variables of {count} templates match", bad)


def limits(case: Case) -> Sequence[Finding]:
    """The account's own limits, which no interface tells."""
    ours = ", ".join(f"{each.limit} in {each.span_s} s" for each in SENDS_PER_PHONE)
    if case.is_local:
        return (Finding("ok", f"for a number {ours}: the provider's usual ones, here as there"),)
    what = f"ours for a number are {ours}; the account's must not be lower"
    return (Finding("unknown", what, do=_CONSOLE),)


def _sign(case: Case) -> tuple[str, HeldSign | None]:
    name = case.environment.get("SESAME_SMS_SIGN_NAME", "")
    return name, case.reached().sms.sign(name) if name else None


def _templates(case: Case, *, is_notification: bool) -> Sequence[Finding]:
    held = {each.code: each for each in case.reached().sms.templates()}
    bad, chosen = [], list(_chosen(case, is_notification=is_notification))
    for template, code in chosen:
        flaw = _flaw(case, template, code, held.get(code))
        if flaw is not None:
            bad.append(flaw)
    wanted = {
        each.purpose
        for each in _wanted(case)
        if each.is_notification == is_notification and each.destination == "domestic"
    }
    missing = wanted - {each.purpose for each, _ in chosen if each.destination == "domestic"}
    if missing:
        what = f"none for {', '.join(sorted(missing))}"
        name = "SESAME_NOTIFICATION_TEMPLATES" if is_notification else "SESAME_OTP_TEMPLATES"
        do = f"{case.submit}, and their codes into {name}"
        bad.append(Finding("wrong", what, do=do, runbook="approval-delay"))
    return settled(f"{len(chosen)} templates approved", bad)


def _flaw(case: Case, template: Template, code: str, held: Held | None) -> Finding | None:
    what = f"{code}, {template.purpose} {template.destination}"
    if held is None:
        do = f"correct {_setting(template)}, or {case.submit}"
        return Finding("wrong", f"{what}: not there", do=do)
    if held.state == "approved":
        return None
    do = _REVIEWED if held.state == "reviewing" else f"other words, then {case.submit}"
    return Finding("wrong", f"{what}: {held.state}", held.reason, do, "approval-delay")


def _chosen(case: Case, *, is_notification: bool | None) -> Iterator[tuple[Template, str]]:
    """The templates that the stage's settings name, with the codes there. None: of both kinds."""
    wanted = {
        (each.is_notification, each.purpose, each.destination): each for each in _wanted(case)
    }
    for kind in (False, True):
        if is_notification in (kind, None):
            for purpose, destinations in _stated(case.environment, kind).items():
                for destination, code in destinations.items():
                    # `international:zh` is another language, which need not have words of its own.
                    for place in (destination, destination.partition(":")[0]):
                        if (kind, purpose, place) in wanted:
                            yield wanted[kind, purpose, place], code
                            break


def _wanted(case: Case) -> Sequence[Template]:
    try:
        return templates(case.stage)
    except StageUnusable:
        return templates("x")  # the names do not matter here


def _stated(
    environment: Mapping[str, str], is_notification: bool
) -> Mapping[str, Mapping[str, str]]:
    """The setting; nothing if it cannot be read, which is another check's line."""
    name = "SESAME_NOTIFICATION_TEMPLATES" if is_notification else "SESAME_OTP_TEMPLATES"
    try:
        stated = json.loads(environment.get(name, "") or "{}")
        return {
            str(purpose): {str(key): str(code) for key, code in codes.items()}
            for purpose, codes in stated.items()
        }
    except (ValueError, AttributeError):
        return {}


def _setting(template: Template) -> str:
    return "SESAME_NOTIFICATION_TEMPLATES" if template.is_notification else "SESAME_OTP_TEMPLATES"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "none"
