"""The composition root: the only place where a port meets its adapter.

Each function of this file builds one endpoint with all that it stands on. The imports are inside,
so that a function pays at its cold start only for what it uses: verify never loads the SMS SDK.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.fc.handler import Endpoint
from shared.secret_source import SecretSource, with_secrets
from shared.settings import BaseSettings, read_settings

if TYPE_CHECKING:
    from shared.abuse.guard import AbuseGuard
    from shared.abuse.model import AbuseRules
    from shared.abuse.proof import ProofChecker
    from shared.access.api_keys import ApiKeys
    from shared.otp.core import OtpCore
    from shared.settings import (
        AbuseSettings,
        AccessSettings,
        OtpSettings,
        StoreSettings,
        TokenSettings,
    )
    from shared.tokens.issuer import TokenIssuer


def request_otp() -> Endpoint:
    """POST /v1/otp. Raises SettingsInvalid."""
    from shared.access.sandbox import Sandbox
    from shared.api.otp import RequestOtpEndpoint
    from shared.errors import SettingsInvalid
    from shared.idempotency.record import IdempotencyBook
    from shared.otp.request import RequestOtp
    from shared.phone_parser import parse_phone
    from shared.rollup.counters import Counters
    from shared.rollup.counting import CodeCounts
    from shared.settings import (
        AbuseSettings,
        AccessSettings,
        OtpSettings,
        PhoneSettings,
        SandboxSettings,
        SmsSettings,
        StoreSettings,
        ThrottleSettings,
    )
    from shared.sms.code_sender import CodeSender
    from shared.sms.dysmsapi import DysmsapiGateway
    from shared.throttle.limits import Limits
    from shared.throttle.model import guesses_per_phone
    from shared.throttle.setting import parse_limits, parse_rules

    store, otp, access, sms, phone, throttle, sandbox, abuse = deployed_settings(
        StoreSettings,
        OtpSettings,
        AccessSettings,
        SmsSettings,
        PhoneSettings,
        ThrottleSettings,
        SandboxSettings,
        AbuseSettings,
    )
    common, of_tenants = parse_limits(throttle.limits)
    core = _otp_core(store, otp)
    guard = _abuse_guard(abuse, core, checks_proofs=True)
    unknown = sorted(sms.templates.keys() - core.policies.keys())
    if unknown:
        raise SettingsInvalid(f"OTP_TEMPLATES: no such purpose: {', '.join(unknown)}")
    sender = CodeSender(
        gateway=DysmsapiGateway(endpoint=sms.endpoint, region=sms.region),
        sign_name=sms.sign_name,
        templates=sms.templates,
        clock=core.clock,
    )
    return RequestOtpEndpoint(
        api_keys=api_keys(access),
        parse_phone=partial(parse_phone, default_region=phone.default_region),
        issue=RequestOtp(
            core,
            rules=parse_rules(throttle.rules),
            limits=Limits(
                core.pseudonyms,
                common,
                of_tenants,
                guesses_per_phone(otp.max_takeover_probability),
                further=guard,
            ),
            idempotency=IdempotencyBook(core.pseudonyms),
            sender=sender,
            sandbox=Sandbox(sandbox.codes),
            demand=guard,
            counts=CodeCounts(Counters(core.random)),
        ),
    )


def verify_otp() -> Endpoint:
    """POST /v1/otp/verify. Raises SettingsInvalid."""
    from shared.api.otp import VerifyOtpEndpoint
    from shared.otp.verify import VerifyOtp
    from shared.settings import (
        AbuseSettings,
        AccessSettings,
        OtpSettings,
        StoreSettings,
        TokenSettings,
    )
    from shared.throttle.limits import Limits
    from shared.throttle.model import guesses_per_phone

    store, otp, access, token, abuse = deployed_settings(
        StoreSettings, OtpSettings, AccessSettings, TokenSettings, AbuseSettings
    )
    core = _otp_core(store, otp)
    return VerifyOtpEndpoint(
        api_keys=api_keys(access),
        check=VerifyOtp(
            core,
            limits=Limits(core.pseudonyms, guesses=guesses_per_phone(otp.max_takeover_probability)),
            conversions=_abuse_guard(abuse, core, checks_proofs=False),
        ),
        issue_token=_token_issuer(token, core) if token.keys else None,
    )


def describe_api() -> Endpoint:
    """GET /v1/openapi.json and /v1/jwks.json. Raises SettingsInvalid."""
    from shared.api.description import DescribeApiEndpoint
    from shared.settings import PublicTokenSettings
    from shared.tokens.key_set import key_set

    (token,) = deployed_settings(PublicTokenSettings)
    code = Path(os.environ.get("FC_FUNC_CODE_PATH", "."))
    return DescribeApiEndpoint(code / "openapi.json", jwks=key_set(token.keys))


def api_keys(access: AccessSettings) -> ApiKeys:
    """Who may call."""
    from shared.access.api_keys import ApiKeys
    from shared.access.revocation import Revocations
    from shared.clock import SystemClock

    return ApiKeys(
        access.hashed_keys, access.key_scopes, access.gateway_apps, Revocations(SystemClock())
    )


def _abuse_guard(
    settings: AbuseSettings, core: OtpCore, *, checks_proofs: bool
) -> AbuseGuard | None:
    """The rules against SMS pumping; None if none needs a guard. Raises SettingsInvalid."""
    # A verify counts for enforced rules of conversion alone. A rule is enforced by that word, which
    # JSON may spell by escapes: without either, nothing has to be loaded to know.
    if not (checks_proofs or "enforce" in settings.rules or "\\u" in settings.rules):
        return None
    from shared.abuse.model import AbuseRules

    rules = AbuseRules()
    if settings.rules.strip():
        from shared.abuse.setting import parse_abuse  # 10 ms that most deployments need not pay

        rules = parse_abuse(settings.rules)
    if not (rules.are_on if checks_proofs else rules.count_guesses):
        return None
    from shared.abuse.guard import AbuseGuard
    from shared.throttle.limits import counted_address

    return AbuseGuard(
        core.pseudonyms,
        counted_address,
        rules.common,
        rules.tenants,
        _proof_checker(rules, settings, core) if checks_proofs else None,
    )


def _proof_checker(
    rules: AbuseRules, settings: AbuseSettings, core: OtpCore
) -> ProofChecker | None:
    from shared.abuse.model import WorkWanted
    from shared.abuse.work import WorkChecker

    if rules.proof is None:
        return None
    if isinstance(rules.proof, WorkWanted):
        return WorkChecker(core.pseudonyms, rules.proof.bits, rules.proof.ttl_s)
    from shared.abuse.siteverify import SiteverifyChecker
    from shared.errors import SettingsInvalid

    if not settings.captcha_secret:
        raise SettingsInvalid("CAPTCHA_SECRET: missing, and OTP_ABUSE.proof is a captcha")
    return SiteverifyChecker(
        url=rules.proof.url, secret=settings.captcha_secret, site_key=rules.proof.site_key
    )


def _token_issuer(token: TokenSettings, core: OtpCore) -> TokenIssuer:
    from shared.tokens.ed25519 import Ed25519Signer
    from shared.tokens.issuer import TokenIssuer

    kid, seed = next(iter(token.keys.items()))
    signer = Ed25519Signer(kid=kid, seed=seed)
    return TokenIssuer(signer, token.issuer, core.clock, core.random)


def deployed_settings(*kinds: type[BaseSettings]) -> tuple[Any, ...]:
    """The function's settings, with the secrets that its variables name. Raises SettingsInvalid."""
    # Any: as of read_settings.
    return read_settings(with_secrets(os.environ, _kms_secrets), *kinds)


def _kms_secrets() -> SecretSource:
    # Cost: the SDK's core, some 250 ms at a cold start; and one call.
    from shared.aliyun.kms import KmsSecrets

    return KmsSecrets(
        endpoint=os.environ.get("KMS_ENDPOINT", ""),
        region=os.environ.get("FC_REGION", "cn-hangzhou"),
    )


def _otp_core(store: StoreSettings, otp: OtpSettings) -> OtpCore:
    from shared.aliyun.tablestore import TablestoreRows
    from shared.clock import SystemClock
    from shared.ids import random_bytes
    from shared.otp.core import OtpCore
    from shared.otp.keyring import Keyring
    from shared.otp.policy_file import load_policies
    from shared.pseudonym import Pseudonyms

    return OtpCore(
        store=TablestoreRows(endpoint=store.endpoint, instance=store.instance),
        keyring=Keyring(next(iter(otp.keys)), otp.keys),
        pseudonyms=Pseudonyms(otp.pseudonym_key),
        policies=load_policies(otp.policies),
        clock=SystemClock(),
        random=random_bytes,
    )
