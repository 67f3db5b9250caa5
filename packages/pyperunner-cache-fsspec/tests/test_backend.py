from __future__ import annotations

import os
import stat
import time
import uuid
from pathlib import Path

import fsspec
import pytest

from pyperunner_cache import BadURLError, StorageError, open_store
from pyperunner_cache.backends.file import FileBackend
from pyperunner_cache.testing import BackendContract


class TestLocalFiles(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"fsspec:file://{tmp_path}/store"


class TestMemory(BackendContract):
    @pytest.fixture
    def url(self):
        return f"fsspec:memory://{uuid.uuid4().hex}"


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
class TestS3(BackendContract):
    lease = 1.0

    @pytest.fixture
    def options(self, bucket):
        return {"storage_options": bucket.options, "lease": self.lease}

    @pytest.fixture
    def url(self, bucket):
        return bucket.url

    def test_a_server_that_is_gone(self, options):
        options["storage_options"] |= {"endpoint_url": "http://127.0.0.1:9", "config_kwargs": {"connect_timeout": 1}}
        options["storage_options"]["config_kwargs"]["retries"] = {"max_attempts": 0}
        with open_store("s3://bucket/x", **options) as store, pytest.raises(StorageError, match="connect"):
            store.missing(["T()/1"])

    def test_a_bucket_that_is_not_there(self, options):
        with open_store("s3://nobody-has-this/x", **options) as store, pytest.raises(StorageError, match="nobody-has"):
            store.save("T()/1", 1)

    def test_values_come_back(self, store):
        np = pytest.importorskip("numpy")
        array = np.arange(300_000)
        store.save("T()/1", {"a": array})
        found = store.load("T()/1")["a"]
        assert (found == array).all()
        assert found.flags.writeable
        assert store.stat()["entries"] == 1
        assert store.gc(max_size=10)["evicted"] == 1


@pytest.mark.parametrize("protocol", ["file", "local"])
def test_a_local_folder_is_a_store_of_files(tmp_path, protocol):
    with open_store(f"fsspec:{protocol}://{tmp_path}/s") as store:
        assert isinstance(store.backend, FileBackend)
        store.save("T()/1", "secret")
        path = Path(store.locate("T()/1"))
        assert path.is_relative_to(tmp_path / "s")
        assert [stat.S_IMODE(place.stat().st_mode) for place in (path, path.parent)] == [0o600, 0o700]


def test_its_abilities():
    store = open_store("fsspec:memory://x")
    assert not hasattr(store, "lock")
    assert not hasattr(store, "locate")
    assert not store.forbids_fork


def test_object_stores_have_leases():
    pytest.importorskip("s3fs")
    assert hasattr(open_store("s3://bucket/x"), "lock")


class Odd(fsspec.AbstractFileSystem):
    """A file system whose library has exceptions of its own."""

    protocol = "odd"

    class Broken(Exception):
        pass

    def _fail(self, *args, **kwargs):
        raise self.Broken("the line is dead")

    find = cat_file = pipe_file = rm_file = makedirs = mv = open = _fail


@pytest.fixture
def odd():
    fsspec.register_implementation("odd", Odd, clobber=True)
    with open_store("fsspec:odd://place/x") as store:
        yield store


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.missing(["T()/1"]),
        lambda store: store.load("T()/1"),
        lambda store: store.save("T()/1", 1),
        lambda store: store.meta("T()/1"),
        lambda store: store.delete("T()/1"),
        lambda store: list(store.entries()),
        lambda store: store.stat(),
        lambda store: store.verify(),
        lambda store: store.gc(max_size=0),
        lambda store: store.clear(),
        lambda store: store.probe(),
    ],
)
def test_what_a_library_raises_is_an_error_of_the_cache(odd, ask):
    with pytest.raises(StorageError, match=r"Broken: the line is dead") as caught:
        ask(odd)
    assert isinstance(caught.value.__cause__, Odd.Broken)


def test_a_library_that_hangs_in_a_forked_child_is_told_of(odd, monkeypatch):
    assert not odd.forbids_fork
    monkeypatch.setattr(Odd, "__module__", "obstore.fsspec")
    assert odd.forbids_fork
    assert open_store("fsspec:simplecache::odd://place/x").forbids_fork


def test_what_a_killed_writer_left_goes(tmp_path, monkeypatch):
    """An entry beside a newer one, because its writer did not come to remove it, and a temporary file of long ago."""
    with open_store(f"fsspec:simplecache::file://{tmp_path}/s") as store:
        folder = tmp_path / "s" / "T()" / "1"
        store.save("T()/1", "old")
        monkeypatch.setattr(type(store.backend._system), "remove", lambda self, path: False)
        store.save("T()/1", "new")
        monkeypatch.undo()
        for name, age in ((".tmp-dead", 90_000), (".tmp-young", 10)):
            (folder / name).write_bytes(b"x")
            os.utime(folder / name, (time.time() - age,) * 2)
        assert store.load("T()/1") == "new"
        assert store.stat()["entries"] == 1
        assert store.gc()["orphans"] == 2
        assert sorted(path.name[:10] for path in folder.iterdir()) == [".tmp-young", "result.dum"]
        assert store.load("T()/1") == "new"


@pytest.mark.parametrize("url", ["s3://", "s3:bucket", "s3://key:secret@bucket/x", "fsspec:nothing-like-it://x"])
def test_bad_urls(url):
    with pytest.raises(BadURLError) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
