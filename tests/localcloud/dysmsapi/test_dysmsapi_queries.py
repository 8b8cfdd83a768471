"""The queries over what was sent, and the life of signs and templates, through the SDK."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from alibabacloud_dysmsapi20170525 import models

from infra.localcloud.dysmsapi.catalogue import CatalogueInvalid
from tests.localcloud.dysmsapi.running import (
    ABROAD,
    CODE,
    CODE_CONTENT,
    NOTICE,
    SIGN,
)


def today(dysmsapi) -> str:
    beijing = timezone(timedelta(hours=8))
    return datetime.fromtimestamp(dysmsapi.cloud.clock.now_s(), beijing).strftime("%Y%m%d")


def details(dysmsapi, **fields: object):
    good = {
        "phone_number": "13800000000",
        "send_date": today(dysmsapi),
        "page_size": 10,
        "current_page": 1,
    }
    request = models.QuerySendDetailsRequest(**{**good, **fields})
    return dysmsapi.client().query_send_details(request).body


def test_send_details_tell_what_a_number_was_sent(dysmsapi, send):
    send(out_id="o-9")
    dysmsapi.cloud.clock.advance(2)

    body = details(dysmsapi)

    (detail,) = body.sms_send_detail_dtos.sms_send_detail_dto
    assert (body.code, body.total_count) == ("OK", 1)
    assert detail.content == f"【{SIGN}】您的验证码为123456，请勿告知他人。"
    assert (detail.phone_num, detail.out_id, detail.send_status) == ("13800000000", "o-9", 3)
    assert detail.send_date.replace("-", "").startswith(today(dysmsapi))


def test_send_details_of_a_biz_id_leave_out_the_others(dysmsapi, send):
    send()
    dysmsapi.cloud.clock.advance(61)
    biz_id = send(template_param='{"code":"777777"}').biz_id

    found = details(dysmsapi, biz_id=biz_id).sms_send_detail_dtos.sms_send_detail_dto

    assert ["777777" in detail.content for detail in found] == [True]


def test_send_details_come_by_the_page_newest_first(dysmsapi, send):
    for n in range(3):
        params = json.dumps({"name": str(n), "note": "x"})
        send(template_code=NOTICE, template_param=params)

    body = details(dysmsapi, page_size=2, current_page=2)

    contents = [one.content for one in body.sms_send_detail_dtos.sms_send_detail_dto]
    assert (body.total_count, contents) == (3, [f"【{SIGN}】0，您的包裹x已到。"])


@pytest.mark.parametrize(
    "fields",
    [{"page_size": 51}, {"page_size": 0}, {"send_date": "2025-1-1"}, {"send_date": "20200101"}],
)
def test_send_details_refuse_a_field_out_of_bounds(dysmsapi, fields):
    assert details(dysmsapi, **fields).code == "isv.INVALID_PARAMETERS"


def test_send_statistics_count_segments_at_home_and_abroad(dysmsapi, send):
    long_note = json.dumps({"name": "长" * 35, "note": "注" * 35})
    send(template_code=NOTICE, template_param=long_note)
    send(phone_numbers="85251234567", template_code=ABROAD)

    def total(scope: int) -> int:
        request = models.QuerySendStatisticsRequest(
            start_date=today(dysmsapi),
            end_date=today(dysmsapi),
            is_globe=scope,
            page_index=1,
            page_size=10,
        )
        (day,) = dysmsapi.client().query_send_statistics(request).body.data.target_list
        return day.total_count

    assert (total(1), total(2)) == (2, 1)


def test_template_goes_from_review_to_use(dysmsapi, send):
    created = (
        dysmsapi.client()
        .create_sms_template(
            models.CreateSmsTemplateRequest(
                template_name="登录", template_content=CODE_CONTENT, template_type=0
            )
        )
        .body
    )
    assert send(template_code=created.template_code).code == "isv.SMS_TEMPLATE_ILLEGAL"

    dysmsapi.service.catalogue.set_template_state(created.template_code, "approved")

    assert send(template_code=created.template_code).code == "OK"


def test_get_sms_template_tells_the_review(dysmsapi):
    dysmsapi.service.catalogue.set_template_state(CODE, "rejected", "不合规")

    body = dysmsapi.client().get_sms_template(models.GetSmsTemplateRequest(template_code=CODE)).body

    assert (body.template_status, body.template_type) == ("2", "0")
    assert body.template_content == CODE_CONTENT
    assert body.audit_info.reject_info == "不合规"


@pytest.mark.parametrize(
    "content", ["验证码${code}，${minutes}分钟内有效", "口令${code}", "验证码"]
)
def test_create_sms_template_refuses_a_code_template_against_the_rules(dysmsapi, content):
    request = models.CreateSmsTemplateRequest(
        template_name="x", template_content=content, template_type=0
    )

    answer = dysmsapi.client().create_sms_template(request).body

    assert answer.code == "isv.SMS_CONTENT_MISMATCH_TEMPLATE_TYPE"


def test_update_sms_template_puts_it_up_for_review_again(dysmsapi):
    client, catalogue = dysmsapi.client(), dysmsapi.service.catalogue
    catalogue.set_template_state(CODE, "rejected")
    request = models.UpdateSmsTemplateRequest(
        template_code=CODE,
        template_name="新",
        template_content="校验码${code}",
        template_type=0,
    )

    assert client.update_sms_template(request).body.code == "OK"

    template = catalogue.template(CODE)
    assert (template.state, template.content) == ("reviewing", "校验码${code}")
    catalogue.set_template_state(CODE, "approved")
    assert client.update_sms_template(request).body.code == "isv.SMS_TEMPLATE_ILLEGAL"


def test_delete_sms_template_removes_it(dysmsapi, send):
    request = models.DeleteSmsTemplateRequest(template_code=CODE)

    assert dysmsapi.client().delete_sms_template(request).body.code == "OK"

    assert send().code == "isv.SMS_TEMPLATE_ILLEGAL"


def test_template_list_numbers_its_types_in_its_own_way(dysmsapi):
    body = dysmsapi.client().query_sms_template_list(models.QuerySmsTemplateListRequest()).body

    types = {one.template_code: one.template_type for one in body.sms_template_list}
    assert body.total_count == 3
    assert types == {CODE: 2, NOTICE: 0, ABROAD: 6}


def test_sign_goes_from_review_to_use(dysmsapi, send):
    client, catalogue = dysmsapi.client(), dysmsapi.service.catalogue
    request = models.CreateSmsSignRequest(sign_name="新签名", sign_source=0)
    assert client.create_sms_sign(request).body.code == "OK"
    assert client.create_sms_sign(request).body.code == "isv.SMS_SIGN_ILLEGAL"
    assert send(sign_name="新签名").code == "isv.SIGN_STATE_ILLEGAL"

    catalogue.set_sign_state("新签名", "approved")

    assert send(sign_name="新签名").code == "OK"


def test_get_sms_sign_tells_the_registration_with_every_carrier(dysmsapi):
    dysmsapi.service.catalogue.set_sign_registration(SIGN, 2)

    body = dysmsapi.client().get_sms_sign(models.GetSmsSignRequest(sign_name=SIGN)).body

    assert body.sign_status == 1
    assert {
        one.operator_code: one.register_status for one in body.sign_isp_register_detail_list
    } == {
        "mobile": 2,
        "unicom": 2,
        "telecom": 2,
    }


def test_update_sms_sign_puts_it_up_for_review_again(dysmsapi):
    request = models.UpdateSmsSignRequest(sign_name=SIGN, sign_source=0)

    assert dysmsapi.client().update_sms_sign(request).body.code == "OK"

    assert dysmsapi.service.catalogue.sign(SIGN).state == "reviewing"


def test_delete_sms_sign_waits_for_the_review(dysmsapi):
    client, request = dysmsapi.client(), models.DeleteSmsSignRequest(sign_name=SIGN)
    dysmsapi.service.catalogue.set_sign_state(SIGN, "reviewing")
    assert client.delete_sms_sign(request).body.code == "isv.SIGN_STATE_ILLEGAL"

    dysmsapi.service.catalogue.set_sign_state(SIGN, "approved")

    assert client.delete_sms_sign(request).body.code == "OK"
    assert dysmsapi.service.catalogue.sign(SIGN) is None


def test_sign_list_tells_the_audit_status(dysmsapi):
    body = dysmsapi.client().query_sms_sign_list(models.QuerySmsSignListRequest()).body

    assert [(one.sign_name, one.audit_status) for one in body.sms_sign_list] == [
        (SIGN, "AUDIT_STATE_PASS")
    ]


def test_seeding_again_keeps_a_state_set_by_hand(dysmsapi):
    catalogue = dysmsapi.service.catalogue
    catalogue.set_template_state(CODE, "rejected")

    catalogue.ensure_template(CODE, name="登录", kind="code", content="动态码${code}")

    template = catalogue.template(CODE)
    assert (template.state, template.content) == ("rejected", "动态码${code}")


def test_seeding_refuses_a_template_against_the_rules(dysmsapi):
    with pytest.raises(CatalogueInvalid, match="SMS_9"):
        dysmsapi.service.catalogue.ensure_template(
            "SMS_9", name="x", kind="promotion", content="大促销"
        )


def test_reset_goes_back_to_the_seeds(dysmsapi, send):
    send()
    catalogue = dysmsapi.service.catalogue
    catalogue.remove_sign(SIGN)
    catalogue.add_sign("多余")

    dysmsapi.service.reset()

    assert [sign.name for sign in catalogue.signs()] == [SIGN]
    assert send().code == "OK"
