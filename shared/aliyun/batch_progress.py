"""What is known of a batch of row changes while it is being applied, row by row.

Each row of a BatchWriteRow has an outcome of its own, and each can be unclear on its own: the error
code page has codes that mean "refused before anything was done", and others that do not say.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.rows import Row, RowChange, bears_mark

CONDITION_FAILED = "OTSConditionCheckFail"
# Ours: the call never left this machine; its answer never came back.
NOT_SENT, LOST = "not_sent", "answer_lost"
# Tablestore "Error codes": refused before anything was applied.
NOT_APPLIED = frozenset(
    {
        "OTSRowOperationConflict",
        "OTSServerBusy",
        "OTSPartitionUnavailable",
        "OTSTableNotReady",
        "OTSNotEnoughCapacityUnit",
        "OTSCapacityUnitExhausted",
        "OTSOperationThrottled",
        NOT_SENT,
    }
)
MAYBE_APPLIED = frozenset(
    {"", LOST, "OTSTimeout", "OTSInternalServerError", "OTSServerUnavailable"}
)


class BatchProgress:
    """What is known of a batch's changes, by their place in it, while it is being applied."""

    def __init__(self, changes: Sequence[RowChange]) -> None:
        self._changes = changes
        self._doubtful: set[int] = set()
        self._refused: set[int] = set()
        self.verdicts: dict[int, bool] = {}
        self.last_code = self.broken = ""

    @property
    def waiting(self) -> list[int]:
        """The changes without a verdict."""
        return [index for index in range(len(self._changes)) if index not in self.verdicts]

    @property
    def in_doubt(self) -> list[int]:
        """Those of them that may have been applied all the same."""
        return [index for index in self.waiting if index in self._doubtful]

    @property
    def maybe_applied(self) -> bool:
        """False only if no change can have been."""
        return bool(self.verdicts) or bool(self._doubtful)

    def hear(self, codes: Sequence[str], indices: Sequence[int]) -> None:
        """Take the error codes of one try, empty for success."""
        self._refused.clear()
        for index, code in zip(indices, codes, strict=True):
            self.last_code = code or self.last_code
            if code == "":
                self.verdicts[index] = True
            elif code == CONDITION_FAILED and index not in self._doubtful:
                self.verdicts[index] = False
            elif code == CONDITION_FAILED:
                self._refused.add(index)
            elif code in MAYBE_APPLIED:
                self._doubtful.add(index)
            elif code not in NOT_APPLIED:
                self.broken = code

    def see(self, rows: Sequence[Row | None]) -> None:
        """Take the rows of the doubtful changes as they were read back."""
        for index, row in zip(self.in_doubt, rows, strict=True):
            if bears_mark(row, self._changes[index]):
                self.verdicts[index] = True
            elif index in self._refused:
                self.verdicts[index] = False
