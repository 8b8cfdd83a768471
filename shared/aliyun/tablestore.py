"""The row store on Tablestore, through the official SDK.

The SDK retries some errors for up to forty seconds and lets network errors through raw. Here the
policy is our own: what was certainly not applied is tried again at once, what may have been applied
is read back and told by the change's proof column, and all of it ends in seconds.
"""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import urllib3

# The SDK logs two lines at import where its C++ codec is absent, which is always so here.
for _codec in ("tablestore.encoder", "tablestore.decoder"):
    logging.getLogger(_codec).setLevel(logging.CRITICAL)

import tablestore as ots  # noqa: E402  (after its loggers are quiet)

from shared.aliyun.batch_progress import (  # noqa: E402
    LOST,
    MAYBE_APPLIED,
    NOT_APPLIED,
    NOT_SENT,
    BatchProgress,
)
from shared.aliyun.credentials import current_credentials  # noqa: E402
from shared.errors import ProviderUnavailable, StoreUnavailable  # noqa: E402
from shared.observability.events import STORE_FAILED, STORE_RETRIED  # noqa: E402
from shared.observability.logs import log_event  # noqa: E402
from shared.rows import Row, RowChange, RowKey  # noqa: E402

SUBJECT, ITEM = "subject", "item"
_TIMEOUT = urllib3.Timeout(connect=0.5, read=1.5)
_READ_LIMIT = 100
"""Rows that one BatchGetRow takes; BatchWriteRow takes 200."""
_BACKOFF_S = (0.05, 0.15)
_DEADLINE_S = 3.0
"""No second or third try begins later than that. A try ends within 2 s, or 3.5 s where no
connection comes about, as urllib3 itself tries that four times; reading back is a try of its own.
"""

_COMPARATORS = {
    "==": ots.ComparatorType.EQUAL,
    "<": ots.ComparatorType.LESS_THAN,
    "<=": ots.ComparatorType.LESS_EQUAL,
    ">": ots.ComparatorType.GREATER_THAN,
}


class _InvocationCredentials(ots.credentials.CredentialsProvider):  # type: ignore[misc]  # untyped
    """Gives the SDK the credentials of the current invocation, once a call."""

    def get_credentials(self) -> Any:  # the SDK's own untyped class
        held = current_credentials()
        return ots.credentials.Credentials(
            held.access_key_id, held.access_key_secret, held.security_token or None
        )


@dataclass(frozen=True, slots=True)
class _Unclear(Exception):
    """A call that failed; `was_sent`: it may have been applied all the same."""

    code: str
    was_sent: bool


class TablestoreRows:
    """Implements RowStore and RowRange on tables whose primary key is (subject, item), both
    strings.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        instance: str,
        sleep: Callable[[float], None] = time.sleep,
        monotonic_s: Callable[[], float] = time.monotonic,
        native: bool = False,
    ) -> None:
        self._sleep = sleep
        self._monotonic_s = monotonic_s
        self._client = ots.OTSClient(
            endpoint,
            instance_name=instance,
            credentials_provider=_InvocationCredentials(),
            socket_timeout=_TIMEOUT,
            max_connection=8,
            retry_policy=ots.NoRetryPolicy(),
            enable_native=native,
        )
        logging.getLogger("tablestore-client").setLevel(logging.CRITICAL)

    def apply(self, changes: Sequence[RowChange]) -> list[bool]:
        """Which changes were applied, in order; one round trip unless something fails.

        A row whose answer was lost is in doubt: read back, it is applied if it bears the change's
        mark. If not, it is sent again, and a refusal is believed only if there is no mark then.
        """
        if not changes:
            return []
        batch = BatchProgress(changes)
        deadline_s = self._monotonic_s() + _DEADLINE_S
        try:
            for _ in self._tries(deadline_s):
                waiting = batch.waiting
                batch.hear(self._write([changes[index] for index in waiting]), waiting)
                if batch.broken:
                    raise self._failed(batch.broken, maybe_applied=True)
                if batch.in_doubt:
                    keys = [changes[index].key for index in batch.in_doubt]
                    batch.see(self._read_until(deadline_s, keys))
                if not batch.waiting:
                    return [batch.verdicts[index] for index in range(len(changes))]
        except StoreUnavailable as error:
            error.maybe_applied = error.maybe_applied or batch.maybe_applied
            raise
        raise self._failed(batch.last_code, maybe_applied=batch.maybe_applied)

    def read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        """The rows at `keys`, None where there is none; one round trip for every hundred."""
        return self._read_until(self._monotonic_s() + _DEADLINE_S, keys)

    def scan(
        self, *, table: str, subject: str, start: str, end: str, limit: int
    ) -> list[tuple[RowKey, Row]]:
        """Up to `limit` rows of `subject` with start <= item < end, by one GetRange."""
        code = "deadline"
        for _ in self._tries(self._monotonic_s() + _DEADLINE_S):
            try:
                _, _, rows, _ = self._call(
                    lambda: self._client.get_range(
                        table,
                        "FORWARD",
                        [(SUBJECT, subject), (ITEM, start)],
                        [(SUBJECT, subject), (ITEM, end)],
                        limit=limit,
                        max_version=1,
                    )
                )
            except _Unclear as failure:
                code = failure.code
                continue
            return [
                (
                    RowKey(subject, str(row.primary_key[1][1]), table),
                    _as_row(row.attribute_columns),
                )
                for row in rows
            ]
        raise self._failed(code, maybe_applied=False)

    def _read_until(self, deadline_s: float, keys: Sequence[RowKey]) -> list[Row | None]:
        code = "deadline"
        for _ in self._tries(deadline_s):
            try:
                return [
                    row
                    for start in range(0, len(keys), _READ_LIMIT)
                    for row in self._read(keys[start : start + _READ_LIMIT])
                ]
            except _Unclear as failure:
                code = failure.code
        raise self._failed(code, maybe_applied=True)

    def _tries(self, deadline_s: float) -> Iterator[None]:
        """Up to three turns with a pause between them, none after the deadline."""
        yield None
        for pause_s in _BACKOFF_S:
            if self._monotonic_s() >= deadline_s:
                return
            self._sleep(pause_s)
            yield None

    def _write(self, changes: Sequence[RowChange]) -> list[str]:
        """An error code for each change, empty where it was applied. A call that failed whole is
        the same error for each: one that may pass, or that may have been applied.
        """
        places = _by_table([change.key for change in changes])
        request = ots.BatchWriteRowRequest()
        for table, indices in places.items():  # a table that is added twice replaces itself
            items = [_as_item(changes[index]) for index in indices]
            request.add(ots.TableInBatchWriteRowItem(table, items))
        try:
            response = self._call(lambda: self._client.batch_write_row(request))
        except _Unclear as failure:
            code = LOST if failure.was_sent else NOT_SENT
            log_event(STORE_RETRIED, error_code=failure.code)
            return [code] * len(changes)
        codes = [""] * len(changes)
        for table, indices in places.items():
            updated, deleted = (
                response.get_update_by_table(table),
                response.get_delete_by_table(table),
            )
            for item in (*updated, *deleted):
                if not item.is_ok:
                    codes[indices[item.index]] = item.error_code or LOST
        return codes

    def _read(self, keys: Sequence[RowKey]) -> list[Row | None]:
        places = _by_table(keys)
        request = ots.BatchGetRowRequest()
        for table, indices in places.items():
            primary_keys = [_as_primary_key(keys[index]) for index in indices]
            request.add(ots.TableInBatchGetRowItem(table, primary_keys, [], None, 1))
        response = self._call(lambda: self._client.batch_get_row(request))
        rows: list[Row | None] = [None] * len(keys)
        for table, indices in places.items():
            for index, item in zip(indices, response.get_result_by_table(table), strict=True):
                if not item.is_ok:
                    raise _Unclear(item.error_code, was_sent=False)
                rows[index] = _as_row(item.row.attribute_columns) if item.row else None
        return rows

    def _call(self, send: Callable[[], Any]) -> Any:  # the SDK's answers are untyped
        """The SDK's answer. Raises _Unclear for what may pass, StoreUnavailable for what will not.

        Never chains the SDK's exception: its text may quote rows.
        """
        try:
            return send()
        except ProviderUnavailable:
            raise self._failed("no_credentials", maybe_applied=False) from None
        except ots.OTSServiceError as error:
            code = str(error.get_error_code() or "")
            if code in NOT_APPLIED:
                raise _Unclear(code, was_sent=False) from None
            if code in MAYBE_APPLIED:
                raise _Unclear(code, was_sent=True) from None
            raise self._failed(code, maybe_applied=False) from None
        except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
            raise _Unclear("not_connected", was_sent=False) from None
        except urllib3.exceptions.MaxRetryError as error:
            was_sent = not isinstance(
                error.reason,
                (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError),
            )
            raise _Unclear("not_connected", was_sent=was_sent) from None
        except (urllib3.exceptions.HTTPError, ots.OTSClientError) as error:
            # A lost answer, or one that a proxy made up: the SDK cannot tell, and neither can we.
            raise _Unclear(type(error).__name__, was_sent=True) from None

    def _failed(self, code: str, *, maybe_applied: bool) -> StoreUnavailable:
        log_event(STORE_FAILED, level=logging.ERROR, error_code=code)
        return StoreUnavailable(code, maybe_applied=maybe_applied)


def _as_primary_key(key: RowKey) -> list[tuple[str, str]]:
    return [(SUBJECT, key.subject), (ITEM, key.item)]


def _as_row(columns: Any) -> Row:  # the SDK's untyped triples
    return {name: value for name, value, _ in columns}


def _by_table(keys: Sequence[RowKey]) -> dict[str, list[int]]:
    """The places of `keys` by table, each in order: as the SDK numbers the rows of a batch."""
    places: dict[str, list[int]] = {}
    for index, key in enumerate(keys):
        places.setdefault(key.table, []).append(index)
    return places


def _as_item(change: RowChange) -> Any:  # the SDK's untyped item
    condition = ots.Condition(ots.RowExistenceExpectation.IGNORE, _as_condition(change))
    primary_key = _as_primary_key(change.key)
    if change.drops:
        return ots.DeleteRowItem(ots.Row(primary_key), condition)
    columns: dict[str, list[Any]] = {}
    if change.puts:
        columns["PUT"] = list(change.puts.items())
    if change.deletes:
        # With a value that is none: of bare names the SDK reckons its buffer too small.
        columns["DELETE_ALL"] = [(name, None) for name in change.deletes]
    if change.adds:
        columns["INCREMENT"] = list(change.adds.items())
    return ots.UpdateRowItem(ots.Row(primary_key, columns), condition)


def _as_condition(change: RowChange) -> Any:  # the SDK's untyped condition, or None
    singles = [
        ots.SingleColumnCondition(
            each.column, each.value, _COMPARATORS[each.op], pass_if_missing=each.if_missing
        )
        for each in change.requires
    ]
    if not singles:
        return None
    # Nested in pairs: the error code page allows an AND exactly two parts, other pages more.
    return functools.reduce(_both, singles)


def _both(left: Any, right: Any) -> Any:  # the SDK's untyped conditions
    pair = ots.CompositeColumnCondition(ots.LogicalOperator.AND)
    pair.add_sub_condition(left)
    pair.add_sub_condition(right)
    return pair
