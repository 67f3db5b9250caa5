from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from pyperunner_results import (
    NotARun,
    OutputMissing,
    PipelineResult,
    StoreUnavailable,
    TaskUnsuccessful,
    UnknownTask,
    YamlError,
)


@pytest.fixture
def conf(make_conf):
    return make_conf({"Load(csv)": ({"n": 1}, []), "Train()": ({}, ["Load(csv)"])})


@pytest.fixture
def reader(json_folder, tmp_path, conf):
    made = json_folder(tmp_path / "data")
    for name, task in conf["tasks"].items():
        made.save(f"{name}/{task['hash']}", f"output of {name}")
    return made


def test_it_is_a_mapping_from_names_to_outputs(conf, reader):
    results = PipelineResult(conf, reader)
    assert list(results) == ["Load(csv)", "Train()"]
    assert len(results) == 2
    assert results["Train()"] == "output of Train()"
    assert dict(results) == {name: f"output of {name}" for name in results}
    assert "Train()" in results
    assert "Tran()" not in results
    assert results.get("Tran()", 1) == 1
    assert results.name == "demo"


def test_asking_whether_a_task_is_there_reads_no_output(conf):
    results = PipelineResult(conf, "/no/such/store")
    assert "Train()" in results
    assert results == results
    assert results != PipelineResult(conf, "/no/such/store")
    assert len({results}) == 1


def test_content_that_is_given_as_a_function_is_read_once_when_it_is_needed(conf, reader):
    calls = []
    results = PipelineResult(lambda: calls.append(1) or conf, reader)
    assert not calls
    assert results["Train()"] == "output of Train()"
    assert (results.name, results.conf, calls) == ("demo", conf, [1])


def test_an_unknown_name_suggests_near_ones(conf, reader):
    with pytest.raises(KeyError, match=r"no task 'Lod\(csv\)'. Did you mean 'Load\(csv\)'"):
        PipelineResult(conf, reader)["Lod(csv)"]
    with pytest.raises(UnknownTask):
        PipelineResult(conf, reader).task("x")


def test_an_output_that_is_gone_says_how_to_make_it_again(folder, conf, json_folder, tmp_path):
    folder.write_pipeline(conf)
    results = PipelineResult.from_file(folder.pipeline_file, json_folder(tmp_path / "empty"))
    with pytest.raises(OutputMissing, match=r"pyperunner run .*demo_"):
        results["Train()"]
    with pytest.raises(KeyError, match="run the pipeline again"):
        PipelineResult(conf, json_folder(tmp_path / "empty"))["Train()"]


def test_the_recorded_store_is_the_default(conf):
    results = PipelineResult(conf)
    assert results.data_path == conf["run"]["data_path"]
    with pytest.raises(StoreUnavailable, match="set_data_path"):
        results["Train()"]


def test_a_record_without_a_run_needs_a_store(conf):
    del conf["run"]
    with pytest.raises(StoreUnavailable, match="names no store"):
        PipelineResult(conf)["Train()"]


def test_a_moved_store_is_found_again(conf, reader, json_folder, tmp_path):
    results = PipelineResult(conf, reader)
    shutil.move(tmp_path / "data", tmp_path / "moved")
    with pytest.raises(OutputMissing):
        results["Train()"]
    results.set_data_path(json_folder(tmp_path / "moved"))
    assert results["Train()"] == "output of Train()"


def test_a_credential_is_never_shown(conf):
    results = PipelineResult(conf, "nosuch://user:geheim@host")
    assert "geheim" not in results.data_path
    with pytest.raises(StoreUnavailable) as caught:
        results["Train()"]
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize("whole_folder", [True, False])
def test_it_reads_a_run_folder_and_its_file(folder, conf, reader, whole_folder):
    folder.write_pipeline(conf)
    results = PipelineResult.from_file(folder.path if whole_folder else folder.pipeline_file, reader)
    assert results.run_folder == folder.path
    assert results.conf == conf
    assert results["Load(csv)"] == "output of Load(csv)"


def test_a_lone_file_is_enough(folder, conf, reader, tmp_path):
    folder.write_pipeline(conf)
    copy = shutil.copy(folder.pipeline_file, tmp_path / "copy.yaml")
    results = PipelineResult.from_file(copy, reader)
    assert results.run_folder is None
    assert results.task("Train()").status is None
    assert results["Train()"] == "output of Train()"


def test_reading_imports_no_module_that_a_file_names(folder, conf, reader, tmp_path, monkeypatch):
    (tmp_path / "evil_flow.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for task in conf["tasks"].values():
        task["module"] = "evil_flow"
    folder.write_pipeline(conf)
    results = PipelineResult.from_file(folder.path, reader)
    assert dict(results)
    assert "evil_flow" not in sys.modules


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "tasks: 3\n",
        "pipeline: {name: x}\n",
        "tasks: {a: {}}\n",
        "tasks: {1: {hash: x}}\n",
        "tasks: {a: {hash: 1}}\n",
    ],
)
def test_a_file_that_is_no_pipeline_is_refused(tmp_path, content):
    (tmp_path / "pipeline.yaml").write_text(content)
    with pytest.raises(NotARun, match=r"tasks|hash"):
        PipelineResult.from_file(tmp_path / "pipeline.yaml")


def test_a_missing_a_newer_and_a_hostile_file_are_refused(folder, tmp_path):
    with pytest.raises(NotARun, match="No such file"):
        PipelineResult.from_file(tmp_path / "none.yaml")
    with pytest.raises(NotARun, match=r"holds no pipeline\.yaml\.$"):
        PipelineResult.from_file(tmp_path)
    Path(folder.pipeline_file).write_text("tasks: !!python/object/apply:os.system [x]\n")
    with pytest.raises(YamlError, match=r"line 1: the tag .*os\.system is not allowed\.$"):
        PipelineResult.from_file(folder.path)
    Path(folder.path, "summary.json").write_text('{"schema": 999}')
    with pytest.raises(NotARun, match="upgrade"):
        PipelineResult.from_file(folder.path)


def test_a_folder_of_runs_is_no_run_and_the_error_names_one(folder, conf):
    folder.write_pipeline(conf)
    with pytest.raises(NotARun, match=f"such as {folder.path!r}"):
        PipelineResult.from_file(Path(folder.path).parent)


def test_the_error_of_an_output_says_that_its_task_failed(folder, conf, json_folder, tmp_path):
    folder.write_pipeline(conf)
    folder.event("task_finished", task="Load(csv)", attempt=1, status="FAILURE", error="ValueError: bad")
    folder.event("task_finished", task="Train()", attempt=0, status="CANT_RUN", reason="upstream Load(csv) failed")
    results = PipelineResult.from_file(folder.path, json_folder(tmp_path / "empty"))
    with pytest.raises(OutputMissing, match=r"the task failed \(ValueError: bad\)\. To make it again, run: pyperunner"):
        results["Load(csv)"]
    with pytest.raises(TaskUnsuccessful, match=r"the task could not run \(upstream Load\(csv\) failed\)"):
        results["Train()"]


def test_a_failed_task_has_no_output_although_another_run_has_stored_one(folder, conf, reader):
    folder.write_pipeline(conf)
    assert PipelineResult.from_file(folder.path, reader)["Load(csv)"]
    folder.event("task_finished", task="Load(csv)", attempt=1, status="FAILURE", error="ValueError: bad")
    with pytest.raises(KeyError, match=r"Task 'Load\(csv\)' has no output in this run: the task failed"):
        PipelineResult.from_file(folder.path, reader)["Load(csv)"]


class Unusable(KeyError):
    absent = False
    reason = "its class is gone"


class StoreOfUnusable:
    def missing(self, keys):
        return set()

    def load(self, key):
        raise Unusable(key)


def test_the_error_of_an_entry_that_no_run_replaces_says_how_to_remove_it(folder, conf):
    folder.write_pipeline(conf)
    results = PipelineResult.from_file(folder.path, StoreOfUnusable())
    with pytest.raises(OutputMissing, match=r"its class is gone.* first run: pyperunner invalidate .* 'Load\(csv\)'\."):
        results["Load(csv)"]


def test_the_record_is_read_again_when_it_has_grown(folder, conf, reader):
    folder.write_pipeline(conf)
    results = PipelineResult.from_file(folder.path, reader)
    assert results.task("Train()").status is None
    folder.event("task_started", task="Train()", attempt=1)
    assert results.task("Train()").status == "RUNNING"
    record = results.record
    assert results.record is record
    folder.event("task_finished", task="Train()", attempt=1, status="SUCCESS")
    folder.finish()
    assert (results.task("Train()").status, results.record.state) == ("SUCCESS", "success")


def test_a_relative_folder_is_remembered_absolutely(folder, conf, reader, tmp_path, monkeypatch):
    folder.write_pipeline(conf)
    monkeypatch.chdir(folder.path)
    results = PipelineResult.from_file("pipeline.yaml", reader)
    monkeypatch.chdir(tmp_path)
    assert Path(results.run_folder).samefile(folder.path)
    assert results.task("Train()").status is None
