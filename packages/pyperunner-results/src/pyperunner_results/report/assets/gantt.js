// When each task ran. Few tasks get a row each, many share rows in which none overlap.

const ROW = 24;
const ROWS_OF_THEIR_OWN = 60;
let ganttZoom = 1;

function ganttBars() {
  const bars = run.tasks.flatMap((task) => task.attempts
    .filter((attempt) => attempt.start !== null)
    .map((attempt) => ({ task, attempt, start: attempt.start, end: attempt.end })));
  // What had not ended is drawn up to the last thing that is known to have happened.
  const last = Math.max(run.seconds || 0, ...bars.map((bar) => Math.max(bar.start, bar.end || 0)));
  for (const bar of bars) if (bar.end === null) bar.end = last;
  bars.sort((a, b) => a.start - b.start || a.task.index - b.task.index);
  return bars;
}

function paintGantt() {
  const bars = ganttBars();
  const section = byId("gantt");
  if (!bars.length) {
    put(section, el("h2", { id: "gantt-title" }, "Timeline"), el("p", { class: "hint" }, "No task was executed in this run."));
    return;
  }
  const frame = el("div", { class: "frame scroll" });
  const press = (label, text, act) => el("button", { type: "button", "aria-label": label, title: label, click: act }, text);
  const scale = (factor) => {
    ganttZoom = Math.min(64, Math.max(1, ganttZoom * factor));
    drawGantt(frame, bars);
  };
  put(section,
    el("div", { class: "section-head" },
      el("h2", { id: "gantt-title" }, "Timeline"),
      el("p", { class: "legend" }, el("span", { class: "critical-mark", "aria-hidden": "true" }), "critical path"),
      el("div", { class: "tools" }, press("Stretch the timeline", "+", () => scale(2)), press("Shrink the timeline", "−", () => scale(0.5)))),
    frame);
  drawGantt(frame, bars);
  onWidth(frame, () => drawGantt(frame, bars));
  onChoice((task) => {
    for (const bar of frame.querySelectorAll(".bar")) bar.classList.toggle("is-chosen", Boolean(task) && bar.task === task);
  });
}

function rowsOf(bars) {
  if (new Set(bars.map((bar) => bar.task)).size <= ROWS_OF_THEIR_OWN) {
    const rows = new Map();
    for (const bar of bars) {
      if (!rows.has(bar.task)) rows.set(bar.task, rows.size);
      bar.row = rows.get(bar.task);
      bar.last = bar.attempt === bar.task.attempts[bar.task.attempts.length - 1];
    }
    return { rows: rows.size, own: true };
  }
  const free = [];
  for (const bar of bars) {
    let row = free.findIndex((end) => end <= bar.start);
    if (row < 0) row = free.push(0) - 1;
    free[row] = Math.max(bar.end, bar.start + 1e-6);
    bar.row = row;
  }
  return { rows: free.length, own: false };
}

function drawGantt(frame, bars) {
  const { rows, own } = rowsOf(bars);
  const first = Math.min(0, ...bars.map((bar) => bar.start));
  const last = Math.max(first + 1e-3, run.seconds || 0, ...bars.map((bar) => bar.end));
  const width = Math.max(240, (frame.clientWidth || 800) * ganttZoom - 2);
  const scale = (width - 32) / (last - first);
  const x = (seconds) => 12 + (seconds - first) * scale;
  const height = rows * ROW + 30;
  const drawing = svg("svg", { width, height, role: "group", "aria-label": "Timeline of the executed tasks; arrow keys go from bar to bar" },
    ticks(first, last, width).map((tick) => [
      svg("line", { class: "tick", x1: x(tick), x2: x(tick), y1: 0, y2: height - 22 }),
      svg("text", { class: "tick", x: x(tick), y: height - 7 }, tick === 0 ? "0" : duration(tick).replace(/\.0+ /, " ")),
    ]));
  const nodes = bars.map((bar) => drawBar(bar, x, width, own));
  drawing.append(...nodes);
  frame.replaceChildren(drawing);
  rove(nodes, (item, key) => nodes[nodes.indexOf(item) + (key === "ArrowRight" || key === "ArrowDown" ? 1 : -1)]);
}

function drawBar(bar, x, width, own) {
  const left = x(bar.start);
  const size = Math.max(3, x(bar.end) - left);
  const y = bar.row * ROW + 4;
  const measured = bar.task.attempts.length === 1 ? bar.task.wall : undefined;
  const label = `${bar.task.name} · ${duration(measured === undefined ? bar.end - bar.start : measured)}`;
  const room = textWidth(label);
  const parts = [svg("title", {}, `${label} · ${status(bar.attempt.status).word}`), svg("rect", { x: left, y, width: size, height: ROW - 6, rx: 3 })];
  if (bar.task.critical) parts.push(svg("rect", { class: "critical-mark", x: left, y: y + ROW - 9, width: size, height: 3 }));
  if (room + 12 < size) parts.push(svg("text", { class: "inside", x: left + 6, y: y + 13 }, label));
  else if (own && bar.last) parts.push(svg("text", { class: "beside", x: besideBar(left, size, room, width), y: y + 13 }, label));
  const node = svg("g", {
    class: `bar is-${bar.attempt.status}`, role: "button",
    "aria-label": `${spoken(bar.task)}, started after ${duration(bar.start)}`, click: () => choose(bar.task, "gantt"),
  }, parts);
  node.task = bar.task;
  return node;
}

// Right of the bar, else left of it, else across it.
function besideBar(left, size, room, width) {
  if (left + size + room + 12 < width) return left + size + 5;
  return left - room > 14 ? left - room - 5 : Math.max(8, width - room - 10);
}

function ticks(first, last, width) {
  const rough = (last - first) / Math.max(2, Math.floor(width / 110));
  const power = 10 ** Math.floor(Math.log10(rough));
  const nice = rough < 1 || rough > 60 ? [1, 2, 5, 10].map((step) => step * power) : [1, 2, 5, 10, 15, 30, 60, 120];
  const step = nice.find((candidate) => candidate >= rough) || rough;
  const found = [];
  for (let tick = Math.ceil(first / step) * step; tick <= last; tick += step) found.push(Math.abs(tick) < step / 1e6 ? 0 : tick);
  return found;
}
