// Numbers in words, the same as the Python side writes them.

const STATUS = {
  SUCCESS: { word: "Success", sign: "✓" },
  FAILURE: { word: "Failed", sign: "✕" },
  CANT_RUN: { word: "Could not run", sign: "⊘" },
  INTERRUPTED: { word: "Interrupted", sign: "‖" },
  RUNNING: { word: "Running", sign: "▸" },
  SKIPPED: { word: "Skipped", sign: "–" },
  NOT_STARTED: { word: "Not started", sign: "·" },
};
const STATE_SIGN = { success: "✓", failure: "✕", interrupted: "‖", running: "▸" };

function status(name) {
  return STATUS[name] || { word: name, sign: "?" };
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 0.9995) return `${(seconds * 1000).toFixed(0)} ms`;
  if (seconds < 59.95) return `${seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function bytes(size) {
  if (size === null || size === undefined) return "";
  if (size < 1024) return `${size} B`;
  let unit = -1;
  do {
    size /= 1024;
    unit += 1;
  } while (size >= 1023.5 && unit < 3);
  return `${size.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0)} ${["KiB", "MiB", "GiB", "TiB"][unit]}`;
}

// Where no sample of a task's own memory fell, what it took with shared pages is an upper bound.
function memory(task) {
  return task.memory ? `${task.memory_bound ? "≤ " : ""}${bytes(task.memory)}` : "";
}

function plural(number, word) {
  return `${number.toLocaleString("en")} ${word}${number === 1 ? "" : "s"}`;
}

function middle(text, most) {
  if (text.length <= most) return text;
  const half = (most - 1) / 2;
  return `${text.slice(0, Math.ceil(half))}…${text.slice(text.length - Math.floor(half))}`;
}

// A sentence that says of a task what its colour and place say to the eye.
function spoken(task) {
  const parts = [task.name, status(task.status).word.toLowerCase()];
  if (task.wall) parts.push(duration(task.wall));
  if (task.critical) parts.push("on the critical path");
  return parts.join(", ");
}
