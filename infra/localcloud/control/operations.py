"""The operations that faults can be aimed at: a misspelt name is refused, not ignored."""

from __future__ import annotations

from collections.abc import Mapping

ANY = "*"

_NAMES = {
    "tablestore": (
        "CreateTable ListTable DescribeTable UpdateTable DeleteTable ListSearchIndex "
        "GetRow PutRow UpdateRow DeleteRow GetRange BatchGetRow BatchWriteRow "
        "CreateIndex DropIndex AddDefinedColumn DeleteDefinedColumn ComputeSplitPointsBySize "
        "ListTimeseriesTable "
        "StartLocalTransaction CommitTransaction AbortTransaction"
    ),
    "dysmsapi": (
        "SendSms SendBatchSms QuerySendDetails QuerySendStatistics "
        "CreateSmsSign UpdateSmsSign DeleteSmsSign GetSmsSign QuerySmsSignList "
        "CreateSmsTemplate UpdateSmsTemplate DeleteSmsTemplate GetSmsTemplate QuerySmsTemplateList"
    ),
    "sts": "AssumeRole AssumeRoleWithOIDC GetCallerIdentity",
    "directmail": "SingleSendMail",
    "kms": "GetSecretValue",
    "fc": (
        "GetTempBucketToken PutObject "
        "CreateFunction GetFunction ListFunctions UpdateFunction DeleteFunction InvokeFunction "
        "CreateTrigger GetTrigger ListTriggers UpdateTrigger DeleteTrigger "
        "PutAsyncInvokeConfig GetAsyncInvokeConfig DeleteAsyncInvokeConfig ListAsyncInvokeConfigs "
        "PutConcurrencyConfig GetConcurrencyConfig DeleteConcurrencyConfig ListConcurrencyConfigs "
        "PutProvisionConfig GetProvisionConfig DeleteProvisionConfig ListProvisionConfigs "
        "PutScalingConfig GetScalingConfig DeleteScalingConfig ListScalingConfigs "
        "CreateVpcBinding DeleteVpcBinding ListVpcBindings ListFunctionVersions ListAliases "
        "CreateCustomDomain GetCustomDomain ListCustomDomains UpdateCustomDomain DeleteCustomDomain"
    ),
    "ram": (
        "CreateRole GetRole ListRoles UpdateRole DeleteRole "
        "CreatePolicy GetPolicy ListPolicies DeletePolicy CreatePolicyVersion ListPolicyVersions "
        "GetPolicyVersion SetDefaultPolicyVersion DeletePolicyVersion "
        "AttachPolicyToRole DetachPolicyFromRole ListPoliciesForRole ListEntitiesForPolicy"
    ),
    "smq": (
        "CreateQueue SetQueueAttributes GetQueueAttributes DeleteQueue ListQueue "
        "SendMessage BatchSendMessage ReceiveMessage BatchReceiveMessage "
        "PeekMessage BatchPeekMessage DeleteMessage BatchDeleteMessage ChangeMessageVisibility "
        "CreateTopic SetTopicAttributes GetTopicAttributes DeleteTopic ListTopic PublishMessage "
        "Subscribe SetSubscriptionAttributes GetSubscriptionAttributes Unsubscribe "
        "ListSubscriptionByTopic"
    ),
    "sls": (
        "CreateProject GetProject ListProject UpdateProject DeleteProject "
        "CreateLogStore GetLogStore ListLogStores UpdateLogStore DeleteLogStore "
        "CreateIndex GetIndex UpdateIndex DeleteIndex "
        "CreateDashboard GetDashboard ListDashboard UpdateDashboard DeleteDashboard "
        "CreateAlert GetAlert ListAlerts UpdateAlert DeleteAlert EnableAlert DisableAlert "
        "CreateSavedSearch GetSavedSearch ListSavedSearch UpdateSavedSearch DeleteSavedSearch "
        "PutLogs GetLogsV2 GetHistograms"
    ),
}
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    service: tuple(names.split()) for service, names in _NAMES.items()
}

PUSHES: Mapping[str, tuple[str, ...]] = {"dysmsapi": ("SmsReport", "SmsUp")}
"""What a service does of its own accord and a fault can strike; by its name alone, not by `*`."""


def why_unknown(service: str, operation: str) -> tuple[str, str] | None:
    """The field that names nothing known and what would be, or None if both names are good."""
    if service not in (ANY, *OPERATIONS):
        return "service", f"must be one of {', '.join(OPERATIONS)} or {ANY}"
    services = OPERATIONS if service == ANY else (service,)
    known = [name for each in services for name in (*OPERATIONS[each], *PUSHES.get(each, ()))]
    if operation not in (ANY, *known):
        return "operation", f"must be one of {', '.join(known)} or {ANY}"
    return None
