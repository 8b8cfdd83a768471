"""The depth of a queue, through the official SDK."""

from __future__ import annotations

import warnings

from mns.account import Account
from mns.mns_exception import MNSClientException, MNSServerException

from infra.foundation.failures import failure_of_code


class SmqLetters:
    """Implements Letters."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def count(self, queue: str) -> int | None:
        """GetQueueAttributes: what can be received, is in work, and is delayed. The vendor means
        to take these numbers out of the answer; the SDK then has -1.
        """
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                meta = self._account.get_queue(queue).get_attributes()
                counts = (meta.active_messages, meta.inactive_messages, meta.delay_messages)
        except MNSServerException as error:
            raise failure_of_code(str(error.type or "answer_lost")) from None
        except (MNSClientException, LookupError, AttributeError, TypeError, OSError):
            # Its texts may hold the whole answer.
            raise failure_of_code("answer_lost") from None
        return None if min(counts) < 0 else sum(counts)
