"""Run inside a packaged folder: reach for each thing that is not shipped, the way the SDKs do, and
print the error of each. Argument: the folder.
"""

import asyncio
import json
import sys

folder = sys.argv[1]
sys.path[:0] = [folder, f"{folder}/python"]

import tablestore  # noqa: E402
from alibabacloud_credentials.provider import EcsRamRoleCredentialsProvider, oidc  # noqa: E402
from alibabacloud_tea_openapi.utils import rsa_sign  # noqa: E402
from darabonba.core import DaraCore  # noqa: E402
from darabonba.request import DaraRequest  # noqa: E402
from darabonba.websocket import DefaultWebSocketClient, WebSocketHandler  # noqa: E402


def call_tablestore() -> None:
    client = tablestore.AsyncOTSClient("http://127.0.0.1:1", "id", "secret", "instance")
    asyncio.run(client.list_table())


def call_dysmsapi() -> None:
    request = DaraRequest()
    request.headers["host"] = "127.0.0.1:1"
    asyncio.run(DaraCore.async_do_action(request))


def open_websocket() -> None:
    request = DaraRequest()
    request.protocol = "ws"
    request.headers["host"] = "127.0.0.1:1"
    DefaultWebSocketClient(WebSocketHandler()).connect(request, {})


uses = {
    "tablestore's asynchronous client": call_tablestore,
    "dysmsapi's asynchronous client": call_dysmsapi,
    "a websocket": open_websocket,
    "an RSA signature": lambda: rsa_sign(b"text", "key"),
    "a background refresh": lambda: EcsRamRoleCredentialsProvider(async_update_enabled=True),
    "an asynchronous file": lambda: asyncio.run(oidc._get_token_async("/none")),
}
errors = {}
for name, use in uses.items():
    try:
        use()
    except RuntimeError as error:
        errors[name] = str(error)
    except Exception as error:
        errors[name] = f"not clear: {error!r}"
print(json.dumps(errors))
