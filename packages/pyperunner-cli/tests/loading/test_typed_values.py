from __future__ import annotations

import dataclasses
import datetime
import enum
import fractions
import math
import typing
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_cli.loading.typed_values import Misfit, typed_value, with_part

Patient = NewType("Patient", str)


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Size(NamedTuple):
    width: int
    height: float = 2.0


@dataclasses.dataclass(frozen=True)
class Model:
    depth: int = 3
    name: str = "m"
    rates: tuple[float, ...] = (0.1,)


class Weights:
    pass


class Loose(typing.TypedDict, total=False):
    zip: str
    n: int


NOTHING: list[tuple[str, Any]] = [
    ("2", 2),
    ("-2", -2),
    ("010", 10),
    ("0o10", 8),
    ("0x1F", 31),
    ("2.5", 2.5),
    ("1e-3", 1e-3),
    (".inf", math.inf),
    ("true", True),
    ("null", None),
    ("", None),
    ("~", None),
    ("hello", "hello"),
    ("'2'", "2"),
    ("yes", "yes"),
    ("off", "off"),
    ("12:30", "12:30"),
    ("1_000", "1_000"),
    ("2024-02-01", "2024-02-01"),
    ("inf", "inf"),
    ("a=b", "a=b"),
    ("[1, a, [1e3]]", [1, "a", [1000.0]]),
    ("{a: 1, 2: no}", {"a": 1, 2: "no"}),
]

HINTED: list[tuple[str, Any, Any]] = [
    ("01067", str, "01067"),
    ("null", str, "null"),
    ("'x'", str, "'x'"),
    ("{a: [", str, "{a: ["),
    ("1e-3", float, 1e-3),
    ("3", float, 3.0),
    ("nan", float, math.nan),
    ("false", bool, False),
    ("0x10", int, 16),
    ("1+2j", complex, 1 + 2j),
    ("a: b", Path, Path("a: b")),
    ("b", PurePosixPath, PurePosixPath("b")),
    ("1.10", Decimal, Decimal("1.10")),
    ("1/3", fractions.Fraction, fractions.Fraction(1, 3)),
    ("2024-02-01", datetime.date, datetime.date(2024, 2, 1)),
    ("2024-02-01T10:00:00", datetime.datetime, datetime.datetime(2024, 2, 1, 10)),
    ("10:30", datetime.time, datetime.time(10, 30)),
    ("12345678123456781234567812345678", uuid.UUID, uuid.UUID("12345678123456781234567812345678")),
    ("RED", Colour, Colour.RED),
    ("b", Colour, Colour.BLUE),
    ("01067", Patient, "01067"),
    ("01067", str | None, "01067"),
    ("null", str | None, None),
    ("", str | None, ""),
    ("5", str | int, 5),
    ("x", str | int, "x"),
    ("5", "int | float", 5),
    ("1", typing.Optional["int"], 1),
    ("2", Literal[1, 2], 2),
    ("2", Literal["1", "2"], "2"),
    ("[3, 4]", tuple, (3, 4)),
    ("[3, 4]", tuple[int, float], (3, 4.0)),
    ("[01, 2]", tuple[str, ...], ("01", "2")),
    ("[01, 2]", list[str], ["01", "2"]),
    ("[1, 1]", set[int], {1}),
    ("[1]", frozenset, frozenset({1})),
    ("[1e3]", Sequence[float], [1000.0]),
    ("{a: 01}", dict[str, str], {"a": "01"}),
    ("{1: 2}", Mapping[int, float], {1: 2.0}),
    ("[3, 4]", Size, Size(3, 4.0)),
    ("{depth: 5}", Model, Model(depth=5)),
    ("{rates: [1]}", Model, Model(rates=(1.0,))),
    ("{zip: 01067, n: 2}", Loose, {"zip": "01067", "n": 2}),
    ("5", Any, 5),
]

REPLACED: list[tuple[str, Any, Any]] = [
    ("01067", "10115", "01067"),
    ("12:30", "08:00", "12:30"),
    ("1.10", "1.0", "1.10"),
    ("1e-3", 0.1, 1e-3),
    ("2", 0.1, 2.0),
    ("0.5", 1, 0.5),
    ("false", True, False),
    ("b", Path("a"), Path("b")),
    ("[3, 4]", (1, 2), (3, 4)),
    ("[01067]", ["10115"], ["01067"]),
    ("[1, b]", [1, "a"], [1, "b"]),
    ("{zip: 01067, new: 01}", {"zip": "1", "n": 2}, {"zip": "01067", "new": 1}),
    ("[3, 4]", {1, 2}, {3, 4}),
    ("2.50", Decimal(1), Decimal("2.50")),
    ("BLUE", Colour.RED, Colour.BLUE),
    ("2024-02-01", datetime.date(2021, 1, 1), datetime.date(2024, 2, 1)),
    ("{depth: 5}", Model(1, "x"), Model(5, "x")),
]

MISFITS: list[tuple[str, Any, Any, str]] = [
    ("x", int, None, r"'x' is of type str, not int"),
    ("1.5", int, None, r"'1.5' is of type float, not int"),
    ("null", int, None, r"'null' is of type NoneType, not int"),
    ("yes", bool, None, r"'yes' is of type str, not bool"),
    ("GREEN", Colour, None, r"'GREEN' is none of RED, BLUE"),
    ("3", Literal[1, 2], None, r"'3' is none of 1, 2"),
    ("[1]", tuple[int, int], None, r"has 1 items where 2 are wanted"),
    ("5", list, None, r"'5' is no list"),
    ("5", dict[str, int], None, r"'5' is no mapping"),
    ("{dept: 5}", Model, None, r"Model has no field 'dept'; it has depth, name, rates"),
    ("x", None, 1, r"'x' is of type str, not int"),
    ("5", None, [1], r"'5' is no list"),
    ("5", None, Weights(), r"'5' is of type int, not Weights"),
    ("[1", None, None, r"it is not YAML"),
    ("x", int | float, None, r"'x' is none of int, float"),
]


def same(got: Any, wanted: Any) -> bool:
    return type(got) is type(wanted) and (repr(got) == repr(wanted))


@pytest.mark.parametrize(("text", "value"), NOTHING)
def test_where_nothing_decides_the_core_schema_does(text: str, value: Any) -> None:
    assert same(typed_value(text), value)


@pytest.mark.parametrize(("text", "hint", "value"), HINTED)
def test_the_annotation_decides(text: str, hint: Any, value: Any) -> None:
    hint = typing.get_type_hints(types_of(hint))["x"]
    assert same(typed_value(text, hint, before=None), value)


def types_of(hint: Any) -> Any:
    def bearer() -> None:
        pass

    bearer.__annotations__ = {"x": hint}
    return bearer


@pytest.mark.parametrize(("text", "before", "value"), REPLACED)
def test_else_the_value_that_is_replaced_decides(text: str, before: Any, value: Any) -> None:
    assert same(typed_value(text, None, before), value)


@pytest.mark.parametrize(("text", "hint", "before", "clause"), MISFITS)
def test_what_does_not_fit_names_both_types(text: str, hint: Any, before: Any, clause: str) -> None:
    with pytest.raises(Misfit, match=clause):
        typed_value(text, hint, before)


def test_a_number_of_numpy_stays_one() -> None:
    np = pytest.importorskip("numpy")
    assert same(typed_value("0.5", None, np.float32(1)), np.float32(0.5))
    assert same(typed_value("2", None, np.int64(1)), np.int64(2))


@given(st.text(), st.sampled_from([str, str | None]))
def test_text_stays_as_it_is_to_the_letter(text: str, hint: Any) -> None:
    if hint is str or text not in ("~", "null", "Null", "NULL"):
        assert typed_value(text, hint) == text
    assert typed_value(text, None, "before") == text


@given(st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.decimals(allow_nan=False), st.dates()))
def test_what_python_prints_is_read_back(value: Any) -> None:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    assert same(typed_value(text, type(value)), value)
    assert same(typed_value(text, None, value), value)


WHOLE = {"model": Model(1), "sizes": [1, Size(1)], 7: {"zip": "1"}}


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("model.depth", "5", {**WHOLE, "model": Model(5)}),
        ("model.rates.0", "2", {**WHOLE, "model": Model(1, rates=(2.0,))}),
        ("sizes.0", "3", {**WHOLE, "sizes": [3, Size(1)]}),
        ("sizes.1.height", "3", {**WHOLE, "sizes": [1, Size(1, 3.0)]}),
        ("7.zip", "01067", {**WHOLE, 7: {"zip": "01067"}}),
    ],
)
def test_one_part_changes_and_the_whole_is_a_copy(path: str, text: str, value: Any) -> None:
    before = repr(WHOLE)
    assert same(with_part(WHOLE, path.split("."), text), value)
    assert repr(WHOLE) == before


@pytest.mark.parametrize("path", ["modle.depth", "model.dept", "sizes.2", "sizes.-1", "7.zip.x"])
def test_an_unknown_part_is_named(path: str) -> None:
    with pytest.raises(Misfit, match=r"has no part '(modle|dept|2|-1|x)'"):
        with_part(WHOLE, path.split("."), "5")
