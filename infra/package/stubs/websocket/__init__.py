"""In the place of websocket-client, which only endpoints of the protocols ws and wss need."""

from __future__ import annotations


class WebSocketApp:
    def __init__(self, *args: object, **kwargs: object) -> None:
        raise RuntimeError(
            "websocket.WebSocketApp is not shipped with this function: "
            "its clients speak http and https only"
        )
