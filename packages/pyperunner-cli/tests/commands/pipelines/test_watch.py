"""run --watch: once more after each edit, only what it touches, until somebody stops it."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

FLOW = """
from pyperunner_dag import File, Pipeline, task
from helper import scale

@task("Load")
def load(file):
    return int(open(file).read())

@task("Scaled")
def scaled(data):
    return scale(data[0])

rows = load(file=File("number"))
scaled()(rows)
pipeline = Pipeline("flow", [rows])
"""


class Watching:
    """A watched run, and the lines that it prints."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "pyperunner_cli", "run", "flow.py", "--watch", "--no-report"]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=_hears_interrupts
        )
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._lines.put(line)

    def until(self, text: str) -> str:
        seen = ""
        while text not in seen:
            seen += self._lines.get(timeout=40)
        return seen


def _hears_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_an_edit_of_code_of_a_file_and_of_neither(write, folder: Path) -> None:
    write("helper.py", "def scale(n):\n    return 2 * n\n")
    write("number", "3")
    write("flow.py", FLOW)
    watching = Watching()
    try:
        assert "2 executed" in watching.until("Ctrl-C ends")
        write("helper.py", "def scale(n):\n    return 2 * n +\n")
        said = watching.until("Ctrl-C ends")
        assert "changed: helper.py" in said
        assert "SyntaxError" in said
        write("helper.py", "def scale(n):\n    return 10 * n\n")
        assert "1 executed, 1 skipped" in watching.until("Ctrl-C ends")
        write("number", "4")
        said = watching.until("Ctrl-C ends")
        assert "changed: number" in said
        assert "2 executed" in said
    finally:
        watching.process.send_signal(signal.SIGINT)
    assert watching.process.wait(10) == 130
