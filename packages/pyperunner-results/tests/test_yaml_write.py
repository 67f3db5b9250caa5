from __future__ import annotations

import datetime
import math
import threading

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_results import RecordError
from pyperunner_results.yaml_read import from_yaml
from pyperunner_results.yaml_write import to_yaml

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=30)
    | st.binary(max_size=30)
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


@given(values)
def test_every_reader_gives_back_what_was_written(value):
    text = to_yaml(value)
    assert from_yaml(text, "text") == value
    assert yaml.safe_load(text) == value
    assert yaml.load(text, Loader=C_LOADER) == value


@pytest.mark.parametrize(
    "value",
    [
        1e20, 1.5e-300, -0.0, math.inf, -math.inf, 2**200, True, None, "", "a\nb", "😀 \x7f \u2028",
        datetime.date(2024, 2, 29), datetime.datetime(2024, 2, 29, 1, 2, 3), {"x"},
        {"k" * 3000: [1]}, {"a": {}, "b": []},
    ],
)  # fmt: skip
def test_corners_come_back_with_their_type(value):
    text = to_yaml({"v": [value]})
    for read in (yaml.safe_load(text), from_yaml(text, "text")):
        assert read == {"v": [value]}
        assert repr(read) == repr({"v": [value]})


def test_nan_comes_back():
    assert math.isnan(from_yaml(to_yaml(math.nan), "text"))


def test_surrogates_come_back_through_the_plain_loader():
    assert yaml.safe_load(to_yaml({"a": "\ud800x"})) == {"a": "\ud800x"}


def test_it_reads_well_and_has_no_anchors():
    shared = {"n": 1}
    text = to_yaml(
        {"tasks": {"Load(csv)": {"tag": "csv", "params": shared}, "B()": {"params": shared, "parents": ["Load(csv)"]}}}
    )
    assert text == (
        "tasks:\n  Load(csv):\n    tag: csv\n    params:\n      \"n\": 1\n"
        "  B():\n    params:\n      \"n\": 1\n    parents:\n      - Load(csv)\n"
    )  # fmt: skip


def test_items_of_a_list_begin_on_the_line_of_their_dash():
    value = {"sources": [{"filename": "a.py", "hash": "x"}, [1, [2, {}]], {"k" * 2000: {"b": []}}]}
    text = to_yaml(value)
    assert text.startswith("sources:\n  - filename: a.py\n    hash: x\n  - - 1\n    - - 2\n      - {}\n")
    assert from_yaml(text, "text") == yaml.safe_load(text) == value


def test_what_yaml_cannot_keep_is_refused_by_its_path():
    with pytest.raises(RecordError, match=r"tasks\.A\(\)\.params\[1\] is a lock"):
        to_yaml({"tasks": {"A()": {"params": [1, threading.Lock()]}}})
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(RecordError, match="contains itself"):
        to_yaml(loop)
