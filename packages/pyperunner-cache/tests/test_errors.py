from __future__ import annotations

import pickle

import pytest

import pyperunner_cache
from pyperunner_cache import CacheError

SAMPLES = [
    pyperunner_cache.MissingEntryError("k", "/s"),
    pyperunner_cache.DamagedEntryError("bad"),
    pyperunner_cache.ForeignEntryError("new"),
    pyperunner_cache.EntryTooLargeError("big"),
    pyperunner_cache.UnstorableError("result.x", "lock", "no", "k"),
    pyperunner_cache.UnhashableArgumentError("query", "it is a plan"),
    pyperunner_cache.BadKeyError("k"),
    pyperunner_cache.BadURLError("u", "why"),
    pyperunner_cache.BadSizeError("s", "'1GB'"),
    pyperunner_cache.UnknownBackendError("x", ["file"], "hint"),
    pyperunner_cache.UnknownCodecError("x", ["gzip"]),
    pyperunner_cache.UnknownFormatError("x", ["parquet"]),
    pyperunner_cache.StorageError("save", "k", "/f", "cause", 7),
    pyperunner_cache.StoreFullError("save", "k", "/f", "cause", 7),
    pyperunner_cache.ReadOnlyStoreError("save", None, "/f", "cause"),
    pyperunner_cache.ForeignStoreError("use the database", None, "/f", "cause"),
    pyperunner_cache.LockTimeoutError("the lock", "/f", 2.0),
    pyperunner_cache.DeadlockError("the lock", 7, 9),
]


@pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)
def test_errors_survive_pickling(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert vars(again) == vars(error)
    assert isinstance(error, CacheError)


def test_each_error_has_a_sample():
    errors = [getattr(pyperunner_cache, name) for name in pyperunner_cache.__all__ if name.endswith("Error")]
    assert {type(error) for error in SAMPLES} >= set(errors) - {CacheError}
