"""The tables, through the official SDK."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import urllib3

from infra.foundation.failures import failure_of_code
from infra.foundation.model import Attributes, FoundationFailed, Resource
from infra.foundation.settings import Settings
from infra.quiet_tablestore import ots
from infra.tables import create_table, key_of

_TIMEOUT_S = 10


def tablestore_client(settings: Settings) -> Any:  # untyped SDK
    """A client that does not try again by itself: to run the command again is as good."""
    # It logs each refusal as an error, and that a table is not there is none.
    logging.getLogger("tablestore-client").setLevel(logging.CRITICAL)
    return ots.OTSClient(
        settings.tablestore_endpoint,
        settings.access_key_id,
        settings.access_key_secret,
        settings.tablestore_instance,
        sts_token=settings.security_token or None,
        retry_policy=ots.NoRetryPolicy(),
        socket_timeout=_TIMEOUT_S,
        enable_native=False,
    )


class TablestoreTables:
    """Implements Host for tables: key, ttl_s, max_versions."""

    def __init__(self, client: Any) -> None:  # untyped SDK
        self._client = client

    def read(self, resource: Resource) -> Attributes | None:
        """DescribeTable."""
        described = self._describe(resource.name)
        if described is None:
            return None
        return {
            "key": key_of(described),
            "ttl_s": described.table_options.time_to_live,
            "max_versions": described.table_options.max_version,
        }

    def create(self, resource: Resource) -> None:
        """CreateTable."""
        wanted = resource.attributes
        _answer(
            lambda: create_table(
                self._client,
                resource.name,
                key=str(wanted["key"]).split(", "),
                ttl_s=_number(wanted["ttl_s"]),
                max_versions=_number(wanted["max_versions"]),
            )
        )

    def change(self, resource: Resource, held: Attributes) -> None:
        """UpdateTable, with the options that are not ours as they are."""
        described = self._describe(resource.name)
        if described is None:
            raise FoundationFailed("not_there_yet", "OTSObjectNotExist")
        options = described.table_options
        options.time_to_live = resource.attributes["ttl_s"]
        options.max_version = resource.attributes["max_versions"]
        _answer(lambda: self._client.update_table(resource.name, options))

    def _describe(self, name: str) -> Any:  # untyped SDK
        try:
            return _answer(lambda: self._client.describe_table(name))
        except FoundationFailed as failure:
            if failure.detail == "OTSObjectNotExist":
                return None
            raise


def _number(value: object) -> int:
    return int(str(value))


def _answer(call: Callable[[], Any]) -> Any:  # untyped SDK
    try:
        return call()
    except ots.OTSServiceError as error:
        raise failure_of_code(str(error.get_error_code() or "answer_lost")) from None
    except (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError):
        raise failure_of_code("not_sent") from None
    except urllib3.exceptions.MaxRetryError as error:
        never = (urllib3.exceptions.NewConnectionError, urllib3.exceptions.ConnectTimeoutError)
        code = "not_sent" if isinstance(error.reason, never) else "answer_lost"
        raise failure_of_code(code) from None
    except (urllib3.exceptions.HTTPError, ots.OTSClientError):
        raise failure_of_code("answer_lost") from None
