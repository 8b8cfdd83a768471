// The live stream. It comes back by itself, whatever the cloud did meanwhile.

const RETRY_MS = 1500;

// handlers: by the name of the event. tell: called with "live" or "waiting".
export function follow(path, handlers, tell) {
  const source = new EventSource(path);
  source.addEventListener("open", () => tell("live"));
  source.addEventListener("error", () => {
    // Browsers differ in what they try again: an answer that is no stream ends it for good.
    source.close();
    tell("waiting");
    setTimeout(() => follow(path, handlers, tell), RETRY_MS);
  });
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
}
