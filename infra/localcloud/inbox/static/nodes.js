// Making nodes, and keeping lists of them in order.

// Puts the nodes in this order and moves no more of them than it must; a move must not take the focus.
export function arrange(parent, nodes) {
  const focused = document.activeElement;
  let cursor = parent.firstElementChild;
  for (const node of nodes) {
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
  if (focused !== document.activeElement) focused.focus({ preventScroll: true });
}

// Without this an element that is moved would slide in again.
export function settle(element) {
  element.addEventListener("animationend", () => element.classList.remove("arrives"), { once: true });
}

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}
