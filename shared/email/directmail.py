"""The gateway on Alibaba Cloud Direct Mail (Dm 2015-11-23), through the official SDK.

The SDK puts addresses into the URL and the URL into its errors: no text of its exceptions leaves
this file, and nothing of it is chained.
"""

from __future__ import annotations

import os

# Cost: as of the SMS gateway. Only functions that send import this file.
os.environ.pop("DEBUG", None)  # DEBUG=sdk makes the SDK print URLs, tokens and signatures

from alibabacloud_dm20151123.client import Client
from alibabacloud_dm20151123.models import SingleSendMailRequest
from darabonba.runtime import RuntimeOptions

from shared.aliyun.gateway_codes import ACCOUNT_REFUSED, REFUSED_FOR_NOW
from shared.aliyun.openapi import OpenApiFailure, failure_of, openapi_config
from shared.email.gateway import EmailMessage
from shared.send_outcome import (
    RefusalKind,
    SendAccepted,
    SendOutcome,
    SendRefused,
    SendUnknown,
)

READ_TIMEOUT_MS = 5_000

_OF_A_SENDER_ADDRESS = 1  # AddressType; 0 is a random account
# Meanings from the SingleSendMail page (alibabacloud.com/help/en/direct-mail/singlesendmail); whose
# matter each is, is inferred.
_KINDS = {
    "InvalidToAddress": RefusalKind.NUMBER,
    "InvalidToAddress.Spam": RefusalKind.NUMBER,
    "InvalidReceiverName.Malformed": RefusalKind.NUMBER,
    "InvalidMailAddress.NotFound": RefusalKind.ACCOUNT,
    "InvalidMailAddressStatus.Malformed": RefusalKind.ACCOUNT,
}


class DirectMailGateway:
    """Implements EmailGateway. endpoint: `host[:port]` or a URL; empty for the region's own.

    account_name: the sender address, as the console has it.
    """

    def __init__(
        self, *, account_name: str, endpoint: str = "", region: str = "cn-hangzhou"
    ) -> None:
        self._account_name = account_name
        self._client = Client(
            openapi_config(endpoint=endpoint, region=region, read_timeout_ms=READ_TIMEOUT_MS)
        )

    def send(self, message: EmailMessage) -> SendOutcome:
        """How one SingleSendMail ended. An address with a comma would be several: refused here."""
        if "," in message.address or "@" not in message.address:
            return SendRefused(RefusalKind.NUMBER, "bad_address")
        request = SingleSendMailRequest(
            account_name=self._account_name,
            address_type=_OF_A_SENDER_ADDRESS,
            reply_to_address=False,
            to_address=message.address,
            subject=message.subject,
            text_body=message.text,
        )
        try:
            body = self._client.single_send_mail_with_options(request, RuntimeOptions()).body
        except Exception as error:  # the SDK's transport raises more kinds than it names
            return _of_failure(failure_of(error))
        if body is None or not body.env_id:
            return SendUnknown("empty_answer")
        return SendAccepted(str(body.env_id))


def _of_failure(failure: OpenApiFailure) -> SendOutcome:
    code = failure.code
    if not failure.is_clear or code == "InternalError":
        return SendUnknown(code)
    if REFUSED_FOR_NOW.fullmatch(code):
        busy = SendRefused(RefusalKind.BUSY, code)
        wait_s = failure.retry_after_s
        return busy if wait_s is None else SendRefused(busy.kind, code, wait_s)
    if ACCOUNT_REFUSED.fullmatch(code):
        return SendRefused(RefusalKind.ACCOUNT, code)
    return SendRefused(_KINDS.get(code, RefusalKind.UNAVAILABLE), code)
