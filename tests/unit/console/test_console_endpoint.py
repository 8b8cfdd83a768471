"""The console over HTTP: routes, headers, languages, and a clear page for all that goes wrong."""

from __future__ import annotations

import gzip
import json

import pytest

from shared.console.page import Content, Download, Redirect
from shared.console.static_files import asset
from shared.errors import (
    FieldProblem,
    Forbidden,
    NotFound,
    PhoneInvalid,
    RequestInvalid,
    SettingsInvalid,
    StoreUnavailable,
)
from shared.fc.handler import HttpFunction
from tests.unit.console.visiting import HOST, OPERATOR_KEY, SHOP_KEY, AnyPage, Console


@pytest.fixture
def page() -> AnyPage:
    return AnyPage()


@pytest.fixture
def console(page: AnyPage) -> Console:
    return Console([page, AnyPage("/console/support", "nav.support", "support")])


def test_a_stranger_is_asked_for_a_key_and_comes_back(console: Console) -> None:
    asked = console.ask("/console/any?range=7d&only=%2B86")
    assert asked.status == 303
    login = asked.headers["Location"]
    assert login == "/console/login?next=%2Fconsole%2Fany%3Frange%3D7d%26only%3D%252B86"

    form = console.ask(login)
    assert b'value="/console/any?range=7d&amp;only=%2B86"' in form.body
    goal = "/console/any?range=7d&only=%2B86"
    answer = console.ask("/console/login", method="POST", form={"key": SHOP_KEY, "next": goal})

    assert (answer.status, answer.headers["Location"]) == (303, goal)


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/console//evil.example",
        "/console/..//evil.example",
        "/console/\\evil.example",
        "/consolex",
        "javascript:alert(1)",
        "/console/any\r\nSet-Cookie: a=b",
        "/console/any?a=\r\nb",
        "/console/login",
        "/console/logout",
        "/console/any?" + "x" * 3000,
    ],
)
def test_nobody_is_sent_elsewhere(console: Console, goal: str) -> None:
    answer = console.ask("/console/login", method="POST", form={"key": SHOP_KEY, "next": goal})

    assert (answer.status, answer.headers["Location"]) == (303, "/console/")


def test_a_page_sends_nobody_elsewhere(console: Console, page: AnyPage) -> None:
    page.answer = Redirect("//evil.example")

    assert console.visitor().get("/console/any").headers["Location"] == "/console/"


@pytest.mark.parametrize("path", ["/console", "/console/"])
def test_the_first_page_is_the_first_that_the_key_opens(
    console: Console, page: AnyPage, path: str
) -> None:
    answer = console.visitor().get(path)

    assert answer.status == 200
    assert page.visits[0].path == "/console/any"
    assert b'href="/console/any" aria-current="page"' in answer.body


def test_the_navigation_has_what_the_key_opens(console: Console) -> None:
    operator = console.visitor(OPERATOR_KEY)

    assert b'href="/console/support"' in console.visitor().get("/console/any").body
    assert b'href="/console/support"' not in operator.get("/console/any").body
    assert operator.get("/console/support").status == 403


def test_a_head_is_a_get_without_its_body(console: Console, page: AnyPage) -> None:
    visitor = console.visitor()

    answer = console.ask("/console/any", method="HEAD", cookie=visitor.cookie)

    assert (answer.status, answer.body) == (200, b"")
    assert page.visits[0].method == "GET"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_another_method_is_told_which_there_are(console: Console, method: str) -> None:
    visitor = console.visitor()

    answer = console.ask("/console/any", method=method, cookie=visitor.cookie)
    file = console.ask("/console/static/console.css", method=method)

    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD, POST")
    assert (file.status, file.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (NotFound(), 404, "There is no such page"),
        (Forbidden(), 403, "Not with this key"),
        (PhoneInvalid(FieldProblem("phone", "x")), 400, "Not a mobile number"),
        (StoreUnavailable("ots.example: timeout"), 503, "The store does not answer"),
        (SettingsInvalid("OTP_KEYS: bad"), 500, "Something went wrong on our side"),
        (RequestInvalid(FieldProblem("<b>", "</p><script>")), 400, "&lt;b&gt;: &lt;/p&gt;"),
    ],
)
def test_what_goes_wrong_is_a_page_that_says_so(
    console: Console, page: AnyPage, error: Exception, status: int, words: str
) -> None:
    page.answer = error

    answer = console.visitor().get("/console/any")

    assert answer.status == status
    text = answer.body.decode()
    assert words in text
    assert "1-req" in text
    for inner in ("ots.example", "OTP_KEYS", "<script>"):
        assert inner not in text


def test_a_bug_is_a_page_and_a_line_of_the_log(
    console: Console, page: AnyPage, capsys: pytest.CaptureFixture[str]
) -> None:
    page.answer = RuntimeError("phone=+8613800138000")
    cookie = console.visitor().cookie
    function = HttpFunction("show_console", lambda: console.endpoint)
    event = {
        "version": "v1",
        "headers": {"Cookie": cookie, "Host": HOST},
        "requestContext": {"requestId": "1-req", "http": {"method": "GET", "path": "/console/any"}},
    }

    answer = function.handler(json.dumps(event).encode(), object())

    assert answer["statusCode"] == 500
    log = capsys.readouterr().out
    assert '"error_type": "RuntimeError"' in log
    assert '"outcome": 500, "error_code": "internal_error"' in log
    assert "13800138000" not in log + str(answer)


def test_a_store_that_is_down_is_said_so_at_each_door(console: Console) -> None:
    visitor = console.visitor()
    console.clock.advance(60)
    console.store.fail_next = 2

    page = visitor.get("/console/any")
    login = console.ask("/console/login", method="POST", form={"key": SHOP_KEY})

    assert (page.status, login.status) == (503, 503)
    assert page.headers["Retry-After"] == "2"
    assert b"The store does not answer" in login.body
    assert visitor.get("/console/any").status == 200


def test_a_form_that_cannot_be_one_is_refused(console: Console, page: AnyPage) -> None:
    visitor = console.visitor()

    assert visitor.post("/console/any", {"a": "x" * 70_000}).status == 413
    assert visitor.post("/console/any", content_type="application/json").status == 415
    many = {f"f{number}": "" for number in range(101)}
    assert visitor.post("/console/any", many).status == 400
    assert page.visits == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": f"http://{HOST}.evil.example"},
        {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"},
        {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"},
        {"x_fc_invocation_type": "Async"},
    ],
)
def test_another_sites_form_is_refused(
    console: Console, page: AnyPage, headers: dict[str, str]
) -> None:
    assert console.visitor().post("/console/any", **headers).status == 403
    form = {"key": SHOP_KEY}
    assert console.ask("/console/login", method="POST", form=form, **headers).status == 403
    assert page.visits == []


def test_our_own_form_is_taken(console: Console) -> None:
    visitor = console.visitor()

    assert visitor.post("/console/any", origin=f"https://{HOST}").status == 200
    # What proxies do to Host is then no matter.
    own = {"origin": "https://other", "sec_fetch_site": "same-origin"}
    assert visitor.post("/console/any", **own).status == 200


def test_another_sites_script_reads_nothing(console: Console, page: AnyPage) -> None:
    """The platform answers CORS with credentials of its own accord."""
    visitor = console.visitor()

    assert visitor.get("/console/any", origin="https://evil.example").status == 403
    cors = {"sec_fetch_site": "same-site", "sec_fetch_mode": "cors"}
    assert visitor.get("/console/any", **cors).status == 403
    assert page.visits == []


def test_a_link_from_elsewhere_finds_who_is_in(console: Console) -> None:
    """SameSite=Strict keeps the cookie of such a click back, but not that of the page's own."""
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}

    answer = console.ask("/console/any?range=7d", **link)

    assert answer.status == 200
    assert b'<meta http-equiv="refresh" content="0;url=/console/any?range=7d">' in answer.body


def test_every_answer_is_strict(console: Console) -> None:
    visitor = console.visitor()

    for answer in (
        visitor.get("/console/any"),
        visitor.get("/console/nowhere"),
        console.ask("/console/login"),
        console.ask("/console/any"),
        console.ask("/console/static/console.css"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        if answer.headers.get("Content-Type", "").startswith("text/html"):
            assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_is_compressed_for_who_can_read_it(console: Console) -> None:
    visitor = console.visitor()

    small = visitor.get("/console/any", accept_encoding="br, gzip;q=0.5")
    plain = visitor.get("/console/any", accept_encoding="gzip;q=0, identity")

    assert small.headers["Content-Encoding"] == "gzip"
    assert small.headers["Vary"] == "Accept-Encoding"
    assert b"<!doctype html>" in gzip.decompress(small.body)
    assert "Content-Encoding" not in plain.headers
    event = small.as_event()
    assert event["isBase64Encoded"] is True


def test_a_file_is_kept_for_a_year_under_its_hash(console: Console) -> None:
    named = console.ask(asset("console.css"))
    bare = console.ask("/console/static/console.css")

    assert "immutable" in named.headers["Cache-Control"]
    assert bare.headers["Cache-Control"] == "no-cache"
    again = console.ask("/console/static/console.css", if_none_match=bare.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "name", ["", "nothing.css", "../session.py", "..%2Fsession.py", "console.css/", "/etc/passwd"]
)
def test_only_the_consoles_own_files_are_served(console: Console, name: str) -> None:
    assert console.ask(f"/console/static/{name}").status == 404


def test_a_path_that_is_not_the_consoles_is_not_found(console: Console) -> None:
    assert console.ask("/consoles").status == 404
    assert console.visitor().get("/console/any/").status == 404


def test_a_download_is_named_and_not_attached(console: Console, page: AnyPage) -> None:
    """The platform takes `attachment` away."""
    page.answer = Download("figures.csv", "text/csv", "a,b\r\n")

    answer = console.visitor().get("/console/any")

    assert answer.body == b"a,b\r\n"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'inline; filename="figures.csv"'


@pytest.mark.parametrize(
    ("wanted", "locale"),
    [
        ("", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("de-DE,zh;q=0.2,en;q=0.1", "zh"),
        ("en-GB,zh;q=0.9", "en"),
        ("fr", "en"),
        ("zh;q=0", "en"),
        ("zh;q=x,en;q=0.1", "en"),
        (",;q=,zh", "zh"),
        ("*", "en"),
    ],
)
def test_the_language_is_the_readers(
    console: Console, page: AnyPage, wanted: str, locale: str
) -> None:
    console.visitor().get("/console/any", accept_language=wanted)

    assert page.visits[0].locale == locale


def test_the_other_language_keeps_the_view(console: Console, page: AnyPage) -> None:
    visitor = console.visitor()
    shown = visitor.get("/console/any?range=7d&only=%2B86138").body.decode()
    assert 'href="/console/any?range=7d&amp;only=%2B86138&amp;lang=zh"' in shown

    answer = visitor.get("/console/any?range=7d&only=%2B86138&lang=zh")

    assert answer.status == 303
    assert answer.headers["Location"] == "/console/any?range=7d&only=%2B86138"
    assert answer.headers["Set-Cookie"].startswith("sesame_locale=zh; Path=/console/;")
    visitor.cookie += "; sesame_locale=zh"
    assert 'lang="zh-Hans"' in visitor.get("/console/any").body.decode()[:60]
    assert page.visits[-1].locale == "zh"


def test_the_login_page_has_the_other_language_too(console: Console) -> None:
    answer = console.ask("/console/login?next=%2Fconsole%2Fany&lang=zh")

    assert answer.headers["Location"] == "/console/login?next=%2Fconsole%2Fany"


def test_an_unknown_language_is_no_error(console: Console, page: AnyPage) -> None:
    assert console.visitor().get("/console/any?lang=xx").status == 200
    assert page.visits[0].locale == "en"


def test_a_page_may_answer_with_another_status(console: Console, page: AnyPage) -> None:
    page.answer = Content("login.html", {"goal": "/console/", "error": ""}, status=400)

    assert console.visitor().get("/console/any").status == 400


def test_the_values_of_a_page_are_escaped(console: Console, page: AnyPage) -> None:
    page.answer = Content("login.html", {"goal": '"><script>alert(1)</script>', "error": "<b>"})

    text = console.visitor().get("/console/any").body.decode()

    assert "<script>alert" not in text
    assert "<b>" not in text
