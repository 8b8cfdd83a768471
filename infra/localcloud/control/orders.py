"""What the control plane may be told, as strict models: a wrong type is refused, not converted."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

CENTURY_S = 100 * 365 * 86400
_E164 = re.compile(r"\+[1-9]\d{5,14}")


def e164(phone: str) -> str:
    """The number as `+` and digits. A `+` that a query turned into a space, or left out, is put
    back. Raises ValueError if it is no number.
    """
    number = "+" + phone.strip().removeprefix("+")
    if not _E164.fullmatch(number):
        raise ValueError("must be a number as in E.164, such as +8613800138000")
    return number


class Order(BaseModel):
    """A body of the control plane: JSON types as they are, and no field that it does not know."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class ClockOrder(Order):
    """Move the cloud's clock; negative moves it back."""

    advance_s: float = Field(ge=-CENTURY_S, le=CENTURY_S, allow_inf_nan=False)


class FaultOrder(Order):
    """Let something go wrong `times` times."""

    service: str
    operation: str
    kind: str
    times: int = Field(ge=1, le=1_000_000)


class ReplyOrder(Order):
    """A phone answers the last message that it received."""

    phone: Annotated[str, AfterValidator(e164)]
    content: str = Field(min_length=1, max_length=500)


class EventOrder(Order):
    """Put a CloudEvent on the default event bus. Extension attributes may follow; an event without
    `time` gets the cloud's.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, JsonValue]

    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    specversion: Literal["1.0"] = "1.0"
    data: JsonValue = None


class TopicOrder(Order):
    """Publish a message to a topic. `tag` is compared with the subscriptions' filter tags."""

    topic: str = Field(min_length=1)
    message: str = Field(min_length=1, max_length=65_536)
    attributes: dict[str, str] = {}
    tag: str = Field(default="", max_length=16)
