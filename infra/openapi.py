"""The OpenAPI 3.1 description of the API, generated from the models that parse its bodies.

python -m infra.openapi          writes functions/describe_api/openapi.json
python -m infra.openapi --check  exit 1 if the file is not what the models say
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

from pydantic.json_schema import models_json_schema

from infra.openapi_answers import (
    ACCEPTED,
    ISSUED,
    KEY_SET,
    MESSAGE,
    VERIFIED,
    problem,
)
from shared import errors
from shared.api.consents import ConsentBody, PersonBody, PreferenceBody
from shared.api.notification_body import NotificationBody, RecipientBody
from shared.api.notifications import MessageSearchBody
from shared.api.otp import OtpRequestBody, OtpVerifyBody
from shared.fc.responses import STATUS
from shared.settings import SCOPES

FILE = Path(__file__).resolve().parent.parent / "functions" / "describe_api" / "openapi.json"

_KEY_PATTERN = r'^("([\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"|[A-Za-z0-9_-]{16,255})$'
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A quoted string, or a token of 16 or more; kept for 24 hours at least.",
    "schema": {"type": "string", "pattern": _KEY_PATTERN},
}
_RATE_LIMIT = {
    "RateLimit-Policy": "The policy that counts most, as q requests in w seconds",
    "RateLimit": "What remains of it (r), and when it is reset (t, seconds)",
}
_WAIT = {"Retry-After": "Seconds"}

_SCOPES = (
    f"A key is good for some of {', '.join(SCOPES)}, or for all but the last; 403 where it is not. "
    "admin is for consents and for what is kept of a person; figures, support and operate are for "
    "the console alone."
)
_EVERYWHERE = ("unauthenticated", "forbidden", "method_not_allowed")
_WITH_BODY = (
    "invalid_request",
    "payload_too_large",
    "unsupported_media_type",
    "store_unavailable",
)
_REQUEST = (
    *_EVERYWHERE,
    *_WITH_BODY,
    "phone_invalid",
    "purpose_unknown",
    "destination_not_allowed",
    "proof_required",
    "idempotency_key_invalid",
    "idempotency_in_progress",
    "idempotency_key_reused",
    "challenge_invalid",
    "throttled",
    "provider_unavailable",
)
_NOTIFY = (
    *_EVERYWHERE,
    *_WITH_BODY,
    "phone_invalid",
    "idempotency_key_invalid",
    "idempotency_key_reused",
)
_TRACK = ("unauthenticated", "forbidden", "method_not_allowed", "not_found", "store_unavailable")
_VERIFY = (*_EVERYWHERE, *_WITH_BODY, "otp_invalid")


def description() -> dict[str, object]:
    """The whole document."""
    _, bodies = models_json_schema(
        [
            (model, "validation")
            for model in (
                OtpRequestBody,
                OtpVerifyBody,
                NotificationBody,
                RecipientBody,
                MessageSearchBody,
                ConsentBody,
                PreferenceBody,
                PersonBody,
            )
        ],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Sesame",
            "version": "1.0.0",
            "description": "One-time passwords by SMS, and notifications.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "http://127.0.0.1:8080", "description": "the local cloud"}],
        "security": [{"api_key": []}],
        "paths": {
            "/v1/otp": {"post": _request_otp()},
            "/v1/otp/verify": {"post": _verify_otp()},
            "/v1/notifications": {"post": _send_notification()},
            "/v1/messages/{message_id}": {
                "parameters": [
                    {
                        "name": "message_id",
                        "in": "path",
                        "required": True,
                        "schema": {"type": "string"},
                    }
                ],
                "get": _message("show_message", "A message's life so far", _TRACK),
                "delete": _message(
                    "cancel_message",
                    "Call a message off before it is on its way",
                    (*_TRACK, "message_not_cancellable", "payload_too_large"),
                ),
            },
            "/v1/messages/search": {"post": _search()},
            **_consents(),
            "/v1/openapi.json": {
                "get": {
                    "operationId": "describe_api",
                    "summary": "This description",
                    "security": [],
                    "responses": {
                        "200": _answer("This document", {"type": "object"}),
                        **_problems(("method_not_allowed",)),
                    },
                }
            },
            "/v1/jwks.json": {
                "get": {
                    "operationId": "show_token_keys",
                    "summary": "The keys that tokens of verified phones are checked with",
                    "security": [],
                    "responses": {
                        "200": {
                            "description": "Every key that signs, has just signed or soon will",
                            "content": {"application/jwk-set+json": {"schema": KEY_SET}},
                        },
                        **_problems(("method_not_allowed",)),
                    },
                }
            },
        },
        "components": {
            "securitySchemes": {
                "api_key": {"type": "http", "scheme": "bearer", "description": _SCOPES}
            },
            "schemas": {
                **bodies["$defs"],
                "OtpIssued": ISSUED,
                "OtpVerified": VERIFIED,
                "NotificationAccepted": ACCEPTED,
                "Message": MESSAGE,
                "Problem": problem(STATUS),
            },
        },
    }


def _request_otp() -> dict[str, object]:
    return {
        "operationId": "request_otp",
        "summary": "Send a code, or, with challenge_id, the same code again",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": _body("OtpRequestBody"),
        "responses": {
            "202": _answer(
                "The code is on its way",
                {"$ref": "#/components/schemas/OtpIssued"},
                {**_RATE_LIMIT, "Idempotency-Replayed": "`true` if answered before"},
            ),
            **_problems(_REQUEST),
        },
    }


def _verify_otp() -> dict[str, object]:
    return {
        "operationId": "verify_otp",
        "summary": "Check a code; the right one opens its challenge once",
        "requestBody": _body("OtpVerifyBody"),
        "responses": {
            "200": _answer("The code was right", {"$ref": "#/components/schemas/OtpVerified"}),
            **_problems(_VERIFY),
        },
    }


def _send_notification() -> dict[str, object]:
    return {
        "operationId": "send_notification",
        "summary": "Tell one to a thousand people what happened, by a template",
        "parameters": [_IDEMPOTENCY_KEY],
        "requestBody": _body("NotificationBody"),
        "responses": {
            "202": _answer(
                "It is durably on the queue",
                {"$ref": "#/components/schemas/NotificationAccepted"},
                {"Idempotency-Replayed": "`true` if it was accepted before"},
            ),
            **_problems(_NOTIFY),
        },
    }


def _message(operation: str, summary: str, problems: tuple[str, ...]) -> dict[str, object]:
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {
            "200": _answer("The message", {"$ref": "#/components/schemas/Message"}),
            **_problems(problems),
        },
    }


def _consents() -> dict[str, object]:
    recorded = {
        "type": "object",
        "required": ["recorded"],
        "properties": {
            "recorded": {"type": "boolean", "description": "false if a later word is known"}
        },
    }
    erased = {"type": "object", "properties": {"messages": {"type": "integer"}}}
    actions: dict[str, tuple[str, str, Mapping[str, object]]] = {
        "grant": ("Promotions are welcome", "ConsentBody", recorded),
        "withdraw": ("No more promotions", "ConsentBody", recorded),
        "prefer": ("The channel that a person prefers", "PreferenceBody", recorded),
        "export": ("All that is kept of a person", "PersonBody", {"type": "object"}),
        "erase": ("Forget a person, but for a no", "PersonBody", erased),
    }
    problems = (*_EVERYWHERE, *_WITH_BODY, "phone_invalid", "idempotency_in_progress")
    return {
        f"/v1/consents/{action}": {
            "post": {
                "operationId": f"{action}_consent" if schema is recorded else f"{action}_person",
                "summary": summary,
                "requestBody": _body(body),
                "responses": {"200": _answer("Done", schema), **_problems(problems)},
            }
        }
        for action, (summary, body, schema) in actions.items()
    }


def _search() -> dict[str, object]:
    found = {
        "type": "object",
        "required": ["messages"],
        "properties": {
            "messages": {"type": "array", "items": {"$ref": "#/components/schemas/Message"}}
        },
    }
    return {
        "operationId": "search_messages",
        "summary": "The latest messages to a phone",
        "requestBody": _body("MessageSearchBody"),
        "responses": {
            "200": _answer("Newest first", found),
            **_problems((*_EVERYWHERE, *_WITH_BODY, "phone_invalid")),
        },
    }


def _body(model: str) -> dict[str, object]:
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _answer(
    text: str, schema: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> dict[str, object]:
    return {
        "description": text,
        "content": {"application/json": {"schema": schema}},
        **({"headers": _headers(headers)} if headers else {}),
    }


def _headers(texts: Mapping[str, str]) -> dict[str, object]:
    return {
        name: {"description": text, "schema": {"type": "string"}} for name, text in texts.items()
    }


def _problems(codes: tuple[str, ...]) -> dict[str, object]:
    by_status: dict[int, list[str]] = {}
    for code in codes:
        by_status.setdefault(STATUS[code], []).append(code)
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        str(status): {
            "description": "; ".join(f"`{code}`: {_text(code)}" for code in listed),
            "content": {"application/problem+json": {"schema": schema}},
            **_problem_headers(status),
        }
        for status, listed in sorted(by_status.items())
    }


def _problem_headers(status: int) -> dict[str, object]:
    headers = {429: {**_WAIT, **_RATE_LIMIT}, 409: _WAIT, 503: _WAIT}.get(status)
    return {"headers": _headers(headers)} if headers else {}


def _text(code: str) -> str:
    for kind in vars(errors).values():
        if isinstance(kind, type) and getattr(kind, "code", None) == code:
            return str(kind.public_message)  # type: ignore[attr-defined]  # narrowed by its code
    raise KeyError(code)


def rendered() -> str:
    """The document as the file holds it."""
    return json.dumps(description(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the file; the exit code."""
    if arguments == ["--check"]:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == rendered():
            return 0
        print("openapi.json is not what the models say: python -m infra.openapi", file=sys.stderr)
        return 1
    FILE.write_text(rendered(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
