"""The metrics, each as one query of SLS: a search, and the SQL over what it finds.

Lines of functions are logs with the field `message` (page "Print function logs"), which the index
opens as JSON: `message.event` in a search, `"message.event"` in SQL. Booleans in it are text.

Not in the logs is how deep a queue is and how old its oldest message. That is CloudMonitor's
`NumberOfMessagesVisible` of SMQ, one series a queue: the counts that GetQueueAttributes gives are
being withdrawn and will be 0 (page of that call), so nothing here builds on them. What the logs do
know is each dead letter as it is written (`dead_letters`), and how long each message waited
(`queue_wait`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

_ACCEPTED = """sum(CASE WHEN "message.outcome" = 'SendAccepted' THEN 1 ELSE 0 END)"""
_FAILED = """sum(CASE WHEN "message.outcome" = 'SendAccepted' THEN 0 ELSE 1 END)"""
_FAILURES = (
    f"count(*) AS attempts, {_FAILED} AS failures,"
    f" round(100.0 * {_FAILED} / count(*), 1) AS failure_percent"
)
_MINUTE = "__time__ - __time__ % 60 AS time"


def _percentiles(column: str) -> str:
    return ", ".join(
        f'approx_percentile("message.{column}", {share}) AS p{share[2:].ljust(2, "0")}_ms'
        for share in ("0.5", "0.95", "0.99")
    )


def _count(condition: str, counted: str = "1") -> str:
    return f"sum(CASE WHEN {condition} THEN {counted} ELSE 0 END)"


@dataclass(frozen=True, slots=True)
class Query:
    """A metric. title: as a chart of it is headed."""

    title: str
    search: str
    sql: str

    @property
    def text(self) -> str:
        """As SLS takes it."""
        return f"{self.search} | {self.sql}"


_SENT = _count("\"message.event\" = 'otp_requested'")
_VERIFIED = _count("\"message.event\" = 'otp_verified'")
_UNKNOWN = _count("\"message.reason\" = 'unknown_challenge'")
_COLD = _count("\"message.cold_start\" = 'true'")
_DELIVERED = _count("\"message.outcome\" = 'delivered'", '"message.count"')

QUERIES: Mapping[str, Query] = {
    # --- messages on their way out -----------------------------------------------------------
    "sends_per_minute": Query(
        "SMS a minute, by template",
        "message.event: sms_attempted and message.outcome: SendAccepted",
        f'SELECT {_MINUTE}, "message.template" AS template,'
        ' sum("message.recipient_count") AS sends'
        " GROUP BY time, template ORDER BY time LIMIT 10000",
    ),
    "failure_by_country": Query(
        "Failed tries by country",
        "message.event: sms_attempted",
        f'SELECT "message.country" AS country, {_FAILURES}'
        " GROUP BY country ORDER BY failure_percent DESC LIMIT 100",
    ),
    "failure_by_template": Query(
        "Failed tries by template",
        "message.event: sms_attempted",
        f'SELECT "message.template" AS template, "message.template_code" AS template_code,'
        f" {_FAILURES} GROUP BY template, template_code ORDER BY failure_percent DESC LIMIT 100",
    ),
    "failure_rate": Query(
        "Failed tries",
        "message.event: sms_attempted",
        f"SELECT {_FAILURES}",
    ),
    "provider_codes": Query(
        "What the provider refused with",
        "message.event: sms_attempted and not message.outcome: SendAccepted",
        'SELECT "message.outcome" AS outcome, "message.provider_code" AS provider_code,'
        " count(*) AS attempts GROUP BY outcome, provider_code ORDER BY attempts DESC LIMIT 100",
    ),
    "unapproved": Query(
        "Refused for the sign or the template",
        "message.event: sms_attempted and (message.provider_code: isv.SMS_TEMPLATE_ILLEGAL"
        " or message.provider_code: isv.SMS_SIGNATURE_ILLEGAL"
        " or message.provider_code: isv.SMS_SIGN_ILLEGAL"
        " or message.provider_code: isv.SIGN_STATE_ILLEGAL"
        " or message.provider_code: isv.SMS_SIGNATURE_SCENE_ILLEGAL)",
        'SELECT "message.template" AS template, "message.template_code" AS template_code,'
        ' "message.provider_code" AS provider_code, count(*) AS refusals'
        " GROUP BY template, template_code, provider_code ORDER BY refusals DESC LIMIT 100",
    ),
    "send_latency": Query(
        "How long the provider takes",
        "message.event: sms_attempted",
        f'SELECT "message.template" AS template, {_percentiles("duration_ms")},'
        " count(*) AS attempts GROUP BY template ORDER BY p95_ms DESC LIMIT 100",
    ),
    "breaker": Query(
        "The account cannot send",
        "message.event: breaker_opened",
        'SELECT "message.provider_code" AS provider_code, count(*) AS openings'
        " GROUP BY provider_code ORDER BY openings DESC LIMIT 100",
    ),
    # --- codes -------------------------------------------------------------------------------
    "otp_volume": Query(
        "Codes asked for",
        "message.event: otp_requested",
        f"SELECT count(*) AS requests, {_ACCEPTED} AS sent",
    ),
    "otp_by_country": Query(
        "Codes by country, a minute",
        "message.event: otp_requested",
        f'SELECT {_MINUTE}, "message.country" AS country, count(*) AS requests'
        " GROUP BY time, country ORDER BY time LIMIT 10000",
    ),
    "otp_abroad": Query(
        "Codes to other countries",
        "message.event: otp_requested and not message.country: CN",
        'SELECT "message.country" AS country, "message.tenant" AS tenant, count(*) AS requests'
        " GROUP BY country, tenant ORDER BY requests DESC LIMIT 100",
    ),
    "conversion": Query(
        "Codes that were typed in",
        "(message.event: otp_requested and message.outcome: SendAccepted"
        " and message.is_resend: false) or message.event: otp_verified",
        f'SELECT "message.tenant" AS tenant, "message.purpose" AS purpose, {_SENT} AS sent,'
        f" {_VERIFIED} AS verified,"
        f" round(100.0 * {_VERIFIED} / nullif({_SENT}, 0), 1) AS conversion_percent"
        " GROUP BY tenant, purpose ORDER BY sent DESC LIMIT 100",
    ),
    "unknown_challenges": Query(
        "Guesses for a challenge that no key opens",
        "message.event: otp_refused or message.event: otp_verified",
        f"SELECT count(*) AS guesses, {_UNKNOWN} AS unknown,"
        f" round(100.0 * {_UNKNOWN} / nullif(count(*), 0), 1) AS unknown_percent",
    ),
    "throttled": Query(
        "Throttled, by limit",
        "message.event: invocation_ended and message.error_code: throttled",
        f'SELECT {_MINUTE}, "message.policy" AS policy, count(*) AS refusals'
        " GROUP BY time, policy ORDER BY time LIMIT 10000",
    ),
    "throttled_total": Query(
        "Throttled",
        "message.event: invocation_ended and message.error_code: throttled",
        'SELECT "message.policy" AS policy, count(*) AS refusals'
        " GROUP BY policy ORDER BY refusals DESC LIMIT 100",
    ),
    "abuse": Query(
        "Rules against pumping that spoke",
        "message.event: abuse_decided",
        'SELECT "message.rule" AS rule, "message.mode" AS mode, "message.tenant" AS tenant,'
        ' "message.country" AS country, "message.prefix_id" AS prefix, count(*) AS decisions'
        " GROUP BY rule, mode, tenant, country, prefix ORDER BY decisions DESC LIMIT 100",
    ),
    # --- notifications -----------------------------------------------------------------------
    "settled": Query(
        "How messages stand",
        "message.event: message_settled",
        'SELECT "message.template" AS template, "message.channel" AS channel,'
        ' "message.outcome" AS outcome, "message.reason" AS reason, count(*) AS messages'
        " GROUP BY template, channel, outcome, reason ORDER BY messages DESC LIMIT 1000",
    ),
    "queue_wait": Query(
        "From acceptance to the send",
        "message.event: message_settled and message.outcome: sent",
        f'SELECT "message.template" AS template, {_percentiles("waited_ms")},'
        " count(*) AS messages GROUP BY template ORDER BY p95_ms DESC LIMIT 100",
    ),
    "deliverability": Query(
        "Delivered, of what has a receipt",
        "message.event: receipts_counted",
        f'SELECT "message.destination" AS destination, sum("message.count") AS receipts,'
        f" {_DELIVERED} AS delivered,"
        f' round(100.0 * {_DELIVERED} / nullif(sum("message.count"), 0), 1)'
        " AS delivered_percent GROUP BY destination ORDER BY destination LIMIT 100",
    ),
    "undelivered_codes": Query(
        "What the carriers said",
        "message.event: receipts_counted and message.outcome: undelivered",
        'SELECT "message.destination" AS destination, "message.provider_code" AS provider_code,'
        ' sum("message.count") AS receipts GROUP BY destination, provider_code'
        " ORDER BY receipts DESC LIMIT 100",
    ),
    "dead_letters": Query(
        "Dead letters, as they are written",
        "message.event: item_refused or (message.event: message_settled and message.is_dead: true)",
        'SELECT "message.event" AS event, "message.reason" AS reason, count(*) AS letters'
        " GROUP BY event, reason ORDER BY letters DESC LIMIT 100",
    ),
    "webhooks": Query(
        "Webhooks that were not taken",
        "message.event: status_webhook_ended and not message.outcome: SendAccepted",
        'SELECT "message.tenant" AS tenant, "message.reason" AS reason, count(*) AS tries'
        " GROUP BY tenant, reason ORDER BY tries DESC LIMIT 100",
    ),
    "sweeps": Query(
        "Rounds of the sweep",
        "message.event: sweep_ended",
        'SELECT count(*) AS sweeps, sum("message.seen") AS seen',
    ),
    "folds": Query(
        "Rounds in which figures were added up",
        "message.event: figures_folded",
        'SELECT count(*) AS folds, max("message.duration_ms") AS longest_ms',
    ),
    # --- money -------------------------------------------------------------------------------
    "spend": Query(
        "Notifications by SMS, in yuan",
        "message.event: message_settled and message.cost_milli > 0",
        'SELECT "message.tenant" AS tenant, "message.template" AS template,'
        ' "message.country" AS country, count(*) AS messages,'
        ' round(sum("message.cost_milli") / 1000.00, 2) AS cny'
        " GROUP BY tenant, template, country ORDER BY cny DESC LIMIT 100",
    ),
    "budget_used": Query(
        "Budgets over a threshold",
        "message.event: budget_threshold_reached",
        'SELECT "message.tenant" AS tenant, "message.scope" AS scope,'
        ' "message.period" AS period, "message.unit" AS unit,'
        ' max("message.threshold_percent") AS used_percent, max("message.spent") AS spent,'
        ' max("message.limit") AS budget'
        " GROUP BY tenant, scope, period, unit ORDER BY used_percent DESC LIMIT 100",
    ),
    "budget_stops": Query(
        "Stopped by a budget",
        "message.event: budget_exhausted",
        'SELECT "message.tenant" AS tenant, count(*) AS stops'
        " GROUP BY tenant ORDER BY stops DESC LIMIT 100",
    ),
    # --- the functions themselves --------------------------------------------------------------
    "function_latency": Query(
        "How long the functions take",
        "message.event: invocation_ended",
        f'SELECT "message.function" AS name, {_percentiles("duration_ms")},'
        " count(*) AS invocations GROUP BY name ORDER BY p95_ms DESC LIMIT 100",
    ),
    "answer_latency": Query(
        "How long callers wait",
        "message.event: invocation_ended and (message.function: request_otp"
        " or message.function: verify_otp or message.function: send_notification)",
        f'SELECT "message.function" AS name, {_percentiles("duration_ms")},'
        " count(*) AS invocations GROUP BY name ORDER BY p95_ms DESC LIMIT 100",
    ),
    "cold_starts": Query(
        "Cold starts",
        "message.event: invocation_ended",
        f'SELECT "message.function" AS name, count(*) AS invocations, {_COLD} AS cold,'
        f" round(100.0 * {_COLD} / count(*), 1) AS cold_percent"
        " GROUP BY name ORDER BY cold DESC LIMIT 100",
    ),
    "errors": Query(
        "Lines at level ERROR",
        "message.level: ERROR",
        'SELECT "message.event" AS event, "message.function" AS name, count(*) AS lines'
        " GROUP BY event, name ORDER BY lines DESC LIMIT 100",
    ),
    "store_trouble": Query(
        "Store and queues",
        "message.event: store_failed or message.event: queue_put_failed"
        " or message.event: otp_outcome_lost or message.event: otp_compensation_lost"
        " or message.event: dispatch_outcome_lost",
        'SELECT "message.event" AS event, "message.error_code" AS error_code,'
        " count(*) AS failures GROUP BY event, error_code ORDER BY failures DESC LIMIT 100",
    ),
    "settings_refused": Query(
        "Functions that cannot start",
        "message.event: settings_refused",
        'SELECT "message.function" AS name, count(*) AS refusals'
        " GROUP BY name ORDER BY refusals DESC LIMIT 100",
    ),
    "function_failures": Query(
        "Invocations that the platform ended, or that raised",
        "hasFunctionError: true",
        "SELECT functionName AS name, count(*) AS failures,"
        " max(durationMs) AS longest_ms, max(memoryUsageMB) AS most_mb"
        " GROUP BY name ORDER BY failures DESC LIMIT 100",
    ),
}
