"""One data folder, one cloud: two processes that write the same tables would undo each other's
work.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.localcloud.run.refusal import StartRefused


@contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Own `folder` for as long as the block runs; the system lets go of it when the process ends.

    Raises StartRefused if another process owns it, or if it cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartRefused(f"the data folder {folder} cannot be used: {error.strerror}") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(handle, 20).decode("ascii", "replace").strip()
            raise StartRefused(
                f"the data folder {folder} is in use by another local cloud (process {owner}); "
                "stop that one, or give this one a folder of its own with --data"
            ) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
