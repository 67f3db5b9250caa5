"""Tasks that end their process in every way there is: a failure that says how, and the siblings finish."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

import pytest

from pyperunner import Pipeline, Task, run


class Die(Task):
    @run
    def run(self, how):
        if isinstance(how, int):
            os.kill(os.getpid(), how)
        elif how == "segfault":
            ctypes.string_at(0)
        elif how == "abort":
            os.abort()
        elif how == "_exit":
            os._exit(0)
        elif how == "raise":
            raise StrangeEnd("no more")
        else:
            sys.exit(int(how))


class StrangeEnd(BaseException):
    pass


DEATHS = {
    "SIGKILL": (int(signal.SIGKILL), "killed by SIGKILL"),
    "SIGTERM": (int(signal.SIGTERM), "killed by SIGTERM"),
    "a real-time signal": (int(signal.SIGRTMIN) + 3, "killed by signal 37"),
    "SIGSEGV": ("segfault", "killed by SIGSEGV"),
    "SIGABRT": ("abort", "killed by SIGABRT"),
    "_exit": ("_exit", "exited with code 0 before it handed over a result"),
    "exit 0": ("0", "called sys.exit(0)"),
    "exit 3": ("3", "called sys.exit(3)"),
    "BaseException": ("raise", "no more"),
}


def test_every_death_is_a_failure_with_its_name(kit, runner):
    dying = {name: Die(name, how=how) for name, (how, _) in DEATHS.items()}
    siblings = [kit.task(f"sibling {number}") for number in range(3)]
    runner.run(Pipeline("deaths", [*dying.values(), *siblings]))
    for name, task in dying.items():
        assert task.status is Task.Status.FAILURE, name
        assert DEATHS[name][1] in str(task.result.exception), name
    assert [task.status for task in siblings] == [Task.Status.SUCCESS] * 3


def test_what_was_finished_is_kept_and_only_the_rest_runs_again(kit, quick_runner):
    first = kit.task("first")
    Die("in the middle", how=9)(first)
    quick_runner.run(Pipeline("p", [first]))
    assert kit.executed() == ["first"]
    quick_runner.run(Pipeline("p", [first]))
    assert kit.executed() == []


@pytest.mark.parametrize("deaths", [10, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_a_worker_that_dies_takes_one_task_along(kit, deaths):
    """Each death costs the pool one worker and one job; none is lost or run twice."""
    from pyperunner_runner.executors.pool import PoolExecutor

    dying = [Die(str(number), how=9 if number % 2 else "_exit") for number in range(deaths)]
    living = [kit.task(str(number)) for number in range(4 * deaths)]
    mixed = [task for trio in zip(living[::4], dying, living[1::4], strict=True) for task in trio]
    kit.runner(executor=PoolExecutor, process_limit=3).run(Pipeline("p", [*mixed, *living[2::4], *living[3::4]]))
    assert {task.status for task in dying} == {Task.Status.FAILURE}
    assert {task.status for task in living} == {Task.Status.SUCCESS}
    assert sorted(kit.executed(), key=int) == [str(number) for number in range(4 * deaths)]
