from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pyperunner_results import NotARun, RunFolder, runs

NOON = datetime(2024, 5, 1, 12)


@pytest.fixture
def record(tmp_path, make_conf):
    """Writes a run that starts some minutes after noon."""

    def write(minute, params=None, pipeline="demo", finish=True, status="SUCCESS", env=None):
        folder = RunFolder.create(tmp_path / "log", pipeline, now=NOON + timedelta(minutes=minute))
        folder.write_pipeline(make_conf({"A()": (params or {}, [])}, pipeline, env))
        folder.event("task_finished", task="A()", attempt=1, status=status)
        if finish:
            folder.finish({"end": (NOON + timedelta(minutes=minute, seconds=5)).timestamp()})
        folder.close()
        return folder

    return write


def test_runs_are_listed_the_oldest_first(record, tmp_path):
    env = {"repositories": [{"url": None, "commit": "abc", "dirty": True}]}
    later, earlier = record(2, status="FAILURE", env=env), record(1)
    first, second = runs(tmp_path / "log")
    assert (first.folder, second.folder) == (earlier.path, later.path)
    assert (second.name, second.pipeline, second.state) == (later.name, "demo", "failure")
    assert (second.start, second.length) == ((NOON + timedelta(minutes=2)).timestamp(), 5.0)
    assert (second.tasks, second.total) == ({"FAILURE": 1}, 1)
    assert (second.commit, second.dirty) == ("abc", True)
    assert (first.state, first.commit) == ("success", None)


def test_params_are_compared_with_the_same_pipelines_run_before(record, tmp_path):
    record(1, {"n": 1, "old": "x"})
    record(2, {"n": 9}, pipeline="other")
    record(3, {"n": 2, "new": [1]})
    record(4, {"n": 2, "new": [1]})
    changed = [dict(run.changed) for run in runs(tmp_path / "log")]
    assert changed == [{}, {}, {"A().n": ("1", "2"), "A().old": ('"x"', None), "A().new": (None, "[1]")}, {}]
    assert len(runs(tmp_path / "log", pipeline="other")) == 1


def test_a_difference_beyond_what_is_kept_is_still_told(record, tmp_path):
    many = {f"p{number:03}": 0 for number in range(300)}
    record(1, many)
    record(2, {**many, "p299": 1})
    second = runs(tmp_path / "log")[1]
    assert (second.changed, second.changed_unseen) == ({}, True)


def test_no_folder_makes_it_fail(record, tmp_path):
    log = tmp_path / "log"
    finished = record(1)
    going_on = record(2, finish=False)
    killed = record(3, finish=False)
    summary = json.loads(Path(killed.path, "summary.json").read_text())
    summary["process"]["started"] = 1
    Path(killed.path, "summary.json").write_text(json.dumps(summary))
    (log / "no-run").mkdir()
    (log / "a-file").touch()
    (log / ".hidden").mkdir()
    broken = {
        "empty": "",
        "cut": '{"schema": 1, "pipe',
        "newer": '{"schema": 7}',
        "lost": '{"schema": 1}',
        "binary": "\x00",
    }
    for name, text in broken.items():
        (log / name).mkdir()
        (log / name / "summary.json").write_text(text)
    (log / "odd").mkdir()
    (log / "odd" / "summary.json").write_text(
        '{"schema": 1, "state": "success", "start": "x", "tasks": [], "git": 3, "params": 1, "params_digest": 2,'
        ' "total": "y", "pipeline": [], "process": 5}'
    )
    states = {run.name: run.state for run in runs(log)}
    assert states == {
        **dict.fromkeys([*broken, "no-run"], "broken"), "odd": "success",
        going_on.name: "running", killed.name: "interrupted", finished.name: "success",
    }  # fmt: skip
    problems = {run.name: run.problem for run in runs(log)}
    assert "no summary.json" in problems["no-run"]
    assert "upgrade" in problems["newer"]


def test_a_missing_log_path_is_an_error(tmp_path):
    with pytest.raises(NotARun, match="No such file"):
        runs(tmp_path / "none")
    assert runs(tmp_path) == []
