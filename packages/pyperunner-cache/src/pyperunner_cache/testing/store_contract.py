"""Store contract: how a backend behaves under a store, with damage, and in optional abilities."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from pyperunner_cache.cache import open_store
from pyperunner_cache.errors import DamagedEntryWarning, MissingEntryError
from pyperunner_cache.ports import (
    Backend,
    SupportsLocate,
    SupportsLock,
    SupportsRemove,
    SupportsSetAside,
    SupportsSurvey,
    SupportsSweep,
    SupportsTally,
    SupportsTouch,
)

if TYPE_CHECKING:
    from pyperunner_cache.cache import Cache

__all__ = ["FILENAME", "StoreContract", "read_entry"]

FILENAME = "result.dump.gz"


def read_entry(backend: Backend, key: str) -> bytes:
    """Return all bytes of an entry."""
    blob = backend.get(key)
    try:
        return bytes(blob.read(0, blob.size))
    finally:
        blob.close()


class StoreContract:
    """The fixtures of `BackendContract`, and its tests of stores and optional abilities."""

    @pytest.fixture
    def url(self) -> str:
        """Return the URL of an empty place."""
        raise NotImplementedError("a subclass says where its backend lies")

    @pytest.fixture
    def options(self) -> dict[str, Any]:
        """Return the options with which the backend is opened."""
        return {}

    @pytest.fixture
    def store(self, url: str, options: dict[str, Any]) -> Any:
        """Give a `Cache` over the backend."""
        with open_store(url, **options) as store:
            yield store

    @pytest.fixture
    def backend(self, store: Cache) -> Backend:
        """Give the backend itself."""
        return store.backend

    def test_damage_is_a_miss_and_set_aside(self, store: Cache) -> None:
        """Damaged bytes are a miss with a warning, and are set aside where the backend can."""
        store.save("T()/1", {"answer": 42})
        whole = read_entry(store.backend, "T()/1")
        for broken in (b"", whole[:-1], whole + b"\0", whole[:100] + bytes([whole[100] ^ 1]) + whole[101:]):
            store.backend.put("T()/1", [broken], FILENAME)
            with pytest.warns(DamagedEntryWarning, match="counts as absent"), pytest.raises(MissingEntryError):
                store.load("T()/1")
            if isinstance(store.backend, SupportsSetAside):
                assert store.missing(["T()/1"]) == {"T()/1"}
        if isinstance(store.backend, SupportsSetAside):
            count, size = store.backend.aside()
            assert count == 4
            assert size == 3 * len(whole)
        if isinstance(store.backend, SupportsSweep):
            assert store.backend.sweep(aside=True)[0] == 4

    def test_locks(self, backend: Backend) -> None:
        """A lock excludes others of its key only, and is free again afterwards."""
        if not isinstance(backend, SupportsLock):
            return
        with backend.lock("T()/1", 5):
            with backend.lock("T()/2", 0):
                pass
            seen: list[object] = []
            thread = threading.Thread(target=_try_lock, args=(backend, "T()/1", seen))
            thread.start()
            thread.join()
            assert seen == ["TimeoutError"]
        with backend.lock("T()/1", 0):
            pass

    def test_locks_belong_to_the_store(self, store: Cache) -> None:
        """Another object opened on the same store, in this process, excludes and is excluded, and frees nothing."""
        spec = store.spec()
        if spec is None or not isinstance(store.backend, SupportsLock):
            return
        with open_store(**spec) as other:
            assert isinstance(other.backend, SupportsLock)
            with store.backend.lock("T()/1", 5):
                with pytest.raises(TimeoutError), other.backend.lock("T()/1", 0):
                    pass
                with other.backend.lock("T()/2", 5):
                    pass
                with pytest.raises(TimeoutError), other.backend.lock("T()/1", 0):
                    pass
            with other.backend.lock("T()/1", 5):
                pass

    def test_places(self, backend: Backend) -> None:
        """An entry's file is where the backend says it is."""
        if not isinstance(backend, SupportsLocate):
            return
        assert backend.located("T()/1") is None
        backend.put("T()/1", [b"x"], FILENAME)
        assert backend.located("T()/1") == backend.locate("T()/1", FILENAME)

    @pytest.mark.parametrize(("old", "new"), [(3, 3), (300_000, 300_000), (3, 300_000), (300_000, 3)])
    @pytest.mark.parametrize("filename", [FILENAME, "result.dump.raw"])
    def test_what_is_removed_is_what_was_listed(self, backend: Backend, old: int, new: int, filename: str) -> None:
        """A removal of a listed entry leaves alone what has replaced it since, however alike and however soon."""
        if not isinstance(backend, SupportsRemove):
            return
        for number in range(3):
            backend.put("T()/1", [bytes(old)], FILENAME)
            listed = next(iter(backend.scan()))
            for _ in range(number + 1):
                backend.put("T()/1", [bytes(new)], filename)
            assert backend.remove(listed) is False
            assert read_entry(backend, "T()/1") == bytes(new)
        assert backend.remove(next(iter(backend.scan()))) is True
        assert backend.missing(["T()/1"]) == {"T()/1"}
        assert backend.remove(listed) is False

    @pytest.mark.parametrize("rounds", [10, pytest.param(1000, marks=pytest.mark.long)])
    @pytest.mark.parametrize(
        ("one", "other"),
        [((10, FILENAME), (10, "result.dump.raw")), ((10, FILENAME), (300_000, FILENAME))],
        ids=["another codec", "another size"],
    )
    def test_of_two_saves_at_once_one_stays(
        self, store: Cache, options: dict[str, Any], one: tuple[int, str], other: tuple[int, str], rounds: int
    ) -> None:
        """Two that put one key at the same moment in different forms leave an entry, whoever cleans up after whom."""
        spec = store.spec()
        with open_store(**spec) if spec else store as second:
            barrier = threading.Barrier(3)

            def put(backend: Backend, size: int, filename: str) -> None:
                for number in range(rounds):
                    barrier.wait(60)
                    backend.put("T()/1", [bytes([number % 256]) * size], filename)
                    barrier.wait(60)

            threads = [
                threading.Thread(target=put, args=(store.backend, *one)),
                threading.Thread(target=put, args=(second.backend, *other)),
            ]
            for thread in threads:
                thread.start()
            lost = []
            for number in range(rounds):
                barrier.wait(60)
                barrier.wait(60)
                lost += [number] if store.backend.missing(["T()/1"]) else []
            for thread in threads:
                thread.join()
        assert lost == []

    @pytest.mark.parametrize("rounds", [5, pytest.param(1000, marks=pytest.mark.long)])
    def test_what_was_saved_during_a_clean_up_stays(self, store: Cache, rounds: int) -> None:
        """Entries that are saved while others are cleared are there afterwards, if they were saved after the look."""
        backend = store.backend
        if not isinstance(backend, SupportsRemove):
            return
        keys = [f"T()/{number}" for number in range(5)]
        for _ in range(rounds):
            for key in keys:
                backend.put(key, [b"old"], FILENAME)
            listed = list(backend.scan("T()"))
            writer = threading.Thread(target=lambda: [backend.put(key, [b"new"], FILENAME) for key in reversed(keys)])
            writer.start()
            for info in listed:
                backend.remove(info)
            writer.join()
            assert backend.missing(keys) == set()

    def test_a_survey_is_a_listing(self, backend: Backend) -> None:
        """What is counted at once is what a listing counts."""
        if not isinstance(backend, SupportsSurvey):
            return
        for turn in range(3):
            for number in range(6):
                backend.put(f"T{number % 2}()/{number}", [bytes(10 * turn + number)], FILENAME)
            backend.delete(f"T{turn % 2}()/{turn}")
            for but in (None, "T1()", "Nobody()"):
                sizes = [info.size for info in backend.scan() if but is None or not info.key.startswith(f"{but}/")]
                assert backend.survey(but) == (len(sizes), sum(sizes), 0, 0)

    def test_the_total_is_exact(self, backend: Backend) -> None:
        """The running total is that of all entries, whoever has put, replaced and removed them at the same time."""
        if not isinstance(backend, SupportsTally):
            return
        backend.put("T()/0", [b"x"], FILENAME)
        assert backend.tally() == 1

        def work(number: int) -> None:
            for turn in range(10):
                backend.put(f"T()/{turn}", [bytes(number * 100 + 1)], FILENAME)
                backend.put(f"T()/own-{number}", [bytes(300_000 if turn % 4 == 1 else 10)], FILENAME)
                backend.delete(f"T()/{turn - 1}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        true = sum(info.size for info in backend.scan())
        assert backend.tally() == true
        if isinstance(backend, SupportsRemove):
            for info in list(backend.scan()):
                backend.remove(info)
            assert backend.tally() == 0
        assert backend.tally(recount=True) == sum(info.size for info in backend.scan())

    def test_use_is_remembered(self, backend: Backend) -> None:
        """A touch never moves the time of use back."""
        if not isinstance(backend, SupportsTouch):
            return
        backend.put("T()/1", [b"x"], FILENAME)
        before = next(iter(backend.scan())).used
        blob = backend.get("T()/1")
        backend.touch("T()/1", blob)
        blob.close()
        info = next(iter(backend.scan()))
        assert info.used >= before >= info.modified - 1e-3


def _try_lock(backend: SupportsLock, key: str, seen: list[object]) -> None:
    try:
        with backend.lock(key, 0.05):
            seen.append("held twice")
    except TimeoutError:
        seen.append("TimeoutError")
