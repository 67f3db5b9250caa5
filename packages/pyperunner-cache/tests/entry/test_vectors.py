"""Entries written once must stay readable, and today's writer must give the same bytes (docs/format-v1.md)."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import json
import os
import pathlib
import uuid

import pytest

from pyperunner_cache import open_store
from pyperunner_cache.codecs.gzip import GzipCodec
from pyperunner_cache.codecs.raw import RawCodec
from pyperunner_cache.entry.draft import Draft
from pyperunner_cache.values.pack import pack

FOLDER = pathlib.Path(__file__).parents[1] / "vectors"
KEY = "Hello()/00"
VALUES = {
    "small": {"answer": 42},
    "atoms": [None, True, -1, 2**70, 0.5, -0.0, 1j, "é", "\ud800", b"\0\xff", bytearray(b"ab"), ...],
    "containers": [(1, (2,)), {1, 2, "x"}, frozenset({b"k"}), {(1, 2): [3], 4: None}, range(1, 9, 2), slice(None, 3)],
    "times": [
        dt.datetime(2024, 2, 29, 1, 2, 3, 4, dt.timezone.utc),
        dt.date(2024, 2, 29),
        dt.time(1, 2, fold=1),
        dt.timedelta(-1, 5),
    ],
    "numbers": [decimal.Decimal("-1.10"), fractions.Fraction(1, 3), uuid.UUID(int=7), pathlib.PurePosixPath("a/b")],
    "rows": [(number, "text", None) for number in range(20)],
    "buffer": {"name": "zeros", "data": bytearray(6000)},
}
CODECS = {"gzip": GzipCodec, "raw": RawCodec}


def write(name, codec, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 0.0)
    draft = Draft(KEY, pack(VALUES[name]), CODECS[codec](), {}, None)
    return b"".join(draft.chunks())


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("codec", CODECS)
def test_an_old_entry_is_read(tmp_path, name, codec, same):
    store = open_store(tmp_path / "s", trust="safe")
    content = (FOLDER / f"{name}.{codec}").read_bytes()
    store.backend.put(KEY, [content], CODECS[codec].filename)
    assert same(store.load(KEY), VALUES[name])
    described = json.loads((FOLDER / "vectors.json").read_text())[name]
    assert store.meta(KEY) == {"digest": described["digest"], "size": len(content), "saved_at": 0.0}


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("codec", CODECS)
def test_todays_writer_gives_the_same_bytes(name, codec, monkeypatch):
    written, kept = write(name, codec, monkeypatch), (FOLDER / f"{name}.{codec}").read_bytes()
    if codec == "raw" or name == "small":
        assert written == kept
    else:
        # How deflate packs is up to the library: the same payload and head are what the format promises.
        assert written[:100] == kept[:100]


def regenerate():
    """Write the vectors anew: only for a new version of the format."""
    patch, described = pytest.MonkeyPatch(), {}
    for name, value in VALUES.items():
        for codec in CODECS:
            (FOLDER / f"{name}.{codec}").write_bytes(write(name, codec, patch))
        draft = Draft(KEY, pack(value), RawCodec(), {}, None)
        list(draft.chunks())
        described[name] = {"value": ascii(value), "digest": draft.digest}
    patch.undo()
    (FOLDER / "vectors.json").write_text(json.dumps(described, indent=1) + "\n")


if __name__ == "__main__":
    regenerate()
    print(os.listdir(FOLDER))
