"""What the provider's codes mean, and whose matter each is."""

from __future__ import annotations

import pytest

from shared.send_outcome import RefusalKind, SendRefused
from shared.sms.codes import RETRY_AT_ONCE, outcome_of

DAY_S = 86_400


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("Throttling", RefusalKind.BUSY),
        ("Throttling.User", RefusalKind.BUSY),
        ("QPS_LIMIT_CONTROL", RefusalKind.BUSY),
        ("ServiceUnavailable", RefusalKind.BUSY),
        ("InvalidSecurityToken.Expired", RefusalKind.BUSY),
        ("SignatureNonceUsed", RefusalKind.BUSY),
        ("not_sent", RefusalKind.BUSY),
        ("isv.AMOUNT_NOT_ENOUGH", RefusalKind.ACCOUNT),
        ("isv.OUT_OF_SERVICE", RefusalKind.ACCOUNT),
        ("isv.SECURITY_FROZEN_ACCOUNT", RefusalKind.ACCOUNT),
        ("isv.PRODUCT_UN_SUBSCRIPT", RefusalKind.ACCOUNT),
        ("isv.DENY_IP_RANGE", RefusalKind.ACCOUNT),
        ("isp.RAM_PERMISSION_DENY", RefusalKind.ACCOUNT),
        ("Forbidden.RAM", RefusalKind.ACCOUNT),
        ("InvalidAccessKeyId.NotFound", RefusalKind.ACCOUNT),
        ("SignatureDoesNotMatch", RefusalKind.ACCOUNT),
        ("isv.CUSTOMER_REFUSED", RefusalKind.OPTED_OUT),
        ("isv.MOBILE_NUMBER_ILLEGAL", RefusalKind.NUMBER),
        ("isv.SMS_TEMPLATE_ILLEGAL", RefusalKind.UNAVAILABLE),
        ("isv.BLACK_KEY_CONTROL_LIMIT", RefusalKind.UNAVAILABLE),
        ("isv.NEW_CODE", RefusalKind.UNAVAILABLE),
    ],
)
def test_every_code_is_somebodys_matter(code: str, kind: RefusalKind) -> None:
    assert outcome_of(code, "") == SendRefused(kind, code)
    assert (kind is RefusalKind.BUSY) == bool(RETRY_AT_ONCE.fullmatch(code))


def test_totals_of_the_account_are_flow_control_of_a_day_and_a_month() -> None:
    day, month = outcome_of("isv.DAY_LIMIT_CONTROL", ""), outcome_of("isv.MONTH_LIMIT_CONTROL", "")

    assert day == SendRefused(RefusalKind.FLOW_CONTROL, "isv.DAY_LIMIT_CONTROL", DAY_S)
    assert month == SendRefused(RefusalKind.FLOW_CONTROL, "isv.MONTH_LIMIT_CONTROL", 31 * DAY_S)


def test_a_wait_that_the_gateway_names_is_kept() -> None:
    outcome = outcome_of("Throttling.User", "", retry_after_s=2)

    assert outcome == SendRefused(RefusalKind.BUSY, "Throttling.User", 2)
