from __future__ import annotations

from typing import Any

import pytest

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.settings import apply_settings
from pyperunner_dag import File, Folder, Pipeline, PipelineError, Task, TaskError, run


class Scale(Task):
    @run
    def run(self, factor: Any = 1, **more: Any) -> Any:
        return factor


def made(*tags: str) -> tuple[Pipeline, dict[str, Task]]:
    tasks = {tag: Scale(tag, factor=1) for tag in tags}
    return Pipeline("p", tasks.values()), tasks


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", 2),
        ("2.5", 2.5),
        ("hello", "hello"),
        ("'2'", "2"),
        ("[1, a]", [1, "a"]),
        ("{a: 1}", {"a": 1}),
        ("true", True),
        ("null", None),
        ("", None),
        ("a=b", "a=b"),
    ],
)
def test_a_value_is_read_as_yaml(text: str, value: object) -> None:
    pipeline, tasks = made("x")
    apply_settings(pipeline, [f"Scale(x).factor={text}"])
    assert tasks["x"].params["factor"] == value
    assert type(tasks["x"].params["factor"]) is type(value)


def test_a_change_changes_the_hash() -> None:
    pipeline, tasks = made("x")
    before = tasks["x"].hash()
    apply_settings(pipeline, ["Scale(x).factor=2"])
    assert tasks["x"].hash() != before


def test_names_that_hold_dots_and_signs_are_told_apart() -> None:
    pipeline, tasks = made("x", "a.b=c", "x).factor=1")
    apply_settings(pipeline, ["Scale(a.b=c).factor=2", "Scale(x).factor=1).factor=3"])
    assert [tasks[tag].params["factor"] for tag in ("x", "a.b=c", "x).factor=1")] == [1, 2, 3]


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("Scole(x).factor=1", r"names no task of the pipeline\. Did you mean Scale\(x\)"),
        ("factor", r"names no task"),
        ("Scale(x).factor", r"is not of the form 'Scale\(x\)\.param=value'"),
        ("Scale(x).=1", r"is not of the form"),
        ("Scale(x).factor=[1", r"is not YAML"),
    ],
)
def test_mistakes_get_a_sentence(setting: str, sentence: str) -> None:
    pipeline, _ = made("x")
    with pytest.raises(CommandError, match=sentence):
        apply_settings(pipeline, [setting])


def test_an_unknown_param_is_the_tasks_error() -> None:
    class Strict(Task):
        @run
        def run(self, n: int) -> int:
            return n

    pipeline = Pipeline("p", [Strict(n=1)])
    with pytest.raises(TaskError, match="unexpected keyword argument 'm'"):
        apply_settings(pipeline, ["Strict().m=2"])


def test_without_settings_the_graph_is_not_even_made() -> None:
    twice = Pipeline("twice", [Scale("x"), Scale("x")])
    apply_settings(twice, [])
    with pytest.raises(PipelineError, match="unique"):
        apply_settings(twice, ["Scale(x).factor=2"])


def test_a_path_for_a_file_stays_a_file() -> None:
    tasks = [Scale("a", factor=File("x.csv")), Scale("b", factor=Folder("x", "*.csv")), Scale("c", factor="x")]
    apply_settings(Pipeline("p", tasks), [f"Scale({tag}).factor=y" for tag in "abc"])
    assert [task.params["factor"] for task in tasks] == [File("y"), Folder("y", "*.csv"), "y"]
