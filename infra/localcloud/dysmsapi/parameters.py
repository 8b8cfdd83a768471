"""The parameters of one call, read with the errors that the API has for each way to be wrong.

Two kinds of refusal: the gateway's (HTTP 4xx) for a parameter that is missing, the service's (HTTP
200 and a `Code`) for one that does not fit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from infra.localcloud.core.signatures import GatewayRefused

_MESSAGES: Mapping[str, str] = {
    # Short texts of our own for the codes of the page "API error codes" (101346).
    "isv.SMS_SIGNATURE_ILLEGAL": "该账号下找不到对应签名",
    "isv.SIGN_STATE_ILLEGAL": "签名状态不可用",
    "isv.SMS_TEMPLATE_ILLEGAL": "该账号下找不到可用模板",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "模板类型与号码归属地不匹配",
    "isv.MOBILE_NUMBER_ILLEGAL": "手机号码格式错误",
    "isv.MOBILE_COUNT_OVER_LIMIT": "手机号码数量超过限制",
    "isv.INVALID_JSON_PARAM": "JSON参数不合法，只接受字符串值",
    "isv.TEMPLATE_MISSING_PARAMETERS": "模板变量缺少对应参数值",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "传入的变量内容与模板变量属性不匹配",
    "isv.PARAM_LENGTH_LIMIT": "变量长度超出限制",
    "isv.PARAM_NOT_SUPPORT_URL": "变量不支持传入URL",
    "isv.UNSUPPORTED_CONTENT": "短信内容包含不支持的字符",
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": "短信内容与模板类型不匹配",
    "isv.INVALID_PARAMETERS": "参数格式不正确",
    "isv.BUSINESS_LIMIT_CONTROL": "触发分钟级流控Permits:1",
    "isv.CUSTOMER_REFUSED": "用户已退订推广短信",
    "isv.DAY_LIMIT_CONTROL": "触发日发送限额",
    "isv.MONTH_LIMIT_CONTROL": "触发月发送限额",
    "isv.AMOUNT_NOT_ENOUGH": "账户余额不足",
    "isv.OUT_OF_SERVICE": "业务停机",
    "isv.BLACK_KEY_CONTROL_LIMIT": "黑名单管控",
    "isp.SYSTEM_ERROR": "系统出现错误，请重新调用",
    "isp.RAM_PERMISSION_DENY": "RAM权限不足",
}
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_DAY = re.compile(r"[0-9]{8}", re.ASCII)


class SmsRefused(Exception):
    """A call that the service answers with HTTP 200 and a `Code` other than OK."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.message = message or _MESSAGES.get(code, code)


class Parameters:
    """The named texts of one call."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def text(self, name: str) -> str:
        """The parameter, or an empty text."""
        return self._texts.get(name, "")

    def required(self, name: str) -> str:
        """The parameter. Raises GatewayRefused if it is missing or empty (inferred: that the code
        is `Missing` and the name, as for the parameters that the gateway documents).
        """
        text = self.text(name)
        if not text:
            raise GatewayRefused(f"Missing{name}", f"{name} is mandatory for this action.")
        return text

    def number(self, name: str, *, low: int, high: int, default: int | None = None) -> int:
        """A whole number within bounds; required if there is no default. Inferred: the code of
        one out of bounds.
        """
        text = self.required(name) if default is None else self.text(name) or str(default)
        if not _WHOLE_NUMBER.fullmatch(text) or not low <= int(text) <= high:
            raise SmsRefused("isv.INVALID_PARAMETERS")
        return int(text)

    def day(self, name: str) -> str:
        """A required day, `yyyyMMdd`."""
        text = self.required(name)
        if not _DAY.fullmatch(text):
            raise SmsRefused("isv.INVALID_PARAMETERS")
        return text

    def json_list(self, name: str) -> list[Any]:
        """A required JSON array; Any because the caller still has to look at each element."""
        value = read_json(self.required(name))
        if not isinstance(value, list):
            raise SmsRefused("isv.INVALID_JSON_PARAM")
        return value


def read_template_params(value: object) -> dict[str, str]:
    """The variables of a message: an object of texts. Raises SmsRefused for anything else."""
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise SmsRefused("isv.INVALID_JSON_PARAM")
    return value


def read_json(text: str) -> object:
    """The JSON value. Raises SmsRefused if it is none, nests too deep, or holds half a
    character.
    """
    try:
        value: object = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise SmsRefused("isv.INVALID_JSON_PARAM") from error
    return value
