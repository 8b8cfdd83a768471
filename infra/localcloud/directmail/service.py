"""DirectMail 2015-11-23 on the wire: SingleSendMail, and the mailboxes that its mails land in.

Every sender address counts as configured and verified; which ones are is the console's business,
and there is no console here. Inferred: the codes of all refusals but the gateway's own, and that
each is an HTTP 4xx.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.rpc import RpcService
from infra.localcloud.core.signatures import (
    GatewayRefused,
    gateway_error,
    json_answer,
    new_request_id,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.inbox.book import Inbox, InboxMail

RECIPIENT_LIMIT = 100
SUBJECT_LIMIT = 256
ALIAS_LIMIT = 15
# Not RFC 5322: what no mailbox can be, and what could smuggle a header in.
_ADDRESS = re.compile(r"[^\s@,;<>\"]{1,64}@[A-Za-z0-9.\-]{1,190}", re.ASCII)

Parameters = Mapping[str, str]
Operation = Callable[[Parameters], dict[str, object]]


class DirectmailService(RpcService[Operation]):
    """The mail service of one cloud. It keeps nothing itself."""

    name = "directmail"
    version = "2015-11-23"

    def __init__(self, cloud: Cloud, inbox: Inbox) -> None:
        super().__init__(cloud)
        self._inbox = inbox
        self._operations = {
            "SingleSendMail": self._single_send_mail,
        }

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The gateway's error."""
        return gateway_error(request, code)

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check, deliver to every recipient, answer."""
        try:
            call = self.admit(request)
            # DirectMail authorises operations, not resources ("RAM authorization").
            if not self.allows(request, call, "dm"):
                raise GatewayRefused("Forbidden.RAM")  # inferred: which of the gateway's codes
            body = call.operation(call.parameters)
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
