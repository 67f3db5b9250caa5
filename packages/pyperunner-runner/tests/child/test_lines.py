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


def test_a_progress_bar_passes_and_is_given_once():
    buffer = LineBuffer()
    assert (buffer.feed(b"before\n\n"), buffer.passing) == ("before\n\n", "")
    for state in (b"\r  0%", b"\r 50%", b"\r100%"):
        assert (buffer.feed(state), buffer.passing) == ("", state[1:].decode())
    assert (buffer.feed(b"\n"), buffer.passing) == ("", "100%")
    assert (buffer.feed(b"\nafter"), buffer.passing) == ("100%\n\n", "")
    assert buffer.rest() == "after\n"


def test_a_line_that_is_returned_over_behind_its_text_is_given_once_too():
    assert fed(b"1 of 2\r", b"2 of 2\r", b"      \r", b"done\n", b"\nx") == (["done", ""], "x\n")
    assert fed(b"1 of 2\r", b"2 of 2\r", b"      \r") == ([], "2 of 2\n")


INNER = b"".join(b"\n\r inner %d%%\x1b[A" % n for n in range(3))


@pytest.mark.parametrize("end", [b"\n\r          \r\x1b[A", b""])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_bars_in_a_bar_are_given_once_each(end, size):
    """As tqdm writes them: a line feed leads to the row of the inner one, "cursor up" back."""
    data = b"\r outer 0%" + b"".join(INNER + end + b"\r outer %d%%" % n for n in range(3)) + b"\n"
    buffer = LineBuffer()
    early = [buffer.feed(data[at : at + size]) for at in range(0, len(data), size)]
    assert "".join(early) == ""
    assert buffer.passing == " outer 2%\n inner 2%"
    assert buffer.feed(b"after\n") == " outer 2%\nafter\n"
    assert buffer.rest() == ""


def test_bars_in_a_bar_that_stay_are_given_as_they_stay():
    data = b"\r outer 0%" + b"".join(INNER + b"\r inner done\n\r outer %d%%" % n for n in range(2)) + b"\n"
    lines, rest = fed(data)
    assert [*lines, *rest.splitlines()] == [" inner done", " inner done", " outer 1%"]


def test_a_line_that_is_written_over_is_bounded():
    pieces, rest = fed(b"\r", *[b"x" * 10_000] * 40)
    assert {len(piece) for piece in pieces} == {1 << 16}
    assert sum(map(len, pieces)) + len(rest) - 1 == 400_000
    assert fed(b"\r50%", *[b"\n"] * 1000)[0] == ["50%", *[""] * 999]


@given(st.lists(st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1), min_size=1))
def test_every_state_of_a_line_passes_and_the_last_is_given(states):
    buffer, passed = LineBuffer(), []
    for state in states:
        assert buffer.feed(b"\r" + state.encode()) == ""
        passed.append(buffer.passing)
    seen = [state for state in states if state.strip()]
    assert [text for text in dict.fromkeys(passed) if text] == list(dict.fromkeys(seen))
    assert buffer.feed(b"\nend\n") == "".join(f"{text}\n" for text in [*seen[-1:], "end"])


@given(st.lists(st.binary(max_size=40)), st.lists(st.integers(0, 400)))
def test_the_cuts_between_reads_do_not_show_in_rewritten_lines_either(pieces, cuts):
    data = b"".join(pieces)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    assert fed(*(data[start:end] for start, end in pairwise(edges))) == fed(data)


REWRITING = st.sampled_from([b"a", b"bc", b" ", b"\r", b"\n", b"\x1b[A", b"\x1b", b"[A"])


@given(st.lists(REWRITING, max_size=60))
def test_whatever_is_written_over_lines_come_out_the_same_however_they_are_cut(tokens):
    data = b"".join(tokens)

    def given(lines, rest):
        return [*lines, *rest.splitlines()]

    whole = given(*fed(data))
    assert given(*fed(*(data[at : at + 1] for at in range(len(data))))) == whole
    assert not any("\r" in line for line in whole)
