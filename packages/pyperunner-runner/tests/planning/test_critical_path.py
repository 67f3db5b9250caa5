"""Longest remaining paths, against all paths of a graph."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.planning.critical_path import longest_paths


def test_a_task_without_a_time_counts_as_the_mean():
    paths = longest_paths(["a", "b", "c"], {"a": [], "b": ["a"], "c": ["a"]}, {"a", "b", "c"}, {"b": 2.0, "c": 4.0})
    assert paths == {"a": 7.0, "b": 2.0, "c": 4.0}


def test_without_any_time_the_number_of_tasks_counts():
    assert longest_paths(["a", "b"], {"a": [], "b": ["a"]}, {"a", "b"}, {}) == {"a": 2.0, "b": 1.0}


def test_a_long_chain_needs_no_recursion():
    names = [str(index) for index in range(100_000)]
    upstream = {name: names[index - 1 : index] if index else [] for index, name in enumerate(names)}
    assert longest_paths(names, upstream, set(names), {})["0"] == 100_000


@given(st.data())
def test_no_path_is_longer(data):
    names = [f"t{index}" for index in range(data.draw(st.integers(1, 9)))]
    upstream = {
        name: data.draw(st.lists(st.sampled_from(names[:index]), unique=True)) if index else []
        for index, name in enumerate(names)
    }
    runs = data.draw(st.sets(st.sampled_from(names)))
    seconds = {name: data.draw(st.integers(1, 9)) for name in names}

    def longest(name):
        after = [longest(child) for child in names if name in upstream[child] and child in runs]
        return seconds[name] + max(after, default=0)

    got = longest_paths(names, upstream, runs, seconds)
    assert got == pytest.approx({name: longest(name) for name in runs})
