"""Threads of tasks: each gets its share of the cores, or what it asks for, in every process it can run in."""

from __future__ import annotations

import os
import textwrap

import pytest

from pyperunner import Pipeline, Runner, task
from pyperunner_runner.child.context.thread_limits import VARIABLES
from pyperunner_runner.processes.cores import allowed_cores, usable_cores

WAYS = {
    "fork": {"start_method": "fork"},
    "spawn": {"start_method": "spawn"},
    "pool": {"executor": "pool"},
    "inline": {"executor": "inline"},
}
CORES = usable_cores()


@task("Told")
def told(n=0):
    return [os.environ.get(name) for name in ("OMP_NUM_THREADS", "POLARS_MAX_THREADS")]


@task("After")
def after(data):
    return os.environ.get("OMP_NUM_THREADS")


@pytest.fixture(autouse=True)
def nobody_says_anything(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


def share(at_once):
    """What a task among so many is told; nothing where it has all that libraries take by themselves."""
    threads = max(1, CORES // at_once)
    return str(threads) if threads < allowed_cores() else None


def run(folder, tasks, process_limit=2, **how):
    Runner(folder / "data", folder / "logs", process_limit, **how).run(Pipeline("p", tasks), raise_on_failure=True)
    return [each.output for each in tasks]


@pytest.mark.parametrize("way", WAYS)
def test_a_task_gets_what_it_asks_for(tmp_path, way):
    asks = told("asks").with_options(threads=3)
    assert run(tmp_path, [asks], **WAYS[way]) == [["3", "3"]]
    assert "OMP_NUM_THREADS" not in os.environ


def test_tasks_that_start_together_share_the_cores_and_one_alone_has_them_all(tmp_path):
    tasks = [told(str(n), n=n) for n in range(2)]
    end = after()(tasks)
    assert run(tmp_path, tasks) == [[share(2)] * 2] * 2
    assert end.output == share(1)


def test_no_more_share_them_than_may_run_at_once(tmp_path):
    assert run(tmp_path, [told(str(n), n=n) for n in range(3)], 1) == [[share(1)] * 2] * 3


def test_who_sets_a_variable_decides_for_the_program_and_for_a_task(tmp_path, monkeypatch):
    says = [told(str(n), n=n).with_options(env={"MKL_NUM_THREADS": "5"}) for n in range(2)]
    assert run(tmp_path / "a", says) == [[None, None]] * 2
    both = told("both").with_options(threads=4, env={"OMP_NUM_THREADS": "5"})
    assert run(tmp_path / "b", [both]) == [["5", "4"]]
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    tasks = [told(str(n), n=n) for n in range(2)]
    assert run(tmp_path / "c", tasks) == [["6", None]] * 2


def test_threads_count_in_no_key():
    assert told().with_options(threads=3).hash() == told().hash()


FLOW = """
    {first}
    from pyperunner import Pipeline, Runner, task

    @task("Pools", threads=1)
    def pools():
        import numpy
        from threadpoolctl import threadpool_info
        return sorted({{pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}})

    if __name__ == "__main__":
        made = pools()
        Runner("store", "logs").run(Pipeline("p", [made]), raise_on_failure=True)
        print(made.output)
"""


@pytest.mark.parametrize("first", ["import numpy", ""])
def test_numpy_is_told_whether_the_program_or_the_task_imports_it(project, first):
    pytest.importorskip("threadpoolctl")
    project.write("flow.py", textwrap.dedent(FLOW.format(first=first)))
    assert project.python("flow.py").strip() == "[1]"
