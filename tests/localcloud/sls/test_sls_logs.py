"""Logs in and out, through the SDK."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from alibabacloud_sls20201230 import models
from darabonba.runtime import RuntimeOptions
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy
from Tea.exceptions import TeaException

from infra.localcloud.core.wire import WireRequest
from infra.localcloud.sls.calls import Call
from infra.localcloud.sls.errors import SlsRefused
from infra.localcloud.sls.payloads import compress, decompress, read_log_group
from infra.localcloud.sls.records import Log
from infra.localcloud.sls.routes import Route, Target
from tests.localcloud.sls.running import (
    BASE_S,
    INDEX,
    PROJECT,
    STORE,
    RunningSls,
    code_of,
    get,
    put,
)


@pytest.mark.parametrize("compression", [None, "lz4", "zstd", "deflate"])
def test_log_comes_back_as_it_was_put(sls: RunningSls, compression: str | None) -> None:
    client = sls.with_store()
    put(client, (7, {"método": "é", "status": "200"}), topic="t", compression=compression)
    body = get(client)
    assert body.data == [
        {
            "__time__": str(BASE_S + 7),
            "__topic__": "t",
            "__source__": "192.0.2.1",
            "__tag__:role": "test",
            "método": "é",
            "status": "200",
        }
    ]
    assert (body.meta.progress, body.meta.count, body.meta.has_sql) == ("Complete", 1, False)


@pytest.mark.parametrize("encoding", ["lz4", "zstd", "gzip", "identity"])
def test_answer_is_compressed_as_asked(sls: RunningSls, encoding: str) -> None:
    client = sls.with_store()
    put(client, (0, {"method": "x" * 1000}))
    answer = client.get_logs_v2with_options(
        PROJECT,
        STORE,
        models.GetLogsV2Request(from_=BASE_S, to=BASE_S + 9, query="*"),
        models.GetLogsV2Headers(common_headers={"Accept-Encoding": encoding}),
        RuntimeOptions(),
    )
    kind = answer.headers.get("x-log-compresstype", "identity")
    assert (answer.body.meta.count, kind) == (1, encoding)


def test_get_logs_pages_in_either_direction(sls: RunningSls) -> None:
    client = sls.with_store()
    put(client, *((second, {"status": str(second)}) for second in (3, 1, 2, 0)))

    def seen(**fields: object) -> list[str]:
        return [row["status"] for row in get(client, **fields).data]

    assert seen() == ["0", "1", "2", "3"]
    assert seen(line=2, offset=1) == ["1", "2"]
    assert seen(line=2, reverse=True) == ["3", "2"]
    assert seen(from_=BASE_S + 1, to=BASE_S + 3) == ["1", "2"]


def test_get_logs_keeps_to_a_topic(sls: RunningSls) -> None:
    client = sls.with_store()
    put(client, (0, {"method": "a"}), topic="one")
    put(client, (0, {"method": "b"}), topic="two")
    assert [row["method"] for row in get(client, topic="two").data] == ["b"]
    assert [row["method"] for row in get(client, "__topic__: one").data] == ["a"]
    assert get(client, '"__tag__:role": test').meta.count == 2


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"from_": 5, "to": 5}, "InvalidTimeRange"),
        ({"line": 101}, "InvalidLine"),
        ({"line": -1}, "InvalidLine"),
        ({"offset": -1}, "InvalidOffset"),
        ({"query": "a and"}, "ParameterInvalid"),
        ({"query": "* | select nope"}, "ParameterInvalid"),
    ],
)
def test_get_logs_refuses_wrong_parameters(
    sls: RunningSls, fields: dict[str, object], code: str
) -> None:
    client = sls.with_store()
    with pytest.raises(TeaException) as caught:
        get(client, **fields)
    assert code_of(caught.value) == (code, 400)


def test_get_logs_needs_an_index_and_finds_only_what_came_after_it(sls: RunningSls) -> None:
    client = sls.with_store(None)
    put(client, (0, {"method": "before"}))
    with pytest.raises(TeaException) as caught:
        get(client)
    assert code_of(caught.value) == ("IndexConfigNotExist", 400)

    sls.cloud.clock.advance(1)
    index = models.CreateIndexRequest(body=models.Index().from_map(INDEX))
    client.create_index(PROJECT, STORE, index)
    put(client, (0, {"method": "after"}))
    assert [row["method"] for row in get(client).data] == ["after"]


def test_log_is_gone_after_its_retention(sls: RunningSls) -> None:
    client = sls.with_store(ttl=1)
    put(client, (0, {"method": "GET"}))
    assert get(client).meta.count == 1
    sls.cloud.clock.advance(2 * 86_400)
    assert get(client).meta.count == 0


def test_get_logs_carries_out_sql(sls: RunningSls) -> None:
    client = sls.with_store()
    put(client, *((second, {"status": str(200 + second % 2)}) for second in range(5)))
    body = get(client, "* | select status, count(*) as n group by status order by status")
    assert body.data == [{"status": "200", "n": "3"}, {"status": "201", "n": "2"}]
    assert (body.meta.has_sql, body.meta.keys) == (True, ["status", "n"])
    assert body.meta.processed_rows == 5


def test_histogram_counts_each_part(sls: RunningSls) -> None:
    client = sls.with_store()
    put(client, (0, {"method": "a"}), (61, {"method": "a"}), (62, {"method": "b"}))
    request = models.GetHistogramsRequest(from_=BASE_S, to=BASE_S + 120, query="a | select 1")
    parts = client.get_histograms(PROJECT, STORE, request).body
    assert sum(part.count for part in parts) == 2
    assert [part.from_ for part in parts if part.count] == [BASE_S, BASE_S + 60]
    assert (parts[0].from_, parts[-1].to) == (BASE_S, BASE_S + 120)


def test_door_writes_only_where_a_store_is(sls: RunningSls) -> None:
    log = Log(BASE_S, sls.cloud.clock.now_s() + 1, "t", fields={"method": "GET"})
    assert not sls.service.put(PROJECT, STORE, [log])
    client = sls.with_store()
    assert sls.service.put(PROJECT, STORE, [log])
    assert not sls.service.put(PROJECT, "other", [log])
    assert get(client).meta.count == 1


def test_reading_a_json_message_by_its_leaves(sls: RunningSls) -> None:
    client = sls.with_store()
    line = {"event": "sms_sent", "status": 503, "at": {"country": "CN"}, "dead": True, "ms": 7}
    put(client, (0, {"message": json.dumps(line)}), (1, {"message": "plain text"}))
    for query in (
        "message.event: sms_sent",
        "message.status >= 500",
        "message.at.country: cn",
        "message.dead: true",
        "message.event: *",
        "not message: plain",
    ):
        assert get(client, query).meta.count == 1, query
    # Under index_all a number is not indexed: only by a name of its own.
    assert get(client, "message.ms: 7").meta.count == 0
    rows = get(client, '* | select "message.event" as e, "message.status" as s order by s').data
    assert rows == [{"e": "null", "s": "null"}, {"e": "sms_sent", "s": "503"}]


def test_lone_surrogates_are_no_text(sls: RunningSls) -> None:
    client = sls.with_store()
    put(client, (0, {"message": '{"event": "a\\ud800"}'}))
    assert get(client, '* | select "message.event" as e').data == [{"e": "a?"}]
    request = WireRequest("POST", "/", CIMultiDictProxy(CIMultiDict()), b'["\\ud800"]', "127.0.0.1")
    with pytest.raises(SlsRefused) as caught:
        Call(request, Target("", "/", (), {}), Route("?")).body()
    assert caught.value.code == "PostBodyInvalid"


@given(st.binary(max_size=200))
def test_log_group_of_any_bytes_is_read_or_refused(raw: bytes) -> None:
    with suppress(SlsRefused):
        assert all(isinstance(log, Log) for log in read_log_group(raw, 0.0))


@given(st.binary(max_size=300), st.sampled_from(["lz4", "zstd", "deflate"]))
def test_compression_is_undone(raw: bytes, kind: str) -> None:
    assert decompress(compress(raw, kind), kind, len(raw)) == raw


@given(st.binary(max_size=100), st.sampled_from(["", "lz4", "zstd", "deflate", "rar"]))
def test_body_that_is_not_compressed_as_said_is_refused(raw: bytes, kind: str) -> None:
    with suppress(SlsRefused):
        assert len(decompress(raw, kind, 12)) == 12
