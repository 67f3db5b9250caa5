from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest


@pytest.fixture
def run(say, flow: Path, folder: Path) -> str:
    assert say("run", "flow.py").code == 0
    [path] = (folder / "pyperunner-runs").iterdir()
    return str(path)


def test_the_tasks_of_a_run(say, run: str) -> None:
    rows = [line.split() for line in say("results", run).out.splitlines()]
    assert rows[0] == ["task", "status", "time", "output"]
    assert sorted((row[0], row[1], row[-1]) for row in rows[1:]) == [
        ("Double()", "success", "stored"),
        ("Number()", "success", "stored"),
    ]


def test_the_output_of_a_task(say, run: str) -> None:
    assert say("results", run, "Double()").out == "6\n"
    assert say("results", f"{run}/pipeline.yaml", "Number()").out == "3\n"


def test_mistakes_get_a_sentence(say, run: str, folder: Path) -> None:
    unknown, no_run, unset = (
        say("results", run, "Dubble()"),
        say("results", str(folder)),
        say("results", run, "-o", "x"),
    )
    assert (unknown.code, no_run.code, unset.code) == (2, 2, 2)
    assert "Double()" in unknown.err
    assert str(folder) in no_run.err
    assert "needs a TASK" in unset.err
    assert "Traceback" not in unknown.err + no_run.err + unset.err


def test_text_and_bytes_can_be_written_to_a_file(say, write, folder: Path) -> None:
    head = "from pyperunner_dag import Pipeline, task\n"
    bodies = [
        f"@task('{name}')\ndef {name}():\n    return {value!r}\n"
        for name, value in (("T", "é"), ("B", b"\0\1"), ("N", 1))
    ]
    write("kinds.py", head + "".join(bodies) + "p = Pipeline('kinds', [T(), B(), N()])\n")
    say("run", "kinds.py")
    [path] = (folder / "pyperunner-runs").iterdir()
    for name, content in (("T", "é".encode()), ("B", b"\0\1")):
        assert say("results", str(path), f"{name}()", "-o", "file").code == 0
        assert (folder / "file").read_bytes() == content
    refused = say("results", str(path), "N()", "-o", "number")
    assert refused.code == 2
    assert "number: an output of type int is written to a file that ends in .csv, .parquet, .json" in refused.err
    assert not (folder / "number").exists()


def test_a_table_in_the_form_that_the_suffix_asks_for(say, write, folder: Path) -> None:
    write(
        "tables.py",
        """
        from pyperunner_dag import Pipeline, task

        @task("Rows")
        def rows():
            return [{"a": 1, "b": "x"}]

        p = Pipeline("tables", [rows()])
        """,
    )
    say("run", "tables.py")
    for name, content in (("t.csv", "a,b\n1,x\n"), ("t.json", '[\n {\n  "a": 1,\n  "b": "x"\n }\n]\n')):
        assert say("results", "latest", "Rows()", "-o", name).code == 0
        assert (folder / name).read_text() == content
    if importlib.util.find_spec("pyarrow"):
        assert say("results", "latest", "Rows()", "-o", "t.parquet").out.startswith("t.parquet: ")
    else:
        assert "pip install pyarrow" in say("results", "latest", "Rows()", "-o", "t.parquet").err
    refused = say("results", "latest", "Rows()", "-o", "t.png")
    assert (refused.code, "is no picture" in refused.err) == (2, True)
    assert not (folder / "t.png").exists()


def test_several_outputs_make_a_folder_of_files(say, run: str, folder: Path) -> None:
    assert say("results", run, "*()", "-o", "out").code == 0
    assert {path.name: path.read_text() for path in (folder / "out").iterdir()} == {
        "Number().json": "3\n",
        "Double().json": "6\n",
    }
    assert say("results", run, "Double()", "-o", "one/", "--format", "pkl").code == 0
    assert [path.name for path in (folder / "one").iterdir()] == ["Double().pkl"]
    assert say("results", run, "*()").out == "Number():\n3\nDouble():\n6\n"


def test_a_folder_is_written_whole_or_not_at_all(say, run: str, folder: Path) -> None:
    before = sorted(folder.iterdir())
    for argv in (["-o", "out", "--format", "csv"], ["-o", "out", "--format", "xls"], ["--format", "csv"]):
        assert say("results", run, "*()", *argv).code == 2
    (folder / "file").write_text("old")
    assert say("results", run, "*()", "-o", "file").code == 2
    (folder / "file").unlink()
    assert sorted(folder.iterdir()) == before


MAPPED = """
from pyperunner_dag import Pipeline, task

@task("Names")
def names(many: int = 2):
    return [f"n{number}" for number in range(many)]

@task("Each")
def each(name, mark: str = "!"):
    return name + mark

@task("Last")
def last(all, mark: str = "?"):
    return {"mark": mark, "size": len(all)}

pipeline = Pipeline("p", [last(all=each.map(name=names()))])
"""


def test_a_mapped_task_has_the_outputs_of_its_elements(say, write, folder: Path) -> None:
    write("flow.py", MAPPED)
    say("run", "flow.py", "--no-report", "--executor", "inline")
    rows = [line.split() for line in say("results", "latest").out.splitlines()[1:]]
    assert {row[0]: row[-1] for row in rows} == {"Names()": "stored", "Each(*)": "stored", "Last()": "stored"}
    assert say("results", "latest", "Each(*)").out == "['n0!', 'n1!']\n"
    assert say("results", "latest", "Each(*)[1]").out == "n1!\n"
    assert json.loads(say("results", "latest", "Each(*)", "--json").out)["outputs"][0]["value"] == ["n0!", "n1!"]
    assert say("debug", "latest", "Each(*)[1]").out == "n1!\n"
    # What follows by a named input follows: `Each(*)` is not among the last tasks. A result may be called like a param.
    sweep = say("sweep", "flow.py", "--over", "Last().mark=a,b", "--no-report", "--executor", "inline")
    assert [line.split() for line in sweep.out.splitlines()[-3:]] == [
        ["Last().mark", "Last().mark", "(output)", "Last().size"],
        ["a", "a", "2"],
        ["b", "b", "2"],
    ]
    assert say("table", "latest", "--show", "Each(*).1").out.splitlines()[1:] == [
        "a            n1!",
        "b            n1!",
    ]
    assert say("invalidate", "flow.py", "Each(*)").out == "removed Each(*)[0], Each(*)[1]\n"
    rows = [line.split() for line in say("results", "latest").out.splitlines()]
    assert next(row[-1] for row in rows if row[0] == "Each(*)") == "none"
