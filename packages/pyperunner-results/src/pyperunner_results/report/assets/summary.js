// The head of the page: outcome, figures, failures.

function paintHead() {
  const executed = run.tasks.filter((task) => task.executed);
  const largest = run.tasks.reduce((most, task) => ((task.memory || 0) > (most.memory || 0) ? task : most), {});
  const cpu = executed.reduce((sum, task) => sum + (task.cpu || 0), 0);
  const figures = [
    ["Started", run.started],
    ["Time", run.seconds === null ? null : duration(run.seconds)],
    ["Tasks", `${run.tasks.length.toLocaleString("en")}, ${executed.length.toLocaleString("en")} executed`],
    ["Critical path", run.critical_seconds ? duration(run.critical_seconds) : null],
    ["CPU time", cpu ? duration(cpu) : null],
    ["Largest memory", memory(largest)],
  ];
  put(byId("head"),
    el("div", { class: "title" },
      el("h1", {}, run.pipeline || "Pipeline"),
      el("p", { class: `state is-${run.state}` }, `${STATE_SIGN[run.state] || "?"} ${run.state}`),
      el("span", { class: "spacer" }),
      themeButton()),
    el("p", { class: "folder" }, run.folder),
    el("dl", { class: "figures" },
      figures.filter(([, text]) => text).map(([label, text]) => el("div", {}, el("dt", {}, label), el("dd", {}, text)))),
    outcomes());
}

function outcomes() {
  const present = Object.keys(STATUS).filter((name) => run.counts[name]);
  const total = Math.max(1, run.tasks.length);
  let x = 0;
  const bars = present.map((name) => {
    const width = (100 * run.counts[name]) / total;
    x += width;
    return svg("rect", { class: `fill-${name}`, x: x - width, y: 0, width, height: 1 });
  });
  const words = present.map((name) => `${run.counts[name]} ${status(name).word.toLowerCase()}`).join(", ");
  return el("div", { class: "outcomes" },
    svg("svg", { viewBox: "0 0 100 1", preserveAspectRatio: "none", role: "img", "aria-label": words }, bars),
    el("ul", { "aria-hidden": "true" },
      present.map((name) => el("li", {}, badge(name), ` ${run.counts[name].toLocaleString("en")}`))));
}

function badge(name) {
  const { word, sign } = status(name);
  return el("span", { class: `badge is-${name}` }, el("span", { "aria-hidden": "true" }, `${sign} `), word);
}

function themeButton() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? "dark" : "light")) === "dark";
  const button = el("button", { type: "button", class: "theme", click: () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    label();
  } });
  const label = () => { button.textContent = isDark() ? "☀ Light" : "☾ Dark"; };
  label();
  return button;
}

function paintFailures() {
  const failed = run.tasks.filter((task) => task.status === "FAILURE");
  if (!failed.length) return;
  const section = byId("failures");
  section.hidden = false;
  const list = el("ul", {}, failed.slice(0, 200).map(failure));  // on paper more than on the screen
  const later = [...list.children].slice(20);
  for (const item of later) item.classList.add("on-paper");
  const more = later.length ? el("button", { type: "button", class: "more", click: () => {
    for (const item of later) item.classList.remove("on-paper");
    list.append(...failed.slice(200).map(failure));
    more.remove();
  } }, `Show ${(failed.length - 20).toLocaleString("en")} more`) : null;
  put(section, el("h2", { id: "failures-title" }, `${plural(failed.length, "task")} failed`), list, more);
}

function failure(task) {
  task.onCard = true;
  return el("li", {},
    el("button", { type: "button", class: "link", click: () => choose(task, "failures") }, task.name),
    el("span", { class: "error" }, task.error || "no cause was recorded"),
    task.traceback ? el("pre", { class: "traceback", tabindex: "0", "aria-label": `Traceback of ${task.name}` }, task.traceback) : null);
}

function paintSmallPrint() {
  put(byId("small-print"),
    el("h2", { id: "small-print-title" }, "Environment"),
    el("dl", { class: "facts" }, run.facts.map(([label, text]) => el("div", {}, el("dt", {}, label), el("dd", {}, text)))));
  if (run.packages.length) {
    put(byId("small-print"), el("details", {},
      el("summary", {}, plural(run.packages.length, "installed package")),
      el("ul", { class: "packages" }, run.packages.map((text) => el("li", {}, text)))));
  }
  addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
}
