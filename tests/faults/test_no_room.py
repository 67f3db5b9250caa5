"""No room for another process, descriptors that run out, and forks beside busy threads."""

from __future__ import annotations

import os
import resource
import textwrap

import pytest

FAN = """
    import sys
    from pyperunner import Pipeline, Runner, task
    from pyperunner_runner.executors.pool import PoolExecutor

    @task("One", receives_input=False)
    def one(n):
        return n

    {first}
    tasks = [one(str(n), n=n) for n in range({count})]
    runner = Runner("store", "logs", {limit}, **{options})
    runner.run(Pipeline("p", tasks), raise_on_failure=True)
    print(sum(task.output for task in tasks))
"""

WAYS = {"fork": "{}", "spawn": "dict(start_method='spawn')", "pool": "dict(executor=PoolExecutor)"}
SHORT = ["fork", pytest.param("spawn", marks=pytest.mark.long), "pool"]


def fan(way, first, count=12, limit=6):
    return textwrap.dedent(FAN).format(first=textwrap.dedent(first), count=count, limit=limit, options=WAYS[way])


@pytest.mark.root
@pytest.mark.parametrize("way", SHORT)
def test_fork_fails_with_eagain(project, group, way):
    """There is room for two children at a time, and six are asked for: they wait for one another."""
    # The script, its guard and supervisor, two children.
    with group("pids", pids__max=5) as folder:
        project.write("flow.py", fan(way, f'open("{folder}/tasks", "w").write("0")'))
        assert project.python("flow.py") == str(sum(range(12)))
        events = (folder / "pids.events").read_text() if (folder / "pids.events").exists() else "max 1"
    assert events.split() != ["max", "0"], "the limit was never met"


@pytest.mark.parametrize("way", SHORT)
def test_descriptors_run_out(project, way):
    """So few descriptors that not every child that may run can have its pipes."""
    first = """
    import os, resource
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 28, used + 28))
    """
    project.write("flow.py", fan(way, first, count=60, limit=40))
    assert project.python("flow.py") == str(sum(range(60)))


@pytest.mark.parametrize("forks", [30, pytest.param(500, marks=pytest.mark.long)])
@pytest.mark.parametrize("way", ["fork", "pool"])
def test_forks_beside_threads(project, way, forks):
    """Threads hold the lock of logging, allocate, and multiply matrices while every task is started."""
    first = """
    import logging, threading
    stop = False
    handler = logging.StreamHandler(open("/dev/null", "w"))
    logging.getLogger("busy").addHandler(handler)
    logging.getLogger("busy").propagate = False

    def log():
        while not stop:
            with handler.lock:
                logging.getLogger("busy").warning("x" * 100)

    def multiply():
        try:
            import numpy
        except ImportError:
            return
        matrix = numpy.ones((200, 200))
        while not stop:
            matrix @ matrix

    for work in (log, log, multiply):
        threading.Thread(target=work, daemon=True).start()
    """
    project.write("flow.py", fan(way, first, count=forks, limit=3))
    out = project.python("-W", "error::DeprecationWarning", "flow.py", OPENBLAS_NUM_THREADS="2")
    assert out == str(sum(range(forks)))


def test_descriptors_are_not_left_open(kit):
    for options in ({}, {"start_method": "forkserver"}):
        runner = kit.runner(**options)
        pipeline, _ = kit.abc()
        runner.run(pipeline)
        before = os.listdir("/proc/self/fd")
        runner.run(force_reload=True)
        assert len(os.listdir("/proc/self/fd")) == len(before)
    assert resource.getrlimit(resource.RLIMIT_NOFILE)
