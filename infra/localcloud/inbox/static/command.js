// The curl line that requests a code, ready to be pasted.

import { copyOnClick } from "./copy.js";

const command = document.querySelector("#command");
const code = command.querySelector("code");
copyOnClick(command.querySelector("button"), () => code.textContent);

export function showCommand({ api_key: apiKey, example_phone: phone, purposes }) {
  const body = JSON.stringify({ phone, purpose: purposes[0] });
  code.textContent = [
    `curl -s ${location.origin}/v1/otp`,
    `-H 'Authorization: Bearer ${apiKey}'`,
    "-H 'Content-Type: application/json'",
    `-d '${body}'`,
  ].join(" \\\n  ");
}
