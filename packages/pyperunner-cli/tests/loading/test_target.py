from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pyperunner_cli.errors import CommandError, UserCodeError
from pyperunner_cli.loading.target import resolve
from pyperunner_dag import Pipeline

Write = Callable[[str, str], Path]

TWO = """
from pyperunner_dag import Pipeline, task

@task("A")
def a():
    return 1

one = Pipeline("one", [a()])
two = Pipeline("two", [a()])
alias = one
not_one = 3

def make():
    return Pipeline("made", [a()])

def make_with(n):
    return make()

class Space:
    inner = Pipeline("inner", [a()])
"""
MAKER = """
from pyperunner_dag import Pipeline, Sequential, task

@task("A")
def a():
    return 1

def helper():
    return None

def build() -> Sequential:
    return Sequential("built", [a()])
"""


def test_a_file_with_one_pipeline_needs_no_name(flow: Path) -> None:
    assert resolve("flow.py").name == "flow"
    assert resolve(str(flow)).name == "flow"


@pytest.mark.parametrize(
    ("name", "found"), [("two", "two"), ("alias", "one"), ("make", "made"), ("Space.inner", "inner")]
)
def test_a_name_chooses(write: Write, name: str, found: str) -> None:
    write("several.py", TWO)
    assert resolve(f"several.py:{name}").name == found
    assert resolve(f"several:{name}").name == found


def test_of_several_one_must_be_named(write: Write) -> None:
    write("several.py", TWO)
    with pytest.raises(CommandError, match=r"several pipelines: one, two\. Name one of them: several\.py:one"):
        resolve("several.py")


@pytest.mark.parametrize("annotation", ["Sequential", "'Pipeline'", "Pipeline"])
def test_a_function_that_says_it_returns_one_is_found(write: Write, annotation: str) -> None:
    write("maker.py", MAKER.replace("-> Sequential", f"-> {annotation}"))
    assert resolve("maker.py").name == "built"


def test_a_file_without_any(write: Write) -> None:
    write("empty.py", "from pyperunner_dag import Pipeline\nx = 1\n\ndef f() -> int:\n    return 1\n")
    with pytest.raises(CommandError, match=r"empty\.py defines no pipeline"):
        resolve("empty.py")


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("nowhere.py", r"there is no file nowhere\.py"),
        ("nowhere.yaml", r"there is no file nowhere\.yaml.*A TARGET is"),
        (".", r"there is no file pipeline\.yaml"),
        ("several", r"'several' names no pipeline. There is a file several\.py\. A TARGET is"),
        ("several.py:tow", r"several\.py defines no 'tow'\. Did you mean two"),
        ("several.py:not_one", r"several\.py:not_one is no Pipeline but of type int"),
        ("several.py:Space", r"is no Pipeline but of type type"),
        ("several.py:make_with", r"make_with needs arguments"),
        ("no_such_module:x", r"there is no module 'no_such_module' here"),
        ("json.nothing:x", r"there is no module 'json\.nothing' here"),
    ],
)
def test_mistakes_get_a_sentence(write: Write, target: str, sentence: str) -> None:
    write("several.py", TWO)
    with pytest.raises(CommandError, match=sentence):
        resolve(target)


def test_a_function_that_returns_something_else(write: Write) -> None:
    write("maker.py", MAKER)
    with pytest.raises(CommandError, match=r"what maker\.py:helper\(\) returns is no Pipeline but of type NoneType"):
        resolve("maker.py:helper")


def test_an_exit_while_loading_says_where_it_belongs(write: Write) -> None:
    write("script.py", "import sys\nsys.exit(0)\n")
    with pytest.raises(CommandError, match=r"script\.py called exit while it was loaded\. Put .* `if __name__"):
        resolve("script.py")


def test_what_the_users_code_raises_is_theirs(write: Write) -> None:
    write("uses.py", "import not_installed_anywhere\n")
    for target in ("uses.py", "uses:x"):
        with pytest.raises(UserCodeError) as caught:
            resolve(target)
        assert isinstance(caught.value.error, ModuleNotFoundError)


def test_a_saved_pipeline_and_the_folder_of_a_run(flow: Path, folder: Path) -> None:
    resolve("flow.py").to_file("saved.yaml")
    run = folder / "run"
    run.mkdir()
    resolve("flow.py").to_file(run / "pipeline.yaml")
    for target in ("saved.yaml", "run"):
        pipeline = resolve(target)
        assert isinstance(pipeline, Pipeline)
        assert sorted(task.name for task in pipeline.dag()) == ["Double()", "Number()"]
