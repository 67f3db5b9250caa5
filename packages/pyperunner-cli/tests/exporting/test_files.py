from __future__ import annotations

import csv
import dataclasses
import json
import pickle
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

from pyperunner_cli.errors import CommandError
from pyperunner_cli.exporting.files import natural_suffix, write_output
from pyperunner_dag import File

Point = namedtuple("Point", "x y")
ROWS = [["a", "b"], ["1", "x"], ["2", "y"]]


@dataclasses.dataclass
class Model:
    weights: list[float]


def tables() -> dict[str, Any]:
    np, pd, pl, pa = (pytest.importorskip(name) for name in ("numpy", "pandas", "polars", "pyarrow"))

    columns = {"a": [1, 2], "b": ["x", "y"]}
    return {
        "pandas": pd.DataFrame(columns),
        "polars": pl.DataFrame(columns),
        "polars, lazy": pl.DataFrame(columns).lazy(),
        "arrow": pa.table(columns),
        "structured": np.array([(1, "x"), (2, "y")], dtype=[("a", int), ("b", "U1")]),
        "columns": columns,
        "records": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}],
        "named tuples": [namedtuple("Row", "a b")(1, "x"), namedtuple("Row", "a b")(2, "y")],
    }


KINDS = ["pandas", "polars", "polars, lazy", "arrow", "structured", "columns", "records", "named tuples"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_is_one_in_csv_and_parquet(tmp_path: Path, kind: str) -> None:
    pd = pytest.importorskip("pandas")
    value = tables()[kind]
    write_output(value, tmp_path / "t.csv")
    assert list(csv.reader((tmp_path / "t.csv").read_text().splitlines())) == ROWS
    write_output(value, tmp_path / "t.parquet")
    assert pd.read_parquet(tmp_path / "t.parquet").to_dict("list") == {"a": [1, 2], "b": ["x", "y"]}


def test_other_shapes_are_tables_too(tmp_path: Path) -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    path = tmp_path / "t.csv"
    for value, rows in (
        ([[1, 2], [3, 4]], "column 1,column 2\n1,2\n3,4\n"),
        (np.array([[1, 2], [3, 4]]), "column 1,column 2\n1,2\n3,4\n"),
        (np.array([1.5, 2.0]), "value\n1.5\n2.0\n"),
        ([1, None], 'value\n1\n""\n'),
        ({"r2": 0.5, "n": 3}, "name,value\nr2,0.5\nn,3\n"),
        ([{"a": 1}, {"b": 2}], "a,b\n1,\n,2\n"),
        (pd.Series([1, 2], name="s", index=["p", "q"]), ",s\np,1\nq,2\n"),
        (pd.DataFrame({"a": [1]}, index=pd.Index(["p"], name="k")), "k,a\np,1\n"),
    ):
        write_output(value, path)
        assert path.read_text() == rows


@pytest.mark.parametrize("value", [3, None, [], {"a": [1], "b": [1, 2]}, [[1], [1, 2]], {"a": {"b": 1}}])
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_what_is_no_table_is_refused_and_nothing_is_left(tmp_path: Path, value: Any, suffix: str) -> None:
    with pytest.raises(CommandError, match="table"):
        write_output(value, tmp_path / f"t{suffix}")
    assert not list(tmp_path.iterdir())


def test_parquet_says_what_it_cannot_hold(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    with pytest.raises(CommandError, match="makes no Parquet"):
        write_output([{"a": 1}, {"a": "x"}], tmp_path / "t.parquet")


def test_json_is_strict_and_of_builtins(tmp_path: Path) -> None:
    np, pd = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    path = tmp_path / "v.json"
    for value, wanted in (
        ({"a": (1, 2), 3: float("nan")}, {"a": [1, 2], "3": None}),
        (Model([0.5]), {"weights": [0.5]}),
        (np.float64(1.5), 1.5),
        (np.eye(2, dtype=int), [[1, 0], [0, 1]]),
        (pd.DataFrame({"a": [1]}), [{"a": 1}]),
        (pd.Series([1, 2]), [1, 2]),
        ("é", None),
    ):
        write_output(value, path)
        if wanted is not None:
            assert json.loads(path.read_text()) == wanted
    assert path.read_text() == "é"  # text is written as it is


def test_a_picture(tmp_path: Path) -> None:
    np, Image = pytest.importorskip("numpy"), pytest.importorskip("PIL.Image")

    class Figure:
        """As far as it counts here; one of matplotlib takes seconds to import."""

        def savefig(self, path: Path, **options: str) -> None:
            path.write_bytes(b"\x89PNG\r\n" if options["format"] == "png" else b"")

    for value in (Figure(), Image.new("RGB", (3, 3)), np.zeros((3, 3), dtype="uint8"), b"\x89PNG\r\n\x1a\n"):
        write_output(value, tmp_path / "p.png")
        assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG\r\n")
    with pytest.raises(CommandError, match="is no picture"):
        write_output([1], tmp_path / "q.png")
    assert [path.name for path in tmp_path.iterdir()] == ["p.png"]


def test_anything_is_a_pickle_but_what_is_none(tmp_path: Path) -> None:
    write_output("text", tmp_path / "v.pkl")
    assert pickle.loads((tmp_path / "v.pkl").read_bytes()) == "text"
    with pytest.raises(CommandError, match="makes no pickle"):
        write_output(lambda: 1, tmp_path / "w.pkl")


def test_a_file_is_copied_whatever_the_suffix(tmp_path: Path) -> None:
    (tmp_path / "made.csv").write_text("a\n1\n")
    for name in ("copy.csv", "copy.parquet", "copy"):
        assert write_output(File(tmp_path / "made.csv"), tmp_path / name) == "4 bytes"
        assert (tmp_path / name).read_text() == "a\n1\n"
    assert natural_suffix(File(tmp_path / "made.csv")) == ".csv"


def test_what_fits_best() -> None:
    np = pytest.importorskip("numpy")
    kinds = [tables()["polars"], {"a": [1]}, "text", b"", Model([1.0]), np.eye(2), {1: 2}]
    assert list(map(natural_suffix, kinds)) == [".csv", ".json", ".txt", ".bin", ".pkl", ".pkl", ".pkl"]


def test_a_file_that_was_there_stays_where_the_new_one_fails(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("old")
    with pytest.raises(CommandError):
        write_output(3, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text() == "old"


def test_an_error_names_what_was_asked_for_and_not_what_is_written_first(say, flow: Path, folder: Path) -> None:
    say("run", "flow.py", "--executor", "inline", "--no-report")
    missing = say("results", "latest", "Number()", "-o", "nowhere/n.json")
    assert (missing.code, missing.err) == (2, "pyperunner: nowhere/n.json: there is no folder nowhere.\n")
    wrong = say("results", "latest", "*", "-o", "made", "--format", "png")
    assert (wrong.code, "made/Number().png: an output of type int is no picture" in wrong.err) == (2, True)
    assert not (folder / "made").exists()
