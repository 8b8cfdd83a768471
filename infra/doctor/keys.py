"""The stage's own settings and secrets, which are looked at here and shown nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from infra.doctor.model import Case, Finding, settled
from infra.serverless_devs.__main__ import ENV_EXAMPLE, SECRETS, read_env_file
from shared.abuse.setting import parse_abuse
from shared.budget.setting import parse_budgets
from shared.errors import SettingsInvalid
from shared.otp.policy_file import load_policies
from shared.settings import BaseSettings, OtpSettings, read_settings
from shared.templates.prices import read_prices
from shared.throttle.setting import parse_limits, parse_rules
from shared.webhooks.endpoints import read_endpoints

ENVIRONMENT_LIMIT_BYTES = 4096
"""Of all variables of a function, names and values."""
_NEAR = 0.9
_OLD_TOLERATED = 1
_ALL = BaseSettings.__subclasses__()
_KEYS = {
    "OTP_KEYS": "SESAME_OTP_KEYS",
    "PSEUDONYM_KEY": "SESAME_PSEUDONYM_KEY",
    "RECORD_KEY": "SESAME_RECORD_KEY",
    "CONSOLE_KEY": "SESAME_CONSOLE_KEY",
}
_PARSERS: tuple[tuple[str, Callable[[str], object]], ...] = (
    ("OTP_POLICIES", load_policies),
    ("OTP_LIMITS", parse_limits),
    ("OTP_RULES", parse_rules),
    ("OTP_ABUSE", parse_abuse),
    ("BUDGETS", parse_budgets),
    ("SMS_PRICES", read_prices),
    ("WEBHOOKS", read_endpoints),
)
"""Texts to the settings, and read by what uses them as a function starts."""
_SAME_CHARACTER = re.compile(r"(.)\1{15}")


def settings(case: Case) -> Sequence[Finding]:
    """Every function could read its environment."""
    together: dict[str, str] = {}
    for function in case.rendered().functions:
        together.update(function.environment)
    do = f"correct them in .env.{case.stage}; infra/docs/configuration.md says what each may be"
    bad = [Finding("wrong", each.partition(":")[0], each, do) for each in problems_in(together)]
    return bad or (Finding("ok", "every function can read its environment"),)


def problems_in(environment: Mapping[str, str]) -> list[str]:
    """What keeps functions from starting in an environment, as `NAME: why`."""
    problems: list[str] = []
    readers: list[Callable[[], object]] = [lambda: read_settings(environment, *_ALL)]
    readers += [
        partial(parse, environment[name]) for name, parse in _PARSERS if environment.get(name)
    ]
    for read in readers:
        try:
            read()
        except SettingsInvalid as invalid:
            problems += str(invalid).split("; ")
    return list(dict.fromkeys(problems))  # several parts read the same variable


def size(case: Case) -> Sequence[Finding]:
    """No environment is over, or nearly over, what the platform takes."""
    sizes = {
        function.name: sum(len(f"{k}{v}".encode()) for k, v in function.environment.items())
        for function in case.rendered().functions
    }
    near = ENVIRONMENT_LIMIT_BYTES * _NEAR
    bad = [
        Finding(
            "wrong",
            f"{name}: {held} bytes",
            why=f"the platform takes {ENVIRONMENT_LIMIT_BYTES}",
            do="fewer tenants, templates or prices in one setting; drop old key versions",
        )
        for name, held in sizes.items()
        if held > near
    ]
    return settled(f"{max(sizes.values(), default=0)} bytes at most", bad)


def versions(case: Case) -> Sequence[Finding]:
    """The key of codes has a current version, and old ones are gone once no code needs them."""
    try:
        (read,) = read_settings(_renamed(case.environment), OtpSettings)
    except SettingsInvalid:
        do = "1:$(openssl rand -base64 32), newest version first"
        why = "no version of SESAME_OTP_KEYS can be read"
        return (Finding("wrong", "no current key", why, do, "key-rotation"),)
    current, *old = list(read.keys)
    if current != max(read.keys):
        do = "put the newest version first: the first makes new codes"
        return (
            Finding(
                "wrong",
                f"version {current} is current",
                why=f"version {max(read.keys)} is newer",
                do=do,
                runbook="key-rotation",
            ),
        )
    if len(old) > _OLD_TOLERATED:
        listed = ", ".join(str(each) for each in old)
        return (
            Finding(
                "wrong",
                f"version {current} is current",
                why=f"versions {listed} are still checked",
                do="drop those that were replaced more than a day ago",
                runbook="key-rotation",
            ),
        )
    still = f", {old[0]} is still checked" if old else ""
    return (Finding("ok", f"version {current} is current{still}"),)


def secrets(case: Case) -> Sequence[Finding]:
    """No secret is missing, the example's, or one character over and over."""
    example = read_env_file(ENV_EXAMPLE)
    bad = []
    for name in SECRETS:
        value = case.environment.get(name, "")
        if not value:
            bad.append(_bad_secret(name, "not set"))
        elif value == example.get(name) or _SAME_CHARACTER.search(value):
            bad.append(_bad_secret(name, "the example's, which everyone knows"))
    return settled(f"{len(SECRETS)} secrets of its own", bad)


def distinct(case: Case) -> Sequence[Finding]:
    """No two secrets are the same: who learns one must not have another."""
    held: dict[str, str] = {}
    bad = []
    for name in _KEYS.values():
        for part in case.environment.get(name, "").split(","):
            secret = part.strip().rpartition(":")[2]
            if not secret:
                continue
            if secret in held:
                what = f"{name} holds a key of {held[secret]}"
                bad.append(
                    Finding("wrong", what, do="openssl rand -base64 32", runbook="key-rotation")
                )
            held.setdefault(secret, name)
    return settled(f"{len(held)} keys, no two the same", bad)


def _bad_secret(name: str, why: str) -> Finding:
    do = "infra/s.env.example says above each how to make one"
    return Finding("wrong", name, why, do, "key-rotation")


def _renamed(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment.get(outer, "") for name, outer in _KEYS.items()}
