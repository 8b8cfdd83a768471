"""What the codes of the services mean for whoever applies."""

from __future__ import annotations

import re

from infra.foundation.model import FailureCode, FoundationFailed

_MEANINGS: tuple[tuple[str, FailureCode], ...] = (
    # First match. A token that is over is said so by the OpenAPI gateway alone; SMQ says
    # AccessDenied and Tablestore OTSAuthFailed, so that plan.clearer asks again.
    (r"InvalidSecurityToken\.Expired|SecurityTokenExpired", "credentials_expired"),
    (
        r"InvalidAccessKeyId.*|InvalidSecurityToken.*|MissingSecurityToken|Signature.*"
        r"|IncompleteSignature|Unauthorized|OTSAuthFailed|AccessIDAuthError",
        "credentials_refused",
    ),
    (
        r"AccessDenied.*|NoPermission.*|Forbidden.*|OTSNoPermissionAccess|ProjectForbidden",
        "forbidden",
    ),
    (r"Throttling.*|ServerBusy|OTSServerBusy|OTSQuotaExhausted|QpsLimitExceeded", "throttled"),
    (
        r"EntityNotExist.*|ProjectNotExist|LogStoreNotExist|OTSTableNotReady|OTSObjectNotExist",
        "not_there_yet",
    ),
    (r"ProjectAlreadyExist", "name_taken"),
    (r"not_sent", "not_connected"),
    (
        r"answer_lost|http_.*|InternalServerError|InternalError|ServiceUnavailable"
        r"|OTSInternalServerError|OTSServerUnavailable|OTSPartitionUnavailable|OTSTimeout",
        "answer_lost",
    ),
)
_OURS = ("not_sent", "answer_lost")
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9._]{0,63}", re.ASCII)


def failure_of_code(code: str) -> FoundationFailed:
    """The failure behind a provider's code; what is no code is not repeated."""
    known = code if _CODE.fullmatch(code) else "unreadable"
    for pattern, meaning in _MEANINGS:
        if re.fullmatch(pattern, known):
            return FoundationFailed(meaning, "" if known in _OURS else known)
    return FoundationFailed("refused", known)
