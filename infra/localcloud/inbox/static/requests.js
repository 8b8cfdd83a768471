// What the functions did, newest first; log lines are fetched when an entry is opened.

import { ask } from "./ask.js";
import { time } from "./bubble.js";
import { arrange, make } from "./nodes.js";
import { milliseconds, spaced } from "./words.js";

const HIDDEN_FIELDS = new Set(["level", "event", "request_id", "function", "trace_id", "span_id"]);
const OUTCOMES = { error: "failed", timeout: "timed out", exit: "ended itself", init_error: "did not start" };

export class Requests {
  #list;
  #nothing;
  #forgotten;
  #filter;
  #entries = new Map();
  #messages = new Map();

  constructor(panel) {
    this.#list = panel.querySelector(".requests");
    this.#nothing = panel.querySelector(".nothing");
    this.#forgotten = panel.querySelector(".forgotten");
    this.#filter = panel.querySelector(".filter select");
    this.#filter.addEventListener("change", () => this.#sift());
  }

  show({ cloud, messages }) {
    this.#messages = new Map();
    for (const message of messages) {
      if (!message.request_id) continue;
      const caused = this.#messages.get(message.request_id) ?? [];
      this.#messages.set(message.request_id, [...caused, message]);
    }
    const ids = new Set(cloud.invocations.map((each) => each.request_id));
    for (const [id, entry] of this.#entries) {
      if (ids.has(id) || entry.open) continue; // what is being read stays
      entry.remove();
      this.#entries.delete(id);
    }
    for (const each of cloud.invocations) {
      if (!this.#entries.has(each.request_id)) this.#entries.set(each.request_id, this.#entry(each));
    }
    const known = cloud.invocations.map((each) => this.#entries.get(each.request_id));
    const others = [...this.#entries.values()].filter((entry) => !known.includes(entry));
    arrange(this.#list, [...known, ...others]);
    this.#nothing.hidden = this.#entries.size > 0;
    this.#offer(new Set(cloud.invocations.map((each) => each.function)));
    this.#sift();
  }

  // Timers call every minute; who looks for something else leaves them out.
  #offer(names) {
    const known = new Set([...this.#filter.options].map((option) => option.value));
    for (const name of names) if (!known.has(name)) this.#filter.add(new Option(name, name));
  }

  #sift() {
    const { value } = this.#filter;
    for (const entry of this.#entries.values()) entry.hidden = value !== "" && entry.dataset.function !== value;
  }

  // Opens the entry of a request, which may be older than those listed.
  async reveal(requestId) {
    this.#forgotten.hidden = true;
    if (!this.#entries.has(requestId)) {
      const { content } = await ask("GET", address(requestId));
      if (!content) return this.#miss();
      if (!this.#entries.has(requestId)) this.#entries.set(requestId, this.#entry(content));
      this.#list.append(this.#entries.get(requestId));
    }
    const entry = this.#entries.get(requestId);
    if (entry.hidden) {
      this.#filter.value = "";
      this.#sift();
    }
    entry.open = true;
    entry.scrollIntoView({ block: "nearest" });
    return entry.querySelector("summary").focus({ preventScroll: true });
  }

  #miss() {
    this.#forgotten.hidden = false;
    this.#forgotten.focus();
  }

  #entry(invocation) {
    const entry = make("details", "request");
    entry.dataset.function = invocation.function;
    entry.append(summary(invocation));
    entry.addEventListener("toggle", () => {
      if (entry.open) this.#fill(entry, invocation.request_id);
    });
    return entry;
  }

  async #fill(entry, requestId) {
    const { content, refusal } = await ask("GET", address(requestId));
    const body = make("div", "request-body");
    const id = make("p", "hint", "Request ");
    id.append(make("code", "", requestId));
    body.append(id);
    for (const message of this.#messages.get(requestId) ?? []) body.append(messageLink(message));
    if (refusal) body.append(make("p", "note", refusal));
    else body.append(lines(content));
    entry.querySelector(".request-body")?.remove();
    entry.append(body);
  }
}

function address(requestId) {
  return `/_inbox/invocations/${encodeURIComponent(requestId)}`;
}

function summary(invocation) {
  const { function: name, outcome, status, duration_ms: duration, cold_start: isCold, started_at: at } = invocation;
  const line = make("summary");
  const isBad = outcome !== "ok" || status >= 400;
  const said = outcome === "ok" ? String(status ?? "ok") : OUTCOMES[outcome] ?? outcome;
  const badge = make("span", "badge", said);
  badge.dataset.mood = isBad ? "bad" : "good";
  line.append(make("span", "name", name), badge);
  if (isCold) line.append(make("span", "badge", "cold start"));
  if (invocation.invocation_type === "async") line.append(make("span", "badge", "async"));
  const figures = make("span", "figures", `${milliseconds(duration)}, `);
  figures.append(time(at, { second: "2-digit" }));
  line.append(figures);
  return line;
}

function messageLink(message) {
  const link = make("a", "", `The message to ${spaced(message.phone)}`);
  link.href = `#${"err_code" in message ? "loss" : "message"}-${message.id}`;
  const line = make("p");
  line.append(link);
  return line;
}

function lines({ log, left_out: leftOut }) {
  if (log.length === 0) return make("p", "hint", "It wrote no log lines.");
  const list = make("ol", "log");
  list.setAttribute("aria-label", "Log lines");
  for (const text of log) list.append(logLine(text));
  if (leftOut > 0) list.append(make("li", "hint", `and ${leftOut} more; the control plane has them all`));
  return list;
}

function logLine(text) {
  const fields = fieldsOf(text);
  if (!fields) return make("li", "", text);
  const line = make("li");
  line.dataset.level = fields.level;
  line.append(make("b", "", fields.event));
  for (const [name, value] of Object.entries(fields)) {
    if (HIDDEN_FIELDS.has(name) || value === null) continue;
    const shown = typeof value === "string" ? value : JSON.stringify(value);
    line.append(" ", make("span", "field-name", `${name}=`), shown);
  }
  return line;
}

// The fields of a structured line; null for any other text.
function fieldsOf(text) {
  try {
    const fields = JSON.parse(text);
    return typeof fields?.event === "string" ? fields : null;
  } catch {
    return null;
  }
}
