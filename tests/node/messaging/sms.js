// What the official Node SDK does with the local SMS service, case by case. Prints one JSON object:
// {case: what it came to}. An error of the gateway is {status, code}.
'use strict';
const dysms = require('@alicloud/dysmsapi20170525');
const { $OpenApiUtil } = require('@alicloud/openapi-core');

const place = JSON.parse(process.argv[2]);
const clientOf = (more = {}) => new dysms.default(new $OpenApiUtil.Config({
  accessKeyId: place.access_key_id,
  accessKeySecret: place.access_key_secret,
  endpoint: place.dysmsapi.replace('http://', ''),
  protocol: 'http',
  ...more,
}));
const client = clientOf();
const sign = '阿里云短信测试';
const template = 'SMS_154950909';
const send = (phone, code, on = client) => on.sendSms(new dysms.SendSmsRequest({
  phoneNumbers: phone,
  signName: sign,
  templateCode: template,
  templateParam: JSON.stringify({ code }),
  outId: 'o 1*~',
}));
const refusal = async (work) => {
  try {
    await work();
  } catch (error) {
    return { status: error.statusCode, code: error.code };
  }
  return 'not refused';
};

async function main() {
  const told = {};
  const sent = await send('13800138000', '123456');
  told.send = { status: sent.statusCode, code: sent.body.code, biz_id: typeof sent.body.bizId };
  told.limit = (await send('13800138000', '123456')).body.code;
  told.not_a_text = (await client.sendSms(new dysms.SendSmsRequest({
    phoneNumbers: '13800138001',
    signName: sign,
    templateCode: template,
    templateParam: '{"code":123456}',
  }))).body.code;
  told.batch = (await client.sendBatchSms(new dysms.SendBatchSmsRequest({
    phoneNumberJson: JSON.stringify(['13800138002', '13800138003']),
    signNameJson: JSON.stringify([sign, sign]),
    templateCode: template,
    templateParamJson: JSON.stringify([{ code: '111111' }, { code: '222222' }]),
  }))).body.code;
  const day = new Date(Date.now() + 8 * 3600e3).toISOString().slice(0, 10).replace(/-/g, '');
  const details = (await client.querySendDetails(new dysms.QuerySendDetailsRequest({
    phoneNumber: '13800138000', sendDate: day, pageSize: 10, currentPage: 1,
  }))).body;
  const detail = details.smsSendDetailDTOs.smsSendDetailDTO[0];
  told.details = { count: Number(details.totalCount), out_id: detail.outId, content: detail.content };
  const made = (await client.createSmsTemplate(new dysms.CreateSmsTemplateRequest({
    templateName: '通知', templateType: 1, templateContent: '您的包裹已到。',
  }))).body;
  told.template = (await client.getSmsTemplate(new dysms.GetSmsTemplateRequest({
    templateCode: made.templateCode,
  }))).body.templateStatus;
  const registered = (await client.getSmsSign(new dysms.GetSmsSignRequest({ signName: sign }))).body;
  told.sign = registered.signIspRegisterDetailList.map((each) => [each.operatorCode, each.registerStatus]);
  told.wrong_secret = await refusal(() => send('13800138004', '123456', clientOf({ accessKeySecret: 'no' })));
  told.unknown_key = await refusal(() => send('13800138004', '123456', clientOf({ accessKeyId: 'LTAInobody' })));
  console.log(JSON.stringify(told));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
