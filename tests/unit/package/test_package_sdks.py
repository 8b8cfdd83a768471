"""The SDKs, run from the packaged folders alone by an interpreter of the target's version."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from infra.package.bytecode import find_interpreter
from tests.unit.package.projects import Packaged

PROGRAMS = Path(__file__).parent / "programs"
SMS_ANSWER = json.dumps({"Code": "OK", "Message": "OK", "BizId": "biz-1", "RequestId": "r-1"})


class Recorder(ThreadingHTTPServer):
    """Answers every POST as Dysmsapi would, and keeps what came."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), RecordingHandler)
        self.received: list[tuple[str, dict[str, str]]] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class RecordingHandler(BaseHTTPRequestHandler):
    server: Recorder

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((self.path, headers))
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(SMS_ANSWER)))
        self.end_headers()
        self.wfile.write(SMS_ANSWER.encode())

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with Recorder() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def run(packaged: Packaged, program: str, function: str, *arguments: str) -> Any:
    """What the program printed as JSON, run with nothing but the package and the stdlib."""
    interpreter = find_interpreter(packaged.report.python)
    if interpreter is None:
        pytest.skip(f"no python{packaged.report.python} here")
    folder = packaged.folder(function)
    command = [interpreter, "-I", "-S", "-B", str(PROGRAMS / program), str(folder), *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={"LANG": "C.UTF-8"}
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def third_party_sources(folder: Path, sources: dict[str, str | None]) -> set[str]:
    below = str(folder / "python")
    return {
        name.partition(".")[0] for name, file in sources.items() if (file or "").startswith(below)
    }


@pytest.mark.parametrize("function", ["send", "check"])
def test_packaged_tablestore_calls_reach_the_server(
    packaged: Packaged, recorder: Recorder, function: str
) -> None:
    result = run(packaged, "call_tablestore.py", function, f"http://{recorder.address}")

    operations = [target for target, _ in recorder.received]
    assert operations == ["/BatchWriteRow", "/BatchGetRow", "/GetRow"]
    # The recorder is no Tablestore: the SDK misses the service's signature on its answers.
    assert result["endings"] == ["OTSClientError"] * 3


def test_packaged_tablestore_does_without_numpy_and_future(
    packaged: Packaged, recorder: Recorder
) -> None:
    result = run(packaged, "call_tablestore.py", "check", f"http://{recorder.address}")

    loaded = third_party_sources(packaged.folder("check"), result["sources"])
    assert {"tablestore", "google", "aiohttp"} <= loaded
    assert not {"numpy", "future", "past"} & set(result["sources"])


def test_packaged_dysmsapi_sends_with_the_invocations_credentials(
    packaged: Packaged, recorder: Recorder
) -> None:
    result = run(packaged, "send_sms.py", "send", recorder.address)

    [(target, headers)] = recorder.received
    query = parse_qs(urlsplit(target).query)
    assert query["PhoneNumbers"] == ["13800138000"]
    assert headers["x-acs-action"] == "SendSms"
    assert headers["x-acs-security-token"] == "sts-token"
    assert headers["authorization"].startswith("ACS3-HMAC-SHA256 Credential=sts-id,")
    assert (result["code"], result["biz_id"]) == ("OK", "biz-1")


def test_packaged_placeholders_say_what_is_not_shipped(packaged: Packaged) -> None:
    errors = run(packaged, "use_placeholders.py", "send")

    assert len(errors) == 6
    for use, text in errors.items():
        assert "is not shipped with this function: " in text, use


def test_packaged_edits_leave_the_sdks_as_they_were(packaged: Packaged) -> None:
    """TLS is as strict as before, lazy names are all found, and nothing unused is imported."""
    found = run(packaged, "open_tls.py", "send")

    assert found["authorities"] > 50
    assert (found["verifies"], found["checks_hostname"]) == ("CERT_REQUIRED", True)
    assert found["minimum"] == "TLSv1_2"
    assert found["http"] is True
    assert (found["guess"], found["valid"]) == ("utf_8", True)
    assert found["models"] > 200
    assert found["unused"] == []
