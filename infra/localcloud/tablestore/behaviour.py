"""What a test may change about the local Tablestore while it runs."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Behaviour:
    """The switches of one local Tablestore, read anew by every request.

    returns_key_after_modify: whether an RT_AFTER_MODIFY row carries its key as well. At the service
    it does not (the Elixir SDK's test of atomic increments, run against it, finds none), so its
    columns alone are sent unless this is set.
    interleaves_batches: the rows of a batch are carried out one at a time in no fixed order, each
    durable by itself, with other requests between them; no batch promises more than that.
    index_lag_ms: how long a global index stays behind its table, by the cloud's clock. The
    service's is some milliseconds; 0 unless set, so that no test is a matter of luck.
    transactions_everywhere: local transactions on every table, also those created without them: the
    Python SDK cannot ask for them, at the service a ticket does it.
    table_operations_per_s: the limit on table operations, 10 at the service; none unless set.
    """

    returns_key_after_modify: bool = False
    interleaves_batches: bool = False
    index_lag_ms: int = 0
    transactions_everywhere: bool = False
    table_operations_per_s: int | None = None
    random: random.Random = field(default_factory=lambda: random.Random(1))
    """Decides the order of interleaved rows."""
