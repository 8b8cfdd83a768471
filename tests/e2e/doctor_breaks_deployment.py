"""Credentials, settings, functions and triggers, broken one by one and put right again."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from alibabacloud_fc20230330 import models as fc

from infra.serverless_devs import Trigger
from infra.serverless_devs.__main__ import ENV_EXAMPLE, read_env_file
from tests.e2e.doctor_patient import SWEEP, VERIFY, Broken, Look, Patient, wrong
from tests.waiting import wait_until

FIVE_MINUTES = {"cronExpression": "@every 5m", "enable": True, "payload": "{}"}


@contextmanager
def no_key(patient: Patient) -> Iterator[Look]:
    yield {"changed": {"ALIBABA_CLOUD_ACCESS_KEY_SECRET": ""}}


@contextmanager
def expired_token(patient: Patient) -> Iterator[Look]:
    role = patient.doctor_role()
    patient.have(role)
    session = patient.session(role, duration_s=900)
    patient.cloud.advance(901)
    yield {"changed": session}
    patient.cloud.advance(-901)


@contextmanager
def deleted_function(patient: Patient) -> Iterator[Look]:
    patient.delete_trigger(SWEEP, "tick")
    patient.call(patient.fc, "delete_function", f"{SWEEP}-local", {})
    yield {}
    patient.reset()


@contextmanager
def other_timeout(patient: Patient) -> Iterator[Look]:
    timeout = patient.function(VERIFY).timeout
    patient.update_function(VERIFY, timeout=timeout + 1)
    yield {}
    patient.update_function(VERIFY, timeout=timeout)


@contextmanager
def other_role(patient: Patient) -> Iterator[Look]:
    role = patient.function(VERIFY).role
    patient.update_function(VERIFY, role=role.replace("verify-otp", "request-otp"))
    yield {}
    patient.update_function(VERIFY, role=role)


@contextmanager
def other_variable(patient: Patient) -> Iterator[Look]:
    held = patient.function(VERIFY).environment_variables
    left = {name: value for name, value in held.items() if name != "API_KEYS"}
    patient.update_function(VERIFY, environment_variables={**left, "OTP_KEYS": "1:c2VjcmV0"})
    yield {}
    patient.update_function(VERIFY, environment_variables=held)


@contextmanager
def no_destination(patient: Patient) -> Iterator[Look]:
    name = f"{SWEEP}-local"
    get = fc.GetAsyncInvokeConfigRequest()
    held = patient.call(patient.fc, "get_async_invoke_config", name, get, {})
    for destinations in (None, held.destination_config):
        body = fc.PutAsyncInvokeConfigInput(
            max_async_retry_attempts=held.max_async_retry_attempts,
            max_async_event_age_in_seconds=held.max_async_event_age_in_seconds,
            destination_config=destinations,
        )
        put = fc.PutAsyncInvokeConfigRequest(body=body)
        patient.call(patient.fc, "put_async_invoke_config", name, put, {})
        if destinations is None:
            yield {}


@contextmanager
def failing_function(patient: Patient) -> Iterator[Look]:
    patient.update_function(SWEEP, handler="index.nothing")
    request = fc.InvokeFunctionRequest(body=io.BytesIO(b"{}"))
    name = f"{SWEEP}-local"
    patient.call(patient.fc, "invoke_function", name, request, fc.InvokeFunctionHeaders())
    patient.update_function(SWEEP, handler="index.handler")
    wait_until(lambda: wrong(patient.look()))
    yield {}
    patient.call(patient.sls, "delete_log_store", "sesame-local", "functions", {})
    patient.mend()


@contextmanager
def deleted_trigger(patient: Patient) -> Iterator[Look]:
    patient.delete_trigger(SWEEP, "tick")
    yield {}
    patient.create_trigger(SWEEP, Trigger("tick", "timer", FIVE_MINUTES))


@contextmanager
def disabled_trigger(patient: Patient) -> Iterator[Look]:
    patient.update_trigger(SWEEP, "tick", {**FIVE_MINUTES, "enable": False})
    yield {}
    patient.update_trigger(SWEEP, "tick", FIVE_MINUTES)


@contextmanager
def rarer_trigger(patient: Patient) -> Iterator[Look]:
    patient.update_trigger(SWEEP, "tick", {**FIVE_MINUTES, "cronExpression": "@every 50m"})
    yield {}
    patient.update_trigger(SWEEP, "tick", FIVE_MINUTES)


@contextmanager
def stray_trigger(patient: Patient) -> Iterator[Look]:
    patient.create_trigger(SWEEP, Trigger("old", "timer", {**FIVE_MINUTES, "enable": False}))
    yield {}
    patient.delete_trigger(SWEEP, "old")


def changed(name: str, value: Callable[[Mapping[str, str]], str]) -> Broken:
    @contextmanager
    def broken(patient: Patient) -> Iterator[Look]:
        yield {"changed": {name: value(patient.environment)}}

    return broken


@contextmanager
def near_the_limit(patient: Patient) -> Iterator[Look]:
    """What is over the limit, s.yaml's own checks refuse."""
    held = patient.function("sesame-dispatch-notification").environment_variables
    room = 4000 - sum(len(f"{name}{value}") for name, value in held.items())
    secret = b64encode(b"w" * 32).decode()
    endpoints = '{"shop": {"url": "https://example.com/%s", "secrets": ["whsec_' + secret + '"]}}'
    path = "x" * (room - len(endpoints % ""))
    yield {"changed": {"SESAME_WEBHOOKS": endpoints % path}}


def example(name: str) -> Callable[[Mapping[str, str]], str]:
    return lambda _: read_env_file(ENV_EXAMPLE)[name]


@contextmanager
def skewed_clock(patient: Patient) -> Iterator[Look]:
    yield {"ahead_s": 300}


@contextmanager
def closed_door(patient: Patient) -> Iterator[Look]:
    yield {"api": "http://127.0.0.1:1"}
