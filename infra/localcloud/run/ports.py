"""Which ports a cloud listens on: the one that was asked for, and its neighbours where they are
free.
"""

from __future__ import annotations

import socket

from infra.localcloud.core.wire import free_port
from infra.localcloud.run.refusal import StartRefused


def claim(port: int) -> int:
    """`port`, or a free one for 0. Raises StartRefused if it is taken."""
    if port == 0:
        return free_port()
    if not is_free(port):
        raise StartRefused(f"port {port} is taken; choose another with PORT={port + 10}")
    return port


def neighbour(port: int, distance: int) -> int:
    """The port `distance` above a fixed `port` if it is free, else 0: any."""
    wanted = port + distance
    return wanted if port and wanted < 65536 and is_free(wanted) else 0


def is_free(port: int) -> bool:
    """True if a server could listen on this loopback port now."""
    with socket.socket() as probe:
        # As servers do: a port that only has connections winding down is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True
