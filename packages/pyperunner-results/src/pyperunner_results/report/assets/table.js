// All tasks as rows: sorted by a click on a heading, filtered by text and outcome.

const COLUMNS = [
  { title: "Task", value: (task) => task.name, show: (task) => el("button", { type: "button", class: "link", click: () => choose(task, "table") }, task.name) },
  { title: "Outcome", value: (task) => Object.keys(STATUS).indexOf(task.status), show: (task) => badge(task.status) },
  { title: "Time", value: (task) => task.wall, show: (task) => duration(task.wall), number: true },
  { title: "Memory", value: (task) => task.memory, show: memory, number: true },
  { title: "CPU", value: (task) => task.cpu, show: (task) => duration(task.cpu), number: true, minor: true },
  { title: "Start", value: (task) => (task.attempts.length ? task.attempts[0].start : null), show: (task) => (task.attempts.length ? duration(task.attempts[0].start) : ""), number: true, minor: true },
  { title: "Output", value: (task) => task.size, show: (task) => bytes(task.size), number: true, minor: true },
  { title: "Reason", value: (task) => task.error || task.reason || "", show: (task) => task.error || task.reason || "", wide: true },
];
const PAGE = 1000;
const sorting = { column: null, down: false };
const filter = { text: "", status: "" };
let shownRows = PAGE;

function paintTable() {
  const body = el("tbody", {});
  const count = el("p", { class: "hint", role: "status" });
  const more = el("button", { type: "button", click: () => { shownRows += PAGE; refresh(); } }, "Show more");
  const present = Object.keys(STATUS).filter((name) => run.counts[name]);
  const heads = COLUMNS.map((column) => el("th", { scope: "col", class: cellClass(column) },
    el("button", { type: "button", click: () => sortBy(column) }, column.title)));
  const refresh = () => {
    const rows = rowsShown();
    body.replaceChildren(...rows.slice(0, shownRows).map(row));
    more.hidden = rows.length <= shownRows;
    count.textContent = rows.length === run.tasks.length ? plural(rows.length, "task") : `${rows.length.toLocaleString("en")} of ${plural(run.tasks.length, "task")}`;
    heads.forEach((head, i) => head.setAttribute("aria-sort", COLUMNS[i] === sorting.column ? (sorting.down ? "descending" : "ascending") : "none"));
  };
  const sortBy = (column) => {
    sorting.down = sorting.column === column ? !sorting.down : Boolean(column.number);
    sorting.column = column;
    refresh();
  };
  put(byId("tasks"),
    el("div", { class: "section-head" },
      el("h2", { id: "tasks-title", tabindex: "-1" }, "Tasks"),
      el("div", { class: "tools" },
        el("input", { type: "search", placeholder: "Name, reason or param", "aria-label": "Filter by name, reason or param", input: (event) => { filter.text = event.target.value.toLowerCase(); refresh(); } }),
        el("select", { "aria-label": "Filter by outcome", change: (event) => { filter.status = event.target.value; refresh(); } },
          el("option", { value: "" }, "All outcomes"),
          present.map((name) => el("option", { value: name }, `${status(name).word} (${run.counts[name].toLocaleString("en")})`))))),
    count,
    el("div", { class: "frame scroll" }, el("table", {}, el("thead", {}, el("tr", {}, heads)), body)),
    more);
  refresh();
  onChoice((task) => {
    for (const line of body.children) line.classList.toggle("is-chosen", Boolean(task) && line.task === task);
  });
}

function cellClass(column) {
  return [column.number && "number", column.wide && "wide", column.minor && "minor"].filter(Boolean).join(" ") || null;
}

function searched(task) {
  if (task.haystack === undefined) {
    const params = Object.entries(task.params).flat();
    task.haystack = [task.name, task.reason, task.error, ...params].join("\n").toLowerCase();
  }
  return task.haystack;
}

function rowsShown() {
  const rows = run.tasks.filter((task) => (!filter.status || task.status === filter.status) && (!filter.text || searched(task).includes(filter.text)));
  const { column, down } = sorting;
  if (!column) return rows;
  const order = (a, b) => {
    const x = column.value(a);
    const y = column.value(b);
    const missing = (v) => v === null || v === undefined || v === "";
    if (missing(x) || missing(y)) return missing(x) - missing(y);
    const sign = typeof x === "string" ? x.localeCompare(y, "en", { numeric: true }) : x - y;
    return down ? -sign : sign;
  };
  return rows.sort(order);
}

function row(task) {
  const line = el("tr", { class: task === chosen.task ? "is-chosen" : null }, COLUMNS.map((column, i) =>
    el(i ? "td" : "th", { class: cellClass(column), scope: i ? null : "row" }, column.show(task))));
  line.task = task;
  return line;
}
