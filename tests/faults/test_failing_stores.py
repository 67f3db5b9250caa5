"""Stores that fail: what a run has computed is there all the same, with one warning, under every executor."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from pyperunner import Pipeline, Runner, Task, run
from pyperunner_cache import open_store

EXECUTORS = ["process", "pool", "inline"]


class Make(Task):
    @run
    def run(self, size, spoil=None):
        if spoil:
            shutil.rmtree(spoil)
            Path(spoil).write_text("a file where the store was")
        return bytes(size)


class Measure(Task):
    @run
    def run(self, data):
        return [len(item) for item in data]


def chain(*sizes, **params):
    """Tasks that make so many bytes, one that measures them, and one that has nothing to do with the size."""
    made = [Make(str(size), size=size, **params) for size in sizes]
    measured = Measure("all")(made)
    return Pipeline("failing", made), made, measured


@pytest.fixture(params=EXECUTORS)
def run_in(request, tmp_path, caplog):
    """Runs a pipeline in a store; returns the warnings."""

    def run_it(store, pipeline, **options):
        caplog.clear()
        runner = Runner(store, tmp_path / "logs", executor=request.param, **options)
        with caplog.at_level(logging.WARNING):
            runner.run(pipeline, raise_on_failure=True)
        return [record.getMessage() for record in caplog.records]

    return run_it


@pytest.fixture
def mounted(tmp_path):
    """Mounts a file system in memory, with the given options, and returns its folder."""
    folder = tmp_path / "mounted"
    folder.mkdir()

    def mount(options):
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", folder]).returncode:
            pytest.skip("needs the right to mount a tmpfs")
        return folder

    yield mount
    subprocess.run(["umount", folder], check=False, stderr=subprocess.DEVNULL)


def one_warning(warnings, match):
    assert len(warnings) == 1, warnings
    assert match in warnings[0]
    assert "not stored" in warnings[0]


@pytest.mark.root
def test_a_full_medium(run_in, mounted):
    folder = mounted("size=300k")
    pipeline, made, measured = chain(1000, 2_000_000)
    one_warning(run_in(open_store(folder / "s", codec="raw"), pipeline), "No space left")
    assert measured.output == [1000, 2_000_000]
    assert [len(task.output) for task in made] == [1000, 2_000_000]


@pytest.mark.root
def test_a_medium_without_inodes(run_in, mounted):
    folder = mounted("size=10m,nr_inodes=12")
    for number in range(12):
        try:
            (folder / str(number)).touch()
        except OSError:
            break
    pipeline, _, measured = chain(1000)
    one_warning([text for text in run_in(folder / "s", pipeline) if "without a lock" not in text], "No space left")
    assert measured.output == [1000]


@pytest.mark.root
def test_a_read_only_medium(run_in, mounted):
    folder = mounted("size=10m")
    pipeline, _, _ = chain(1000)
    assert run_in(folder / "s", pipeline) == []
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
    pipeline, _, measured = chain(1000)
    assert run_in(folder / "s", pipeline) == []  # hits need no place to write
    assert measured.output == [1000]
    pipeline, made, measured = chain(1000, 2000)
    one_warning(run_in(folder / "s", pipeline), "Read-only")
    assert measured.output == [1000, 2000]
    assert [len(task.output) for task in made] == [1000, 2000]


def test_a_locked_database(run_in, tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/x.db", timeout=0.1)
    with store:
        store.save("T()/0", 1)
    with closing(sqlite3.connect(tmp_path / "x.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        pipeline, made, measured = chain(1000, 2000)
        one_warning(run_in(store, pipeline), "locked")
        assert measured.output == [1000, 2000]
        assert [len(task.output) for task in made] == [1000, 2000]
        other.execute("ROLLBACK")
    assert run_in(store, pipeline) == []  # and then it is made anew, and stored
    assert measured.output == [1000, 2000]
    assert store.missing([measured.key]) == set()


def test_a_store_that_vanishes_while_a_task_runs(run_in, tmp_path):
    pipeline, made, measured = chain(1000, spoil=str(tmp_path / "s"))
    warnings = run_in(open_store(tmp_path / "s"), pipeline)
    one_warning([text for text in warnings if "without a lock" not in text], "")
    assert measured.output == [1000]
    assert len(made[0].output) == 1000
    assert (tmp_path / "s").read_text() == "a file where the store was"


@pytest.fixture
def newer(tmp_path):
    """The URL of a database that a newer release has made."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as database:
        database.executescript("CREATE TABLE entries (x); CREATE TABLE more (x); PRAGMA user_version = 2")
    return f"sqlite:///{tmp_path}/x.db"


def test_a_newer_database(run_in, newer, tmp_path):
    content = (tmp_path / "x.db").read_bytes()
    pipeline, _, measured = chain(1000)
    one_warning(run_in(newer, pipeline), "newer release")
    assert measured.output == [1000]
    assert (tmp_path / "x.db").read_bytes() == content
    assert [path.name for path in tmp_path.glob("x.db*")] == ["x.db"]


def test_what_is_given_by_hand(run_in, newer):
    pipeline, made, measured = chain(1000)
    made[0].set_output(b"12")
    one_warning([text for text in run_in(newer, pipeline) if "without a lock" not in text], "")
    assert measured.output == [2]


def test_nothing_is_left_when_nobody_needs_it(tmp_path, newer, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    monkeypatch.setattr("tempfile.tempdir", None)
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("pyperunner_runner.execution.stand_in._IN_MEMORY", Path("/nonexistent"))
    pipeline, made, measured = chain(1000)
    Runner(newer, tmp_path / "logs", executor="inline").run(pipeline, raise_on_failure=True)
    assert measured.output == [1000]
    assert len(list((tmp_path / "tmp").iterdir())) == 1
    del pipeline, made, measured
    import gc

    gc.collect()
    assert list((tmp_path / "tmp").iterdir()) == []
