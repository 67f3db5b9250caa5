"""The saved form: its sections, and the file."""

from __future__ import annotations

import os

import pytest
import yaml

from pyperunner_dag import Pipeline, PipelineError, Task, run, task
from pyperunner_keys import KEY_FORMAT


class Step(Task):
    @run
    def run(self, data, n=0, m=None):
        return n


@task("Load")
def load(path="x"):
    return path


def test_the_sections():
    a = load("a", path=("p", 1))
    b = Step("b", n=2)([a, a])
    saved = Pipeline("flow", [a]).to_dict()
    assert saved == {
        "pipeline": {"name": "flow"},
        "key_format": KEY_FORMAT,
        "tasks": {
            "Load(a)": {
                "name": "Load",
                "module": __name__,
                "tag": "a",
                "params": {"path": {"$tuple": ["p", 1]}},
                "hash": a.hash(),
                "parents": [],
            },
            "Step(b)": {
                "name": "Step",
                "module": __name__,
                "tag": "b",
                "params": {"n": 2},
                "hash": b.hash(),
                "parents": ["Load(a)", "Load(a)"],
            },
        },
        "keys": {
            "Load(a)": {name: a.key_parts()[name] for name in ("params", "values")} | {"code": a.fingerprint().digest},
            "Step(b)": {name: b.key_parts()[name] for name in ("params", "values")} | {"code": b.fingerprint().digest},
        },
        "code": {task.fingerprint().digest: task.fingerprint().parts for task in (a, b)},
    }
    assert list(saved) == ["pipeline", "key_format", "tasks", "keys", "code"]
    assert list(saved["tasks"]["Load(a)"]) == ["name", "module", "tag", "params", "hash", "parents"]


def test_named_inputs_keep_their_nesting():
    a, b = load("a"), load("b")
    c = Step("c", n=a, m=[a, (b, 2), {"k": b, "v": {"x": (1,)}}, {3: a}, {"$k": a}])(b)
    saved = Pipeline("flow", [c]).to_dict()["tasks"]["Step(c)"]
    assert (saved["params"], saved["parents"]) == ({}, ["Load(b)"])
    assert saved["inputs"] == {
        "n": "Load(a)",
        "m": [
            "Load(a)",
            {"$tuple": ["Load(b)", {"$value": 2}]},
            {"k": "Load(b)", "v": {"$value": {"x": {"$tuple": [1]}}}},
            {"$dict": [[3, "Load(a)"]]},
            {"$dict": [["$k", "Load(a)"]]},
        ],
    }


def test_the_file_is_plain_yaml(tmp_path):
    a = load("ä: \n#", path={"x": {1, 2}})
    pipeline = Pipeline("flow", [Step()(a)])
    pipeline.to_file(tmp_path / "p.yaml")
    text = (tmp_path / "p.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text) == pipeline.to_dict()
    assert "!!" not in text
    assert "&" not in text
    assert os.listdir(tmp_path) == ["p.yaml"]


def test_a_pipeline_that_cannot_be_saved_leaves_no_file(tmp_path):
    with pytest.raises(PipelineError):
        Pipeline("flow", [load("a"), load("a")]).to_file(tmp_path / "p.yaml")
    assert not list(tmp_path.iterdir())


def test_a_script_is_recorded_under_the_name_it_is_imported_by(in_new_process, tmp_path):
    (tmp_path / "flow_record.py").write_text(
        "from pyperunner_dag import Pipeline, task\n"
        "@task('Job')\n"
        "def job(n=1):\n    return n\n"
        "if __name__ == '__main__':\n"
        "    Pipeline('p', [job()]).to_file('p.yaml')\n"
        "    again = Pipeline.from_file('p.yaml', modules=['flow_record'])\n"
        "    print(type(again.dag()['Job()']) is job)\n"
    )
    assert in_new_process(None, "flow_record.py").split() == ["True"]
    saved = yaml.safe_load((tmp_path / "p.yaml").read_text())
    assert saved["tasks"]["Job()"]["module"] == "flow_record"
    script = "from pyperunner_dag import Pipeline\nprint(Pipeline.from_file('p.yaml').dag()['Job()'].hash())"
    assert in_new_process(script).strip() == saved["tasks"]["Job()"]["hash"]


def test_what_is_made_lazily_is_the_same_and_not_kept():
    a = load("a")
    pipeline = Pipeline("flow", [a])
    Step("b", n=2)(a)
    saved, lazily = pipeline.to_dict(), pipeline.to_dict(lazily=True)
    for section in ("tasks", "keys"):
        assert type(saved[section]) is dict
        assert dict(lazily[section]) == saved[section]
        assert len(lazily[section]) == 2
        assert lazily[section]["Load(a)"] is not lazily[section]["Load(a)"]
