"""Plain HTTP, by requests, which every SDK here brings along."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import requests

from infra.doctor.model import Page
from infra.foundation.model import FoundationFailed

_TIMEOUT_S = (3.0, 30.0)  # to connect; to answer, with a cold start


class RequestsWeb:
    """Implements Web. No text of an error is passed on: it holds the address with its secret."""

    def get(self, url: str) -> Page:
        """GET, without following a redirect."""
        return self._asked("GET", url, None)

    def post(self, url: str, body: bytes) -> Page:
        """POST of JSON."""
        return self._asked("POST", url, body)

    def _asked(self, method: str, url: str, body: bytes | None) -> Page:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        try:
            answer = requests.request(
                method, url, data=body, headers=headers, timeout=_TIMEOUT_S, allow_redirects=False
            )
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError) as error:
            raise FoundationFailed("not_connected", type(error).__name__) from None
        except requests.exceptions.ConnectionError:
            raise FoundationFailed("not_connected") from None
        except requests.exceptions.RequestException as error:
            raise FoundationFailed("answer_lost", type(error).__name__) from None
        return Page(answer.status_code, answer.content, _date_s(answer.headers.get("Date", "")))


def _date_s(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
