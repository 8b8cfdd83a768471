// The mails, newest first. Text goes in as text; HTML stays in a frame that can do nothing.

import { time } from "./bubble.js";
import { arrange, make, settle } from "./nodes.js";

export class Mails {
  #section;
  #list;
  #announcer;
  #cards = new Map();
  #isFirst = true;

  constructor({ section, announcer }) {
    this.#section = section;
    this.#list = section.querySelector(".mails");
    this.#announcer = announcer;
  }

  show(mails) {
    const ids = new Set(mails.map((mail) => mail.id));
    for (const [id, element] of this.#cards) {
      if (ids.has(id)) continue;
      element.remove();
      this.#cards.delete(id);
    }
    const fresh = mails.filter((mail) => !this.#cards.has(mail.id));
    for (const mail of fresh) this.#cards.set(mail.id, card(mail));
    arrange(this.#list, mails.map((mail) => this.#cards.get(mail.id)));
    this.#section.hidden = mails.length === 0;
    if (!this.#isFirst && fresh.length > 0) this.#announce(fresh);
    this.#isFirst = false;
  }

  #announce([newest, ...others]) {
    this.#announcer.textContent = others.length === 0
      ? `New mail to ${newest.to}: ${newest.subject}`
      : `${others.length + 1} new mails`;
  }
}

function card(mail) {
  const element = make("article", "mail arrives");
  element.dataset.to = mail.to;
  const meta = make("p", "meta");
  const sender = mail.sender_alias ? `${mail.sender_alias} <${mail.sender}>` : mail.sender;
  meta.append(make("span", "sign", sender), make("span", "", `to ${mail.to}`), time(mail.sent_at));
  element.append(make("h3", "", mail.subject), meta);
  if (mail.has_html) element.append(frame(mail));
  if (mail.text_body) element.append(mail.has_html ? folded(mail) : make("p", "mail-text", mail.text_body));
  settle(element);
  return element;
}

function frame(mail) {
  const element = make("iframe", "mail-html");
  element.setAttribute("sandbox", "");
  element.title = `Mail: ${mail.subject}`;
  element.loading = "lazy";
  element.src = `/_inbox/mail/${encodeURIComponent(mail.id)}`;
  return element;
}

function folded(mail) {
  const element = make("details");
  element.append(make("summary", "", "As plain text"), make("p", "mail-text", mail.text_body));
  return element;
}
