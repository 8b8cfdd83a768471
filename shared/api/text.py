"""Text as callers may send it."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import AfterValidator


def encodable(text: str) -> str:
    """`text` if it is valid Unicode. Raises ValueError for a lone surrogate."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("not valid Unicode") from None
    return text


Text: TypeAlias = Annotated[str, AfterValidator(encodable)]
