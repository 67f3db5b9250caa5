"""Arrow: twins that differ in one thing, and the same rows in other chunks, offsets and buffers."""

from __future__ import annotations

import datetime as dt
import decimal
import pickle

import pytest

from pyperunner_keys import UnencodableError, digest

pa = pytest.importorskip("pyarrow")
np = pytest.importorskip("numpy")


def of(kind, *columns):
    return [pa.array(rows, kind) for rows in columns]


COLUMNS = {
    "nothing": [pa.nulls(count) for count in (0, 1, 2)],
    "truth": of(pa.bool_(), [True, None, False], [True, False, None], [True, True, False]),
    "numbers": of(pa.int16(), [1, None, 3], [1, 0, 3], [1, None, 4]) + of(pa.int32(), [1, None, 3]),
    "fractions": of(pa.float64(), [1.5, None], [1.5, float("nan")], [1.5, 0.0], [1.5, -0.0]),
    "half floats": [pa.array(np.array(each, "f2")) for each in ([1.5], [2.5])],
    "decimals": of(pa.decimal128(10, 2), [decimal.Decimal("1.50"), None], [decimal.Decimal("1.51"), None])
    + of(pa.decimal128(11, 2), [decimal.Decimal("1.50"), None])
    + of(pa.decimal256(10, 2), [decimal.Decimal("1.50"), None]),
    "times": of(pa.time64("ns"), [1, None], [2, None]) + of(pa.time64("us"), [1, None]),
    "moments": of(pa.timestamp("us"), [1, None])
    + of(pa.timestamp("us", "UTC"), [1, None])
    + of(pa.date32(), [1, None]),
    "spans": of(pa.month_day_nano_interval(), [(1, 2, 3)], [(1, 2, 4)]) + of(pa.duration("s"), [1]),
    "texts": of(pa.string(), ["ab", "c"], ["a", "bc"], ["abc", ""], ["abc", None]) + of(pa.large_string(), ["ab", "c"]),
    "views of texts": of(pa.string_view(), ["ab", "c"], ["ab", None], ["a" * 20, "c"]),
    "bytes": of(pa.binary(), [b"ab", b"c"], [b"a", b"bc"]) + of(pa.binary(2), [b"ab", b"cd"], [b"ab", None]),
    "lists": of(pa.list_(pa.string()), [["a"], ["b"]], [["a", "b"], []], [["a", "b"], None], [["a"], [None]]),
    "large lists": of(pa.large_list(pa.int8()), [[1], [2]], [[1, 2], None]),
    "views of lists": of(pa.list_view(pa.int8()), [[1], [2]], [[1, 2], []], [[1, 2], None]),
    "lists of one length": of(pa.list_(pa.int8(), 2), [[1, 2], None], [None, [1, 2]], [[1, None], None]),
    "maps": of(pa.map_(pa.string(), pa.int8()), [[("a", 1)], None], [[("b", 1)], None], [[("a", 1)], []]),
    "structs": of(
        pa.struct({"a": pa.int8(), "b": pa.string()}), [{"a": 1, "b": "x"}, None], [{"a": 1}, {}], [None] * 2
    ),
    "times in structs": of(pa.struct({"t": pa.time64("ns")}), [{"t": 1}], [{"t": 2}]),
    "categories": [pa.array(each).dictionary_encode() for each in (["a", "b", "a"], ["b", "a", "b"], ["a", None, "a"])],
    "order of categories": [
        pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), pa.array(each), ordered=ordered)
        for each, ordered in ((["a"], False), (["a"], True), (["a", "b"], False))
    ],
    "runs": [pa.compute.run_end_encode(pa.array(each)) for each in ([1, 1, 2], [1, 2, 2])],
    "nullable fields": [
        pa.array([{"a": 1}], pa.struct([pa.field("a", pa.int8(), nullable=nullable, metadata=notes)]))
        for nullable, notes in ((True, None), (False, None), (True, {"k": "v"}))
    ],
    "extension": [
        pa.ExtensionArray.from_storage(pa.uuid(), pa.array([each], pa.binary(16))) for each in (b"a" * 16, None)
    ],
}


@pytest.mark.parametrize("name", COLUMNS)
def test_each_thing_counts_and_layout_does_not(name):
    values = COLUMNS[name]
    assert len({digest(each) for each in values}) == len(values)
    for each in values:
        twice = pa.concat_arrays([each, each]) if not pa.types.is_dictionary(each.type) else each
        halves = [twice[: len(each)], twice[len(twice) - len(each) :], pickle.loads(pickle.dumps(each))]
        assert {digest(half) for half in halves} == {digest(each)}
        whole = pa.chunked_array([twice])
        parts = [pa.chunked_array([twice[:at], twice[at:]]) for at in range(len(twice) + 1)]
        assert {digest(part) for part in parts} == {digest(whole)}
        assert digest(whole) != digest(twice)


def test_what_lies_under_a_missing_row_does_not_count():
    numbers = [
        pa.Array.from_buffers(pa.int8(), 2, [pa.py_buffer(b"\1"), pa.py_buffer(each)]) for each in (b"ab", b"ac")
    ]
    assert digest(numbers[0]) == digest(numbers[1])
    bounds = pa.py_buffer(np.array([0, 1, 3], "i4"))
    held = pa.Array.from_buffers(pa.string(), 2, [pa.py_buffer(b"\1"), bounds, pa.py_buffer(b"abc")])
    assert digest(held) == digest(pa.array(["a", None]))


def test_tables_count_by_schema_and_columns():
    base = pa.table({"a": [1, 2], "b": ["x", "y"]})
    others = [
        base.select(["b", "a"]),
        base.rename_columns(["a", "c"]),
        base.replace_schema_metadata({"k": "v"}),
        base.to_batches()[0],
        base.schema,
        base.schema.field("a"),
        base.schema.field("a").type,
        base[:1],
        base.set_column(0, pa.field("a", pa.int64(), metadata={"unit": "m"}), base["a"]),
    ]
    assert len({digest(each) for each in [base, *others]}) == len(others) + 1
    assert digest(base) == digest(pa.concat_tables([base[:1], base[1:]])) == digest(pickle.loads(pickle.dumps(base)))


def test_buffers():
    assert digest(pa.py_buffer(b"ab")) != digest(pa.py_buffer(b"ac"))


def test_columns_of_pandas_count_by_their_arrow_type():
    pd = pytest.importorskip("pandas")
    moment = dt.datetime(2024, 1, 1)
    values = [
        pd.Series([moment], dtype=pd.ArrowDtype(pa.timestamp(unit, zone)))
        for unit in ("s", "us")
        for zone in (None, "UTC")
    ]
    notes = [pa.struct([pa.field("a", pa.int8(), metadata=each)]) for each in (None, {"k": "v"})]
    values += [pd.Series([{"a": 1}], dtype=pd.ArrowDtype(each)) for each in notes]
    assert len({digest(each) for each in values}) == len(values)


def test_a_column_whose_layout_is_not_known_is_refused_with_its_name():
    union = pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])
    with pytest.raises(UnencodableError, match=r"^at \['u'\]: pyarrow.Array of sparse_union.*no stable encoding"):
        digest(pa.table({"u": union}))
