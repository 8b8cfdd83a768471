"""The provider's codes, as tables: what each means for the message at hand.

Meanings from the Dysmsapi error code pages (help.aliyun.com 101346); what to do about them is this
project's judgement. A code that is not here is taken as refused by configuration: the provider
answered, and did not say OK.
"""

from __future__ import annotations

import re

from shared.aliyun.gateway_codes import ACCOUNT_REFUSED, REFUSED_FOR_NOW
from shared.send_outcome import RefusalKind, SendOutcome, SendRefused, SendUnknown

RETRY_AT_ONCE = re.compile(f"{REFUSED_FOR_NOW.pattern}|QPS_LIMIT_CONTROL")
"""Refused before anything was done: safe to send again, a moment later."""

UNTOLD_RETRY_AFTER_S = 30
"""What a refusal carries where the provider names no wait."""

_UNKNOWN = frozenset({"isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "InternalError"})
_KINDS = {
    "isv.MOBILE_NUMBER_ILLEGAL": RefusalKind.NUMBER,
    "isv.CUSTOMER_REFUSED": RefusalKind.OPTED_OUT,
    "isv.AMOUNT_NOT_ENOUGH": RefusalKind.ACCOUNT,
    "isv.OUT_OF_SERVICE": RefusalKind.ACCOUNT,
    "isv.PRODUCT_UN_SUBSCRIPT": RefusalKind.ACCOUNT,
    "isv.PRODUCT_UNSUBSCRIBE": RefusalKind.ACCOUNT,
    "isv.ACCOUNT_NOT_EXISTS": RefusalKind.ACCOUNT,
    "isv.ACCOUNT_ABNORMAL": RefusalKind.ACCOUNT,
    "isv.SECURITY_FROZEN_ACCOUNT": RefusalKind.ACCOUNT,
    "isv.DENY_IP_RANGE": RefusalKind.ACCOUNT,
    "isp.RAM_PERMISSION_DENY": RefusalKind.ACCOUNT,
}
OF_SIGN_OR_TEMPLATE = frozenset(
    {
        "isv.SMS_TEMPLATE_ILLEGAL",
        "isv.SMS_SIGNATURE_ILLEGAL",
        "isv.SMS_SIGN_ILLEGAL",
        "isv.SIGN_STATE_ILLEGAL",
        "isv.SMS_SIGNATURE_SCENE_ILLEGAL",
    }
)
"""The same for every number that is sent this sign and template."""

FLOW_CONTROL = "isv.BUSINESS_LIMIT_CONTROL"
# The account's own totals, set in the console; how much of the window is over is not said.
_TOTALS = {"isv.DAY_LIMIT_CONTROL": 86_400, "isv.MONTH_LIMIT_CONTROL": 31 * 86_400}

# `触发分钟级流控Permits:1` and its kin for hour and day.
_LEVELS = (("分钟", 60), ("小时", 3600), ("天", 86_400))


def outcome_of(code: str, message: str, *, retry_after_s: int | None = None) -> SendOutcome:
    """What an answer other than OK means. retry_after_s: the wait that the gateway named."""
    if code in _UNKNOWN:
        return SendUnknown(code)
    if code == FLOW_CONTROL:
        return SendRefused(RefusalKind.FLOW_CONTROL, code, flow_control_window_s(message))
    if code in _TOTALS:
        return SendRefused(RefusalKind.FLOW_CONTROL, code, _TOTALS[code])
    if RETRY_AT_ONCE.fullmatch(code):
        return SendRefused(RefusalKind.BUSY, code, retry_after_s or UNTOLD_RETRY_AFTER_S)
    if ACCOUNT_REFUSED.fullmatch(code):
        return SendRefused(RefusalKind.ACCOUNT, code)
    return SendRefused(_KINDS.get(code, RefusalKind.UNAVAILABLE), code)


def flow_control_window_s(message: str) -> int:
    """How long the level of flow control lasts that the provider's message names; an hour if none.

    The longest wait there can be: the provider does not say how much of the window is over.
    """
    for word, window_s in _LEVELS:
        if word in message:
            return window_s
    return 3600


def is_minute_flow_control(outcome: SendOutcome) -> bool:
    """True if the provider said that it has accepted a message for this number in this minute."""
    return (
        isinstance(outcome, SendRefused)
        and outcome.kind is RefusalKind.FLOW_CONTROL
        and outcome.retry_after_s == 60
    )
