"""The address that the provider pushes receipts and replies to."""

from __future__ import annotations

import json
from collections.abc import Sequence

from infra.doctor.model import Case, Finding
from infra.foundation.model import FoundationFailed
from shared.errors import SettingsInvalid
from shared.settings import CallbackSettings, read_settings

ROUTE = "receive_receipt"
_DISTINCT = 10
"""So many different characters, at least, has a secret of 32 that was drawn by lot."""


def secret(case: Case) -> Sequence[Finding]:
    """The secret in the address is long enough to be the only guard of it."""
    try:
        held = _secrets(case)
    except SettingsInvalid as invalid:
        do = "openssl rand -hex 32, and the new address into the SMS console"
        return (Finding("wrong", "SESAME_CALLBACK_SECRETS", str(invalid), do, "key-rotation"),)
    if any(len(set(each)) < _DISTINCT for each in held):
        do = "openssl rand -hex 32, and the new address into the SMS console"
        return (Finding("wrong", "SESAME_CALLBACK_SECRETS", "easily guessed", do, "key-rotation"),)
    old = f", {len(held) - 1} more still taken" if len(held) > 1 else ""
    return (Finding("ok", f"{len(held[0])} characters{old}"),)


def reachable(case: Case) -> Sequence[Finding]:
    """A push without a receipt in it is taken, as the provider's would be."""
    base = case.api or _address(case)
    if not base:
        do = "set SESAME_DOMAIN to a domain of your own"
        return (Finding("unknown", "the domain is made at deployment", do=do),)
    try:
        known = _secrets(case)[0]
    except SettingsInvalid:
        return (Finding("skipped", "the secret cannot be used"),)
    try:
        page = case.reached().web.post(f"{base}/v1/callbacks/{known}/sms-report", b"[]")
    except FoundationFailed as failure:
        do = f"name server, certificate, custom domain; then {case.deploy}"
        return (Finding("wrong", f"{base} does not answer", str(failure), do),)
    if page.status == 200 and _is_taken(page.body):
        return (Finding("ok", f"{base} takes pushes"),)
    what = f"{base} answers {page.status}"
    if page.status == 404:
        why = "the deployed secret is another, or no route leads to the function"
        return (Finding("wrong", what, why, case.deploy, "key-rotation"),)
    return (Finding("wrong", what, do="look at the logs of receive_receipt", runbook="restore"),)


def console(case: Case) -> Sequence[Finding]:
    """Whether the provider pushes there, which no interface tells."""
    do = "SMS console, receipts: <address>/v1/callbacks/<secret>/sms-report, and /sms-up"
    if case.is_local:
        return (Finding("ok", "the local cloud pushes there"),)
    return (Finding("unknown", "whether the provider pushes there is not told", do=do),)


def _secrets(case: Case) -> tuple[str, ...]:
    value = case.environment.get("SESAME_CALLBACK_SECRETS", "")
    (read,) = read_settings({"CALLBACK_SECRETS": value}, CallbackSettings)
    held: tuple[str, ...] = read.secrets
    return held


def _address(case: Case) -> str:
    """The address by s.yaml's domain; empty for one that is made at deployment."""
    domain = case.rendered().resources.get(ROUTE, {}).get("customDomain")
    if not isinstance(domain, dict):
        return ""
    name, protocol = str(domain.get("domainName") or ""), str(domain.get("protocol") or "")
    if name in ("", "auto"):
        return ""
    return f"{'https' if 'HTTPS' in protocol else 'http'}://{name}"


def _is_taken(body: bytes) -> bool:
    try:
        return bool(json.loads(body)["code"] == 0)
    except (ValueError, KeyError, TypeError):
        return False
