"""The service's errors as values: a code, a text, and the HTTP status that the code goes with.

Codes, statuses and texts are those of the vendor's page "Error codes"; a text that is
ours is marked where it is raised.
"""

from __future__ import annotations

ERROR_CODES = {
    "OTSParameterInvalid": 400,
    "OTSInvalidPK": 400,
    "OTSMetaNotMatch": 400,
    "OTSOutOfRowSizeLimit": 400,
    "OTSOutOfColumnCountLimit": 400,
    "OTSUnsupportOperation": 400,
    # Inferred: the statuses of OTSDataOutOfRange, OTSOutOfTransactionDataSizeLimit and
    # OTSSessionNotExist.
    "OTSDataOutOfRange": 400,
    "OTSOutOfTransactionDataSizeLimit": 400,
    "OTSForbiddenUpdateCapacityUnit": 400,
    "OTSAuthFailed": 403,
    "OTSNoPermissionAccess": 403,
    "OTSConditionCheckFail": 403,
    "OTSQuotaExhausted": 403,
    "OTSNotEnoughCapacityUnit": 403,
    "OTSCapacityUnitExhausted": 403,
    "OTSTooFrequentReservedThroughputAdjustment": 403,
    "OTSObjectNotExist": 404,
    "OTSTableNotReady": 404,
    "OTSSessionNotExist": 404,
    "OTSMethodNotAllowed": 405,
    "OTSRequestTimeout": 408,
    "OTSRowOperationConflict": 409,
    "OTSObjectAlreadyExist": 409,
    "OTSRequestBodyTooLarge": 413,
    "OTSFlowControl": 429,
    "OTSInternalServerError": 500,
    "OTSPartitionUnavailable": 503,
    "OTSServerUnavailable": 503,
    "OTSServerBusy": 503,
    "OTSTimeout": 503,
}

TEXTS_OF_CODES = {
    "OTSNoPermissionAccess": (
        "You have no permission to access the requested resource, please contact the resource owner"
    ),
    "OTSConditionCheckFail": "Condition check failed.",
    "OTSCapacityUnitExhausted": "Capacity unit is not enough.",
    "OTSNotEnoughCapacityUnit": "Remaining capacity unit is not enough.",
    "OTSQuotaExhausted": "Too frequent table operations.",
    "OTSObjectNotExist": "Requested table does not exist.",
    "OTSTableNotReady": "The table is not ready.",
    "OTSSessionNotExist": "Session not exist or may be timeout.",
    "OTSMethodNotAllowed": "Only POST method for requests is supported.",
    "OTSRequestTimeout": "Request timeout.",
    "OTSRowOperationConflict": "Data is being modified by the other request.",
    "OTSObjectAlreadyExist": "Requested table already exists.",
    "OTSRequestBodyTooLarge": "The size of POST data is too large.",
    "OTSFlowControl": "The requests have been throttled.",
    "OTSInternalServerError": "Internal server error.",
    "OTSPartitionUnavailable": "The partition is not available.",
    "OTSServerUnavailable": "Server is not available.",
    "OTSServerBusy": "Server is busy.",
    "OTSTimeout": "Operation timeout.",
}


class OtsError(Exception):
    """The service says no. `text` is the code's usual one unless given."""

    def __init__(self, code: str, text: str = "") -> None:
        self.code = code
        self.text = text or TEXTS_OF_CODES.get(code, code)
        super().__init__(f"{code}: {self.text}")

    @property
    def http_status(self) -> int:
        """The status that goes with the code; 400 for a code that no vendor page lists."""
        return ERROR_CODES.get(self.code, 400)


def invalid(text: str) -> OtsError:
    """An OTSParameterInvalid that says `text`."""
    return OtsError("OTSParameterInvalid", text)
