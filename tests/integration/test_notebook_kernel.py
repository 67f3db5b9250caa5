"""A real notebook kernel: after each edit of what a task uses, the cell that runs gives what the code gives now."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("ipykernel", reason="ipykernel is missing, which is the kernel")
pytest.importorskip("nbclient", reason="nbclient is missing, which executes cells in a kernel")

CLIENT = """
import json, sys
import nbformat
from nbclient import NotebookClient
cells = json.load(sys.stdin)
book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
NotebookClient(book, kernel_name="python3", timeout=60).execute()
print(json.dumps([[each["data"]["text/plain"] for each in cell.outputs if "data" in each] for cell in book.cells]))
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
    variables = {
        **{name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ},
        **{name: str(tmp_path / "home") for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR")},
    }
    ran = subprocess.run(
        [sys.executable, "-c", CLIENT],
        input=json.dumps([start, *(cell for cell, _ in STEPS)]),
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    shown = json.loads(ran.stdout)[1:]
    assert [each[-1] if each else None for each in shown] == [right and repr(right) for _, right in STEPS]
