"""Dysmsapi 2017-05-25 on the wire: the gateway's checks, then the operation, then the answer in the
form that the SDK maps.

The one thing to know: a refusal of the SMS service is an HTTP 200 whose `Code` is not OK; only the
gateway in front of it answers with 4xx.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.rpc import RpcService
from infra.localcloud.core.signatures import (
    GatewayRefused,
    gateway_error,
    json_answer,
    new_request_id,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.dysmsapi.account import Account
from infra.localcloud.dysmsapi.catalogue import Catalogue
from infra.localcloud.dysmsapi.codes import is_service_code
from infra.localcloud.dysmsapi.deliveries import DELIVERY_S, DeliveryPlan
from infra.localcloud.dysmsapi.opt_outs import OptOuts
from infra.localcloud.dysmsapi.parameters import Parameters, SmsRefused
from infra.localcloud.dysmsapi.phone_states import PhoneStates
from infra.localcloud.dysmsapi.push import Callbacks, ReceiptPusher
from infra.localcloud.dysmsapi.queries import Queries
from infra.localcloud.dysmsapi.records import SendRecords
from infra.localcloud.dysmsapi.reviews import Reviews
from infra.localcloud.dysmsapi.sending import Sending
from infra.localcloud.inbox.book import Inbox, InboxReply

Operation = Callable[[Parameters], dict[str, object]]


class DysmsapiService(RpcService[Operation]):
    """The SMS service of one cloud. Open to the control plane: `catalogue`, the signs, templates
    and their reviews; `phones`, how it is with each; `deliveries`, what becomes of messages;
    `receipts`, what is pushed; `account`, what it may still send.

    delivery_s: from acceptance to the carrier's receipt, on the cloud's clock.

    throttling_retry_after_ms: sent as `x-acs-retry-after` with a Throttling fault; None sends
    none.
    """

    name = "dysmsapi"
    version = "2017-05-25"

    def __init__(
        self,
        cloud: Cloud,
        inbox: Inbox,
        *,
        delivery_s: float = DELIVERY_S,
        throttling_retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(cloud)
        self._throttling_retry_after_ms = throttling_retry_after_ms
        folder = cloud.folder(self.name)
        self._database = sqlite3.connect(
            folder / "dysmsapi.db" if folder else ":memory:", check_same_thread=False
        )
        # A commit outlives the process, kill -9 included; a power cut may cost the last ones.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL")
        self.catalogue = Catalogue(self._database, cloud.clock)
        self._records = SendRecords(self._database)
        self._opt_outs = OptOuts(self._database)
        self.phones = PhoneStates(self._database)
        self.deliveries = DeliveryPlan(delivery_s=delivery_s, state_of=self.phones.of)
        self.receipts = ReceiptPusher(self._database, cloud.clock, cloud.faults)
        self.account = Account(self._database)
        inbox.listen(self._hear)
        sending = Sending(
            self.catalogue,
            self._records,
            inbox,
            cloud.clock,
            account=self.account,
            deliveries=self.deliveries,
            opt_outs=self._opt_outs,
            phones=self.phones,
            receipts=self.receipts,
        )
        queries = Queries(self._records, cloud.clock)
        reviews = Reviews(self.catalogue)
        self._operations = {
            "SendSms": sending.send_sms,
            "SendBatchSms": sending.send_batch_sms,
            "QuerySendDetails": queries.query_send_details,
            "QuerySendStatistics": queries.query_send_statistics,
            "CreateSmsSign": reviews.create_sms_sign,
            "UpdateSmsSign": reviews.update_sms_sign,
            "DeleteSmsSign": reviews.delete_sms_sign,
            "GetSmsSign": reviews.get_sms_sign,
            "QuerySmsSignList": reviews.query_sms_sign_list,
            "CreateSmsTemplate": reviews.create_sms_template,
            "UpdateSmsTemplate": reviews.update_sms_template,
            "DeleteSmsTemplate": reviews.delete_sms_template,
            "GetSmsTemplate": reviews.get_sms_template,
            "QuerySmsTemplateList": reviews.query_sms_template_list,
        }

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """HTTP 200 for a code of the SMS service, the gateway's error for any other."""
        if is_service_code(code):
            return _refusal(SmsRefused(code))
        answer = gateway_error(request, code)
        if self._throttling_retry_after_ms is None or not code.startswith("Throttling"):
            return answer
        retry_after = {"x-acs-retry-after": str(self._throttling_retry_after_ms)}
        return WireAnswer(answer.status, answer.body, {**answer.headers, **retry_after})

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check, carry out, answer."""
        try:
            call = self.admit(request)
            # Dysmsapi authorises operations, not resources ("RAM authorization").
            if not self.allows(request, call, "dysms"):
                raise SmsRefused("isp.RAM_PERMISSION_DENY")
            request_id = call.signer.request_id
            body = call.operation(Parameters(call.parameters, request_id=request_id))
        except GatewayRefused as refused:
            return gateway_error(request, refused.code, refused.message)
        except SmsRefused as refused:
            return _refusal(refused)
        return json_answer(
            200, {"RequestId": new_request_id(), "Code": "OK", "Message": "OK", **body}
        )

    def start_pushing(self, callbacks: Callbacks) -> None:
        """Push receipts and replies to the customer's addresses, in the running loop."""
        self.receipts.start(callbacks)

    async def stop_pushing(self) -> None:
        """Stop that; harmless if it was never started. To be called before `close`."""
        await self.receipts.stop()

    def reset(self) -> None:
        """Forget every message, opt-out, order and nonce; phones are as usual, signs and templates
        go back to what was seeded.
        """
        self._records.clear()
        self._opt_outs.clear()
        self.phones.clear()
        self.account.clear()
        self.deliveries.clear()
        self.receipts.reset()
        self._nonces.clear()
        self.catalogue.reset()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _hear(self, reply: InboxReply) -> None:
        """Take what a phone answered, as to the newest message that it got."""
        sign_name = self._records.newest_sign(reply.phone)
        if sign_name is not None:
            self._opt_outs.hear(reply.phone, reply.content, sign_name=sign_name)
        self.receipts.add_reply(reply, sign_name=sign_name or "")


def _refusal(refused: SmsRefused) -> WireAnswer:
    body = {"RequestId": new_request_id(), "Code": refused.code, "Message": refused.message}
    return json_answer(200, body)
