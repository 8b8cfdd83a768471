"""InvokeFunction: an event goes in, what the function returned comes back."""

from __future__ import annotations

import base64

from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.fc.launch import LaunchFailed
from infra.localcloud.fc.runtime import FunctionNotFound, RuntimeStopped
from infra.localcloud.fcapi.calls import Call
from infra.localcloud.fcapi.checks import check_qualifier
from infra.localcloud.fcapi.deployment import Deployment
from infra.localcloud.fcapi.errors import FcRefused, invalid

SYNC_LIMIT_BYTES = 32 * 1024 * 1024
ASYNC_LIMIT_BYTES = 128 * 1024
LOG_TAIL_BYTES = 4 * 1024


class Invocations:
    """The one operation that runs functions."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    async def invoke_function(self, call: Call) -> WireAnswer:
        """Run the function and wait, or accept the event and answer 202 at once.

        An error of the function is a 200 with `X-Fc-Error-Type`.
        """
        record = self._deployment.records.get(call.path["functionName"])
        check_qualifier(call.query.get("qualifier", ""))
        live, event = self._deployment.live, call.request.body
        if live is None:
            raise FcRefused("ResourceThrottled", "the local cloud is still starting")
        is_asynchronous = _is_asynchronous(call)
        limit = ASYNC_LIMIT_BYTES if is_asynchronous else SYNC_LIMIT_BYTES
        if len(event) > limit:
            message = f"payload size exceeds maximum allowed size ({limit} bytes)"
            raise FcRefused("EntityTooLarge", message)
        headers = {
            "X-Fc-Request-Id": call.request_id,
            "X-Fc-Code-Checksum": str(record.function["codeChecksum"]),
        }
        if is_asynchronous:
            live.invoker.submit(record.name, event, request_id=call.request_id)
            return WireAnswer(202, b"", headers)
        try:
            result = await live.runtime.invoke(record.name, event, request_id=call.request_id)
        except FunctionNotFound as error:
            message = f"function '{record.name}' does not exist."
            raise FcRefused("FunctionNotFound", message) from error
        except (LaunchFailed, RuntimeStopped) as error:
            raise FcRefused("InternalServerError", str(error)) from error
        if result.error_type is not None:
            headers["X-Fc-Error-Type"] = result.error_type
        if call.request.headers.get("X-Fc-Log-Type", "None") == "Tail":
            # inferred: the function's lines alone, without the platform's own about start and end
            tail = "\n".join(result.log).encode()[-LOG_TAIL_BYTES:]
            headers["X-Fc-Log-Result"] = base64.b64encode(tail).decode()
        headers["Content-Type"] = "application/octet-stream"
        return WireAnswer(200, result.payload, headers)


def _is_asynchronous(call: Call) -> bool:
    kind = call.request.headers.get("X-Fc-Invocation-Type") or "Sync"
    if kind not in ("Sync", "Async"):
        raise invalid("x-fc-invocation-type must be Sync or Async")
    return kind == "Async"
