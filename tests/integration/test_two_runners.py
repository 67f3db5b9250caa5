"""Two runner processes on one pipeline and one store at once: both right, each task executed once."""

from __future__ import annotations

import time

import pytest

FLOW = """
import os, sys, time
from pyperunner import Pipeline, Runner, task

@task("Root")
def root():
    with open("trace", "a") as file:
        file.write("root\\n")
    time.sleep(0.02)
    return list(range(100))

@task("Leaf")
def leaf(data, n):
    with open("trace", "a") as file:
        file.write(f"leaf{n}\\n")
    time.sleep(0.01)
    return sum(data[0]) + n

@task("Total")
def total(data):
    with open("trace", "a") as file:
        file.write("total\\n")
    return sum(data)

first = root()
last = total()([leaf(str(n), n=n)(first) for n in range(4)])

print("ready", flush=True)
sys.stdin.readline()
Runner(sys.argv[1], "logs", 4).run(Pipeline("p", [first]), raise_on_failure=True)
print(last.output, last.status.name)
"""


@pytest.mark.parametrize("kind", ["file", "sqlite"])
@pytest.mark.parametrize("times", [2, pytest.param(50, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_each_task_is_executed_once(project, kind, times):
    """Started by one signal; whichever comes second waits for the first and takes what it stored."""
    project.write("flow.py", FLOW)
    for number in range(times):
        store = f"store{number}" if kind == "file" else f"sqlite:///{project.folder}/store{number}.db"
        both = [project.start("flow.py", store, stdin=True) for _ in range(2)]
        assert [process.stdout.readline() for process in both] == ["ready\n"] * 2
        for process in both:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in both:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
            assert out.strip().split()[0] == str(4 * sum(range(100)) + sum(range(4)))
        trace = project.folder / "trace"
        assert sorted(trace.read_text().split()) == ["leaf0", "leaf1", "leaf2", "leaf3", "root", "total"]
        trace.unlink()


def test_the_second_shows_that_it_waits(project):
    """On its terminal and in its log, while the first is at work; then it loads."""
    project.write(
        "flow.py",
        """
        import os, sys, time
        from pyperunner import Pipeline, Runner, task

        @task("Slow")
        def slow():
            with open("trace", "a") as file:
                file.write("slow\\n")
            while not os.path.exists("go"):
                time.sleep(0.01)
            return 7

        last = slow()
        Runner("store", sys.argv[1], progress=True).run(Pipeline("p", [last]), raise_on_failure=True)
        print(last.output)
        """,
    )
    first = project.start("flow.py", "logs1")
    deadline = time.monotonic() + 20
    while not (project.folder / "trace").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    second = project.start("flow.py", "logs2")
    assert second.stdout.readline() == "p: 1 task, 1 to execute\n"
    assert second.stdout.readline() == "waits Slow(): another run makes the same output\n"
    (project.folder / "go").touch()
    out, err = second.communicate(timeout=20)
    assert out.splitlines()[-1] == "7", err
    assert first.communicate(timeout=20)[0].splitlines()[-1] == "7"
    assert (project.folder / "trace").read_text() == "slow\n"
    (log,) = (project.folder / "logs2").glob("*/pipeline.log")
    assert "waits for another run that makes the same output" in log.read_text()
    assert "stored meanwhile by another run" in log.read_text()
