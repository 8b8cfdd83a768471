"""The account's services, each behind its adapter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from infra.doctor.dysmsapi import DysmsapiAccount
from infra.doctor.function_compute import FcFunctions
from infra.doctor.model import Services
from infra.doctor.sls import SlsFailures
from infra.doctor.smq import SmqLetters
from infra.doctor.web import RequestsWeb
from infra.foundation.__main__ import account_hosts
from infra.foundation.settings import Settings
from infra.foundation.smq import smq_account
from infra.foundation.sts import StsIdentity


@contextmanager
def account_services(
    settings: Settings, environment: Mapping[str, str], *, now_s: Callable[[], float]
) -> Iterator[Services]:
    """The services of an account. Nothing is asked yet."""
    with account_hosts(settings) as hosts:
        account = smq_account(settings)
        try:
            yield Services(
                identity=StsIdentity(settings),
                hosts=hosts,
                sms=DysmsapiAccount(settings, environment),
                functions=FcFunctions(settings, environment),
                letters=SmqLetters(account),
                failures=SlsFailures(settings, now_s),
                web=RequestsWeb(),
            )
        finally:
            account.get_client().close_connection()
