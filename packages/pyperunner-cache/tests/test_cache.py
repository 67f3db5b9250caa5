from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys

import pytest

import pyperunner_cache
from pyperunner_cache import BadURLError, Cache, CacheError, UnstorableError, open_store

KEY = "T()/1"


@pytest.mark.parametrize("form", ["{}", "file:{}", "file://{}", "path"])
def test_a_folder_by_path_or_url(tmp_path, form):
    root = tmp_path / "a b" / "s"
    where = root if form == "path" else form.format(root).replace(" ", "%20" if "file" in form else " ")
    store = open_store(where)
    assert store.missing([KEY]) == {KEY}
    with pytest.raises(KeyError):
        store.load(KEY)
    with pytest.raises(KeyError):
        store.meta(KEY)
    store.locate(KEY)
    assert list(store.entries()) == []
    assert store.stat()["entries"] == 0
    assert store.delete(KEY) is False
    assert store.gc(max_size=1)["evicted"] == 0
    assert not (tmp_path / "a b").exists()
    store.save(KEY, 1)
    assert (root / "T()" / "1" / "result.dump.gz").exists()


def test_sqlite_makes_nothing_before_the_first_save(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/in/s.db") as store:
        assert store.missing([KEY]) == {KEY}
        assert list(store.entries()) == []
        assert os.listdir(tmp_path) == []
        store.save(KEY, 1)
        assert sorted(os.listdir(tmp_path / "in")) == ["s.db", "s.db-shm", "s.db-wal"]


@pytest.mark.parametrize(
    "url", ["", "a\0b", 7, None, "sqlite://x.db", "sqlite:///", "memory://name", "file://host/x", "file:", "file:x?y=1"]
)
def test_what_is_no_address(url):
    with pytest.raises(BadURLError):
        open_store(url)


def test_unknown_options_are_named(tmp_path):
    with pytest.raises(TypeError, match="colour"):
        open_store(tmp_path, colour="red")
    with pytest.raises(ValueError, match="trust"):
        open_store(tmp_path, trust="everybody")
    with pytest.raises(ValueError, match="level"):
        open_store(tmp_path, level=12)


def test_the_spec_opens_it_again(tmp_path):
    store = open_store(tmp_path / "s", codec="raw", codecs={"U()": "gzip"}, level=3, max_load="1GB", durable=True)
    store.save(KEY, 1)
    again = open_store(**store.spec())
    assert again.load(KEY) == 1
    assert again.spec() == store.spec()
    assert pickle.loads(pickle.dumps(store)).load(KEY) == 1
    assert copy.deepcopy(store) is store
    with pytest.raises(UnstorableError):
        pickle.dumps(open_store("memory://"))


def test_codecs_by_store_name_and_call(tmp_path):
    store = open_store(tmp_path / "s", codecs={"Train()": "raw"})
    store.save("Train()/1", 1)
    store.save("Test()/1", 1)
    store.save("Test()/2", 1, codec="raw")
    assert store.locate("Train()/1").endswith("result.dump.raw")
    assert store.locate("Test()/1").endswith("result.dump.gz")
    assert store.locate("Test()/2").endswith("result.dump.raw")
    assert store.locate("Train()/new").endswith("result.dump.raw")
    assert store.locate("Test()/1", "plot.png").endswith("/1/plot.png")
    assert [store.load(key) for key in ("Train()/1", "Test()/1", "Test()/2")] == [1, 1, 1]
    for outside in ("../../x", "/etc/passwd", "..", ""):
        with pytest.raises(CacheError):
            store.locate("Test()/1", outside)


def test_meta_comes_back_without_the_value(any_store, same):
    given = {"seconds": 1.5, "tuple": (1, {2}), "none": None}
    receipt = any_store.save(KEY, b"x" * 100_000, given)
    found = any_store.meta(KEY)
    assert same({name: found[name] for name in given}, given)
    assert found["digest"] == receipt["digest"]
    assert found["size"] == receipt["size"]
    assert isinstance(found["saved_at"], float)
    with pytest.raises(UnstorableError):
        any_store.save(KEY, 1, {"bad": object()})
    big = {"list": list(range(50_000))}
    any_store.save(KEY, 1, big)
    assert any_store.meta(KEY)["list"] == big["list"]


def test_aliases(any_store):
    any_store.save("A()/1", {"v": 1})
    any_store.alias("B()/1", "A()/1", {"why": "cutoff"})
    any_store.alias("C()/1", "B()/1")
    assert any_store.load("C()/1") == any_store.load("B()/1") == {"v": 1}
    assert any_store.meta("B()/1")["digest"] == any_store.meta("A()/1")["digest"]
    assert any_store.meta("B()/1")["why"] == "cutoff"
    any_store.save("A()/1", {"v": 2})
    for key in ("B()/1", "C()/1"):
        with pytest.raises(KeyError, match="payload"):
            any_store.load(key)
    any_store.save("A()/1", {"v": 1})
    assert any_store.load("C()/1") == {"v": 1}
    any_store.delete("A()/1")
    with pytest.raises(KeyError):
        any_store.load("B()/1")
    with pytest.raises(KeyError):
        any_store.alias("D()/1", "A()/1")


def test_the_public_names_are_there():
    for name in pyperunner_cache.__all__:
        assert getattr(pyperunner_cache, name) is not None
    assert set(dir(pyperunner_cache)) == set(pyperunner_cache.__all__)
    with pytest.raises(AttributeError):
        pyperunner_cache.nothing


def test_importing_is_nearly_free():
    code = "import sys, pyperunner_cache\n"
    code += "print([m for m in ('msgpack', 'numpy', 'sqlite3', 'xxhash') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
    code = "import sys\nfrom pyperunner_cache import open_store\nopen_store('/nonexistent/x').missing(['a/b'])\n"
    code += "print([m for m in ('numpy', 'sqlite3', 'cloudpickle', 'isal', 'pandas') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "numpy" not in out
    assert "sqlite3" not in out


def test_a_cache_is_itself(tmp_path):
    store = open_store(tmp_path / "s")
    assert isinstance(store, Cache)
    assert str(tmp_path) in repr(store)
    assert KEY not in store
    store.save(KEY, None)
    assert KEY in store
    assert store.load(KEY) is None
