"""Params from files, arguments of factories, defaults of options, through the command; the record says who set what."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

FACTORY = """
from pyperunner_dag import Pipeline, Secret, task

@task("Number")
def number(value=1, token=None):
    return value

def make(rows: int, name: str = "made") -> Pipeline:
    return Pipeline(name, [number(str(row), value=row, token=Secret("hidden-token")) for row in range(rows)])
"""


def test_files_come_first_then_set_and_the_record_keeps_who_said_it(say, write, flow: Path, folder: Path) -> None:
    write("base.yaml", "Number(): {value: 4}\nDouble(): {times: 3}\n")
    write("more.toml", '["Double()"]\ntimes = 5\n')
    said = say(
        "run", "flow.py", "--params", "base.yaml", "--params", "more.toml", "--set", "Number().value=7", "--no-report"
    )
    assert said.code == 0
    assert say("results", "latest", "Double()").out == "35\n"
    [record] = (folder / "pyperunner-runs").iterdir()
    assert yaml.safe_load((record / "pipeline.yaml").read_text())["run"]["set"] == [
        {"param": "Number().value", "value": "4", "by": "base.yaml"},
        {"param": "Double().times", "value": "3", "by": "base.yaml"},
        {"param": "Double().times", "value": "5", "by": "more.toml"},
        {"param": "Number().value", "value": "7", "by": "--set"},
    ]


def test_a_factory_takes_arguments_each_of_its_type(say, write, folder: Path) -> None:
    write("make.py", FACTORY)
    write("p.yaml", "pipeline: {rows: 3, name: 007}\n")
    assert json.loads(say("plan", "make.py", "--arg", "rows=2", "--json").out)["to_execute"] == 2
    said = say(
        "run",
        "make.py:make",
        "--params",
        "p.yaml",
        "--arg",
        "rows=1",
        "--set",
        "Number(0).token=other-token",
        "--no-report",
    )
    assert said.out.startswith("007: 1 task, 1 to execute")
    [record] = (folder / "pyperunner-runs").iterdir()
    text = (record / "pipeline.yaml").read_text()
    assert yaml.safe_load(text)["run"]["set"] == [
        {"param": "pipeline.rows", "value": "1", "by": "--arg"},
        {"param": "pipeline.name", "value": "007", "by": "p.yaml"},
        {"param": "Number(0).token", "value": "***", "by": "--set"},
    ]
    assert "other-token" not in text


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["make.py"], "make.py:make needs arguments: rows. Give each with --arg rows=VALUE."),
        (["make.py", "--arg", "row=1"], "make.py:make takes no argument 'row'. Did you mean rows?"),
        (["make.py", "--arg", "rows=many"], "argument rows of make.py:make: 'many' is of type str, not int."),
        (["make.py", "--arg", "rows"], "--arg 'rows' is not of the form 'name=value'."),
        (["flow.py", "--arg", "rows=1"], "flow.py:pipeline takes no arguments, such as 'rows'"),
        (["flow.py", "--params", "none.yaml"], "none.yaml: No such file"),
    ],
)
def test_mistakes_get_a_sentence_and_run_nothing(
    say, write, flow: Path, folder: Path, argv: list[str], said: str
) -> None:
    write("make.py", FACTORY)
    found = say("run", *argv)
    assert (found.code, found.out) == (2, "")
    assert said in found.err
    assert not list(folder.glob("pyperunner-*"))


@pytest.fixture
def project(write, flow: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PYPERUNNER_")]:
        monkeypatch.delenv(name)
    write(
        "pyproject.toml",
        """
        [tool.pyperunner]
        data-path = "store"
        jobs = 3
        resource = {gpu = 2}
        [tool.pyperunner.run]
        report = false
        fail-fast = true
        """,
    )


def settings(say, *argv: str) -> dict[str, tuple[object, str]]:
    found = json.loads(say("settings", *argv, "--json").out)["settings"]
    return {each["name"]: (each["value"], each["origin"]) for each in found}


def test_defaults_of_the_project_and_of_variables(say, project: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPERUNNER_JOBS", "2")
    found = settings(say)
    assert found["jobs"] == (2, "PYPERUNNER_JOBS")
    assert found["data-path"] == ("store", "pyproject.toml [tool.pyperunner]")
    assert found["report"] == (False, "pyproject.toml [tool.pyperunner.run]")
    assert found["fail-fast"] == (True, "pyproject.toml [tool.pyperunner.run]")
    assert found["resource"] == ([["gpu", 2.0]], "pyproject.toml [tool.pyperunner]")
    assert found["executor"] == ("process", "built in")
    assert settings(say, "plan")["data-path"][0] == settings(say, "cache")["data-path"][0] == "store"
    assert [line.split() for line in say("settings").out.splitlines() if line.startswith("jobs ")] == [
        ["jobs", "2", "PYPERUNNER_JOBS"]
    ]


def test_they_count_where_a_command_is_run(say, project: None, folder: Path) -> None:
    said = say("run", "flow.py", "--keep-going")
    assert (said.code, "report: " in said.out) == (0, False)
    assert (folder / "store").is_dir()
    assert not (folder / "pyperunner-data").exists()
    assert "3 entries" not in say("cache", "du").out
    assert "\n2 entries, " in say("cache", "du").out
    assert "report: " in say("run", "flow.py", "--report").out
    assert say("results", "latest", "Double()").out == "6\n"


def test_a_path_is_meant_from_where_the_file_lies(
    say, project: None, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert settings(say)["data-path"] == ("../store", "../pyproject.toml [tool.pyperunner]")


def test_an_own_class_is_loaded_from_the_projects_own_store(say, project: None, write) -> None:
    write(
        "own.py",
        """
        import dataclasses
        from pyperunner_dag import Pipeline, task

        @dataclasses.dataclass
        class Model:
            w: int

        @task("Fit")
        def fit():
            return Model(1)

        p = Pipeline("own", [fit()])
        """,
    )
    say("run", "own.py")
    assert say("results", "latest", "Fit()").out == "Model(w=1)\n"


@pytest.mark.parametrize(
    ("line", "variable", "said"),
    [
        ('data_pth = "x"', "", "there is no default of 'data_pth'. Did you mean data-path"),
        ("force = true", "", "there is no default of 'force'"),
        ("jobs = 0", "", "jobs = 0: '0' is not a number of tasks"),
        ('audit = "loud"', "", "audit = 'loud'; it is one of warn, error, off."),
        ('verbose = "perhaps"', "", "verbose is true or false, not 'perhaps'"),
        ("[tool.pyperunner.rnu]", "", "there is no command 'rnu'. Did you mean run"),
        ("jobs = [", "", "pyproject.toml: "),
        ("", "PYPERUNNER_DATAPATH", "PYPERUNNER_DATAPATH: there is no default of 'datapath'. Did you mean data-path"),
    ],
)
def test_a_default_that_is_wrong_stops_every_command(
    say, write, flow: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, line: str, variable: str, said: str
) -> None:
    write("pyproject.toml", f"[tool.pyperunner]\n{line}\n")
    if variable:
        monkeypatch.setenv(variable, "x")
    found = say("run", "flow.py")
    assert (found.code, said in found.err) == (2, True), found.err
    assert not list(folder.glob("pyperunner-*"))
