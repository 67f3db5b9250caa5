"""The conformance suite of the port :class:`~pyperunner_results.OutputReader`. Needs pytest.

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

from .ports import OutputReader

__all__ = ["OutputReaderContract"]

_HASH = "0123456789abcdef0123456789abcdef"
_ENTRIES: dict[str, Any] = {
    f"Number()/{_HASH}": 1,
    f"Truth()/{_HASH}": True,
    f"Nothing()/{_HASH}": None,
    f"Nested(x)/{_HASH}": {"a": [1.5, "text"], "b": {}},
    f"Odd(a/../b é\n)/{_HASH}": "odd name",
}


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
        assert isinstance(reader, OutputReader)

    @pytest.mark.parametrize("key", list(_ENTRIES))
    def test_loads_what_was_stored(self, reader: OutputReader, key: str) -> None:
        """A stored value comes back equal, in type too, as often as one asks."""
        for _ in range(2):
            value = reader.load(key)
            assert value == _ENTRIES[key]
            assert type(value) is type(_ENTRIES[key])

    @pytest.mark.parametrize("key", [f"Absent()/{_HASH}", f"Number()/{_HASH[::-1]}", f"number()/{_HASH}"])
    def test_an_absent_key_is_a_key_error(self, reader: OutputReader, key: str) -> None:
        """No entry under this name and hash means ``KeyError``, also when only the case differs."""
        with pytest.raises(KeyError):
            reader.load(key)

    def test_missing_tells_absent_from_present(self, reader: OutputReader) -> None:
        """``missing`` takes any iterable and returns a set of those without an entry."""
        absent = {f"Absent({n})/{_HASH}" for n in range(3)}
        assert reader.missing(iter([*_ENTRIES, *absent])) == absent
        assert reader.missing([]) == set()

    def test_reading_writes_nothing(self, reader: OutputReader, tmp_path: Path) -> None:
        """A query leaves the medium's files as they are."""
        before = sorted(tmp_path.rglob("*"))
        reader.missing([f"Absent()/{_HASH}"])
        with pytest.raises(KeyError):
            reader.load(f"Absent()/{_HASH}")
        assert sorted(tmp_path.rglob("*")) == before
