from __future__ import annotations

from typing import Any

import pytest

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.settings import apply_settings
from pyperunner_dag import File, Folder, Pipeline, PipelineError, Secret, Task, run


class Scale(Task):
    @run
    def run(self, factor: Any = 1, **more: Any) -> Any:
        return factor


class Fit(Task):
    @run
    def run(self, alpha: float, code: str = "1", seed: int = None, depth=3, model=None, token="", unknown: Missing = 0):  # type: ignore[no-untyped-def] # noqa: F821, RUF013
        return alpha


def made(*tags: str) -> tuple[Pipeline, dict[str, Task]]:
    tasks = {tag: Scale(tag, factor=None) for tag in tags}
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
def test_where_nothing_is_known_a_value_is_read_as_yaml(text: str, value: object) -> None:
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
    assert [tasks[tag].params["factor"] for tag in ("x", "a.b=c", "x).factor=1")] == [None, 2, 3]


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


def fits(*tags: str, **params: Any) -> tuple[Pipeline, dict[str, Task]]:
    tasks = {tag: Fit(tag, alpha=0.1, **params) for tag in tags}
    return Pipeline("p", tasks.values()), tasks


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("alpha=1", 1.0),
        ("alpha=1e-3", 1e-3),
        ("code=01067", "01067"),
        ("seed=7", 7),
        ("seed=null", None),
        ("depth=4", 4),
        ("token=01", "01"),
        ("unknown=2", 2),
        ("model=2", 2),
    ],
)
def test_a_value_is_of_the_type_of_its_param(setting: str, value: object) -> None:
    pipeline, tasks = fits("x")
    apply_settings(pipeline, [f"Fit(x).{setting}"])
    got = tasks["x"].params[setting.partition("=")[0]]
    assert (type(got), got) == (type(value), value)


def test_an_int_that_nobody_has_annotated_takes_a_float_and_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    pipeline, tasks = fits("x")
    apply_settings(pipeline, ["Fit(x).depth=2.5"])
    assert tasks["x"].params["depth"] == 2.5
    assert capsys.readouterr().err == (
        "Fit(x).depth was the int 3 and is now the float 2.5; annotate the param to say which it is.\n"
    )


@pytest.mark.parametrize("glob", ["Fit*", "*", "F?t(*", "Fit(*)", "[F]it*"])
def test_a_glob_needs_no_parentheses(glob: str) -> None:
    pipeline, tasks = fits("x", "a.b")
    apply_settings(pipeline, [f"{glob}.alpha=1.5"])
    assert [task.params["alpha"] for task in tasks.values()] == [1.5, 1.5]


def test_a_glob_changes_all_that_it_fits() -> None:
    pipeline, tasks = fits("eu", "us", "asia")
    apply_settings(pipeline, ["Fit(?[us]).alpha=2", "*(eu).alpha=3"])
    assert [tasks[tag].params["alpha"] for tag in tasks] == [3, 2, 0.1]


def test_a_part_of_a_param_changes_alone() -> None:
    pipeline, tasks = fits("x", model={"depth": 3, "zip": ["1"]})
    apply_settings(pipeline, ["Fit(x).model.depth=5", "Fit(x).model.zip.0=01"])
    assert tasks["x"].params["model"] == {"depth": 5, "zip": ["01"]}


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("alhpa=1", r"Fit\(x\) takes no param 'alhpa'\. Did you mean alpha\?"),
        ("alpha=x", r"'x' is of type str, not float"),
        ("seed=1.5", r"'1\.5' is none of int\."),
        ("model.dept=5", r"the dict has no part 'dept'\. Did you mean depth"),
    ],
)
def test_of_several_that_do_not_fit_none_is_made(setting: str, sentence: str) -> None:
    pipeline, tasks = fits("x", model={"depth": 3})
    with pytest.raises(CommandError, match=sentence):
        apply_settings(pipeline, ["Fit(x).alpha=2", f"Fit(x).{setting}"])
    assert tasks["x"].params["alpha"] == 0.1


def test_a_secret_stays_one() -> None:
    pipeline, tasks = fits("x", token=Secret(env="API_TOKEN", key="acct"))
    apply_settings(pipeline, ["Fit(x).token=01"])
    token = tasks["x"].params["token"]
    assert (token.reveal(), token.key) == ("01", "acct")
    assert "01" not in repr(token)


def test_without_settings_the_graph_is_not_even_made() -> None:
    twice = Pipeline("twice", [Scale("x"), Scale("x")])
    apply_settings(twice, [])
    with pytest.raises(PipelineError, match="unique"):
        apply_settings(twice, ["Scale(x).factor=2"])


def test_a_path_for_a_file_stays_a_file() -> None:
    tasks = [Scale("a", factor=File("x.csv")), Scale("b", factor=Folder("x", "*.csv")), Scale("c", factor="x")]
    apply_settings(Pipeline("p", tasks), [f"Scale({tag}).factor=y" for tag in "abc"])
    assert [task.params["factor"] for task in tasks] == [File("y"), Folder("y", "*.csv"), "y"]
