"""Tasks that write, close, fork, print and raise where they should not: whatever one does, it breaks itself at most."""

from __future__ import annotations

import io
import json
import logging
import os
import pickle
import sys
import threading
import time
from pathlib import Path

import pytest

from pyperunner import Pipeline, Task, run
from pyperunner_runner.child.messages import pack
from pyperunner_runner.ports import Outcome

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


class Does(Task):
    @run
    def run(self, data, what, folder):
        return DOINGS[what](Path(folder))


class Waits(Task):
    @run
    def run(self, data):
        time.sleep(0.2)
        return "waited"


SPARED = set()
"""The files of whoever runs the tests."""


def open_files():
    """Return descriptors, except the standard ones, and which files they are."""
    found = {}
    for fd in map(int, os.listdir("/proc/self/fd")):
        try:
            what = os.fstat(fd)
        except OSError:
            continue
        if fd > 2:
            found[fd] = (what.st_dev, what.st_ino)
    return found


def write_to_all(data):
    """Write to every descriptor, as a program does that takes one number for another."""
    for fd, what in open_files().items():
        if what in SPARED:
            continue
        try:
            os.set_blocking(fd, True)
            os.write(fd, data)
        except OSError:
            pass
    return "written"


def garbage(folder):
    return write_to_all(os.urandom(1000))


def lengths(folder):
    return write_to_all(b"\x7f" * 8 + b"x" * 200_000)


def strange_pickle(folder):
    return write_to_all(pickle.dumps(Outcome("stored")))


def message_cut_short(folder):
    return write_to_all(pack("x" * 100)[:-50])


def close_and_open(folder):
    os.closerange(3, 256)
    files = [open(folder / f"mine{number}", "wb", buffering=0) for number in range(12)]  # noqa: SIM115 - kept open
    globals()["kept"] = files
    files[0].write(b"DATA")
    logging.getLogger("x").warning("not into my file")
    return "closed"


def fork(folder, end=lambda: "the child's value"):
    pid = os.fork()
    if pid == 0:
        return end()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def fork_and_exit(folder):
    return fork(folder, lambda: sys.exit(3))


def fork_and_exit_with_text(folder):
    return fork(folder, lambda: sys.exit("said at the end"))


def fork_and_raise(folder):
    return fork(folder, lambda: 1 / 0)


def log_on(folder):
    def chat():
        while True:
            logging.info("x" * 20_000)

    threading.Thread(target=chat, daemon=True).start()
    time.sleep(0.1)
    return "said"


def wrap(folder):
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8")
    print("grüße from wrap")


def detach(folder):
    sys.stdout = io.TextIOWrapper(sys.stdout.detach(), encoding="utf-8")
    print("grüße from detach")


def wrap_by_another_name(folder):
    sys.other = io.TextIOWrapper(sys.stdout.detach(), encoding="utf-8")
    print("grüße from other", file=sys.other)
    sys.stdout = None


def configure(folder):
    logging.basicConfig(filename=folder / "task.log", level=logging.DEBUG)
    logging.debug("a detail")
    return (folder / "task.log").read_text()


def strange_record(folder):
    logging.getLogger("odd").handle(
        logging.makeLogRecord(
            {"name": 5, "levelname": None, "msg": "odd record", "created": float("inf"), "levelno": 30}
        )
    )


def progress(folder):
    for percent in range(3):
        sys.stderr.write(f"\rprogress {percent} %")
        sys.stderr.flush()
        time.sleep(0.05)
    print(file=sys.stderr)


class Unprintable(Exception):
    def __str__(self):
        return self.args[0]


class Trap(Exception):
    """Survives the way there, and ends any process in which it is looked at."""

    def __str__(self):
        os._exit(7) if os.environ.get("LOOKED_AT") else None
        return "trap"

    def __setstate__(self, state):
        os._exit(7) if os.environ.get("LOOKED_AT") else None


def raise_unprintable(folder):
    raise Unprintable(404)


def raise_trap(folder):
    raise Trap


def raise_long_text(folder):
    raise ValueError(f"begins {'.' * 3_000_000} ends")


def exit_with_strange_code(folder):
    class Code:
        def __repr__(self):
            raise SystemExit

    sys.exit(Code())


DOINGS = {
    doing.__name__: doing
    for doing in (
        garbage, lengths, strange_pickle, message_cut_short, close_and_open, fork, fork_and_exit, fork_and_raise,
        fork_and_exit_with_text, log_on, wrap, detach, wrap_by_another_name, configure, strange_record, progress,
        raise_unprintable, raise_trap, raise_long_text, exit_with_strange_code,
    )
}  # fmt: skip
OUTPUTS = {
    **dict.fromkeys(["garbage", "lengths", "strange_pickle"], "written"),
    "close_and_open": "closed",
    "fork": 0,
    "fork_and_exit": 3,
    **dict.fromkeys(["fork_and_raise", "fork_and_exit_with_text"], 1),
    "log_on": "said",
    **dict.fromkeys(["wrap", "detach", "wrap_by_another_name", "strange_record", "progress"]),
    "configure": "DEBUG:root:a detail\n",
}
SAID = {
    "fork_and_raise": "ZeroDivisionError",
    "fork_and_exit_with_text": "said at the end",
    "wrap": "grüße from wrap",
    "detach": "grüße from detach",
    "wrap_by_another_name": "grüße from other",
    "configure": "a detail",
    "strange_record": "odd record",
    "close_and_open": "not into my file",
    "garbage": "bytes came over the descriptor of messages",
    "raise_long_text": " ends",
}
ERRORS = {
    "raise_unprintable": "Unprintable: <its text can't be read: TypeError>",
    "raise_trap": "Trap: trap",
    "raise_long_text": "ValueError: begins ...",
    "exit_with_strange_code": "called sys.exit(<its code can't be shown: SystemExit>)",
}


def test_a_task_breaks_nothing_but_itself(kit, quick_runner, tmp_path, monkeypatch):
    tasks = {what: Does(what, what=what, folder=str(tmp_path)) for what in DOINGS}
    others = [Waits(str(number)) for number in range(4)]
    SPARED.update([*open_files().values(), *((one.st_dev, one.st_ino) for one in map(os.fstat, (0, 1, 2)))])
    with monkeypatch.context() as patch:
        patch.setattr(logging.getLogger(), "handlers", [])  # as in a program that has not configured them
        quick_runner.run(Pipeline("p", [*others, *tasks.values()]))
        patch.setenv("LOOKED_AT", "yes")
        read = quick_runner.results()
        assert {name: read.task(f"Does({name})").error[:80] for name in ERRORS} == {
            name: error if name != "raise_long_text" else f"ValueError: begins {'.' * 61}"
            for name, error in ERRORS.items()
        }
    assert [task.status for task in others] == [Task.Status.SUCCESS] * 4
    assert {what: tasks[what].output for what in OUTPUTS} == OUTPUTS
    assert tasks["message_cut_short"].status in (Task.Status.SUCCESS, Task.Status.FAILURE)
    for what, text in SAID.items():
        assert text in Path(read.task(f"Does({what})").log_file).read_text()
    assert [file.stat().st_size for file in sorted(tmp_path.glob("mine*"))] == [4, *[0] * 11]
    for line in Path(quick_runner.run_folder, "events.jsonl").read_text().splitlines():
        json.loads(line)
    lines = [line.split("\t")[-1] for line in Path(read.task("Does(progress)").log_file).read_text().splitlines()]
    assert lines == ["progress 2 %"]  # what a line was before passes, to whoever looks at the run
    whole = Path(read.task("Does(raise_long_text)").log_file)
    assert whole.stat().st_size > 3_000_000
    assert Path(quick_runner.run_folder, "exception.log").stat().st_size < 1 << 20


def test_a_forked_process_ends_where_the_task_ends_in_this_process_too(kit, tmp_path):
    forking = Does("fork", what="fork", folder=str(tmp_path))
    kit.runner(executor="inline").run(Pipeline("p", [forking]))
    assert forking.output == 0


class Asks(Exception):
    """Says what is being handled while its text is asked for."""

    def __str__(self):
        return str(sys.exc_info()[0])


class Raises(Task):
    @run
    def run(self):
        raise Asks


def test_a_failure_is_described_outside_of_its_handler(kit, quick_runner):
    # Within it, whatever is raised and caught walks the whole chain of causes: quadratic in its length.
    task = Raises()
    quick_runner.run(Pipeline("p", [task]))
    assert "Asks: None" in task.result.traceback
