"""Lines out of bytes, however they are cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pyperunner_runner.child.lines import LineBuffer


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)))
def test_the_cuts_between_reads_do_not_show(data, cuts):
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    buffer = LineBuffer()
    lines = [line for start, end in pairwise(edges) for line in buffer.feed(data[start:end])]
    lines += buffer.rest()
    whole = LineBuffer()
    assert lines == whole.feed(data) + whole.rest()
    assert len(lines) == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")


def test_invalid_utf8_is_shown_as_escapes():
    assert LineBuffer().feed(b"caf\xc3\xa9 \xff\n") == ["café \\xff"]


def test_a_line_without_end_comes_in_pieces_of_bounded_size():
    buffer = LineBuffer()
    pieces = [piece for _ in range(40) for piece in buffer.feed(b"x" * 10_000)]
    assert {len(piece) for piece in pieces} == {1 << 16}
    assert sum(map(len, pieces)) + sum(map(len, buffer.rest())) == 400_000


def test_the_end_of_a_windows_line_is_not_part_of_it():
    assert LineBuffer().feed(b"one\r\n") == ["one"]
