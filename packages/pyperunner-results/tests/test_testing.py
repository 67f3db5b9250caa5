from __future__ import annotations

import pytest

from pyperunner_results.testing import OutputReaderContract


class TestJsonFolder(OutputReaderContract):
    @pytest.fixture(autouse=True)
    def _implementation(self, json_folder):
        self.json_folder = json_folder

    def make_reader(self, folder, entries):
        reader = self.json_folder(folder)
        for key, value in entries.items():
            reader.save(key, value)
        return reader


class Memory:
    """A reader with one fault at a time, to show that the suite finds it."""

    def __init__(self, entries):
        self.entries = dict(entries)

    def missing(self, keys):
        return {key for key in keys if key not in self.entries}

    def load(self, key):
        return self.entries[key]


class ListsMissing(Memory):
    def missing(self, keys):
        return sorted(super().missing(keys))


class ReturnsNone(Memory):
    def load(self, key):
        return self.entries.get(key)


class FoldsCase(Memory):
    def load(self, key):
        return {name.lower(): value for name, value in self.entries.items()}[key.lower()]


class LosesTypes(Memory):
    def load(self, key):
        value = super().load(key)
        return int(value) if value is True else value


class Writes(Memory):
    def missing(self, keys):
        (self.folder / "asked").touch()
        return super().missing(keys)


class NoMissing:
    load = Memory.load


CASES = [
    (ListsMissing, "test_missing_tells_absent_from_present"),
    (ReturnsNone, "test_an_absent_key_is_a_key_error"),
    (FoldsCase, "test_an_absent_key_is_a_key_error"),
    (LosesTypes, "test_loads_what_was_stored"),
    (Writes, "test_reading_writes_nothing"),
    (NoMissing, "test_satisfies_the_port"),
]


@pytest.mark.parametrize(("faulty", "finds"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_the_suite_finds_a_faulty_reader(faulty, finds, tmp_path):
    from pyperunner_results import testing

    reader = object.__new__(faulty)
    reader.entries, reader.folder = dict(testing._ENTRIES), tmp_path
    suite = OutputReaderContract()
    check = getattr(suite, finds)
    absent = f"number()/{testing._HASH}"
    arguments = {
        "test_an_absent_key_is_a_key_error": [(absent,)],
        "test_loads_what_was_stored": [(key,) for key in testing._ENTRIES],
        "test_reading_writes_nothing": [(tmp_path,)],
    }.get(finds, [()])
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        for rest in arguments:
            check(reader, *rest)
