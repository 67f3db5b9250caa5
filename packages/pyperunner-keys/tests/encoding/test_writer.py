from __future__ import annotations

import pytest
import xxhash

from pyperunner_keys.digests import encode
from pyperunner_keys.encoding.encoders import ENCODERS
from pyperunner_keys.encoding.writer import Writer, write_item


def no_code(value, out):
    raise AssertionError


@pytest.mark.parametrize("value", [1, [b"x" * 1_000_000, 1], ["x"] * 100_000], ids=["short", "a large piece", "many"])
def test_of_what_is_digested_little_is_kept(value):
    out = Writer(ENCODERS, no_code, for_digest=True)
    write_item(value, out)
    assert len(out.buffer) < 100_000
    assert out.digest() == xxhash.xxh3_128_digest(encode(value))


def test_a_value_apart_leaves_no_trace():
    out = Writer(ENCODERS, no_code)
    assert out.apart(1) == b"i1;"
    assert out.buffer == b""
