"""The edge: from the platform's event to an endpoint and back, with one log line an invocation."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from shared.aliyun.credentials import bind_credentials
from shared.errors import SesameError, SettingsInvalid, Throttled
from shared.fc.context import credentials_of, request_id_of
from shared.fc.events import HttpRequest, parse_http_event
from shared.fc.responses import ContentResponse, HttpResponse, problem
from shared.observability.events import (
    INVOCATION_ENDED,
    INVOCATION_FAILED,
    SETTINGS_REFUSED,
)
from shared.observability.logs import bind, log_event, log_surprise, set_up_logs
from shared.observability.trace import end_trace, start_trace

Answer = HttpResponse | ContentResponse
Endpoint = Callable[[HttpRequest], Answer]
EndpointT = TypeVar("EndpointT")
ResultT = TypeVar("ResultT")


class Function(Generic[EndpointT]):
    """What functions of every kind share: the endpoint of an instance, and invocations around it.

    make: builds the endpoint, with all it stands on; called once an instance, in the initializer
        where the platform has one, else at the first request.
    """

    def __init__(self, name: str, make: Callable[[], EndpointT]) -> None:
        self._name = name
        self._make = make
        self._endpoint: EndpointT | None = None
        self._is_warm = False

    def initialize(self, context: object) -> None:
        """Build what requests need before the first one comes. Raises SettingsInvalid."""
        set_up_logs()
        bind(request_id=request_id_of(context), function=self._name)
        bind_credentials(credentials_of(context))  # for secrets, where settings name some
        try:
            self._ready()
        finally:
            bind_credentials(None)

    @contextmanager
    def _invocation(self, context: object) -> Iterator[dict[str, Any]]:  # Any: log fields
        """The credentials and log fields of one invocation; what is put into the dict is in the
        line that ends it.
        """
        if self._endpoint is None:
            set_up_logs()
        bind(request_id=request_id_of(context), function=self._name)
        start_trace()
        bind_credentials(credentials_of(context))
        started_s = time.monotonic()
        summary: dict[str, Any] = {}
        try:
            yield summary
        finally:
            bind_credentials(None)
        log_event(
            INVOCATION_ENDED,
            **summary,
            duration_ms=round((time.monotonic() - started_s) * 1000, 1),
            cold_start=not self._is_warm,
        )
        self._is_warm = True
        bind()
        end_trace()

    def _ready(self) -> EndpointT:
        if self._endpoint is None:
            # A start makes much and frees little, and what it made stays: collecting costs 10 ms.
            gc.disable()
            try:
                self._endpoint = self._make()
            finally:
                gc.enable()
            gc.freeze()
        return self._endpoint


def attempt(work: Callable[[], ResultT]) -> ResultT | SesameError:
    """What `work` returns, or the error that it ended in; a bug is a line for us and the root."""
    try:
        return work()
    except SettingsInvalid as error:
        log_event(SETTINGS_REFUSED, level=logging.ERROR, problems=str(error))
        return error
    except SesameError as error:
        return error
    except Exception as error:  # the edge: a bug is a line for us, never a trace for a caller
        log_surprise(INVOCATION_FAILED, error)
        return SesameError()


class HttpFunction(Function[Endpoint]):
    """A function behind HTTP: its entry points `handler` and `initialize`."""

    def handler(self, event: bytes, context: object) -> Mapping[str, object]:
        """The platform's answer to `event`; an HTTP answer whatever happens."""
        with self._invocation(context) as summary:
            answer = attempt(lambda: self._run(event))
            response: Answer
            if isinstance(answer, SesameError):
                # What is wrong with the settings is the operator's to read, not the caller's.
                shown = SesameError() if isinstance(answer, SettingsInvalid) else answer
                response, code = problem(shown, request_id_of(context)), answer.code
            else:
                response, code = answer, getattr(answer, "error_code", "")
            summary.update(outcome=response.status, error_code=code or None)
            if isinstance(answer, Throttled):
                summary["policy"] = answer.quota.policy
        return response.as_event()

    def _run(self, event: bytes) -> Answer:
        endpoint = self._ready()
        request = parse_http_event(event)
        start_trace([request.headers])
        return endpoint(request)
