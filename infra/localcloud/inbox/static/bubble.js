// One message as the phone shows it. Every value goes in as text, never as markup.

import { copyOnClick } from "./copy.js";

const HAN = /\p{Script=Han}/u;
const CODE_NAME = /code|otp|captcha/i;
const CODE = /^[0-9A-Za-z]{4,10}$/;

export function bubble(entry) {
  const row = document.createElement("li");
  row.className = entry.isReply ? "message sent" : "message";
  row.append(meta(entry), body(entry));
  const code = codeIn(entry);
  if (code) row.append(copyButton(code));
  return row;
}

function meta({ isReply, sign_name: sign, sent_at: sentAt }) {
  const line = document.createElement("p");
  line.className = "meta";
  const name = document.createElement("span");
  name.className = "sign";
  name.textContent = isReply ? "This phone" : sign;
  if (HAN.test(name.textContent)) name.lang = "zh-CN";
  line.append(name, time(sentAt));
  return line;
}

function body(entry) {
  const text = entry.isReply ? entry.content : entry.text;
  const element = document.createElement("p");
  element.className = "bubble";
  if (HAN.test(text)) element.lang = "zh-CN";
  const code = codeIn(entry);
  const [before, after] = code ? around(text, code) : [text, ""];
  element.append(before);
  if (code) {
    const mark = document.createElement("mark");
    mark.textContent = code;
    element.append(mark, after);
  }
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
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = `Copy ${code}`;
  copyOnClick(button, () => code);
  return button;
}

export function time(sentAt) {
  const date = new Date(sentAt * 1000);
  const isToday = date.toDateString() === new Date().toDateString();
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const format = isToday ? clock : { ...clock, day: "numeric", month: "short" };
  const element = document.createElement("time");
  element.dateTime = date.toISOString();
  element.textContent = new Intl.DateTimeFormat("en-GB", format).format(date);
  return element;
}
