"""Every permission of every function's role lets one call through, and nothing else does: each is
taken away once, over the product's own adapters, against the local cloud's RAM.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import pytest

from infra.foundation.role import Role, Statement
from infra.foundation.roles import NEEDS, roles
from infra.localcloud.core.identities import ACCOUNT_ID
from infra.localcloud.smq.store import Draft
from infra.sms_catalogue import SIGN_NAME
from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.smq import SmqQueue
from shared.aliyun.tablestore import TablestoreRows
from shared.clock import SystemClock
from shared.email.directmail import DirectMailGateway
from shared.email.gateway import EmailMessage
from shared.errors import ProviderUnavailable, QueueUnavailable, StoreUnavailable
from shared.letters.letter import read_letter
from shared.letters.model import Held
from shared.letters.smq import SmqDeadLetters
from shared.phone import PhoneNumber
from shared.queue import QueueItem
from shared.rows import RowChange, RowKey
from shared.send_outcome import SendOutcome, SendRefused
from shared.sms.dysmsapi import DysmsapiGateway
from shared.sms.gateway import SmsMessage
from tests.unit.foundation.account_on_loopback import AccountOnLoopback

ROLES = {role.function: role for role in roles("dev", ACCOUNT_ID, "cn-hangzhou", "local")}
GRANTS = [
    (name, action, resource)
    for name in NEEDS
    for statement in ROLES[name].statements
    if not statement.is_for_platform
    for action in statement.actions
    for resource in statement.resources
]
PHONE = PhoneNumber("+8613800138000", "CN", 86)


@pytest.fixture(scope="module")
def account() -> Iterator[AccountOnLoopback]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("http_proxy", "https_proxy", "all_proxy"):
            patch.delenv(name, raising=False)
            patch.delenv(name.upper(), raising=False)
        running = AccountOnLoopback()
        assert running.run("apply") == 0
        yield running
        bind_credentials(None)
        running.stop()


def calls(account: AccountOnLoopback, resource: str) -> dict[str, Callable[[], bool]]:
    """By action: make the call as the product does; whether it was let through."""
    name = resource.rpartition("/")[2]
    rows = TablestoreRows(
        endpoint=account.endpoint("TABLESTORE"), instance="local", sleep=lambda _: None
    )
    key = RowKey("subject", "item", name)

    def put() -> bool:
        queue = SmqQueue(account.endpoint("SMQ"), queue_in(resource), clock=SystemClock())
        taken = queue.put([QueueItem("{}")])
        queue.close()
        return taken == 1

    def stored(call: Callable[[], object]) -> bool:
        try:
            call()
        except StoreUnavailable:
            return False
        return True

    def found() -> bool:
        try:
            sms().find(phone=PHONE, day=date(2026, 1, 2), out_id="o")
        except ProviderUnavailable as error:
            return str(error) not in _FORBIDDEN
        return True

    def sms() -> DysmsapiGateway:
        return DysmsapiGateway(endpoint=account.endpoint("SMS"))

    message_store = account.services["SMQ"].store

    def letters(call: Callable[[SmqDeadLetters], object]) -> bool:
        box = SmqDeadLetters(account.endpoint("SMQ"), queue_in(resource), wait_s=0)
        try:
            call(box)
        except QueueUnavailable:
            return False
        finally:
            box.close()
        return True

    def held() -> Held:
        (message_id,) = message_store.send(queue_in(resource), [Draft("{}")])
        received = message_store.receive(queue_in(resource), 16)
        handles = {each.id: each.receipt_handle for each in received}
        return Held(message_id, handles[message_id], read_letter("{}"))

    def is_gone() -> bool:
        gone = []
        letters(lambda box: gone.append(box.delete(held())))
        return gone == [True]

    def is_seen_again() -> bool:
        mine = held()
        letters(lambda box: box.release(mine))
        account.cloud.clock.advance(2)
        return mine.message_id in {each.id for each in message_store.peek(queue_in(resource), 16)}

    message = SmsMessage(
        phone=PHONE, sign_name=SIGN_NAME, template_code="SMS_0", params={}, out_id="o"
    )
    mail = DirectMailGateway(account_name="noreply@example.com", endpoint=account.endpoint("EMAIL"))
    return {
        "ots:BatchWriteRow": lambda: stored(lambda: rows.apply([RowChange(key, puts={"a": 1})])),
        "ots:BatchGetRow": lambda: stored(lambda: rows.read([key])),
        "ots:GetRange": lambda: stored(
            lambda: rows.scan(table=name, subject="subject", start="a", end="z", limit=1)
        ),
        "mns:BatchSendMessage": put,
        "mns:BatchPeekMessage": lambda: letters(lambda box: box.peek()),
        "mns:GetQueueAttributes": lambda: letters(lambda box: box.count()),
        "mns:BatchReceiveMessage": lambda: letters(lambda box: list(box.take())),
        "mns:DeleteMessage": is_gone,
        "mns:ChangeMessageVisibility": is_seen_again,
        "dysms:SendSms": lambda: passed(sms().send(message)),
        "dysms:SendBatchSms": lambda: passed(sms().send_batch([message, message])),
        "dysms:QuerySendDetails": found,
        "dm:SingleSendMail": lambda: passed(mail.send(EmailMessage("a@example.com", "s", "t"))),
    }


def queue_in(resource: str) -> str:
    """The queue's name in its own ARN, or in that of its messages."""
    return resource.removesuffix("/messages").rpartition("/")[2]


def passed(outcome: SendOutcome) -> bool:
    """True unless RAM refused; what else is wrong with a message is asked after that."""
    return not (isinstance(outcome, SendRefused) and outcome.code in _FORBIDDEN)


_FORBIDDEN = ("NoPermission", "isp.RAM_PERMISSION_DENY", "Forbidden.RAM")


def become(account: AccountOnLoopback, role: Role, *without: str) -> None:
    """Call as a role from now on, without one action on one resource."""
    statements = [
        Statement((action,), (resource,))
        for statement in role.statements
        for action in statement.actions
        for resource in statement.resources
        if (action, resource) != without
    ]
    left = replace(role, statements=tuple(statements))
    account.cloud.access.put_role(role.name, {role.name: left.policy})
    session = account.cloud.identities.issue_session(
        role=role.arn(ACCOUNT_ID), session_name="s", duration_s=900
    )
    bind_credentials(
        RoleCredentials(session.access_key_id, session.access_key_secret, session.token)
    )


@pytest.mark.parametrize(("function", "action", "resource"), GRANTS)
def test_a_permission_is_enough_for_its_call_and_is_needed_for_it(
    account: AccountOnLoopback, function: str, action: str, resource: str
) -> None:
    call = calls(account, resource)[action]

    become(account, ROLES[function])
    assert call()

    become(account, ROLES[function], action, resource)
    assert not call()


@pytest.mark.parametrize("function", list(NEEDS))
def test_a_role_lets_no_call_through_that_it_does_not_name(
    account: AccountOnLoopback, function: str
) -> None:
    own = {(action, resource) for name, action, resource in GRANTS if name == function}
    become(account, ROLES[function])

    for action, resource in {(action, resource) for _, action, resource in GRANTS} - own:
        assert not calls(account, resource)[action](), f"{action} on {resource}"
