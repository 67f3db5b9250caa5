"""Stops and kills of every process above a task, and of the task, while it has helpers of all kinds: none is left."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from pathlib import Path

import pytest

from pyperunner_runner.processes import tree
from pyperunner_runner.processes.control_groups import ControlGroup, folders_of_version_2, own_paths

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

ID = "STOPS_OF_A_TEST"
SCRIPT = f"""
import multiprocessing, os, subprocess, sys, time
from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner

folder, executor, method = sys.argv[1:]

@task("Short", receives_input=False)
def short(n):
    time.sleep(0.02)

@task("Family", receives_input=False, timeout=60)
def family(daemon):
    '''Helpers that are copies of the task, one in a session of its own, and one that has shed session and mark.'''
    if daemon and os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execve("/bin/sleep", ["sleep", "60"], {{"{ID}": os.environ["{ID}"]}})
        os._exit(0)
    subprocess.Popen(["sleep", "60"], start_new_session=True)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        open(f"{{folder}}/ready", "w").close()
        pool.map(time.sleep, [60, 60])

if __name__ == "__main__":
    tasks = [family(daemon=True), *[short(str(n), n=n) for n in range(200)]]
    Runner(f"{{folder}}/data", f"{{folder}}/logs", 2, executor=executor, start_method=method).run(Pipeline("p", tasks))
"""


def read(pid, what):
    """Return what ``/proc`` says of a process; nothing if it has ended meanwhile, or is somebody else's."""
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


class Run:
    """The script above in a process of its own; the processes of it are known by a variable in their environment."""

    def __init__(self, folder, executor="process", method="fork"):
        path = folder / "script.py"
        path.write_text(textwrap.dedent(SCRIPT))
        (folder / "ready").unlink(missing_ok=True)
        self._id = f"{ID}={uuid.uuid4()}".encode()
        self._err = folder / "err"
        name, _, value = self._id.decode().partition("=")
        command = [sys.executable, str(path), str(folder), executor, method]
        with self._err.open("w") as err:
            self.process = subprocess.Popen(command, env={**os.environ, name: value}, stdout=err, stderr=err)
        self.wait_for(lambda: (folder / "ready").exists() or self.process.poll() is not None, 60)
        assert self.process.poll() is None, self._err.read_text()
        (self.guard,) = tree.children(self.process.pid)
        (self.supervisor,) = tree.children(self.guard)

    def peers(self):
        return {
            "runner": self.process.pid,
            "guard": self.guard,
            "supervisor": self.supervisor,
            "task": next(iter(tree.children(self.supervisor)), self.supervisor),
        }

    def left(self):
        """Those of its processes that have not ended."""
        return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and self._id in read(entry, "environ")]

    def sleepers(self):
        """Those that are programs of their own."""
        return [pid for pid in self.left() if read(pid, "comm") == b"sleep\n"]

    def end(self):
        """Wait for the end of all; return how long it took."""
        began = time.monotonic()
        try:
            ended = self.wait_for(lambda: self.process.poll() is not None and not self.left(), 20)
            assert ended, [read(pid, "stat") for pid in self.left()]
        finally:
            for pid in self.left():
                send(pid, signal.SIGKILL)
            self.process.wait()
        return time.monotonic() - began

    @staticmethod
    def wait_for(condition, seconds):
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


@pytest.mark.parametrize("ends", [pytest.param("SIGINT", marks=pytest.mark.long), "SIGKILL"])
@pytest.mark.parametrize("peer", ["guard", "supervisor"])
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
def test_the_runners_end_is_the_end_of_all_whoever_is_stopped_or_killed(tmp_path, peer, number, ends):
    run = Run(tmp_path)
    send(run.peers()[peer], number)
    send(run.process.pid, getattr(signal, ends))
    run.end()


def test_what_shed_its_mark_ends_although_guard_and_supervisor_are_killed_at_one_moment(tmp_path):
    if not (group := ControlGroup.make(tmp_path.name)).folder:
        pytest.skip("no control group can be made here")
    group.remove()
    run = Run(tmp_path)
    (group,) = [path for controllers, path in own_paths(Path("/"), run.supervisor) if not controllers]
    assert f"pyperunner.{run.process.pid}." in group
    assert run.wait_for(lambda: len(run.sleepers()) == 2, 5)
    for pid in (run.guard, run.supervisor):
        send(pid, signal.SIGKILL)
    folders = [Path(f"{mount}{group}") for mount in folders_of_version_2(Path("/"))]
    assert run.wait_for(lambda: not run.sleepers() and not any(folder.exists() for folder in folders), 5)
    send(run.process.pid, signal.SIGKILL)
    run.end()


@pytest.fixture
def freezer(tmp_path):
    """Freezes processes, which then answer nothing but a kill."""
    group = Path("/sys/fs/cgroup", "unified" if Path("/sys/fs/cgroup/unified").exists() else "", tmp_path.name)
    try:
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")

    def freeze(pid):
        (group / "cgroup.procs").write_text(str(pid))
        (group / "cgroup.freeze").write_text("1")

    yield freeze
    (group / "cgroup.freeze").write_text("0")
    Run.wait_for(lambda: not (group / "cgroup.procs").read_text(), 5)
    group.rmdir()


@pytest.mark.root
@pytest.mark.parametrize(("peer", "ends"), [("guard", "SIGKILL"), ("supervisor", "SIGINT"), ("supervisor", "SIGKILL")])
def test_so_it_is_when_one_is_frozen(tmp_path, freezer, peer, ends):
    run = Run(tmp_path)
    freezer(run.peers()[peer])
    send(run.process.pid, getattr(signal, ends))
    run.end()


@pytest.mark.parametrize(("executor", "method"), [("pool", "fork"), ("process", "forkserver")])
def test_so_it_is_with_every_executor_and_start_method(tmp_path, executor, method):
    run = Run(tmp_path, executor, method)
    send(run.supervisor, signal.SIGSTOP)
    send(run.process.pid, signal.SIGKILL)
    run.end()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_stops_and_kills_of_each_at_random_moments(tmp_path, record_property):
    chance, slowest = random.Random(13), 0.0
    for number in range(800):
        run = Run(tmp_path, chance.choice(["process", "pool"]))
        peers = run.peers()
        peer = sorted(peers)[number % len(peers)]
        time.sleep(chance.random() * 0.3)
        send(peers[peer], chance.choice([signal.SIGSTOP, signal.SIGKILL]))
        time.sleep(chance.random() * 0.1)
        send(run.process.pid, signal.SIGKILL if peer == "runner" else chance.choice([signal.SIGTERM, signal.SIGKILL]))
        slowest = max(slowest, run.end())
    record_property("slowest", slowest)
