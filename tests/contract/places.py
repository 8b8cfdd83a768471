"""The places where one contract is asked: always the local cloud, and the real one if it is wanted.

A test of such a contract is written once. Where the local cloud only infers what the real one does,
it says so, so that a live run that fails there names the inference that is wrong.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import tablestore as ots
from mns.mns_exception import MNSExceptionBase

from infra.localcloud.testing import LocalCloud
from shared.aliyun.credentials import RoleCredentials
from shared.aliyun.openapi import failure_of
from tests.contract.live import LiveQueues, LiveSms, LiveSts, LiveTablestore, Sending

TRIES = 5
"""What may take a moment is asked so often at most."""
PAUSE_S = 3
LOCAL_ROLE = "acs:ram::1000000000000001:role/contract"
BUDGET = {"tablestore": 90, "smq": 100, "dysmsapi": 15, "sts": 15}
"""The calls that one run of these contracts may make. The local cloud counts them; the real one is
asked again where it is slow.
"""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """A cloud, as far as one contract needs it. wait: let seconds pass there."""

    wait: Callable[[float], object]

    def until(self, ask: Callable[[], Answer], is_there: Callable[[Answer], bool]) -> Answer:
        """The first answer that will do, or the last of a few: what is sent may take a moment."""
        answer = ask()
        for _ in range(TRIES - 1):
            if is_there(answer):
                break
            self.wait(PAUSE_S)
            answer = ask()
        return answer


@dataclass(frozen=True, slots=True, repr=False)
class TablePlace(Place):
    """A Tablestore instance with the product's tables."""

    instance: LiveTablestore


@dataclass(frozen=True, slots=True, repr=False)
class QueuePlace(Place):
    """An SMQ. poll_s: how long it is given to say that there is nothing."""

    service: LiveQueues
    poll_s: int


@dataclass(frozen=True, slots=True, repr=False)
class SmsPlace(Place):
    """An SMS service."""

    service: LiveSms


@dataclass(frozen=True, slots=True, repr=False)
class StsPlace(Place):
    """A token service."""

    service: LiveSts


def local_key(cloud: LocalCloud) -> RoleCredentials:
    """The local cloud's root key."""
    return RoleCredentials(cloud.access_key_id, cloud.access_key_secret, "")


def local_tables(cloud: LocalCloud) -> TablePlace:
    """The local cloud's Tablestore."""
    key, endpoint = local_key(cloud), cloud.endpoint("tablestore")
    return TablePlace(cloud.advance, LiveTablestore(endpoint, cloud.instance, key))


def local_queues(cloud: LocalCloud) -> QueuePlace:
    """The local cloud's SMQ."""
    return QueuePlace(cloud.advance, LiveQueues(cloud.endpoint("smq"), local_key(cloud)), 0)


def local_sms(cloud: LocalCloud, sending: Sending) -> SmsPlace:
    """The local cloud's SMS service."""
    return SmsPlace(cloud.advance, LiveSms(cloud.endpoint("dysmsapi"), local_key(cloud), sending))


def local_sts(cloud: LocalCloud) -> StsPlace:
    """The local cloud's token service, where anybody may assume a role that RAM does not know."""
    return StsPlace(cloud.advance, LiveSts(cloud.endpoint("sts"), local_key(cloud), LOCAL_ROLE))


def live_wait(seconds: float) -> None:
    """Let time pass on the real cloud."""
    time.sleep(seconds)


def openapi_body(call: Callable[[], Any]) -> Any:  # the SDK's untyped answers
    """What a call of an OpenAPI answered; a failure is told by its code alone."""
    try:
        body = call().body
    except Exception as error:  # the SDK's transport raises more kinds than it names
        code = failure_of(error).code
    else:
        return body
    raise AssertionError(code)


def openapi_code(call: Callable[[], Any]) -> str:  # Any: the SDK's untyped answers
    """How a call of an OpenAPI ended, as its code: the texts hold numbers and signatures."""
    try:
        body = call().body
    except Exception as error:  # the SDK's transport raises more kinds than it names
        code = failure_of(error).code
    else:
        code = str(getattr(body, "code", None) or "OK")
    return code


def queue_code(call: Callable[[], object]) -> str:
    """How a call of SMQ ended, as its code."""
    try:
        call()
    except MNSExceptionBase as error:
        return str(error.type)
    return "OK"


def table_error(call: Callable[[], object]) -> tuple[str, str]:
    """How a call of Tablestore ended, as its code and text; the text names columns at most."""
    try:
        call()
    except ots.OTSServiceError as error:
        return error.get_error_code(), error.get_error_message()
    return "OK", ""


def over_budget(cloud: LocalCloud) -> dict[str, int]:
    """The services of the local cloud that were called more often than a run may, and how often."""
    calls: Counter[str] = Counter()
    for reading in cloud.meter():
        calls[reading["service"]] += reading["count"]
    return {name: count for name, count in calls.items() if count > BUDGET.get(name, 0)}
