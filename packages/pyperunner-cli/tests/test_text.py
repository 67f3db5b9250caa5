from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_cli.text import aligned, count, did_you_mean, duration, listing, visible


@given(st.text())
def test_visible_text_is_one_line_that_a_terminal_only_shows(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    shown.encode()


def test_what_can_be_shown_is_left_alone() -> None:
    assert visible("Load(café, 東京)") == "Load(café, 東京)"
    assert visible("a\nb\x1b[2J") == r"a\nb\x1b[2J"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (0.44, "0.4 s"), (99.9, "99.9 s"), (200, "3 min 20 s"), (3600, "1 h 0 min"), (7530, "2 h 5 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_counts_and_listings() -> None:
    assert (count(1, "task"), count(0, "task")) == ("1 task", "0 tasks")
    assert listing(["a", "b"]) == "a, b"
    assert listing(map(str, range(20)), limit=2) == "0, 1 and 18 more"


def test_near_names_are_suggested() -> None:
    assert did_you_mean("Lod()", ["Load()", "Save()"]) == "Did you mean Load()?"
    assert did_you_mean("zzz", ["Load()", "Save()"]) == "There is: Load(), Save()."
    assert did_you_mean("zzz", []) == "There is none."


def test_cells_of_a_column_stand_below_each_other() -> None:
    assert aligned([("a", "run", "x"), ("long", "load", "")]) == ["a     run   x", "long  load"]
