"""A batch that the queue took some of: only the rest is sent again, and only the first count."""

from __future__ import annotations

import re
import threading
from base64 import b64decode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from shared.aliyun.credentials import RoleCredentials, bind_credentials
from shared.aliyun.smq import SmqQueue
from shared.queue import QueueItem
from tests.fakes.hands import HandClock


class Choosy(ThreadingHTTPServer):
    """Refuses the bodies that are named, as often as is said, and takes the others."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ChoosyHandler)
        self.refusals: dict[str, int] = {}
        self.taken: list[str] = []


class ChoosyHandler(BaseHTTPRequestHandler):
    server: Choosy

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["content-length"])).decode()
        entries, status = "", 201
        for text in re.findall("<MessageBody>(.*?)</MessageBody>", sent):
            body = b64decode(text).decode()
            if self.server.refusals.get(body, 0) > 0:
                self.server.refusals[body] -= 1
                status = 500
                what = "<ErrorCode>InternalError</ErrorCode><ErrorMessage>no</ErrorMessage>"
            else:
                self.server.taken.append(body)
                what = "<MessageId>m</MessageId><MessageBodyMD5>x</MessageBodyMD5>"
            entries += f"<Message>{what}</Message>"
        answer = f'<Messages xmlns="http://mns.aliyuncs.com/doc/v1/">{entries}</Messages>'.encode()
        self.send_response(status)
        self.send_header("x-mns-request-id", "r")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server(no_proxies: None) -> Iterator[Choosy]:
    bind_credentials(RoleCredentials("id", "secret", ""))
    with Choosy() as choosy:
        thread = threading.Thread(target=choosy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield choosy
        choosy.shutdown()
        thread.join()
    bind_credentials(None)


def put(server: Choosy) -> int:
    queue = SmqQueue(f"http://127.0.0.1:{server.server_port}", "q", clock=HandClock())
    try:
        return queue.put([QueueItem(body) for body in "abcd"])
    finally:
        queue.close()


def test_only_what_failed_is_sent_again(server: Choosy) -> None:
    server.refusals = {"b": 1, "d": 2}

    assert put(server) == 4
    assert server.taken == ["a", "c", "b", "d"]


def test_what_stands_behind_a_failure_does_not_count(server: Choosy) -> None:
    server.refusals = {"c": 9}

    assert put(server) == 2
    assert server.taken == ["a", "b", "d"]
