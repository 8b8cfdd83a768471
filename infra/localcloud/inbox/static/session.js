// What the page needs to play the journey; asked until there is an answer.

const RETRY_MS = 1500;

export async function readSession() {
  for (;;) {
    try {
      const answer = await fetch("/_inbox/session");
      if (answer.ok) return await answer.json();
    } catch {
      // the cloud is not up; it will be
    }
    await new Promise((resolve) => { setTimeout(resolve, RETRY_MS); });
  }
}
