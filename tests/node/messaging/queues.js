// What the official Node SDK does with the local SMQ, case by case. Prints one JSON object:
// {case: what it came to}. An error of the service is its name.
'use strict';
const MNSClient = require('@alicloud/mns');

const place = JSON.parse(process.argv[2]);
const clientOf = (secret) => new MNSClient('1000000000000001', {
  accessKeyId: place.access_key_id,
  accessKeySecret: secret,
  endpoint: place.smq,
});
const client = clientOf(place.access_key_secret);
const text = (body) => Buffer.from(body).toString('base64');
const plain = (body) => Buffer.from(body, 'base64').toString();
const refusal = async (work) => {
  try {
    await work();
  } catch (error) {
    return error.name;
  }
  return 'not refused';
};

async function main() {
  const told = {};
  told.create = (await client.createQueue('jobs', { VisibilityTimeout: 30 })).code;
  told.sent = (await client.sendMessage('jobs', { MessageBody: text('你好 & <1>'), Priority: 8 })).code;
  const got = (await client.receiveMessage('jobs', 1)).body;
  told.received = { body: plain(got.MessageBody), count: got.DequeueCount };
  told.hidden = await refusal(() => client.peekMessage('jobs'));
  told.changed = (await client.changeMessageVisibility('jobs', got.ReceiptHandle, 60)).code;
  told.old_handle = await refusal(() => client.deleteMessage('jobs', got.ReceiptHandle));
  const bodies = ['a', 'b', 'c'].map((body) => ({ MessageBody: text(body), DelaySeconds: 0, Priority: 8 }));
  told.batch_sent = (await client.batchSendMessage('jobs', bodies)).body.length;
  const several = (await client.batchReceiveMessage('jobs', 3, 1)).body;
  told.batch_received = several.map((each) => plain(each.MessageBody)).sort();
  told.batch_deleted = (await client.batchDeleteMessage('jobs', several.map((each) => each.ReceiptHandle))).code;
  told.listed = (await client.listQueue('', 10, 'jo')).body.map((each) => each.QueueURL.split('/').pop());
  told.nobody = await refusal(() => client.receiveMessage('none', 0));
  told.wrong_secret = await refusal(() => clientOf('no').sendMessage('jobs', { MessageBody: 'x' }));
  told.topic = (await client.createTopic('news')).code;
  told.published = (await client.publishMessage('news', { MessageBody: 'hello' })).code;
  told.deleted = (await client.deleteQueue('jobs')).code;
  console.log(JSON.stringify(told));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
