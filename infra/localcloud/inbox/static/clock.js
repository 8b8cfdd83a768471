// The cloud's clock: what it says, and moving it.

import { ask, onSubmit } from "./ask.js";
import { distance } from "./words.js";

const FORMAT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export class Clock {
  #panel;
  #time;
  #offset;
  #offsetS = 0;

  constructor(panel) {
    this.#panel = panel;
    this.#time = panel.querySelector("time");
    this.#offset = panel.querySelector(".offset");
    const form = panel.querySelector("form");
    for (const button of panel.querySelectorAll("[data-advance-s]")) {
      button.addEventListener("click", () => this.#advance(Number(button.dataset.advanceS)));
    }
    panel.querySelector(".back").addEventListener("click", () => this.#advance(-this.#offsetS));
    onSubmit(form, () => {
      const { amount, unit } = form.elements;
      return this.#advance(amount.valueAsNumber * Number(unit.value));
    });
    setInterval(() => this.#tick(), 1000);
  }

  show({ cloud }) {
    this.#offsetS = cloud.clock.offset_s;
    const isMoved = Math.abs(this.#offsetS) >= 1;
    this.#offset.textContent = isMoved ? `${distance(this.#offsetS)} from this machine's` : "As this machine's.";
    this.#panel.querySelector(".back").disabled = !isMoved;
    this.#tick();
  }

  #tick() {
    if (this.#panel.hidden) return;
    const now = new Date(Date.now() + this.#offsetS * 1000);
    this.#time.dateTime = now.toISOString();
    this.#time.textContent = FORMAT.format(now);
  }

  async #advance(seconds) {
    const note = this.#panel.querySelector(".note");
    if (!Number.isFinite(seconds)) return { refusal: "How far?" };
    const { refusal } = await ask("POST", "/_inbox/clock", { advance_s: seconds });
    note.dataset.mood = refusal ? "bad" : "";
    note.textContent = refusal ?? `Moved by ${distance(seconds)}.`;
    return { refusal, said: note.textContent };
  }
}
