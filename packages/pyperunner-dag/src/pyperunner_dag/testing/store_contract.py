"""Contract of output stores: what each must do, as tests; see ``pyperunner_dag.testing``."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pyperunner_dag.ports import (
    OutputStore,
    SupportsAlias,
    SupportsDelete,
    SupportsDigest,
    SupportsEntries,
    SupportsFiles,
    SupportsFork,
    SupportsLocate,
    SupportsLock,
    SupportsProbe,
    SupportsUsable,
)
from pyperunner_dag.stores.opening import reopen_store
from pyperunner_dag.testing.children import Child
from pyperunner_keys import File, FileState, Folder, digest

__all__ = ["OutputStoreContract"]

HASH = "0123456789abcdef0123456789abcdef"
KEY = f"Task(tag)/{HASH}"
OTHER = f"Task(tag)/{HASH[::-1]}"
Reopen = Callable[[Mapping[str, Any]], OutputStore]


VALUES: list[Any] = [
    *(None, True, False, 0, -1, 2**63, -(2**200), 1.5, -0.0, float("inf"), float("nan"), 1 + 2j),
    *("", "text", "ä\n\0€\U0001f600", b"", b"\0\xff" * 5000, "long " * 20000),
    *([], [1, [2.0, ["3"]]], (), (1, (2,), []), {}, {"a": 1, "b": {"c": [None]}}, {1: "int", (2, 3): "tuple"}),
    *(set(), {1, 2}, frozenset({"x"}), [True, 1, 1.0]),
]

NAMES = [
    *("Task()", "task()", "TASK()", "Task(Tag)", "Task(a/b)", "Task(../../x)", "Task(/etc)", "..", "."),
    *("Task(a\nb)", "Task(a\tb)", "Task( )", "Task(a )", "Task(.)", "Task(a.)", "Task(con)", "Task(a\\b)", "Task(a:b)"),
    *("Task(\u00e9)", "Task(e\u0301)", "Task(%2F)", "Task(%)", "Task(*?)", "Task(" + "x" * 300 + ")"),
    "Task(" + "\U0001f600" * 80 + ")",
]


def ability(store: OutputStore, kind: Any) -> Any:
    """Return the store if it has an ability, else skip the test."""
    if not isinstance(store, kind):
        pytest.skip(f"{type(store).__name__} has not the ability {kind.__name__}")
    return store


class OutputStoreContract:
    """What every output store must do."""

    @pytest.fixture
    def store(self) -> OutputStore:
        """Give an empty store; to be overridden."""
        raise NotImplementedError("a subclass of OutputStoreContract gives the fixture 'store'")

    @pytest.fixture
    def reopen(self) -> Reopen:
        """Give what opens a store from its spec; to be overridden where no entry point does it."""
        return reopen_store

    @pytest.fixture
    def spec(self, store: OutputStore) -> dict[str, Any]:
        """Give the spec of the store, and skip the test where it has none."""
        spec = store.spec()
        if spec is None:
            pytest.skip(f"{type(store).__name__} cannot be reopened in another process")
        return spec

    def test_is_an_output_store(self, store: OutputStore) -> None:
        """The store has every method of the port."""
        assert isinstance(store, OutputStore)

    @pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}-{str(value)[:12]!a}")
    def test_a_value_comes_back_equal_in_type_too(self, store: OutputStore, value: Any) -> None:
        """What is saved is loaded, equal in value and in every type."""
        store.save(KEY, value)
        assert digest(store.load(KEY)) == digest(value)

    def test_what_is_loaded_is_nobody_elses(self, store: OutputStore) -> None:
        """Changing a saved or a loaded object changes no entry."""
        value = {"list": [1]}
        store.save(KEY, value)
        value["list"].append(2)
        store.load(KEY)["list"].append(3)
        assert store.load(KEY) == {"list": [1]}

    def test_absent_entries(self, store: OutputStore) -> None:
        """Without an entry, loading raises KeyError and the key is missing."""
        with pytest.raises(KeyError):
            store.load(KEY)
        with pytest.raises(KeyError):
            store.meta(KEY)
        assert store.missing([KEY]) == {KEY}

    def test_missing_tells_many_apart_in_one_call(self, store: OutputStore) -> None:
        """Any iterable of keys is sorted into those there and those missing."""
        keys = [f"Task({number})/{HASH}" for number in range(40)]
        for key in keys[::2]:
            store.save(key, key)
        assert store.missing(iter(keys)) == set(keys[1::2])
        assert store.missing([]) == set()

    def test_a_second_save_replaces_the_first(self, store: OutputStore) -> None:
        """The later entry is the one that is there, value and meta."""
        store.save(KEY, "first", {"run": 1})
        store.save(KEY, ["second"], {"run": 2})
        assert store.load(KEY) == ["second"]
        assert store.meta(KEY)["run"] == 2

    def test_receipts_tell_equal_payloads_from_others(self, store: OutputStore) -> None:
        """Equal payloads have equal digests, others other ones."""
        first, same = store.save(KEY, {"a": 1}), store.save(OTHER, {"a": 1})
        other = store.save(KEY, {"a": 2})
        assert first["digest"] == same["digest"] != other["digest"]
        assert isinstance(first["size"], int)
        assert first["size"] > 0

    def test_meta_is_kept_beside_the_value(self, store: OutputStore) -> None:
        """Meta comes back as it was given, with digest, size and time."""
        given = {"parts": {"params": {"n": "ab"}, "parents": [["Load()", HASH]]}, "none": None, "seconds": 1.5}
        before = time.time()
        receipt = store.save(KEY, "value", given)
        found = store.meta(KEY)
        assert {name: found[name] for name in given} == given
        assert (found["digest"], found["size"]) == (receipt["digest"], receipt["size"])
        assert before - 2 <= found["saved_at"] <= time.time() + 2

    def test_names_never_meet(self, store: OutputStore) -> None:
        """Names that a file system could confuse have entries of their own."""
        keys = [f"{name}/{HASH}" for name in NAMES]
        for key in keys:
            store.save(key, key)
        assert store.missing(keys) == set()
        assert [store.load(key) for key in keys] == keys
        assert store.missing([f"{name}x/{HASH}" for name in NAMES]) == {f"{name}x/{HASH}" for name in NAMES}

    def test_a_failed_save_leaves_the_entry_as_it_was(self, store: OutputStore) -> None:
        """A value that cannot be stored raises and changes nothing."""

        def unstorable() -> Any:
            yield from ()

        store.save(KEY, "kept")
        for key, kept in ((KEY, True), (OTHER, False)):
            with pytest.raises(Exception, match=r".+"):
                store.save(key, [1, unstorable()])
            assert (key not in store.missing([key])) is kept
        assert store.load(KEY) == "kept"

    def test_a_spec_holds_builtins(self, spec: dict[str, Any]) -> None:
        """The spec is a mapping of builtins with a URL."""
        import json

        assert isinstance(spec["url"], str)
        assert json.loads(json.dumps(spec)) == spec

    def test_another_process_reopens_it(self, store: OutputStore, spec: dict[str, Any], reopen: Reopen) -> None:
        """A child that opens the store by its spec shares its entries."""
        store.save(KEY, [1, (2,)])

        def child() -> Any:
            mine = reopen(spec)
            mine.save(OTHER, "from the child", {"who": "child"})
            return mine.load(KEY)

        assert Child(child).result() == [1, (2,)]
        assert store.load(OTHER) == "from the child"
        assert store.meta(OTHER)["who"] == "child"

    def test_a_reader_among_writers_sees_whole_values(
        self, store: OutputStore, spec: dict[str, Any], reopen: Reopen
    ) -> None:
        """While processes replace an entry, readers see one of its values or a miss."""
        values = [[writer] * 20_000 for writer in range(3)]

        def write(value: list[int]) -> Callable[[], None]:
            def child() -> None:
                mine = reopen(spec)
                for _ in range(15):
                    mine.save(KEY, value)

            return child

        children = [Child(write(value)) for value in values]
        seen = []
        while any(child.is_alive() for child in children):
            with suppress(KeyError):
                seen.append(store.load(KEY))
        for child in children:
            child.result()
        assert all(value in values for value in [*seen, store.load(KEY)])

    def test_locate(self, store: OutputStore) -> None:
        """An entry's path is absolute, its own, and asking for it creates nothing."""
        located = ability(store, SupportsLocate)
        path = Path(located.locate(KEY))
        assert path.is_absolute()
        assert not path.exists()
        store.save(KEY, 1)
        assert path.is_file()
        assert located.locate(KEY, "notes.txt") == str(path.with_name("notes.txt"))
        assert len({located.locate(f"{name}/{HASH}") for name in NAMES}) == len(NAMES)

    def test_lock_keeps_others_out(self, store: OutputStore, spec: dict[str, Any], reopen: Reopen) -> None:
        """A lock that is held is refused to other processes, and free afterwards."""
        locking = ability(store, SupportsLock)

        def child() -> str:
            try:
                with ability(reopen(spec), SupportsLock).lock(KEY, timeout=0):
                    return "got it"
            except TimeoutError:
                return "locked"

        with locking.lock(KEY):
            assert Child(child).result() == "locked"
        assert Child(child).result() == "got it"

    def test_lock_dies_with_its_holder(self, store: OutputStore, spec: dict[str, Any], reopen: Reopen) -> None:
        """A lock is free soon after its holder died."""
        locking = ability(store, SupportsLock)

        def child() -> None:
            ability(reopen(spec), SupportsLock).lock(KEY).__enter__()
            os._exit(9)

        with pytest.raises(RuntimeError, match="9"):
            Child(child).result()
        with locking.lock(KEY, timeout=5):
            assert store.missing([KEY]) == {KEY}

    def test_alias(self, store: OutputStore) -> None:
        """An alias loads its target until the target's payload changes."""
        aliasing = ability(store, SupportsAlias)
        with pytest.raises(KeyError):
            aliasing.alias(OTHER, KEY)
        store.save(KEY, "value")
        aliasing.alias(OTHER, KEY, {"why": "refactored"})
        assert store.load(OTHER) == "value"
        assert store.missing([OTHER]) == set()
        assert store.meta(OTHER)["why"] == "refactored"
        store.save(KEY, "another value")
        with pytest.raises(KeyError):
            store.load(OTHER)

    def test_a_value_is_loaded_with_its_digest(self, store: OutputStore) -> None:
        """The digest is that of the receipt, for an alias that of its target."""
        digesting = ability(store, SupportsDigest)
        with pytest.raises(KeyError):
            digesting.load_with_digest(KEY)
        receipt = store.save(KEY, ["value"])
        assert digesting.load_with_digest(KEY) == (["value"], receipt["digest"])
        if isinstance(store, SupportsAlias):
            store.alias(OTHER, KEY)
            assert digesting.load_with_digest(OTHER) == (["value"], receipt["digest"])

    def test_delete(self, store: OutputStore) -> None:
        """A deleted entry is missing; deleting again says that there was none."""
        deleting = ability(store, SupportsDelete)
        store.save(KEY, 1)
        store.save(OTHER, 2)
        assert (deleting.delete(KEY), deleting.delete(KEY)) == (True, False)
        assert store.missing([KEY, OTHER]) == {KEY}

    def test_entries(self, store: OutputStore) -> None:
        """The listing holds every entry once, and those of one task if asked."""
        listing = ability(store, SupportsEntries)
        keys = {f"{name}/{HASH}" for name in NAMES}
        for key in keys:
            store.save(key, 1)
        found = list(listing.entries())
        assert {entry["key"] for entry in found} == keys
        assert len(found) == len(keys)
        assert all(entry["size"] > 0 and abs(entry["modified"] - time.time()) < 60 for entry in found)
        assert [entry["key"] for entry in listing.entries("Task()")] == [f"Task()/{HASH}"]

    def test_one_object_on_both_sides_of_a_fork(self, store: OutputStore) -> None:
        """A store that says so can be used by a forked child and goes on being used by its parent."""
        if not ability(store, SupportsFork).survives_fork:
            pytest.skip("this store says that it has handles")
        store.save(KEY, 1)
        child = Child(lambda: (store.load(KEY), store.save(OTHER, 2)["size"] > 0))
        assert child.result() == (1, True)
        store.save(KEY, 3)
        assert (store.load(KEY), store.load(OTHER)) == (3, 2)

    def test_probe_leaves_nothing(self, store: OutputStore) -> None:
        """Probing a store that works raises nothing and makes no entry."""
        probing = ability(store, SupportsProbe)
        probing.probe()
        store.save(KEY, 1)
        probing.probe()
        assert store.load(KEY) == 1
        if isinstance(store, SupportsEntries):
            assert [entry["key"] for entry in store.entries()] == [KEY]

    def test_what_can_be_loaded_is_usable(self, store: OutputStore) -> None:
        """A store that says beforehand what it would refuse to load refuses nothing that it has just taken."""
        usable = ability(store, SupportsUsable)
        for value in (1, [1, (2,)], {"a": {3}}, b"x" * 300_000):
            store.save(KEY, value)
            assert not usable.unusable([KEY])
            assert store.load(KEY) == value

    def test_files(self, store: OutputStore, tmp_path: Path) -> None:
        """A value with a file is a miss as soon as the file is another one, and says beforehand which file it holds."""
        filing = ability(store, SupportsFiles)
        file = tmp_path / "model.bin"
        file.write_text("1", encoding="utf-8")
        value = {"model": [File(file)], "all": (Folder(tmp_path, "*.bin"),)}
        before = store.save(KEY, value)["digest"]
        store.save(OTHER, "no files")
        records = filing.files([KEY, OTHER, f"Task(absent)/{HASH}"])
        assert list(records) == [KEY]
        assert {record["place"] for record in records[KEY]} == {str(file), str(tmp_path)}
        assert all(FileState.of(record).fault() is None for record in records[KEY])
        assert store.load(KEY) == value
        file.write_text("2", encoding="utf-8")
        with pytest.raises(KeyError):
            store.load(KEY)
        assert all(FileState.of(record).fault() for record in filing.files([KEY])[KEY])
        assert store.save(KEY, value)["digest"] != before
        assert store.load(KEY) == value
        store.save(KEY, "no files any more")
        assert not filing.files([KEY])
