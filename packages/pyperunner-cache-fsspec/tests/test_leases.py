from __future__ import annotations

import subprocess
import sys
import time

import pytest

from pyperunner_cache import CacheWarning, LockTimeoutError, open_store
from pyperunner_cache_fsspec.file_system import FileSystem

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

HOLDER = """
import json, sys, time
from pyperunner_cache import open_store
with open_store(**json.loads(sys.argv[1])).lock("T()/1"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def store(bucket):
    with open_store(bucket.url, storage_options=bucket.options, lease=0.9) as store:
        yield store


@pytest.fixture
def holder(store):
    """Another process that holds the lock."""
    import json

    process = subprocess.Popen([sys.executable, "-c", HOLDER, json.dumps(store.spec())], stdout=subprocess.PIPE)
    assert process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_living_holder_keeps_its_lock(store, holder):
    with pytest.raises(LockTimeoutError, match=r"T\(\)/1"), store.lock("T()/1", 2.5):
        pass
    assert holder.poll() is None


def test_a_dead_holder_is_followed_after_a_lease(store, holder):
    with pytest.raises(LockTimeoutError), store.lock("T()/1", 0):
        pass
    holder.kill()
    holder.wait()
    with store.lock("T()/1", 30):
        pass


def test_nothing_is_left(store):
    for number in range(3):
        with store.lock(f"T()/{number}"):
            pass
    assert store.backend._system.find(store.backend._system.root) == {}


def test_who_slept_for_too_long_takes_nothing_away(store, monkeypatch):
    one, other = store.lock("T()/1"), store.lock("T()/1", 30)
    monkeypatch.setattr(type(one), "_renew", lambda self: None)
    with one:
        time.sleep(0)  # it is not renewed: its holder sleeps
        with other:
            one.__exit__(None, None, None)
            with pytest.raises(LockTimeoutError), store.lock("T()/1", 0):
                pass


def test_a_server_without_conditions_is_told_of_once(store, monkeypatch):
    monkeypatch.setattr(FileSystem, "create", lambda self, path, data: self.fs.pipe_file(path, data) or True)
    with pytest.warns(CacheWarning, match="single flight is off"), store.lock("T()/1"):
        pass
    with store.lock("T()/2"):
        pass  # a second warning would be an error
