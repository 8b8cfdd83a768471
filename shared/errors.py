"""Every error of the service, drawn as one tree.

    SesameError
    ├── RequestInvalid            invalid_request          bytes that do not fit the contract
    │   ├── PhoneInvalid          phone_invalid
    │   ├── PurposeUnknown        purpose_unknown
    │   └── IdempotencyKeyInvalid idempotency_key_invalid
    ├── Unauthenticated           unauthenticated
    ├── Forbidden                 forbidden
    ├── DestinationNotAllowed     destination_not_allowed
    ├── ProofRequired             proof_required
    ├── NotFound                  not_found
    ├── MethodNotAllowed          method_not_allowed
    ├── PayloadTooLarge           payload_too_large
    ├── UnsupportedMediaType      unsupported_media_type
    ├── OtpInvalid                otp_invalid              wrong, used, expired, unknown: one
    ├── ChallengeInvalid          challenge_invalid        a resend of what cannot be sent again
    ├── MessageNotCancellable     message_not_cancellable  it is on its way, or has ended
    ├── IdempotencyInProgress     idempotency_in_progress
    ├── IdempotencyKeyReused      idempotency_key_reused
    ├── Throttled                 throttled
    ├── ProviderUnavailable       provider_unavailable     certainly not sent
    ├── StoreUnavailable          store_unavailable
    │   └── QueueUnavailable      store_unavailable        not durably on the queue
    └── SettingsInvalid           settings_invalid         a deployment that cannot start

`code` is stable and public, and so is `public_message`. The internal cause travels by
`raise ... from exc` and never reaches a client.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar


class SesameError(Exception):
    """The root. `retryable`: the same request may succeed later, unchanged."""

    code: ClassVar[str] = "internal_error"
    public_message: ClassVar[str] = "Something went wrong on our side."
    retryable: ClassVar[bool] = False
    retry_after_s: int | None = None
    is_replay: bool = False
    """True when an idempotency record repeats an error that was answered before."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field; `field` is a path such as `client.ip`."""

    field: str
    reason: str


class RequestInvalid(SesameError):
    """The body, a field or a header does not fit the contract; `problems` names each."""

    code = "invalid_request"
    public_message = "The request does not fit the contract."

    def __init__(self, *problems: FieldProblem) -> None:
        super().__init__(self.public_message)
        self.problems: Sequence[FieldProblem] = problems


class PhoneInvalid(RequestInvalid):
    """Not a number that can receive an SMS."""

    code = "phone_invalid"
    public_message = "This is not a mobile number that can receive an SMS."


class PurposeUnknown(RequestInvalid):
    """A purpose that no policy names."""

    code = "purpose_unknown"
    public_message = "There is no such purpose."


class IdempotencyKeyInvalid(RequestInvalid):
    """An Idempotency-Key header that is neither a quoted string nor a long token."""

    code = "idempotency_key_invalid"
    public_message = (
        "Idempotency-Key must be a quoted string of 1 to 255 visible characters, "
        "or an unquoted token of 16 to 255 of A-Z a-z 0-9 _ -."
    )


class Unauthenticated(SesameError):
    """No API key, or one that is not known."""

    code = "unauthenticated"
    public_message = "A valid API key is needed: Authorization: Bearer <key>."


class Forbidden(SesameError):
    """A known caller that may not do this."""

    code = "forbidden"
    public_message = "This caller may not do that."


class DestinationNotAllowed(SesameError):
    """A number that this service does not send to: its country, its block, or itself."""

    code = "destination_not_allowed"
    public_message = "Messages to this destination are not allowed."


class ProofRequired(SesameError):
    """The risk is high, and no good proof came with the request. puzzle: what the caller may answer
    with `proof`, as plain data.
    """

    code = "proof_required"
    public_message = "A proof is needed before a code can be sent; see `puzzle`."

    def __init__(self, puzzle: Mapping[str, object]) -> None:
        super().__init__(self.public_message)
        self.puzzle = puzzle


class NotFound(SesameError):
    """No such route."""

    code = "not_found"
    public_message = "There is nothing here."


class MethodNotAllowed(SesameError):
    """A route that exists, asked with another method; `allowed` is what it takes."""

    code = "method_not_allowed"
    public_message = "This route does not take that method."

    def __init__(self, allowed: str) -> None:
        super().__init__(self.public_message)
        self.allowed = allowed


class PayloadTooLarge(SesameError):
    """A body over the limit."""

    code = "payload_too_large"
    public_message = "The request body is too large."


class UnsupportedMediaType(SesameError):
    """A body that does not say that it is JSON."""

    code = "unsupported_media_type"
    public_message = "The request body must be application/json."


class OtpInvalid(SesameError):
    """The code does not open this challenge; why is nobody's business."""

    code = "otp_invalid"
    public_message = "This code is not valid."


class ChallengeInvalid(SesameError):
    """A resend of a challenge that is foreign, used, expired, void or unknown."""

    code = "challenge_invalid"
    public_message = "This challenge cannot be sent again; request a new code."


class MessageNotCancellable(SesameError):
    """A message that is on its way already, or has come to its end."""

    code = "message_not_cancellable"
    public_message = "This message can no longer be called off."


class IdempotencyInProgress(SesameError):
    """The first request with this key is still running."""

    code = "idempotency_in_progress"
    public_message = "A request with this Idempotency-Key is still running."
    retryable = True
    retry_after_s = 1


class IdempotencyKeyReused(SesameError):
    """This key was used for another request."""

    code = "idempotency_key_reused"
    public_message = "This Idempotency-Key was used for a different request."


@dataclass(frozen=True, slots=True)
class Quota:
    """A limit as a caller may know it: `limit` sends in `window_s`, `remaining`, reset in s.

    limit: 0 where it is another's, and not known.
    """

    policy: str
    limit: int
    window_s: int
    remaining: int
    reset_s: int


class Throttled(SesameError):
    """A limit said no; `quota` is the one whose wait is the longest."""

    code = "throttled"
    public_message = "Too many requests; wait before trying again."
    retryable = True

    def __init__(self, quota: Quota) -> None:
        super().__init__(f"{quota.policy}: wait {quota.reset_s} s")
        self.quota = quota
        self.retry_after_s = quota.reset_s


class ProviderUnavailable(SesameError):
    """The message certainly did not go out; `reason` is the provider's code, for the log only."""

    code = "provider_unavailable"
    public_message = "The message could not be sent; nothing was charged."
    retryable = True

    def __init__(self, reason: str, *, retry_after_s: int = 30) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class StoreUnavailable(SesameError):
    """The store did not answer, or not clearly enough to go on; nothing was sent.

    maybe_applied: False only if no change can have been made.
    """

    code = "store_unavailable"
    public_message = "The service cannot reach its store; try again."
    retryable = True
    retry_after_s = 2

    def __init__(self, reason: str, *, maybe_applied: bool = True) -> None:
        super().__init__(reason)
        self.maybe_applied = maybe_applied


class QueueUnavailable(StoreUnavailable):
    """The queue did not take the work; the caller may try again."""


class SettingsInvalid(SesameError):
    """The environment cannot be used; the text names every bad key and no value."""

    code = "settings_invalid"
