"""Bad input behind a good signature: the service's own error, and nothing of it is kept."""

from __future__ import annotations

import json
import logging
import time
import zlib
from collections.abc import Iterator
from urllib.parse import quote

import lz4.block  # type: ignore[import-untyped]
import pytest
import zstd  # type: ignore[import-untyped]
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.localcloud.sls.fuzzed import ALERT, DASHBOARD, SEARCH, STORED, FuzzedSls, log_group
from tests.localcloud.sls.running import BASE_S, INDEX, STORE
from tests.localcloud.sls.spoiled import spoiled

BOUNDED = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
LOGS = f"/logstores/{STORE}/logs"
QUERY = {"from": BASE_S - 60, "to": BASE_S + 60, "query": "*", "line": 10, "offset": 0, "topic": ""}
SQL = {**QUERY, "query": "* | select method, count(*) as c from log group by method"}
GOOD = (
    ("POST", "/", {"projectName": "another", "description": "d"}),
    ("PUT", "/", {"description": "d", "recycleBinEnabled": False}),
    ("POST", "/logstores", STORED),
    ("PUT", f"/logstores/{STORE}", {**STORED, "logstoreName": STORE}),
    ("POST", "/logstores/bare/index", INDEX),
    ("PUT", f"/logstores/{STORE}/index", INDEX),
    ("POST", "/dashboards", DASHBOARD),
    ("PUT", "/dashboards/board", DASHBOARD),
    ("POST", "/alerts", ALERT),
    ("PUT", "/alerts/alarm", ALERT),
    ("POST", "/savedsearches", SEARCH),
    ("PUT", "/savedsearches/saved", SEARCH),
    ("POST", LOGS, QUERY),
    ("POST", LOGS, SQL),
)
READS = (
    *("/", "/logstores", f"/logstores/{STORE}", f"/logstores/{STORE}/index", "/dashboards"),
    *("/dashboards/board", "/alerts", "/alerts/alarm", "/savedsearches", "/savedsearches/saved"),
)


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedSls]:
    running = FuzzedSls(tmp_path_factory.mktemp("sls"))
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _goes_on(fuzzed: FuzzedSls, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """One of each before; a good log is found after, and no bug was logged."""
    fuzzed.begin()
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []
    fuzzed.begin()
    found = fuzzed.good("POST", LOGS, QUERY)
    assert isinstance(found, dict)
    assert found["meta"]["count"] == 1


@settings(BOUNDED, max_examples=80)
@given(data=st.data(), request=st.sampled_from(GOOD))
def test_spoiled_json_is_answered_by_the_protocol(
    fuzzed: FuzzedSls, data: st.DataObject, request: tuple[str, str, object]
) -> None:
    method, target, good = request
    status = fuzzed.ask(method, target, data.draw(spoiled(good)))
    if status == 200 and target != LOGS:
        # What was taken can be read again, alone and in its list, and be searched by.
        for read in READS:
            fuzzed.ask("GET", read, b"")
        fuzzed.ask("POST", LOGS, json.dumps(QUERY).encode())
        fuzzed.ask("POST", LOGS, json.dumps(SQL).encode())
        fuzzed.begin()


COMPRESS = {
    "": bytes,
    "lz4": lambda raw: lz4.block.compress(raw, store_size=False),
    "zstd": lambda raw: zstd.compress(raw, 1),
    "deflate": zlib.compress,
    "gzip": zlib.compress,
    "bzip2": bytes,
    "LZ4": bytes,
}
CHANGES = st.lists(
    st.tuples(st.integers(0, 100), st.integers(0, 3), st.binary(max_size=3)), max_size=2
)


def changed(body: bytes, changes: list[tuple[int, int, bytes]]) -> bytes:
    """The body with some bytes taken out, and others in their place."""
    for at, count, instead in changes:
        start = at % (len(body) + 1)
        body = body[:start] + instead + body[start + count :]
    return body


@BOUNDED
@given(
    group=st.builds(
        log_group,
        st.sampled_from([BASE_S, 0, (1 << 32) - 1, 1 << 32, 1 << 63]),
        st.sampled_from([b"method", b"", b"\0", b"\xff", b"\xed\xa0\x80", b"message", b"took"]),
        st.sampled_from([b"GET", b"\0", b"{" * 2000, b'{"event":"\\ud800"}', b"9" * 5000, b"nan"]),
    ),
    inside=CHANGES,
    kind=st.sampled_from(sorted(COMPRESS)),
    outside=st.just([]) | CHANGES,
    size=st.sampled_from(["", "0", "-1", "1", "1e2", "99999999999", "\u0661", "10485760"])
    | st.none(),
)
def test_spoiled_logs_are_answered_by_the_protocol(
    fuzzed: FuzzedSls,
    group: bytes,
    inside: list[tuple[int, int, bytes]],
    kind: str,
    outside: list[tuple[int, int, bytes]],
    size: str | None,
) -> None:
    raw = changed(group, inside)
    body = changed(COMPRESS[kind](raw), outside)
    headers = {"x-log-compresstype": kind} if kind else {}
    given_size = str(len(raw)) if size is None else size
    status = fuzzed.put_logs(body, **headers, **{"x-log-bodyrawsize": given_size})
    if status == 200:
        wide = {**QUERY, "from": 0, "to": 1 << 32}
        assert fuzzed.ask("POST", LOGS, json.dumps(wide).encode()) == 200
        aggregate = {**wide, "query": SQL["query"]}
        assert fuzzed.ask("POST", LOGS, json.dumps(aggregate).encode()) == 200


@pytest.mark.parametrize("kind", ["lz4", "zstd", "gzip"])
def test_bomb_is_refused_before_it_bursts(fuzzed: FuzzedSls, kind: str) -> None:
    bomb = COMPRESS[kind](bytes(12 * 1024 * 1024))
    headers = {"x-log-compresstype": kind, "x-log-bodyrawsize": "1000"}
    assert fuzzed.put_logs(bomb, **headers) == 400


WORDS = st.sampled_from(
    ["*", "GET", "and", "or", "not", "(", ")", "[", "]", ":", "<", ">=", "=", '"', "in", "|", "\\"]
    + ["status", "method", "message.event", "__tag__:x", "1", "-1e9", "9" * 400, "\u0661", "?", "'"]
    + ["a*" * 30 + "b", "\0", "\uff4a", "select", "count(*)", "from", "log", "group by", "where"]
    + ["'x\0'", '"method"', "date_format(__time__, '%')", "cast('x' as blob)", "limit -1", "avg("]
    + ["concat('a', 'b')", "union", "substr(", ",", "from_unixtime(1e300)", "json_extract_scalar("]
)
QUERIES = st.tuples(
    st.sampled_from(["", "* | select ", "* | select count(*) from log where ", "method: "]),
    st.lists(WORDS, max_size=5).map(" ".join) | st.text(max_size=8),
).map("".join)


@BOUNDED
@given(query=QUERIES)
def test_any_query_is_answered_by_the_protocol(fuzzed: FuzzedSls, query: str) -> None:
    fuzzed.ask("POST", LOGS, json.dumps({**QUERY, "query": query}).encode())


def test_word_with_many_wildcards_takes_no_time(fuzzed: FuzzedSls) -> None:
    assert fuzzed.put_logs(log_group(value=b"a" * 5000)) == 200
    start_s = time.perf_counter()

    fuzzed.ask("POST", LOGS, json.dumps({**QUERY, "query": "a*" * 30 + "b"}).encode())

    assert time.perf_counter() - start_s < 2


@pytest.mark.parametrize(
    ("target", "good", "wrong", "code"),
    [
        ("/logstores", STORED, {"ttl": 3650.0}, "LogStoreInfoInvalid"),
        (
            "/dashboards",
            {**DASHBOARD, "dashboardName": "b2"},
            {"x": float("nan")},
            "PostBodyInvalid",
        ),
        (
            "/logstores/bare/index",
            INDEX,
            {"keys": {"a\0b": INDEX["keys"]["method"]}},
            "IndexInfoInvalid",
        ),
        (LOGS, QUERY, {"query": "* | select '\0' as a"}, "ParameterInvalid"),
    ],
)
def test_value_that_cannot_be_carried_out_is_refused(
    fuzzed: FuzzedSls, target: str, good: dict[str, object], wrong: dict[str, object], code: str
) -> None:
    status, answer = fuzzed.call("POST", target, json.dumps({**good, **wrong}).encode())
    assert (status, json.loads(answer or b"{}").get("errorCode")) == (400, code)


@pytest.mark.parametrize("depth", [90, 500, 900, 940, 960, 100_000])
def test_body_that_nests_too_deep_is_refused(fuzzed: FuzzedSls, depth: int) -> None:
    deep = json.dumps({**DASHBOARD, "dashboardName": "deep", "x": "@"})
    body = deep.replace('"@"', "[" * depth + "]" * depth).encode()
    assert fuzzed.ask("POST", "/dashboards", body) == 400
    fuzzed.good("GET", "/dashboards")


def test_alert_of_the_start_is_updated_and_stays_enabled(fuzzed: FuzzedSls) -> None:
    fuzzed.good("PUT", "/alerts/alarm", {**ALERT, "displayName": "Another"})
    found = fuzzed.good("GET", "/alerts/alarm")
    assert isinstance(found, dict)
    assert (found["displayName"], found["status"]) == ("Another", "ENABLED")


SEGMENTS = st.sampled_from(
    [*("logstores", STORE, "index", "logs", "shards", "lb", "dashboards", "board", "alerts")]
    + [*("alarm", "savedsearches", "%00", "%ff", "%", "..", "%2f", "%ed%a0%80", "*", "x" * 3000)]
    + [quote("ｌogstores"), "a%20b"]
)
PARAMETERS = st.dictionaries(
    st.sampled_from(["offset", "size", "type", "from", "to", "query", "topic", "action", "mode"]),
    st.sampled_from(["", "0", "-1", "1", "9" * 30, "%D9%A1", "histogram", "enable", "disable"])
    | st.sampled_from(["%00", "%ff", "%", "*", "method%3A%20x", "%22", "1e3", str(BASE_S)]),
    max_size=4,
).map(lambda fields: "&".join(f"{name}={value}" for name, value in fields.items()))


@BOUNDED
@given(
    method=st.sampled_from(["GET", "GET", "PUT", "POST", "DELETE", "PATCH"]),
    segments=st.sampled_from(
        [["logstores", STORE, "index"], ["alerts", "alarm"], ["logstores"], ["alerts"], []]
    )
    | st.lists(SEGMENTS, max_size=5),
    query=PARAMETERS,
)
def test_any_target_is_answered_by_the_protocol(
    fuzzed: FuzzedSls, method: str, segments: list[str], query: str
) -> None:
    status = fuzzed.ask(method, "/" + "/".join(segments) + "?" + query, b"{}")
    if status == 200 and method != "GET":
        fuzzed.begin()
