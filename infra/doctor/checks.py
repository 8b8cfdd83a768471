"""Every check, in the order of the table: what others stand on comes first."""

from __future__ import annotations

from infra.doctor import (
    callbacks,
    clock,
    credentials,
    functions,
    keys,
    money,
    resources,
    sms,
    triggers,
)
from infra.doctor.model import Check

CHECKS: tuple[Check, ...] = (
    Check("credentials.present", credentials.present),
    Check("credentials.valid", credentials.valid, ("services",)),
    Check("credentials.account", credentials.account, ("services",)),
    Check("settings.endpoints", credentials.endpoints),
    Check("settings.s_yaml", credentials.s_yaml),
    Check("settings.values", keys.settings, ("manifest",)),
    Check("settings.size", keys.size, ("manifest",)),
    Check("keys.versions", keys.versions),
    Check("keys.secrets", keys.secrets),
    Check("keys.distinct", keys.distinct),
    Check("clock", clock.skew, ("services",)),
    Check("roles", resources.roles, ("account",)),
    Check("tables", resources.tables, ("account",)),
    Check("queues", resources.queues, ("account",)),
    Check("topic", resources.topic, ("account",)),
    Check("dead_letters", resources.dead_letters, ("account",)),
    Check("logs", resources.logs, ("account",)),
    Check("watch", resources.watch, ("account",)),
    Check("sms.service", sms.service, ("account",)),
    Check("sms.sign", sms.sign, ("account",)),
    Check("sms.carriers", sms.carriers, ("account",)),
    Check("sms.codes", sms.code_templates, ("account",)),
    Check("sms.notifications", sms.notification_templates, ("account",)),
    Check("sms.variables", sms.variables, ("account",)),
    Check("sms.limits", sms.limits),
    Check("functions.there", functions.there, ("account", "manifest")),
    Check("functions.settings", functions.settings, ("account", "manifest")),
    Check("functions.environment", functions.environment, ("account", "manifest")),
    Check("functions.asynchronous", functions.asynchronous, ("account", "manifest")),
    Check("functions.errors", functions.errors, ("account",)),
    Check("functions.code", functions.code),
    Check("triggers.there", triggers.there, ("account", "manifest")),
    Check("triggers.enabled", triggers.enabled, ("account", "manifest")),
    Check("triggers.settings", triggers.settings, ("account", "manifest")),
    Check("triggers.stray", triggers.stray, ("account", "manifest")),
    Check("callback.secret", callbacks.secret),
    Check("callback.reachable", callbacks.reachable, ("services", "manifest")),
    Check("callback.console", callbacks.console),
    Check("money.balance", money.balance),
)
UNTOLD = ("sms.limits", "functions.code", "callback.console", "money.balance")
"""Checks that only say where a person looks."""
