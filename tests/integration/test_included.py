"""Included pipelines in runs: what they share, selection, results, explanation, drawings, the command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pyperunner import Pipeline, PipelineResult, Runner, Task, task

PROBE = []


@task("Load")
def load(n):
    PROBE.append(f"Load {n}")
    return list(range(n))


@task("Clean")
def clean(row):
    PROBE.append(f"Clean {row}")
    return row * 2


@task("Fit")
def fit(rows):
    PROBE.append("Fit")
    return sum(rows)


@task("Report")
def report(scores):
    PROBE.append("Report")
    return scores


def fitted(n=2):
    return Pipeline("fitted", [fit(rows=clean.map(row=load(n=n)))])


def world():
    found = Pipeline("world")
    eu, us = found.include(fitted(), prefix="eu"), found.include(fitted(3), prefix="us")
    found.add(report(scores={"eu": eu["Fit()"], "us": us["Fit()"]}))
    return found


@pytest.fixture
def runner(tmp_path):
    PROBE.clear()
    return Runner(tmp_path / "data", tmp_path / "log", executor="inline")


def test_outputs_are_shared_with_the_other_pipeline_run_alone(runner):
    runner.run(fitted())
    PROBE.clear()
    runner.run(world(), raise_on_failure=True)
    assert sorted(PROBE) == ["Clean 2", "Fit", "Load 3", "Report"]
    assert runner.plan["eu.Load()"].action == "skip"
    assert runner.plan["us.Load()"].action == "run"
    PROBE.clear()
    runner.run(fitted(3))
    assert PROBE == []


@pytest.mark.parametrize("executor", ["process", "inline"])
def test_equal_tasks_of_two_includes_run_once(tmp_path, executor):
    found = Pipeline("twice")
    for prefix in ("one", "two"):
        found.include(Pipeline("part", [stamped(folder=str(tmp_path))]), prefix=prefix)
    runner = Runner(tmp_path / "data", tmp_path / "log", executor=executor)
    runner.run(found, raise_on_failure=True)
    assert (tmp_path / "stamps").read_text() == "x"
    assert [each.status for each in found.dag()] == [Task.Status.SUCCESS] * 2


@task("Stamped")
def stamped(folder):
    with open(os.path.join(folder, "stamps"), "a") as file:
        file.write("x")


def test_results_selection_explanation_and_drawings_take_the_names(runner, tmp_path):
    runner.run(world(), only="eu.*")
    assert sorted(PROBE) == ["Clean 0", "Clean 1", "Fit", "Load 2"]
    runner.run(world())
    for results in (runner.results(), PipelineResult.from_file(f"{runner.run_folder}/pipeline.yaml")):
        assert (results["eu.Fit()"], results["us.Fit()"]) == (2, 6)
        assert list(results["us.Clean(*)"]) == [0, 2, 4]
        assert results["us.Clean(*)[1]"] == 2
        assert results["Report()"] == {"eu": 2, "us": 6}
    again = world()
    again.dag()["us.Load()"].set_params(n=4)
    runner.set_pipeline(again)
    assert "param n" in str(runner.explain("us.Load()"))
    drawn = []
    again.summary(drawn.append)
    assert "eu.Clean(*)" in "".join(drawn)
    assert "us.Fit()" in again.to_mermaid()
    assert runner.accept("us.Load()")[0].name == "us.Load()"
    assert runner.invalidate("eu.Fit()") == ["eu.Fit()"]


FLOW = """
from pyperunner import Pipeline, task

@task("Load")
def load(n: int):
    return list(range(n))

@task("Fit")
def fit(rows):
    return sum(rows)

pipeline = Pipeline("world")
for region in ("eu", "us"):
    pipeline.include(Pipeline("one", [fit(rows=load(n=2))]), prefix=region)
"""


def test_the_command_takes_the_names(tmp_path):
    (tmp_path / "flow.py").write_text(FLOW)

    def command(*words):
        said = subprocess.run(
            [sys.executable, "-m", "pyperunner", *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert not said.returncode, said.stderr
        return said.stdout

    command("run", "flow.py", "--set", "us.Load().n=4")
    assert command("results", "latest", "us.Fit()").strip() == "6"
    assert command("results", "latest", "eu.Fit()").strip() == "1"
    swept = command("sweep", "flow.py", "--over", "us.Load().n=3,5", "--show", "us.Fit()")
    assert [line.split()[-1] for line in swept.splitlines()[-2:]] == ["3", "10"], swept
