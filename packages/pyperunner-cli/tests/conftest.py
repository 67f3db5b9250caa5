from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from pyperunner_cli import main

FLOW = """
from pyperunner_dag import Pipeline, task

@task("Number")
def number(value=1):
    return value

@task("Double")
def double(data, times=2):
    print("doubling")
    return data[0] * times

first = number(value=3)
double()(first)
pipeline = Pipeline("flow", [first])
"""


@dataclass(frozen=True)
class Said:
    """What a command returned and printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty current folder; what a test imports from it is forgotten afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None)
        if file and Path(file).is_relative_to(tmp_path):
            del sys.modules[name]


@pytest.fixture
def write(folder: Path) -> Callable[[str, str], Path]:
    """Write a file of the current folder."""

    def write(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip())
        return path

    return write


@pytest.fixture
def flow(write: Callable[[str, str], Path]) -> Path:
    """A file ``flow.py`` with a pipeline of two tasks."""
    return write("flow.py", FLOW)


@pytest.fixture
def say(folder: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Call the command in this process."""

    def say(*argv: str) -> Said:
        code = main(argv)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return say


@pytest.fixture
def shell(folder: Path) -> Callable[..., Said]:
    """Run the command, or a script, in a process of its own."""

    def shell(*argv: str, script: bool = False) -> Said:
        command = [sys.executable, *([] if script else ["-m", "pyperunner_cli"]), *argv]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))
        return Said(done.returncode, done.stdout, done.stderr)

    return shell
