from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

pytest.register_assert_rewrite("pyperunner_runner.testing")

_DEADLINE = 60.0


class Cluster:
    """A scheduler and workers as a shell starts them, each in a session of its own.

    Args:
        folder: Their logs and files are there.
    """

    def __init__(self, folder):
        self.folder = folder
        self.processes = {}
        self.start("scheduler", "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self.wait_for("scheduler", r"Scheduler at: +(tcp://\S+)")

    def start(self, name, *command, cwd=None, env=None):
        log = self.folder / f"{name}.log"
        with open(log, "ab") as out:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=cwd or self.folder,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def wait_for(self, name, pattern):
        deadline = time.monotonic() + _DEADLINE
        while True:
            text = (self.folder / f"{name}.log").read_text(encoding="utf-8")
            if found := re.search(pattern, text):
                return found[found.lastindex or 0]
            assert time.monotonic() < deadline, text
            assert self.processes[name].poll() is None, text
            time.sleep(0.02)

    def add(self, name, *options, threads=2, env=None):
        """Start a worker, in a folder of its own."""
        folder = self.folder / name
        folder.mkdir()
        command = [self.address, "--nthreads", str(threads), "--no-nanny", "--no-dashboard", "--name", name]
        command += ["--host", "127.0.0.1", "--local-directory", str(folder), *options]
        self.start(name, "worker", *command, cwd=folder, env=env)

    def wait_for_worker(self, name):
        return self.wait_for(name, r"Registered to: +(\S+)")

    def kill(self, name, signum=signal.SIGKILL):
        self.processes[name].send_signal(signum)

    def close(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def shared_cluster(tmp_path_factory):
    """A scheduler and two workers; nobody ends them."""
    cluster = Cluster(tmp_path_factory.mktemp("cluster"))
    cluster.add("first")
    cluster.add("second", "--resources", "gpu=2")
    for name in ("first", "second"):
        cluster.wait_for_worker(name)
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(tmp_path):
    """A scheduler, and whichever workers a test adds."""
    (tmp_path / "cluster").mkdir()
    cluster = Cluster(tmp_path / "cluster")
    yield cluster
    cluster.close()
