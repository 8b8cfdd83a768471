"""Structured logs: one JSON object a line on standard output, which the platform collects."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar

from shared.observability.events import LIBRARY_LOGGED
from shared.observability.redaction import redact
from shared.observability.trace import trace_fields

_LOGGER = "sesame"
_bound: ContextVar[Mapping[str, object] | None] = ContextVar("bound_log_fields", default=None)


def bind(**fields: object) -> None:
    """Fields that every line of this invocation carries from now on, in place of the last's."""
    _bound.set(fields)


def bound_request_id() -> str:
    """The id of the request that this invocation answers; empty outside of one."""
    return str((_bound.get() or {}).get("request_id", ""))


def log_event(event: str, *, level: int = logging.INFO, **fields: object) -> None:
    """Write `event` with `fields`; every value passes redaction."""
    logging.getLogger(_LOGGER).log(level, event, extra={"fields": fields})


def log_surprise(event: str, error: BaseException, **fields: object) -> None:
    """Write an error that nobody expected: its type and stack, never its text, since SDKs put
    whole URLs with numbers and codes into theirs.
    """
    stack = [
        f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    log_event(event, level=logging.ERROR, error_type=type(error).__name__, stack=stack, **fields)


class JsonLines(logging.Formatter):
    """Formats our events with their fields, and of libraries' records only whose they are."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, object] = {
            "level": record.levelname,
            **(_bound.get() or {}),
            **trace_fields(),
        }
        if record.name == _LOGGER:
            line["event"] = record.msg
            line.update(redact(getattr(record, "fields", {})))
        else:
            line["event"] = LIBRARY_LOGGED
            line["logger"] = record.name
        return json.dumps(line, ensure_ascii=False, default=lambda value: type(value).__name__)


def set_up_logs() -> None:
    """Send everything through JsonLines; libraries only from WARNING on. Call once a process."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger(_LOGGER).setLevel(logging.INFO)


def quiet_library(*names: str) -> None:
    """Take the handlers that a library added to its own loggers, and hear only its errors."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.setLevel(logging.ERROR)
