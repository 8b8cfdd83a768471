"""What things cost: the operator's figures, from a file. The shipped ones are examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

EXAMPLES = Path(__file__).resolve().parent / "example_prices.json"
ITEMS = (
    "sms_segment",
    "tablestore_10k_read_cu",
    "tablestore_10k_write_cu",
    "fc_cu",
    "sls_gb",
)


class PricesInvalid(Exception):
    """The file is no list of prices; the text names the file and the item."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs, who said so and when."""

    amount: float
    currency: str
    date: str
    source: str


Prices = Mapping[str, Price]
"""By item of ITEMS; one that is not there has no known price."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    amount: float
    currency: str
    date: str
    source: str


_ENTRIES = TypeAdapter(dict[str, _Entry | str | None])


def read_prices(path: Path = EXAMPLES) -> Prices:
    """The prices in a file. Raises PricesInvalid."""
    try:
        entries = _ENTRIES.validate_json(path.read_bytes())
    except OSError as error:
        raise PricesInvalid(f"{path}: {error.strerror}") from None
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise PricesInvalid(f"{path}: {place or 'not JSON'}: {error.errors()[0]['msg']}") from None
    unknown = sorted(entries.keys() - {*ITEMS, "_"})
    if unknown:
        raise PricesInvalid(f"{path}: no such item: {', '.join(unknown)}")
    return {
        item: Price(found.amount, found.currency, found.date, found.source)
        for item, found in entries.items()
        if isinstance(found, _Entry)
    }
