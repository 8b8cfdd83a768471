"""Codes of the API gateway that stands before every service: what they say whatever was asked."""

from __future__ import annotations

import re

REFUSED_FOR_NOW = re.compile(
    r"Throttling(\..*)?|ServiceUnavailable|InvalidSecurityToken\..*"
    r"|InvalidTimeStamp\.Expired|SignatureNonceUsed|not_sent"
)
"""Refused before anything was done: safe to send again, a moment later."""

ACCOUNT_REFUSED = re.compile(
    r"Forbidden.*|InvalidAccessKeyId(\..*)?|SignatureDoesNotMatch|no_credentials"
)
"""Nobody with these credentials gets further."""
