"""Whose credentials these are, and what the stage's roles may do."""

from __future__ import annotations

from collections.abc import Sequence

from infra.doctor.failures import advice
from infra.doctor.model import Case, Finding
from infra.foundation.model import FoundationFailed
from infra.serverless_devs import ManifestInvalid

KEYS = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
_UNTRIED = ("not_connected", "answer_lost", "throttled")


def present(case: Case) -> Sequence[Finding]:
    """The key is there."""
    missing = [name for name in KEYS if not case.environment.get(name)]
    if missing:
        do = "set them in this shell; a read-only role is enough (infra/doctor/rights.py)"
        return (Finding("wrong", "there are none", why=f"{', '.join(missing)} not set", do=do),)
    kind = "of a role" if case.environment.get("ALIBABA_CLOUD_SECURITY_TOKEN") else "of a user"
    return (Finding("ok", f"credentials {kind}"),)


def endpoints(case: Case) -> Sequence[Finding]:
    """Region, instance and endpoints can be used."""
    if not isinstance(case.settings, FoundationFailed):
        return (Finding("ok", f"region {case.settings.region}, {case.settings.project}"),)
    if case.settings.code == "no_credentials":
        return (Finding("skipped", "there are no credentials"),)
    do = f"put them into .env.{case.stage}, as in infra/s.env.example"
    return (Finding("wrong", "cannot be used", why=case.settings.detail, do=do),)


def s_yaml(case: Case) -> Sequence[Finding]:
    """s.yaml can be rendered for the stage."""
    if isinstance(case.manifest, ManifestInvalid):
        first = case.manifest.problems[0]
        return (
            Finding(
                "wrong",
                f"{len(case.manifest.problems)} problems",
                why=first,
                do=f"make s-check STAGE={case.stage}",
            ),
        )
    return (Finding("ok", f"{len(case.manifest.functions)} functions"),)


def valid(case: Case) -> Sequence[Finding]:
    """The token service knows the key, and its time is not over."""
    if isinstance(case.caller, FoundationFailed):
        failure = case.caller
        what = "could not be tried" if failure.code in _UNTRIED else "they do not work"
        return (Finding("wrong", what, why=str(failure), do=advice(failure)),)
    return (Finding("ok", f"they work, account {case.caller}"),)


def account(case: Case) -> Sequence[Finding]:
    """They are those of the account that is meant, which is also that of the queues."""
    if isinstance(case.caller, FoundationFailed):
        return (Finding("skipped", "the credentials do not work"),)
    try:
        case.account()
    except FoundationFailed as failure:
        return (Finding("wrong", "another account", why=failure.detail, do=advice(failure)),)
    settings = case.configured()
    if not settings.account_id and not settings.queue_owner:
        do = f"set SESAME_ACCOUNT_ID in .env.{case.stage}: another account is then refused"
        return (Finding("unknown", "no account is named, so any would do", do=do),)
    return (Finding("ok", "the one that is meant"),)
