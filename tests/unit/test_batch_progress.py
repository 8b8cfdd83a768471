"""Rows of one batch that are clear, unclear, and cleared up one by one."""

from __future__ import annotations

from shared.aliyun.batch_progress import CONDITION_FAILED, LOST, NOT_SENT, BatchProgress
from shared.rows import RowChange, RowKey

PHONE = RowChange(RowKey("s", "phone"), puts={"mark": "me"}, proof=("mark", "me"))
CODE = RowChange(RowKey("s", "code"), puts={"used_by": "me"}, proof=("used_by", "me"))
OURS, FREE = {"used_by": "me"}, {"used_by": "you"}


def test_clear_answers_are_verdicts() -> None:
    batch = BatchProgress([PHONE, CODE])
    batch.hear(["", CONDITION_FAILED], [0, 1])

    assert (batch.verdicts, batch.waiting) == ({0: True, 1: False}, [])


def test_a_row_that_timed_out_but_bears_its_mark_was_applied() -> None:
    """Else a right code would be burnt: used by us, and then refused to us."""
    batch = BatchProgress([PHONE, CODE])
    batch.hear(["", "OTSTimeout"], [0, 1])
    assert batch.in_doubt == [1]
    batch.see([OURS])

    assert batch.verdicts == {0: True, 1: True}


def test_a_row_that_timed_out_without_a_mark_is_sent_again() -> None:
    batch = BatchProgress([PHONE, CODE])
    batch.hear(["", "OTSInternalServerError"], [0, 1])
    batch.see([None])

    assert batch.waiting == [1]


def test_a_refusal_after_a_doubt_is_believed_only_without_a_mark() -> None:
    for row, verdict in ((OURS, True), (FREE, False)):
        batch = BatchProgress([CODE])
        batch.hear([LOST], [0])
        batch.see([None])
        batch.hear([CONDITION_FAILED], [0])
        assert batch.verdicts == {}
        batch.see([row])
        assert batch.verdicts == {0: verdict}


def test_only_what_was_never_sent_is_surely_not_applied() -> None:
    batch = BatchProgress([PHONE])
    batch.hear([NOT_SENT], [0])
    assert not batch.maybe_applied
    batch.hear([LOST], [0])
    assert batch.maybe_applied


def test_an_error_that_no_retry_mends_is_kept() -> None:
    batch = BatchProgress([PHONE])
    batch.hear(["OTSInvalidPK"], [0])

    assert batch.broken == "OTSInvalidPK"
