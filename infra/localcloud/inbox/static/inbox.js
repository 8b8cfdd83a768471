// The page's start: what the session says, the live stream, and the parts that show them.

import { showCommand } from "./command.js";
import { startJourney } from "./journey.js";
import { Mails } from "./mails.js";
import { Phones } from "./phones.js";
import { readSession } from "./session.js";
import { follow } from "./stream.js";
import { counted, distance } from "./words.js";

const reading = readSession();
const announcer = document.querySelector("#announcer");
const phones = new Phones({ list: document.querySelector("#phones"), announcer });
const mailboxes = new Mails({ section: document.querySelector("#mail"), announcer });
const live = document.querySelector("#live");
const button = document.querySelector("#cloud-button");
const latest = { cloud: null, messages: [] };
let drawer = null;
let hasBeenLive = false;

reading.then(showCommand);
startJourney(reading);
button.addEventListener("click", async () => (await theDrawer()).toggle(button));
document.addEventListener("show-request", async ({ target, detail }) => {
  (await theDrawer()).showRequest(detail, target);
});
follow("/_inbox/events", { inbox: showInbox, cloud: showCloud }, tell);

function showInbox(inbox) {
  const phoneCount = phones.show(inbox);
  mailboxes.show(inbox.mails);
  showEmpty(phoneCount + inbox.mails.length === 0);
  latest.messages = [...inbox.messages, ...inbox.losses];
  drawer?.show(latest);
}

function showCloud(cloud) {
  latest.cloud = cloud;
  const { faults, clock } = cloud;
  const news = [
    ...(faults.length > 0 ? [counted(faults.length, "fault")] : []),
    ...(Math.abs(clock.offset_s) >= 1 ? [distance(clock.offset_s)] : []),
  ];
  button.querySelector("span").textContent = news.join(" · ");
  drawer?.show(latest);
}

// Most visitors never open it, so its scripts are not among the first.
async function theDrawer() {
  const { Drawer } = await import("./drawer.js");
  drawer ??= new Drawer(document.querySelector("#cloud"), button);
  drawer.show(latest);
  return drawer;
}

async function tell(state) {
  live.dataset.state = state;
  live.textContent = state === "live" ? "Live" : "Reconnecting";
  if (state !== "live") return;
  if (hasBeenLive) {
    // Another cloud may have come up, with another key.
    showCommand(Object.assign(await reading, await readSession()));
  }
  hasBeenLive = true;
}

// The command stands in the empty inbox; once there are phones it moves beside the forms.
function showEmpty(isEmpty) {
  const empty = document.querySelector("#empty");
  const terminal = document.querySelector("#terminal");
  empty.hidden = !isEmpty;
  terminal.hidden = isEmpty;
  const home = isEmpty ? empty : terminal;
  const command = document.querySelector("#command");
  if (command.parentElement !== home) home.append(command);
}
