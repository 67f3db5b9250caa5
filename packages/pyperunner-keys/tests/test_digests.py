from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_keys import UnencodableError, digest, digest_bytes, digest_texts, encode

SCRIPT = Path(__file__).with_name("vectors.py")
VECTORS = dict(map(json.loads, SCRIPT.with_suffix(".jsonl").read_text().splitlines()))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    SCALARS | st.dates() | st.timedeltas() | st.decimals() | st.fractions() | st.uuids(),
    lambda inner: (
        st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner) | st.frozensets(KEYS) | st.sets(KEYS)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def values():
    return runpy.run_path(str(SCRIPT))["VALUES"]


@pytest.mark.parametrize("name", VECTORS)
def test_encoding_is_the_golden_one(values, name):
    assert encode(values[name]).decode("latin-1") == VECTORS[name]


def test_every_value_has_a_vector(values):
    assert values.keys() == VECTORS.keys()
    equal = {"nan", "minus nan"}
    assert len(set(VECTORS.values())) == len(VECTORS) - len(equal) + 1


@pytest.mark.parametrize("seed", ["0", "1", "2"])
def test_encoding_is_the_same_in_a_fresh_process(seed, python):
    assert _vectors(python(SCRIPT, PYTHONHASHSEED=seed)) == VECTORS


def test_other_pythons_agree(pythons, python):
    for other in pythons:
        assert _vectors(python(SCRIPT, python=other)) == VECTORS, other


def _vectors(printed):
    return dict(map(json.loads, printed.splitlines()))


@given(VALUES)
def test_digest_is_that_of_the_encoding(value):
    assert digest(value) == digest_bytes(encode(value)) == xxhash.xxh3_128_hexdigest(encode(value))


@given(VALUES, VALUES)
def test_equal_encodings_mean_equal_values_of_equal_types(first, second):
    assert (encode(first) == encode(second)) == (_typed(first) == _typed(second))


@given(st.lists(VALUES))
def test_items_cannot_be_confused_with_each_other(items):
    parts = [encode(item) for item in items]
    assert encode(items) == b"l%d:" % len(items) + b"".join(parts)
    assert not any(one != other and other.startswith(one) for one in parts for other in parts)


@given(st.dictionaries(KEYS, SCALARS))
def test_order_of_a_dict_counts(value):
    again = dict(reversed(value.items()))
    assert (encode(again) == encode(value)) == (len(value) < 2)


def _typed(value):
    """A stand-in that compares as the encoding should: with types, and with all NaN equal."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return kind, [(_typed(key), _typed(item)) for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return kind, sorted(map(repr, map(_typed, value)))
    if isinstance(value, (list, tuple)):
        return kind, tuple(map(_typed, value))
    if isinstance(value, complex):
        return kind, _typed(value.real), _typed(value.imag)
    if isinstance(value, float):
        return kind, "nan" if value != value else value.hex()
    return kind, str(value) if kind == "Decimal" else value


def test_large_buffers_are_hashed_piece_by_piece():
    parts = [b"x" * 100_000, bytearray(b"y" * 200_000), ["z" * 70_000] * 3]
    assert digest(parts) == digest_bytes(encode(parts))


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_deep_nesting_is_refused_without_a_recursion_error(depth):
    deep: list = []
    for _ in range(depth):
        deep = [deep]
    with pytest.raises(UnencodableError, match="nested more than 200 levels deep"):
        encode(deep)


def test_200_levels_are_fine():
    deep: list = []
    for _ in range(199):
        deep = [deep]
    assert encode(deep).count(b"l") == 200


def test_a_stack_that_is_nearly_full_is_an_error_of_ours():
    deep: list = []
    for _ in range(150):
        deep = [deep]

    def descend(left):
        return descend(left - 1) if left else encode(deep)

    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1
    with pytest.raises(UnencodableError, match="nested too deeply for what is left of the stack"):
        descend(sys.getrecursionlimit() - depth - 60)


def test_code_counts_by_its_fingerprint(project):
    first = project(first="def f(x):\n    return x\n").f
    second = project(second="def f(x):  # same\n    return x\n").f
    third = project(third="def f(x):\n    return -x\n").f
    assert digest({"f": first}) == digest({"f": second}) != digest({"f": third})


@given(VALUES)
def test_texts_have_the_same_digest_in_the_quick_way(value):
    assert digest_texts(value) == digest(value)


def test_lone_surrogates_and_subclasses_have_the_same_digest_in_the_quick_way():
    class Text(str):
        pass

    for value in ("\ud800", ["é", {"a": -1}], [Text("a")], {Text("a"): 1}, [True, 10**4300]):
        assert digest_texts(value) == digest(value)
