"""Adaptive clusters: without a worker a run waits and says so, and what waits is seen by who starts workers."""

from __future__ import annotations

import time
from pathlib import Path

import distributed
import pytest

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner


@task("Meet")
def meet(folder, me, other):
    """Wait until both are there, so that they run at one time."""
    Path(folder, me).touch()
    deadline = time.monotonic() + 60
    while not Path(folder, other).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return me


@pytest.mark.parametrize("processes", [False, pytest.param(True, marks=pytest.mark.long)])
def test_a_cluster_grows_for_what_waits(tmp_path, processes):
    """Two tasks that wait for each other need two workers of one thread, where there is none at first."""
    how = {"threads_per_worker": 1, "processes": processes, "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(n_workers=0, **how) as cluster, distributed.Client(cluster) as client:
        cluster.adapt(minimum=0, maximum=2, interval="100ms")
        runner = Runner(tmp_path / "data", tmp_path / "log", executor="dask", executor_options={"client": client})
        tasks = [meet(me, folder=str(tmp_path), me=me, other=other) for me, other in ("ab", "ba")]
        runner.run(Pipeline("p", tasks), raise_on_failure=True)
        assert [each.output for each in tasks] == ["a", "b"]
        assert client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks)) == 0
    log = Path(runner.run_folder, "pipeline.log").read_text(encoding="utf-8")
    assert log.count("there is no worker") == 1
    assert "Meet(a) waits: there is no worker\n" in log
