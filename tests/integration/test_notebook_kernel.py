"""A real notebook kernel: after each edit of what a task uses, the cell that runs gives what the code gives now."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("ipykernel", reason="ipykernel is missing, which is the kernel")
pytest.importorskip("nbclient", reason="nbclient is missing, which executes cells in a kernel")

ROOT = Path(__file__).parents[2]
CLIENT = """
import json, sys
import nbformat
from nbclient import NotebookClient
cells = json.load(sys.stdin)
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
NotebookClient(book, kernel_name="python3", timeout=60).execute()
print(json.dumps([[each["data"] for each in cell.outputs if "data" in each] for cell in book.cells]))
"""
TASK = """
@task("Mean")
def mean(n):
    return Scaler().times(helper(n)) + OFFSET + features.shift()
m = mean(n=10)
"""
START = """
%load_ext autoreload
%autoreload 2
import os, time
import features
from pyperunner import Pipeline, Runner, task
from pyperunner_cache import memoize
OFFSET = 1
def helper(x): return x * 2
class Scaler:
    def times(self, x): return x * 10
TASK
runner = Runner("cache", "runs", executor=EXECUTOR)
@memoize("memo")
def remembered(n):
    calls.append(n)
    return Scaler().times(helper(n)) + OFFSET + features.shift()
calls = []
def go(**how):
    before, made = len(calls), remembered(10)
    runner.run(Pipeline("p", [m]), **how)
    return m.output, m.status.name, made, len(calls) - before
def write(k):
    with open("features.py", "w") as file: file.write(f"def shift(): return {k}\\n")
    later = time.time() + 10 * k
    os.utime("features.py", (later, later))
"""
STEPS = [
    ("go()", (201, "SUCCESS", 201, 1)),
    ("go()", (201, "SKIPPED", 201, 0)),
    ("def helper(x): return x * 3\ngo()", (301, "SUCCESS", 301, 1)),
    ("OFFSET = 2\ngo()", (302, "SUCCESS", 302, 1)),
    ("class Scaler:\n    def times(self, x): return x * 100\ngo()", (3002, "SUCCESS", 3002, 1)),
    ("Scaler.times = lambda self, x: x\ngo()", (32, "SUCCESS", 32, 1)),
    (TASK.replace("+ OFFSET", "- OFFSET") + "go()", (28, "SUCCESS", 32, 0)),
    ("write(5)", None),  # autoreload looks before a cell is executed
    ("go()", (33, "SUCCESS", 37, 1)),
    ("helper.__code__ = (lambda x: x).__code__\ngo()", (13, "SUCCESS", 17, 1)),
    ("# nothing\ngo()", (13, "SKIPPED", 17, 0)),
    ("def helper(x): return x * 3\ngo()", (33, "SKIPPED", 37, 0)),
    ("go(force_reload=True)", (33, "SUCCESS", 37, 0)),
]
"""Cells, and what they show: output and status of the task, what a memoized function returns, whether it was called."""


# A process for each task takes its time beside the threads of a kernel: they start from a fork server.
@pytest.mark.parametrize("executor", ["inline", pytest.param("process", marks=pytest.mark.long)])
def test_each_edit_counts_in_the_next_cell(tmp_path, executor):
    start = START.replace("TASK", TASK).replace("EXECUTOR", repr(executor))
    (tmp_path / "features.py").write_text("def shift(): return 0\n")
    shown = execute(tmp_path, [start, *(cell for cell, _ in STEPS)])[1:]
    texts = [[each["text/plain"] for each in cell if not each["text/plain"].startswith("p: 1 task")] for cell in shown]
    assert [each[-1] if each else None for each in texts] == [right and repr(right) for _, right in STEPS]


def execute(folder, cells):
    """Execute cells in a kernel; return what each of them shows, by media type."""
    variables = {
        **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        **{name: str(folder / "home") for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR")},
    }
    ran = subprocess.run(
        [sys.executable, "-c", CLIENT],
        input=json.dumps(cells),
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


CELLS = """
%load_ext pyperunner
from pyperunner import Pipeline, Runner
---
%%task Rows(n)
display(list(range(n)))
list(range(n))
---
%%task Total(rows)
from IPython.display import HTML, display as show
show(HTML(f"<b>{sum(rows)}</b>"), metadata={"of": "Total"})
sum(rows)
---
%%task Bad(rows)
raise ValueError("no <b>")
---
r = Rows(n=3)
t = Total(rows=r)
b = Bad(rows=r)
Runner("data", "runs"HOW).run(Pipeline("p", [r]))
---
Runner("data", "runs"HOW).run(Pipeline("p", [r]))
---
Runner("data", "runs"HOW, progress=False).run(Pipeline("p", [r]), force_reload=True)
t.output
"""


@pytest.mark.parametrize(
    "how",
    [
        "",
        *(
            pytest.param(f", {how}", marks=pytest.mark.long)
            for how in ("executor='pool'", "executor='inline'", "start_method='fork'", "start_method='spawn'")
        ),
    ],
)
def test_a_run_is_a_table_in_the_cell_and_what_tasks_display_stands_below(tmp_path, how):
    *_, first, again, silent = execute(tmp_path, CELLS.replace("HOW", how).split("\n---\n"))
    table, *below = first
    assert table["text/plain"].splitlines()[0] == "p: 3 tasks, 3 to execute"
    assert table["text/plain"].splitlines()[-1].endswith(": 2 success, 1 failure")
    assert "<td>ValueError: no &lt;b&gt;</td>" in table["text/html"]
    assert [data.get("text/html", data["text/plain"]) for data in below] == ["[0, 1, 2]", "<b>3</b>"]
    assert [data["text/plain"].splitlines()[0] for data in again] == ["p: 3 tasks, 1 to execute"]
    assert [data.get("text/html", data["text/plain"]) for data in silent] == ["[0, 1, 2]", "<b>3</b>", "3"]


def test_the_example_shows_what_it_was_saved_with(tmp_path):
    book = json.loads((ROOT / "docs/examples/notebook.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
    saved = [[each["data"] for each in cell["outputs"] if "data" in each] for cell in cells]
    shown = execute(tmp_path, ["".join(cell["source"]) for cell in cells])
    texts = [
        [[re.sub(r"\d+\.\d s", "… s", "".join(data["text/plain"])) for data in cell] for cell in each]
        for each in (shown, saved)
    ]
    assert texts[0] == texts[1]
    assert sum(map(len, texts[1])) == 5
