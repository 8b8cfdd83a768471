"""A Tablestore server in a thread of its own, and the unmodified SDK's client for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any
from urllib.parse import urlsplit

from infra.localcloud.core.cloud import Cloud
from infra.localcloud.core.identities import Identity
from infra.localcloud.tablestore import ots_pb2
from infra.localcloud.tablestore.service import TablestoreService
from tests.background import Background

with warnings.catch_warnings():
    # The SDK says at import that its native codec is for another Python.
    warnings.simplefilter("ignore", ImportWarning)
    import tablestore as sdk


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An HTTP answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> tuple[str, str]:
        """The code and the text of an error answer."""
        message = ots_pb2.Error.FromString(self.body)
        return message.code, message.message


class RunningTablestore:
    """A server on a free port, from construction to stop()."""

    def __init__(self, cloud: Cloud, **options: Any) -> None:
        self.cloud = cloud
        self.service = TablestoreService(cloud, **options)
        self._background = Background()
        self._server = self._background.serve(self.service, cloud)
        self.endpoint = self._server.endpoint

    def stop_listening(self) -> None:
        """Answer no more, and close what is open."""
        self._background.run(self._server.stop())

    def stop(self) -> None:
        """Stop serving and close the data."""
        self.stop_listening()
        self._background.close()
        self.service.close()

    def client(self, identity: Identity | None = None, **options: Any) -> sdk.OTSClient:
        """An SDK client that signs as `identity`, or as the account's root key."""
        identity = identity or self.cloud.identities.root
        settings = {
            "sts_token": identity.token or None,
            "retry_policy": sdk.NoRetryPolicy(),
            "socket_timeout": 10,
            **options,
        }
        return sdk.OTSClient(
            self.endpoint,
            identity.access_key_id,
            identity.access_key_secret,
            "local",
            **settings,
        )

    def post(
        self,
        operation: str,
        body: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        without: str = "",
        method: str = "POST",
        date: datetime | None = None,
    ) -> RawAnswer:
        """Send a raw body, rightly signed by the root key, with headers changed before signing."""
        root = self.cloud.identities.root
        date = date or datetime.now(timezone.utc)
        sent = {
            "x-ots-date": date.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "x-ots-apiversion": "2015-12-31",
            "x-ots-accesskeyid": root.access_key_id,
            "x-ots-instancename": "local",
            "x-ots-contentmd5": base64.b64encode(hashlib.md5(body).digest()).decode(),
            **(headers or {}),
        }
        sent.pop(without, None)
        lines = "\n".join(sorted(f"{name}:{value}" for name, value in sent.items()))
        text = f"/{operation}\n{method}\n\n{lines}\n"
        digest = hmac.new(root.access_key_secret.encode(), text.encode(), "sha1").digest()
        if without != "x-ots-signature":
            sent.setdefault("x-ots-signature", base64.b64encode(digest).decode())
        return self.send(method, f"/{operation}", body, sent)

    def send(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> RawAnswer:
        """Send a request as it stands."""
        connection = http.client.HTTPConnection(urlsplit(self.endpoint).netloc, timeout=10)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return RawAnswer(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        finally:
            connection.close()


def create_table(
    client: sdk.OTSClient,
    name: str = "t",
    schema: list[tuple[str, ...]] | None = None,
    **options: Any,
) -> None:
    """A table whose key is one STRING column `pk`, unless `schema` says otherwise."""
    client.create_table(
        sdk.TableMeta(name, schema or [("pk", "STRING")]),
        sdk.TableOptions(**options),
        sdk.ReservedThroughput(sdk.CapacityUnit(0, 0)),
    )


def columns(row: sdk.Row | None) -> dict[str, Any] | None:
    """A row's newest values by column name; None for no row."""
    if row is None:
        return None
    newest: dict[str, Any] = {}
    for name, value, _ in row.attribute_columns:
        newest.setdefault(name, value)
    return newest


def read(client: sdk.OTSClient, pk: str, table: str = "t") -> dict[str, Any] | None:
    """The columns of the row with this `pk`."""
    _, row, _ = client.get_row(table, [("pk", pk)], max_version=1)
    return columns(row)


def put(client: sdk.OTSClient, pk: str, table: str = "t", **values: Any) -> None:
    """Put a row without conditions."""
    client.put_row(table, sdk.Row([("pk", pk)], list(values.items())), None)


def where(column: str, comparator: str, value: Any, **options: bool) -> sdk.SingleColumnCondition:
    """A column condition; `where("n", "LESS_THAN", 3, pass_if_missing=False)`."""
    return sdk.SingleColumnCondition(
        column, value, getattr(sdk.ComparatorType, comparator), **options
    )


def every(*parts: Any) -> sdk.CompositeColumnCondition:
    """All of the parts."""
    return combine("AND", *parts)


def combine(operator: str, *parts: Any) -> sdk.CompositeColumnCondition:
    """The parts under AND, OR or NOT."""
    composite = sdk.CompositeColumnCondition(getattr(sdk.LogicalOperator, operator))
    for part in parts:
        composite.add_sub_condition(part)
    return composite


def provided(column_condition: Any = None, existence: str = "IGNORE") -> sdk.Condition:
    """A write's condition."""
    return sdk.Condition(existence, column_condition)
