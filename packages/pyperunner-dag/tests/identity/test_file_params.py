"""Files and folders as params: they count by content, are read when a plan is made, and are checked before a run."""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass

import pytest
import yaml

from pyperunner_dag import (
    DAG,
    File,
    FileParamError,
    Folder,
    Pipeline,
    Task,
    UnhashableParamError,
    detect_changes,
    files_of,
    refresh_hashes,
    run,
)


class Load(Task):
    @run
    def run(self, data, source, more=None):
        with open(source) as file:
            return file.read()


@dataclass
class Settings:
    table: File


@pytest.fixture
def csv(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv").write_text("1")
    return tmp_path / "a.csv"


def test_it_counts_by_content_not_by_place(csv):
    first = Load(source=File("a.csv"))
    (csv.parent / "b.csv").write_text("1")
    assert Load(source=File(csv.parent / "b.csv")).hash() == first.hash()
    (csv.parent / "c.csv").write_text("2")
    assert len({Load(source=item).hash() for item in (File("a.csv"), File("c.csv"), "a.csv", Folder("."))}) == 4
    assert first.execute([], {}) == "1"


@pytest.mark.parametrize(
    "nest",
    [
        lambda file: [1, file],
        lambda file: {"a": ({"b": file},)},
        lambda file: {file},
        lambda file: {file: 1},
        Settings,
        lambda file: [Load("other", source=1), file],
        lambda file: {"x": Load("other", source=1), "y": {"z": [file]}},
    ],
)
def test_it_may_stand_anywhere_in_a_param(csv, nest):
    task = Load(source=nest(File("a.csv")))
    before = task.hash()
    assert files_of(task) == [File("a.csv")]
    csv.write_text("2")
    assert task.key.endswith(before)  # until somebody asks
    assert task.hash() != before
    assert not task.key.endswith(before)
    csv.write_text("1")
    refresh_hashes(DAG([task]))
    assert (task.hash(), files_of(task)) == (before, [File("a.csv")])


def test_a_plan_reads_afresh_and_descendants_follow(csv):
    top = Load(source=File("a.csv"))
    below = Load("below", source=1)(top)
    dag = DAG([top])
    before = [task.hash() for task in dag]
    refresh_hashes(dag)
    assert [task.hash() for task in dag] == before
    csv.write_text("2")
    refresh_hashes(dag)
    assert top.hash() != before[0]
    assert below.hash() != before[1]


def test_a_task_can_be_made_before_its_file(csv):
    csv.unlink()
    task = Load("x", source={"in": [File("a.csv")]})
    with pytest.raises(FileParamError) as caught:
        task.hash()
    assert str(caught.value) == (
        f"task Load (tag 'x'): param source['in'][0]: File a.csv: there is no such file; make {csv} or correct the path"
    )
    csv.write_text("1")
    assert task.hash() == Load("x", source={"in": [File("a.csv")]}).hash()
    csv.unlink()
    with pytest.raises(FileParamError):
        refresh_hashes(DAG([task]))
    csv.write_text("1")
    refresh_hashes(DAG([task]))


@pytest.mark.parametrize(
    ("item", "message"),
    [
        (lambda: File("."), r"param source: File \.: it is a folder; write Folder\(…\)"),
        (lambda: Folder("a.csv"), r"param source: Folder a\.csv: it is no folder; write File\(…\)"),
        (lambda: Folder("none"), "there is no such folder; make .*none or correct"),
        (lambda: File("a\0b"), "null"),
    ],
)
def test_what_cannot_be_read_names_task_param_and_path(csv, item, message):
    with pytest.raises(FileParamError, match=message):
        Load(source=item()).hash()


def test_other_values_are_tried_when_the_task_is_made(csv):
    with pytest.raises(UnhashableParamError, match=r"source\[1\]"):
        Load(source=[File("a.csv"), (x for x in "")])
    with pytest.raises(UnhashableParamError):
        Load(source=[Load("other", source=1), [File("a.csv"), (x for x in "")]])


def test_the_parts_of_the_key_name_files(csv):
    task = Load(source=[File("a.csv")], more=[Load("other", source=1), File(csv)])
    parts = task.key_parts()
    assert parts["files"] == {
        "source": {"File a.csv": File(csv).digest()},
        "more[1]": {f"File {csv}": File(csv).digest()},
    }
    assert "files" not in Load(source=1).key_parts()
    csv.write_text("2")
    assert task.key_parts() == parts


def test_a_saved_pipeline_keeps_paths_as_they_were_given(csv, tmp_path):
    made = Pipeline("p", [Load(source=File("a.csv"), more={"all": Folder("sub", glob="*.csv"), "odd": File("\udcff")})])
    (tmp_path / "sub").mkdir()
    (tmp_path / os.fsdecode(b"\xff")).write_text("")
    made.to_file("flow.yaml")
    saved = yaml.safe_load((tmp_path / "flow.yaml").read_text())
    (entry,) = saved["tasks"].values()
    assert entry["params"]["source"] == {"$file": "a.csv"}
    assert entry["params"]["more"]["all"] == {"$folder": {"path": "sub", "glob": "*.csv"}}
    again = Pipeline.from_file("flow.yaml", compare_hashes=True)
    (task,) = again.dag()
    assert (task.params["source"].path, task.params["more"]["all"]) == ("a.csv", Folder("sub", glob="*.csv"))
    assert task.params["more"]["odd"] == File("\udcff")
    csv.write_text("2")
    with pytest.raises(ValueError, match=r"File a\.csv changed"):
        Pipeline.from_file("flow.yaml", compare_hashes=True)


def test_a_detached_task_keeps_what_it_knows_of_its_files(csv):
    alone = pickle.loads(pickle.dumps(Load(source=File("a.csv")).detached()))
    assert files_of(alone) == [File("a.csv")]
    with detect_changes(alone) as detector:
        detector.check()
