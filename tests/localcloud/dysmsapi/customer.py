"""A customer's address for receipts and replies, which answers as it is told."""

from __future__ import annotations

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from infra.localcloud.dysmsapi.push import Callbacks

TAKEN = b'{"code":0,"msg":"ok"}'


class Customer:
    """Listens until `close`. `answers` are given one by one, each (status, body); then TAKEN."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self._pushes: queue.Queue[tuple[str, str, bytes]] = queue.Queue()
        customer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                customer._pushes.put((self.path, self.headers["Content-Type"], body))
                status, answer = customer.answers.pop(0) if customer.answers else (200, TAKEN)
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        address = f"http://127.0.0.1:{self._server.server_port}"
        self.callbacks = Callbacks(f"{address}/report", f"{address}/up")

    def next_push(self) -> tuple[str, str, bytes]:
        """Path, content type and body of the next push, waited for."""
        return self._pushes.get(timeout=5)

    def has_silence(self, seconds: float = 0.35) -> bool:
        """True if nothing comes for a few of the pusher's rounds."""
        try:
            self._pushes.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
