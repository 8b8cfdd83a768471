// The page's start: what the session says, the live stream, and the parts that show them.

import { showCommand } from "./command.js";
import { startJourney } from "./journey.js";
import { Mails } from "./mails.js";
import { Phones } from "./phones.js";

const session = await (await fetch("/_inbox/session")).json();
const announcer = document.querySelector("#announcer");
const phones = new Phones({ list: document.querySelector("#phones"), announcer });
const mailboxes = new Mails({ section: document.querySelector("#mail"), announcer });

showCommand(session);
startJourney(session);
listen();

function listen() {
  const live = document.querySelector("#live");
  const stream = new EventSource("/_inbox/events");
  stream.addEventListener("open", () => tell(live, "live", "Live"));
  stream.addEventListener("error", () => tell(live, "waiting", "Reconnecting"));
  stream.addEventListener("inbox", (event) => {
    const { messages, replies, mails } = JSON.parse(event.data);
    phones.show(messages, replies);
    mailboxes.show(mails);
    showEmpty(messages.length + replies.length + mails.length === 0);
  });
}

function tell(live, state, text) {
  live.dataset.state = state;
  live.textContent = text;
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
