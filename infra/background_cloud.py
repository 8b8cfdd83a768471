"""A local cloud in the background: started, asked, stopped and started again by a program.

For the demo, the end-to-end tests and the benchmarks.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT_S = 90.0


class CloudFailed(Exception):
    """The cloud did not do what was asked; the text says what it did instead."""


@dataclass
class BackgroundCloud:
    """A local cloud in a process group of its own, and a client for it."""

    data: Path
    arguments: tuple[str, ...] = ()
    ready: Mapping[str, Any] = field(default_factory=dict)  # the ready file's JSON
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready. Raises CloudFailed."""
        ready_file = self.data / "ready.json"
        ready_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "infra.localcloud", "up", "--port", "0"]
        command += ["--data", str(self.data), "--ready-file", str(ready_file)]
        self.process = subprocess.Popen(
            [*command, *self.arguments],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline_s = time.monotonic() + START_LIMIT_S
        while not ready_file.exists():
            if self.process.poll() is not None or time.monotonic() > deadline_s:
                self.stop()
                raise CloudFailed("the local cloud did not start")
            time.sleep(0.05)
        self.ready = json.loads(ready_file.read_text())

    def stop(self) -> None:
        """End it as Ctrl-C does, and whatever is left of it."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, how)
            self.process.wait(15)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
        self.process = None

    def post(
        self,
        path: str,
        body: object,
        *,
        tenant: str = "default",
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """POST to the API with a tenant's key."""
        key = self.ready["api_keys"][tenant]
        return requests.post(
            self.ready["gateway"] + path,
            data=json.dumps(body),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                **(headers or {}),
            },
            timeout=60,
        )

    def control(self, method: str, path: str, body: object = None) -> Any:
        """The control plane's answer. Raises CloudFailed if it is not 2xx."""
        answer = requests.request(
            method,
            self.ready["control"] + path,
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json"},
            timeout=30,
        )
        if not answer.ok:
            raise CloudFailed(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def messages(self, phone: str) -> list[dict[str, Any]]:
        """What the phone received, newest first."""
        listed: list[dict[str, Any]] = self.control("GET", f"/inbox?phone={phone}")
        return listed

    def code_on(self, phone: str) -> str:
        """The code in the newest message of the phone. Raises CloudFailed if there is none."""
        listed = self.messages(phone)
        found = re.search(r"\d{6}", listed[0]["text"]) if listed else None
        if not found:
            raise CloudFailed("no message with a code on the phone")
        return found[0]

    def advance(self, seconds: int) -> None:
        """Move the cloud's clock, and with it the functions'."""
        self.control("POST", "/clock", {"advance_s": seconds})
