"""Values of any type through plain ones, and through a YAML file, and back."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import pathlib
import threading
import uuid
import zoneinfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_dag.saved.values import MAX_DEPTH, OpaqueFound, from_plain, to_plain
from pyperunner_keys import digest
from pyperunner_text.yaml.reader import read_yaml
from pyperunner_text.yaml.writer import to_yaml


def refuse(reference):
    raise AssertionError(f"nothing is to be imported, {reference} neither")


def back(value, find=refuse):
    """The value as it comes back from a YAML file."""
    return from_plain(read_yaml(to_yaml(to_plain(value)), "x"), find)


ZONE = zoneinfo.ZoneInfo("Europe/Berlin")
EXAMPLES = [
    *((1, 2), (), [(1,), [2]], {1, "a"}, frozenset([(1, 2)]), b"\0\xff", bytearray(b"x"), 1 + 2j, complex("nan")),
    *({1: "int key"}, {(1, 2): None}, {"$tuple": [1]}, {"$x": {"$y": 1}}, {"a": {2: (3,)}}, {None: 0, True: 1}),
    *("\ud800", "a\\\ud800\n", {"\udfff": 1}, 2**5000, -(2**5000), float("nan"), float("-inf"), -0.0, 1e16, 1e-7),
    *(
        "1_000",
        "yes",
        "2024-01-01",
        "=",
        "<<",
        "~",
        "",
        " x ",
        "a: b",
        "\x00\x85\u2028",
        "0x10",
        "1e3",
        "é",
        "\U0001f600",
    ),
    *(dt.datetime(2024, 1, 2, 3, 4, 5, 6), dt.datetime(2024, 1, 2, tzinfo=dt.timezone.utc)),
    *(dt.datetime(2024, 10, 27, 2, 30, tzinfo=ZONE, fold=1), dt.datetime(2024, 10, 27, 2, 30, fold=1)),
    dt.datetime(2024, 1, 2, tzinfo=dt.timezone(dt.timedelta(minutes=90), "odd")),
    *(dt.date(2024, 2, 29), dt.time(1, 2, 3, 4), dt.time(1, 2, tzinfo=dt.timezone(-dt.timedelta(hours=5)))),
    *(dt.timedelta(days=-1, microseconds=1), decimal.Decimal("1.10"), decimal.Decimal("sNaN12"), decimal.Decimal("-0")),
    *(fractions.Fraction(1, 3), uuid.UUID(int=5), range(1, 9, 2), slice(None, 3)),
    *(pathlib.Path("a/ä"), pathlib.PurePosixPath("/x"), pathlib.PureWindowsPath("C:\\x"), pathlib.Path("\udcff")),
]


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: type(value).__name__)
def test_there_and_back(value):
    assert digest(back(value)) == digest(value)
    assert type(back([value])[0]) is type(value)


def test_what_yaml_has_stands_for_itself():
    value = {"a": [1, 2.5, None, True, "x"], "b": {"c": "ä"}}
    assert to_plain(value) == value
    assert to_plain({"t": (1, {2})}) == {"t": {"$tuple": [1, {"$set": [2]}]}}


def test_sets_are_written_in_one_order():
    assert to_yaml(to_plain(set("qwertyuiop"))) == to_yaml(to_plain(set("poiuytrewq")))


class Own:
    """Of this module, and not one of the kinds that can be kept."""

    def __init__(self, n):
        self.n = n


class Text(str):
    """A subclass with what a plain text would lose."""


DEEP = []
for _ in range(MAX_DEPTH + 5):
    DEEP = [DEEP]


@pytest.mark.parametrize("value", [Own(1), Text("x"), {"deep": [Own(2)]}, DEEP])
def test_what_cannot_be_kept_is_seen_and_not_brought_back(value):
    plain = to_plain(value)
    assert "$opaque" in to_yaml(plain)
    assert digest(value) in to_yaml(plain) or isinstance(value, (dict, list))
    with pytest.raises(OpaqueFound):
        back(value)


def test_the_opaque_form_names_the_type():
    form = to_plain(Own(1))["$opaque"]
    assert form["type"].endswith("test_values.Own")
    assert form["digest"] == digest(Own(1))


def test_values_that_no_key_can_hold_are_not_its_business():
    with pytest.raises(TypeError):
        to_plain(threading.Lock())


@pytest.mark.parametrize(
    "plain",
    [
        {"$unknown": 1},
        {"$tuple": [1], "more": 2},
        {"$tuple": 3},
        {"$bytes": "not base64!"},
        {"$date": "yesterday"},
        {"$datetime": {"at": "2024-01-01T00:00:00"}},
        {"$path": ["os.system", "x"]},
        {"$dict": [[1]]},
        {"$dict": [[[1], 2]]},
        {"$set": [[1]]},
        {"$fraction": [1, 0]},
        {"$fraction": ["1e999999999"]},
        {"$fraction": ["1e999999999", 1]},
        {"$fraction": [0.5, 1]},
        {"$timedelta": [1e300]},
        {"$range": [0, 1, 0]},
        {"$path": ["PosixPath", 5]},
        {"$datetime": {"at": "2024-01-01", "zone": "../../etc/passwd", "fold": 0}},
        {"$decimal": "x"},
        {"$int": "x"},
        {"$uuid": "x"},
        {"$opaque": 3},
        [{"$x": 1}],
    ],
)
def test_what_was_edited_into_nonsense(plain):
    with pytest.raises(ValueError):
        from_plain(plain, refuse)


ATOMS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), st.text(), st.binary(max_size=20)),
    *(st.text(st.characters()), st.decimals(), st.fractions(), st.uuids(), st.dates(), st.timedeltas()),
    *(st.datetimes(timezones=st.none() | st.timezones()), st.times(timezones=st.none())),
)
KEYS = st.one_of(st.integers(), st.text(st.characters()), st.tuples(st.integers()), st.just("$tuple"))


def containers(inner):
    hashable = st.one_of(st.integers(), st.text(), st.dates(), st.tuples(st.text()))
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.sets(hashable, max_size=3),
        st.frozensets(hashable, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
    )


@settings(max_examples=300, deadline=None)
@given(st.recursive(ATOMS, containers, max_leaves=10))
def test_any_value_comes_back_exactly_and_any_plain_loader_reads_the_file(value):
    text = to_yaml(to_plain(value))
    yaml.safe_load(text)
    assert digest(from_plain(read_yaml(text, "x"), refuse)) == digest(value)
