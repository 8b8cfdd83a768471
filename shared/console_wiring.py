"""The composition root of the console; wiring.py is that of codes.

The imports are inside the functions, so that each pays at its cold start only for what it uses.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from shared.clock import SystemClock
from shared.fc.handler import Endpoint
from shared.settings import (
    AccessSettings,
    ConsoleSettings,
    PhoneSettings,
    QueueSettings,
    SessionSettings,
    StoreSettings,
)
from shared.wiring import api_keys, deployed_settings

if TYPE_CHECKING:
    from shared.aliyun.tablestore import TablestoreRows
    from shared.console.session import Sessions
    from shared.letters.smq import SmqDeadLetters
    from shared.rows import RowKey
    from shared.support.explanations import Explanations
    from shared.support.look_up import LookUp

_GO_BACK_TO = ("sesame-notifications", "sesame-events", "sesame-followups")
"""Where dead letters came from, without the stage."""


def show_console() -> Endpoint:
    """/console/*, all pages that only read. Raises SettingsInvalid."""
    from shared.budget.setting import parse_budgets
    from shared.console.endpoint import ConsoleEndpoint
    from shared.console.pages.deliverability import DeliverabilityPage
    from shared.console.pages.letters import LettersPage
    from shared.console.pages.limits import LimitsPage
    from shared.console.pages.lookup import LookupPage
    from shared.console.pages.money import MoneyPage
    from shared.phone_parser import parse_phone
    from shared.rollup.views import Views
    from shared.sms.meanings import failure_class
    from shared.support.explanations import Explanations

    store, queues, access, session, phone, told = deployed_settings(
        StoreSettings,
        QueueSettings,
        AccessSettings,
        SessionSettings,
        PhoneSettings,
        ConsoleSettings,
    )
    rows, tenants = _rows(store), sorted(set(access.hashed_keys.values()))
    views, limits = Views(rows), parse_budgets(told.budgets)
    explanations = Explanations(failure_class)
    return ConsoleEndpoint(
        pages=[
            DeliverabilityPage(
                views, store=rows, tenants=tenants, limits=limits, explanations=explanations
            ),
            LookupPage(
                look_up=_look_up(rows, told, explanations),
                parse_phone=partial(parse_phone, default_region=phone.default_region),
            ),
            MoneyPage(views=views, store=rows, limits=limits, tenants=tenants),
            LimitsPage(views=views, store=rows, tenants=tenants),
            LettersPage(letters=_dead_letters(queues), queues=_GO_BACK_TO, stage=queues.stage),
        ],
        sessions=_sessions(access, session),
        store=rows,
        clock=SystemClock(),
    )


def redrive_letter() -> Endpoint:
    """POST /console/letters/redrive: of the console, the page that changes something, by itself.
    Raises SettingsInvalid.
    """
    from time import sleep

    from shared.aliyun.smq import SmqQueue
    from shared.console.endpoint import ConsoleEndpoint
    from shared.console.redrive import RedriveLetterPage
    from shared.letters.redrive import PutBack, RedriveLetter

    store, queues, access, session = deployed_settings(
        StoreSettings, QueueSettings, AccessSettings, SessionSettings
    )
    clock, letters = SystemClock(), _dead_letters(queues)
    back = {
        name: SmqQueue(queues.endpoint, f"{name}-{queues.stage}", clock=clock)
        for name in _GO_BACK_TO
    }
    redrive = RedriveLetter(letters, PutBack(letters, back, queues.stage), pause=sleep)
    return ConsoleEndpoint(
        pages=[RedriveLetterPage(redrive)],
        sessions=_sessions(access, session),
        store=_rows(store),
        clock=clock,
    )


def _look_up(rows: TablestoreRows, told: ConsoleSettings, explanations: Explanations) -> LookUp:
    from shared.notifications.message_rows import MessageRows, message_id_of
    from shared.otp.policy_file import load_policies
    from shared.pseudonym import Pseudonyms
    from shared.support.codes import Codes
    from shared.support.look_up import LookUp, Places
    from shared.support.messages import Messages

    pseudonyms = Pseudonyms(told.pseudonym_key)
    policies = load_policies(told.policies)
    return LookUp(
        store=rows,
        ranges=rows,
        places=Places(
            phone_subject=lambda phone: pseudonyms.of("phone", phone.e164).hex(),
            person_subject=MessageRows(pseudonyms).person,
            message_key=_message_key,
            message_id=message_id_of,
        ),
        codes=Codes(explanations, {name: policy.max_attempts for name, policy in policies.items()}),
        messages=Messages(explanations),
    )


def _message_key(message_id: str) -> RowKey | None:
    from shared.notifications.message_rows import MessageRef

    ref = MessageRef.parse(message_id)
    return ref.key if ref else None


def _sessions(access: AccessSettings, session: SessionSettings) -> Sessions:
    from shared.console.session import Sessions
    from shared.ids import random_bytes

    return Sessions(
        api_keys=api_keys(access),
        secret=session.session_key,
        clock=SystemClock(),
        random=random_bytes,
    )


def _rows(store: StoreSettings) -> TablestoreRows:
    from shared.aliyun.tablestore import TablestoreRows

    return TablestoreRows(endpoint=store.endpoint, instance=store.instance)


def _dead_letters(queues: QueueSettings) -> SmqDeadLetters:
    from shared.letters.smq import SmqDeadLetters

    return SmqDeadLetters(queues.endpoint, f"sesame-dead-{queues.stage}")
