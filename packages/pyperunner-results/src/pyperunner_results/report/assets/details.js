// Everything about the chosen task.

let opener = null;

function paintDetails(task, source) {
  const panel = byId("details");
  if (task && !panel.contains(document.activeElement)) opener = document.activeElement;
  panel.replaceChildren();
  panel.hidden = !task;
  document.body.classList.toggle("has-details", Boolean(task));
  if (!task) {
    if (opener && opener.isConnected) opener.focus({ preventScroll: true });
    return;
  }
  const heading = el("h2", { tabindex: "-1" }, task.name);
  put(panel,
    el("div", { class: "details-head" }, heading,
      el("button", { type: "button", class: "close", "aria-label": "Close the details", click: () => choose(null, "details") }, "✕")),
    el("p", { class: "details-outcome" }, badge(task.status), task.critical ? el("span", { class: "critical-note" }, "critical path") : null),
    task.reason ? el("p", {}, task.reason) : null,
    task.error ? el("p", { class: "error" }, task.error) : null,
    pairs("Figures", [
      ["Time", duration(task.wall)], ["CPU time", duration(task.cpu)], ["Peak memory", memory(task)],
      ["Output", bytes(task.size)], ["Read", bytes(task.read)], ["Written", bytes(task.written)], ["Exit", task.exit], ["Machine", task.host], ["Output digest", task.digest], ["Key", task.key], ["Log", task.logfile],
    ]),
    pairs("Params", Object.entries(task.params)),
    output(task.output),
    attempts(task),
    preformatted("Traceback", task.traceback, task.onCard ? "on-card" : ""),
    preformatted("End of the log", task.log),
    task.undeclared ? listed("Undeclared inputs", task.undeclared.map((file) => el("code", {}, file))) : null,
    links("Upstream", task.upstream),
    links("Downstream", task.downstream));
  if (source !== "address") heading.focus({ preventScroll: source === "graph" && innerWidth > 900 });
}

// On paper nobody chooses a task: what is shown of outputs, and the logs of failures, stand there one below the other.
function paintPaper() {
  const told = run.tasks.filter((task) => task.output || (task.status === "FAILURE" && task.log)).slice(0, 200);
  const section = byId("paper");
  section.hidden = !told.length;
  put(section, el("h2", { id: "paper-title" }, "Outputs and logs"));
  for (const task of told) {
    const item = el("div", { class: "told" }, el("h3", {}, task.name), output(task.output),
      task.status === "FAILURE" ? preformatted("End of the log", task.log) : null);
    put(section, item);
    onChoice((chosenTask) => { item.hidden = chosenTask === task; });  // all of that one stands below
  }
}

function pairs(title, rows) {
  const given = rows.filter(([, text]) => text !== undefined && text !== null && text !== "");
  if (!given.length) return null;
  return el("div", { class: "part" }, el("h3", {}, title),
    el("dl", { class: "facts" }, given.map(([label, text]) => el("div", {}, el("dt", {}, label), el("dd", {}, text)))));
}

function output(shown) {
  if (!shown) return null;
  if (shown.text !== undefined) return preformatted("Output", shown.text);
  const what = shown.picture
    ? el("img", { class: "output", src: shown.picture, alt: "The output, a picture" })
    : el("div", { class: "frame scroll" }, el("table", { class: "output" },
      el("thead", {}, el("tr", {}, shown.columns.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, shown.rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell)))))));
  return el("div", { class: "part" }, el("h3", {}, "Output"), what, shown.more ? el("p", { class: "hint" }, shown.more) : null);
}

function preformatted(title, text, kind) {
  return text ? el("div", { class: kind ? `part ${kind}` : "part" }, el("h3", {}, title), el("pre", { tabindex: "0", "aria-label": title }, text)) : null;
}

function listed(title, items) {
  return el("div", { class: "part" }, el("h3", {}, title), el("ul", { class: "plain" }, items.map((item) => el("li", {}, item))));
}

function attempts(task) {
  if (task.attempts.length < 2) return null;
  return listed("Attempts", task.attempts.map((attempt) => {
    const took = attempt.end === null || attempt.start === null ? "" : ` ${duration(attempt.end - attempt.start)}`;
    return el("span", {}, attempt.lost ? "lost with its worker, handed over again" : badge(attempt.status), took, attempt.error ? ` ${attempt.error}` : "");
  }));
}

function links(title, tasks) {
  if (!tasks.length) return null;
  const shown = tasks.slice(0, 50).map((task) =>
    el("button", { type: "button", class: "link", click: () => choose(task, "details") }, `${status(task.status).sign} ${task.name}`));
  if (tasks.length > 50) shown.push(el("span", {}, `… and ${(tasks.length - 50).toLocaleString("en")} more`));
  return listed(`${title} (${tasks.length.toLocaleString("en")})`, shown);
}
