// The phones: one device for each number, the one that was busy last comes first.

import { bubble } from "./bubble.js";
import { arrange, make, settle } from "./nodes.js";

export class Phones {
  #list;
  #announcer;
  #devices = new Map();
  #isFirst = true;

  constructor({ list, announcer }) {
    this.#list = list;
    this.#announcer = announcer;
  }

  show(messages, replies) {
    const threads = byPhone(messages, replies);
    for (const [phone, device] of this.#devices) {
      if (threads.has(phone)) continue;
      device.element.remove();
      this.#devices.delete(phone);
    }
    const fresh = [...threads].flatMap(([phone, entries]) => this.#device(phone).show(entries));
    arrange(this.#list, [...threads.keys()].map((phone) => this.#device(phone).element));
    if (!this.#isFirst) this.#announce(fresh.filter((entry) => !entry.isReply));
    this.#isFirst = false;
  }

  #device(phone) {
    if (!this.#devices.has(phone)) this.#devices.set(phone, new Device(phone));
    return this.#devices.get(phone);
  }

  #announce(entries) {
    if (entries.length === 0) return;
    const [newest] = entries;
    this.#announcer.textContent = entries.length === 1
      ? `New message on ${newest.phone} from ${newest.sign_name}: ${newest.text}`
      : `${entries.length} new messages`;
  }
}

class Device {
  #rows = new Map();
  #thread;
  #count;

  constructor(phone) {
    const number = spaced(phone);
    this.element = make("article", "phone arrives");
    this.element.dataset.phone = phone;
    const header = make("header");
    const title = make("h3", "", number);
    this.#count = make("p");
    header.append(title, this.#count);
    const scroller = make("div", "thread");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", `Messages on ${number}`);
    this.#thread = make("ol");
    scroller.append(this.#thread);
    const screen = make("div", "screen");
    screen.append(header, scroller, replyForm(phone, number));
    this.element.append(screen);
    settle(this.element);
  }

  // Shows the entries, newest first, and gives back those that were not there before.
  show(entries) {
    const fresh = entries.filter((entry) => !this.#rows.has(entry.key));
    const isNewPhone = this.#rows.size === 0;
    const keys = new Set(entries.map((entry) => entry.key));
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.#rows.delete(key);
    }
    for (const entry of fresh) {
      const row = bubble(entry);
      if (!isNewPhone) row.classList.add("arrives");
      settle(row);
      this.#rows.set(entry.key, row);
    }
    arrange(this.#thread, entries.map((entry) => this.#rows.get(entry.key)));
    const received = entries.filter((entry) => !entry.isReply).length;
    this.#count.textContent = received === 1 ? "1 message" : `${received} messages`;
    return fresh;
  }
}

function byPhone(messages, replies) {
  const entries = [
    ...replies.map((reply) => ({ ...reply, isReply: true, key: `reply ${reply.id} ${reply.sent_at}` })),
    ...messages.map((message) => ({ ...message, isReply: false, key: `message ${message.id} ${message.sent_at}` })),
  ];
  entries.sort((one, other) => other.sent_at - one.sent_at); // stable: newest first within a second
  const threads = new Map();
  for (const entry of entries) {
    if (!threads.has(entry.phone)) threads.set(entry.phone, []);
    threads.get(entry.phone).push(entry);
  }
  return threads;
}

function replyForm(phone, number) {
  const form = make("form", "reply");
  const input = make("input");
  input.setAttribute("aria-label", `Reply from ${number}`);
  input.placeholder = "Reply";
  input.autocomplete = "off";
  input.maxLength = 500;
  input.required = true;
  const button = make("button", "quiet", "Reply");
  form.append(input, button);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await isSent({ phone, content: input.value })) input.value = "";
  });
  return form;
}

async function isSent(reply) {
  try {
    const body = JSON.stringify(reply);
    const headers = { "Content-Type": "application/json" };
    return (await fetch("/_inbox/reply", { method: "POST", headers, body })).ok;
  } catch {
    return false; // the cloud has stopped; the header says so, and the text stays
  }
}

function spaced(phone) {
  return phone.replace(/^\+86(\d{3})(\d{4})(\d{4})$/, "+86 $1 $2 $3");
}
