"""The one class of APScheduler that the credentials library imports; making one fails."""

from __future__ import annotations


class BackgroundScheduler:
    def __init__(self, *args: object, **kwargs: object) -> None:
        raise RuntimeError(
            "apscheduler.BackgroundScheduler is not shipped with this function: "
            "credentials come with each invocation, not from ECS metadata"
        )
