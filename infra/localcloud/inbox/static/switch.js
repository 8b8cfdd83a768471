// The switch of a phone: how it is with it, and so what becomes of messages to it.

import { ask } from "./ask.js";
import { make } from "./nodes.js";
import { spaced } from "./words.js";

const STATES = [
  ["normal", "Normal"],
  ["off", "Off"],
  ["full", "Memory full"],
  ["unknown", "Unknown number"],
  ["slow", "Slow carrier"],
  ["opted_out", "Opted out"],
];
const SAID = {
  normal: "",
  slow: "Messages arrive two minutes late, by the cloud's clock.",
  opted_out: "Promotions are refused; of the rest the carrier says",
};

export class Switch {
  #select = make("select");
  #hint = make("p", "hint");
  #phone;
  #known = { state: "normal" };
  #isAsking = false;

  constructor(phone) {
    this.#phone = phone;
    this.element = make("div", "switch");
    const label = make("label");
    this.#select.setAttribute("aria-label", `This phone, ${spaced(phone)}, is`);
    for (const [state, name] of STATES) this.#select.add(new Option(name, state));
    this.#select.addEventListener("change", () => this.#set());
    this.#hint.setAttribute("role", "status");
    label.append(make("span", "", "This phone is"), this.#select);
    this.element.append(label, this.#hint);
  }

  show(known = { state: "normal", err_code: "" }) {
    this.#known = known;
    if (this.#isAsking) return;
    const { state, err_code: code } = known;
    this.#select.value = state;
    this.element.dataset.state = state;
    this.#hint.textContent = SAID[state] ?? "The carrier says of a message";
    if (state !== "normal" && state !== "slow") this.#hint.append(" ", make("code", "", code));
  }

  // One change at a time: the arrow keys make many, and the last is the one that is meant.
  async #set() {
    if (this.#isAsking) return;
    this.#isAsking = true;
    let state, refusal;
    do {
      state = this.#select.value;
      ({ refusal } = await ask("POST", "/_inbox/phones", { phone: this.#phone, state }));
    } while (!refusal && state !== this.#select.value);
    this.#isAsking = false;
    if (!refusal) return; // the stream tells what it now is
    this.show(this.#known);
    this.#hint.textContent = refusal;
  }
}
