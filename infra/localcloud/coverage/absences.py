"""What the local cloud does not have, kept by hand: operations by service, and behaviours."""

from __future__ import annotations

from collections.abc import Mapping

ABSENT_OPERATIONS: Mapping[str, Mapping[str, str]] = {
    "tablestore": {
        "search indexes, SQL, streams, tunnels, time series, data delivery, global tables": (
            "`OTSUnsupportOperation`; ListSearchIndex and ListTimeseriesTable are there, and find "
            "none"
        ),
    },
    "dysmsapi": {
        "AddSmsSign ModifySmsSign QuerySmsSign, AddSmsTemplate ModifySmsTemplate "
        "QuerySmsTemplate": "deprecated; the vendor has taken them down",
    },
    "ram": {
        "users, groups, access keys, MFA, login profiles, aliases": (
            "one account with one root key; sessions of roles are all else that signs"
        ),
        "CreateOIDCProvider and its like (API ims)": "the control plane: `POST /oidc-providers`",
    },
    "kms": {"all others of KMS": "making and rotating secrets is the project's start-up"},
    "smq": {"FIFO queues and topics, HTTP/2, logging": "not here"},
}

ABSENT_BEHAVIOURS: Mapping[str, tuple[str, ...]] = {
    "all services": (
        "Functions in runtimes other than Python's: they run on the interpreter at hand.",
        "TLS: endpoints are plain HTTP on loopback.",
        "Several accounts, RAM users and several access keys: one account, one root key.",
        "Quotas on request rates: a `Throttling` comes by fault alone.",
        "Latency of the real service: a `delay` fault makes one.",
        "XML answers of the RPC gateway: every SDK asks for JSON.",
    ),
    "dysmsapi": (
        "Isolation of the 40 a day over all customers: there is one customer.",
        "Whitelisted numbers, and code limits that an enterprise account changed.",
        "Carriers' registration has no effect on sends: GetSmsSign tells it, no page says with "
        "which code an unregistered sign fails. A scripted delivery makes the failure.",
        "Pushes of SignSmsReport and TemplateSmsReport, and receipts by MNS queue.",
        "The international site (API 2018-05-01) with its codes.",
    ),
    "sts": (
        "Keys of an identity provider are not fetched from its issuer; they are given.",
        "Fingerprints of certificates (`…PublicKeyFingerprintMismatch`), HTTPS of the issuer.",
        "A provider's limit on the age of tokens (IssuanceLimitTime).",
    ),
    "control plane": (
        "Snapshots hold what outlives a restart: no STS sessions, faults, meter or scripted "
        "deliveries; functions that ran are not in them.",
    ),
}
