"""Tasks that change or close what belongs to their process; neither siblings nor successors notice."""

from __future__ import annotations

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
        directory, umask, environment, signals, alarm, streams, close_streams, descriptors, thread, process,
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
