"""AssumeRoleWithOIDC's own part: what an identity provider's token says, once it is believed.

The codes and texts are those of the page "STS error codes". Inferred: the order of the checks, the
code of a foreign issuer, and that a token without `exp` is refused; the page has none of these.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.localcloud.core.conditions import Facts
from infra.localcloud.core.identity_providers import IdentityProviders, OidcProvider
from infra.localcloud.core.jwt import Jwt, JwtInvalid, is_signed_by, read_jwt
from infra.localcloud.core.signatures import GatewayRefused

TOKEN_LIMIT = 20_000
_NO_PERMISSION = "AuthenticationFail.NoPermission"
_INVALID = "AuthenticationFail.OIDCToken.Invalid"
_EXPIRED = "AuthenticationFail.OIDCToken.Expired"
_AUDIENCE = "AuthenticationFail.OIDCToken.AudienceNotMatch"
_SIGNATURE = "AuthenticationFail.OIDCToken.InvalidSignature"


@dataclass(frozen=True, slots=True)
class BelievedToken:
    """A token that its provider signed, for one of its clients, and that is still good. Times are
    UTC epoch s.
    """

    provider: OidcProvider
    subject: str
    audiences: tuple[str, ...]
    issued_at: float
    expires_at: float

    @property
    def facts(self) -> Facts:
        """What a trust policy's Condition may ask: `oidc:iss`, `oidc:aud`, `oidc:sub`."""
        # Inferred: of several audiences, the first that the provider's clients have.
        known = [each for each in self.audiences if each in self.provider.client_ids]
        return {
            "oidc:iss": self.provider.issuer,
            "oidc:aud": known[0],
            "oidc:sub": self.subject,
        }

    def as_json(self) -> dict[str, object]:
        """OIDCTokenInfo of the answer."""
        return {
            "Subject": self.subject,
            "Issuer": self.provider.issuer,
            "ClientIds": ",".join(self.audiences),
            "IssuanceTime": _iso(self.issued_at),
            "ExpirationTime": _iso(self.expires_at),
            "VerificationInfo": "Success",  # inferred: the text
        }


def believe(
    providers: IdentityProviders, arn: str, text: str, *, now_s: float, host_now_s: float
) -> BelievedToken:
    """What the token says. Raises GatewayRefused.

    now_s: by the cloud's clock; host_now_s: by the host's, on which a token counts as well: who
    made it cannot know that the cloud's clock was moved.
    """
    provider = providers.by_arn(arn)
    if provider is None:
        raise GatewayRefused(_NO_PERMISSION, "No such OIDC Provider registered.")
    if not text:
        raise GatewayRefused(_INVALID, "The OIDCToken can not empty.")
    if len(text) > TOKEN_LIMIT:
        raise GatewayRefused(_INVALID, "The Jwt content is invalid that cannot be recognized.")
    try:
        jwt = read_jwt(text)
    except JwtInvalid as error:
        raise GatewayRefused(_INVALID, str(error)) from error
    if not is_signed_by(jwt, provider.keys):
        raise GatewayRefused(_SIGNATURE, "OIDC token validate failed: invalid signature.")
    return _checked(provider, jwt, (now_s, host_now_s))


def _checked(provider: OidcProvider, jwt: Jwt, nows: tuple[float, float]) -> BelievedToken:
    claims = jwt.claims
    audiences = _audiences(claims)
    subject, issuer = claims.get("sub"), claims.get("iss")
    if issuer != provider.issuer or not isinstance(subject, str):
        raise GatewayRefused(_INVALID, "The Jwt content is invalid that cannot be recognized.")
    if not set(audiences) & set(provider.client_ids):
        raise GatewayRefused(_AUDIENCE, "Invalid audience.")
    expires_at = _time(claims, "exp")
    if all(expires_at <= now for now in nows):
        raise GatewayRefused(_EXPIRED, "This JsonWebToken is expired.")
    issued_at = _time(claims, "iat") if "iat" in claims else min(nows)
    return BelievedToken(provider, subject, audiences, issued_at, expires_at)


def _audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    aud = claims.get("aud")
    values = aud if isinstance(aud, list) else [aud]
    return tuple(each for each in values if isinstance(each, str))


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    # A date that fits a calendar; JSON may hold any number.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**40:
        raise GatewayRefused(_INVALID, "The Jwt content is invalid that cannot be recognized.")
    return float(value)


def _iso(epoch_s: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch_s))
