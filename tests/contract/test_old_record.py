"""The run folders and saved pipelines of 0.2.0 are read; its pipeline runs anew, for its keys have another format."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

import pyperunner_dag
from pyperunner import Pipeline, PipelineResult

linux = pytest.mark.skipif(sys.platform != "linux", reason="the store holds a File below /proc, which only Linux has")

AGAIN = """
import sys, json, make
from pyperunner import Runner

runner = Runner("data", "runs-again")
for rate in (0.5, 0.25):
    pipeline = make.flow(rate)
    runner.run(pipeline)
    dag = pipeline.dag()
    print(json.dumps({
        "executed": [task.name for task in runner.tasks_execute],
        "statuses": sorted({task.status.name for task in dag}),
        "keys": {task.name: task.hash() for task in dag},
        "files": sorted(task.output_filename() for task in dag),
    }))
"""


@linux
def test_the_pipeline_of_the_store_is_made_anew_once(old, project):
    """Every task runs under a key of its own, beside what 0.2.0 stored, and says why; then none does."""
    (old / "again.py").write_text(AGAIN)
    stored = entries(old)
    explained = project.command("explain", "make.py:flow", "--data-path", "data", "--log-path", "runs", cwd=old)
    assert explained.count("key format: 1 → 2") == 8
    for executed in (8, 0):
        runs = [json.loads(line) for line in project.python("again.py", cwd=old).splitlines()]
        assert len(runs[0]["executed"]) == executed
        recorded = [PipelineResult.from_file(folder / "pipeline.yaml") for folder in flow_runs(old)[:2]]
        for run, record in zip(runs, recorded, strict=True):
            old_keys = {name: record.task(name).key.rpartition("/")[2] for name in record}
            assert run["keys"].keys() == old_keys.keys()
            assert not {*run["keys"].values()} & {*old_keys.values()}
    assert stored.items() <= entries(old).items()


def entries(old):
    """Return the bytes of what is stored, but for the store's own notes, which are written anew when they are old."""
    return {str(path): path.read_bytes() for path in old.glob("data/*/*/*") if "%2Efiles" not in path.parts}


def flow_runs(old):
    """Return the run folders of the pipeline, the first one first."""
    return sorted(old.glob("runs/flow_*"), key=lambda path: (len(path.name), path.name))


@linux
def test_what_0_2_0_stored_can_be_accepted(old, project):
    """An output that took long may stand for the key of today."""
    script = """
import make
from pyperunner import Runner

runner = Runner("data", "runs-again")
runner.set_pipeline(make.flow())
for name in ("Load()", "Count(all)"):
    runner.accept(name)
runner.run(only="Count(all)")
print([task.name for task in runner.results().executed])
print(runner.pipeline.results()["Count(all)"])
"""
    (old / "again.py").write_text(script)
    out = project.python("again.py", cwd=old).splitlines()
    assert out[-2:] == ["[]", "{'rows': 4, 'more': (1, 2), 'env': '1', 3: None}"]


@linux
def test_a_record_is_read(old, make_at_home, same):
    """Names, outputs and facts of a run, with the store at another place than the record says."""
    for folder, rate in zip(flow_runs(old), (0.5, 0.25), strict=True):
        results = PipelineResult.from_file(folder / "pipeline.yaml", old / "data")
        assert results.name == "flow"
        assert results.state == "success"
        assert results["Load()"] == [["name", "n"], ["a", "1"], ["b", "2"], ["ä"]]
        assert results["Count(all)"] == {"rows": 4, "more": (1, 2), "env": "1", 3: None}
        assert results["Secretive()"] == "known"
        assert results["Found()"] == make_at_home.files()["file"]
        assert same(results["Array()"]["large"], np.arange(1000.0).reshape(-1, 10))
        model, shapes = results["After(last)"]
        assert same(model, make_at_home.Model([rate, 1, 4]))
        assert shapes[0] is make_at_home.Color.RED
        assert same(results["Shapes()"], shapes)
        task = results.task("Train(model)")
        assert (task.status, len(task.attempts), task.params["rate"]) == ("SUCCESS", 1, rate)
        assert task.wall > 0
        assert task.parts["code"]["root"] == "make.Train.run"
    results = PipelineResult.from_file(next(old.glob("runs/failing_*")) / "pipeline.yaml", old / "data")
    assert results.state == "failure"
    assert results.task("Fails()").error == "ScriptError: ('no luck', 7)"
    assert 'raise ScriptError("no luck", 7)' in results.task("Fails()").traceback
    assert results.task("After(failed)").status == "CANT_RUN"
    assert results.task("Count(all)").log_tail().endswith("counting 1")


@linux
def test_saved_pipelines_are_read(old, make):
    """A saved pipeline and the records of runs make the same tasks again; that hashes are not compared is said once."""
    saved = [old / "flow.yaml", *(folder / "pipeline.yaml" for folder in flow_runs(old))]
    for file, rate in zip(saved, (0.5, 0.5, 0.25), strict=True):
        with pytest.warns(UserWarning, match="hashes .* are not compared") as caught:
            pipeline = Pipeline.from_file(file, compare_hashes=True, modules=["make"])
        assert len(caught) == 1
        assert pipeline.to_dict() == make.flow(rate).to_dict()


def test_every_form_of_a_param_is_read(old, make, same):
    """Each form that a value has in YAML comes back exactly; what has none is refused by name."""
    with pytest.raises(pyperunner_dag.OpaqueValueError, match=r"Load\(opaque\).*table.*make\.Model"):
        Pipeline.from_file(old / "opaque.yaml")
    wanted = make.opaque().dag()["Load(plain)"]
    saved = yaml.safe_load((old / "opaque.yaml").read_text())
    conf = {**saved, "tasks": {name: each for name, each in saved["tasks"].items() if name != "Load(opaque)"}}
    with pytest.warns(UserWarning, match="hashes .* are not compared"):
        again = Pipeline.from_dict(conf, compare_hashes=True).dag()["Load(plain)"]
    assert same(again.params["text"], wanted.params["text"])
    assert [type(each) for each in again.params["table"]] == [type(each) for each in wanted.params["table"]]
    assert again.hash() == wanted.hash()


@linux
def test_the_command_reads_the_record(old, project):
    """`runs`, `results`, `diff`, `plan` and `report`."""
    first, second = map(str, flow_runs(old))
    listed = project.command("runs", "--log-path", "runs", cwd=old)
    assert listed.count("flow") >= 2
    assert "failing" in listed
    table = project.command("results", first, "--data-path", "data", cwd=old)
    assert "Train(model)" in table
    assert project.command("results", first, "Secretive()", "--data-path", "data", cwd=old) == "known"
    assert "param rate: 0.5 → 0.25" in project.command("diff", first, second, cwd=old)
    project.command("report", first, cwd=old)
    assert "Train(model)" in (Path(first) / "report.html").read_text()
    plan = project.command("plan", "make.py:flow", "--data-path", "data", "--log-path", "runs", cwd=old)
    assert plan.endswith("8 of 8 tasks to execute")
