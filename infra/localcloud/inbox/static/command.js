// The curl line that requests a code, ready to be pasted.

import { copyOnClick } from "./copy.js";

export function showCommand({ api_key: apiKey, example_phone: phone, purposes }) {
  const command = document.querySelector("#command");
  const body = JSON.stringify({ phone, purpose: purposes[0] });
  const text = [
    `curl -s ${location.origin}/v1/otp`,
    `-H 'Authorization: Bearer ${apiKey}'`,
    "-H 'Content-Type: application/json'",
    `-d '${body}'`,
  ].join(" \\\n  ");
  command.querySelector("code").textContent = text;
  copyOnClick(command.querySelector("button"), () => text);
}
