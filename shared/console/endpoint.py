"""The console over HTTP: who may see what, and one answer, as a page, whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from shared.clock import Clock
from shared.console.answers import (
    LOCALE_COOKIE,
    SESSION_COOKIE,
    cookie_of,
    download_answer,
    file_answer,
    html_answer,
    redirect_answer,
)
from shared.console.incoming import (
    allow,
    form_of,
    own_address,
    refuse_what_is_not_ours,
    site_of,
)
from shared.console.page import HOME, Download, Locale, Page, Redirect, Visit, Visitor
from shared.console.rendering import CSRF_FIELD, Frame, NavItem, address, render
from shared.console.session import LIFE_S, Session, Sessions
from shared.console.static_files import PREFIX, static_files
from shared.console.words import locale_of, preferred
from shared.errors import (
    Forbidden,
    MethodNotAllowed,
    NotFound,
    RequestInvalid,
    SesameError,
    SettingsInvalid,
    Unauthenticated,
)
from shared.fc.events import HttpRequest
from shared.fc.handler import attempt
from shared.fc.responses import STATUS, ContentResponse
from shared.rows import RowStore

LOGIN, LOGOUT = f"{HOME}login", f"{HOME}logout"
_YEAR_S = 365 * 24 * 3600


class ConsoleEndpoint:
    """/console/*. pages: in the order of the navigation; the first that a visitor may see is also
    what /console shows. store: asked for what became of a key.
    """

    def __init__(
        self, *, pages: Sequence[Page], sessions: Sessions, store: RowStore, clock: Clock
    ) -> None:
        self._pages = tuple(pages)
        self._sessions = sessions
        self._store = store
        self._clock = clock

    def __call__(self, request: HttpRequest) -> ContentResponse:
        """A page, a file, a redirect, or a page that says what is wrong."""
        answer = attempt(lambda: self._answer(request))
        if isinstance(answer, SesameError):
            return self._problem(request, answer)
        return answer

    def _answer(self, request: HttpRequest) -> ContentResponse:
        if request.path.startswith(PREFIX):
            return _static(request)
        refuse_what_is_not_ours(request)
        if not f"{request.path}/".startswith(HOME):
            raise NotFound
        wanted = locale_of(request.query.get("lang"))
        if wanted is not None and request.method != "POST":
            rest = {name: text for name, text in request.query.items() if name != "lang"}
            cookie = cookie_of(request, LOCALE_COOKIE, wanted, life_s=_YEAR_S)
            return redirect_answer(own_address(address(request.path, rest)), cookie=cookie)
        if request.path == LOGIN:
            return self._log_in(request)
        try:
            session = self._session(request)
        except Unauthenticated:
            return self._ask_for_key(request)
        if request.path == LOGOUT:
            return self._log_out(request, session)
        return self._page(request, session)

    def _session(self, request: HttpRequest) -> Session:
        """Raises Unauthenticated, StoreUnavailable."""
        session = self._sessions.read(request.cookies.get(SESSION_COOKIE))
        if session.check is not None:
            session.check.ask(self._store)
        return session

    def _page(self, request: HttpRequest, session: Session) -> ContentResponse:
        page = self._found(request.path, session.visitor)
        if not session.visitor.may(page.scope):
            raise Forbidden
        allow(request, "GET", "HEAD", "POST")
        is_post = request.method == "POST"
        form = form_of(request) if is_post else {}
        if is_post and not self._sessions.is_own(session, form.pop(CSRF_FIELD, "")):
            raise Forbidden
        now_ms = self._clock.now_ms()
        visit = Visit(
            "POST" if is_post else "GET",
            page.path,
            request.query,
            form,
            session.visitor,
            _locale(request),
            now_ms,
        )
        shown = page(visit)
        if isinstance(shown, Redirect):
            return redirect_answer(own_address(shown.location))
        if isinstance(shown, Download):
            return download_answer(
                request, shown.body, name=shown.name, media_type=shown.media_type
            )
        frame = self._frame(request, session)
        # A form's answer has no address of its own: the other language starts over.
        frame = replace(frame, path=page.path, query={} if is_post else request.query)
        return html_answer(
            request, render(shown.template, shown.values, frame), status=shown.status
        )

    def _found(self, path: str, visitor: Visitor) -> Page:
        """Raises NotFound, and Forbidden for a key that opens nothing."""
        if path.rstrip("/") == HOME.rstrip("/"):
            for page in self._pages:
                if page.nav and visitor.may(page.scope):
                    return page
            raise Forbidden
        for page in self._pages:
            if page.path == path:
                return page
        raise NotFound

    def _log_in(self, request: HttpRequest) -> ContentResponse:
        allow(request, "GET", "HEAD", "POST")
        if request.method != "POST":
            return self._login_page(request, _goal(request.query.get("next", HOME)))
        form = form_of(request)
        goal = _goal(form.get("next", HOME))
        try:
            session, cookie = self._sessions.begin(form.get("key", "").strip())
            if session.check is not None:
                session.check.ask(self._store)
        except Unauthenticated as error:
            return self._login_page(request, goal, error=error)
        if not any(session.visitor.may(page.scope) for page in self._pages):
            return self._login_page(request, goal, error=Forbidden())
        return redirect_answer(
            goal, cookie=cookie_of(request, SESSION_COOKIE, cookie, life_s=LIFE_S)
        )

    def _log_out(self, request: HttpRequest, session: Session) -> ContentResponse:
        allow(request, "POST")
        if not self._sessions.is_own(session, form_of(request).get(CSRF_FIELD, "")):
            raise Forbidden
        return redirect_answer(LOGIN, cookie=cookie_of(request, SESSION_COOKIE, "", life_s=0))

    def _ask_for_key(self, request: HttpRequest) -> ContentResponse:
        """The way to log in. Who came by a link from another site may well be in: SameSite=Strict
        keeps the cookie back, until the page asks again by itself.
        """
        if request.method not in ("GET", "HEAD"):
            return self._login_page(request, HOME, error=Unauthenticated())
        here = _goal(address(request.path, request.query))
        if site_of(request) == "cross-site":
            html = render("again.html", {"here": here}, Frame(_locale(request)))
            return html_answer(request, html)
        return redirect_answer(LOGIN if here == HOME else address(LOGIN, {"next": here}))

    def _login_page(
        self, request: HttpRequest, goal: str, *, error: SesameError | None = None
    ) -> ContentResponse:
        values = {"goal": goal, "error": error.code if error else ""}
        frame = Frame(_locale(request), LOGIN, {"next": goal} if goal != HOME else {})
        status = STATUS[error.code] if error else 200
        return html_answer(
            request,
            render("login.html", values, frame),
            status=status,
            error_code=error.code if error else "",
        )

    def _problem(self, request: HttpRequest, error: SesameError) -> ContentResponse:
        """The error as a page: its words, and the request's id; nothing of its cause."""
        shown = SesameError() if isinstance(error, SettingsInvalid) else error
        status = STATUS.get(shown.code, 500)
        headers: dict[str, str] = {}
        if isinstance(shown, MethodNotAllowed):
            headers["Allow"] = shown.allowed
        if shown.retry_after_s is not None:
            headers["Retry-After"] = str(max(shown.retry_after_s, 1))
        problems = list(shown.problems) if isinstance(shown, RequestInvalid) else []
        values = {"error": shown, "problems": problems, "request_id": request.request_id}
        try:
            session = self._sessions.read(request.cookies.get(SESSION_COOKIE))
        except Unauthenticated:
            frame = Frame(_locale(request))
        else:
            frame = self._frame(request, session)
        html = render("error.html", values, frame)
        return html_answer(request, html, status=status, headers=headers, error_code=error.code)

    def _frame(self, request: HttpRequest, session: Session) -> Frame:
        is_known = any(page.path == request.path for page in self._pages)
        return Frame(
            _locale(request),
            request.path if is_known else HOME,
            {},
            session.visitor,
            [
                NavItem(page.path, page.nav)
                for page in self._pages
                if page.nav and session.visitor.may(page.scope)
            ],
            lambda: self._sessions.token(session),
            self._clock.now_ms(),
        )


def _static(request: HttpRequest) -> ContentResponse:
    found = static_files().get(request.path.removeprefix(PREFIX))
    if found is None:
        raise NotFound
    allow(request, "GET", "HEAD")
    return file_answer(request, found.content, media_type=found.media_type, tag=found.tag)


def _goal(asked: str) -> str:
    """Where a login leads."""
    return HOME if asked.partition("?")[0] in (LOGIN, LOGOUT) else own_address(asked)


def _locale(request: HttpRequest) -> Locale:
    chosen = locale_of(request.cookies.get(LOCALE_COOKIE))
    return chosen or preferred(request.headers.get("accept-language", ""))
