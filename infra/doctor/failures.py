"""What a call that did not work means for the one who asked."""

from __future__ import annotations

from collections.abc import Mapping

from infra.doctor.model import Finding
from infra.foundation.model import FailureCode, FoundationFailed

NOT_IN_SERVICE = (
    "isv.OUT_OF_SERVICE",
    "isv.PRODUCT_UN_SUBSCRIPT",
    "isv.PRODUCT_UNSUBSCRIBE",
    "isv.ACCOUNT_NOT_EXISTS",
    "isv.ACCOUNT_ABNORMAL",
    "isv.AMOUNT_NOT_ENOUGH",
    "isv.SECURITY_FROZEN_ACCOUNT",
)
"""The SMS service is not activated, or stopped for the whole account."""
_DO: Mapping[FailureCode, str] = {
    "no_credentials": "set them, or source the file that does",
    "credentials_expired": "take new ones and run it again",
    "credentials_refused": "check the key and its secret",
    "wrong_account": "take the credentials of the account that is meant",
    "forbidden": "who asks needs the rights of infra/doctor/rights.py, or an administrator's",
    "not_connected": "check the endpoint and the network",
    "answer_lost": "run it again; if it stays, look at the provider's status page",
    "throttled": "wait a minute and run it again",
    "not_there_yet": "wait a minute and run it again",
}
_CLOCK = "set this machine's clock: requests are signed with its time"


def finding_of(failure: FoundationFailed) -> Finding:
    """The line for a call that failed: nobody saw that the thing is right."""
    if failure.detail in NOT_IN_SERVICE:
        return Finding("skipped", "SMS is not in service", why=failure.detail)
    if failure.detail.startswith(("InvalidTimeStamp", "TimeExpired", "RequestTimeTooSkewed")):
        return Finding("wrong", "could not be looked at", why=str(failure), do=_CLOCK)
    do = _DO.get(failure.code, "look the code up in the provider's error centre")
    return Finding("wrong", "could not be looked at", why=str(failure), do=do)


def advice(failure: FoundationFailed) -> str:
    """What to do about a failure."""
    return finding_of(failure).do
