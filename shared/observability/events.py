"""The names of events: past tense, stable, searched for by operators."""

from __future__ import annotations

OTP_REQUESTED = "otp_requested"
OTP_VERIFIED = "otp_verified"
OTP_REFUSED = "otp_refused"
OTP_OUTCOME_LOST = "otp_outcome_lost"
OTP_COMPENSATION_LOST = "otp_compensation_lost"
SMS_ATTEMPTED = "sms_attempted"
STORE_RETRIED = "store_retried"
STORE_FAILED = "store_failed"
INVOCATION_ENDED = "invocation_ended"
INVOCATION_FAILED = "invocation_failed"
LIBRARY_LOGGED = "library_logged"
SETTINGS_REFUSED = "settings_refused"
