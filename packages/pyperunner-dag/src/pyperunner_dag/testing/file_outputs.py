"""The part of the conformance suite that concerns outputs that hold files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyperunner_dag.ports import OutputStore, SupportsFiles
from pyperunner_keys import File, FileState, Folder

__all__ = ["HASH", "KEY", "OTHER", "FilesContract", "ability"]

HASH = "0123456789abcdef0123456789abcdef"
KEY = f"Task(tag)/{HASH}"
OTHER = f"Task(tag)/{HASH[::-1]}"


def ability(store: OutputStore, kind: Any) -> Any:
    """Return the store if it has an ability, else skip the test."""
    if not isinstance(store, kind):
        pytest.skip(f"{type(store).__name__} has not the ability {kind.__name__}")
    return store


class FilesContract:
    """What a store must do that knows which of its values hold files."""

    def test_files(self, store: OutputStore, tmp_path: Path) -> None:
        """A value with a file is a miss as soon as the file is another one, and says beforehand which file it holds."""
        filing = ability(store, SupportsFiles)
        file = tmp_path / "model.bin"
        file.write_text("1")
        value = {"model": [File(file)], "all": (Folder(tmp_path, "*.bin"),)}
        before = store.save(KEY, value)["digest"]
        store.save(OTHER, "no files")
        records = filing.files([KEY, OTHER, f"Task(absent)/{HASH}"])
        assert list(records) == [KEY]
        assert {record["place"] for record in records[KEY]} == {str(file), str(tmp_path)}
        assert all(FileState.of(record).fault() is None for record in records[KEY])
        assert store.load(KEY) == value
        file.write_text("2")
        with pytest.raises(KeyError):
            store.load(KEY)
        assert all(FileState.of(record).fault() for record in filing.files([KEY])[KEY])
        assert store.save(KEY, value)["digest"] != before
        assert store.load(KEY) == value
        store.save(KEY, "no files any more")
        assert not filing.files([KEY])
