// Copying to the clipboard, with a word on the button when it is done.

const SHOWN_MS = 1600;

export function copyOnClick(button, read) {
  const label = button.textContent;
  let timer;
  button.addEventListener("click", async () => {
    button.textContent = (await copy(read())) ? "Copied" : "Press Ctrl+C";
    clearTimeout(timer);
    timer = setTimeout(() => { button.textContent = label; }, SHOWN_MS);
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // a browser that withholds the clipboard; the text is selectable
  }
}
