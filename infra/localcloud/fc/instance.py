"""One instance of a function: a process that takes one request at a time."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra.localcloud.fc.launch import BOOTSTRAP, Launch
from infra.localcloud.fc.log_pipe import LogPipe

_FRAME_LIMIT_BYTES = 1 << 20  # asyncio's flow control only; frames may be larger
_EXIT_GRACE_S = 1.0
_EXITED = "Process exited unexpectedly before completing request"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call of a hook ended, and what was printed meanwhile.

    is_final: the instance cannot take another request.
    """

    outcome: Literal["ok", "error", "timeout", "exit"]
    payload: bytes
    log: tuple[str, ...]
    is_final: bool = False


class Instance:
    """A started process. Close or kill it: it is not collected by itself."""

    def __init__(
        self,
        process: subprocess.Popen[bytes],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        logs: LogPipe,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._logs = logs

    @classmethod
    async def start(cls, launch: Launch) -> Instance:
        """A new process, ready for its first call. Raises LaunchFailed if there is no code."""
        setup, environment = launch.setup(), launch.environment()
        ours, theirs = socket.socketpair()
        logs = LogPipe()
        try:
            process = subprocess.Popen(
                [
                    *(launch.python, "-I", "-S", "-u", str(BOOTSTRAP)),
                    *(str(theirs.fileno()), str(os.getpid())),
                ],
                cwd=launch.code_dir,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=logs.write_fd,
                stderr=logs.write_fd,
                pass_fds=[theirs.fileno()],
            )
        except OSError:
            ours.close()
            logs.close()
            raise
        finally:
            theirs.close()
            logs.close_writer()
        reader, writer = await asyncio.open_connection(sock=ours, limit=_FRAME_LIMIT_BYTES)
        instance = cls(process, reader, writer, logs)
        instance._write(setup)
        return instance

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """True while the process runs."""
        return self._process.poll() is None

    async def call(self, frame: Mapping[str, object], timeout_s: float) -> Answer:
        """Call a hook and wait for its answer. A process that takes too long is killed."""
        try:
            answer = await asyncio.wait_for(self._exchange(frame), timeout_s)
        except asyncio.TimeoutError:
            await self.kill()
            message = f"Function timed out after {timeout_s:g} seconds"
            return Answer("timeout", _error_document(message), self._take_log(), is_final=True)
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.kill()
            return Answer("exit", _error_document(_EXITED), self._take_log(), is_final=True)
        except asyncio.CancelledError:
            await self.kill()  # nobody will read the answer that is still to come
            raise
        is_final = bool(answer.get("is_final"))
        if "error" in answer:
            payload = json.dumps(answer["error"]).encode()
            return Answer("error", payload, self._take_log(), is_final=is_final)
        return Answer("ok", base64.b64decode(str(answer["payload"])), self._take_log())

    async def close(self) -> None:
        """End the process in order: it may run its exit handlers for a second."""
        self._writer.close()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _EXIT_GRACE_S
        while self.is_alive and loop.time() < deadline:
            await asyncio.sleep(0.005)
        await self.kill()

    async def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._process.wait()
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()
        # What was printed stays readable; the descriptor does not stay open.
        self._logs.finish()

    async def _exchange(self, frame: Mapping[str, object]) -> dict[str, object]:
        self._write(frame)
        await self._writer.drain()
        size = int.from_bytes(await self._reader.readexactly(4), "big")
        answer: dict[str, object] = json.loads(await self._reader.readexactly(size))
        return answer

    def _write(self, frame: Mapping[str, object]) -> None:
        body = json.dumps(frame).encode()
        self._writer.write(len(body).to_bytes(4, "big") + body)

    def _take_log(self) -> tuple[str, ...]:
        return tuple(self._logs.take())


def _error_document(message: str) -> bytes:
    return json.dumps({"errorMessage": message}).encode()
