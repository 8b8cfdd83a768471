"""Who sends what to where in the invented month: shares that look like a business, of nobody's.

The prefixes are ranges that exist; every weight, share and price is made up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.rollup.model import Cell


@dataclass(frozen=True, slots=True)
class Text:
    """A template, or a purpose of codes."""

    name: str
    weight: float
    is_code: bool = False
    segments: int = 1


@dataclass(frozen=True, slots=True)
class Sender:
    """A tenant. countries: by their share of its messages. weekend: of a weekday's messages."""

    tenant: str
    weight: float
    texts: tuple[Text, ...]
    countries: Mapping[str, float]
    weekend: float


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of the month. weekend: as of its sender."""

    cell: Cell
    weight: float
    is_code: bool
    weekend: float
    segments: int
    price_milli: int


_CHINA = (
    *((f"+86{digits}", 3.0) for digits in range(134, 140)),
    *((f"+86{digits}", 2.0) for digits in (130, 131, 132, 133, 150, 151, 152, 153, 155, 156)),
    *((f"+86{digits}", 1.5) for digits in (157, 158, 159, 176, 177, 178, 180, 181, 182, 183)),
    *((f"+86{digits}", 1.0) for digits in (184, 185, 186, 187, 188, 189, 147, 166, 173, 175)),
    *((f"+86{digits}", 0.5) for digits in (170, 191, 193, 198, 199)),
)
PREFIXES: Mapping[str, Sequence[tuple[str, float]]] = {
    "CN": _CHINA,
    "HK": (("+85251", 2), ("+85260", 3), ("+85264", 1), ("+85291", 3)),
    "SG": (("+6581", 2), ("+6587", 1), ("+6591", 3)),
    "ID": (("+6281", 4), ("+6285", 3), ("+6287", 1)),
    "TH": (("+6661", 1), ("+6681", 3), ("+6689", 2)),
    "US": (("+120", 2), ("+141", 3), ("+164", 2)),
    "GB": (("+4474", 2), ("+4477", 3)),
}
PRICES_MILLI = {"CN": 45, "HK": 360, "SG": 330, "ID": 420, "TH": 180, "US": 60, "GB": 290}

SENDERS = (
    Sender(
        "default",
        5.0,
        (
            Text("login", 6.0, is_code=True),
            Text("signup", 1.5, is_code=True),
            Text("ship_update", 2.5),
            Text("order_confirmed", 2.0, segments=2),
        ),
        {"CN": 0.86, "HK": 0.05, "SG": 0.03, "ID": 0.03, "TH": 0.015, "US": 0.01, "GB": 0.005},
        weekend=1.2,
    ),
    Sender(
        "second",
        3.0,
        (
            Text("login", 4.0, is_code=True),
            Text("payment", 2.0, is_code=True),
            Text("payment_alert", 3.0),
        ),
        {"CN": 0.9, "HK": 0.1},
        weekend=0.7,
    ),
    Sender(
        "clinic",
        1.0,
        (Text("login", 1.0, is_code=True), Text("appointment_reminder", 3.0, segments=2)),
        {"CN": 1.0},
        weekend=0.4,
    ),
)


def places(senders: Sequence[Sender] = SENDERS) -> list[Place]:
    """Every cell there is, with its share of a weekday's messages."""
    found = []
    for sender in senders:
        all_texts = sum(text.weight for text in sender.texts)
        for text in sender.texts:
            for country, share in sender.countries.items():
                prefixes = PREFIXES[country]
                all_prefixes = sum(weight for _, weight in prefixes)
                for prefix, weight in prefixes:
                    part = text.weight / all_texts * share * weight / all_prefixes
                    found.append(
                        Place(
                            cell=Cell(sender.tenant, text.name, country, prefix),
                            weight=sender.weight * part,
                            is_code=text.is_code,
                            weekend=sender.weekend,
                            segments=text.segments,
                            price_milli=PRICES_MILLI[country],
                        )
                    )
    return found
