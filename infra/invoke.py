"""`make invoke FUNCTION=request_otp EVENT=events/request_otp.http.json`: one invocation on the
running local cloud, through Function Compute's own API; its log lines and its answer are printed.

The API key of the examples in events/ becomes that of the running cloud; all else goes as it is.
Exit 0 if the function returned, 1 if it failed, 2 if there was nothing to invoke.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import requests
from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.exceptions import DaraException
from darabonba.runtime import RuntimeOptions

READY_FILE = Path(".local/ready.json")
EXAMPLE_KEY = b"sk_example_key_of_the_default_tenant"
TIMEOUT_MS = 610_000  # the longest that a function may run, and a little
CONTROL_TIMEOUT_S = 10
_TOLD = {"api_key", "access_key_id", "access_key_secret", "control", "fc"}


class NothingInvoked(Exception):
    """Why there was no invocation, in words for who asked for it."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an invocation ended. error_type: the platform's, "" if the function returned."""

    function: str
    request_id: str
    error_type: str
    payload: bytes
    log: Sequence[str]


def invoke(ready: Mapping[str, Any], *, function: str, event: bytes) -> Ended:
    """Run `function` of the cloud that `ready` describes once. Raises NothingInvoked.

    function: its name, or as its folder is called: request_otp is sesame-request-otp-local.
    """
    client = _client(ready)
    name = _find(_names(client), function)
    try:
        answer = client.invoke_function_with_options(
            name,
            fc.InvokeFunctionRequest(body=io.BytesIO(event)),
            fc.InvokeFunctionHeaders(),
            RuntimeOptions(read_timeout=TIMEOUT_MS, autoretry=False),
        )
    except DaraException as error:
        raise NothingInvoked(f"the cloud refused: {_code(error)}") from None
    headers = {key.lower(): value for key, value in answer.headers.items()}
    request_id = headers.get("x-fc-request-id", "")
    return Ended(
        function=name,
        request_id=request_id,
        error_type=headers.get("x-fc-error-type", ""),
        payload=answer.body.read() if answer.body else b"",
        log=_log(ready, request_id),
    )


def read_ready(file: Path) -> Mapping[str, Any]:
    """What the running cloud says of itself. Raises NothingInvoked if none runs."""
    try:
        ready = json.loads(file.read_text())
    except FileNotFoundError:
        raise NothingInvoked(f"no local cloud runs here: no {file} (start one: make up)") from None
    except (OSError, ValueError):
        raise NothingInvoked(f"{file} cannot be read as a ready file") from None
    if not isinstance(ready, dict) or not ready.keys() >= _TOLD:
        raise NothingInvoked(f"{file} is of a cloud that cannot be asked to invoke functions")
    try:
        requests.get(f"{ready['control']}/clock", timeout=CONTROL_TIMEOUT_S).raise_for_status()
    except requests.RequestException:
        raise NothingInvoked(
            f"the local cloud of {file} does not answer: it has stopped (start it: make up)"
        ) from None
    return ready


def show(ended: Ended, out: TextIO) -> None:
    """The log lines, then the answer; JSON is indented."""
    for line in ended.log:
        print(line, file=out)
    print(f"--- {ended.function} {ended.request_id} {ended.error_type or 'returned'}", file=out)
    text = ended.payload.decode("utf-8", "replace")
    with suppress(ValueError):  # a function may return any text
        text = json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    print(text, file=out)


def _client(ready: Mapping[str, Any]) -> Client:
    return Client(
        Config(
            access_key_id=ready["access_key_id"],
            access_key_secret=ready["access_key_secret"],
            endpoint=str(ready["fc"]["endpoint"]).removeprefix("http://"),
            protocol="HTTP",
        )
    )


def _names(client: Client) -> list[str]:
    try:
        found = client.list_functions(fc.ListFunctionsRequest(limit=100)).body.functions
    except DaraException as error:
        raise NothingInvoked(f"the cloud refused: {_code(error)}") from None
    return [str(function.function_name) for function in found]


def _find(names: Sequence[str], wanted: str) -> str:
    short = wanted.replace("_", "-")
    for name in names:
        if name in (wanted, short) or name.startswith(f"sesame-{short}-"):
            return name
    raise NothingInvoked(f"there is no function {wanted}; there are {', '.join(names)}")


def _log(ready: Mapping[str, Any], request_id: str) -> list[str]:
    try:
        listed = requests.get(f"{ready['control']}/invocations", timeout=CONTROL_TIMEOUT_S).json()
    except (requests.RequestException, ValueError):
        return []
    lines: list[str] = next(
        (each["log"] for each in reversed(listed) if each["request_id"] == request_id), []
    )
    return lines


def _code(error: DaraException) -> str:
    # Not its text, which may quote a request.
    return str(getattr(error, "code", None) or type(error).__name__)


def main(arguments: list[str], out: TextIO = sys.stdout, err: TextIO = sys.stderr) -> int:
    """The command line; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.invoke", description=__doc__)
    parser.add_argument("function", help="its name, or its folder's: request_otp")
    parser.add_argument("event", type=Path, help="the file with the event, as in events/")
    parser.add_argument("--ready-file", type=Path, default=READY_FILE)
    given = parser.parse_args(arguments)
    try:
        ready = read_ready(given.ready_file)
        try:
            event = given.event.read_bytes().replace(EXAMPLE_KEY, str(ready["api_key"]).encode())
        except OSError:
            raise NothingInvoked(f"there is no event file {given.event}") from None
        ended = invoke(ready, function=given.function, event=event)
    except NothingInvoked as reason:
        print(f"invoke: {reason}", file=err)
        return 2
    show(ended, out)
    return 1 if ended.error_type else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
