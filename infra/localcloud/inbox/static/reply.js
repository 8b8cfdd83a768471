// A phone's answer. One that is too long is refused in words; what was typed stays.

import { ask, onSubmit } from "./ask.js";
import { make } from "./nodes.js";

const LENGTH_LIMIT = 500; // the local cloud's own

export function replyForm(phone, number) {
  const form = make("form", "reply");
  const input = make("input");
  input.setAttribute("aria-label", `Reply from ${number}`);
  input.placeholder = "Reply";
  input.autocomplete = "off";
  input.required = true;
  const note = make("p", "note");
  note.setAttribute("role", "status");
  form.append(input, make("button", "quiet", "Reply"), note);
  onSubmit(form, async () => {
    const length = [...input.value].length;
    if (length > LENGTH_LIMIT) return { refusal: tooLong(length) };
    const { refusal } = await ask("POST", "/_inbox/reply", { phone, content: input.value });
    if (!refusal) input.value = "";
    return { refusal };
  });
  return form;
}

function tooLong(length) {
  const count = new Intl.NumberFormat("en").format(length);
  return `A reply holds ${LENGTH_LIMIT} characters, and this one has ${count}. Nothing was sent.`;
}
