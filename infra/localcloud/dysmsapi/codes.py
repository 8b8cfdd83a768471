"""The codes that the SMS service itself answers with, in an HTTP 200, and a short text for each.

The codes are those of the page "API error codes" (101346), the texts our own. Which codes a rule
gives and which only a fault does, the README says. Inferred: that a code without `isv.` or `isp.`
comes in an HTTP 200 as well.
"""

from __future__ import annotations

from collections.abc import Mapping

SERVICE_CODES: Mapping[str, str] = {
    "isv.SMS_SIGNATURE_ILLEGAL": "该账号下找不到对应签名",
    "isv.SMS_SIGN_ILLEGAL": "签名禁止使用",
    "isv.SIGN_STATE_ILLEGAL": "签名状态不可用",
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": "签名的适用场景与短信类型不匹配",
    "isv.SMS_TEMPLATE_ILLEGAL": "该账号下找不到可用模板",
    "isv.EXTEND_CODE_ERROR": "扩展码使用错误",
    "isv.SMS_TEST_SIGN_TEMPLATE_LIMIT": "测试模板和签名限制",
    "isv.SMS_TEST_NUMBER_LIMIT": "只能向已绑定的手机号发送",
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": "模板类型与号码归属地不匹配",
    "isv.MOBILE_NUMBER_ILLEGAL": "手机号码格式错误",
    "isv.MOBILE_COUNT_OVER_LIMIT": "手机号码数量超过限制",
    "isv.INVALID_JSON_PARAM": "JSON参数不合法，只接受字符串值",
    "isv.TEMPLATE_MISSING_PARAMETERS": "模板变量缺少对应参数值",
    "isv.TEMPLATE_PARAMS_ILLEGAL": "传入的变量内容与模板变量属性不匹配",
    "template_parameter_count_illegal": "变量个数不合法",
    "isv.PARAM_LENGTH_LIMIT": "变量长度超出限制",
    "isv.PARAM_NOT_SUPPORT_URL": "变量不支持传入URL",
    "isv.UNSUPPORTED_CONTENT": "短信内容包含不支持的字符",
    "isv.SMS_CONTENT_ILLEGAL": "短信内容包含禁止发送的内容",
    "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE": "短信内容与模板类型不匹配",
    "isv.INVALID_PARAMETERS": "参数格式不正确",
    "isv.BUSINESS_LIMIT_CONTROL": "触发分钟级流控Permits:1",
    "isv.CUSTOMER_REFUSED": "用户已退订推广短信",
    "isv.BLACK_KEY_CONTROL_LIMIT": "黑名单管控",
    "isv.DAY_LIMIT_CONTROL": "触发日发送限额",
    "isv.MONTH_LIMIT_CONTROL": "触发月发送限额",
    "isv.AMOUNT_NOT_ENOUGH": "账户余额不足",
    "isv.OUT_OF_SERVICE": "业务停机",
    "isv.PRODUCT_UN_SUBSCRIPT": "未开通云通信产品",
    "isv.PRODUCT_UNSUBSCRIBE": "产品未开通",
    "isv.ACCOUNT_NOT_EXISTS": "账户不存在",
    "isv.ACCOUNT_ABNORMAL": "账户异常",
    "isv.SECURITY_FROZEN_ACCOUNT": "账号被冻结",
    "isv.DENY_IP_RANGE": "源IP地址所在的地区被禁用",
    "isp.SYSTEM_ERROR": "系统出现错误，请重新调用",
    "isp.GATEWAY_ERROR": "调用发送应用模块失败",
    "isp.RAM_PERMISSION_DENY": "RAM权限不足",
    "QPS_LIMIT_CONTROL": "触发QPS流控",
}


def is_service_code(code: str) -> bool:
    """True for a code that comes in an HTTP 200; any other is the gateway's."""
    return code in SERVICE_CODES or code.startswith(("isv.", "isp."))
