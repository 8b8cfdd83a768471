"""One cloud: its clock, keys, roles, faults and meter. No module of the local cloud holds state
outside of it.
"""

from __future__ import annotations

from pathlib import Path

from infra.localcloud.core.access import DEFAULT_REGION, Access
from infra.localcloud.core.clock import CloudClock
from infra.localcloud.core.faults import FaultPlan
from infra.localcloud.core.identities import Identities
from infra.localcloud.core.identity_providers import IdentityProviders
from infra.localcloud.core.meter import Meter


class Cloud:
    """What all services of one local cloud share. Two clouds in one process do not meet.

    data: the folder that outlives a restart, or None to keep nothing. Each service keeps its own
    sub-folder.
    region: of the names of its resources. strict_roles: see Access; may be set later on `access`.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        region: str = DEFAULT_REGION,
        strict_roles: bool = False,
    ) -> None:
        self.data = data
        if data is not None:
            data.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds codes and keys
        self.clock = CloudClock(data / "clock.json" if data else None)
        self.identities = Identities(self.clock, data / "root-key.json" if data else None)
        self.access = Access(
            self.clock,
            data / "roles.json" if data else None,
            region=region,
            strict_roles=strict_roles,
        )
        self.identity_providers = IdentityProviders(data / "oidc-providers.json" if data else None)
        self.faults = FaultPlan()
        self.meter = Meter()

    def folder(self, service: str) -> Path | None:
        """The folder in which `service` keeps its data, made if need be; None for a cloud that
        keeps nothing.
        """
        if self.data is None:
            return None
        folder = self.data / service
        folder.mkdir(parents=True, exist_ok=True)
        return folder
