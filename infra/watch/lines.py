"""What our log lines hold: the fields of each event, as the index and the queries stand on them.

A test holds this table against the calls in the code, so that a renamed field fails there and not
on a dashboard that has gone empty.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.observability import events

EVERY_LINE = ("level", "event", "request_id", "function", "trace_id", "span_id")
"""Of every line; the last two outside of an invocation not."""

LINES: Mapping[str, tuple[str, ...]] = {
    events.OTP_REQUESTED: (
        "tenant",
        "phone",
        "purpose",
        "country",
        "outcome",
        "provider_code",
        "is_resend",
    ),
    events.OTP_CODE_LENGTHENED: ("phone", "purpose", "length"),
    events.OTP_VERIFIED: ("tenant", "purpose"),
    events.OTP_REFUSED: ("tenant", "purpose", "reason"),
    events.OTP_OUTCOME_LOST: (),
    events.OTP_COMPENSATION_LOST: ("rows",),
    events.ABUSE_DECIDED: (
        "rule",
        "mode",
        "answer",
        "tenant",
        "country",
        "prefix_id",
        "is_one_address",
        "sent",
        "figure",
        "threshold",
        "close_s",
    ),
    events.PROOF_DEMANDED: ("tenant", "rule", "country", "was_given"),
    events.PROOF_UNCHECKED: ("error_code",),
    events.SMS_ATTEMPTED: (
        "phone",
        "country",
        "recipient_count",
        "template",
        "template_code",
        "outcome",
        "provider_code",
        "duration_ms",
    ),
    events.STORE_RETRIED: ("error_code",),
    events.STORE_FAILED: ("error_code",),
    events.QUEUE_PUT_FAILED: ("queue", "error_code"),
    events.INVOCATION_ENDED: (
        "outcome",
        "error_code",
        "policy",
        "items",
        "settled",
        "failed",
        "duration_ms",
        "cold_start",
    ),
    events.INVOCATION_FAILED: ("error_type", "stack"),
    events.LIBRARY_LOGGED: ("logger",),
    events.SETTINGS_REFUSED: ("problems",),
    events.NOTIFICATION_ACCEPTED: (
        "tenant",
        "template",
        "notification_id",
        "recipients",
        "known",
    ),
    events.NOTIFICATION_LEFT_TO_SWEEP: ("items",),
    events.MESSAGE_SETTLED: (
        "message_id",
        "tenant",
        "template",
        "channel",
        "phone",
        "country",
        "outcome",
        "reason",
        "is_dead",
        "cost_milli",
        "waited_ms",
    ),
    events.DISPATCH_OUTCOME_LOST: ("messages",),
    events.BREAKER_OPENED: ("provider_code",),
    events.BUDGET_EXHAUSTED: ("tenant",),
    events.BUDGET_THRESHOLD_REACHED: (
        "tenant",
        "scope",
        "period",
        "threshold_percent",
        "spent",
        "limit",
        "unit",
    ),
    events.ITEM_REFUSED: ("queue", "template", "item_id", "source", "reason"),
    events.RECEIPTS_RECEIVED: ("received", "known", "news"),
    events.RECEIPTS_COUNTED: ("destination", "outcome", "provider_code", "count"),
    events.REPLIES_RECEIVED: ("received", "opt_outs", "unreadable"),
    events.SWEEP_ENDED: ("seen", "duration_ms"),
    events.FIGURES_FOLDED: ("hours", "duration_ms"),
    events.PERSON_ERASED: ("phone", "tenant", "messages"),
    events.CONSENT_RECORDED: ("phone", "outcome", "is_news"),
    events.STATUS_WEBHOOK_ENDED: ("tenant", "outcome", "reason", "attempt", "is_over"),
    events.REDRIVE_ENDED: (
        "key_id",
        "tenant",
        "letter_id",
        "outcome",
        "queue",
        "template",
        "reason",
    ),
    events.SUPPORT_LOOKED_UP: (
        "key_id",
        "tenant",
        "who",
        "why",
        "kind",
        "phone",
        "outcome",
        "attempts",
    ),
}

REQUEST_METRICS = (
    "functionName",
    "requestId",
    "hasFunctionError",
    "isColdStart",
    "durationMs",
    "memoryUsageMB",
)
"""Of the platform's own line an invocation (`enableRequestMetrics`; page "Request-level metric
logs"): what a function says that no longer could, as after a timeout.
"""
