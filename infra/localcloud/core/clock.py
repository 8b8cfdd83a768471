"""The cloud's clock: the host's time plus an offset that the control plane moves and that survives
a restart.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

SKEW_LIMIT_S = 900.0
"""How far a signed request's date may be off: 15 minutes, as Tablestore and the ACS3 gateway
allow.
"""


class CloudClock:
    """Tells the cloud's time in UTC epoch seconds; `offset_s` is what has been added to the host's
    time.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self.offset_s = 0.0
        if file is not None and file.exists():
            self.offset_s = float(json.loads(file.read_text())["offset_s"])

    def now_s(self) -> float:
        """The cloud's time, UTC epoch seconds."""
        return time.time() + self.offset_s

    def now_ms(self) -> int:
        """The cloud's time, UTC epoch milliseconds."""
        return int(self.now_s() * 1000)

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`; a negative number moves it back."""
        self.set_offset(self.offset_s + seconds)

    def set_offset(self, offset_s: float) -> None:
        """Set the distance from the host's time and remember it over a restart."""
        self.offset_s = offset_s
        if self._file is not None:
            self._file.write_text(json.dumps({"offset_s": offset_s}))

    def frame_of(self, date_s: float) -> float | None:
        """The offset of the clock that a client's date was read from, or None if it is neither's.

        Functions live on the cloud's clock. A test or a tool that talks to a fake directly lives
        on the host's, and cannot know that the cloud's was moved: a date within the skew limit of
        either is taken, and answers carry the time of the same frame.
        """
        for offset_s in (self.offset_s, 0.0):
            if abs(time.time() + offset_s - date_s) <= SKEW_LIMIT_S:
                return offset_s
        return None
