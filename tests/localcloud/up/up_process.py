"""The small project in a process of its own: `python -m ... ROOT DATA READY_FILE [prepare|stop]`.

The last argument says where to hang, so that a test can interrupt there.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from infra.localcloud.run.process import run
from infra.localcloud.run.ready import write_ready_file
from infra.localcloud.run.up import RunningCloud, UpOptions, up


def main(root: Path, data: Path, ready_file: Path, hang_at: str) -> int:
    logging.getLogger("tablestore").setLevel(logging.ERROR)  # it says at import what it lacks
    from tests.localcloud.up.small import SmallProject

    small = SmallProject(root)
    if hang_at == "prepare":
        small.before_prepare = hang

    @asynccontextmanager
    async def cloud() -> AsyncIterator[RunningCloud]:
        try:
            async with up(UpOptions(port=0, data=data), small.project()) as running:
                yield running
        finally:
            if hang_at == "stop":
                print("stopping", flush=True)
                await asyncio.Event().wait()

    return run(cloud, lambda running: write_ready_file(ready_file, running.ready()))


def hang() -> None:
    print("preparing", flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    root, data, ready_file, hang_at = (*sys.argv[1:], "")[:4]
    sys.exit(main(Path(root), Path(data), Path(ready_file), hang_at))
