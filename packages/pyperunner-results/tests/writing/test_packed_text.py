"""Packed text: pieces in, pieces out, and the value that it says."""

from __future__ import annotations

import pickle

import pytest

from pyperunner_results.writing.packed_text import PackedText


@pytest.mark.parametrize("pieces", [[], ["a"], ["ä" * 100_000, "", "b\n" * 300_000]])
def test_it_comes_back_in_pieces_and_whole(pieces):
    text = PackedText(iter(pieces))
    whole = "".join(pieces).encode()
    assert b"".join(text) == b"".join(text) == bytes(text) == whole
    assert max(map(len, text), default=0) <= 1 << 16
    assert bytes(pickle.loads(pickle.dumps(text))) == whole


def test_its_value_is_read_from_it():
    assert PackedText(["a:\n  b", ": 1\n"]).read_yaml() == {"a": {"b": 1}}
