// The phones: one device for each number, the one that was busy last comes first.

import { bubble } from "./bubble.js";
import { arrange, make, settle } from "./nodes.js";
import { replyForm } from "./reply.js";
import { Switch } from "./switch.js";
import { counted, spaced } from "./words.js";

export class Phones {
  #list;
  #announcer;
  #devices = new Map();
  #isFirst = true;

  constructor({ list, announcer }) {
    this.#list = list;
    this.#announcer = announcer;
  }

  // Shows what the stream tells of phones; gives back how many there are.
  show(inbox) {
    const threads = byPhone(inbox);
    for (const [phone, device] of this.#devices) {
      if (threads.has(phone)) continue;
      device.element.remove();
      this.#devices.delete(phone);
    }
    const fresh = [...threads].flatMap(([phone, entries]) => {
      return this.#device(phone).show(entries, inbox.phones[phone]);
    });
    arrange(this.#list, [...threads.keys()].map((phone) => this.#device(phone).element));
    if (!this.#isFirst) this.#announce(fresh.filter((entry) => entry.kind in ANNOUNCED));
    this.#isFirst = false;
    return threads.size;
  }

  #device(phone) {
    if (!this.#devices.has(phone)) this.#devices.set(phone, new Device(phone));
    return this.#devices.get(phone);
  }

  #announce(entries) {
    if (entries.length === 0) return;
    const [newest] = entries;
    this.#announcer.textContent = entries.length === 1
      ? ANNOUNCED[newest.kind](newest)
      : `${entries.length} new messages`;
  }
}

const ANNOUNCED = {
  message: ({ phone, sign_name: sign, text }) => `New message on ${phone} from ${sign}: ${text}`,
  loss: ({ phone, err_code: code }) => `A message never came to ${phone}: ${code}`,
};

class Device {
  #rows = new Map();
  #thread = make("ol");
  #count = make("p");
  #nothing = make("p", "nothing", "No messages.");
  #switch;

  constructor(phone) {
    const number = spaced(phone);
    this.element = make("article", "phone arrives");
    this.element.dataset.phone = phone;
    this.#switch = new Switch(phone);
    const header = make("header");
    header.append(make("h3", "", number), this.#count, this.#switch.element);
    const scroller = make("div", "thread");
    scroller.tabIndex = 0;
    scroller.setAttribute("role", "region");
    scroller.setAttribute("aria-label", `Messages on ${number}`);
    scroller.append(this.#thread, this.#nothing);
    const screen = make("div", "screen");
    screen.append(header, scroller, replyForm(phone, number));
    this.element.append(screen);
    settle(this.element);
  }

  // Shows the entries, newest first, and gives back those that were not there before.
  show(entries, state) {
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
    this.#switch.show(state);
    this.#nothing.hidden = entries.length > 0;
    const received = entries.filter((entry) => entry.kind === "message").length;
    this.#count.textContent = counted(received, "message");
    return fresh;
  }
}

// A phone whose switch is not as usual has a thread, even an empty one.
function byPhone({ messages, replies, losses, expected, phones }) {
  const of = (kind) => (item) => ({ ...item, kind, key: `${kind} ${item.id} ${item.sent_at}` });
  const entries = [
    ...expected.map(of("expected")),
    ...replies.map(of("reply")),
    ...messages.map(of("message")),
    ...losses.map(of("loss")),
  ];
  entries.sort((one, other) => other.sent_at - one.sent_at); // stable: newest first within a second
  const threads = new Map();
  for (const entry of entries) {
    if (!threads.has(entry.phone)) threads.set(entry.phone, []);
    threads.get(entry.phone).push(entry);
  }
  for (const phone of Object.keys(phones)) if (!threads.has(phone)) threads.set(phone, []);
  return threads;
}
