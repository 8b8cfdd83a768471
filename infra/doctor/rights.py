"""The least that who runs the doctor needs: to read, and of what people sent only what is logged.

As data, to be made beside the stage's other roles or given to a person by hand. Inferred, as in
infra/foundation: the actions of Function Compute, and that an alert rule is a job.
"""

from __future__ import annotations

from infra.foundation.role import LOG_STORE, Place, Role, Statement
from infra.foundation.roles import NEEDS, role_name
from infra.queues import QUEUES, TOPICS
from infra.tables import TABLES

RAM = ("ram:GetRole", "ram:GetPolicy", "ram:ListPoliciesForRole")
SMS = ("dysms:QuerySendStatistics", "dysms:QuerySmsTemplateList", "dysms:GetSmsSign")
LOGS = ("log:GetLogStore", "log:GetIndex", "log:GetLogStoreLogs")
FUNCTIONS = ("fc:GetFunction", "fc:ListTriggers", "fc:GetAsyncInvokeConfig")


def doctor(place: Place) -> Role:
    """For `make doctor`."""
    mns = f"acs:mns:{place.region}:{place.account_id}"
    log = f"acs:log:{place.region}:{place.account_id}:project/{place.project}"
    functions = f"acs:fc:{place.region}:{place.account_id}:functions"
    return Role(
        f"sesame-doctor-{place.stage}",
        f"Sesame {place.stage}: make doctor, which only reads",
        {"RAM": [f"acs:ram::{place.account_id}:root"]},
        (
            Statement(RAM, (f"acs:ram:*:{place.account_id}:*",)),
            Statement(("ots:DescribeTable",), tuple(place.table(each.name) for each in TABLES)),
            Statement(
                ("mns:GetQueueAttributes",),
                tuple(f"{mns}:/queues/{each.name_in(place.stage)}" for each in QUEUES),
            ),
            Statement(
                ("mns:GetTopicAttributes",),
                tuple(f"{mns}:/topics/{each}-{place.stage}" for each in TOPICS),
            ),
            Statement(("log:GetProject",), (log,)),
            Statement(LOGS, (f"{log}/logstore/{LOG_STORE}",)),
            Statement(("log:GetDashboard",), (f"{log}/dashboard/*",)),
            Statement(("log:GetJob",), (f"{log}/job/*",)),
            Statement(
                FUNCTIONS, tuple(f"{functions}/{role_name(each, place.stage)}" for each in NEEDS)
            ),
            Statement(SMS, ("*",)),
        ),
    )
