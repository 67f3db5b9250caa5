"""Files in real runs: as params, as outputs, and what changes while tasks run."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyperunner_dag import ChangedDuringRunError, File, FileParamError, Folder, Pipeline, Task, run
from pyperunner_results import PipelineResult
from pyperunner_runner.child.job import execute_job
from pyperunner_runner.ports import Job

EXECUTORS = [
    {"executor": "inline"},
    {"executor": "pool"},
    {"start_method": "fork"},
    pytest.param({"start_method": "spawn"}, marks=pytest.mark.long),
]


class Read(Task):
    @run
    def run(self, data, source, trace=""):
        if trace:
            with open(trace, "a") as file:
                file.write(f"{self.tag}\n")
        with open(source) as file:
            return file.read()


class Write(Task):
    @run
    def run(self, data, path, text="made", trace=""):
        with open(trace, "a") as file:
            file.write(f"{self.tag}\n")
        Path(path).write_text(text)
        return {"model": [File(path)], "n": 1}


class Use(Task):
    @run
    def run(self, data, trace="", wanted=None):
        with open(trace, "a") as file:
            file.write(f"{self.tag}\n")
        with open(data[0]["model"][0]) as file:
            return file.read()


@pytest.fixture
def csv(kit, monkeypatch):
    monkeypatch.chdir(kit.folder)
    path = kit.folder / "data.csv"
    path.write_text("1")
    return path


def reasons(runner, pipeline):
    runner.set_pipeline(pipeline)
    runner.queue_tasks()
    return {name: decision.reason for name, decision in runner.plan.items() if decision.action == "run"}


@pytest.mark.parametrize("options", EXECUTORS, ids=str)
def test_a_file_runs_its_task_again_when_it_changes(kit, csv, options):
    task = Read("x", source=File("data.csv"), trace=kit.trace)
    pipeline = Pipeline("p", [task])
    for content, ran in (("1", ["x"]), ("1", []), ("2", ["x"]), ("1", [])):
        csv.write_text(content)
        kit.runner(**options).run(pipeline)
        assert kit.executed() == ran
        assert task.output == content


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (
            lambda: File("gone.csv"),
            r"Read \(tag 'x'\): param source: File gone\.csv: there is no such file; make .*gone\.csv",
        ),
        (lambda: File("."), "it is a folder"),
        (lambda: Folder("data.csv"), "it is no folder"),
    ],
)
def test_what_is_not_there_is_said_before_anything_starts(kit, csv, item, message):
    first = kit.task("first")
    with pytest.raises(FileParamError, match=message):
        kit.runner().run(Pipeline("p", [first, Read("x", source=item())]))
    assert kit.executed() == []
    assert not kit.log_path.exists() or not list(kit.log_path.iterdir())


@pytest.mark.parametrize("options", EXECUTORS, ids=str)
@pytest.mark.parametrize("nest", [lambda file: file, lambda file: {"all": [file]}], ids=["itself", "in a list"])
def test_a_file_that_changes_while_its_task_runs(kit, csv, options, nest):
    bad = Alter("x", source=nest(File("data.csv")), path=str(csv))
    after, other = kit.task("after", bad), kit.task("other")
    runner = kit.runner(**options)
    runner.run(Pipeline("p", [bad, other]))
    assert (bad.status.name, after.status.name, other.status.name) == ("FAILURE", "CANT_RUN", "SUCCESS")
    assert isinstance(bad.result.exception, ChangedDuringRunError)
    assert "changed during the run: File data.csv changed" in str(bad.result.exception)
    assert not bad.output_exists()
    assert "changed during the run" in Path(runner.run_folder, "exception.log").read_text()


class Alter(Task):
    @run
    def run(self, data, source, path):
        Path(path).write_text("2")
        return 1


class Spoil(Task):
    @run
    def run(self, data):
        Path(data[0]["model"][0]).write_text("spoilt")
        return 1


@pytest.mark.parametrize("url", ["", "sqlite:///{}/store.db"])
def test_a_file_of_another_task_that_changes_while_its_reader_runs(kit, csv, url):
    kit.data_path = url.format(kit.folder) or kit.data_path
    make = Write("make", path="model.bin", trace=kit.trace)
    bad = Spoil()(make)
    kit.runner().run(Pipeline("p", [make]))
    assert (make.status.name, bad.status.name) == ("SUCCESS", "FAILURE")
    assert bad.result.exception.changes == ("File model.bin changed",)


def test_a_touched_file_is_no_change(kit, csv):
    touch = Touch(source=File("data.csv"))
    kit.runner().run(Pipeline("p", [touch]))
    assert touch.status.name == "SUCCESS"


class Touch(Task):
    @run
    def run(self, source):
        os.utime(source)
        os.chdir("/")
        return 1


LATE = """
import sys, time
from pathlib import Path
from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner

@task("Late")
def late():
    Path("begun").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    import features
    return features.scale()

if __name__ == "__main__":
    made = late()
    how = sys.argv[1]
    runner = Runner("data", "logs", **({"executor": how} if how == "pool" else {"start_method": how}))
    runner.run(Pipeline("p", [made]))
    print(made.status.name, made.result.output, made.result.exception)
"""


@pytest.mark.parametrize("method", ["fork", pytest.param("spawn", marks=pytest.mark.long), "pool"])
@pytest.mark.parametrize("edited", [False, True])
def test_a_module_that_is_imported_late(tmp_path, method, edited):
    (tmp_path / "flow.py").write_text(LATE)
    (tmp_path / "features.py").write_text("def scale():\n    return 1\n")
    running = subprocess.Popen(
        [sys.executable, "flow.py", method], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_for(tmp_path / "begun")
    if edited:
        (tmp_path / "features.py").write_text("def scale():\n    return 2\n")
    (tmp_path / "flow.py").write_text(LATE + "# it is loaded already\n")
    (tmp_path / "go").touch()
    printed = running.communicate(timeout=60)[0]
    if edited:
        assert "\nFAILURE None task Late (no tag): changed during the run: " in printed, printed
        assert "features.py changed before it was imported" in printed
    else:
        assert printed == "SUCCESS 1 None\n"


FLOW = """
import time
from pathlib import Path
import features
from pyperunner_dag import Pipeline, task

@task("First")
def first():
    Path("begun").touch()
    while not Path("go").exists():
        time.sleep(0.01)
    return features.scale()

@task("Second")
def second(data):
    return features.scale()

a = first()
b = second()(a)
pipeline = Pipeline("p", [a])
"""
MAIN = """
import sys
from flow import a, b, pipeline
from pyperunner_runner import Runner

if __name__ == "__main__":
    Runner("data", "logs", start_method=sys.argv[1]).run(pipeline)
    print(a.status.name, b.status.name, b.output)
"""


@pytest.mark.parametrize(("method", "end"), [("fork", "SUCCESS 1"), ("forkserver", "SUCCESS 1")])
def test_a_module_that_is_edited_between_two_tasks(tmp_path, method, end):
    (tmp_path / "main.py").write_text(MAIN)
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "features.py").write_text("def scale():\n    return 1\n")
    running = subprocess.Popen(
        [sys.executable, "main.py", method], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    wait_for(tmp_path / "begun")
    (tmp_path / "features.py").write_text("def scale():\n    return 2\n")
    (tmp_path / "go").touch()
    # What was loaded runs on; a fresh interpreter would load the new text.
    assert running.communicate(timeout=60)[0] == f"SUCCESS {end}\n"


def wait_for(path):
    end = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def trained(kit, csv):
    """A pipeline ``make -> use`` in which the first returns a file, after its first run; with its runner."""
    make = Write("make", path="model.bin", trace=kit.trace)
    use = Use("use", trace=kit.trace)(make)
    pipeline = Pipeline("p", [make])
    kit.runner().run(pipeline)
    assert (kit.executed(), use.output) == (["make", "use"], "made")
    return pipeline


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda path: path.unlink(), "File model.bin is gone"),
        (lambda path: path.write_text("else"), "File model.bin changed"),
        (lambda path: path.write_text("edam"), "File model.bin changed"),
    ],
)
def test_a_returned_file_that_changed_is_made_again(kit, trained, change, reason):
    kit.runner().run(trained)
    assert kit.executed() == []
    change(kit.folder / "model.bin")
    assert reasons(kit.runner(), trained) == {"Write(make)": reason, "Use(use)": "upstream Write(make) runs"}
    runner = kit.runner()
    runner.set_pipeline(trained)
    assert runner.explain()["Write(make)"].reasons == (reason,)
    runner.run(trained)
    assert kit.executed() == ["make", "use"]
    assert PipelineResult.from_file(runner.run_folder).task("Write(make)").reason == reason
    assert (kit.folder / "model.bin").read_text() == "made"
    kit.runner().run(trained)
    assert kit.executed() == []


class Seven(Task):
    @run
    def run(self, n):
        return 7


class Save(Task):
    @run
    def run(self, data, path):
        Path(path).write_text(str(data[0]))
        return File(path)


def test_early_cutoff_looks_at_the_files_of_what_it_would_take(kit, csv):
    path = kit.folder / "seven.txt"
    executed = []
    for n in (1, 2, 3):
        seven = Seven(n=n)
        Save(path="seven.txt")(seven)
        runner = kit.runner(early_cutoff=True)
        runner.run(Pipeline("p", [seven]))
        executed.append(PipelineResult.from_file(runner.run_folder).task("Save()").executed)
        assert path.read_text() == "7"
        if n == 2:
            path.unlink()
    assert executed == [True, False, True]


def test_results_say_which_file_is_gone(kit, csv):
    make = Write("make", path="model.bin", trace=kit.trace)
    runner = kit.runner()
    runner.run(Pipeline("p", [make]))
    (kit.folder / "model.bin").unlink()
    with pytest.raises(KeyError, match=r"File model\.bin is gone. To make it again"):
        PipelineResult.from_file(runner.run_folder)["Write(make)"]


def test_an_entry_stands_for_running_only_while_its_file_does(kit, csv):
    make = Write("make", path="model.bin", trace=kit.trace)
    make.set_data_path(kit.data_path)
    job = Job(make.name, reuse=True)
    outcomes = [execute_job(job, make, make.store).kind for _ in range(2)]
    (kit.folder / "model.bin").write_text("else")
    outcomes += [execute_job(job, make, make.store).kind for _ in range(2)]
    assert outcomes == ["stored", "hit", "stored", "hit"]


def test_a_returned_file_that_goes_while_the_run_goes_on_is_made_again(kit, csv):
    make = Write("make", path="model.bin", trace=kit.trace)
    kit.runner().run(Pipeline("p", [make]))
    gone = Remove("gone", path=str(kit.folder / "model.bin"))
    use = Use("use", trace=kit.trace, wanted=gone)(make)
    kit.executed()
    kit.runner().run(Pipeline("p", [make, gone]))
    assert (kit.executed(), use.output) == (["make", "use"], "made")


class Remove(Task):
    @run
    def run(self, path):
        Path(path).unlink()
        return 1


def test_a_returned_file_that_was_never_made(kit, csv):
    bad = Promise(path="nowhere.bin")
    kit.runner().run(Pipeline("p", [bad]))
    assert bad.status.name == "FAILURE"
    assert "nowhere.bin: there is no such file" in str(bad.result.exception)


class Promise(Task):
    @run
    def run(self, path):
        return [File(path)]


def test_nothing_of_a_file_but_its_path_and_digest_is_kept(kit, csv):
    csv.write_text("secret content of the file")
    task = Read("x", source=File("data.csv"))
    returned = Promise("y", path="data.csv")
    runner = kit.runner(report=True)
    runner.run(Pipeline("p", [task, returned]))
    kept = [path for path in kit.data_path.rglob("*.gz") if "Promise" in str(path)]
    files = [*kept, *(path for path in kit.log_path.rglob("*") if path.is_file())]
    for path in files:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        assert b"secret content" not in content
