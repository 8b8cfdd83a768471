"""The life of the process: start, say that all is ready, wait for a signal, stop in order.

The first signal stops, also in the middle of a start. A second one ends the process at once.
"""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import TypeVar

from infra.localcloud.run.refusal import StartRefused

Running = TypeVar("Running")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(
    cloud: Callable[[], AbstractAsyncContextManager[Running]], announce: Callable[[Running], None]
) -> int:
    """Run `cloud` until a signal comes; `announce` is told once it is ready. The exit status."""
    try:
        asyncio.run(_until_signal(cloud, announce))
    except StartRefused as refused:
        for line in str(refused).splitlines():
            print(f"sesame: {line}", file=sys.stderr)
        return 1
    return 0


async def in_thread(work: Callable[[], None]) -> None:
    """Do blocking work beside the loop. Unlike asyncio.to_thread, it holds up no exit: the thread
    is a daemon, and what it does is begun again at the next start.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: BaseException | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(None)

    def body() -> None:
        failure: BaseException | None = None
        try:
            work()
        except BaseException as error:  # handed to the one who waits
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(finish, failure)

    threading.Thread(target=body, daemon=True).start()
    await done


async def _until_signal(
    cloud: Callable[[], AbstractAsyncContextManager[Running]], announce: Callable[[Running], None]
) -> None:
    body = asyncio.create_task(_hold(cloud, announce))
    was_told = False

    def stop() -> None:
        nonlocal was_told
        if was_told:
            os._exit(130)
        was_told = True
        body.cancel()

    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, stop)
    with suppress(asyncio.CancelledError):
        await body


async def _hold(
    cloud: Callable[[], AbstractAsyncContextManager[Running]], announce: Callable[[Running], None]
) -> None:
    try:
        async with cloud() as running:
            announce(running)
            await asyncio.Event().wait()
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        # Free a moment ago, when it was chosen.
        raise StartRefused("a port was taken while starting; please start again") from error
