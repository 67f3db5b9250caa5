from __future__ import annotations

import xxhash

from pyperunner_keys.digests import encode
from pyperunner_keys.encoding.encoders import ENCODERS
from pyperunner_keys.encoding.writer import Writer, write_item


def no_code(value, out):
    raise AssertionError


def test_large_pieces_go_to_the_hasher_at_once():
    out = Writer(ENCODERS, no_code, xxhash.xxh3_128())
    write_item([b"x" * 1_000_000, 1], out)
    assert len(out.buffer) < 100
    out.flush()
    assert out.hasher.hexdigest() == xxhash.xxh3_128_hexdigest(encode([b"x" * 1_000_000, 1]))


def test_a_value_apart_leaves_no_trace():
    out = Writer(ENCODERS, no_code)
    assert out.apart(1) == b"i1;"
    assert out.buffer == b""
