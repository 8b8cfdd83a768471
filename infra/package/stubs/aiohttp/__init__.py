"""In the place of aiohttp, which only the asynchronous clients of the SDKs use.

The names are those that the SDKs look up while they are imported, and those that they would make
first when used: each fails then, and says so.
"""

from __future__ import annotations


class _NotShipped:
    def __init__(self, *args: object, **kwargs: object) -> None:
        raise RuntimeError(
            f"aiohttp.{type(self).__name__} is not shipped with this function: "
            "use the synchronous clients of the SDKs"
        )


class ClientResponse(_NotShipped):
    pass


class ClientSession(_NotShipped):
    pass


class ClientTimeout(_NotShipped):
    pass


class TCPConnector(_NotShipped):
    pass
