"""Params from files: the rules of --set, whatever the form of the file."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.params_files import read_params
from pyperunner_cli.loading.settings import apply_settings
from pyperunner_dag import Pipeline, task


@task("T")
def typed(rate: float, zip: str, size: tuple, names: list, on: bool, free=None):  # noqa: A002
    return None


def pipeline() -> Pipeline:
    return Pipeline("p", [typed(tag, rate=0.1, zip="10115", size=(1, 2), names=["a"], on=False) for tag in ("a", "b")])


FORMS = {
    "p.yaml": """
        T(a): {rate: 1e-3, zip: 01067, size: [3, 4], names: [b], on: true, free: no}
        T(*): {rate: 1}
        """,
    "p.json": """
        {"T(a)": {"rate": 1e-3, "zip": "01067", "size": [3, 4], "names": ["b"], "on": true, "free": "no"},
         "T(*)": {"rate": 1}}
        """,
    "p.toml": """
        ["T(a)"]
        rate = 1e-3
        zip = "01067"
        size = [3, 4]
        names = ["b"]
        on = true
        free = "no"
        ["T(*)"]
        rate = 1
        """,
}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_a_value_keeps_its_type_in_every_form(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(dedent(FORMS[name]))
    made = pipeline()
    notes = apply_settings(made, read_params(str(tmp_path / name))[0])
    first, second = (each.params for each in made.dag())
    assert first == {"rate": 1.0, "zip": "01067", "size": (3, 4), "names": ["b"], "on": True, "free": "no"}
    assert type(first["rate"]) is float
    assert second == {"rate": 1.0, "zip": "10115", "size": (1, 2), "names": ["a"], "on": False}
    assert {"param": "T(a).zip", "value": "01067", "by": name} in notes


def test_a_part_of_a_param_and_arguments_of_the_factory(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("T(a):\n  size.1: 7\npipeline: {rows: 10}\n")
    settings, arguments = read_params(str(tmp_path / "p.yaml"))
    made = pipeline()
    apply_settings(made, settings)
    assert next(iter(made.dag())).params["size"] == (1, 7)
    assert arguments["rows"].letters == "10"


def test_variables_only_where_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZIP_OF_A", "01067")
    (tmp_path / "p.yaml").write_text("T(a): {zip: '${ZIP_OF_A}', names: ['x${ZIP_OF_A}']}\n")
    found = []
    for expand in (False, True):
        made = pipeline()
        apply_settings(made, read_params(str(tmp_path / "p.yaml"), expand_env=expand)[0])
        params = next(iter(made.dag())).params
        found.append((params["zip"], params["names"]))
    assert found == [("${ZIP_OF_A}", ["x${ZIP_OF_A}"]), ("01067", ["x01067"])]
    (tmp_path / "p.yaml").write_text("T(a): {zip: '${ZIP_OF_B}'}\n")
    with pytest.raises(
        CommandError, match=r"p\.yaml: the environment variable ZIP_OF_B is not set\. Did you mean ZIP_OF_A"
    ):
        read_params(str(tmp_path / "p.yaml"), expand_env=True)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.ini", "", r"ends in \.yaml, \.yml, \.json, \.toml"),
        ("none.yaml", None, "No such file"),
        ("p.yaml", "T(a): {rate: [", "p.yaml, line "),
        ("p.yaml", "T(a): {rate: 1}\nT(a): {rate: 2}", "twice"),
        ("p.yaml", "T(a): !!python/object:os.system {}", "tag"),
        ("p.yaml", "- T(a)", "is no mapping: it holds tasks"),
        ("p.yaml", "T(a): 3", r"p\.yaml: T\(a\) is no mapping: it holds params"),
        ("p.json", '{"T(a)": {"rate": 1, "rate": 2}}', "'rate' is given twice"),
        ("p.json", "{", r"p\.json: "),
        ("p.json", "[" * 100_000, r"p\.json: "),
        ("p.toml", "= 1", r"p\.toml: "),
        ("p.yaml", "T(a): {rate: many}", r"p\.yaml: T\(a\)\.rate: 'many' is of type str, not float"),
        ("p.yaml", "T(a): {rat: 1}", "Did you mean rate"),
        ("p.yaml", "U(a): {rate: 1}", r"names no task of the pipeline\. Did you mean T\(a\)"),
    ],
)
def test_mistakes_name_the_file_and_change_nothing(tmp_path: Path, name: str, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    made = pipeline()
    with pytest.raises(CommandError, match=said):
        apply_settings(made, read_params(str(tmp_path / name))[0])
    assert [each.params["rate"] for each in made.dag()] == [0.1, 0.1]


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    for name, text in (("p.yaml", ""), ("p.yml", "T(a):\n"), ("p.json", "{}"), ("p.toml", "")):
        (tmp_path / name).write_text(text)
        assert read_params(str(tmp_path / name)) == ([], {})
