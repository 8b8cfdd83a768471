"""The edge: from the platform's event to an endpoint and back, with one log line an invocation."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

from shared.aliyun.credentials import bind_credentials
from shared.errors import SesameError, SettingsInvalid
from shared.fc.context import credentials_of, request_id_of
from shared.fc.events import HttpRequest, parse_http_event
from shared.fc.responses import HttpResponse, problem
from shared.observability.events import (
    INVOCATION_ENDED,
    INVOCATION_FAILED,
    SETTINGS_REFUSED,
)
from shared.observability.logs import bind, log_event, log_surprise, set_up_logs

Endpoint = Callable[[HttpRequest], HttpResponse]


class HttpFunction:
    """A function behind HTTP: its entry points `handler` and `initialize`.

    make: builds the endpoint, with all it stands on; called once an instance, in the initializer
        where the platform has one, else at the first request.
    """

    def __init__(self, name: str, make: Callable[[], Endpoint]) -> None:
        self._name = name
        self._make = make
        self._endpoint: Endpoint | None = None
        self._is_warm = False

    def initialize(self, context: object) -> None:
        """Build what requests need before the first one comes. Raises SettingsInvalid."""
        set_up_logs()
        bind(request_id=request_id_of(context), function=self._name)
        self._ready()

    def handler(self, event: bytes, context: object) -> Mapping[str, object]:
        """The platform's answer to `event`; an HTTP answer whatever happens."""
        if self._endpoint is None:
            set_up_logs()
        request_id = request_id_of(context)
        bind(request_id=request_id, function=self._name)
        bind_credentials(credentials_of(context))
        started_s = time.monotonic()
        try:
            response = self._ready()(parse_http_event(event))
            code = str(response.body.get("code", ""))
        except SettingsInvalid as error:
            log_event(SETTINGS_REFUSED, level=logging.ERROR, problems=str(error))
            response, code = problem(SesameError(), request_id), error.code
        except SesameError as error:
            response, code = problem(error, request_id), error.code
        except Exception as error:  # the edge: a bug is a 500 and a line for us, never a trace
            log_surprise(INVOCATION_FAILED, error)
            response, code = problem(SesameError(), request_id), SesameError.code
        finally:
            bind_credentials(None)
        log_event(
            INVOCATION_ENDED,
            outcome=response.status,
            error_code=code or None,
            duration_ms=round((time.monotonic() - started_s) * 1000, 1),
            cold_start=not self._is_warm,
        )
        self._is_warm = True
        bind()
        return response.as_event()

    def _ready(self) -> Endpoint:
        if self._endpoint is None:
            self._endpoint = self._make()
        return self._endpoint
