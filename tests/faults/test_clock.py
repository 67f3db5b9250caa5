"""A clock that is set ahead or back, before a run, while it goes on, and between two: for real, by libfaketime."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (package faketime)")

FLOW = """
import os, select, sys, time
from pyperunner import Pipeline, Runner, task

@task("Set", receives_input=False, timeout=60)
def set_clock(clock):
    before = time.time()
    with open(os.environ["FAKETIME_TIMESTAMP_FILE"], "w") as file:
        file.write(clock)
    select.select([], [], [], 0.05)  # libfaketime fails on time.sleep
    return time.time() - before

@task("After", timeout=60, retries=1)
def after(data, n):
    with open("trace", "a") as file:
        file.write(f"{n} ")
    if n == 0 and open("trace").read().split().count("0") < 2:
        raise ValueError("the first time")
    return data[0]

if __name__ == "__main__":
    first = set_clock(clock=sys.argv[1])
    tasks = [after(str(n), n=n)(first) for n in range(2)]
    runner = Runner("store", "logs", 2, **eval(sys.argv[2]))
    runner.run(Pipeline("p", [first]), raise_on_failure=True)
    print(runner.run_folder, first.output)
"""
JUMPS = {"ahead": "+400d", "back": "-400d"}


@pytest.fixture
def run(project):
    """Runs the flow: with what the clock is off before, and by what a task then sets it."""
    project.write("flow.py", FLOW)
    clock = project.folder / "clock"

    def run(before, after, options="{}"):
        clock.write_text(before)
        env = {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(clock),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        folder, jump = project.python("flow.py", after, options, **env).split()[-2:]
        trace = project.folder / "trace"
        ran = sorted(trace.read_text().split()) if trace.exists() else []
        trace.unlink(missing_ok=True)
        return json.loads((project.folder / folder / "summary.json").read_text()), float(jump), ran

    return run


WAYS = ["{}", pytest.param("{'executor': 'pool'}", marks=pytest.mark.long)]


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize("way", list(JUMPS))
def test_a_clock_that_is_set_during_a_run_ends_and_delays_nothing(run, way, options):
    summary, jump, ran = run("+0d", JUMPS[way], options)
    assert abs(jump) > 399 * 86400, "the clock was not set"
    assert ran == ["0", "0", "1"]
    assert summary["state"] == "success"
    assert 0 <= summary["end"] - summary["start"] < 60


@pytest.mark.parametrize(
    ("first", "second"),
    [("+400d", "+0d"), *(pytest.param(*one, marks=pytest.mark.long) for one in [("-400d", "+0d"), ("+0d", "-400d")])],
)
def test_what_was_stored_by_another_clock_is_found(run, first, second):
    run(first, first)
    summary, _, ran = run(second, first)
    assert ran == []
    assert summary["tasks"] == {"SKIPPED": 3}
