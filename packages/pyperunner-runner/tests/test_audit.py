"""Files that a task reads without saying so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Task, run
from pyperunner_results import PipelineResult


class Read(Task):
    @run
    def run(self, folder):
        import wave  # noqa: F401 - a module is no input

        os.chdir(folder)
        with open("read.txt") as file:
            text = file.read()
        os.close(os.open("low.txt", os.O_RDONLY))
        Path("own.txt").write_text("mine")
        Path("own.txt").read_text()
        Path(".cache", "hidden.txt").read_text()
        return text


class ReadNothing(Task):
    @run
    def run(self, data):
        return len(data)


@pytest.fixture
def home(kit, monkeypatch):
    monkeypatch.setenv("HOME", str(kit.folder))
    (kit.folder / ".cache").mkdir()
    for name in ("read.txt", "low.txt", ".cache/hidden.txt"):
        (kit.folder / name).write_text("x")
    return kit.folder


def test_the_record_names_them(kit, home):
    task = Read(folder=str(home))
    nothing = ReadNothing()(task)
    runner = kit.runner()
    runner.run(Pipeline("p", [task]))
    results = PipelineResult.from_file(runner.run_folder)
    assert sorted(results.task(task.name).undeclared) == [str(home / "low.txt"), str(home / "read.txt")]
    assert not results.task(nothing.name).undeclared


def test_the_events_hold_them_too(kit, home):
    task = Read(folder=str(home))
    runner = kit.runner()
    runner.run(Pipeline("p", [task]))
    lines = Path(runner.run_folder, "events.jsonl").read_text().splitlines()
    (finished,) = [event for event in map(json.loads, lines) if event["kind"] == "task_finished"]
    assert len(finished["undeclared"]) == 2
