from __future__ import annotations

import os
import time
from pathlib import Path

import distributed
import pytest

from pyperunner_dag import Pipeline, task
from pyperunner_dask import DaskExecutor
from pyperunner_runner import Runner
from pyperunner_runner.remote import ClusterLost
from pyperunner_runner.testing import ExecutorContract, RemoteExecutorContract


class TestDaskExecutor(RemoteExecutorContract):
    """A few of what the suite has; all of it in the long form."""

    @pytest.fixture(autouse=True)
    def _cluster(self, shared_cluster):
        self.address = shared_cluster.address

    def make_executor(self, session):
        return DaskExecutor(session, address=self.address)


_SHORT = ("test_events_name_the_machine", "test_a_lost_worker_is_told_apart")
for name in {**vars(ExecutorContract), **vars(RemoteExecutorContract)}:
    if name.startswith("test_") and name not in _SHORT:
        setattr(TestDaskExecutor, name, None)


@pytest.mark.long
class TestAllOnDask(RemoteExecutorContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, shared_cluster):
        self.address = shared_cluster.address

    def make_executor(self, session):
        return DaskExecutor(session, address=self.address)


@pytest.mark.long
class TestPoolOnDask(RemoteExecutorContract):
    @pytest.fixture(autouse=True)
    def _cluster(self, shared_cluster):
        self.address = shared_cluster.address

    def make_executor(self, session):
        return DaskExecutor(session, address=self.address, on_worker="pool")


@task("One")
def one(n=1):
    return n


def test_a_client_is_taken_as_it_is_and_keeps_nothing(shared_cluster, tmp_path):
    with distributed.Client(shared_cluster.address, set_as_default=False) as client:
        runner = Runner(tmp_path / "data", tmp_path / "log", executor="dask", executor_options={"client": client})
        tasks = [one(str(number), n=number) for number in range(4)]
        runner.run(Pipeline("p", tasks), raise_on_failure=True)
        assert [each.output for each in tasks] == [0, 1, 2, 3]
        assert client.status == "running"
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0
        relays = client.run(lambda: len(__import__("pyperunner_dask.relay").relay._relays))
        assert set(relays.values()) == {0}
    assert not [entry for entry in runner.store.entries() if "handshake" in entry["key"]]


def test_an_address_where_nobody_is_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("pyperunner_dask.executor._CONNECT_SECONDS", 0.5)
    options = {"address": "tcp://127.0.0.1:9"}
    runner = Runner(tmp_path / "data", tmp_path / "log", executor="dask", executor_options=options)
    with pytest.raises(ClusterLost, match=r"the scheduler tcp://127\.0\.0\.1:9 is out of reach"):
        runner.run(Pipeline("p", [one()]))


@task("Meet", resources={"gpu": 1})
def meet(folder, me, other):
    """Wait until both are there, so that they run at one time."""
    Path(folder, me).touch()
    deadline = time.monotonic() + 30
    while not Path(folder, other).exists():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return os.environ["CUDA_VISIBLE_DEVICES"]


def test_tasks_at_one_time_see_devices_of_their_own(shared_cluster, tmp_path):
    runner = Runner(
        tmp_path / "data", tmp_path / "log", executor="dask", executor_options={"address": shared_cluster.address}
    )
    tasks = [meet(me, folder=str(tmp_path), me=me, other=other) for me, other in ("ab", "ba")]
    runner.run(Pipeline("p", tasks), raise_on_failure=True)
    assert sorted(each.output for each in tasks) == ["0", "1"]


@pytest.mark.long
def test_without_an_address_this_machine_is_the_cluster(tmp_path):
    """Two at once, too: neither takes a port that the other wants."""
    runner = Runner(tmp_path / "data", tmp_path / "log", executor="dask", process_limit=1)
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None):
        runner.run(Pipeline("p", [alone := one(n=3)]), raise_on_failure=True)
    assert alone.output == 3
