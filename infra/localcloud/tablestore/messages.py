"""Parsing protobuf as strictly as the service does.

The Python runtime takes more than the protocol allows: required fields may be missing, and a string
that is not UTF-8 comes out as bytes.
"""

from __future__ import annotations

from typing import TypeVar

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from infra.localcloud.tablestore.errors import invalid

M = TypeVar("M", bound=Message)


def parse(message_type: type[M], data: bytes, refusal: str) -> M:
    """The message in `data`. Raises OtsError (OTSParameterInvalid) with the text `refusal`."""
    try:
        message = message_type.FromString(data)
    except DecodeError:
        raise invalid(refusal) from None
    if not message.IsInitialized() or _has_broken_text(message):
        raise invalid(refusal)
    return message


def _has_broken_text(message: Message) -> bool:
    for field, value in message.ListFields():
        if field.type == FieldDescriptor.TYPE_STRING:
            texts = (value,) if isinstance(value, (str, bytes)) else value
            if any(isinstance(text, bytes) for text in texts):
                return True
        elif field.type == FieldDescriptor.TYPE_MESSAGE:
            parts = (value,) if isinstance(value, Message) else value
            if any(_has_broken_text(part) for part in parts):
                return True
    return False
