"""Lines out of bytes, however they are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.child.lines import LineBuffer

BYTES = st.binary(max_size=200).map(lambda data: data.replace(b"\r", b"."))


def fed(*pieces):
    """Return the lines out of pieces, and what is left behind them."""
    buffer = LineBuffer()
    return [line for piece in pieces for line in buffer.feed(piece).split("\n")[:-1]], buffer.rest()


@given(BYTES, st.lists(st.integers(0, 200)))
def test_the_cuts_between_reads_do_not_show(data, cuts):
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    lines, rest = fed(*(data[start:end] for start, end in pairwise(edges)))
    assert (lines, rest) == fed(data)
    assert len(lines) == data.count(b"\n")
    assert bool(rest) == (not data.endswith(b"\n") and data != b"")


def test_invalid_utf8_is_shown_as_escapes():
    assert LineBuffer().feed(b"caf\xc3\xa9 \xff\n") == "café \\xff\n"


def test_a_line_without_end_comes_in_pieces_of_bounded_size():
    pieces, rest = fed(*[b"x" * 10_000] * 40)
    assert {len(piece) for piece in pieces} == {1 << 16}
    assert sum(map(len, pieces)) + len(rest) - 1 == 400_000


@pytest.mark.parametrize("pieces", [[b"one\r\ntwo\r\n"], [b"one\r", b"\ntwo", b"\r\n"]])
def test_the_end_of_a_windows_line_is_one_and_not_part_of_it(pieces):
    assert fed(*pieces) == (["one", "two"], "")


def test_a_progress_bar_is_given_each_time_it_is_written_and_once():
    buffer = LineBuffer()
    assert buffer.feed(b"before\n\n") == "before\n\n"
    assert buffer.feed(b"\r  0%") == "  0%\n"
    assert buffer.feed(b"\r 50%") == " 50%\n"
    assert buffer.feed(b"\r100%") == "100%\n"
    assert buffer.feed(b"\n") == ""
    assert buffer.feed(b"\nafter") == "\n"
    assert buffer.rest() == "after\n"


def test_a_line_that_is_returned_over_behind_its_text_is_given_too():
    assert fed(b"1 of 2\r", b"2 of 2\r", b"      \r", b"done\n", b"\n") == (["1 of 2", "2 of 2", "done", ""], "")


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1), min_size=1))
def test_every_state_of_a_line_is_given_once(states):
    lines, rest = fed(b"\r" + b"\r".join(state.encode() for state in states) + b"\n")
    assert lines == [state for state in states if state.strip()]
    assert rest == ""


@given(st.lists(st.binary(max_size=40)))
def test_no_text_is_lost_or_given_twice_between_returns(pieces):
    def text(lines):
        return "".join(lines).replace("\n", "").replace("\\x0d", "").replace(" ", "")

    lines, rest = fed(*pieces)
    blanks = b" \t\x0b\x0c\r\n"
    whole = b"".join(pieces).translate(None, blanks).decode("utf-8", "backslashreplace")
    if all(piece.isascii() for piece in pieces):
        assert text([*lines, rest]).translate(dict.fromkeys(blanks)) == whole
