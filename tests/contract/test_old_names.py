"""The names of modules that pickles of 0.2.0 hold lead to what they name, for good.

`tests/data/store-0.2.0/names.txt` lists them: what the stores there name, and every public class and function by the
module that 0.2.0 had it in, for a user's store may name any of them.
"""

from __future__ import annotations

import importlib
import io
import itertools
import pickle
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

import msgpack
import pytest

NAMED = Path(__file__).parents[1] / "data" / "store-0.2.0" / "names.txt"
NAMES = [tuple(line.split()) for line in NAMED.read_text().splitlines()]
CLASS_CODES = {19, 20, 21}
"""Of enum members, dataclasses and named tuples in docs/format-v1.md."""
NO_PACKED_CODES = {2, 3, 23}
PICKLE = b"\x80\x05"


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_names_in_pickles_of_0_2_0_lead_to_what_they_name(module, name):
    """The module can be imported and has the name: pickles hold both, so they stay for good."""
    found = importlib.import_module(module)
    for step in name.split("."):
        found = getattr(found, step)
    package = importlib.import_module(module.partition(".")[0])
    assert found is getattr(package, name, found)


def test_the_list_of_names_is_complete(old):
    """Every name of ours that a pickle, a dataclass, an enum or a named tuple in the stores holds."""
    found = {(module, name) for module, name in names_in(old) if module.partition(".")[0].startswith("pyperunner")}
    assert len(found) > 100
    assert sorted(found - set(NAMES)) == []


def names_in(old):
    """Return module and name of whatever the entries say to import."""
    found = set()
    for entry in entries_in(old):
        unpacked = without_gzip(entry)
        _, *values = unpack(unpacked, found)
        for value in values:
            if isinstance(value, bytes) and value.startswith(PICKLE):
                Names(value, found)
    return found


def entries_in(old):
    """Return the bytes of all entries: of files, and of rows."""
    yield from (path.read_bytes() for path in old.glob("*/*/*/result.dump.gz"))
    with closing(sqlite3.connect(old / "values.db")) as database:
        rows = [bytes(data) for (data,) in database.execute("SELECT data FROM entries")]
    yield from rows


def without_gzip(entry):
    """Return what the gzip members of an entry hold, up to the body of a raw one."""
    content = b""
    while entry.startswith(b"\x1f\x8b"):
        member = zlib.decompressobj(31)
        content += member.decompress(entry)
        entry = member.unused_data
    return content


def unpack(packed, found):
    """Return the msgpack objects in ``packed``, and note the classes that extension objects name."""

    def extension(code, data):
        inner = unpack(data, found) if code not in NO_PACKED_CODES else []
        if code in CLASS_CODES:
            found.add(tuple(inner[0][:2]))
        return tuple(inner)

    reader = msgpack.Unpacker(ext_hook=extension, strict_map_key=False, unicode_errors="surrogatepass", use_list=False)
    reader.feed(packed)
    return list(reader)


class Names:
    """Reads a pickle without importing what it names, nested ones too."""

    def __init__(self, pickled: bytes, found: set[tuple[str, str]]) -> None:
        class Anything:
            def __new__(cls, *args, **kwargs):
                for each in args:
                    if isinstance(each, bytes) and each.startswith(PICKLE):
                        Names(each, found)
                return object.__new__(cls if isinstance(cls, type) else type(cls))  # it may stand for a class

            def __init__(self, *args, **kwargs):
                pass

            def __call__(self, *args, **kwargs):
                return Anything(*args)

            def __getattr__(self, name):
                return lambda *args, **kwargs: None

            def __setitem__(self, key, value):
                pass

            def __setstate__(self, state):
                pass

            def __hash__(self):
                return id(self)

        class Reader(pickle._Unpickler):
            def find_class(self, module, name):
                found.add((module, name))
                return Anything

        Reader(io.BytesIO(pickled), buffers=itertools.repeat(b"")).load()
