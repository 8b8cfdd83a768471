// What the page asks of the cloud: its answer, or in words why not.

// Gives { content } or { refusal }, a sentence.
export async function ask(method, path, body) {
  try {
    const answer = await fetch(path, body === undefined ? { method } : {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const content = await answer.json();
    return answer.ok ? { content } : { refusal: content.detail || content.title };
  } catch {
    return { refusal: "The cloud does not answer. Try again in a moment." };
  }
}

// Submits a form by `act`, once at a time; what `act` gives back is said below the form.
export function onSubmit(form, act) {
  const note = form.querySelector(".note");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.getAttribute("aria-busy") === "true") return;
    form.setAttribute("aria-busy", "true");
    const { refusal, said = "" } = await act(form);
    note.dataset.mood = refusal ? "bad" : "good";
    note.textContent = refusal || said;
    form.removeAttribute("aria-busy");
  });
}
