"""Columns: rows come out as they were, and what they share is written once."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_results.report.columns import pack

VALUES = st.one_of(
    st.booleans(), st.integers(0, 3), st.floats(0, 1), st.sampled_from("ab"), st.lists(st.integers(0, 2))
)
ROWS = st.lists(st.dictionaries(st.sampled_from("xyz"), VALUES), max_size=30)


def unpack(packed):
    """Do what ``model.js`` does."""
    rows = [{} for _ in range(packed["count"])]
    for name, column in packed["columns"].items():
        size = len(column["in"]) if "in" in column else packed["count"]
        for number in range(size):
            value = column["is"][number] if "is" in column else 0
            row = column["in"][number] if "in" in column else number
            rows[row][name] = column["of"][value] if "of" in column else value
    return rows


@given(ROWS)
def test_rows_come_out_as_they_were(rows):
    assert repr([sorted(row.items()) for row in unpack(json.loads(json.dumps(pack(rows))))]) == repr(
        [sorted(row.items()) for row in rows]
    )


def test_what_rows_share_is_written_once():
    rows = [{"status": "SUCCESS", "kind": "ab"[number % 2], "name": str(number)} for number in range(1000)]
    rows[7]["error"] = "no"
    columns = pack(rows)["columns"]
    assert columns["status"] == {"of": ["SUCCESS"]}
    assert columns["kind"]["of"] == ["a", "b"]
    assert columns["error"] == {"in": [7], "is": ["no"]}
    assert len(columns["name"]["is"]) == 1000
