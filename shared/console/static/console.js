// Comfort only: every page works without this. A form that changes something is sent once.
"use strict";

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || !event.submitter) return;
  // After the browser has gathered the fields, of which the button may be one.
  setTimeout(() => { event.submitter.disabled = true; });
});
