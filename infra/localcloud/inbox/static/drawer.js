// The cloud beside the phones: a drawer with three tabs, opened by a button or by a message's link
// to its request.

import { Clock } from "./clock.js";
import { Faults } from "./faults.js";
import { Requests } from "./requests.js";

export class Drawer {
  #section;
  #button;
  #tabs;
  #parts;
  #opener;
  #latest = {};

  constructor(section, button) {
    this.#section = section;
    this.#button = button;
    this.#opener = button;
    this.#tabs = [...section.querySelectorAll("[role=tab]")];
    this.#parts = [
      new Requests(section.querySelector("#requests-panel")),
      new Faults(section.querySelector("#faults-panel")),
      new Clock(section.querySelector("#clock-panel")),
    ];
    for (const tab of this.#tabs) tab.addEventListener("click", () => this.#select(tab));
    section.querySelector("[role=tablist]").addEventListener("keydown", (event) => this.#move(event));
    section.querySelector(".close").addEventListener("click", () => this.close());
    section.addEventListener("keydown", (event) => { if (event.key === "Escape") this.close(); });
    section.addEventListener("click", (event) => this.#followLink(event));
  }

  // latest: the newest that the stream told, { cloud, messages }.
  show(latest) {
    this.#latest = latest;
    if (!latest.cloud || this.#section.hidden) return;
    for (const part of this.#parts) part.show(latest);
  }

  toggle(opener) {
    if (this.#section.hidden) this.#open(opener);
    else this.close();
  }

  close() {
    this.#section.hidden = true;
    document.body.classList.remove("has-drawer");
    this.#button.setAttribute("aria-expanded", "false");
    (this.#opener.isConnected ? this.#opener : this.#button).focus();
  }

  showRequest(requestId, opener) {
    this.#open(opener);
    this.#select(this.#tabs[0]);
    this.#parts[0].reveal(requestId);
  }

  #open(opener) {
    this.#opener = opener;
    this.#section.hidden = false;
    document.body.classList.add("has-drawer");
    this.#button.setAttribute("aria-expanded", "true");
    this.show(this.#latest);
    this.#section.querySelector("h2").focus({ preventScroll: true });
  }

  #select(chosen) {
    for (const tab of this.#tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !isChosen;
    }
  }

  #move(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1 };
    if (!(event.key in steps)) return;
    const at = this.#tabs.indexOf(document.activeElement) + steps[event.key];
    const tab = this.#tabs.at(at % this.#tabs.length);
    this.#select(tab);
    tab.focus();
  }

  // A link to a message: on a small screen the drawer covers it.
  #followLink(event) {
    const link = event.target.closest("a[href^='#']");
    if (!link) return;
    event.preventDefault();
    const message = document.getElementById(link.hash.slice(1));
    if (!message) return;
    if (getComputedStyle(this.#section).position === "fixed" && innerWidth < 800) this.close();
    message.scrollIntoView({ block: "center" });
    message.focus({ preventScroll: true });
  }
}
