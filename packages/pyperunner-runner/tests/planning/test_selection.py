"""What names, tags and globs select."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner import UnknownSelection
from pyperunner_runner.planning.selection import Labels, Selection, select

TASKS = [Labels("Load(raw)", "raw"), Labels("Load(old)", "old"), Labels("Clean()", ""), Labels("Fit(raw)", "raw")]
UPSTREAM = {"Load(raw)": [], "Load(old)": [], "Clean()": ["Load(raw)", "Load(old)"], "Fit(raw)": ["Clean()"]}


def chosen(only=None, until=None, from_=None):
    return select(Selection.of(only, until, from_), TASKS, UPSTREAM)


def test_nothing_given_selects_without_bounds():
    assert chosen() is None


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("Clean()", {"Clean()"}),
        ("Clean", {"Clean()"}),
        ("raw", {"Load(raw)", "Fit(raw)"}),
        ("Load(*)", {"Load(raw)", "Load(old)"}),
        ("o*", {"Load(old)"}),
        (["Clean()", "old"], {"Clean()", "Load(old)"}),
    ],
)
def test_a_pattern_is_a_name_a_tag_or_a_glob(pattern, names):
    assert chosen(only=pattern) == names


def test_until_takes_ancestors_and_from_descendants():
    assert chosen(until="Clean()") == {"Load(raw)", "Load(old)", "Clean()"}
    assert chosen(from_="Load(old)") == {"Load(old)", "Clean()", "Fit(raw)"}


def test_several_parts_select_what_each_of_them_allows():
    assert chosen(from_="Load(old)", until="Clean()") == {"Load(old)", "Clean()"}


def test_a_name_with_the_signs_of_a_glob_is_meant_as_it_is():
    tasks = [Labels("T(a*)", "a*"), Labels("T(ab)", "ab")]
    assert select(Selection.of("T(a*)", None, None), tasks, {"T(a*)": [], "T(ab)": []}) == {"T(a*)"}


@pytest.mark.parametrize("what", ["only", "until", "from_"])
def test_an_unknown_name_is_an_error_with_near_ones(what):
    with pytest.raises(
        UnknownSelection, match=r"'Laod\(raw\)' matches no task.*Load\(raw\).*Nothing was started"
    ) as got:
        chosen(**{what: "Laod(raw)"})
    assert str(pickle.loads(pickle.dumps(got.value))) == str(got.value)


@given(st.data())
def test_spreads_as_paths_do(data):
    names = [f"t{index}" for index in range(data.draw(st.integers(1, 9)))]
    upstream = {
        name: data.draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }
    start = data.draw(st.sampled_from(names))

    def leads(first, last):
        return first == last or any(leads(first, parent) for parent in upstream[last])

    tasks = [Labels(name, "") for name in names]
    assert select(Selection.of(None, start, None), tasks, upstream) == {n for n in names if leads(n, start)}
    assert select(Selection.of(None, None, start), tasks, upstream) == {n for n in names if leads(start, n)}
