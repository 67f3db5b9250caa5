// The graph: zoom with buttons, keys or Ctrl and the wheel, pan by dragging, arrow keys from box to box.

const SIGN = 14;
const SCALE = { least: 0.4, part: 0.7 };
const view = { x: 0, y: 0, k: 1, width: 0, height: 0, touched: false };
let canvas = null;
let layer = null;
let groups = null;

function paintGraph() {
  groups = groupTasks();
  layer = svg("g", {});
  canvas = svg("svg", { class: "canvas", role: "group", "aria-label": "Graph of the tasks; arrow keys go from box to box" }, layer);
  const section = byId("graph");
  const press = (label, text, act) => el("button", { type: "button", "aria-label": label, title: label, click: act }, text);
  put(section,
    el("div", { class: "section-head" },
      el("h2", { id: "graph-title" }, "Graph"),
      el("div", { class: "tools" },
        press("Zoom in", "+", () => zoom(1.25)), press("Zoom out", "−", () => zoom(0.8)), press("Show all", "Fit", () => showAll()))),
    groups.list.some((group) => group.folds)
      ? el("p", { class: "hint" }, "Parallel tasks of one class are folded; a click opens them.") : null,
    el("p", { id: "graph-part", class: "hint", hidden: true }, "Only a part is in view. Drag to move, or press Fit."),
    el("div", { class: "frame" }, canvas));
  drag();
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY / 300), event);
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const factor = { "+": 1.25, "=": 1.25, "-": 0.8 }[event.key];
    if (factor) zoom(factor);
    if (event.key === "0") showAll();
  });
  drawGraph();
  first();
  onWidth(canvas.parentNode, () => { if (!view.touched) first(); });
}

// All of the graph where that can be read, else what matters most in it: a failure, or where the graph begins.
function first() {
  fit();
  const part = view.k < SCALE.least;
  byId("graph-part").hidden = !part;
  if (!part || !groups.list.length) return;
  const failed = run.tasks.find((task) => task.status === "FAILURE");
  const box = failed ? groups.home.get(failed) : groups.list.reduce((top, group) => (group.y < top.y ? group : top));
  view.k = SCALE.part;
  canvas.style.height = `${Math.max(120, Math.min(640, Math.ceil(view.height * view.k) + 8))}px`;
  view.x = canvas.parentNode.clientWidth / 2 - (box.x + box.w / 2) * view.k;
  view.y = Math.min(4, 320 - (box.y + box.h / 2) * view.k);
  move();
}

function drawGraph() {
  const { lines, width, height } = run.layout && !groups.list.some((group) => group.mapped) ? recorded() : computed();
  view.width = width;
  view.height = height;
  const actions = { task: (task) => choose(task, "graph"), group: toggle };
  const nodes = groups.list.flatMap((group) => drawBox(group, actions));
  const steps = run.critical.slice(1).map((index, i) => [groups.home.get(run.tasks[run.critical[i]]), groups.home.get(run.tasks[index])]);
  const critical = (line) => steps.some(([from, to]) => from === line.from && to === line.to);
  layer.replaceChildren(
    svg("g", { class: "lines", "aria-hidden": "true" }, lines.map((line) => {
      const path = svg("path", { class: critical(line) ? "is-critical" : null, d: curve(line.points) });
      path.line = line;
      return path;
    })),
    ...nodes);
  if (nodes.length) rove(nodes, (item, key) => nearest(item, key, nodes));
  for (const node of nodes) node.addEventListener("focus", () => reveal(node.box));
  mark(chosen.task);
}

function recorded() {
  const { boxes, edges } = run.layout;
  groups.list.forEach((group, index) => {
    const [x, y, w, h] = boxes[index];
    // The recorded boxes hold a name alone; the sign before it takes some of the space between them.
    Object.assign(group, { x: x - SIGN / 2, y, w: w + SIGN, h });
    group.label = fitted(group.tasks[0].name, group.w - 34);
  });
  const all = groups.list;
  return {
    lines: edges.map(([from, to, points]) => ({ from: all[from], to: all[to], points })),
    width: Math.max(0, ...all.map((box) => box.x + box.w)) + 16,
    height: Math.max(0, ...all.map((box) => box.y + box.h)) + 16,
  };
}

function computed() {
  for (const group of groups.list) Object.assign(group, sizeOf(group));
  return layered(groups.list);
}

function toggle(group) {
  group.open = !group.open;
  drawGraph();
  fit();
  reveal(group);
  const node = [...layer.children].find((child) => child.box && child.box.x === group.x && child.box.y === group.y);
  if (node) node.focus({ preventScroll: true });
}

function nearest(item, key, nodes) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const centre = (node) => [node.box.x + node.box.w / 2, node.box.y + node.box.h / 2];
  const [x, y] = centre(item);
  let best = null;
  let least = Infinity;
  for (const node of nodes) {
    const [a, b] = centre(node);
    const along = (a - x) * dx + (b - y) * dy;
    const aside = Math.abs((a - x) * dy) + Math.abs((b - y) * dx);
    if (node !== item && along > 1 && along + 3 * aside < least) {
      least = along + 3 * aside;
      best = node;
    }
  }
  return best;
}

function mark(task) {
  if (!layer) return;
  for (const node of layer.querySelectorAll(".node.is-chosen")) node.classList.remove("is-chosen");
  const group = task ? groups.home.get(task) : null;
  for (const path of layer.querySelectorAll(".lines path")) {
    path.classList.toggle("is-near", Boolean(group) && (path.line.from === group || path.line.to === group));
  }
  if (!group) return;
  const node = layer.querySelector(`[data-task="${task.index}"]`);
  if (node) node.classList.add("is-chosen");
  else [...layer.children].find((child) => child.box === group).classList.add("is-chosen");
}

function showAll() {
  fit();
  byId("graph-part").hidden = true;
  view.touched = true;
}

function fit() {
  const frame = canvas.parentNode.clientWidth || 800;
  const k = Math.min(1.1, frame / Math.max(1, view.width), 640 / Math.max(1, view.height));
  view.k = Math.max(k, 0.02);
  canvas.style.height = `${Math.max(120, Math.min(640, Math.ceil(view.height * view.k) + 8))}px`;
  view.x = (frame - view.width * view.k) / 2;
  view.y = 4;
  view.touched = false;
  move();
}

function zoom(factor, at) {
  const frame = canvas.getBoundingClientRect();
  const x = at ? at.clientX - frame.left : frame.width / 2;
  const y = at ? at.clientY - frame.top : frame.height / 2;
  const k = Math.min(4, Math.max(0.02, view.k * factor));
  view.x = x - ((x - view.x) * k) / view.k;
  view.y = y - ((y - view.y) * k) / view.k;
  view.k = k;
  view.touched = true;
  move();
}

function move() {
  layer.setAttribute("transform", `translate(${view.x.toFixed(1)} ${view.y.toFixed(1)}) scale(${view.k.toFixed(4)})`);
}

// Brings a box into the frame, without a change of scale.
function reveal(box) {
  const frame = canvas.getBoundingClientRect();
  const left = view.x + box.x * view.k;
  const top = view.y + box.y * view.k;
  if (left < 0 || left + box.w * view.k > frame.width) view.x += frame.width / 2 - left - (box.w * view.k) / 2;
  if (top < 0 || top + box.h * view.k > frame.height) view.y += frame.height / 2 - top - (box.h * view.k) / 2;
  move();
}

function drag() {
  let from = null;
  let moved = false;
  canvas.addEventListener("pointerdown", (event) => {
    from = { x: event.clientX - view.x, y: event.clientY - view.y, startX: event.clientX, startY: event.clientY };
    moved = false;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!from || !event.buttons) return;
    if (!moved && Math.hypot(event.clientX - from.startX, event.clientY - from.startY) < 5) return;
    if (!moved) canvas.setPointerCapture(event.pointerId);
    moved = true;
    view.x = event.clientX - from.x;
    view.y = event.clientY - from.y;
    view.touched = true;
    move();
  });
  canvas.addEventListener("pointerup", () => { from = null; });
  canvas.addEventListener("click", (event) => {
    if (moved) event.stopPropagation();
    moved = false;
  }, true);
}
