"""The provider's codes, as a table: what each means for the message at hand.

Meanings from the Dysmsapi error code pages (help.aliyun.com 101346); what to do about them is this
project's judgement. A code that is not here is taken as refused by configuration: the provider
answered, and did not say OK.
"""

from __future__ import annotations

import re

from shared.send_outcome import RefusalKind, SendOutcome, SendRefused, SendUnknown

RETRY_AT_ONCE = re.compile(
    r"Throttling(\..*)?|QPS_LIMIT_CONTROL|ServiceUnavailable|InvalidSecurityToken\..*"
    r"|InvalidTimeStamp\.Expired|SignatureNonceUsed|not_sent"
)
"""Refused before anything was done: safe to send again, a moment later."""

_UNKNOWN = frozenset({"isp.SYSTEM_ERROR", "isp.GATEWAY_ERROR", "InternalError"})
_NUMBER = frozenset({"isv.MOBILE_NUMBER_ILLEGAL"})
FLOW_CONTROL = "isv.BUSINESS_LIMIT_CONTROL"

# `触发分钟级流控Permits:1` and its kin for hour and day.
_LEVELS = (("分钟", 60), ("小时", 3600), ("天", 86_400))


def outcome_of(code: str, message: str) -> SendOutcome:
    """What an answer other than OK means."""
    if code in _UNKNOWN:
        return SendUnknown(code)
    if code == FLOW_CONTROL:
        return SendRefused(RefusalKind.FLOW_CONTROL, code, flow_control_window_s(message))
    if code in _NUMBER:
        return SendRefused(RefusalKind.NUMBER, code)
    return SendRefused(RefusalKind.UNAVAILABLE, code)


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
