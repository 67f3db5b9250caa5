"""A sweep is one run, shares whatever is equal, and ends with a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

FLOW = """
from pyperunner_dag import Pipeline, Secret, task

@task("Load")
def load(rows: int = 3, token=None):
    open("loads", "a").write("x")
    return list(range(rows))

@task("Fit")
def fit(data, alpha: float = 0.1, kind: str = "a"):
    open("fits", "a").write("x")
    return [alpha * value for value in data[0]]

@task("Score")
def score(data, part=0):
    if data[0][-1] > 15:
        raise ValueError("too much")
    return {"sum": sum(data[0]), "rows": len(data[0]), "deep": {"first": [data[0][0]]}}

rows = load(token=Secret("hidden-token"))
score()(fit(alpha=0.1)(rows))
pipeline = Pipeline("flow", [rows])
"""
QUICK = ("--no-report", "--executor", "inline")


@pytest.fixture
def flow(write) -> Path:
    return write("flow.py", FLOW)


def calls(folder: Path) -> tuple[int, int]:
    return tuple(len((folder / name).read_text()) if (folder / name).exists() else 0 for name in ("loads", "fits"))


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def test_all_with_all_share_what_is_equal(shell, flow: Path, folder: Path) -> None:
    said = shell("sweep", "flow.py", "--over", "Fit().alpha=1,2", "--over", "Score().part=0,1", *QUICK)
    assert (said.code, said.err) == (0, "")
    assert calls(folder) == (1, 2)
    lines = said.out.splitlines()
    assert lines[:2] == ["flow: 4 variants", "flow: 7 tasks, 7 to execute"]
    assert rows("\n".join(lines[-5:])) == [
        ["Fit().alpha", "Score().part", "Score().sum", "Score().rows"],
        ["1.0", "0", "3.0", "3"],
        ["1.0", "1", "3.0", "3"],
        ["2.0", "0", "6.0", "3"],
        ["2.0", "1", "6.0", "3"],
    ]
    [run] = (folder / "pyperunner-runs").iterdir()
    assert list(csv.reader((run / "table.csv").read_text().splitlines()))[1] == ["1.0", "0", "3.0", "3"]
    conf = yaml.safe_load((run / "pipeline.yaml").read_text())
    names = ["Load()", "Fit()[0]", "Fit()[2]", *(f"Score()[{n}]" for n in range(4))]
    assert sorted(conf["tasks"]) == sorted(names)
    assert conf["run"]["sweep"][2] == {
        "params": {"Fit().alpha": 2.0, "Score().part": 0},
        "tasks": {"Fit()": "Fit()[2]", "Score()": "Score()[2]"},
    }


def test_it_shares_with_runs_that_are_no_sweep_both_ways(shell, flow: Path, folder: Path) -> None:
    shell("run", "flow.py", "--set", "Fit().alpha=2", *QUICK)
    said = shell("sweep", "flow.py", "--over", "Fit().alpha=1,2,3", *QUICK)
    assert "\n4 executed, 3 skipped in " in said.out
    assert calls(folder) == (1, 3)
    assert "\n0 executed, 3 skipped in " in shell("run", "flow.py", "--set", "Fit().alpha=3", *QUICK).out
    again = shell("sweep", "flow.py", "--over", "Fit().alpha=3,1", "--zip", *QUICK)
    assert "\n0 executed, 5 skipped in " in again.out
    assert shell("results", "latest", "Score()[0]").out.startswith("{'deep': {'first': [0.0]}, 'rows': 3, 'sum': 9.0}")


def test_chosen_results_a_file_of_params_and_a_table_elsewhere(shell, write, flow: Path, folder: Path) -> None:
    write("grid.yaml", "Fit():\n  alpha: [1, 2]\n  kind: [01, 02]\n")
    show = ["--show", "Score().deep.first.0", "--show", "Score().sum", "--show", "Load()"]
    said = shell(
        "sweep", "flow.py", "--over-file", "grid.yaml", "--zip", "-o", "t.json", "--set", "Load().rows=2", *show, *QUICK
    )
    assert said.code == 0
    assert json.loads((folder / "t.json").read_text()) == [
        {"Fit().alpha": 1.0, "Fit().kind": "01", "Score().deep.first.0": 0.0, "Score().sum": 1.0, "Load()": [0, 1]},
        {"Fit().alpha": 2.0, "Fit().kind": "02", "Score().deep.first.0": 0.0, "Score().sum": 2.0, "Load()": [0, 1]},
    ]


def test_a_variant_that_fails_leaves_the_others(shell, flow: Path) -> None:
    said = shell("sweep", "flow.py", "--over", "Fit().alpha=1,9", *QUICK)
    assert said.code == 1
    assert rows(said.out)[-2:] == [["1.0", "3.0", "3"], ["9.0"]]


def test_a_sweep_can_be_run_again_and_is_told_apart_by_its_tasks(shell, write) -> None:
    write("flow.py", FLOW.replace('token=Secret("hidden-token")', ""))
    shell("sweep", "flow.py", "--over", "Fit().alpha=1,2", *QUICK)
    assert "\n0 executed, 5 skipped in " in shell("run", "latest", *QUICK).out
    assert shell("debug", "latest", "Score()[1]").out.startswith("{'deep'")
    again = shell("sweep", "latest", "--over", "Load().rows=1,2", *QUICK)
    assert (again.code, "is a sweep itself: sweep the pipeline that it is made of." in again.err) == (2, True)


def test_numbers_that_json_has_not_and_parts_that_there_are_not(shell, flow: Path) -> None:
    said = shell("sweep", "flow.py", "--over", "Fit().alpha=nan,-inf", "--show", "Score().nix", *QUICK)
    assert rows(said.out)[-3:] == [["Fit().alpha", "Score().nix"], ["nan"], ["-inf"]]
    assert said.err == "--show 'Score().nix': no output has that.\n"
    assert json.loads(shell("table", "latest", "--json").out)["rows"][0]["Fit().alpha"] is None


def test_a_secret_that_is_swept_is_masked(shell, flow: Path, folder: Path) -> None:
    said = shell("sweep", "flow.py", "--over", "Load().token=secret-one,secret-two", *QUICK)
    assert said.code == 0
    text = said.out + said.err + "".join(path.read_text() for path in (folder / "pyperunner-runs").rglob("*.*"))
    assert "secret-one" not in text


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "a sweep needs params: --over"),
        (["--over", "Fit()"], "is not of the form 'Task(tag).param=value,value'"),
        (["--over", "Fit().alpha="], None),
        (["--over", "Fit().alpha=1,1"], "has no values, or one of them twice"),
        (["--over", "Fit().alpha=1,x"], "'x' is of type str, not float"),
        (["--over", "Fit().alpa=1,2"], "Did you mean alpha?"),
        (["--over", "Fti().alpha=1,2"], "names no task of the pipeline. Did you mean Fit()"),
        (["--over", "Fit().alpha=1,2", "--over", "Fit().alpha=3"], "'Fit().alpha' is swept twice"),
        (["--zip", "--over", "Fit().alpha=1,2", "--over", "Score().part=0"], "--zip needs as many values of each"),
        (["--over", "Fit().alpha=1,2", "-o", "nowhere/t.csv"], "nowhere/t.csv: there is no folder nowhere."),
        (["--over", "Fit().alpha=1,2", "-o", "t.xls"], "a table's file ends in .csv, .json, .parquet."),
        (["--over-file", "bad.yaml"], "bad.yaml: Fit().alpha is no list of values"),
        (["--over-file", "none.yaml"], "none.yaml: No such file"),
    ],
)
def test_mistakes_run_nothing(shell, write, flow: Path, folder: Path, argv: list[str], said: str | None) -> None:
    write("bad.yaml", "Fit(): {alpha: 3}\n")
    found = shell("sweep", "flow.py", *argv)
    assert found.code == 2, found
    assert said is None or said in found.err
    assert "Traceback" not in found.err
    assert not list(folder.glob("pyperunner-*"))


def test_a_table_of_runs_has_what_differs(shell, flow: Path, folder: Path) -> None:
    for alpha in (1, 2):
        shell("run", "flow.py", "--set", f"Fit().alpha={alpha}", *QUICK)
    names = sorted(path.name for path in (folder / "pyperunner-runs").iterdir())
    said = shell("table", *names)
    assert rows(said.out) == [
        ["run", "Fit().alpha", "Score().sum", "Score().rows"],
        [names[0], "1.0", "3.0", "3"],
        [names[1], "2.0", "6.0", "3"],
    ]
    found = json.loads(shell("table", *names, "--json", "--show", "Score().sum").out)
    assert found["rows"][1] == {"run": names[1], "Fit().alpha": 2.0, "Score().sum": 6.0}
    assert shell("table", *names, "-o", "t.csv").out == f"t.csv: {Path('t.csv').stat().st_size} bytes\n"
    wrong = shell("table", *names, "--show", "Scor().sum")
    assert (wrong.code, "Did you mean Score()" in wrong.err) == (2, True)
    assert shell("table", *names, "-o", "t.xls").code == 2


FACTORY = """
from pyperunner_dag import Pipeline, task

@task("Load")
def load(rows: int = 3):
    open("loads", "a").write("x")
    return list(range(rows))

@task("Fit")
def fit(data, alpha: float = 0.1, kind: str = "a"):
    open("fits", "a").write("x")
    return alpha * len(data[0])

@task("Sum")
def total(data):
    return sum(data)

def make(parts: int = 1, kind: str = "a", rows: int = 3) -> Pipeline:
    first = load(rows=rows)
    fits = [fit(str(part), alpha=float(part), kind=kind)(first) for part in range(parts)]
    total()(fits)
    return Pipeline("made", [first])
"""


def test_arguments_of_the_function_that_makes_the_pipeline(shell, write, folder: Path) -> None:
    write("flow.py", FACTORY)
    said = shell("sweep", "flow.py", "--over", "pipeline.parts=1,3", "--over", "Fit(0).alpha=5,6", *QUICK)
    assert (said.code, said.err) == (0, "")
    assert calls(folder) == (1, 4)  # Fit(0) with each alpha, and two parts more
    assert rows(said.out)[-5:] == [
        ["pipeline.parts", "Fit(0).alpha", "Sum()"],
        ["1", "5.0", "15.0"],
        ["1", "6.0", "18.0"],
        ["3", "5.0", "24.0"],
        ["3", "6.0", "27.0"],
    ]
    [run] = (folder / "pyperunner-runs").iterdir()
    conf = yaml.safe_load((run / "pipeline.yaml").read_text())
    names = ["Load()", "Fit(0)[0]", "Fit(0)[1]", "Fit(1)[2]", "Fit(2)[2]", *(f"Sum()[{n}]" for n in range(4))]
    assert sorted(conf["tasks"]) == sorted(names)
    assert conf["run"]["sweep"][3] == {
        "params": {"pipeline.parts": 3, "Fit(0).alpha": 6.0},
        "tasks": {"Fit(0)": "Fit(0)[1]", "Fit(1)": "Fit(1)[2]", "Fit(2)": "Fit(2)[2]", "Sum()": "Sum()[3]"},
    }
    assert rows(shell("table", "latest", "--show", "Fit(0)").out)[1:] == [
        ["1", "5.0", "15.0"],
        ["1", "6.0", "18.0"],
        ["3", "5.0", "15.0"],
        ["3", "6.0", "18.0"],
    ]
    assert "\n0 executed, 9 skipped in " in shell("run", "latest", *QUICK).out
    again = shell("run", "flow.py", "--arg", "parts=3", "--set", "Fit(0).alpha=6", *QUICK)
    assert "\n0 executed, 5 skipped in " in again.out


def test_arguments_keep_their_type_and_may_stand_in_a_file(shell, write, folder: Path) -> None:
    write("flow.py", FACTORY)
    write("grid.yaml", "pipeline:\n  kind: [01, 02]\n  rows: [2, 3]\n")
    said = shell("sweep", "flow.py", "--over-file", "grid.yaml", "--zip", "--arg", "parts=2", "-o", "t.json", *QUICK)
    assert (said.code, said.err) == (0, "")
    assert json.loads((folder / "t.json").read_text()) == [
        {"pipeline.kind": "01", "pipeline.rows": 2, "Sum()": 2.0},
        {"pipeline.kind": "02", "pipeline.rows": 3, "Sum()": 3.0},
    ]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ("pipeline.prts=1,2", "takes no argument 'prts'. Did you mean parts"),
        ("pipeline.parts=1,x", "argument parts of flow.py:make: 'x' is of type str, not int"),
        ("pipeline.parts=", "argument parts of flow.py:make: '' is of type NoneType, not int"),
        ("pipeline.parts", "is not of the form"),
        ("pipeline.parts=1,1", "one of them twice"),
    ],
)
def test_mistaken_arguments_run_nothing(shell, write, folder: Path, over: str, said: str) -> None:
    write("flow.py", FACTORY)
    found = shell("sweep", "flow.py", "--over", over)
    assert (found.code, said in found.err) == (2, True), found
    assert not list(folder.glob("pyperunner-*"))


def test_a_pipeline_that_no_function_makes_has_no_arguments(shell, flow: Path) -> None:
    found = shell("sweep", "flow.py", "--over", "pipeline.rows=1,2")
    assert (found.code, "takes no arguments, such as 'rows': it is no function" in found.err) == (2, True)


def test_values_may_look_like_a_param(shell, write) -> None:
    write("flow.py", FLOW)
    said = shell("sweep", "flow.py", "--over", "Fit().kind=[f(x).y=1, g(x).y]", "--zip", *QUICK)
    assert (said.code, said.err) == (0, "")
    assert rows(said.out)[-2][0] == "f(x).y=1"
    said = shell("sweep", "flow.py", "--over", "F*.kind=f(x).y=1,b", *QUICK)
    assert (rows(said.out)[-3][0], rows(said.out)[-2][0]) == ("F*.kind", "f(x).y=1")
