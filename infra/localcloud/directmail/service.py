"""DirectMail 2015-11-23 on the wire: SingleSendMail, and the mailboxes that its mails land in.

Every sender address counts as configured and verified; which ones are is the console's business,
and there is no console here. Inferred: the codes of all refusals but the gateway's own, and that
each is an HTTP 4xx.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping

from infra.localcloud.core.acs3 import read_authorization, verify
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.signatures import (
    GatewayRefused,
    Nonces,
    function_behind,
    gateway_error,
    json_answer,
    new_request_id,
    read_parameters,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.inbox.book import Inbox, InboxMail

VERSION = "2015-11-23"
RECIPIENT_LIMIT = 100
SUBJECT_LIMIT = 256
ALIAS_LIMIT = 15
_ACTION = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
# Not RFC 5322: what no mailbox can be, and what could smuggle a header in.
_ADDRESS = re.compile(r"[^\s@,;<>\"]{1,64}@[A-Za-z0-9.\-]{1,190}", re.ASCII)

Parameters = Mapping[str, str]


class DirectmailService:
    """The mail service of one cloud. It keeps nothing itself."""

    name = "directmail"

    def __init__(self, cloud: Cloud, inbox: Inbox) -> None:
        self._cloud = cloud
        self._inbox = inbox
        self._nonces = Nonces()
        self._operations: dict[str, Callable[[Parameters], dict[str, object]]] = {
            "SingleSendMail": self._single_send_mail,
        }

    def operation(self, request: WireRequest) -> str:
        """The action, as the header names it."""
        action = request.headers.get("x-acs-action", "")
        return action if _ACTION.fullmatch(action) else "?"

    def caller(self, request: WireRequest) -> str:
        """The function whose session the Credential names."""
        authorization = read_authorization(request)
        if authorization is None:
            return ""
        return function_behind(self._cloud.identities, authorization.access_key_id)

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The gateway's error."""
        return gateway_error(request, code)

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check, deliver to every recipient, answer."""
        try:
            query, form = read_parameters(request)
            signer = verify(request, query, self._cloud, self._nonces)
            name = self.operation(request)
            operation = self._operations.get(name)
            if operation is None or request.headers["x-acs-version"] != VERSION:
                raise GatewayRefused("InvalidAction.NotFound")
            # DirectMail authorises operations, not resources ("RAM authorization").
            if not self._cloud.access.allows(
                signer, f"dm:{name}", ["*"], source_ip=request.peer_ip
            ):
                raise GatewayRefused("Forbidden.RAM")  # inferred: which of the gateway's codes
            body = operation(dict(query + form))
        except GatewayRefused as refused:
            return gateway_error(request, refused.code, refused.message)
        return json_answer(200, {"RequestId": new_request_id(), **body})

    def reset(self) -> None:
        """Forget the nonces; the mails are the inbox's."""
        self._nonces.clear()

    def close(self) -> None:
        """Nothing is open."""

    def _single_send_mail(self, call: Parameters) -> dict[str, object]:
        sender = _required(call, "AccountName")
        recipients = _required(call, "ToAddress").split(",")
        subject = _required(call, "Subject")
        text_body, html_body = call.get("TextBody", ""), call.get("HtmlBody", "")
        checks = (
            ("InvalidMailAddress.Malformed", _ADDRESS.fullmatch(sender) is not None),
            ("InvalidToAddress", all(_ADDRESS.fullmatch(to) for to in recipients)),
            ("InvalidReceiverName.Malformed", len(recipients) <= RECIPIENT_LIMIT),
            ("InvalidParameter", _required(call, "AddressType") in ("0", "1")),
            ("InvalidParameter", _required(call, "ReplyToAddress").lower() in ("true", "false")),
            ("InvalidSubject.Malformed", len(subject) <= SUBJECT_LIMIT),
            ("InvalidFromAlias.Malformed", len(call.get("FromAlias", "")) <= ALIAS_LIMIT),
            ("InvalidBody", bool(text_body or html_body)),
        )
        for code, is_sound in checks:
            if not is_sound:
                raise GatewayRefused(code)
        env_id = str(10**11 + secrets.randbelow(9 * 10**11))
        for to in recipients:
            self._inbox.deliver_mail(
                InboxMail(
                    to=to,
                    sender=sender,
                    sender_alias=call.get("FromAlias", ""),
                    subject=subject,
                    text_body=text_body,
                    html_body=html_body,
                    tag_name=call.get("TagName", ""),
                    env_id=env_id,
                    sent_at=self._cloud.clock.now_s(),
                )
            )
        return {"EnvId": env_id}


def _required(call: Parameters, name: str) -> str:
    text = call.get(name, "")
    if not text:
        raise GatewayRefused(f"Missing{name}", f"{name} is mandatory for this action.")
    return text
