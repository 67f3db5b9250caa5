from __future__ import annotations

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
    assert (refused.code, refused.err) == (
        2,
        "pyperunner: the output of N() is of type int; only text and bytes make a file.\n",
    )
    assert not (folder / "number").exists()


@pytest.mark.parametrize(
    ("size", "begins"), [(4, "b'xxxx'\n"), (2000, "2,000 bytes that begin with b'xxxxxxxxxxxxxxxx'; ")]
)
def test_many_bytes_are_counted_instead_of_shown(say, write, folder: Path, size: int, begins: str) -> None:
    body = f"from pyperunner_dag import Pipeline, task\n@task('P')\ndef p():\n    return b'x' * {size}\n"
    write("picture.py", body + "pipeline = Pipeline('picture', [p()])\n")
    say("run", "picture.py")
    [path] = (folder / "pyperunner-runs").iterdir()
    assert say("results", str(path), "P()").out.startswith(begins)
