// The two forms: request a code, and verify the one that arrived on the phone.

// reading: the session, which may still be on its way. Who types before it is there loses nothing.
export function startJourney(reading) {
  const request = document.querySelector("#request");
  const verify = document.querySelector("#verify");
  let challengeId = null;

  reading.then(({ example_phone: example, purposes }) => {
    const { phone, purpose } = request.elements;
    if (phone.value === phone.defaultValue) phone.value = example;
    for (const name of purposes) purpose.add(new Option(name, name));
  });

  onSubmit(request, async ({ phone, purpose }) => {
    await reading;
    const { ok, content, retryAfter } = await post("/v1/otp", { phone: phone.value, purpose: purpose.value });
    if (!ok) return note(request, "bad", reason(content, retryAfter));
    challengeId = content.challenge_id;
    verify.querySelector("fieldset").disabled = false;
    verify.elements.code.value = "";
    note(verify, "", "Type the code that the phone shows.");
    note(request, "good", sent(content));
    return verify.elements.code.focus({ preventScroll: true });
  });

  onSubmit(verify, async ({ code }) => {
    const { ok, content } = await post("/v1/otp/verify", { challenge_id: challengeId, code: code.value.trim() });
    if (!ok) return note(verify, "bad", reason(content));
    return note(verify, "good", "✓ Verified");
  });

  async function post(path, body) {
    const session = await reading;
    try {
      const answer = await fetch(path, {
        method: "POST",
        headers: { "Authorization": `Bearer ${session.api_key}`, "Content-Type": "application/json" },
        body: JSON.stringify(body),
      });
      const content = await answer.json();
      return { ok: answer.ok, content, retryAfter: answer.headers.get("Retry-After") };
    } catch {
      return { ok: false, content: { title: "Sesame did not answer" } };
    }
  }
}

function onSubmit(form, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    note(form, "", "One moment …");
    await act(form.elements);
    button.removeAttribute("aria-busy");
  });
}

function note(form, mood, text) {
  const line = form.querySelector(".note");
  line.dataset.mood = mood;
  line.textContent = text;
}

function sent({ delivery, expires_in_s: ttl }) {
  if (delivery === "unconfirmed") return "Sent, but the provider has not confirmed it yet.";
  return ttl ? `Sent. The code is good for ${duration(ttl)}.` : "Sent.";
}

function duration(seconds) {
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

// RFC 9457: the detail is about this very request, the title about its kind.
function reason({ title, detail }, retryAfter) {
  const text = detail || title || "The answer is not one that this page knows.";
  return retryAfter ? `${text} Try again in ${retryAfter} s.` : text;
}
