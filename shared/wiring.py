"""The composition root: the only place where a port meets its adapter.

Each function of this file builds one endpoint with all that it stands on. The imports are inside,
so that a function pays at its cold start only for what it uses: verify never loads the SMS SDK.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from shared.fc.handler import Endpoint


def request_otp() -> Endpoint:
    """POST /v1/otp. Raises SettingsInvalid."""
    from shared.access.api_keys import ApiKeys
    from shared.aliyun.tablestore import TablestoreRows
    from shared.api.otp import RequestOtpEndpoint
    from shared.clock import SystemClock
    from shared.idempotency.record import IdempotencyBook
    from shared.ids import random_bytes
    from shared.otp.keyring import Keyring
    from shared.otp.policy import DEFAULT_POLICIES
    from shared.otp.request import RequestOtp
    from shared.phone_parser import parse_phone
    from shared.pseudonym import Pseudonyms
    from shared.settings import (
        AccessSettings,
        OtpSettings,
        PhoneSettings,
        SmsSettings,
        StoreSettings,
        read_settings,
    )
    from shared.sms.code_sender import CodeSender
    from shared.sms.dysmsapi import DysmsapiGateway
    from shared.throttle.admission import Limits

    store, otp, access, sms, phone = read_settings(
        os.environ, StoreSettings, OtpSettings, AccessSettings, SmsSettings, PhoneSettings
    )
    clock, pseudonyms = SystemClock(), Pseudonyms(otp.pseudonym_key)
    return RequestOtpEndpoint(
        api_keys=ApiKeys(access.hashed_keys),
        parse_phone=partial(parse_phone, default_region=phone.default_region),
        issue=RequestOtp(
            store=TablestoreRows(
                endpoint=store.endpoint, instance=store.instance, table=store.table
            ),
            limits=Limits(pseudonyms),
            idempotency=IdempotencyBook(pseudonyms),
            sender=CodeSender(
                gateway=DysmsapiGateway(endpoint=sms.endpoint, region=sms.region),
                sign_name=sms.sign_name,
                templates=sms.templates,
                clock=clock,
            ),
            keyring=Keyring(next(iter(otp.keys)), otp.keys),
            pseudonyms=pseudonyms,
            policies=DEFAULT_POLICIES,
            clock=clock,
            random=random_bytes,
        ),
    )


def verify_otp() -> Endpoint:
    """POST /v1/otp/verify. Raises SettingsInvalid."""
    from shared.access.api_keys import ApiKeys
    from shared.aliyun.tablestore import TablestoreRows
    from shared.api.otp import VerifyOtpEndpoint
    from shared.clock import SystemClock
    from shared.ids import random_bytes
    from shared.otp.keyring import Keyring
    from shared.otp.policy import DEFAULT_POLICIES
    from shared.otp.verify import VerifyOtp
    from shared.pseudonym import Pseudonyms
    from shared.settings import AccessSettings, OtpSettings, StoreSettings, read_settings
    from shared.throttle.admission import Limits

    store, otp, access = read_settings(os.environ, StoreSettings, OtpSettings, AccessSettings)
    pseudonyms = Pseudonyms(otp.pseudonym_key)
    return VerifyOtpEndpoint(
        api_keys=ApiKeys(access.hashed_keys),
        check=VerifyOtp(
            store=TablestoreRows(
                endpoint=store.endpoint, instance=store.instance, table=store.table
            ),
            limits=Limits(pseudonyms),
            keyring=Keyring(next(iter(otp.keys)), otp.keys),
            pseudonyms=pseudonyms,
            policies=DEFAULT_POLICIES,
            clock=SystemClock(),
            random=random_bytes,
        ),
    )


def describe_api() -> Endpoint:
    """GET /v1/openapi.json."""
    from shared.api.description import DescribeApiEndpoint

    code = Path(os.environ.get("FC_FUNC_CODE_PATH", "."))
    return DescribeApiEndpoint(code / "openapi.json")
