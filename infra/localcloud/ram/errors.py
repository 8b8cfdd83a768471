"""The error codes of RAM, with the HTTP statuses and texts of its page "Error codes"."""

from __future__ import annotations

from collections.abc import Mapping

from infra.localcloud.core.signatures import gateway_error, json_answer, new_request_id
from infra.localcloud.core.wire import WireAnswer, WireRequest

_ERRORS: Mapping[str, tuple[int, str]] = {
    "InvalidParameter.RoleName.InvalidChars": (
        400,
        'The parameter - "RoleName" contains invalid chars.',
    ),
    "InvalidParameter.RoleName.Length": (
        400,
        'The parameter - "RoleName" beyond the length limit.',
    ),
    "InvalidParameter.AssumeRolePolicyDocument.Length": (
        400,
        'The parameter - "AssumeRolePolicyDocument" beyond the length limit.',
    ),
    "InvalidParameter.PolicyType": (400, 'The parameter - "PolicyType" is incorrect.'),
    "InvalidParameter.PolicyName.InvalidChars": (
        400,
        'The parameter - "PolicyName" contains invalid chars.',
    ),
    "InvalidParameter.PolicyName.Length": (
        400,
        'The parameter - "PolicyName" beyond the length limit.',
    ),
    "InvalidParameter.PolicyDocument.Length": (
        400,
        'The parameter - "PolicyDocument" beyond the length limit.',
    ),
    "InvalidParameter.Description.Length": (
        400,
        'The parameter - "Description" beyond the length limit.',
    ),
    "InvalidParameter.VersionId.Format": (
        400,
        'The format of the parameter - "VersionId" is incorrect.',
    ),
    "MalformedPolicyDocument": (400, "The policy document is malformed."),
    "NoPermission": (403, "You are not authorized to do this action."),
    "EntityNotExist.Role": (404, "The role does not exist."),
    # inferred: the text. Clients of the API know the code; the page has the like for groups.
    "EntityNotExist.Role.Policy": (
        404,
        "The indicate policy attached to the role does not exist.",
    ),
    "EntityNotExist.Policy": (404, "The policy does not exist."),
    "EntityNotExist.Policy.Version": (404, "The policy version does not exist."),
    "EntityAlreadyExists.Role": (409, "The role does already EXIST."),
    # inferred: the text, as above.
    "EntityAlreadyExists.Role.Policy": (409, "The role has already been attached this policy."),
    "EntityAlreadyExists.Policy": (409, "The policy does already EXIST."),
    "DeleteConflict.Role.Policy": (
        409,
        "The role CAN NOT has any attached policy while deleting the role.",
    ),
    "DeleteConflict.Policy.Version": (
        409,
        "The policy CAN NOT has any version except the default version.",
    ),
    "DeleteConflict.Policy.Version.Default": (
        409,
        "The default policy version CAN NOT been deleted directly.",
    ),
    "LimitExceeded.Policy.Version": (
        409,
        "The count of policy version beyond the current limits.",
    ),
    "LimitExceeded.Role.Policy": (
        409,
        "The count of policies attached to the role beyond the current limits.",
    ),
}


def error_answer(request: WireRequest, code: str, message: str = "") -> WireAnswer:
    """The answer for `code`: RAM's own if it is in the table, else the gateway's."""
    if code not in _ERRORS:
        return gateway_error(request, code, message)
    status, text = _ERRORS[code]
    return json_answer(
        status,
        {
            "RequestId": new_request_id(),
            "HostId": request.headers.get("Host", ""),
            "Code": code,
            "Message": message or text,
        },
    )
