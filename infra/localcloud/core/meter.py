"""The meter: how many wire requests of each kind were made, by which function, at what capacity
units.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(slots=True)
class Reading:
    """One kind of wire request since the last reset; `function` is empty for a caller outside the
    functions.
    """

    service: str
    operation: str
    function: str
    count: int = 0
    read_cu: int = 0
    write_cu: int = 0


class Meter:
    """Counts every request that reached a service, also one that a fault then struck."""

    def __init__(self) -> None:
        self._readings: dict[tuple[str, str, str], Reading] = {}

    def count(
        self, service: str, operation: str, function: str, *, read_cu: int = 0, write_cu: int = 0
    ) -> None:
        """Add one request."""
        key = (service, operation, function)
        reading = self._readings.setdefault(key, Reading(*key))
        reading.count += 1
        reading.read_cu += read_cu
        reading.write_cu += write_cu

    def clear(self) -> None:
        """Start again from nothing."""
        self._readings.clear()

    def as_json(self) -> dict[str, list[dict[str, object]]]:
        """The control plane's answer: `{"operations": [...]}`."""
        return {"operations": [asdict(reading) for reading in self._readings.values()]}
