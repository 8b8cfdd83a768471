// better-auth's phone-number plugin as a function of requests: no socket, its store in its own
// memory, its SMS a variable. That is the most favourable to it that there is.
// node phone_number.mjs PAIRS WARM_UP: one line of JSON, CPU seconds by kind of request.

import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { phoneNumber } from "better-auth/plugins";

const [pairs, warmUp] = process.argv.slice(2).map(Number);
const origin = "http://127.0.0.1:3000";

const store = { user: [], session: [], account: [], verification: [] };
let code = "";
const auth = betterAuth({
  baseURL: origin,
  secret: "a secret of more than thirty-two characters",
  database: memoryAdapter(store),
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  logger: { disabled: true },
  plugins: [
    phoneNumber({
      sendOTP: (message) => {
        code = message.code;
      },
      signUpOnVerification: { getTempEmail: (phone) => `${phone.slice(1)}@example.com` },
    }),
  ],
});

function post(path, body) {
  return new Request(`${origin}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", origin },
    body: JSON.stringify(body),
  });
}

async function send(phone) {
  return auth.handler(post("/api/auth/phone-number/send-otp", { phoneNumber: phone }));
}

async function consume(phone) {
  const body = await post("/verify", { phoneNumber: phone, code }).json();
  return Response.json(await auth.api.consumePhoneNumberOTP({ body }));
}

async function signIn(phone) {
  return auth.handler(post("/api/auth/phone-number/verify", { phoneNumber: phone, code }));
}

async function timed(spent, kind, call) {
  const before = process.cpuUsage();
  const answer = await call();
  await answer.text();
  const used = process.cpuUsage(before);
  if (answer.status !== 200) throw new Error(`${kind}: ${answer.status}`);
  spent[kind] = (spent[kind] ?? 0) + (used.user + used.system) / 1e6;
}

let number = 0;
async function round(check, count) {
  const spent = {};
  for (let i = 0; i < count; i++) {
    const phone = `+86138${String(number++).padStart(8, "0")}`;
    await timed(spent, "request", () => send(phone));
    await timed(spent, "verify", () => check(phone));
    // It searches its memory from end to end: none of that is to count.
    for (const table of Object.values(store)) table.length = 0;
  }
  return spent;
}

const results = {};
for (const [name, check] of Object.entries({ consume, signIn })) {
  await round(check, warmUp);
  results[name] = await round(check, pairs);
}
console.log(JSON.stringify(results));
process.exit(0);
