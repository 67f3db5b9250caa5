"""Results that are large, that can't be stored, and processes killed while they hand one over."""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from pathlib import Path

import pytest

from pyperunner import Pipeline, Task, run

MIB = 1 << 20


class Bytes(Task):
    @run
    def run(self, size):
        return b"\x5a" * size


class Length(Task):
    @run
    def run(self, data):
        return len(data[0]), data[0][:1], data[0][-1:]


class KilledWhileStoring(Task):
    """Killed when the temporary file of its result has grown to a few MiB."""

    @run
    def run(self, store, struck):
        def strike():
            while not any(size_of(path) > 4 * MIB for path in Path(store).rglob("*")):
                time.sleep(0.001)
            Path(struck).touch()
            os.kill(os.getpid(), signal.SIGKILL)

        threading.Thread(target=strike, daemon=True).start()
        return os.urandom(100 * MIB)


def size_of(path):
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


class Unstorable(Task):
    @run
    def run(self, what):
        if what == "lock":
            return {"parts": [1, {"lock": threading.Lock()}]}
        if what == "generator":
            return [1, (number for number in range(3))]
        return {"deep": [Reduces(what)]}


class Reduces:
    def __init__(self, how):
        self.how = how

    def __reduce__(self):
        if self.how == "exits":
            raise SystemExit(0)
        raise RuntimeError("I don't want to")


class TwoArguments(Exception):
    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


class Raise(Task):
    @run
    def run(self, what):
        if what == "two":
            raise TwoArguments(1, 2)
        if what == "local":

            class Local(ValueError):
                pass

            raise Local("from within")
        error = ValueError("holds a lock")
        error.lock = threading.Lock()
        raise error


SIZES = [64 << 10, (64 << 10) + 1, 5 * MIB, 100 * MIB]
HUGE = [(2 << 30) + 5, (4 << 30) + 5]


def test_results_of_every_size_are_stored_and_read_back(runner):
    tasks = [Bytes(str(size), size=size) for size in SIZES]
    ends = [Length(f"of {task.tag}")(task) for task in tasks]
    runner.run(Pipeline("sizes", tasks), raise_on_failure=True)
    assert [end.output for end in ends] == [(size, b"Z", b"Z") for size in SIZES]


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("size", HUGE)
@pytest.mark.parametrize("codec", ["gzip", "raw"])
def test_results_beyond_what_32_bits_count(kit, size, codec):
    from pyperunner_cache import open_store

    task = Bytes(size=size)
    end = Length()(task)
    kit.runner(open_store(kit.data_path, codec=codec), process_limit=1).run(
        Pipeline("p", [task]), raise_on_failure=True
    )
    assert end.output == (size, b"Z", b"Z")


def test_a_process_killed_while_it_stores_fails_at_once_and_leaves_no_entry(kit, runner):
    struck = kit.folder / "struck"
    task = KilledWhileStoring(store=str(kit.data_path), struck=str(struck))
    runner.run(Pipeline("p", [task]))
    assert time.time() - struck.stat().st_mtime < 2
    # Whoever else is killed for want of memory at that moment makes that the likely cause.
    assert re.match(r"KilledWhileStoring\(\): killed( by SIGKILL$|, likely out of memory)", str(task.result.exception))
    assert not task.output_exists()


@pytest.mark.parametrize("what", ["lock", "generator", "raises", "exits"])
def test_a_result_that_cannot_be_stored_is_named_with_its_place(kit, quick_runner, what):
    task = Unstorable(what, what=what)
    quick_runner.run(Pipeline("p", [task, kit.task("sibling")]))
    place = {"lock": "['parts'][1]['lock']", "generator": "[1]"}.get(what, "['deep'][0]")
    assert task.status is Task.Status.FAILURE
    assert place in str(task.result.exception)
    assert f"Unstorable({what})" in str(task.result.exception)
    assert not task.output_exists()


@pytest.mark.parametrize(
    ("what", "name", "text"), [("two", "TwoArguments", "1 and 2"), ("local", "Local", "from within")]
)
def test_an_exception_that_cannot_be_rebuilt_arrives_as_text(runner, what, name, text):
    task = Raise(what=what)
    runner.run(Pipeline("p", [task]))
    assert type(task.result.exception).__qualname__.rpartition(".")[2] == name
    assert str(task.result.exception) == text
    assert f"raise {'TwoArguments(1, 2)' if what == 'two' else 'Local'}" in task.result.traceback


def test_an_exception_that_cannot_be_pickled_arrives_as_text(runner):
    task = Raise(what="lock")
    runner.run(Pipeline("p", [task]))
    assert type(task.result.exception).__name__ == "ValueError"
    assert str(task.result.exception) == "holds a lock"
    assert "raise error" in task.result.traceback
