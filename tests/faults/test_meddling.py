"""Tasks that change or close what belongs to their process; neither siblings nor successors notice."""

from __future__ import annotations

import io
import logging
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pyperunner import Pipeline, Task, run
from pyperunner_runner.child import ending


class Meddle(Task):
    @run
    def run(self, data, what):
        MEDDLE[what]()
        return what


def directory():
    os.chdir("/")


def umask():
    os.umask(0o777)


def environment():
    os.environ["MEDDLED"] = "yes"
    os.environ.pop("PATH", None)


def signals():
    for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        signal.signal(signum, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


def alarm():
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 0.05)


def streams():
    sys.stdout = sys.stderr = None


def no_streams():
    del sys.stdin, sys.stdout, sys.stderr


class Incomparable(io.StringIO):
    def __eq__(self, other):
        raise SystemExit(3)

    __hash__ = None


def incomparable_streams():
    sys.stdin = sys.stdout = sys.stderr = Incomparable()


def close_streams():
    sys.stdout.close()
    os.close(1)
    os.close(2)


def descriptors():
    os.closerange(0, 3)


def thread():
    threading.Thread(target=time.sleep, args=(0.2,)).start()


def process():
    subprocess.Popen(["sleep", "60"])


MEDDLE = {
    meddler.__name__: meddler
    for meddler in (
        directory, umask, environment, signals, alarm, streams, no_streams, incomparable_streams,
        close_streams, descriptors, thread, process,
    )
}  # fmt: skip


class Look(Task):
    """Says what a task finds."""

    @run
    def run(self, data):
        time.sleep(0.1)
        print("to stdout")
        os.write(2, b"to stderr\n")
        logging.getLogger("look").warning("to the log")
        mask = os.umask(0)
        os.umask(mask)
        return {
            "folder": str(Path.cwd()),
            "umask": mask,
            "MEDDLED": os.environ.get("MEDDLED"),
            "path": os.environ.get("PATH"),
            "handlers": [str(signal.getsignal(s)) for s in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)],
            "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
            "threads": threading.active_count(),
        }


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("what", list(MEDDLE))
def test_the_next_task_finds_a_clean_slate(kit, quick_runner, what):
    before = Look("before")
    meddle = Meddle(what=what)(before)
    after = Look("after")(meddle)
    here = (Path.cwd(), dict(os.environ), signal.getsignal(signal.SIGTERM))
    quick_runner.run(Pipeline("p", [before]), raise_on_failure=True)
    assert meddle.output == what
    assert after.output == before.output
    assert (Path.cwd(), dict(os.environ), signal.getsignal(signal.SIGTERM)) == here
    # Whoever is not root could not even read an entry that felt the task's umask.
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in kit.data_path.rglob("result.dump.gz")} == {0o600}
    (log,) = Path(quick_runner.run_folder).glob("**/*Look(after)*.log") or [None]
    for text in ("to stdout", "to stderr", "to the log"):
        assert text in log.read_text()


class CloseAll(Task):
    @run
    def run(self):
        os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
        return 1


@pytest.mark.filterwarnings("default")
def test_a_task_that_closes_every_descriptor_fails_alone(kit, quick_runner):
    closing = CloseAll()
    others = [kit.task(str(number)) for number in range(5)]
    quick_runner.run(Pipeline("p", [closing, *others]))
    assert closing.status is Task.Status.FAILURE
    assert {task.status for task in others} == {Task.Status.SUCCESS}


class Leaves(Task):
    """Returns while a thread of it goes on."""

    @run
    def run(self, seconds):
        threading.Thread(target=self.go_on, args=(seconds,), name="ticker").start()
        return "returned"

    def go_on(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.01)
        print("the thread has finished")


@pytest.mark.parametrize(("seconds", "said"), [(0.1, "the thread has finished"), (600, "its threads go on: ticker")])
def test_a_thread_may_finish_but_not_hold_the_run_up(kit, monkeypatch, seconds, said):
    monkeypatch.setattr(ending, "THREAD_SECONDS", 0.3 if seconds > 1 else 60)
    task = Leaves(seconds=seconds)
    runner = kit.runner(start_method="fork")
    runner.run(Pipeline("p", [task]), raise_on_failure=True)
    assert task.output == "returned"
    (log,) = Path(runner.run_folder).glob("**/*Leaves*.log")
    assert said in log.read_text()


class Alarm(Task):
    @run
    def run(self):
        def late(signum, frame):
            raise RuntimeError("a late alarm")

        signal.signal(signal.SIGALRM, late)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)


@pytest.mark.filterwarnings("default")
def test_a_timer_that_a_task_leaves_running_does_not_take_its_outcome_away(kit, quick_runner):
    task = Alarm()
    quick_runner.run(Pipeline("p", [task]))
    assert task.status is Task.Status.SUCCESS or str(task.result.exception) == "a late alarm"
