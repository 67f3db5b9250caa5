"""Trust contract: what a store over a backend takes from whom, as a class of tests."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pyperunner_cache.cache import open_store
from pyperunner_cache.codecs.gzip import GzipCodec
from pyperunner_cache.entry.draft import Draft
from pyperunner_cache.entry.versions import STORE, record_of
from pyperunner_cache.errors import CacheError, DamagedEntryWarning, MissingEntryError, UnsafeStoreWarning
from pyperunner_cache.ports import SupportsLocate, SupportsLock, SupportsPeek, SupportsRemove
from pyperunner_cache.testing.store_contract import FILENAME, StoreContract, read_entry
from pyperunner_cache.values.pack import pack

if TYPE_CHECKING:
    from pyperunner_cache.cache import Cache

__all__ = ["TrustContract"]

_KEY, _OTHER = "T()/1", "T()/2"
_SIGNED: dict[str, Any] = {"signing_key": "env:PYPERUNNER_TESTS_KEY"}
_MARK = "PYPERUNNER_TESTS_MARK"
_FORGED: list[dict[str, Any]] = [
    {"parts": [1 << 40]},
    {"parts": []},
    {"key": _OTHER},
    {"codec": "another"},
    {"alias": [_KEY, "00" * 16]},
    {"alias": [_OTHER, "00" * 16]},
    {"files": [{"path": "x", "place": "/dev/zero", "digest": "d"}]},
    {"files": [{"path": "x", "place": "/", "glob": "**/*", "digest": "d"}]},
    {"files": [[], 1]},
    {"meta": b"\xdd\xff\xff\xff\xff"},
    {"saved": "yesterday"},
]


class _Marking:
    """Leaves a mark when its pickle is executed."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (f"import os; os.environ[{_MARK!r}] = 'executed'",)


class TrustContract(StoreContract):
    """What a store over any backend takes: signed entries, plain data, or everything."""

    @pytest.fixture(autouse=True)
    def signing_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Set the key with which stores of these tests sign, and see that no pickle is executed in them."""
        monkeypatch.setenv("PYPERUNNER_TESTS_KEY", "a key that only the tests have")
        monkeypatch.delenv(_MARK, raising=False)

    def test_a_signed_store_takes_its_own_latest_entries_only(self, url: str, options: dict[str, Any]) -> None:
        """An unsigned entry, and an older version that was put back, are misses, and a plan does not count on them."""
        with open_store(url, **_SIGNED, **options) as signed:
            signed.save(_KEY, "first")
            first = read_entry(signed.backend, _KEY)
            signed.save(_KEY, "second")
            assert (signed.load(_KEY), signed.unusable([_KEY])) == ("second", {})
            unsigned = b"".join(Draft(_KEY, pack("forged"), GzipCodec(), {}, None).chunks())
            for content, reason in ((first, "older version"), (unsigned, "not signed")):
                _is_refused(signed, content, reason)
            signed.save(_KEY, "third")
            assert signed.load(_KEY) == "third"

    def test_an_older_version_is_one_after_everything_was_cleared(self, url: str, options: dict[str, Any]) -> None:
        """What was put back is a miss where its count has gone with all others, and where its key was saved anew."""
        with open_store(url, **_SIGNED, **options) as signed:
            signed.save(_KEY, "first")
            first = read_entry(signed.backend, _KEY)
            signed.save(_KEY, "second")
            signed.clear()
            _is_refused(signed, first, "which version")
            signed.save(_KEY, "third")
            _is_refused(signed, first, "older version")

    @pytest.mark.parametrize("rounds", [3, pytest.param(500, marks=pytest.mark.long)])
    def test_what_is_signed_while_the_store_is_cleared_stays(
        self, url: str, options: dict[str, Any], rounds: int
    ) -> None:
        """A clear beside signed saves takes no count of an entry that it leaves."""
        with open_store(url, **_SIGNED, **options) as signed, warnings.catch_warnings():
            warnings.simplefilter("error")
            if not isinstance(signed.backend, SupportsRemove):
                return
            keys = [f"T()/{number}" for number in range(4)]
            for _ in range(rounds):
                for key in keys:
                    signed.save(key, "old")
                writer = threading.Thread(target=lambda: [signed.save(key, "new") for key in keys])
                writer.start()
                signed.clear()
                writer.join()
                assert {signed.load(key) for key in keys if key in signed} <= {"new", "old"}

    def test_of_two_that_sign_one_key_at_once_one_stays(
        self, url: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The entry of one is never left with the number of another, which puts its own in between."""
        with open_store(url, **_SIGNED, **options) as signed:
            if not isinstance(signed.backend, SupportsLock):
                return
            signed.save(_KEY, "before")
            put = signed.backend.put
            has_put, may_count = threading.Event(), threading.Event()
            other = threading.Thread(target=signed.save, args=(_KEY, "other"))

            def put_in_turn(key: str, chunks: Any, filename: str) -> int:
                is_other = threading.current_thread() is other
                if key == _KEY and not is_other:
                    other.start()
                    has_put.wait(0.1)
                if key == record_of(_KEY) and is_other:
                    may_count.wait(0.1)
                size = put(key, chunks, filename)
                if key == _KEY and is_other:
                    has_put.set()
                return size

            monkeypatch.setattr(signed.backend, "put", put_in_turn)
            signed.save(_KEY, "one")
            may_count.set()
            other.join()
            assert signed.load(_KEY) in ("one", "other")

    @pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links, pipes and sockets")
    @pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe", "socket"])
    def test_what_is_planted_for_the_stores_own_files_leads_nowhere(
        self, url: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        """Where a lock, a total or what was set aside lay, there is a trap: everything works, and nobody else loses."""
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        for number in range(30):
            (theirs / str(number)).write_bytes(b"precious")
        with open_store(url, max_size="1GB", **_SIGNED, **options) as store:
            if not isinstance(store.backend, SupportsLocate):
                return
            _use(store)
            places = [Path(store.backend.located(key) or "") for key in (_KEY, "U()/1", STORE)]
            root = Path(os.path.commonpath(places))
            monkeypatch.chdir(root)  # a long path is none for a socket
            for place in [place for place in root.iterdir() if not any(each.is_relative_to(place) for each in places)]:
                was_folder = place.is_dir()
                shutil.rmtree(place) if was_folder else place.unlink()
                _plant(kind, place.name, theirs if was_folder else theirs / "0")
            _use(store)
            assert store.load(_KEY) == "value"
        assert {path.read_bytes() for path in theirs.iterdir()} == {b"precious"}
        assert len(list(theirs.iterdir())) == 30

    @pytest.mark.parametrize("mode", [0o770, 0o707])
    def test_what_others_may_put_another_file_for_is_not_mapped(
        self, url: str, options: dict[str, Any], tmp_path: Path, mode: int
    ) -> None:
        """A value from below a folder that others may write stays what it was when it was checked."""
        numpy = pytest.importorskip("numpy")
        with open_store(url, codec="raw", **options) as store:
            if not isinstance(store.backend, SupportsLocate):
                return
            value = numpy.ones(100_000)
            store.save(_KEY, value)
            path = Path(store.backend.located(_KEY) or "")
            folder = path.parent.parent
            folder.chmod(mode)
            loaded = store.load(_KEY)
            with path.open("r+b") as file:
                file.seek(path.stat().st_size // 2)
                file.write(bytes(1000))
            assert (loaded == value).all()
            folder.chmod(0o700)

    def test_a_safe_store_executes_no_pickle(self, url: str, options: dict[str, Any], store: Cache) -> None:
        """A pickle is a miss, and a plan does not count on it."""
        store.save(_KEY, _Marking())
        content = read_entry(store.backend, _KEY)
        with open_store(url, trust="safe", **options) as safe:
            safe.backend.put(_KEY, [content], FILENAME)
            if isinstance(safe.backend, SupportsPeek):
                assert "pickle" in safe.unusable([_KEY])[_KEY]
            with pytest.warns(DamagedEntryWarning, match="pickle"), pytest.raises(MissingEntryError):
                safe.load(_KEY)
        assert _MARK not in os.environ

    def test_a_pickle_of_others_is_not_executed(self, store: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where the backend says that somebody else may have written an entry, a pickle in it is a miss."""
        store.save(_KEY, _Marking())
        store.save(_OTHER, [1, (2,)])
        get = store.backend.get
        if not hasattr(get(_KEY), "others"):
            pytest.skip("this backend does not know who may have written an entry")
        monkeypatch.setattr(store.backend, "get", lambda key: _OfOthers(get(key)))
        with pytest.warns(UnsafeStoreWarning, match="anybody"), pytest.raises(MissingEntryError):
            store.load(_KEY)
        assert store.load(_OTHER) == [1, (2,)]
        assert _MARK not in os.environ

    @pytest.mark.parametrize("fields", _FORGED, ids=str)
    def test_what_a_head_claims_is_no_order(self, url: str, options: dict[str, Any], fields: dict[str, Any]) -> None:
        """Every call on an entry with a valid seal and a forged head gives a value or an error of the cache's."""
        with open_store(url, trust="safe", **options) as safe, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for call in (safe.load, safe.meta, lambda key: safe.unusable([key]), lambda key: safe.files([key])):
                draft = Draft(_KEY, pack({"a": 1}), GzipCodec(), fields, None)
                safe.backend.put(_KEY, draft.chunks(), FILENAME)
                try:
                    call(_KEY)
                except CacheError:
                    pass


def _is_refused(store: Cache, content: bytes, reason: str) -> None:
    store.backend.put(_KEY, [content], FILENAME)
    if isinstance(store.backend, SupportsPeek):
        assert reason in store.unusable([_KEY])[_KEY]
    with pytest.warns(DamagedEntryWarning, match=reason), pytest.raises(MissingEntryError):
        store.load(_KEY)


def _use(store: Cache) -> None:
    """Save, lock, set aside, count, evict and tidy."""
    for key in (_KEY, "U()/1"):
        store.save(key, "value")
    store.backend.put(_OTHER, [b"broken"], FILENAME)
    with pytest.warns(DamagedEntryWarning), pytest.raises(MissingEntryError):
        store.load(_OTHER)
    if isinstance(store.backend, SupportsLock):
        with store.backend.lock(_KEY, 5):
            pass
    assert store.verify()["checked"] >= 2
    assert store.stat()["entries"] >= 2
    store.backend.delete(_OTHER)
    store.gc(max_size="1GB")


def _plant(kind: str, name: str, target: Path) -> None:
    """Put a trap in the current folder."""
    if kind == "pipe":
        os.mkfifo(name)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as planted:
            planted.bind(name)
    else:
        os.symlink(target if kind == "link" else f"{target}-is-not-there", name)


class _OfOthers:
    """A blob that anybody may have written.

    Args:
        blob: What it is otherwise.
    """

    others = "anybody may have written it"

    def __init__(self, blob: Any) -> None:
        self._blob = blob

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blob, name)
