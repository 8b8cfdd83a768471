"""The opt-in run of the contracts against the real cloud: `LIVE=1`, real credentials, and the
variables of each part that is wanted.

    LIVE=1 ALIBABA_CLOUD_ACCESS_KEY_ID=... ALIBABA_CLOUD_ACCESS_KEY_SECRET=... \\
    LIVE_TABLESTORE_ENDPOINT=https://NAME-live.cn-hangzhou.ots.aliyuncs.com \\
    LIVE_TABLESTORE_INSTANCE=NAME-live \\
    LIVE_SMQ_ENDPOINT=https://ACCOUNT.mns.cn-hangzhou.aliyuncs.com \\
    LIVE_SMS_ENDPOINT=dysmsapi.aliyuncs.com \\
    LIVE_ROLE_ARN=acs:ram::ACCOUNT:role/NAME \\
    .venv/bin/python -m pytest -rs tests/contract

A part none of whose variables is set is left out, and says so; one of which some are set is an
error. What each part does and costs: infra/localcloud/README.md, "Against the real cloud".

Nothing here prints a secret or a number: the values hide themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tablestore as ots

from infra.tables import TABLES, apply_tables
from shared.aliyun.credentials import RoleCredentials
from shared.errors import PhoneInvalid
from shared.phone import PhoneNumber
from shared.phone_parser import parse_phone

BATCH_ROWS = 200
SUFFIX = "-live"
STS_ENDPOINT = "sts.cn-hangzhou.aliyuncs.com"
_KEYS = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET")
_TABLESTORE = ("LIVE_TABLESTORE_ENDPOINT", "LIVE_TABLESTORE_INSTANCE")
_QUEUE = ("LIVE_SMQ_ENDPOINT",)
_SMS = ("LIVE_SMS_ENDPOINT",)
_SENDING = ("LIVE_SMS_PHONE", "LIVE_SMS_SIGN", "LIVE_SMS_TEMPLATE")
_STS = ("LIVE_ROLE_ARN",)


class LiveMisconfigured(Exception):
    """What the live run lacks, all at once."""


class LeftOut(Exception):
    """A part that nobody asked for; the text says so loudly, and how to ask."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"LEFT OUT of the live run: set {', '.join(names)}")


@dataclass(frozen=True, slots=True, repr=False)
class LiveTablestore:
    """A real instance that nothing else uses."""

    endpoint: str
    instance: str
    key: RoleCredentials

    def client(self) -> ots.OTSClient:
        """The SDK's client."""
        token = {"sts_token": self.key.security_token} if self.key.security_token else {}
        return ots.OTSClient(
            self.endpoint,
            self.key.access_key_id,
            self.key.access_key_secret,
            self.instance,
            **token,
        )


@dataclass(frozen=True, slots=True, repr=False)
class LiveQueues:
    """An account's SMQ in a region; only queues of random names are made there, and deleted."""

    endpoint: str
    key: RoleCredentials


@dataclass(frozen=True, slots=True, repr=False)
class Sending:
    """What a message needs that is really sent: it costs one."""

    phone: PhoneNumber
    sign: str
    template: str


@dataclass(frozen=True, slots=True, repr=False)
class LiveSms:
    """An account's SMS service. sending: None if nothing may be sent."""

    endpoint: str
    key: RoleCredentials
    sending: Sending | None


@dataclass(frozen=True, slots=True, repr=False)
class LiveSts:
    """A token service, and a role that trusts the caller."""

    endpoint: str
    key: RoleCredentials
    role_arn: str


def is_asked_for(environment: Mapping[str, str]) -> bool:
    """True for `LIVE=1`."""
    return environment.get("LIVE") == "1"


def read_tablestore(environment: Mapping[str, str]) -> LiveTablestore:
    """The instance that the environment names. Raises LeftOut, LiveMisconfigured."""
    problems = []
    if not environment.get("LIVE_TABLESTORE_INSTANCE", SUFFIX).endswith(SUFFIX):
        problems.append(f"LIVE_TABLESTORE_INSTANCE must end in {SUFFIX}: its rows are deleted")
    endpoint, instance = _read(environment, _TABLESTORE, problems)
    return LiveTablestore(endpoint, instance, _key(environment))


def read_queues(environment: Mapping[str, str]) -> LiveQueues:
    """The queue service that the environment names. Raises LeftOut, LiveMisconfigured."""
    problems = []
    if not environment.get("LIVE_SMQ_ENDPOINT", "https://").startswith("https://"):
        problems.append("LIVE_SMQ_ENDPOINT must begin with https://")
    (endpoint,) = _read(environment, _QUEUE, problems)
    return LiveQueues(endpoint, _key(environment))


def read_sms(environment: Mapping[str, str]) -> LiveSms:
    """The SMS service that the environment names. Raises LeftOut, LiveMisconfigured."""
    (endpoint,) = _read(environment, _SMS)
    sending = None
    if any(environment.get(name) for name in _SENDING):
        phone, sign, template = _read(environment, _SENDING)
        try:
            sending = Sending(parse_phone(phone), sign, template)
        except PhoneInvalid:
            raise LiveMisconfigured("LIVE_SMS_PHONE is no phone number") from None
    return LiveSms(endpoint, _key(environment), sending)


def read_sts(environment: Mapping[str, str]) -> LiveSts:
    """The role that the environment names. Raises LeftOut, LiveMisconfigured."""
    (role_arn,) = _read(environment, _STS)
    endpoint = environment.get("LIVE_STS_ENDPOINT") or STS_ENDPOINT
    return LiveSts(endpoint, _key(environment), role_arn)


PARTS = (read_tablestore, read_queues, read_sms, read_sts)


def make_empty(client: ots.OTSClient) -> None:
    """Have the product's tables, without a row."""
    apply_tables(client)
    for table in TABLES:
        low = [(name, ots.INF_MIN) for name in table.key]
        high = [(name, ots.INF_MAX) for name in table.key]
        start: Any = low  # the SDK's untyped key
        while start is not None:
            _, start, rows, _ = client.get_range(
                table.name, "FORWARD", start, high, limit=BATCH_ROWS, max_version=1
            )
            if rows:
                _delete(client, table.name, [row.primary_key for row in rows])


def _delete(client: ots.OTSClient, table: str, keys: list[Any]) -> None:
    condition = ots.Condition("IGNORE")
    items = [ots.DeleteRowItem(ots.Row(key), condition) for key in keys]
    request = ots.BatchWriteRowRequest()
    request.add(ots.TableInBatchWriteRowItem(table, items))
    answer = client.batch_write_row(request)
    if not answer.is_all_succeed():
        raise LiveMisconfigured(f"{table}: rows could not be deleted")


def _read(
    environment: Mapping[str, str], names: Sequence[str], problems: Sequence[str] = ()
) -> list[str]:
    if not any(environment.get(name) for name in names):
        raise LeftOut(names)
    missing = [f"{name} is not set" for name in (*names, *_KEYS) if not environment.get(name)]
    if missing or problems:
        raise LiveMisconfigured("; ".join([*missing, *problems]))
    return [environment[name] for name in names]


def _key(environment: Mapping[str, str]) -> RoleCredentials:
    key_id, secret = (environment[name] for name in _KEYS)
    return RoleCredentials(key_id, secret, environment.get("ALIBABA_CLOUD_SECURITY_TOKEN", ""))
