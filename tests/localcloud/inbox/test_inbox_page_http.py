"""The inbox page on the wire: its parts, its headers, its stream, and whom it turns away."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.localcloud.inbox.site import API_KEY, PHONE, InboxSite, events_named

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
PARTS = ("/", "/_inbox/session", "/_inbox/static/inbox.js", "/_inbox/nowhere")


def events(lines: Iterator[str]) -> Iterator[dict[str, list[dict[str, object]]]]:
    """The data of each `inbox` event of a stream."""
    return events_named("inbox", lines)


@pytest.mark.parametrize("path", PARTS)
def test_every_answer_carries_the_security_headers(http: httpx.Client, path: str) -> None:
    headers = http.get(path).headers
    assert headers["Content-Security-Policy"] == CSP
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_page_needs_no_exception_from_its_policy(http: httpx.Client) -> None:
    page = http.get("/").text
    assert not re.search(r"<script>|<style|\sstyle=|\son\w+=|javascript:", page)
    assert not re.search(r"""(src|href)=["'](?!/_inbox/|/console/|#)""", page)


FIRST = r"""(?:src|href)="(/_inbox/[^"]+)"|from "\.(/[^"]+)\""""
ALL = rf"""{FIRST}|import\("\.(/[^"]+)"\)"""


@pytest.mark.parametrize(("parts", "limit_bytes"), [(FIRST, 52_000), (ALL, 70_000)])
def test_page_weighs_little_at_first_and_in_all(
    http: httpx.Client, parts: str, limit_bytes: int
) -> None:
    page = http.get("/")
    weight_bytes, waiting, seen = len(page.content), [page.text], set()
    while waiting:
        for absolute, *relative in re.findall(parts, waiting.pop()):
            part = absolute or f"/_inbox/static{''.join(relative)}"
            if part in seen:
                continue
            seen.add(part)
            answer = http.get(part)
            assert answer.status_code == 200, part
            weight_bytes += len(answer.content)
            waiting.append(answer.text)
    assert "/_inbox/static/phones.js" in seen
    assert ("/_inbox/static/requests.js" in seen) == (parts == ALL)
    assert weight_bytes < limit_bytes


def test_session_tells_the_key_and_the_purposes(http: httpx.Client) -> None:
    assert http.get("/_inbox/session").json() == {
        "api_key": API_KEY,
        "purposes": ["login", "reset"],
        "example_phone": PHONE,
    }


@pytest.mark.parametrize("path", ["/_inbox/static/../page.py", "/_inbox/static/%2e%2e/book.py"])
def test_static_files_are_only_the_page_s_own(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 404


def test_stream_begins_with_what_is_there_and_follows(site: InboxSite, http: httpx.Client) -> None:
    site.deliver(PHONE, "first")
    with http.stream("GET", "/_inbox/events") as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        stream = events(answer.iter_lines())
        assert [message["text"] for message in next(stream)["messages"]] == ["first"]
        site.deliver(PHONE, "second")
        assert [message["text"] for message in next(stream)["messages"]] == ["second", "first"]


def test_stream_ends_when_the_page_closes(site: InboxSite, http: httpx.Client) -> None:
    with http.stream("GET", "/_inbox/events") as answer:
        lines = answer.iter_lines()
        next(events(lines))
        site.close_streams()
        with pytest.raises(httpx.RemoteProtocolError):
            list(lines)


def test_reply_of_the_page_reaches_the_inbox(site: InboxSite, http: httpx.Client) -> None:
    answer = http.post(
        "/_inbox/reply",
        json={"phone": PHONE, "content": "TD"},
        headers={"Origin": site.address, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.is_success
    assert [reply.content for reply in site.inbox.replies(PHONE)] == ["TD"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_reply_from_anywhere_else_is_refused(
    site: InboxSite, http: httpx.Client, headers: dict[str, str]
) -> None:
    reply = {"phone": PHONE, "content": "TD"}
    assert http.post("/_inbox/reply", json=reply, headers=headers).status_code == 403
    assert site.inbox.replies() == []


@pytest.mark.parametrize("path", PARTS)
def test_rebound_name_sees_nothing(site: InboxSite, http: httpx.Client, path: str) -> None:
    answer = http.get(path, headers={"Host": f"evil.example:{site.port}"})
    assert answer.status_code == 403
    assert API_KEY not in answer.text


@pytest.mark.parametrize("path", ["/_inbox/session", "/_inbox/events"])
def test_other_site_s_page_reads_nothing(http: httpx.Client, path: str) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
    assert http.get(path, headers=headers).status_code == 403


def test_link_on_another_site_may_open_the_page(http: httpx.Client) -> None:
    assert http.get("/", headers={"Sec-Fetch-Site": "cross-site"}).is_success


@pytest.mark.parametrize("name", ["localhost", "[::1]", "127.0.0.1"])
def test_page_answers_to_each_loopback_name(site: InboxSite, http: httpx.Client, name: str) -> None:
    assert http.get("/_inbox/session", headers={"Host": f"{name}:{site.port}"}).is_success


def test_reply_to_no_number_names_the_field(site: InboxSite, http: httpx.Client) -> None:
    answer = http.post(
        "/_inbox/reply", json={"phone": "x", "content": "TD"}, headers={"Origin": site.address}
    )
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "phone"


def test_head_of_the_page_is_answered(http: httpx.Client) -> None:
    answer = http.head("/")
    assert answer.status_code == 200
    assert answer.content == b""


def test_mail_is_listed_without_its_html(site: InboxSite, http: httpx.Client) -> None:
    site.deliver_mail("a@b.example", subject="Hi", text="plain", html="<p>rich</p>")
    with http.stream("GET", "/_inbox/events") as answer:
        (mail,) = next(events(answer.iter_lines()))["mails"]
    assert (mail["subject"], mail["text_body"], mail["has_html"]) == ("Hi", "plain", True)
    assert mail["html_body"] is None


def test_html_of_a_mail_can_do_nothing_wherever_it_is_opened(
    site: InboxSite, http: httpx.Client
) -> None:
    site.deliver_mail("a@b.example", html="<script>1</script>")
    (mail,) = site.inbox.mails()
    answer = http.get(f"/_inbox/mail/{mail.id}")
    assert answer.text == "<script>1</script>"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert policy[:2] == ["sandbox", "default-src 'none'"]
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["nothing", "", "%27"])
def test_mail_that_is_not_there_is_a_404(http: httpx.Client, path: str) -> None:
    assert http.get(f"/_inbox/mail/{path}").status_code == 404


def test_pages_of_other_sites_may_not_frame_a_mail(site: InboxSite, http: httpx.Client) -> None:
    site.deliver_mail("a@b.example", html="<p>secret</p>")
    (mail,) = site.inbox.mails()
    answer = http.get(f"/_inbox/mail/{mail.id}", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code in (403, 404)
