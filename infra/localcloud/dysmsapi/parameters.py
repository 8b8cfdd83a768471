"""The parameters of one call, read with the errors that the API has for each way to be wrong.

Two kinds of refusal: the gateway's (HTTP 4xx) for a parameter that is missing, the service's (HTTP
200 and a `Code`) for one that does not fit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from infra.localcloud.core.signatures import GatewayRefused
from infra.localcloud.dysmsapi.codes import SERVICE_CODES

_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_DAY = re.compile(r"[0-9]{8}", re.ASCII)


class SmsRefused(Exception):
    """A call that the service answers with HTTP 200 and a `Code` other than OK."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or SERVICE_CODES.get(code, code)


class Parameters:
    """The named texts of one call. request_id: of the invocation whose session signed it, "" for a
    caller outside the functions.
    """

    def __init__(self, texts: Mapping[str, str], *, request_id: str = "") -> None:
        self._texts = texts
        self.request_id = request_id

    def text(self, name: str) -> str:
        """The parameter, or an empty text."""
        return self._texts.get(name, "")

    def required(self, name: str) -> str:
        """The parameter. Raises GatewayRefused if it is missing or empty (inferred: that the code
        is `Missing` and the name, as for the parameters that the gateway documents).
        """
        text = self.text(name)
        if not text:
            raise GatewayRefused(f"Missing{name}", f"{name} is mandatory for this action.")
        return text

    def number(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds; required if there is no default. Inferred: the code of
        one out of bounds.
        """
        text = self.required(name) if default is None else self.text(name) or str(default)
        if not _WHOLE_NUMBER.fullmatch(text) or not low <= int(text) <= high:
            raise SmsRefused("isv.INVALID_PARAMETERS")
        return int(text)

    def day(self, name: str) -> str:
        """A required day, `yyyyMMdd`."""
        text = self.required(name)
        if not _DAY.fullmatch(text):
            raise SmsRefused("isv.INVALID_PARAMETERS")
        return text

    def json_list(self, name: str) -> list[Any]:
        """A required JSON array; Any because the caller still has to look at each element."""
        value = read_json(self.required(name))
        if not isinstance(value, list):
            raise SmsRefused("isv.INVALID_JSON_PARAM")
        return value


def read_template_params(value: object) -> dict[str, str]:
    """The variables of a message: an object of texts. Raises SmsRefused for anything else."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise SmsRefused("isv.INVALID_JSON_PARAM")
    return value


def read_json(text: str) -> object:
    """The JSON value. Raises SmsRefused if it is none, nests too deep, or holds half a
    character.
    """
    try:
        value: object = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise SmsRefused("isv.INVALID_JSON_PARAM") from error
    return value
