"""Connections: straight to the workers or by way of the scheduler, and with certificates."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import dask
import distributed
import psutil
import pytest

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner
from pyperunner_runner.remote import ClusterLost


@task("Talk")
def talk(size):
    print("a line")
    return b"x" * size


def port_of(address):
    return int(address.rpartition(":")[2])


def run_with(tmp_path, worker, **options):
    """Return whether a run, whose task returns as it should, has connected to a worker itself."""
    seen = []

    def look(event):
        if type(event).__name__ == "TaskStarted":
            there = psutil.Process().net_connections()
            seen.append(any(each.raddr and each.raddr.port == port_of(worker) for each in there))

    runner = Runner(tmp_path / "data", tmp_path / "log", hooks=[look], executor="dask", executor_options=options)
    tasks = [talk(str(number), size=number) for number in range(3)]
    runner.run(Pipeline("p", tasks), raise_on_failure=True)
    assert [len(each.output) for each in tasks] == [0, 1, 2]
    assert "a line" in Path(runner.results().task("Talk(1)").log_file).read_text(encoding="utf-8")
    assert len(set(seen)) == 1
    return seen[0]


@pytest.mark.parametrize(
    "direct", [pytest.param(None, marks=pytest.mark.long), False], ids=["straight", "by the scheduler"]
)
def test_the_client_says_whether_workers_are_reached(cluster, tmp_path, direct):
    cluster.add("first")
    cluster.wait_for_worker("first")
    with distributed.Client(cluster.address, direct_to_workers=direct, set_as_default=False) as client:
        (worker,) = client.scheduler_info()["workers"]
        assert run_with(tmp_path, worker, client=client) is (direct is None)


@pytest.mark.parametrize(
    "direct", [None, pytest.param(False, marks=pytest.mark.long)], ids=["straight", "by the scheduler"]
)
def test_with_certificates(tls_cluster, certificates, tmp_path, direct):
    tls_cluster.add("first")
    tls_cluster.wait_for_worker("first")
    assert tls_cluster.address.startswith("tls://")
    files = {
        "tls_ca_file": certificates["tls-ca-file"],
        "tls_client_cert": certificates["tls-cert"],
        "tls_client_key": certificates["tls-key"],
    }
    security = distributed.security.Security(require_encryption=True, **files)
    with distributed.Client(
        tls_cluster.address, security=security, direct_to_workers=direct, set_as_default=False
    ) as client:
        (worker,) = client.scheduler_info()["workers"]
        assert worker.startswith("tls://")
        assert run_with(tmp_path, worker, client=client) is (direct is None)
    if direct is None:
        with pytest.raises(ClusterLost, match=r"the scheduler tls://\S+ is out of reach"):
            run_with(tmp_path / "strange", worker, address=tls_cluster.address)
        names = {"ca-file": "tls-ca-file", "client.cert": "tls-cert", "client.key": "tls-key"}
        with dask.config.set({f"distributed.comm.tls.{name}": certificates[own] for name, own in names.items()}):
            assert run_with(tmp_path / "configured", worker, address=tls_cluster.address)


PROGRAM = """
import sys
from pathlib import Path
import distributed
sys.path.insert(0, {tests!r})
from test_connections import run_with

if __name__ == "__main__":
    with distributed.Client({address!r}, set_as_default=False) as client:
        (worker,) = client.scheduler_info()["workers"]
        assert worker.startswith("tcp://127.0.0.1:")
        assert run_with(Path({folder!r}), worker, client=client) is False
"""


@pytest.mark.long
@pytest.mark.root
def test_a_worker_that_only_the_scheduler_reaches(new_host, tmp_path):
    """The runner has a network of its own, from which there is a way to the scheduler, and none to the worker."""
    (tmp_path / "far").mkdir()
    cluster = new_host(tmp_path / "far", host="0.0.0.0")
    cluster.add("first")
    cluster.wait_for_worker("first")
    here, there = "169.254.77.1", "169.254.77.2"
    program = tmp_path / "program.py"
    address = f"tcp://{here}:{port_of(cluster.address)}"
    tests = str(Path(__file__).parent)
    program.write_text(PROGRAM.format(tests=tests, address=address, folder=str(tmp_path)), encoding="utf-8")
    join = f"ip link set lo up; until ip addr add {there}/30 dev pypthere; do sleep 0.05; done; ip link set pypthere up"
    command = ["unshare", "--net", "sh", "-c", f'{join}; exec "$@"', "sh", sys.executable, str(program)]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as runner:
        own = Path("/proc/self/ns/net").readlink()
        while Path(f"/proc/{runner.pid}/ns/net").readlink() == own:
            assert runner.poll() is None, runner.stderr.read()
        link = ["ip", "link", "add", "pyphere", "type", "veth", "peer", "name", "pypthere", "netns", str(runner.pid)]
        for step in (
            link,
            ["ip", "addr", "add", f"{here}/30", "dev", "pyphere"],
            ["ip", "link", "set", "pyphere", "up"],
        ):
            subprocess.run(step, check=True)
        said = runner.communicate(timeout=120)[1]
    assert runner.returncode == 0, said


@pytest.fixture
def new_host(cluster):
    """Makes a cluster whose scheduler listens elsewhere, where this system can make networks."""
    made = []

    def new(folder, host):
        made.append(type(cluster)(folder, host=host))
        return made[-1]

    trial = ["unshare", "--net", "ip", "link", "add", "pyphere", "type", "veth", "peer", "name", "pypthere"]
    if (
        os.geteuid() != 0
        or not shutil.which("ip")
        or subprocess.run(trial, check=False, capture_output=True).returncode
    ):
        pytest.skip("needs root, ip of iproute2, and the right to make networks")
    yield new
    for each in made:
        each.close()
