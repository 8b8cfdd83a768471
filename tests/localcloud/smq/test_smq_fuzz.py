"""Bad input behind a good signature: SMQ's own error, and nothing kept of what it refuses."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.localcloud.smq.errors import ERRORS
from tests.localcloud.smq.conftest import RunningSmq
from tests.localcloud.smq.signing import call

BOUNDED = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class FuzzedSmq(RunningSmq):
    """One server for all the examples, with the files behind it."""

    def __init__(self, data) -> None:
        super().__init__(data)
        self._files = [data / "smq" / name for name in ("smq.db", "topics.db")]

    def kept(self) -> list[tuple[object, ...]]:
        """Every row of every table."""
        rows: list[tuple[object, ...]] = []
        for file in self._files:
            with closing(sqlite3.connect(file)) as database:
                names = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                for (table,) in names.fetchall():
                    if table != "sqlite_sequence":
                        rows += database.execute(f"SELECT '{table}', * FROM {table}").fetchall()
        return rows

    def refuses_or_takes(self, method: str, target: str, body: bytes = b"", **headers) -> None:
        """One signed call, answered in the protocol's way; what is refused leaves no row."""
        before = self.kept()

        status, code = call(self, method, target, body, **headers)

        if status < 300:
            assert code is None
            return
        is_batch = code is None  # the errors of a batch stand in a list of their own
        assert status == 404 if is_batch else status == ERRORS[str(code)][0]
        assert status < 500
        assert is_batch or self.kept() == before


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FuzzedSmq]:
    running = FuzzedSmq(tmp_path_factory.mktemp("smq"))
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _goes_on(fuzzed: FuzzedSmq, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """There are a queue and a topic before; a message goes through after, and no bug was logged."""
    assert call(fuzzed, "PUT", "/queues/jobs")[0] < 300
    assert call(fuzzed, "PUT", "/topics/news")[0] < 300
    with caplog.at_level(logging.ERROR):
        yield
    assert [record.getMessage() for record in caplog.records] == []
    assert call(fuzzed, "PUT", "/queues/after")[0] < 300
    assert call(fuzzed, "POST", "/queues/after/messages", GOOD[0][2])[0] == 201
    assert call(fuzzed, "GET", "/queues/after/messages?waitseconds=0") == (200, None)


GOOD = (
    (
        "POST",
        "/queues/jobs/messages",
        b"<Message><MessageBody>aGk=</MessageBody><DelaySeconds>0</DelaySeconds>"
        b"<Priority>8</Priority></Message>",
    ),
    (
        "POST",
        "/queues/jobs/messages",
        b"<Messages><Message><MessageBody>a</MessageBody></Message>"
        b"<Message><MessageBody>b</MessageBody></Message></Messages>",
    ),
    (
        "DELETE",
        "/queues/jobs/messages",
        b"<ReceiptHandles><ReceiptHandle>1-a</ReceiptHandle></ReceiptHandles>",
    ),
    (
        "PUT",
        "/queues/other",
        b"<Queue><VisibilityTimeout>30</VisibilityTimeout><DelaySeconds>0</DelaySeconds>"
        b"<LoggingEnabled>true</LoggingEnabled></Queue>",
    ),
    (
        "PUT",
        "/queues/jobs?metaoverride=true",
        b"<Queue><PollingWaitSeconds>0</PollingWaitSeconds></Queue>",
    ),
    ("PUT", "/topics/other", b"<Topic><MaximumMessageSize>65536</MaximumMessageSize></Topic>"),
    (
        "PUT",
        "/topics/news/subscriptions/s",
        b"<Subscription><Endpoint>acs:mns:cn-hangzhou:1:queues/jobs</Endpoint>"
        b"<FilterTag>t</FilterTag><NotifyStrategy>BACKOFF_RETRY</NotifyStrategy>"
        b"<NotifyContentFormat>JSON</NotifyContentFormat></Subscription>",
    ),
    (
        "POST",
        "/topics/news/messages",
        b"<Message><MessageBody>aGk=</MessageBody><MessageTag>t</MessageTag><UserProperties>"
        b"<PropertyValue><Name>n</Name><Value>v</Value></PropertyValue></UserProperties></Message>",
    ),
)
PIECES = (
    *(b"", b"-1", b"99999999999999999999", b"1e3", b"\xef\xbc\x91", b"&#0;", b"&#xD800;", b"&x;"),
    *(
        b"\0",
        b"\xff",
        b"\xef\xbf\xbf",
        b"&#13;&#10;",
        b"]]>",
        b"<![CDATA[x]]>",
        b"<!-- -->",
        b"<?p?>",
    ),
    *(b"<a>" * 9 + b"</a>" * 9, b"<a>" * 5000, b"<Message/>", b"</Message>", b"x" * 70_000),
    *(b"http://127.0.0.1:99999/", b"http://[::1", b"http://127.0.0.1:1/\r\n", b"xmlns='x'"),
)
PROLOGUES = (
    *(
        b"<!DOCTYPE a>",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\0",
        b" " * 600,
        b"<!--" + b"x" * 600 + b"-->",
    ),
    *(
        f'<?xml version="1.0" encoding="{name}"?>'.encode()
        for name in ("utf-16", "gbk", "latin-1", "hex", "idna", "undefined", "utf-7", "\u4e2d", "")
    ),
)


@st.composite
def spoiled(draw: st.DrawFn) -> tuple[str, str, bytes]:
    """A good request whose body has a text or tag replaced, is cut off, or begins wrongly."""
    method, target, good = draw(st.sampled_from(GOOD))
    body = good
    for _ in range(draw(st.integers(1, 2))):
        match draw(st.sampled_from(["text", "text", "text", "put in", "cut", "begin"])):
            case "text":
                parts = body.replace(b">", b">\n").split(b"\n")
                at = draw(st.integers(0, len(parts) - 1))
                tag = parts[at][parts[at].find(b"<") :] if b"<" in parts[at] else b""
                parts[at] = draw(st.sampled_from(PIECES)) + tag
                body = b"".join(parts)
            case "put in":
                at = draw(st.integers(0, len(body)))
                body = body[:at] + draw(st.sampled_from(PIECES) | st.binary(max_size=3)) + body[at:]
            case "cut":
                body = body[: draw(st.integers(0, len(body)))]
            case "begin":
                body = draw(st.sampled_from(PROLOGUES)) + body
    return method, target, body


@BOUNDED
@given(request=spoiled())
def test_spoiled_xml_is_answered_by_the_protocol(
    fuzzed: FuzzedSmq, request: tuple[str, str, bytes]
) -> None:
    fuzzed.refuses_or_takes(*request)


TEXTS = st.one_of(
    st.sampled_from(
        ["", "0", "-1", "1", "16", "1e1", "\u0661", "9" * 5000, "1-a", "\u00b2-a", "9" * 17 + "-a"]
        + ["true", "\0", "a\r\nb", "../jobs", "a_b", "q" * 257, "\uff4aobs", "jobs\u0130", "*", "'"]
    ),
    st.text(max_size=6),
)
NAMES = st.sampled_from(
    ["jobs", "news", "messages", "subscriptions", "queues", "topics", "s"]
) | TEXTS.map(lambda text: quote(text, safe="", errors="replace"))
PATHS = st.tuples(st.sampled_from(["queues", "topics"]), st.lists(NAMES, max_size=4)).map(
    lambda parts: "/" + "/".join((parts[0], *parts[1]))
)
QUERIES = st.dictionaries(
    st.sampled_from(
        ["numOfMessages", "peekonly", "ReceiptHandle", "VisibilityTimeout", "metaoverride", "x"]
    ),
    TEXTS.map(lambda text: quote(text, safe="", errors="replace"))
    | st.sampled_from(["%", "%zz", "%ff", "%ed%a0%80", "=", "&&", "?"]),
    max_size=3,
).map(lambda fields: "&".join(f"{key}={value}" for key, value in fields.items()))


@BOUNDED
@given(
    method=st.sampled_from(["GET", "PUT", "POST", "DELETE"]),
    path=PATHS,
    query=QUERIES,
    wait=st.sampled_from(["", "&waitseconds=-1", "&waitseconds=31", "&waitseconds=x"]),
    body=st.sampled_from([b"", GOOD[0][2], GOOD[2][2]]),
)
def test_any_path_and_query_is_answered_by_the_protocol(
    fuzzed: FuzzedSmq, method: str, path: str, query: str, wait: str, body: bytes
) -> None:
    fuzzed.refuses_or_takes(method, f"{path}?{query}{wait}", body)


@BOUNDED
@given(
    target=st.sampled_from(["/queues", "/topics", "/topics/news/subscriptions", "/queues/jobs"]),
    headers=st.dictionaries(
        st.sampled_from(
            ["x_mns_prefix", "x_mns_marker", "x_mns_ret_number", "x_mns_with_meta", "host"]
            + ["x_mns_version", "content_type", "content_md5", "date", "security_token"]
        ),
        # Without control characters: those are no HTTP, and never come to a service.
        TEXTS.map(lambda text: "".join(filter(str.isprintable, text)).strip()),
        max_size=2,
    ),
)
def test_any_headers_are_answered_by_the_protocol(
    fuzzed: FuzzedSmq, target: str, headers: dict[str, str]
) -> None:
    fuzzed.refuses_or_takes("GET", target, **headers)
