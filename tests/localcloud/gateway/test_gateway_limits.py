"""Hostile requests get a 4xx with a stable code, in time."""

from __future__ import annotations

import asyncio

import pytest

from tests.localcloud.gateway.served import Serve

PROBLEM = "application/problem+json"
HOST = b"Host: x\r\n"


def _get(extra: bytes = b"", target: bytes = b"/v1/x") -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + extra + b"\r\n"


HOSTILE = {
    "garbage": b"\x16\x03\x01\x02\x00\r\n\r\n",
    "no_target": b"GET\r\n\r\n",
    "http2_preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "unknown_method": b"BREW /v1/x HTTP/1.1\r\n\r\n",
    "header_over_the_limit": _get(b"A: " + b"x" * 9000 + b"\r\n"),
    "header_of_a_megabyte": _get(b"A: " + b"x" * 1_000_000 + b"\r\n"),
    "header_of_30_megabytes": _get(b"A: " + b"x" * 30_000_000 + b"\r\n"),
    "hundreds_of_headers": _get(b"".join(b"A%d: %s\r\n" % (n, b"x" * 20) for n in range(500))),
    "thousands_of_headers": _get(b"".join(b"A%d: x\r\n" % n for n in range(5000))),
    "target_over_the_limit": _get(target=b"/v1/x?" + b"q" * 4200),
    "target_of_a_megabyte": _get(target=b"/v1/" + b"q" * 1_000_000),
    "header_with_nul": _get(b"A: \x00\r\n"),
    "two_content_lengths": _get(b"Content-Length: 1\r\nContent-Length: 2\r\n"),
    "bad_chunk": _get(b"Transfer-Encoding: chunked\r\n") + b"zz\r\n",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_request_is_refused(serve: Serve, name: str) -> None:
    status, content_type, document = serve().raw(HOSTILE[name])
    assert (status, content_type, document["code"]) == (400, PROBLEM, "invalid_request")


def test_headers_and_target_at_the_limit_are_served(serve: Serve) -> None:
    status, _, event = serve().raw(_get(b"A: " + b"x" * 8000 + b"\r\n", b"/v1/x?q=" + b"q" * 4000))
    assert status == 200
    assert len(event["headers"]["A"]) == 8000


@pytest.mark.parametrize(
    "head", [b"Content-Length: 33554433\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n"]
)
def test_a_body_over_32_megabytes_is_refused(serve: Serve, head: bytes) -> None:
    body = (
        b"" if b"abc" in head else (b"100000\r\n" + b"a" * 0x100000 + b"\r\n") * 33 + b"0\r\n\r\n"
    )
    request = b"POST /v1/x HTTP/1.1\r\n" + HOST + head + body
    status, content_type, document = serve().raw(request)
    assert (status, content_type, document["code"]) == (413, PROBLEM, "payload_too_large")


def test_a_body_of_several_megabytes_reaches_the_function(serve: Serve) -> None:
    event = serve().event("/v1/x", content=b"x" * 3_000_000)
    assert len(event["body"]) == 3_000_000


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(serve: Serve) -> None:
    request = b"POST /v1/exact HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2"
    served = serve()

    async def send() -> bytes:
        port = int(served.gateway.address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request + b"\r\n\r\n")
        interim = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        writer.write(b"{}")
        final = await asyncio.wait_for(reader.readuntil(b"\r\n"), 5)
        writer.close()
        return bytes(interim + final)

    assert served.run(send()) == b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
