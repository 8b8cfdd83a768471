"""What the routes answer, for the OpenAPI description: the shapes of every body that goes out."""

from __future__ import annotations

from collections.abc import Iterable

ISSUED = {
    "type": "object",
    "required": ["challenge_id", "expires_at", "expires_in_s", "resend_after_s", "code_length"],
    "properties": {
        "challenge_id": {"type": "string"},
        "expires_at": {"type": "integer", "description": "UTC epoch seconds"},
        "expires_in_s": {"type": "integer"},
        "resend_after_s": {"type": "integer"},
        "code_length": {"type": "integer"},
        "delivery": {
            "const": "unconfirmed",
            "description": "Present if the provider's answer was lost: the code may arrive.",
        },
    },
}
VERIFIED = {
    "type": "object",
    "required": ["verified", "challenge_id", "purpose"],
    "properties": {
        "verified": {"const": True},
        "challenge_id": {"type": "string"},
        "purpose": {"type": "string"},
        "context": {
            "type": "object",
            "additionalProperties": {"type": ["string", "boolean", "number"]},
        },
        "token": {
            "type": "string",
            "description": "If it was asked for: a JWT (EdDSA). aud: the tenant, sub: the challenge"
            "; phone_number, phone_number_verified, purpose, and context if any was bound.",
        },
        "token_expires_in_s": {"type": "integer"},
    },
}
KEY_SET = {
    "type": "object",
    "description": "A JWK Set (RFC 7517) of Ed25519 keys (RFC 8037)",
    "required": ["keys"],
    "properties": {"keys": {"type": "array", "items": {"type": "object"}}},
}
ACCEPTED = {
    "type": "object",
    "required": ["message_id", "status"],
    "properties": {
        "message_id": {"type": "string", "description": "Of the first, if there are many"},
        "status": {"enum": ["queued", "scheduled"]},
        "messages": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"message_id": {"type": "string"}, "to": {"type": "string"}},
            },
        },
        "rejected": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "index": {"type": "integer"},
                    "code": {"type": "string"},
                    "reason": {"type": "string"},
                },
            },
        },
    },
}
MESSAGE = {
    "type": "object",
    "required": ["message_id", "status", "to", "template", "channel", "accepted_at", "timeline"],
    "properties": {
        "message_id": {"type": "string"},
        "status": {
            "enum": [
                "queued",
                "scheduled",
                "sending",
                "waiting",
                "sent",
                "unknown",
                "unconfirmed",
                "delivered",
                "undelivered",
                "failed",
                "suppressed",
                "cancelled",
            ]
        },
        "reason": {"type": "string", "description": "A code of ours, the provider or a carrier"},
        "to": {"type": "string", "description": "Masked"},
        "template": {"type": "string"},
        "channel": {"enum": ["sms", "email", "webhook"]},
        "accepted_at": {"type": "integer", "description": "UTC epoch milliseconds"},
        "due_at": {"type": "integer", "description": "UTC epoch milliseconds"},
        "attempts": {"type": "integer"},
        "timeline": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["at", "event"],
                "properties": {
                    "at": {"type": "integer", "description": "UTC epoch milliseconds"},
                    "event": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}


def problem(codes: Iterable[str]) -> dict[str, object]:
    """The shape of every error, whose `code` is one of these."""
    return {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": {"type": "string", "enum": sorted(codes)},
            "detail": {"type": "string"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"field": {"type": "string"}, "reason": {"type": "string"}},
                },
            },
            "violated-policies": {"type": "array", "items": {"type": "string"}},
            "puzzle": {
                "description": "Of `proof_required`: what `proof` may answer",
                "oneOf": [
                    {
                        "type": "object",
                        "description": "A text T such that SHA-256 of `text.T` begins with `bits` "
                        "zero bits, T of 1 to 20 of 0-9 a-z; `proof` is `text.T`. "
                        "For this phone only.",
                        "required": ["kind", "algorithm", "bits", "expires_at", "text"],
                        "properties": {
                            "kind": {"const": "work"},
                            "algorithm": {"const": "SHA-256"},
                            "bits": {"type": "integer"},
                            "expires_at": {"type": "integer", "description": "UTC epoch seconds"},
                            "text": {"type": "string"},
                        },
                    },
                    {
                        "type": "object",
                        "description": "`proof` is the token of this widget.",
                        "required": ["kind"],
                        "properties": {
                            "kind": {"const": "captcha"},
                            "site_key": {"type": "string"},
                        },
                    },
                ],
            },
        },
    }
