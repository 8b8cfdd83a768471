// Run by tests/e2e/test_clients.py against a local cloud: SESAME_READY names its ready file,
// SESAME_PHONES numbers that nobody else uses.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Sesame, SesameError, checkToken, fillCodeFromSms } from "./sesame.js";

const ready = JSON.parse(readFileSync(process.env.SESAME_READY, "utf8"));
const phones = process.env.SESAME_PHONES.split(",");
const newPhone = () => phones.pop();
const client = (more = {}) => new Sesame(ready.gateway, { apiKey: ready.api_key, ...more });

async function messages(phone) {
  const answer = await fetch(`${ready.control}/inbox?phone=${encodeURIComponent(phone)}`);
  return answer.json();
}

async function codeOn(phone) {
  const [newest] = await messages(phone);
  return newest.text.match(/\d{6}/)[0];
}

async function proof(sesame, more = {}) {
  const phone = newPhone();
  const { challenge_id } = await sesame.requestCode({ phone, purpose: "login" });
  const { token } = await sesame.verifyCode({
    challenge_id, code: await codeOn(phone), token: true, ...more,
  });
  return { phone, challenge_id, token };
}

const refusal = (code, more = {}) => (error) => {
  assert.ok(error instanceof SesameError);
  assert.equal(error.code, code);
  for (const [name, value] of Object.entries(more)) assert.deepEqual(error[name], value);
  return true;
};

test("a code goes out, opens once, and its token proves the phone", async () => {
  const sesame = client();
  const { phone, challenge_id, token } = await proof(sesame);

  const claims = await checkToken(token, {
    keys: await sesame.keys(), issuer: ready.gateway, tenant: "default", challengeId: challenge_id,
  });

  assert.equal(claims.phone_number, phone);
  await assert.rejects(
    sesame.verifyCode({ challenge_id, code: await codeOn(phone) }), refusal("otp_invalid", { status: 422 }),
  );
});

test("a token proves nothing for another, later, or changed", async () => {
  const sesame = client();
  const { token } = await proof(sesame);
  const right = { keys: await sesame.keys(), issuer: ready.gateway, tenant: "default" };
  const [head, body, signature] = token.split(".");
  const claims = JSON.parse(Buffer.from(body, "base64url"));
  const forged = Buffer.from(JSON.stringify({ ...claims, phone_number: "+8613900139000" }));
  const none = Buffer.from('{"alg":"none"}').toString("base64url");

  for (const [given, options] of [
    [token, { tenant: "second" }],
    [token, { issuer: "https://other.example" }],
    [token, { challengeId: "another" }],
    [token, { nowS: claims.exp }],
    [token, { keys: { keys: [] } }],
    [`${head}.${forged.toString("base64url")}.${signature}`, {}],
    [`${none}.${body}.`, {}],
    ["", {}],
    ["a.b.c", {}],
  ]) {
    await assert.rejects(checkToken(given, { ...right, ...options }), refusal("token_invalid"));
  }
});

test("an error has its code, fields and wait", async () => {
  const sesame = client();
  const phone = newPhone();
  await sesame.requestCode({ phone, purpose: "login" });

  await assert.rejects(
    sesame.requestCode({ phone, purpose: "login" }),
    (error) => refusal("throttled", { status: 429 })(error) && error.retryAfterS > 5,
  );
  await assert.rejects(sesame.requestCode({ phone: 1, purpose: "login" }), (error) =>
    refusal("invalid_request")(error) && "phone" in error.fields);
  await assert.rejects(
    new Sesame(ready.gateway).requestCode({ phone, purpose: "login" }), refusal("unauthenticated"),
  );
});

test("an answer that is lost sends no second message", async () => {
  const phone = newPhone();
  const waits = [];
  let lost = 0;
  const sesame = client({
    sleep: async (seconds) => { waits.push(seconds); },
    fetch: async (...request) => {
      const answer = await fetch(...request);
      if (lost === 2) return answer;
      lost += 1;
      throw new TypeError("terminated");
    },
  });

  await sesame.requestCode({ phone, purpose: "login" });

  assert.deepEqual(waits, [1, 2]);
  assert.equal((await messages(phone)).length, 1);
});

test("a guess is never repeated", async () => {
  let asked = 0;
  const sesame = client({ fetch: async () => { asked += 1; throw new TypeError("failed"); } });

  await assert.rejects(sesame.verifyCode({ challenge_id: "c", code: "1" }), refusal("unreachable"));

  assert.equal(asked, 1);
});

class Field extends EventTarget {}

test("WebOTP fills the code in and says so", async () => {
  const input = new Field();
  const heard = [];
  input.addEventListener("input", () => heard.push(input.value));
  const credentials = {
    async get({ otp }) {
      assert.deepEqual(otp, { transport: ["sms"] });
      return { code: "747723" };
    },
  };

  assert.equal(await fillCodeFromSms(input, { credentials, hasWebOtp: true }), "747723");

  assert.deepEqual(heard, ["747723"]);
  assert.equal(input.autocomplete, "one-time-code");
});

test("without WebOTP, or when it is declined, the person types", async () => {
  const declined = { async get() { throw new DOMException("", "AbortError"); } };

  assert.equal(await fillCodeFromSms(new Field(), { credentials: declined, hasWebOtp: true }), null);
  assert.equal(await fillCodeFromSms(new Field()), null);
});
