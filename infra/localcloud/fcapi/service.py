"""Function Compute 3.0 (2023-03-30) on the wire, with the temporary bucket that takes the code.

Every call but two is signed with ACS3. Which deploy tools make the two others, and how those are
signed, is in `signatures`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from infra.localcloud.core.acs3 import read_authorization, verify
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import ACCOUNT_ID, Identity
from infra.localcloud.core.signatures import (
    GatewayRefused,
    MalformedText,
    Nonces,
    function_behind,
    new_request_id,
    read_pairs,
)
from infra.localcloud.core.wire import WireAnswer, WireRequest
from infra.localcloud.fc.invocation import new_request_id as new_invocation_id
from infra.localcloud.fcapi.calls import Call
from infra.localcloud.fcapi.configs import ConfigOperations
from infra.localcloud.fcapi.crc64 import crc64
from infra.localcloud.fcapi.deployment import Deployment
from infra.localcloud.fcapi.domains import DomainOperations
from infra.localcloud.fcapi.errors import FcRefused, json_reply, refusal
from infra.localcloud.fcapi.functions import FunctionOperations
from infra.localcloud.fcapi.invoking import Invocations
from infra.localcloud.fcapi.live import LiveFunctions
from infra.localcloud.fcapi.paths import find_operation
from infra.localcloud.fcapi.records import Records
from infra.localcloud.fcapi.signatures import access_key_of, verify_fc, verify_oss
from infra.localcloud.fcapi.specs import Home
from infra.localcloud.fcapi.triggers import TriggerOperations
from infra.localcloud.fcapi.uploads import Uploads
from infra.localcloud.smq.store import QueueStore

VERSION = "2023-03-30"
# inferred: which of its own codes the service has for each of the gateway's.
_GATEWAY_CODES = {
    "SignatureDoesNotMatch": "SignatureNotMatch",
    "InvalidAccessKeyId.NotFound": "InvalidAccessKeyID",
    "InvalidAccessKeyId.Inactive": "InvalidAccessKeyID",
    "InvalidParameter": "InvalidArgument",
    "InvalidAction.NotFound": "PathNotSupported",
}


class FcService:
    """The API of one cloud's functions. Call `stop` before `close`."""

    name = "fc"

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        region = cloud.access.region
        self._nonces = Nonces()
        folder = cloud.folder(self.name)
        self._scratch = None if folder else Path(tempfile.mkdtemp(prefix="fc-deployed-"))
        kept = folder or self._scratch
        assert kept is not None
        self.home = Home(ACCOUNT_ID, region, cloud.clock)
        self.deployment = Deployment(Records(kept), self.home)
        self._uploads = Uploads(cloud, kept / "uploads", region)
        self._own: LiveFunctions | None = None
        functions = FunctionOperations(self.deployment, self._uploads)
        triggers = TriggerOperations(self.deployment)
        domains = DomainOperations(self.deployment)
        self._operations: dict[str, Callable[[Call], Awaitable[WireAnswer]]] = {
            "GetTempBucketToken": self._get_temp_bucket_token,
            "PutObject": self._put_object,
            "CreateFunction": functions.create_function,
            "GetFunction": functions.get_function,
            "ListFunctions": functions.list_functions,
            "UpdateFunction": functions.update_function,
            "DeleteFunction": functions.delete_function,
            "InvokeFunction": Invocations(self.deployment).invoke_function,
            "CreateTrigger": triggers.create_trigger,
            "GetTrigger": triggers.get_trigger,
            "ListTriggers": triggers.list_triggers,
            "UpdateTrigger": triggers.update_trigger,
            "DeleteTrigger": triggers.delete_trigger,
            "CreateCustomDomain": domains.create_custom_domain,
            "GetCustomDomain": domains.get_custom_domain,
            "ListCustomDomains": domains.list_custom_domains,
            "UpdateCustomDomain": domains.update_custom_domain,
            "DeleteCustomDomain": domains.delete_custom_domain,
            **ConfigOperations(self.deployment).operations(),
        }

    def operation(self, request: WireRequest) -> str:
        """The operation that method and path mean."""
        return find_operation(request.method, request.path)[0]

    def caller(self, request: WireRequest) -> str:
        """The function whose session the signature names."""
        authorization = read_authorization(request)
        key_id = authorization.access_key_id if authorization else access_key_of(request)
        return function_behind(self._cloud.identities, key_id)

    def failure(self, request: WireRequest, code: str) -> WireAnswer:
        """The service's error."""
        return refusal(code, "The request was refused.", new_request_id())

    async def answer(self, request: WireRequest) -> WireAnswer:
        """Check who asks, carry out, answer."""
        operation, path = find_operation(request.method, request.path)
        request_id = new_invocation_id(self._cloud.clock.now_s())
        try:
            signer, query = self._verify(request, operation, path)
            carry_out = self._operations.get(operation)
            if carry_out is None:
                message = f"'{request.path}' against '{request.method}' is not supported"
                raise FcRefused("PathNotSupported", message)
            self._authorize(request, signer, operation, path)
            return await carry_out(Call(request, request_id, path, query))
        except FcRefused as refused:
            if operation == "PutObject":
                return _oss_refusal(refused, request_id)
            return refusal(refused.code, refused.message, request_id)
        except GatewayRefused as refused:
            code = _GATEWAY_CODES.get(refused.code, "AccessDenied")
            return refusal(code, refused.message or refused.code, request_id)

    async def start_alone(self) -> None:
        """Run what is deployed without the rest of a cloud: no gateway, queues of its own."""
        queues = QueueStore(None, self._cloud.clock)
        self._own = LiveFunctions(self._cloud, queues=queues, home=self.home)
        await self.deployment.attach(self._own, None, "")
        await self._own.triggers.start()

    async def stop(self) -> None:
        """End what `start_alone` began."""
        if self._own is not None:
            await self._own.stop()
            self._own = None

    def reset(self) -> None:
        """Forget what was deployed. What runs is put right by `deployment.restore`."""
        self._nonces.clear()
        self.deployment.records.clear()

    def close(self) -> None:
        """Give up the folder of a cloud that keeps nothing."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _verify(
        self, request: WireRequest, operation: str, path: Mapping[str, str]
    ) -> tuple[Identity, dict[str, str]]:
        """Who signed the request, and the parameters of its query."""
        try:
            query = read_pairs(request.query)
        except MalformedText as error:
            raise GatewayRefused("InvalidParameter") from error
        if operation == "GetTempBucketToken":
            signer = verify_fc(request, self._cloud)
        elif operation == "PutObject":
            resource = f"/{path['bucket'] or self._uploads.bucket}/{path['object']}"
            signer = verify_oss(request, self._cloud, resource=resource)
            if signer.token and not self._uploads.is_upload_role(signer.role):
                raise FcRefused("AccessDenied", "the token is for another bucket")
        else:
            signer = verify(request, query, self._cloud, self._nonces)
            if request.headers["x-acs-version"] != VERSION:
                raise GatewayRefused("InvalidAction.NotFound")
        return signer, dict(query)

    def _authorize(
        self, request: WireRequest, signer: Identity, operation: str, path: Mapping[str, str]
    ) -> None:
        """Refuse what the role's policies do not allow. The bucket's token is its own permission.

        inferred: the resource of operations that are not on one function.
        """
        if operation == "PutObject":
            return
        name = path.get("functionName")
        kind = "custom-domains/*" if "CustomDomain" in operation else "functions/*"
        resource = self._cloud.access.resource("fc", f"functions/{name}" if name else kind)
        action = f"fc:{operation}"
        if not self._cloud.access.allows(signer, action, [resource], source_ip=request.peer_ip):
            raise FcRefused(
                "AccessDenied",
                f"the caller is not authorized to perform '{action}' on '{resource}'",
            )

    async def _get_temp_bucket_token(self, call: Call) -> WireAnswer:
        return json_reply(200, self._uploads.token())

    async def _put_object(self, call: Call) -> WireAnswer:
        content = call.request.body
        if call.path["bucket"] not in ("", self._uploads.bucket):
            raise FcRefused("NoSuchBucket", "The specified bucket does not exist.")
        self._uploads.put(call.path["object"], content)
        md5 = hashlib.md5(content, usedforsecurity=False)
        headers = {
            "ETag": f'"{md5.hexdigest().upper()}"',
            "Content-MD5": base64.b64encode(md5.digest()).decode(),
            "x-oss-hash-crc64ecma": await asyncio.to_thread(crc64, content),
            "x-oss-request-id": call.request_id,
        }
        return WireAnswer(200, b"", headers)


def _oss_refusal(refused: FcRefused, request_id: str) -> WireAnswer:
    """OSS's own errors are XML, with codes of their own."""
    code = {
        "SignatureNotMatch": "SignatureDoesNotMatch",
        "InvalidAccessKeyID": "InvalidAccessKeyId",
    }.get(refused.code, refused.code)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{escape(code)}</Code>'
        f"<Message>{escape(refused.message)}</Message><RequestId>{request_id}</RequestId></Error>"
    )
    status = 404 if code == "NoSuchBucket" else 403
    return WireAnswer(status, text.encode(), {"Content-Type": "application/xml"})
