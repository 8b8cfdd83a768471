"""A log service for fuzzing: calls signed by hand, and the file behind it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from infra.localcloud.sls.errors import ERRORS
from tests.localcloud.sls.running import BASE_S, INDEX, PROJECT, STORE, RunningSls

JSON = "application/json"
DASHBOARD = {
    "dashboardName": "board",
    "displayName": "Board",
    "charts": [
        {"title": "t", "type": "table", "search": {"query": "*", "topic": ""}, "display": {"x": 1}}
    ],
}
ALERT = {
    "name": "alarm",
    "displayName": "Alarm",
    "configuration": {
        "queryList": [{"query": "* | select count(*) as c", "store": STORE, "start": "-300s"}],
        "conditionConfiguration": {"condition": "c > 0"},
    },
    "schedule": {"type": "FixedRate", "interval": "60s"},
}
SEARCH = {
    "savedsearchName": "saved",
    "displayName": "Saved",
    "logstore": STORE,
    "searchQuery": "*",
}
STORED = {"logstoreName": "other", "ttl": 30, "shardCount": 2, "mode": "standard"}


class FuzzedSls(RunningSls):
    """One server for all the examples, with the file behind it."""

    def __init__(self, data: Path) -> None:
        super().__init__(data)
        self._file = data / "sls" / "sls.db"

    def begin(self) -> None:
        """Have one of each resource, and a log."""
        self.service.reset()
        self.service.ensure(
            PROJECT,
            STORE,
            ttl_days=30,
            index=INDEX,
            dashboards={"board": DASHBOARD},
            alerts={"alarm": ALERT},
        )
        self.good("POST", "/logstores", {**STORED, "logstoreName": "bare"})
        self.good("POST", "/savedsearches", SEARCH)
        assert self.put_logs(log_group()) == 200

    def kept(self) -> list[tuple[object, ...]]:
        """Every row."""
        with closing(sqlite3.connect(self._file)) as database:
            return [
                row
                for table in ("document", "log")
                for row in database.execute(f"SELECT '{table}', * FROM {table}")
            ]

    def good(self, method: str, target: str, content: object = None) -> object:
        """What a call that is in order is answered."""
        body = b"" if content is None else json.dumps(content).encode()
        status, answer = self.call(method, target, body)
        assert status == 200, answer
        return json.loads(answer) if answer else None

    def put_logs(self, raw: bytes, **headers: str) -> int:
        """The status of a PutLogs without compression."""
        given = {"Content-Type": "application/x-protobuf", "x-log-bodyrawsize": str(len(raw))}
        return self.ask("POST", f"/logstores/{STORE}/shards/lb", raw, {**given, **headers})

    def ask(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> int:
        """The status of one call, answered in the service's way; what is refused leaves no row."""
        before = self.kept()

        status, answer = self.call(method, target, body, headers)

        if status == 200:
            assert not answer or json.loads(answer, parse_constant=_no_json) is not None
            return status
        error = json.loads(answer)
        assert error.keys() == {"errorCode", "errorMessage", "requestId"}
        assert status == ERRORS[error["errorCode"]][0] < 500
        assert self.kept() == before
        return status

    def call(
        self, method: str, target: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """One call, signed from the specification of V1."""
        address = self.endpoint.removeprefix("http://")
        sent = {
            "Content-Type": JSON,
            "Content-MD5": hashlib.md5(body).hexdigest().upper(),
            "Date": formatdate(usegmt=True),
            "x-log-apiversion": "0.6.0",
            "x-log-signaturemethod": "hmac-sha1",
            **(headers or {}),
        }
        own = "".join(f"{k}:{v}\n" for k, v in sorted(sent.items()) if k.startswith("x-log-"))
        lines = [method, *(sent[name] for name in ("Content-MD5", "Content-Type", "Date"))]
        text = "\n".join(lines) + "\n" + own + _resource(target)
        root = self.cloud.identities.root
        mac = hmac.new(root.access_key_secret.encode(), text.encode("utf-8", "replace"), "sha1")
        signature = base64.b64encode(mac.digest()).decode()
        sent |= {"Host": f"{PROJECT}.{address}", "Accept-Encoding": "identity"}
        sent["Authorization"] = f"LOG {root.access_key_id}:{signature}"
        connection = http.client.HTTPConnection(address, timeout=10)
        try:
            encoded = {name: value.encode() for name, value in sent.items()}
            connection.request(method, target, body=body, headers=encoded)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _resource(target: str) -> str:
    """The path and the query, both in the clear, as V1 signs them."""
    path, _, query = target.partition("?")
    pairs = sorted(dict(parse_qsl(query, keep_blank_values=True, errors="replace")).items())
    parts = "/" + "/".join(unquote(part) for part in path.split("/") if part)
    return parts + ("?" if pairs else "") + "&".join(f"{name}={value}" for name, value in pairs)


def _no_json(constant: str) -> object:
    raise AssertionError(f"{constant} is no JSON")


def varint(number: int) -> bytes:
    """A number of protobuf."""
    if number < 0x80:
        return bytes([number])
    return bytes([number & 0x7F | 0x80]) + varint(number >> 7)


def field(number: int, value: bytes | int) -> bytes:
    """A field of protobuf."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def log_group(time_s: int = BASE_S, key: bytes = b"method", value: bytes = b"GET") -> bytes:
    """A LogGroup with one log."""
    pair = field(1, key) + field(2, value)
    log = field(1, time_s) + field(2, pair)
    return field(1, log) + field(3, b"topic") + field(4, b"source") + field(6, pair)
