"""Signals that end a run: real processes, tasks that will not end, processes they have started."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Task
from pyperunner_runner.events import TaskRetried
from pyperunner_runner.execution.signals import Signals

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

SCRIPT = """
import os, signal, subprocess, sys, time
from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner

folder, executor, ignore = sys.argv[1:]

@task("Slow")
def slow():
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True)
    child.stdout.readline()
    if executor == "process":
        signal.signal(signal.SIGTERM, signal.SIG_IGN if ignore == "yes" else signal.SIG_DFL)
    with open(f"{folder}/pids", "a") as file:
        file.write(f"{os.getpid()} {child.pid}\\n")
    try:
        time.sleep(60)
    finally:
        child.kill()
        child.wait()

@task("After")
def after(data):
    open(f"{folder}/after", "w").close()

first, second = slow("1"), slow("2")
after()([first, second])
runner = Runner(f"{folder}/data", f"{folder}/logs", 2, executor=executor)
runner.run(Pipeline("slow", [first, second]))
print("not reached")
"""


class Script:
    """The script above in a process of its own."""

    def __init__(self, folder, executor="process", ignore="no", tasks=2):
        path = folder / "script.py"
        path.write_text(textwrap.dedent(SCRIPT))
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(path), str(folder), executor, ignore],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 20
        while len(self.pids()) < tasks * 2:
            assert time.monotonic() < deadline, "the tasks did not start"
            time.sleep(0.02)

    def pids(self):
        file = self.folder / "pids"
        return [int(pid) for pid in file.read_text().split()] if file.exists() else []

    def end(self):
        """What it left: its exit code, its errors, how long it took."""
        began = time.monotonic()
        out, err = self.process.communicate(timeout=20)
        assert "not reached" not in out
        deadline = time.monotonic() + 1.0
        while left := [pid for pid in self.pids() if Path(f"/proc/{pid}").exists()]:
            assert time.monotonic() < deadline, f"still there: {left}"
            time.sleep(0.01)
        assert not (self.folder / "after").exists()
        return self.process.returncode, err, time.monotonic() - began

    def summary(self):
        (folder,) = (self.folder / "logs").iterdir()
        return json.loads((folder / "summary.json").read_text())


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 1), ("SIGTERM", -15), ("SIGHUP", -1)])
def test_a_signal_ends_the_run_in_good_order_and_is_raised_again(tmp_path, name, code):
    script = Script(tmp_path)
    script.process.send_signal(getattr(signal, name))
    returned, err, _ = script.end()
    assert returned in (code, -2 if name == "SIGINT" else code)
    assert ("KeyboardInterrupt" in err) == (name == "SIGINT")
    summary = script.summary()
    assert summary["state"] == "interrupted"
    assert summary["tasks"] == {"FAILURE": 2, "CANT_RUN": 1}


def test_tasks_that_will_not_end_are_killed_after_a_moment(tmp_path):
    script = Script(tmp_path, ignore="yes")
    script.process.send_signal(signal.SIGTERM)
    code, _, seconds = script.end()
    assert code == -signal.SIGTERM
    assert 1.5 < seconds < 15
    assert script.summary()["state"] == "interrupted"


def test_a_second_signal_ends_them_at_once(tmp_path):
    script = Script(tmp_path, ignore="yes")
    script.process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    assert script.process.poll() is None
    script.process.send_signal(signal.SIGINT)
    _, err, seconds = script.end()
    assert seconds < 1.4
    assert "KeyboardInterrupt" in err
    assert script.summary()["state"] == "interrupted"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_in_this_process_the_task_itself_is_interrupted(tmp_path, name):
    script = Script(tmp_path, executor="inline", tasks=1)
    script.process.send_signal(getattr(signal, name))
    process, _ = script.pids()
    assert process == script.process.pid
    code, _, seconds = script.end()
    assert code in (1, -getattr(signal, name))
    assert seconds < 10
    assert script.summary()["state"] == "interrupted"


def test_handlers_are_restored_and_the_signal_comes_to_them():
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        ours = signal.getsignal(signal.SIGTERM)
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGTERM)
            assert os.read(signals.wake, 1) == bytes([signal.SIGTERM])
            assert (signals.received, seen) == ([signal.SIGTERM], [])
        assert signal.getsignal(signal.SIGTERM) is ours
        signals.raise_again()
        assert seen == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGHUP)
        assert signals.received == []
    finally:
        signal.signal(signal.SIGHUP, before)


def test_another_thread_touches_no_handler():
    seen = []

    def work():
        with Signals() as signals:
            seen.append((signals.wake, signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(None, signal.getsignal(signal.SIGINT))]


def test_other_signals_do_not_keep_the_runner_busy():
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with Signals() as signals:
            os.kill(os.getpid(), signal.SIGUSR1)
            signals.forget_calls()
            with pytest.raises(BlockingIOError):
                os.read(signals.wake, 1)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_pause_ends_when_a_signal_comes():
    with Signals() as signals:
        threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        signals.pause(20)
        assert time.monotonic() - began < 10
        assert signals.received == [signal.SIGINT]


def test_a_run_that_only_waits_for_a_retry_ends_by_a_signal(kit):
    """Nothing runs at that moment, so there is no process whose end could wake the runner."""

    def hook(event):
        if isinstance(event, TaskRetried):
            threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT)).start()

    task = kit.task("a", fail=True).with_options(retries=1, backoff=30)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        kit.runner(hooks=[hook]).run(Pipeline("p", [task]))
    assert time.monotonic() - began < 15
    assert task.status is Task.Status.CANT_RUN
    assert kit.executed() == ["a"]


PROCESS_1 = """
import os, signal, sys, threading
from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner
from pyperunner_runner.events import TaskStarted

@task("Long")
def long():
    import time
    time.sleep(60)

def hook(event):
    if isinstance(event, TaskStarted):
        os.kill(1, signal.SIGTERM)

assert os.getpid() == 1
Runner(sys.argv[1] + "/data", sys.argv[1] + "/logs", hooks=[hook]).run(Pipeline("p", [long()]))
print("went on")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs namespaces of processes")
def test_process_1_of_a_container_ends_by_a_signal_too(tmp_path):
    (tmp_path / "script.py").write_text(PROCESS_1)
    unshare = ["unshare", "--user", "--map-root-user", "--pid", "--fork", "--mount-proc"]
    try:
        subprocess.run([*unshare, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no namespace of processes can be made: {error}")
    command = [*unshare, sys.executable, str(tmp_path / "script.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, ""), done.stderr
