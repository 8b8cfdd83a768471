// The faults: one form to let something go wrong, and what is still to strike.

import { ask, onSubmit } from "./ask.js";
import { make } from "./nodes.js";

export class Faults {
  #form;
  #list;
  #clear;
  #nothing;
  #names = null;

  constructor(panel) {
    this.#form = panel.querySelector("form");
    this.#list = panel.querySelector(".armed");
    this.#clear = panel.querySelector(".clear");
    this.#nothing = panel.querySelector(".nothing");
    const { service, kind } = this.#form.elements;
    service.addEventListener("change", () => this.#offer());
    kind.addEventListener("change", () => this.#offer());
    onSubmit(this.#form, () => this.#add());
    this.#clear.addEventListener("click", () => ask("DELETE", "/_inbox/faults"));
  }

  show({ cloud }) {
    if (!this.#names) this.#read();
    this.#list.replaceChildren(...cloud.faults.map(armed));
    this.#nothing.hidden = cloud.faults.length > 0;
    this.#clear.hidden = cloud.faults.length === 0;
  }

  async #read() {
    this.#names = {};
    const { content } = await ask("GET", "/_inbox/operations");
    if (!content) {
      this.#names = null; // the next event of the stream asks again
      return;
    }
    this.#names = content;
    const { service } = this.#form.elements;
    service.replaceChildren(...Object.keys(content.services).map((name) => new Option(name, name)));
    service.value = "dysmsapi";
    this.#offer();
  }

  // The operations of the service, and the field that the kind has an argument in.
  #offer() {
    const { service, operation, kind } = this.#form.elements;
    const { services, codes, any } = this.#names;
    const chosen = operation.value;
    operation.replaceChildren(new Option("any", any), ...services[service.value].map((name) => new Option(name, name)));
    operation.value = services[service.value].includes(chosen) ? chosen : services[service.value][0];
    this.#form.querySelector("#fault-code").hidden = kind.value !== "error";
    this.#form.querySelector("#fault-delay").hidden = kind.value !== "delay";
    const known = codes[service.value] ?? [];
    this.#form.querySelector("datalist").replaceChildren(...known.map((code) => new Option(code, code)));
  }

  async #add() {
    const { service, operation, kind, code, delay, times } = this.#form.elements;
    const argument = { error: code.value.trim(), delay: delay.value }[kind.value];
    if (argument === "") return { refusal: kind.value === "error" ? "Which code?" : "How many milliseconds?" };
    const fault = {
      service: service.value,
      operation: operation.value,
      kind: argument === undefined ? kind.value : `${kind.value}:${argument}`,
      times: times.valueAsNumber,
    };
    const { refusal } = await ask("POST", "/_inbox/faults", fault);
    return { refusal, said: "Armed." };
  }
}

function armed({ service, operation, kind, times }) {
  const item = make("li");
  item.append(
    make("code", "", `${service} ${operation === "*" ? "any" : operation}`),
    make("span", "", kind),
    make("span", "hint", `${times} left`),
  );
  return item;
}
