"""Conformance suite of the port :class:`~pyperunner_results.OutputReader`. Needs pytest.

Subclass :class:`OutputReaderContract`, say how a reader with given entries is made, and let pytest collect it::

    class TestMyReader(OutputReaderContract):
        def make_reader(self, folder, entries):
            ...
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pyperunner_results.ports import OutputReader

__all__ = ["OutputReaderContract"]

_HASH = "0123456789abcdef0123456789abcdef"
_ENTRIES: dict[str, Any] = {
    f"Number()/{_HASH}": 1,
    f"Truth()/{_HASH}": True,
    f"Nothing()/{_HASH}": None,
    f"Nested(x)/{_HASH}": {"a": [1.5, "text"], "b": {}},
    f"Odd(a/../b é\n)/{_HASH}": "odd name",
}


def _expect(condition: bool, message: str) -> None:
    # Not an assert statement: the suite must also hold under python -O, where pytest rewrites test files only.
    if not condition:
        pytest.fail(message)


class OutputReaderContract:
    """What every ``OutputReader`` keeps."""

    @abstractmethod
    def make_reader(self, folder: Path, entries: Mapping[str, Any]) -> OutputReader:
        """Return a reader of a store that holds exactly ``entries``; ``folder`` is empty and may be used."""

    @pytest.fixture
    def reader(self, tmp_path: Path) -> OutputReader:
        """A reader of a store with a few entries."""
        return self.make_reader(tmp_path, _ENTRIES)

    def test_satisfies_the_port(self, reader: OutputReader) -> None:
        """The reader has the port's methods."""
        _expect(isinstance(reader, OutputReader), f"{type(reader).__name__} lacks a method of OutputReader")

    @pytest.mark.parametrize("key", list(_ENTRIES))
    def test_loads_what_was_stored(self, reader: OutputReader, key: str) -> None:
        """A stored value comes back equal, in type too, as often as one asks."""
        for _ in range(2):
            value = reader.load(key)
            same = value == _ENTRIES[key] and type(value) is type(_ENTRIES[key])
            _expect(same, f"{key!r} was stored as {_ENTRIES[key]!r} and loaded as {value!r}")

    @pytest.mark.parametrize("key", [f"Absent()/{_HASH}", f"Number()/{_HASH[::-1]}", f"number()/{_HASH}"])
    def test_an_absent_key_is_a_key_error(self, reader: OutputReader, key: str) -> None:
        """No entry under this name and hash means ``KeyError``, also when only the case differs."""
        with pytest.raises(KeyError):
            reader.load(key)

    def test_missing_tells_absent_from_present(self, reader: OutputReader) -> None:
        """``missing`` takes any iterable and returns a set of those without an entry."""
        absent = {f"Absent({n})/{_HASH}" for n in range(3)}
        found = reader.missing(iter([*_ENTRIES, *absent]))
        _expect(found == absent, f"missing says {found!r} where {absent!r} are absent")
        _expect(reader.missing([]) == set(), "missing of nothing is not the empty set")

    def test_reading_writes_nothing(self, reader: OutputReader, tmp_path: Path) -> None:
        """A query leaves the medium's files as they are."""
        before = sorted(tmp_path.rglob("*"))
        reader.missing([f"Absent()/{_HASH}"])
        with pytest.raises(KeyError):
            reader.load(f"Absent()/{_HASH}")
        after = sorted(tmp_path.rglob("*"))
        _expect(after == before, f"reading changed the files {before!r} into {after!r}")
