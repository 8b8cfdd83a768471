"""The roles of people: the administrator's, and that of who deploys."""

from __future__ import annotations

from collections.abc import Sequence

from infra.foundation.role import (
    DEAD,
    EVENTS,
    FOLLOWUPS,
    NOTIFICATIONS,
    TAKING,
    Document,
    Place,
    Role,
    Statement,
)
from shared.rows import CONSENT, RECORDS

_TRIGGER_STREAMS = tuple(
    f"eventbridge:{verb}EventStreaming" for verb in ("Create", "Get", "Update", "Start", "Pause")
)
_TRIGGER_RULES = tuple(
    f"eventbridge:{name}"
    for name in (
        "GetEventBus",
        "CreateEventSource",
        "UpdateEventSource",
        "GetRule",
        "CreateRule",
        "UpdateRule",
        "ListTargets",
        "UpdateTargets",
    )
)
_DEPLOYED = (
    "GetFunction",
    "CreateFunction",
    "UpdateFunction",
    "GetTrigger",
    "CreateTrigger",
    "UpdateTrigger",
    "ListTriggers",
    "GetAsyncInvokeConfig",
    "PutAsyncInvokeConfig",
    "GetConcurrencyConfig",
    "PutConcurrencyConfig",
    "GetProvisionConfig",
    "PutProvisionConfig",
    "GetScalingConfig",
    "PutScalingConfig",
    "ListVpcBindings",
)
_DOMAINS = ("GetCustomDomain", "CreateCustomDomain", "UpdateCustomDomain", "ListCustomDomains")


def admin(place: Place) -> Role:
    """For `infra.templates`, `infra.redrive` and `infra.costs`."""
    return Role(
        f"sesame-admin-{place.stage}",
        f"Sesame {place.stage}: templates, tenants' budgets and dead letters",
        _own_account(place),
        (
            Statement(
                (
                    "dysms:QuerySmsTemplateList",
                    "dysms:GetSmsSign",
                    "dysms:CreateSmsTemplate",
                    "dysms:UpdateSmsTemplate",
                ),
                ("*",),
            ),
            Statement(("ots:GetRange",), (place.table(RECORDS),)),
            # Revoking API keys: infra/tenants.
            Statement(("ots:BatchWriteRow", "ots:BatchGetRow"), (place.table(CONSENT),)),
            Statement(TAKING, (place.queue(DEAD),)),
            Statement(
                ("mns:BatchSendMessage",),
                tuple(place.queue(queue) for queue in (NOTIFICATIONS, EVENTS, FOLLOWUPS)),
            ),
        ),
    )


def deployer(place: Place, functions: Sequence[Role]) -> Role:
    """For `s deploy`: the component's calls, and handing over the functions' roles.

    It may neither change a role nor make one but the service-linked ones, so that who deploys
    cannot give more than stands here. Inferred: the actions of Function Compute, from the names of
    its operations; that the older component's list for EventBridge still holds; what the role of
    the topic's trigger takes.
    """
    service = f"acs:fc:{place.region}:{place.account_id}"
    return Role(
        f"sesame-deployer-{place.stage}",
        f"Sesame {place.stage}: s deploy",
        _own_account(place),
        (
            Statement(
                tuple(f"fc:{action}" for action in _DEPLOYED),
                (f"{service}:functions/sesame-*-{place.stage}*",),
            ),
            Statement(
                tuple(f"fc:{action}" for action in _DOMAINS), (f"{service}:custom-domains/*",)
            ),
            # Where the component puts the code on its way.
            Statement(("fc:GetTempBucketToken",), ("*",)),
            Statement(
                ("ram:PassRole",),
                tuple(role.arn(place.account_id) for role in functions),
                {"StringEquals": {"acs:Service": "fc.aliyuncs.com"}},
            ),
            # The component makes what EventBridge's triggers stand on where it is missing:
            # AliyunServiceRoleForFC, ...FCTriggerEventBridge, ...EventBridgeSendToFC,
            # ...EventBridgeSourceMNS.
            Statement(("ram:CreateServiceLinkedRole",), ("*",)),
            Statement((*_TRIGGER_STREAMS, *_TRIGGER_RULES), ("*",)),
            # The role of the topic's trigger, made by the component where it is missing.
            Statement(
                ("ram:GetRole", "ram:CreateRole", "ram:AttachPolicyToRole"),
                (
                    f"acs:ram:*:{place.account_id}:role/aliyunmnsnotificationrole",
                    "acs:ram:*:system:policy/AliyunMNSNotificationRolePolicy",
                ),
            ),
            Statement(
                ("mns:GetTopicAttributes", "mns:Subscribe", "mns:Unsubscribe"),
                (
                    f"acs:mns:{place.region}:{place.account_id}:/topics/{EVENTS}-{place.stage}",
                    f"acs:mns:{place.region}:{place.account_id}:/topics/{EVENTS}-{place.stage}"
                    "/subscriptions/*",
                ),
            ),
            Statement(
                ("log:GetProject", "log:GetLogStore", "log:GetIndex"),
                (
                    f"acs:log:{place.region}:{place.account_id}:project/{place.project}",
                    place.logs,
                ),
            ),
        ),
    )


def _own_account(place: Place) -> Document:
    return {"RAM": [f"acs:ram::{place.account_id}:root"]}
