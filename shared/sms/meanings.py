"""What receipts and replies mean: a table of the carriers' codes, and the words of an opt-out.

Codes from the Dysmsapi page on receipts (help.aliyun.com 101347); which class each belongs to, and
every prefix, is inferred. Whether a message arrived is the receipt's `success`, never its code.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

FailureClass = Literal["number", "off", "blocked", "content", "carrier", "unknown"]
"""number: nobody has it. off: not reachable now. blocked: this person or a list refuses us.
content: the text or the sign. carrier: the network or a limit of it.
"""

_CODES: dict[str, FailureClass] = {
    "INVALID_NUMBER": "number",
    "MOBILE_ACCOUNT_ABNORMAL": "number",
    "MK:0000": "number",
    "MK:0001": "number",
    "MOBILE_NOT_ON_SERVICE": "off",
    "MOBLLE_TERMINAL_ERROR": "off",  # the provider spells it so
    "EXPIRED": "off",
    "MK:0005": "off",
    "MK:0010": "off",
    "MK:0013": "off",
    "MK:0023": "off",
    "MOBILE_IN_BLACK": "blocked",
    "USER_REJECT": "blocked",
    "DB:0144": "blocked",
    "CONTENT_KEYWORD": "content",
    "CONTENT_ERROR": "content",
    "PARAMS_ILLEGAL": "content",
    "SIGNATURE_BLACKLIST": "content",
    "DB:0142": "carrier",
    "IS_CLOSE": "carrier",
    "IS_CLOSED": "carrier",
    "MOBILE_SEND_LIMIT": "carrier",
    "NO_ROUTE": "carrier",
    "REJECTD": "carrier",
    "SP_NOT_BY_INTER_SMS": "carrier",
    "SP_UNKNOWN_ERROR": "carrier",
    "UNDELIV": "carrier",
}
_PREFIXES: tuple[tuple[str, FailureClass], ...] = (
    ("CONTENT_", "content"),
    ("SIGNATURE_", "content"),
    ("SP_", "carrier"),
    *((prefix, "carrier") for prefix in ("MK:", "MN:", "MB:", "DB:", "IB:", "CB:", "ID:")),
)
_OPT_OUTS = frozenset(
    ("r", "t", "td", "退订", "退訂", "取消", "取消订阅", "取消訂閱", "拒收")
    + ("r退订", "t退订", "td退订")
    + ("stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout")
)


def failure_class(err_code: str) -> FailureClass:
    """Whose matter a failed receipt is."""
    code = err_code.strip().upper()
    if code in _CODES:
        return _CODES[code]
    return next((meant for prefix, meant in _PREFIXES if code.startswith(prefix)), "unknown")


def is_opt_out(content: str) -> bool:
    """True if a reply is a wish for no more messages, and nothing else.

    Case, width, spaces and punctuation do not count: `Ｔ．`, `退 订！` and `Opt-out` are such.
    """
    folded = unicodedata.normalize("NFKC", content).casefold()
    return "".join(sign for sign in folded if sign.isalnum()) in _OPT_OUTS
