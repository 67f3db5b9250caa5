"""A runner killed at any moment leaves nothing that makes the next run wrong."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import psutil
import pytest

import pyperunner

FLOW = """
import sys, time
from pyperunner import Pipeline, Runner, task

@task("Root")
def root(seed):
    time.sleep(0.01)
    return bytes(range(256)) * 2000 + str(seed).encode()

@task("Step")
def step(data, n):
    time.sleep(0.005)
    return [data[0][-20:], n, list(range(20_000))]

@task("End")
def end(data):
    return [(tail, n, sum(numbers)) for tail, n, numbers in data]

seed = int(sys.argv[2])
first = root(seed=seed)
last = end()([step(str(n), n=n)(first) for n in range(5)])
print("begin", flush=True)
Runner(sys.argv[1], "logs", 3).run(Pipeline("p", [first]), raise_on_failure=True)
print(last.output, flush=True)
"""


def expected(seed):
    tail = (bytes(range(256)) + str(seed).encode())[-20:]
    return str([(tail, n, sum(range(20_000))) for n in range(5)])


def ours(marker):
    """Processes whose command line has the marker, zombies excepted."""
    running = (found for found in psutil.process_iter(["cmdline", "status"]) if found.info["status"] != "zombie")
    return [found.pid for found in running if marker in " ".join(found.info["cmdline"] or [])]


@pytest.mark.parametrize("kind", ["file", "sqlite"])
@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(1800)])])
def test_the_next_run_is_right(project, kind, kills):
    """kill -9 at random moments: within a second no child is left, and the run that follows returns the true values."""
    flow = project.write("flow.py", FLOW)
    store = f"{project.folder}/store" if kind == "file" else f"sqlite:///{project.folder}/store.db"
    dice = random.Random(kills)
    for number in range(kills):
        victim = project.start(flow, store, number)
        assert victim.stdout.readline() == "begin\n"
        time.sleep(dice.uniform(0, 0.35))
        os.kill(victim.pid, signal.SIGKILL)
        deadline = time.monotonic() + 1
        victim.communicate(timeout=5)
        while (left := ours(f"{flow} {store} {number}")) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not left
        for record in (project.folder / "logs").glob("*/pipeline.yaml"):
            pyperunner.PipelineResult.from_file(record)
        out = project.python(flow, store, number)
        assert out.splitlines()[-1] == expected(number)


def test_what_a_kill_leaves_is_no_entry(project):
    """Killed while a large output is being stored: the output is not there, or whole."""
    project.write(
        "flow.py",
        """
        import os, signal, sys, threading, time
        from pyperunner import Pipeline, Runner, task

        @task("Large")
        def large(delay):
            runner = os.getppid()
            def strike():
                time.sleep(delay)
                os.kill(os.getpid(), signal.SIGKILL)
            threading.Thread(target=strike, daemon=True).start()
            return os.urandom(30_000_000)

        tasks = [large(str(n), delay=n * 0.03) for n in range(6)]
        Runner("store", "logs", 2).run(Pipeline("p", tasks))
        for task in tasks:
            if task.output_exists():
                assert len(task.load_output()) == 30_000_000
        print(sum(task.status.name == "FAILURE" for task in tasks) >= 1)
        """,
    )
    assert project.python("flow.py", code=0) == "True"
    assert not [path for path in Path(project.folder / "store").rglob("result.dump*") if path.stat().st_size < 1000]
