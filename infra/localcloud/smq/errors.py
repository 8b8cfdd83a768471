"""The error codes of the page "Error codes" of SMQ, with their HTTP statuses and texts."""

from __future__ import annotations

from collections.abc import Mapping

ERRORS: Mapping[str, tuple[int, str]] = {
    "AccessDenied": (
        403,
        "The OwnerId that your Access Key Id associated to is forbidden for this operation.",
    ),
    "InvalidAccessKeyId": (403, "The AccessKey Id you provided is not exist."),
    "SignatureDoesNotMatch": (
        403,
        "The request signature we calculated does not match the signature you provided.",
    ),
    "MissingAuthorizationHeader": (400, "Authorization header is required."),
    "InvalidAuthorizationHeader": (400, "The Authorization header format is invalid."),
    "MissingDateHeader": (400, "Date header is required."),
    "InvalidDateHeader": (400, "The Date header format is invalid."),
    "TimeExpired": (408, "The http request you sent is expired."),
    "InvalidDegist": (400, "The Content-MD5 you specified is invalid."),
    "InvalidArgument": (400, "An argument of the request is invalid."),
    "InvalidRequestURL": (400, "Http request URL format invalid."),
    "InvalidQueryString": (400, "Http request URL contains invalid querystring item."),
    "MalformedXML": (400, "The XML you provided was not well-formed."),
    "MissingReceiptHandle": (400, "ReceiptHandle is required."),
    "MissingVisibilityTimeout": (400, "VisibilityTimeout is required."),
    "ReceiptHandleError": (400, "The receipt handle you provide is not valid."),
    "MessageNotExist": (404, "Message not exist."),
    "QueueNotExist": (404, "The queue name you provided is not exist."),
    "QueueAlreadyExist": (409, "The queue you want to create is already exist."),
    "InvalidQueueName": (400, "The queue name you provided is invalid."),
    "QueueNameLengthError": (400, "Queue name length should between 1 and 256."),
    "TopicNotExist": (404, "The topic you provided does not exist."),
    # Inferred: the texts of the next three, and the status of the first.
    "SubscriptionNotExist": (404, "The subscription you provided does not exist."),
    "TopicAlreadyExist": (409, "The topic you want to create already exists."),
    "SubscriptionAlreadyExist": (409, "The subscription you want to create already exists."),
    "QpsLimitExceeded": (400, "The qps limit of the queue is exceeded."),
    "InternalError": (500, "Internal error."),
    "InternalServerError": (500, "Internal error."),
    "ServiceUnavailable": (503, "The service is unavailable."),  # inferred: not on the page
}


class SmqRefused(Exception):
    """A request that SMQ refuses; `code` is one of the table's."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def out_of_range(name: str, low: int, high: int) -> SmqRefused:
    """The refusal of a value outside of its bounds, in the documented words."""
    return SmqRefused("InvalidArgument", f"The value of {name} should between {low} and {high}.")
