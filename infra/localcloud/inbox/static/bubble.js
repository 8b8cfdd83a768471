// One message as the phone shows it, or what became of it. Every value goes in as text, never as
// markup.

import { copyOnClick } from "./copy.js";
import { make } from "./nodes.js";

const HAN = /\p{Script=Han}/u;
const CODE_NAME = /code|otp|captcha/i;
const CODE = /^[0-9A-Za-z]{4,10}$/;
const CLASSES = { message: "message", reply: "message sent", loss: "message lost", expected: "message late" };

// entry.kind: "message", "reply", "loss" (it never came) or "expected" (it is on its way).
export function bubble(entry) {
  const row = make("li", CLASSES[entry.kind]);
  row.id = `${entry.kind}-${entry.id}`;
  row.tabIndex = -1;
  row.append(meta(entry), body(entry));
  const actions = make("p", "actions");
  const code = codeIn(entry);
  if (code) actions.append(copyButton(code));
  if (entry.request_id) actions.append(requestButton(entry.request_id));
  if (actions.hasChildNodes()) row.append(actions);
  return row;
}

function meta({ kind, sign_name: sign, sent_at: sentAt, template_code: template }) {
  const line = make("p", "meta");
  const name = make("span", "sign", { message: sign, reply: "This phone" }[kind] ?? template);
  if (HAN.test(name.textContent)) name.lang = "zh-CN";
  line.append(name, time(sentAt));
  return line;
}

function body(entry) {
  const element = make("p", "bubble");
  if (entry.kind === "loss") {
    element.append("Never came: ", make("code", "", entry.err_code));
    return element;
  }
  if (entry.kind === "expected") {
    element.append("On its way, here at ", time(entry.due_at, { second: "2-digit" }));
    return element;
  }
  const text = entry.kind === "reply" ? entry.content : entry.text;
  if (HAN.test(text)) element.lang = "zh-CN";
  const code = codeIn(entry);
  const [before, after] = code ? around(text, code) : [text, ""];
  element.append(before);
  if (code) element.append(make("mark", "", code), after);
  return element;
}

function around(text, code) {
  const start = text.indexOf(code);
  return [text.slice(0, start), text.slice(start + code.length)];
}

// The value of the template's code variable, if it looks like a code and stands in the text.
function codeIn({ params, text }) {
  const values = Object.entries(params ?? {})
    .filter(([name]) => CODE_NAME.test(name))
    .map(([, value]) => String(value));
  return values.find((value) => CODE.test(value) && text.includes(value));
}

function copyButton(code) {
  const button = make("button", "quiet", `Copy ${code}`);
  button.type = "button";
  copyOnClick(button, () => code);
  return button;
}

// Whoever shows requests hears of it at the document.
function requestButton(requestId) {
  const button = make("button", "link", "Its request");
  button.type = "button";
  button.title = requestId;
  button.addEventListener("click", () => {
    button.dispatchEvent(new CustomEvent("show-request", { bubbles: true, detail: requestId }));
  });
  return button;
}

export function time(sentAt, more = {}) {
  const date = new Date(sentAt * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...more };
  const format = isToday ? clock : { ...clock, day: "numeric", month: "short" };
  const element = document.createElement("time");
  element.dateTime = date.toISOString();
  element.textContent = new Intl.DateTimeFormat("en-GB", format).format(date);
  return element;
}
