"""The RAM roles of a stage, as data: who may assume each, and what each may do.

Every function has a role of its own with the calls that it makes and no others; templates, reports
and dead letters are an administrator's; `s deploy` has a role apart. Nothing here knows an SDK, so
that the local cloud can read it as it starts.

Actions and resources are those of the services' authorisation pages: Tablestore "Custom RAM
policy", SMQ "Custom policies for SMQ", "BatchSendMessage" and its neighbours, Direct Mail "RAM
authorization", SLS "Resource list". Short Message Service and Direct Mail authorise operations,
not resources.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from infra.foundation.operators import admin, deployer
from infra.foundation.role import (
    DEAD,
    EVENTS,
    FOLLOWUPS,
    NOTIFICATIONS,
    TAKING,
    Place,
    Role,
    Statement,
)
from shared.rows import CONSENT, RECORDS, STATE

WRITE, READ, RANGE = "ots:BatchWriteRow", "ots:BatchGetRow", "ots:GetRange"


@dataclass(frozen=True, slots=True)
class Needs:
    """What one function calls. tables: actions by table; queues: those it puts items on. letters:
    what it does with dead letters.
    """

    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    queues: tuple[str, ...] = ()
    letters: Literal["", "looks", "takes"] = ""
    actions: tuple[str, ...] = ()
    """Of services that authorise no single resource."""
    is_worker: bool = False
    """True if s.yaml sends what fails asynchronously to the dead letters; the platform does it by
    the function's role ("Configure destinations for asynchronous invocations").
    """


# Revoked API keys are in the table of consents, whose rows stay.
# A write whose answer was lost is read back, so what may write may also read.
_CHANGE = (WRITE, READ)
NEEDS: Mapping[str, Needs] = {
    "request_otp": Needs(
        {CONSENT: _CHANGE, STATE: _CHANGE, RECORDS: _CHANGE}, actions=("dysms:SendSms",)
    ),
    "verify_otp": Needs({CONSENT: _CHANGE, STATE: _CHANGE}),
    "describe_api": Needs(),
    "send_notification": Needs({CONSENT: _CHANGE, RECORDS: _CHANGE}, queues=(NOTIFICATIONS,)),
    "track_message": Needs({CONSENT: (READ,), RECORDS: (*_CHANGE, RANGE)}),
    "manage_consent": Needs({CONSENT: _CHANGE, RECORDS: (*_CHANGE, RANGE)}),
    "receive_receipt": Needs(
        {CONSENT: _CHANGE, RECORDS: _CHANGE, STATE: _CHANGE}, queues=(FOLLOWUPS,)
    ),
    "receive_event": Needs({RECORDS: _CHANGE}, queues=(NOTIFICATIONS, DEAD), is_worker=True),
    "dispatch_notification": Needs(
        {CONSENT: _CHANGE, RECORDS: _CHANGE, STATE: _CHANGE},
        queues=(NOTIFICATIONS, DEAD, FOLLOWUPS),
        actions=("dysms:SendSms", "dysms:SendBatchSms", "dm:SingleSendMail"),
        is_worker=True,
    ),
    "follow_message": Needs(
        {RECORDS: _CHANGE}, queues=(NOTIFICATIONS, FOLLOWUPS, DEAD), is_worker=True
    ),
    "sweep_messages": Needs(
        {RECORDS: (*_CHANGE, RANGE)},
        queues=(NOTIFICATIONS, DEAD),
        actions=("dysms:QuerySendDetails",),
        is_worker=True,
    ),
    # Whatever a page does, nothing changes by it.
    "show_console": Needs(
        {CONSENT: (READ,), STATE: (READ, RANGE), RECORDS: (READ, RANGE)}, letters="looks"
    ),
    "redrive_letter": Needs(
        {CONSENT: (READ,)}, queues=(NOTIFICATIONS, EVENTS, FOLLOWUPS), letters="takes"
    ),
    # It notes in the rows of codes and messages what of them is counted.
    "fold_figures": Needs({STATE: _CHANGE, RECORDS: _CHANGE}, is_worker=True),
}
"""By the functions' names in s.yaml."""

_PEOPLE = ("SESAME_PSEUDONYM_KEY", "SESAME_RECORD_KEY")
_CALLERS, _SESSIONS = "SESAME_API_KEYS", "SESAME_CONSOLE_KEY"
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "request_otp": ("SESAME_OTP_KEYS", "SESAME_PSEUDONYM_KEY", _CALLERS),
    "verify_otp": (
        "SESAME_OTP_KEYS",
        "SESAME_PSEUDONYM_KEY",
        _CALLERS,
        "SESAME_OTP_TOKEN_KEYS",
    ),
    "send_notification": (*_PEOPLE, _CALLERS),
    "track_message": (*_PEOPLE, _CALLERS),
    "manage_consent": (*_PEOPLE, _CALLERS),
    "receive_receipt": (*_PEOPLE, "SESAME_CALLBACK_SECRETS"),
    "receive_event": _PEOPLE,
    "dispatch_notification": (*_PEOPLE, "SESAME_WEBHOOKS"),
    "follow_message": (*_PEOPLE, "SESAME_WEBHOOKS"),
    "sweep_messages": (*_PEOPLE, "SESAME_WEBHOOKS"),
    "show_console": ("SESAME_PSEUDONYM_KEY", _CALLERS, _SESSIONS),
    "redrive_letter": (_CALLERS, _SESSIONS),
    "fold_figures": ("SESAME_RECORD_KEY",),
}
"""The variables of s.yaml that hold keys, and so may name a secret of KMS, by function."""


def roles(
    stage: str,
    account_id: str,
    region: str,
    instance: str,
    *,
    log_project: str = "",
    secrets: Mapping[str, str] | None = None,
) -> tuple[Role, ...]:
    """The roles of a stage: the functions' in the order of s.yaml, the administrator's, and the
    deployer's. secrets: those of KMS that variables of the stage name, by variable.
    """
    place = Place(stage, account_id, region, instance, log_project, secrets or {})
    functions = [_function_role(place, name, needs) for name, needs in NEEDS.items()]
    return (*functions, admin(place), deployer(place, functions))


def role_name(function: str, stage: str) -> str:
    """The role of a function; RAM's and Function Compute's names, in lower case."""
    return f"sesame-{function.replace('_', '-')}-{stage}"


def _function_role(place: Place, name: str, needs: Needs) -> Role:
    statements = [
        Statement(actions, (place.table(table),)) for table, actions in needs.tables.items()
    ]
    if needs.queues:
        queues = tuple(place.queue(queue) for queue in needs.queues)
        statements.append(Statement(("mns:BatchSendMessage",), queues))
    if needs.letters == "looks":
        statements.append(Statement(("mns:BatchPeekMessage",), (place.queue(DEAD),)))
        statements.append(Statement(("mns:GetQueueAttributes",), (place.queue_itself(DEAD),)))
    elif needs.letters == "takes":
        statements.append(Statement(TAKING, (place.queue(DEAD),)))
    if needs.actions:
        statements.append(Statement(needs.actions, ("*",)))
    named = {
        place.secrets[variable] for variable in VARIABLES.get(name, ()) if variable in place.secrets
    }
    if named:
        secrets = tuple(place.secret(secret) for secret in sorted(named))
        statements.append(Statement(("kms:GetSecretValue",), secrets))
    if needs.is_worker:
        dead = Statement(("mns:SendMessage",), (place.queue(DEAD),), is_for_platform=True)
        statements.append(dead)
    # Function Compute collects what a function prints. The 3.0 pages name AliyunServiceRoleForFC
    # for it, older ones the function's own role; that it is this one where there is one is
    # inferred, and the function itself never writes there.
    statements.append(Statement(("log:PostLogStoreLogs",), (place.logs,), is_for_platform=True))
    return Role(
        role_name(name, place.stage),
        f"Sesame {place.stage}: what {name} calls",
        {"Service": ["fc.aliyuncs.com"]},
        tuple(statements),
        function=name,
    )
