"""Trust contract: what a store over a backend takes from whom, as a class of tests."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from pyperunner_cache.cache import open_store
from pyperunner_cache.codecs.gzip import GzipCodec
from pyperunner_cache.entry.draft import Draft
from pyperunner_cache.errors import CacheError, DamagedEntryWarning, MissingEntryError, UnsafeStoreWarning
from pyperunner_cache.ports import SupportsPeek
from pyperunner_cache.testing.store_contract import FILENAME, StoreContract, read_entry
from pyperunner_cache.values.pack import pack

if TYPE_CHECKING:
    from pyperunner_cache.cache import Cache

__all__ = ["TrustContract"]

_KEY, _OTHER = "T()/1", "T()/2"
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
        with open_store(url, signing_key="env:PYPERUNNER_TESTS_KEY", **options) as signed:
            signed.save(_KEY, "first")
            first = read_entry(signed.backend, _KEY)
            signed.save(_KEY, "second")
            assert (signed.load(_KEY), signed.unusable([_KEY])) == ("second", {})
            unsigned = b"".join(Draft(_KEY, pack("forged"), GzipCodec(), {}, None).chunks())
            for content, reason in ((first, "older version"), (unsigned, "not signed")):
                signed.backend.put(_KEY, [content], FILENAME)
                if isinstance(signed.backend, SupportsPeek):
                    assert reason in signed.unusable([_KEY])[_KEY]
                with pytest.warns(DamagedEntryWarning, match=reason), pytest.raises(MissingEntryError):
                    signed.load(_KEY)
            signed.save(_KEY, "third")
            assert signed.load(_KEY) == "third"

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
