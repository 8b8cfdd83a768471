"""POST /v1/otp and POST /v1/otp/verify."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Callable, Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from shared.access.api_keys import ApiKeys
from shared.api.json_body import Body, parse_body, refuse_what_never_fits
from shared.api.text import Text, encodable
from shared.fc.events import HttpRequest
from shared.fc.responses import HttpResponse, rate_limit
from shared.idempotency.record import parse_key
from shared.otp.answers import answer_of
from shared.otp.model import OtpGuess, OtpIssued, OtpRequest, OtpVerified
from shared.phone import PhoneNumber


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


class OtpVerifyBody(Body):
    """A code that someone typed."""

    challenge_id: ChallengeIdText
    code: Annotated[Text, Field(min_length=1, max_length=32, examples=["123456"])]
    context: Context | None = None


class RequestOtpEndpoint:
    """POST /v1/otp."""

    def __init__(
        self,
        *,
        api_keys: ApiKeys,
        issue: Callable[[OtpRequest], OtpIssued],
        parse_phone: Callable[[str], PhoneNumber],
    ) -> None:
        self._api_keys = api_keys
        self._issue = issue
        self._parse_phone = parse_phone

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """202 once the code is on its way."""
        refuse_what_never_fits(request, method="POST")
        tenant = self._api_keys.tenant_of(request.headers.get("authorization"))
        key = request.headers.get("idempotency-key")
        body = parse_body(request, OtpRequestBody)
        issued = self._issue(
            OtpRequest(
                tenant=tenant,
                phone=self._parse_phone(body.phone),
                purpose=body.purpose,
                challenge_id=body.challenge_id,
                locale=body.locale,
                client_ip=body.client.ip if body.client else None,
                device_id=body.client.device_id if body.client else None,
                context=body.context or {},
                idempotency_key=parse_key(key) if key is not None else None,
            )
        )
        return HttpResponse(202, answer_of(issued), _issued_headers(issued))


class VerifyOtpEndpoint:
    """POST /v1/otp/verify."""

    def __init__(self, *, api_keys: ApiKeys, check: Callable[[OtpGuess], OtpVerified]) -> None:
        self._api_keys = api_keys
        self._check = check

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """200 for the right code, the one time."""
        refuse_what_never_fits(request, method="POST")
        tenant = self._api_keys.tenant_of(request.headers.get("authorization"))
        body = parse_body(request, OtpVerifyBody)
        verified = self._check(
            OtpGuess(
                tenant=tenant,
                challenge_id=body.challenge_id,
                code=body.code,
                context=body.context or {},
            )
        )
        return HttpResponse(
            200,
            {
                "verified": True,
                "challenge_id": verified.challenge_id,
                "purpose": verified.purpose,
                **({"context": body.context} if body.context else {}),
            },
        )


def _issued_headers(issued: OtpIssued) -> Mapping[str, str]:
    return {
        **(rate_limit(issued.quota) if issued.quota else {}),
        **({"Idempotency-Replayed": "true"} if issued.is_replay else {}),
    }
