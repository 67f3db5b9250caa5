"""YAML writer: what it writes comes back equal from every loader."""

from __future__ import annotations

import datetime
import enum
import math
import threading
from collections.abc import Callable, Mapping

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_text.yaml.reader import MAX_DEPTH, UnreadableYaml, read_yaml
from pyperunner_text.yaml.writer import UnwritableValue, to_yaml, yaml_pieces

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=30)
    | st.dates()
    | st.sampled_from(
        ["yes", "No", "null", "~", "1e3", "0x1f", "1:30", "2024-01-01", "<<", "=", "- a", "a: b", "a #b", "", " a"]
    )
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10) | st.integers(), inner, max_size=4)
    ),
)
C_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@settings(max_examples=300, deadline=None)
@given(values)
def test_every_reader_gives_back_what_was_written(value: object) -> None:
    text = to_yaml(value)
    for read in (read_yaml(text, "text"), yaml.safe_load(text), yaml.load(text, Loader=C_LOADER)):
        assert repr(read) == repr(value)  # which tells 1 from True and 0.0 from -0.0


@pytest.mark.parametrize(
    "value",
    [
        1e20, 1.5e-300, -0.0, math.inf, -math.inf, 2**200, True, None, "", "a\nb", "😀 \x7f \u2028 \x85", "\ufeff",
        datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3),
        datetime.datetime(2024, 2, 29, 1, 2, 3, 4, datetime.timezone.utc),
        {"k" * 3000: [1]}, {"a": {}, "b": []},
    ],
)  # fmt: skip
def test_corners_come_back_with_their_type(value: object) -> None:
    text = to_yaml({"v": [value]})
    for read in (yaml.safe_load(text), read_yaml(text, "text")):
        assert repr(read) == repr({"v": [value]})


def test_nan_comes_back() -> None:
    assert math.isnan(read_yaml(to_yaml(math.nan), "text"))


def test_surrogates_come_back_through_the_plain_loader() -> None:
    assert yaml.safe_load(to_yaml({"a": "\ud800x"})) == {"a": "\ud800x"}


def test_it_reads_well_and_has_no_anchors() -> None:
    shared = {"n": 1}
    text = to_yaml(
        {"tasks": {"Load(csv)": {"tag": "csv", "params": shared}, "B()": {"params": shared, "parents": ("Load(csv)",)}}}
    )
    assert text == (
        "tasks:\n  Load(csv):\n    tag: csv\n    params:\n      \"n\": 1\n"
        "  B():\n    params:\n      \"n\": 1\n    parents:\n      - Load(csv)\n"
    )  # fmt: skip


def test_items_of_a_list_begin_on_the_line_of_their_dash() -> None:
    value = {"sources": [{"filename": "a.py", "hash": "x"}, [1, [2, {}]], {"k" * 2000: {"b": []}}]}
    text = to_yaml(value)
    assert text.startswith("sources:\n  - filename: a.py\n    hash: x\n  - - 1\n    - - 2\n      - {}\n")
    assert read_yaml(text, "text") == yaml.safe_load(text) == value


class Colour(int, enum.Enum):
    RED = 1


@pytest.mark.parametrize("value", [threading.Lock(), Colour.RED, b"bytes", {"set"}, 1j, type("Text", (str,), {})("x")])
def test_what_yaml_cannot_keep_is_refused_by_its_path(value: object) -> None:
    name = type(value).__name__
    with pytest.raises(UnwritableValue, match=rf"^tasks\.A\(\)\.params\[1\] is a {name}, which YAML cannot keep$"):
        to_yaml({"tasks": {"A()": {"params": [1, value]}}})


def test_what_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(UnwritableValue, match="contains itself"):
        to_yaml(loop)


@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"a": value}])
def test_the_reader_reads_as_deep_as_the_writer_writes(wrap: Callable[[object], object]) -> None:
    value: object = 1
    for _ in range(MAX_DEPTH):
        value = wrap(value)
    assert read_yaml(to_yaml(value), "text") == value
    with pytest.raises(UnwritableValue, match="nested too deep"):
        to_yaml(wrap(value))
    with pytest.raises(UnreadableYaml, match="nested"):
        read_yaml("[" * (MAX_DEPTH + 1), "text")


class Made(Mapping):
    """A mapping that makes an item when it is asked for it, and counts how many."""

    def __init__(self):
        self.made = 0

    def __len__(self):
        return 2500

    def __iter__(self):
        return map("key {}".format, range(len(self)))

    def __getitem__(self, key):
        self.made += 1
        return {"of": key, "date": datetime.date(2026, 1, 1)} if self.made % 100 == 0 else [key, None]


def test_what_has_very_many_items_is_read_as_it_is_written_and_never_there_as_a_whole():
    value = {"before": {"a": [1]}, "many": Made(), "after": 1}
    pieces = yaml_pieces(value)
    text = next(pieces)
    assert value["many"].made == 1000
    assert text + "".join(pieces) == to_yaml({**value, "many": dict(Made())})
    assert yaml.safe_load(to_yaml({**value, "many": Made()})) == {**value, "many": dict(Made())}


def test_a_value_in_the_midst_that_cannot_be_kept_is_named():
    with pytest.raises(UnwritableValue, match=r"many\[1500\]"):
        list(yaml_pieces({"many": {n: object() if n == 1500 else n for n in range(2000)}}))
