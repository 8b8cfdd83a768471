"""The error codes of Simple Log Service, with their HTTP statuses and texts.

From the page "Error codes" and the pages of the single operations; what is only inferred says so.
"""

from __future__ import annotations

from collections.abc import Mapping

ERRORS: Mapping[str, tuple[int, str]] = {
    "RequestTimeExpired": (400, "Request time has been expired while server time is server time."),
    "InvalidRequestTime": (400, "Request time not follow RFC822 spec."),
    "InvalidHost": (400, "Host header is invalid."),
    "PostBodyInvalid": (400, "The request body is not valid JSON object."),
    "PostBodyTooLarge": (400, "The request body is too large."),  # inferred: the text
    "InvalidContentType": (400, "Content-Type is unsupported."),
    "InvalidCompressType": (400, "x-log-compresstype is unsupported."),
    "MissingBodyRawSize": (400, "x-log-bodyrawsize does not exist in header when it is necessary."),
    "InvalidBodyRawSize": (400, "x-log-bodyrawsize is invalid."),
    "MissingAPIVersion": (400, "x-log-apiversion does not exist in http header."),
    "MissingDate": (400, "Date does not exist in http header."),
    "Md5NotMatch": (400, "Content-MD5 does not match the request body."),  # inferred: the code
    "ParameterInvalid": (400, "A parameter is invalid."),
    "SignatureNotMatch": (401, "Signature not matched."),
    "Unauthorized": (401, "The AccessKeyId is unauthorized."),
    "ProjectNotExist": (404, "Project does not exist."),
    "ProjectAlreadyExist": (400, "Project already exist."),
    "ProjectForbidden": (403, "The project is forbidden."),  # inferred: the status and text
    "ProjectQuotaExceed": (400, "Project Quota Exceed."),
    "LogStoreNotExist": (404, "Logstore does not exist."),
    "LogStoreAlreadyExist": (400, "Logstore already exists."),
    "LogStoreInfoInvalid": (400, "logstore info is invalid"),
    # 400 on the page of GetLogs; on GetIndex the same (inferred).
    "IndexConfigNotExist": (400, "logstore without index config"),
    "IndexAlreadyExist": (400, "Logstore index is already created."),
    "IndexInfoInvalid": (400, "Required field token is lacking or of error format."),
    # Dashboards and alerts: the NotExist codes are those that Terraform's provider waits for; the
    # AlreadyExist codes and all statuses are inferred from them.
    "DashboardNotExist": (404, "specified dashboard does not exist"),
    "DashboardAlreadyExist": (400, "specified dashboard already exists"),
    "JobNotExist": (404, "Job does not exist"),
    "JobAlreadyExist": (400, "Job already exists"),
    "SavedSearchNotExist": (404, "specified savedsearch does not exist"),
    "SavedSearchAlreadyExist": (400, "specified savedsearch already exists"),
    "InvalidTimeRange": (400, "request time range is invalid"),
    "InvalidLine": (400, "line is invalid"),
    "InvalidOffset": (400, "offset is invalid"),
    "WriteQuotaExceed": (403, "Write quota is exceeded."),
    "ReadQuotaExceed": (403, "Read quota is exceeded."),
    "InternalServerError": (500, "Specified Server Error Message."),
    "ServerBusy": (503, "Specified Server Error Message."),
}


class SlsRefused(Exception):
    """A request that the service refuses; `code` is one of the table's."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


def not_here(what: str) -> SlsRefused:
    """The refusal of what the real service may know and this one does not."""
    return SlsRefused("ParameterInvalid", f"{what} is not supported by the local cloud")
