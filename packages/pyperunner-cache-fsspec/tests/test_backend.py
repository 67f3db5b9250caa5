from __future__ import annotations

import uuid

import pytest

from pyperunner_cache import BadURLError, StorageError, open_store
from pyperunner_cache.testing import BackendContract

pytest.importorskip("fsspec")


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
    @pytest.fixture
    def options(self, s3, monkeypatch):
        for name, value in {
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }.items():
            monkeypatch.setenv(name, value)
        return {"storage_options": {"endpoint_url": s3}}

    @pytest.fixture
    def url(self, options):
        import s3fs

        bucket = f"bucket-{uuid.uuid4().hex}"
        s3fs.S3FileSystem(**options["storage_options"], skip_instance_cache=True).mkdir(bucket)
        return f"s3://{bucket}/some/cache"

    def test_a_bucket_that_is_not_there(self, options):
        with open_store("s3://nobody-has-this/x", **options) as store, pytest.raises((StorageError, KeyError)):
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


def test_its_abilities(tmp_path):
    store = open_store(f"fsspec:file://{tmp_path}/s")
    assert not hasattr(store, "lock")
    assert not hasattr(store, "locate")


@pytest.mark.parametrize("url", ["s3://", "s3:bucket", "s3://key:secret@bucket/x"])
def test_bad_urls(url):
    with pytest.raises(BadURLError) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
