// What the graph shows as boxes: tasks, or beyond a certain number groups of parallel tasks of one class.

const CELL_W = 132;
const CELL_H = 26;
const measure = document.createElement("canvas").getContext("2d");

function textWidth(text) {
  measure.font = '13px system-ui, "Segoe UI", Arial, sans-serif';
  return measure.measureText(text).width;
}

// The text without as much of its middle as does not fit.
function fitted(text, room) {
  let most = text.length;
  while (most > 4 && textWidth(middle(text, most)) > room) most -= 1;
  return middle(text, most);
}

// Groups by class and depth: such tasks can't depend on each other. The elements of a mapped task are in a group of its own.
function groupTasks() {
  const groups = new Map();
  const sizes = new Map();
  const kindOf = (task) => `${task.rank} ${task.kind}`;
  for (const task of run.tasks) sizes.set(kindOf(task), (sizes.get(kindOf(task)) || 0) + 1);
  for (const task of run.tasks) {
    if (task.of) {
      groups.get(`task ${task.of.index}`).tasks.push(task);
      continue;
    }
    if (task.elements.length) {
      groups.set(`task ${task.index}`, { tasks: [], mapped: task, rank: task.rank, open: false });
      continue;
    }
    const key = run.fold && sizes.get(kindOf(task)) >= run.fold ? kindOf(task) : `task ${task.index}`;
    if (!groups.has(key)) groups.set(key, { tasks: [], rank: task.rank, open: false });
    groups.get(key).tasks.push(task);
  }
  const list = [...groups.values()];
  const home = new Map(list.flatMap((group) => group.tasks.map((task) => [task, group])));
  for (const group of list) if (group.mapped) home.set(group.mapped, group);
  for (const group of list) {
    group.up = [...new Set(group.tasks.flatMap((task) => task.upstream.map((up) => home.get(up))))];
    group.folds = Boolean(group.mapped) || group.tasks.length > 1;
    group.label = group.folds
      ? `${middle(group.tasks[0].kind, 32)} × ${group.tasks.length.toLocaleString("en")}`
      : middle(group.tasks[0].name, 44);
    const failed = group.tasks.filter((task) => task.status === "FAILURE").length;
    group.failed = failed && group.folds ? `${status("FAILURE").sign} ${failed.toLocaleString("en")}` : "";
  }
  return { list, home };
}

function sizeOf(group) {
  if (group.open) {
    const columns = Math.ceil(Math.sqrt(group.tasks.length / 2.5));
    const rows = Math.ceil(group.tasks.length / columns);
    return { w: columns * (CELL_W + 6) + 14, h: rows * (CELL_H + 6) + 40, columns };
  }
  return { w: textWidth(group.label) + 46 + (group.failed ? textWidth(group.failed) + 10 : 0), h: group.folds ? 44 : 34 };
}

function drawBox(group, actions) {
  if (!group.folds) return drawTask(group.tasks[0], group, group.label, actions);
  return group.open ? drawOpenGroup(group, actions) : drawClosedGroup(group, actions);
}

function drawTask(task, box, label, actions) {
  const { sign } = status(task.status);
  const node = svg("g", {
    class: `node is-${task.status}${task.critical ? " is-critical" : ""}`, role: "button",
    "aria-label": spoken(task), "data-task": task.index, click: () => actions.task(task),
  },
  svg("title", {}, task.wall ? `${task.name} · ${status(task.status).word} · ${duration(task.wall)}` : `${task.name} · ${status(task.status).word}`),
  svg("rect", { x: box.x, y: box.y, width: box.w, height: box.h, rx: 8 }),
  svg("text", { class: "sign", x: box.x + 11, y: box.y + box.h / 2 + 4.5 }, sign),
  svg("text", { x: box.x + 26, y: box.y + box.h / 2 + 4.5 }, label));
  node.box = box;
  return node;
}

function drawClosedGroup(group, actions) {
  const counts = countStatuses(group.tasks);
  const words = counts.map(([name, number]) => `${number} ${status(name).word.toLowerCase()}`).join(", ");
  const node = svg("g", {
    class: `node group${group.failed ? " has-failed" : ""}`, role: "button", "aria-expanded": "false",
    "aria-label": `${group.label} tasks: ${words}. Open`, click: () => actions.group(group),
  },
  svg("title", {}, `${words}. Click to open`),
  svg("rect", { class: "shadow", x: group.x + 4, y: group.y + 4, width: group.w, height: group.h, rx: 8 }),
  svg("rect", { x: group.x, y: group.y, width: group.w, height: group.h, rx: 8 }),
  svg("text", { class: "sign", x: group.x + 11, y: group.y + group.h / 2 }, "+"),
  svg("text", { x: group.x + 26, y: group.y + group.h / 2 }, group.label),
  group.failed ? svg("text", { class: "sign is-FAILURE", "text-anchor": "end", x: group.x + group.w - 12, y: group.y + group.h / 2 }, group.failed) : null,
  outcomeBar(counts, group.x + 12, group.y + group.h - 13, group.w - 24));
  node.box = group;
  return node;
}

function drawOpenGroup(group, actions) {
  const head = svg("g", {
    class: "node group-head", role: "button", "aria-expanded": "true",
    "aria-label": `${group.label} tasks. Close`, click: () => actions.group(group),
  },
  svg("rect", { x: group.x, y: group.y, width: group.w, height: group.h, rx: 10 }),
  svg("text", { class: "sign", x: group.x + 12, y: group.y + 22 }, "−"),
  svg("text", { x: group.x + 28, y: group.y + 22 }, group.label));
  head.box = { x: group.x, y: group.y, w: group.w, h: 30 };
  const cells = group.tasks.map((task, index) => {
    const box = {
      x: group.x + 10 + (index % group.columns) * (CELL_W + 6),
      y: group.y + 34 + Math.floor(index / group.columns) * (CELL_H + 6),
      w: CELL_W, h: CELL_H,
    };
    const tag = (task.of ? task.name.slice(task.of.name.length) : task.name.slice(task.kind.length + 1, -1)) || task.name;
    return drawTask(task, box, fitted(tag, CELL_W - 36), actions);
  });
  return [head, ...cells];
}

function countStatuses(tasks) {
  return Object.keys(STATUS).map((name) => [name, tasks.filter((task) => task.status === name).length]).filter(([, number]) => number);
}

// Each outcome gets at least what can be seen.
function outcomeBar(counts, x, y, width) {
  const least = 4;
  const total = counts.reduce((sum, [, number]) => sum + number, 0);
  return counts.map(([name, number]) => {
    const part = least + ((width - least * counts.length) * number) / total;
    x += part;
    return svg("rect", { class: `fill-${name}`, x: x - part, y, width: part, height: 5 });
  });
}
