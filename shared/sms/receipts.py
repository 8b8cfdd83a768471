"""What the provider pushes: receipts of messages, and people's replies.

Nothing about a push is signed, and its fields change their types between accounts. So the shape is
demanded, types are read leniently, and an entry that says nothing usable is counted, not raised:
one bad entry must not cost the good ones of its push.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.errors import FieldProblem, PayloadTooLarge, RequestInvalid
from shared.sms.beijing import beijing_ms

MAX_COUNT = 2_000

_ID_LIMIT = 255
_CODE_LIMIT = 64
_CONTENT_LIMIT = 1_000
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_DIGITS = re.compile(r"[1-9][0-9]{5,14}", re.ASCII)
_MAINLAND = re.compile(r"1[3-9][0-9]{9}", re.ASCII)
_NORTH_AMERICAN = re.compile(r"1[2-9][0-9]{2}[2-9][0-9]{6}", re.ASCII)


@dataclass(frozen=True, slots=True, repr=False)
class Receipt:
    """What became of one message. Ids are empty if the push had none; one of the two is there.

    phone: E.164. other_phone: what 11 digits that begin with 1 mean if the message went abroad,
    since the provider writes mainland numbers without 86; the sent message tells which it is.
    reported_ms: UTC epoch; 0 if not told. segments: how many are billed; 0 if not told.
    """

    biz_id: str
    phone: str
    other_phone: str | None
    out_id: str
    success: bool
    err_code: str
    reported_ms: int
    segments: int


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What a person answered. sent_ms: UTC epoch; 0 if not told. phone: as of a receipt."""

    phone: str
    other_phone: str | None
    content: str
    sign_name: str
    sequence_id: str
    sent_ms: int


Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Push(Generic[Entry]):
    """A push as it was understood; problem_count: entries that were not."""

    entries: list[Entry]
    problem_count: int


def parse_reports(body: bytes, *, max_count: int = MAX_COUNT) -> Push[Receipt]:
    """The receipts of an SmsReport push. Raises RequestInvalid if it is no JSON array or object,
    PayloadTooLarge if it has more than `max_count` entries.
    """
    return _parse(body, _receipt, max_count)


def parse_replies(body: bytes, *, max_count: int = MAX_COUNT) -> Push[Reply]:
    """The replies of an SmsUp push. Raises as parse_reports does."""
    return _parse(body, _reply, max_count)


def _parse(
    body: bytes, read: Callable[[Mapping[str, object]], Entry | None], max_count: int
) -> Push[Entry]:
    try:
        pushed = json.loads(body)
    except (ValueError, RecursionError):
        # `from None`: the parser's text quotes the body.
        raise RequestInvalid(FieldProblem("body", "not JSON")) from None
    entries = [pushed] if isinstance(pushed, dict) else pushed
    if not isinstance(entries, list):
        raise RequestInvalid(FieldProblem("body", "not a JSON array"))
    if len(entries) > max_count:
        raise PayloadTooLarge
    understood = [read(entry) if isinstance(entry, dict) else None for entry in entries]
    good = [entry for entry in understood if entry is not None]
    return Push(good, len(entries) - len(good))


def _receipt(entry: Mapping[str, object]) -> Receipt | None:
    biz_id, out_id = _text(entry.get("biz_id")), _text(entry.get("out_id"))
    phones = _phones(entry.get("phone_number"))
    success = _TRUTH.get(_text(entry.get("success")).lower())
    if phones is None or success is None or not (biz_id or out_id):
        return None
    if max(len(biz_id), len(out_id)) > _ID_LIMIT:
        return None
    segments = _text(entry.get("sms_size"))
    return Receipt(
        biz_id=biz_id,
        phone=phones[0],
        other_phone=phones[1],
        out_id=out_id,
        success=success,
        err_code=_text(entry.get("err_code"))[:_CODE_LIMIT],
        reported_ms=beijing_ms(entry.get("report_time")),
        segments=int(segments) if re.fullmatch(r"[0-9]{1,3}", segments, re.ASCII) else 0,
    )


def _reply(entry: Mapping[str, object]) -> Reply | None:
    phones, content = _phones(entry.get("phone_number")), _text(entry.get("content"))
    if phones is None or not content:
        return None
    return Reply(
        phone=phones[0],
        other_phone=phones[1],
        content=content[:_CONTENT_LIMIT],
        sign_name=_text(entry.get("sign_name"))[:_ID_LIMIT],
        sequence_id=_text(entry.get("sequence_id"))[:_ID_LIMIT],
        sent_ms=beijing_ms(entry.get("send_time")),
    )


def _text(value: object) -> str:
    """A scalar as text: `true`, `"1"`, `17`; empty for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int)):
        return str(value).strip()
    return ""


def _phones(value: object) -> tuple[str, str | None] | None:
    """The number in E.164, and what else it may mean; None if it is none."""
    text = _text(value)
    is_whole = text.startswith(("+", "00"))
    digits = text.removeprefix("+").removeprefix("00")
    if not _DIGITS.fullmatch(digits):
        return None
    if is_whole or not _MAINLAND.fullmatch(digits):
        return f"+{digits}", None
    return f"+86{digits}", f"+{digits}" if _NORTH_AMERICAN.fullmatch(digits) else None
