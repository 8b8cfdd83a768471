"""The table of operations that faults can be aimed at."""

from __future__ import annotations

from infra.localcloud.control.operations import OPERATIONS
from infra.localcloud.core.cloud import Cloud
from infra.localcloud.inbox.book import Inbox
from infra.localcloud.run.fakes import SERVICES


def test_table_names_what_the_services_carry_out() -> None:
    cloud = Cloud()
    inbox = Inbox(cloud)
    assert set(OPERATIONS) == set(SERVICES)
    for name, make in SERVICES.items():
        service = make(cloud, inbox)
        carried_out = getattr(service, "_operations", None)
        if not isinstance(carried_out, dict):
            carried_out = {**vars(service)["_handlers"], **vars(service).get("_topic_handlers", {})}
        assert set(OPERATIONS[name]) == set(carried_out), name
        service.close()
    inbox.close()
