"""The conformance suite, on stores that keep their word and on stores that break it."""

from __future__ import annotations

import contextlib
import fcntl
import pickle
import secrets
import time
from pathlib import Path

import pytest

from pyperunner_dag.testing import OutputStoreContract
from pyperunner_keys import digest


class FileStore:
    """A store of files with every optional ability, as small as one can be."""

    def __init__(self, path):
        self.path = path

    def _file(self, key):
        return self.path / digest(key) / "entry"

    def _write(self, key, entry):
        file = self._file(key)
        file.parent.mkdir(exist_ok=True)
        temporary = file.with_name(secrets.token_hex(8))
        temporary.write_bytes(pickle.dumps(entry))
        temporary.replace(file)

    def _entry(self, key):
        try:
            entry = pickle.loads(self._file(key).read_bytes())
            return entry if "target" not in entry else {**self._target(entry), "meta": entry["meta"]}
        except FileNotFoundError:
            raise KeyError(key) from None

    def _target(self, entry):
        target = self._entry(entry["target"])
        if target["receipt"]["digest"] != entry["digest"]:
            raise KeyError(entry["target"])
        return target

    def missing(self, keys):
        return {key for key in keys if not self._file(key).exists()}

    def load(self, key):
        return pickle.loads(self._entry(key)["data"])

    def save(self, key, value, meta=None):
        data = pickle.dumps(value)
        receipt = {"digest": digest(data), "size": len(data)}
        self._write(key, {"data": data, "key": key, "meta": dict(meta or {}), "receipt": receipt})
        return receipt

    def meta(self, key):
        entry = self._entry(key)
        return {**entry["meta"], **entry["receipt"], "saved_at": self._file(key).stat().st_mtime}

    def spec(self):
        return {"url": str(self.path)}

    def locate(self, key, filename=None):
        return str(self._file(key).with_name(filename or "entry"))

    @contextlib.contextmanager
    def lock(self, key, timeout=None):
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        with (self.path / f"{digest(key)}.lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= end:
                        raise TimeoutError(key) from None
                    time.sleep(0.01)
            yield

    def alias(self, key, target, meta=None):
        found = self._entry(target)
        self._write(key, {"key": key, "target": target, "digest": found["receipt"]["digest"], "meta": dict(meta or {})})

    def delete(self, key):
        try:
            self._file(key).unlink()
        except FileNotFoundError:
            return False
        return True

    def entries(self, name=None):
        for file in self.path.glob("*/entry"):
            entry = pickle.loads(file.read_bytes())
            if name is None or entry["key"].rpartition("/")[0] == name:
                yield {"key": entry["key"], "size": file.stat().st_size, "modified": file.stat().st_mtime}

    def probe(self):
        self.path.stat()


class TestMemoryStore(OutputStoreContract):
    @pytest.fixture
    def store(self, memory_store):
        return memory_store


class TestFileStore(OutputStoreContract):
    @pytest.fixture
    def store(self, tmp_path):
        return FileStore(tmp_path)

    @pytest.fixture
    def reopen(self):
        return lambda spec: FileStore(Path(spec["url"]))


class KeepsReferences(FileStore):
    """Hands out the very objects it was given."""

    def __init__(self, path):
        super().__init__(path)
        self.objects = {}

    def save(self, key, value, meta=None):
        self.objects[key] = value
        return super().save(key, value, meta)

    def load(self, key):
        return self.objects[key]


class TurnsTuplesIntoLists(FileStore):
    def load(self, key):
        value = super().load(key)
        return list(value) if isinstance(value, tuple) else value


class ForgetsCase(FileStore):
    def _file(self, key):
        return super()._file(key.lower())


class InventsEntries(FileStore):
    def load(self, key):
        with contextlib.suppress(KeyError):
            return super().load(key)


class UsesNamesAsPaths(FileStore):
    def _file(self, key):
        return self.path / key


class LeavesHalfAnEntry(FileStore):
    def save(self, key, value, meta=None):
        self._write(key, {"key": key})
        return super().save(key, value, meta)


class WritesInPlace(FileStore):
    def _write(self, key, entry):
        self._file(key).parent.mkdir(exist_ok=True)
        with self._file(key).open("wb", buffering=0) as file:
            data = pickle.dumps(entry)
            for start in range(0, len(data), 1000):
                file.write(data[start : start + 1000])
                time.sleep(0.0005)


class LocksNobodyOut(FileStore):
    def lock(self, key, timeout=None):
        return contextlib.nullcontext()


class AliasOutlivesItsTarget(FileStore):
    def _target(self, entry):
        return self._entry(entry["target"])


BROKEN = [
    (KeepsReferences, "test_what_is_loaded_is_nobody_elses", {}),
    (TurnsTuplesIntoLists, "test_a_value_comes_back_equal_in_type_too", {"value": (1, 2)}),
    (ForgetsCase, "test_names_never_meet", {}),
    (InventsEntries, "test_absent_entries", {}),
    (UsesNamesAsPaths, "test_names_never_meet", {}),
    (LeavesHalfAnEntry, "test_a_failed_save_leaves_the_entry_as_it_was", {}),
    (WritesInPlace, "test_a_reader_among_writers_sees_whole_values", {"spec": 1, "reopen": 1}),
    (LocksNobodyOut, "test_lock_keeps_others_out", {"spec": 1, "reopen": 1}),
    (AliasOutlivesItsTarget, "test_alias", {}),
]


@pytest.mark.parametrize(("broken", "test", "more"), BROKEN, ids=[f"{cls.__name__}-{test}" for cls, test, _ in BROKEN])
def test_a_broken_promise_is_found(broken, test, more, tmp_path):
    store = broken(tmp_path)
    if "spec" in more:
        more = {"spec": store.spec(), "reopen": lambda spec: broken(tmp_path)}
    with pytest.raises((AssertionError, KeyError, OSError, EOFError, pickle.UnpicklingError, pytest.fail.Exception)):
        getattr(OutputStoreContract(), test)(store=store, **more)


def test_a_subclass_without_a_store_is_told():
    with pytest.raises(NotImplementedError, match="fixture 'store'"):
        OutputStoreContract.store.__wrapped__(OutputStoreContract())
