"""What a process prints, line by line, told apart by request.

A pipe holds whatever the process wrote before it answered, so reading until the pipe is empty at
that moment gives the request all of its lines and none of the next one's.
"""

from __future__ import annotations

import asyncio
import os

LINE_LIMIT_BYTES = 32 * 1024
"""A longer line is cut, as the platform's log service does."""
LINE_LIMIT_COUNT = 2000


class LogPipe:
    """The reading end, drained as lines come; `write_fd` is for the process."""

    def __init__(self) -> None:
        self._read_fd, self.write_fd = os.pipe()
        os.set_blocking(self._read_fd, False)
        self._rest = b""
        self._lines: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._read_fd, self._drain)

    def close_writer(self) -> None:
        """Give up this process's copy of the writing end, once the child has its own."""
        os.close(self.write_fd)

    def take(self) -> list[str]:
        """The lines since the last call, an unfinished one too."""
        self._drain()
        self._keep(self._rest)
        self._rest = b""
        lines, self._lines = self._lines, []
        return lines

    def finish(self) -> None:
        """Read what is left of a process that has ended, and stop; `take` still gives it."""
        self._drain()
        self.close()

    def close(self) -> None:
        """Stop reading."""
        if self._read_fd >= 0:
            self._loop.remove_reader(self._read_fd)
            os.close(self._read_fd)
            self._read_fd = -1

    def _drain(self) -> None:
        while self._read_fd >= 0:
            try:
                chunk = os.read(self._read_fd, 1 << 16)
            except BlockingIOError:
                return
            if not chunk:
                self.close()
                return
            *whole, rest = (self._rest + chunk).split(b"\n")
            self._rest = rest[: LINE_LIMIT_BYTES + 1]
            for line in whole:
                self._keep(line)

    def _keep(self, line: bytes) -> None:
        if line and len(self._lines) < LINE_LIMIT_COUNT:
            self._lines.append(line[:LINE_LIMIT_BYTES].decode("utf-8", "replace"))
