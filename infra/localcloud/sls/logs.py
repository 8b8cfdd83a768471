"""Logs in and out: PutLogs, GetLogs (and GetLogsV2, the same on the wire) and GetHistograms."""

from __future__ import annotations

import json
from collections.abc import Mapping

from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.wire import WireAnswer
from infra.localcloud.sls.analysis import Table, analyse
from infra.localcloud.sls.calls import Call, done, json_answer
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.index import Index, read_index
from infra.localcloud.sls.matching import check, matches
from infra.localcloud.sls.payloads import ANSWER_ENCODINGS, compress, decompress, read_log_group
from infra.localcloud.sls.records import Record
from infra.localcloud.sls.resources import Resources
from infra.localcloud.sls.search import read_search, split_query
from infra.localcloud.sls.store import LogDatabase

LINES_LIMIT = 100
LOGS_LIMIT = 40_960
"""Logs in one PutLogs, by the page "PutLogs"."""
HISTOGRAM_PARTS = 60  # inferred: the page promises parts, not how many


class Logs:
    """The operations on logs of one database."""

    def __init__(self, database: LogDatabase, resources: Resources, clock: CloudClock) -> None:
        self._database = database
        self._resources = resources
        self._clock = clock

    def put_logs(self, call: Call) -> WireAnswer:
        """PutLogs: a LogGroup, compressed or not."""
        store, headers = self._resources.store(call), call.request.headers
        if headers.get("Content-Type") != "application/x-protobuf":
            raise SlsRefused("InvalidContentType")
        size = headers.get("x-log-bodyrawsize", "")
        if not size:
            raise SlsRefused("MissingBodyRawSize")
        if not (size.isascii() and size.isdecimal() and len(size) < 12):
            raise SlsRefused("InvalidBodyRawSize")
        raw = decompress(call.request.body, headers.get("x-log-compresstype", ""), int(size))
        logs = read_log_group(raw, self._clock.now_s())
        if len(logs) > LOGS_LIMIT:
            raise SlsRefused("PostBodyTooLarge")
        self._database.append(call.project, store.name, logs)
        return done()

    def get_logs(self, call: Call) -> WireAnswer:
        """GetLogsV2: the logs that a query finds, or the rows that its SQL makes of them."""
        body = call.body()
        query, topic = _text(body, "query"), _text(body, "topic")
        search, sql = split_query(query)
        index, records = self._find(call, _span(body.get("from"), body.get("to")), search, topic)
        if "|" in query and sql.strip():
            table = analyse(sql, records, index, call.route.store)
            rows = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
            return _answer(call, rows, _meta(len(rows), len(records), search, sql, table))
        line = _whole(body, "line", LINES_LIMIT, "InvalidLine")
        if line > LINES_LIMIT:
            raise SlsRefused("InvalidLine")
        offset = _whole(body, "offset", 0, "InvalidOffset")
        if body.get("reverse") is True:
            records.reverse()
        rows = [record.log.as_row() for record in records[offset : offset + line]]
        return _answer(call, rows, _meta(len(rows), len(records), search, "", None))

    def get_histograms(self, call: Call) -> WireAnswer:
        """GetHistograms: how many logs a search finds in each part of a time."""
        query = call.target.query
        times = [query.get(name, "") for name in ("from", "to")]
        if not all(time.isascii() and time.isdecimal() and len(time) < 12 for time in times):
            raise SlsRefused("InvalidTimeRange")
        from_s, to_s = _span(int(times[0]), int(times[1]))
        search, _ = split_query(query.get("query", ""))
        _, records = self._find(call, (from_s, to_s), search, query.get("topic", ""))
        step_s = max(1, -(-(to_s - from_s) // HISTOGRAM_PARTS))
        counts: dict[int, int] = {}
        for record in records:
            part = (record.log.time_s - from_s) // step_s
            counts[part] = counts.get(part, 0) + 1
        parts = [
            {
                "from": start_s,
                "to": min(start_s + step_s, to_s),
                "count": counts.get(number, 0),
                "progress": "Complete",
            }
            for number, start_s in enumerate(range(from_s, to_s, step_s))
        ]
        return json_answer(parts, {"x-log-progress": "Complete", "x-log-count": str(len(records))})

    def _find(
        self, call: Call, span: tuple[int, int], search: str, topic: str
    ) -> tuple[Index, list[Record]]:
        store, kept = self._resources.store(call), self._resources.index(call)
        index, node = read_index(kept.body), read_search(search)
        check(node, index)
        ttl_d = store.body["ttl"]
        assert isinstance(ttl_d, int)
        logs = self._database.logs(
            call.project,
            store.name,
            from_s=span[0],
            to_s=span[1],
            received_after=kept.created_at,
            ttl_d=ttl_d,
        )
        records = [Record(log) for log in logs if topic in ("", log.topic)]
        return index, [record for record in records if matches(node, record, index)]


def _answer(call: Call, rows: list[dict[str, str]], meta: Mapping[str, object]) -> WireAnswer:
    answer = json_answer({"meta": meta, "data": rows})
    accepted = call.request.headers.get("Accept-Encoding", "").replace(" ", "").split(",")
    for encoding in ANSWER_ENCODINGS:
        if encoding in accepted:
            headers = {
                **answer.headers,
                "x-log-compresstype": encoding,
                "x-log-bodyrawsize": str(len(answer.body)),
            }
            return WireAnswer(200, compress(answer.body, encoding), headers)
    return answer


def _meta(
    count: int, processed: int, search: str, sql: str, table: Table | None
) -> dict[str, object]:
    meta: dict[str, object] = {
        "progress": "Complete",
        "aggQuery": sql.strip(),
        "whereQuery": search.strip(),
        "hasSQL": table is not None,
        "processedRows": processed,
        "elapsedMillisecond": 0,
        "cpuSec": 0.0,
        "cpuCores": 0,
        "limited": 0,
        "mode": 0,
        "isAccurate": True,
        "count": count,
        "terms": [],
        "scanBytes": 0,
    }
    if table is not None:
        meta["keys"] = list(table.columns)
    meta["processedBytes"] = len(json.dumps(meta))
    return meta


def _span(from_s: object, to_s: object) -> tuple[int, int]:
    """A time span, closed at its begin and open at its end. Raises SlsRefused if it is empty."""
    if not isinstance(from_s, int) or not isinstance(to_s, int) or not 0 <= from_s < to_s < 1 << 33:
        raise SlsRefused("InvalidTimeRange")
    return from_s, to_s


def _text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name) or ""
    if not isinstance(value, str):
        raise SlsRefused("ParameterInvalid", f"{name} is not a string")
    return value


def _whole(body: Mapping[str, object], name: str, default: int, code: str) -> int:
    value = body.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise SlsRefused(code)
    return value
