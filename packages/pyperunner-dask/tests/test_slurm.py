"""Slurm: workers are jobs that dask-jobqueue submits to a real Slurm, which this test starts on this machine."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner

_SECONDS = 90
_CONFIGURATION = """
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={controller}
SlurmdPort={node}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
ReturnToService=2
PlugStackConfig=/dev/null
NodeName={host} NodeAddr=127.0.0.1 CPUs=1 RealMemory=1 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES State=UP OverSubscribe=FORCE:4
"""


def wait_until(condition):
    deadline = time.monotonic() + _SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def succeeds(*command):
    return subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS).returncode == 0


def queue():
    said = subprocess.run(["squeue", "--noheader", "--format=%i"], capture_output=True, text=True, check=True)
    return said.stdout.split()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def slurm(monkeypatch, tmp_path_factory):
    """A controller and one node of Slurm, with a munge of their own."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("slurmctld", "slurmd", "munged"))):
        pytest.skip("needs root, and slurmctld, slurmd and munged (Debian's slurm-wlm and munge)")
    folder = tmp_path_factory.mktemp("slurm")
    for name in ("state", "spool"):
        (folder / name).mkdir()
    (folder / "key").write_bytes(secrets.token_bytes(1024))
    (folder / "key").chmod(0o400)
    facts = {"folder": folder, "host": socket.gethostname().partition(".")[0]}
    facts |= {"controller": free_port(), "node": free_port()}
    (folder / "slurm.conf").write_text(_CONFIGURATION.format(**facts), encoding="utf-8")
    monkeypatch.setenv("SLURM_CONF", str(folder / "slurm.conf"))
    places = [
        f"--{what}={folder}/munge.{what.partition('-')[0]}" for what in ("socket", "pid-file", "log-file", "seed-file")
    ]
    daemons = [
        (
            ["munged", "--foreground", "--force", f"--key-file={folder}/key", *places],
            ["munge", "-n", "-S", f"{folder}/munge.socket"],
        ),
        (["slurmctld", "-D", "-c", "-f", f"{folder}/slurm.conf"], ["scontrol", "show", "config"]),
        (["slurmd", "-D", "-f", f"{folder}/slurm.conf", "-N", facts["host"]], ["srun", "--immediate=60", "true"]),
    ]
    started = []
    try:
        with (folder / "daemons.log").open("wb") as log:
            for command, answers in daemons:
                started.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL))
                wait_until(lambda answers=answers: succeeds(*answers))
        yield folder
    finally:
        if len(started) == len(daemons):
            succeeds("scancel", "--user=root", "--full")
            wait_until(lambda: not queue())
        for process in reversed(started):
            process.terminate()
            process.wait(_SECONDS)


@task("Where")
def where(n):
    print("number", n)
    time.sleep(0.5)
    return os.environ["SLURM_JOB_ID"]


@task("Jobs")
def jobs(data):
    return len(set(data))


@pytest.mark.long
@pytest.mark.root
@pytest.mark.parametrize("how", ["scale", "adapt"])
def test_jobs_of_slurm_are_workers(slurm, tmp_path, how):
    """They join as they begin, and one that is cancelled is a lost worker."""
    jobqueue = pytest.importorskip("dask_jobqueue", reason="needs dask-jobqueue")
    distributed = pytest.importorskip("distributed")
    cancelled = []

    def cancel(event):
        if type(event).__name__ == "TaskStarted" and event.task == "Where(9)" and not cancelled:
            variables = Path(f"/proc/{event.pid}/environ").read_bytes().split(b"\0")
            (job,) = (each.partition(b"=")[2].decode() for each in variables if each.startswith(b"SLURM_JOB_ID="))
            cancelled.append(job)
            subprocess.run(["scancel", job], check=True)

    options = {"host": "127.0.0.1", "dashboard_address": None}
    with (
        jobqueue.SLURMCluster(
            cores=1,
            memory="1 GB",
            job_directives_skip=["--mem"],
            walltime="00:10:00",
            python=sys.executable,
            log_directory=str(slurm / "jobs"),
            local_directory=str(slurm),
            scheduler_options=options,
            worker_extra_args=["--no-dashboard", "--host", "127.0.0.1"],
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        if how == "scale":
            cluster.scale(jobs=2)
        else:
            cluster.adapt(minimum_jobs=0, maximum_jobs=2)
        given = {"executor_options": {"client": client}, "hooks": [cancel]}
        runner = Runner(tmp_path / "data", tmp_path / "log", executor="dask", **given)
        places = [where(str(n), n=n) for n in range(30)]
        counted = jobs()(places)
        runner.run(Pipeline("p", places), raise_on_failure=True)
        assert len(cancelled) == 1
        assert [each.get("lost") for each in runner.results().task("Where(9)").attempts] == [True, None]
        assert counted.output >= 2
    wait_until(lambda: not queue())
