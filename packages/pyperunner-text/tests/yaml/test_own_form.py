"""Own form: what is taken means the same to every reader of YAML, and nearly all that is written is taken."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_text.yaml.own_form import NotOwnForm, read_own_form
from pyperunner_text.yaml.writer import to_yaml

C_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TEXTS = st.text(max_size=12) | st.sampled_from(
    ["yes", "a: b", "- a", "a #b", "Load(csv)", "0x1f", "\\ud83d", "é", '"', "null"]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4), max_leaves=15
)
LINES = st.sampled_from(
    [
        "a:", "a: 1", "b: x", "- a", "- - b", "- a: 1", "-", "- ", "a : 1", "a:  1", "a: b: c", "a: [1, 2]",
        "a: {b: 1}",
        'a: {"b": [1.5, 1e5]}', 'a: {"b": 1, "b": 2}', 'a: "x" y', '"a b": 1', '"a":', "a: 0x1f", "a: 012", "a: 1e5",
        "a: 1.5e+3", "a: .5", "a: 1_000", "a: *b", "a: &b c", "a: !!str 1", "a: |", "# c", "a: b # c", "---", "a: 'b'",
        "a: 2024-01-01", "? a", "a: ~", "a: \t1", "\ta: 1", "a: \\", 'a: "\\ud83d\\ude00"', 'a: "\\x41"',
        "a: yes", "y: 1", "a: []",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4))
def test_what_is_written_is_read_as_by_others(value: dict[str, Any]) -> None:
    text = to_yaml(value)
    with contextlib.suppress(NotOwnForm):
        assert repr(read_own_form(text)) == repr(yaml.load(text, Loader=C_LOADER))


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), LINES), min_size=1, max_size=6))
def test_whatever_is_taken_means_the_same_to_others(lines: list[tuple[int, str]]) -> None:
    text = "".join(f"{'  ' * depth}{line}\n" for depth, line in lines)
    try:
        value = read_own_form(text)
    except NotOwnForm:
        return
    assert repr(value) == repr(yaml.load(text, Loader=C_LOADER))
    assert repr(value) == repr(yaml.safe_load(text))


TASK = {
    "name": "Load",
    "module": "flow",
    "tag": "ä b",
    "params": {"n": 3, "x": 1.5, "p": ["a", {}]},
    "parents": ["A()"],
}


@pytest.mark.parametrize("count", [3, 1500])
def test_a_pipeline_is_taken(count: int) -> None:
    pipeline = {"pipeline": {"name": "p"}, "tasks": {f"Load({n})": {**TASK, "hash": f"{n:032x}"} for n in range(count)}}
    text = to_yaml(pipeline)
    assert read_own_form(text) == pipeline == yaml.load(text, Loader=C_LOADER)
    assert (text.count("\n") > 3 * count) is (count < 1000)


@pytest.mark.parametrize("value", [1e-7, float("inf"), "\U0001f600", "\x7f", {1: 2}, {"a": 1e300}, (1, 2)])
def test_of_many_items_those_that_json_says_otherwise_are_blocks(value: object) -> None:
    many = {f"k{n}": {"v": value} for n in range(1001)}
    text = to_yaml(many)
    expected = {"v": list(value) if isinstance(value, tuple) else value}
    assert yaml.safe_load(text)["k7"] == expected == yaml.load(text, Loader=C_LOADER)["k1000"]


@pytest.mark.parametrize(
    "text", ["", "a: 1", "a:\n", "a: 1\na: 2\n", "a:\n  b: 1\n  b: 2\n", "a:\n    b: 1\n", "a: 1\n  b: 2\n"]
)
def test_what_is_cut_or_has_a_key_twice_is_left_to_others(text: str) -> None:
    with pytest.raises(NotOwnForm):
        read_own_form(text)
