"""In the place of aiofiles, which only the asynchronous credential providers of the SDK use."""

from __future__ import annotations


def open(*args: object, **kwargs: object) -> None:
    raise RuntimeError(
        "aiofiles.open is not shipped with this function: "
        "use the synchronous credential providers of the SDK"
    )
