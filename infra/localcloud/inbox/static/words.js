// How numbers are written.

export function spaced(phone) {
  return phone.replace(/^\+86(\d{3})(\d{4})(\d{4})$/, "+86 $1 $2 $3");
}

export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`;
}

export function milliseconds(ms) {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

// A distance on the clock, in its two largest units: "+1 d 2 h", "−5 min".
export function distance(seconds) {
  let left = Math.round(Math.abs(seconds));
  const parts = [];
  for (const [name, size] of UNITS) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return `${seconds < 0 ? "−" : "+"}${parts.slice(0, 2).join(" ") || "0 s"}`;
}
