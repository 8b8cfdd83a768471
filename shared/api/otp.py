"""POST /v1/otp and POST /v1/otp/verify."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Annotated, Protocol, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from shared.access.api_keys import ApiKeys
from shared.access.revocation import KeyCheck
from shared.api.callers import caller_of
from shared.api.json_body import Body, parse_body, refuse_what_never_fits
from shared.api.text import Text, encodable
from shared.errors import FieldProblem, RequestInvalid
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse, rate_limit
from shared.idempotency.record import parse_key
from shared.otp.answers import answer_of
from shared.otp.model import OtpGuess, OtpIssued, OtpRequest, OtpVerified
from shared.phone import PhoneNumber
from shared.tokens.issuer import PhoneProof, Token


def _address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError("not an IP address") from None
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        raise ValueError("an address with a scope is nobody's on the network")
    return address.compressed


def _scalar(value: object) -> str | bool | int | float:
    # One validator for all kinds, so that a bad value is one problem with one path.
    if isinstance(value, (bool, int)):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str) and 1 <= len(value) <= 128:
        return encodable(value)
    raise ValueError("not a text of 1 to 128 characters, a number, true or false")


ContextText: TypeAlias = Annotated[Text, Field(min_length=1, max_length=128)]
Scalar: TypeAlias = Annotated[
    str | bool | int | float,
    PlainValidator(_scalar),
    WithJsonSchema({"type": ["string", "boolean", "number"], "minLength": 1, "maxLength": 128}),
]
Context: TypeAlias = Annotated[dict[ContextText, Scalar], Field(max_length=8)]
ChallengeIdText: TypeAlias = Annotated[Text, Field(min_length=1, max_length=200)]


class Client(Body):
    """The person's device, as the caller knows it."""

    ip: Annotated[str, Field(max_length=45), AfterValidator(_address)] | None = None
    device_id: Annotated[Text, Field(min_length=1, max_length=128)] | None = None


class OtpRequestBody(Body):
    """A wish for a code; with `challenge_id`, for the same code once more."""

    phone: Annotated[Text, Field(min_length=1, max_length=64, examples=["+8613800138000"])]
    purpose: Annotated[Text, Field(min_length=1, max_length=32, examples=["login"])]
    challenge_id: ChallengeIdText | None = None
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None = None
    client: Client | None = None
    context: Context | None = None
    proof: (
        Annotated[
            Text,
            Field(
                min_length=1,
                max_length=4096,
                description="What answers the `puzzle` of a `proof_required`: "
                "a solved proof of work, or a CAPTCHA token.",
            ),
        ]
        | None
    ) = None


class OtpVerifyBody(Body):
    """A code that someone typed."""

    challenge_id: ChallengeIdText
    code: Annotated[Text, Field(min_length=1, max_length=32, examples=["123456"])]
    context: Context | None = None
    token: Annotated[
        bool, Field(description="With a signed token, which a backend checks by /v1/jwks.json.")
    ] = False


class Issue(Protocol):
    """Sends a code."""

    def __call__(
        self, request: OtpRequest, *, check: KeyCheck | None, proof: str | None
    ) -> OtpIssued:
        """Raises Unauthenticated if `check` does, ProofRequired if `proof` is not good enough."""


class Check(Protocol):
    """Checks a code."""

    def __call__(self, guess: OtpGuess, *, check: KeyCheck | None) -> OtpVerified:
        """Raises Unauthenticated if `check` does."""


class RequestOtpEndpoint:
    """POST /v1/otp."""

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        issue: Issue,
        parse_phone: Callable[[str], PhoneNumber],
    ) -> None:
        self._api_keys = api_keys
        self._issue = issue
        self._parse_phone = parse_phone

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """202 once the code is on its way."""
        refuse_what_never_fits(request, method="POST")
        caller = caller_of(self._api_keys, request, "otp:request")
        key = request.headers.get("idempotency-key")
        body = parse_body(request, OtpRequestBody)
        wish = OtpRequest(
            tenant=caller.tenant,
            phone=self._parse_phone(body.phone),
            purpose=body.purpose,
            challenge_id=body.challenge_id,
            locale=body.locale,
            client_ip=body.client.ip if body.client else None,
            device_id=body.client.device_id if body.client else None,
            context=body.context or {},
            idempotency_key=parse_key(key) if key is not None else None,
            # What a public client says of its own address counts for nothing.
            source_ip=caller.client_ip,
        )
        issued = self._issue(wish, check=caller.check, proof=body.proof)
        return HttpResponse(202, answer_of(issued), _issued_headers(issued))


class VerifyOtpEndpoint:
    """POST /v1/otp/verify."""

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        check: Check,
        issue_token: Callable[[PhoneProof], Token] | None = None,
    ) -> None:
        """issue_token: None where no tokens are made."""
        self._api_keys = api_keys
        self._check = check
        self._issue_token = issue_token

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 for the right code, the one time."""
        refuse_what_never_fits(request, method="POST")
        caller = caller_of(self._api_keys, request, "otp:verify")
        body = parse_body(request, OtpVerifyBody)
        issue_token = self._issue_token if body.token else None
        if body.token and issue_token is None:
            # Before the guess: it would be spent, and its token be missing.
            raise RequestInvalid(FieldProblem("token", "no tokens are made here"))
        verified = self._check(
            OtpGuess(
                tenant=caller.tenant,
                challenge_id=body.challenge_id,
                code=body.code,
                context=body.context or {},
            ),
            check=caller.check,
        )
        token = issue_token(_proof(caller.tenant, verified, body)) if issue_token else None
        return HttpResponse(
            200,
            {
                "verified": True,
                "challenge_id": verified.challenge_id,
                "purpose": verified.purpose,
                **({"context": body.context} if body.context else {}),
                **(
                    {"token": token.text, "token_expires_in_s": token.expires_in_s} if token else {}
                ),
            },
        )


def _proof(tenant: str, verified: OtpVerified, body: OtpVerifyBody) -> PhoneProof:
    return PhoneProof(
        tenant, verified.challenge_id, verified.phone, verified.purpose, body.context or {}
    )


def _issued_headers(issued: OtpIssued) -> Mapping[str, str]:
    return {
        **(rate_limit(issued.quota) if issued.quota else {}),
        **({"Idempotency-Replayed": "true"} if issued.is_replay else {}),
    }
