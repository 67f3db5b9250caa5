from __future__ import annotations

import os
from contextlib import contextmanager

import pytest

from pyperunner_dag import open_store, task
from pyperunner_runner.ports import Ended, Job, Session
from pyperunner_runner.remote import RemoteExecutor
from pyperunner_runner.testing import ExecutorContract, LocalWorkers, RemoteExecutorContract
from pyperunner_runner.testing.remote_contract import agent_of


class TestProcessOnWorkers(RemoteExecutorContract):
    """Of what every executor does, what is made anew for remote ones; all of it in the long form."""

    def make_executor(self, session):
        return RemoteExecutor(session, LocalWorkers({"w1": 4}))


for name in vars(ExecutorContract):
    if name.startswith("test_"):
        setattr(TestProcessOnWorkers, name, None)


@pytest.mark.long
class TestAllOnWorkers(RemoteExecutorContract):
    def make_executor(self, session):
        return RemoteExecutor(session, LocalWorkers({"w1": 2, "w2": 2}))


@pytest.mark.long
class TestPoolOnWorkers(RemoteExecutorContract):
    def make_executor(self, session):
        return RemoteExecutor(session, LocalWorkers({"w1": 2, "w2": 2}), executor="pool")


@task("Make", receives_input=True, outputs=("left", "right"))
def make(data, n=0):
    return {"left": agent_of(os.getpid()).pid, "right": n}


@task("Follow")
def follow(data):
    return agent_of(os.getpid()).pid


@contextmanager
def two_workers(tmp_path, *tasks, prefer_upstream):
    """Give what carries out some of the tasks, all at once, and returns the worker of each."""
    store = open_store(tmp_path / "data")
    for each in tasks:
        each.bind(store)
    workers = LocalWorkers({"w1": 2, "w2": 2})
    session = Session({each.name: each for each in tasks}, store, store.spec(), 4)
    executor = RemoteExecutor(session, workers, prefer_upstream=prefer_upstream)

    def carry_out(*which):
        for each in which:
            executor.start(Job(each.name))
        ended = 0
        while ended < len(which):
            ended += sum(isinstance(event, Ended) for event in executor.wait(None))
        names = {process.pid: name for name, process in workers.processes.items()}
        outputs = [each.load_output() for each in which]
        return [names[made["left"] if isinstance(made, dict) else made] for made in outputs]

    try:
        yield carry_out
    finally:
        executor.close()


@pytest.mark.parametrize("prefers", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_task_goes_where_its_inputs_were_made(tmp_path, prefers):
    first, second = make("1", n=1), make("2", n=2)
    alone, part, both = follow("alone")(second), follow("part")(second.right), follow("both")([first, second.left])
    with two_workers(tmp_path, first, second, alone, part, both, prefer_upstream=prefers) as carry_out:
        assert carry_out(first, second) == ["w1", "w2"]
        assert carry_out(alone) == ["w2" if prefers else "w1"]
        assert carry_out(part) == ["w2" if prefers else "w1"], "of a part it counts who made the whole"
        # There is room for two on each: the third goes where it can.
        assert sorted(carry_out(alone, part, both)) == (["w1", "w2", "w2"] if prefers else ["w1", "w1", "w2"])
