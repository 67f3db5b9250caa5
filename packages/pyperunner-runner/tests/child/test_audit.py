"""Files that a task reads without saying so."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pyperunner_dag import File, Folder, Pipeline, Task, UndeclaredInputError, run
from pyperunner_results import PipelineResult
from pyperunner_runner.child.audit import ReadAudit


class Read(Task):
    @run
    def run(self, folder):
        import wave  # noqa: F401 - a module is no input

        os.chdir(folder)
        with open("read.txt") as file:
            text = file.read()
        os.close(os.open("low.txt", os.O_RDONLY))
        Path("own.txt").write_text("mine")
        Path("own.txt").read_text()
        Path(".cache", "hidden.txt").read_text()
        return text


class ReadNothing(Task):
    @run
    def run(self, data):
        return len(data)


@pytest.fixture
def home(kit, monkeypatch):
    monkeypatch.setenv("HOME", str(kit.folder))
    (kit.folder / ".cache").mkdir()
    for name in ("read.txt", "low.txt", ".cache/hidden.txt"):
        (kit.folder / name).write_text("x")
    return kit.folder


def test_the_record_names_them(kit, home):
    task = Read(folder=str(home))
    nothing = ReadNothing()(task)
    runner = kit.runner()
    runner.run(Pipeline("p", [task]))
    results = PipelineResult.from_file(runner.run_folder)
    assert sorted(results.task(task.name).undeclared) == [str(home / "low.txt"), str(home / "read.txt")]
    assert not results.task(nothing.name).undeclared


def test_the_events_hold_them_too(kit, home):
    task = Read(folder=str(home))
    runner = kit.runner()
    runner.run(Pipeline("p", [task]))
    lines = Path(runner.run_folder, "events.jsonl").read_text().splitlines()
    (finished,) = [event for event in map(json.loads, lines) if event["kind"] == "task_finished"]
    assert len(finished["undeclared"]) == 2


class ReadBoth(Task):
    @run
    def run(self, data, folder, files=None):
        for name in ("read.txt", "low.txt"):
            Path(folder, name).read_text()
        return files


class Give(Task):
    @run
    def run(self, path):
        Path(path).write_text("made")
        return {"made": [File(path)]}


class ReadGiven(Task):
    @run
    def run(self, data, given=None):
        return [Path(item).read_text() for item in [*data[0]["made"], *([given] if given else [])]]


def undeclared(kit, task, **options):
    runner = kit.runner(**options)
    runner.run(Pipeline("p", [task]))
    found = PipelineResult.from_file(runner.run_folder).task(task.name).undeclared
    return task.status.name, sorted(Path(path).name for path in found or ())


@pytest.mark.parametrize(
    ("files", "left"),
    [
        (lambda home: None, ["low.txt", "read.txt"]),
        (lambda home: File(home / "read.txt"), ["low.txt"]),
        (lambda home: {"all": [File(home / "read.txt"), File(home / "low.txt")]}, []),
        (lambda home: Folder(home, "*.txt"), []),
        (lambda home: Folder(home, "r*.txt"), ["low.txt"]),
        (lambda home: File(home / "linked"), ["low.txt"]),
    ],
)
def test_what_is_declared_does_not_count(kit, home, files, left):
    (home / "linked").symlink_to("read.txt")
    assert undeclared(kit, ReadBoth(folder=str(home), files=files(home))) == ("SUCCESS", left)


def test_a_file_that_another_task_made_is_declared(kit, home):
    made = Give(path=str(home / "made.txt"))
    read = ReadGiven(given=str(home / "read.txt"))(made)
    assert undeclared(kit, read) == ("SUCCESS", ["read.txt"])
    assert undeclared(kit, made) == ("SKIPPED", [])


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_as_an_error_it_fails_the_task_and_nothing_is_stored(kit, home, method):
    task = ReadBoth(folder=str(home), files=File(home / "low.txt"))
    assert undeclared(kit, task, audit="error", start_method=method)[0] == "FAILURE"
    assert isinstance(task.result.exception, UndeclaredInputError)
    assert str(home / "read.txt") in str(task.result.exception)
    assert "low.txt" not in str(task.result.exception)
    assert not task.output_exists()


def test_it_can_be_off(kit, home):
    assert undeclared(kit, ReadBoth(folder=str(home)), audit="off") == ("SUCCESS", [])


def test_a_hook_is_installed_when_it_is_needed_and_once(monkeypatch):
    hooks = []
    monkeypatch.setattr("sys.addaudithook", hooks.append)
    audit = ReadAudit()
    assert hooks == []
    for _ in range(2):
        with audit:
            hooks[0]("open", (__file__ + ".txt", "r", os.O_RDONLY))
        assert list(audit._read) == [os.path.realpath(__file__ + ".txt")]
    assert len(hooks) == 1


def test_a_user_without_a_home_is_no_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)
    Path("own.txt").write_text("x")
    with ReadAudit() as audit:
        Path("own.txt").read_text()
    assert audit.found() == [str(tmp_path / "own.txt")]


def test_the_log_says_it(kit, home):
    runner = kit.runner()
    runner.run(Pipeline("p", [ReadBoth(folder=str(home), files=File(home / "low.txt"))]))
    (line,) = [line for line in Path(runner.run_folder, "pipeline.log").read_text().splitlines() if "declar" in line]
    assert line.split("\t")[1:2] == ["WARNING"]
    assert line.endswith(f"read without declaring it: {home / 'read.txt'}")


def test_other_modes_are_refused(kit):
    with pytest.raises(ValueError, match="audit is 'warn', 'error' or 'off', not 'on'"):
        kit.runner(audit="on")
