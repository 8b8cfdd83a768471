"""The composition root: the only place where a port meets its adapter.

Each function of this file builds one endpoint with all that it stands on. The imports are inside,
so that a function pays at its cold start only for what it uses: verify never loads the SMS SDK.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from shared.fc.handler import Endpoint

if TYPE_CHECKING:
    from shared.otp.core import OtpCore
    from shared.settings import OtpSettings, StoreSettings


def request_otp() -> Endpoint:
    """POST /v1/otp. Raises SettingsInvalid."""
    from shared.access.api_keys import ApiKeys
    from shared.api.otp import RequestOtpEndpoint
    from shared.errors import SettingsInvalid
    from shared.idempotency.record import IdempotencyBook
    from shared.otp.request import RequestOtp
    from shared.phone_parser import parse_phone
    from shared.settings import (
        AccessSettings,
        OtpSettings,
        PhoneSettings,
        SmsSettings,
        StoreSettings,
        ThrottleSettings,
        read_settings,
    )
    from shared.sms.code_sender import CodeSender
    from shared.sms.dysmsapi import DysmsapiGateway
    from shared.throttle.limits import Limits
    from shared.throttle.model import guesses_per_phone
    from shared.throttle.setting import parse_limits, parse_rules

    store, otp, access, sms, phone, throttle = read_settings(
        os.environ,
        StoreSettings,
        OtpSettings,
        AccessSettings,
        SmsSettings,
        PhoneSettings,
        ThrottleSettings,
    )
    common, of_tenants = parse_limits(throttle.limits)
    core = _otp_core(store, otp)
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
        api_keys=ApiKeys(access.hashed_keys),
        parse_phone=partial(parse_phone, default_region=phone.default_region),
        issue=RequestOtp(
            core,
            rules=parse_rules(throttle.rules),
            limits=Limits(
                core.pseudonyms,
                common,
                of_tenants,
                guesses_per_phone(otp.max_takeover_probability),
            ),
            idempotency=IdempotencyBook(core.pseudonyms),
            sender=sender,
        ),
    )


def verify_otp() -> Endpoint:
    """POST /v1/otp/verify. Raises SettingsInvalid."""
    from shared.access.api_keys import ApiKeys
    from shared.api.otp import VerifyOtpEndpoint
    from shared.otp.verify import VerifyOtp
    from shared.settings import AccessSettings, OtpSettings, StoreSettings, read_settings
    from shared.throttle.limits import Limits
    from shared.throttle.model import guesses_per_phone

    store, otp, access = read_settings(os.environ, StoreSettings, OtpSettings, AccessSettings)
    core = _otp_core(store, otp)
    return VerifyOtpEndpoint(
        api_keys=ApiKeys(access.hashed_keys),
        check=VerifyOtp(
            core,
            limits=Limits(core.pseudonyms, guesses=guesses_per_phone(otp.max_takeover_probability)),
        ),
    )


def describe_api() -> Endpoint:
    """GET /v1/openapi.json."""
    from shared.api.description import DescribeApiEndpoint

    code = Path(os.environ.get("FC_FUNC_CODE_PATH", "."))
    return DescribeApiEndpoint(code / "openapi.json")


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
