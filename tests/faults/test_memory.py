"""Memory: the system's killer is recognised, and figures count what a task uses, not what it shares."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

import pytest

from pyperunner import Pipeline, Task, run

MIB = 1 << 20


class Grow(Task):
    """Moves into a memory group and takes more than that has."""

    @run
    def run(self, group):
        with open(f"{group}/tasks", "w") as file:
            file.write("0")
        held = []
        while True:
            held.append(bytearray(b"x" * MIB))


class Hold(Task):
    """Holds so many bytes for so long."""

    @run
    def run(self, size, seconds):
        held = bytearray(b"x" * size)
        time.sleep(seconds)
        return len(held)


class Bounded(Task):
    """Asks for more than its address space has."""

    @run
    def run(self):
        size = 1 << 32
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        return len(bytearray(2 * size))


@pytest.mark.root
def test_an_out_of_memory_kill_is_said_to_be_one(kit, quick_runner, group):
    with group("memory", memory__limit_in_bytes=64 * MIB) as folder:
        task = Grow(group=str(folder))
        sibling = kit.task("sibling")
        quick_runner.run(Pipeline("p", [task, sibling]))
    text = str(task.result.exception).lower()
    assert task.status is Task.Status.FAILURE
    assert "out of memory" in text
    assert "mib" in text
    assert sibling.status is Task.Status.SUCCESS


def test_a_limit_of_the_address_space_is_an_ordinary_failure(kit, quick_runner):
    task = Bounded()
    quick_runner.run(Pipeline("p", [task, kit.task("sibling")]))
    assert isinstance(task.result.exception, MemoryError)


def test_the_figures_count_no_page_of_the_parents(kit):
    """While the runner's own process is 300 MiB large, a task that holds 40 MiB has used about 40."""
    ballast = bytearray(b"x" * (300 * MIB))
    task = Hold(size=40 * MIB, seconds=1.2)
    runner = kit.runner()
    runner.run(Pipeline("p", [task]), raise_on_failure=True)
    events = map(json.loads, Path(runner.run_folder, "events.jsonl").read_text().splitlines())
    (finished,) = [event for event in events if event["kind"] == "task_finished"]
    assert len(ballast) == 300 * MIB
    assert 40 * MIB < finished["uss_peak"] < 80 * MIB
    assert finished["max_rss"] > finished["uss_peak"]
