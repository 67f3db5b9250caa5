// The run, with its tasks linked to each other, and who is told when a task is chosen.

const run = JSON.parse(byId("data").textContent);

// Rows out of the columns in which they are written (report/columns.py).
function unpack({ count, columns }) {
  const rows = Array.from({ length: count }, () => ({}));
  for (const [name, column] of Object.entries(columns)) {
    const size = column.in ? column.in.length : count;
    for (let i = 0; i < size; i += 1) {
      const value = column.is ? column.is[i] : 0;
      rows[column.in ? column.in[i] : i][name] = column.of ? column.of[value] : value;
    }
  }
  return rows;
}

run.tasks = unpack(run.tasks);
run.tasks.forEach((task, index) => {
  task.index = index;
  task.rank = run.ranks[index];
  task.upstream = run.sets[run.upstream[index]].map((up) => run.tasks[up]);
  task.downstream = [];
  task.key = `${task.name}/${task.hash}`;
  if (!task.attempts) task.attempts = task.executed ? [{ start: task.start ?? null, end: task.end ?? null, status: task.status }] : [];
  task.params = task.params || {};
  task.output = run.outputs[index];
  task.elements = [];
});
// The elements of mapped tasks are the last ones; each mapped task has its own.
run.mapped.forEach((at, i) => {
  const element = run.tasks[run.tasks.length - run.mapped.length + i];
  element.of = run.tasks[at];
  run.tasks[at].elements.push(element);
});
for (const task of run.tasks) for (const up of task.upstream) up.downstream.push(task);
for (const index of run.critical) run.tasks[index].critical = true;

const chosen = { task: null, listeners: [] };

function onChoice(listener) {
  chosen.listeners.push(listener);
}

function choose(task, source) {
  chosen.task = task;
  const hash = task ? `#task-${task.index}` : "#";
  if (location.hash !== hash) history.replaceState(null, "", hash);
  for (const listener of chosen.listeners) listener(task, source);
}

function chooseFromAddress() {
  const match = /^#task-(\d+)$/.exec(location.hash);
  const task = match ? run.tasks[Number(match[1])] : null;
  if (task && task !== chosen.task) choose(task, "address");
}
