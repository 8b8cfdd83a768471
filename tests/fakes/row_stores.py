"""The product's store on a Tablestore server of the local cloud."""

from __future__ import annotations

from infra.localcloud.core.identities import Identity
from shared.aliyun.credentials import RoleCredentials
from shared.aliyun.tablestore import TablestoreRows
from tests.localcloud.tablestore.tablestore_server import RunningTablestore


def credentials_of(identity: Identity) -> RoleCredentials:
    """An identity of the local cloud as the product knows credentials."""
    return RoleCredentials(identity.access_key_id, identity.access_key_secret, identity.token)


def rows_on(server: RunningTablestore, *, native: bool = False) -> TablestoreRows:
    """The product's store, without waiting between tries."""
    return TablestoreRows(
        endpoint=server.endpoint,
        instance="local",
        sleep=lambda _: None,
        native=native,
    )
