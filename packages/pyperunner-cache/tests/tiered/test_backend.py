from __future__ import annotations

import sys
import warnings

import pytest

from pyperunner_cache import BadURLError, CacheWarning, DamagedEntryWarning, MissingEntryError, StorageError, open_store
from pyperunner_cache.backends.file import FileBackend
from pyperunner_cache.testing import BackendContract


class TestTiers(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"tiered://?near={tmp_path}/near&far=sqlite:///{tmp_path}/far.db&near_max_size=1GB"


class Wavering(FileBackend):
    """A far store that does not answer while there is a file beside it."""

    @classmethod
    def from_url(cls, url, **options):
        return cls(url.partition(":")[2], **options)

    def spec(self):
        return {**super().spec(), "url": f"wavering:{self.root}"}


def _wavering(name):
    method = getattr(FileBackend, name)

    def ask(self, *args, **kwargs):
        import os

        if os.path.exists(f"{self.root}.down"):
            raise StorageError(name, None, self.root, "no answer")
        return method(self, *args, **kwargs)

    return ask


for _name in ("get", "peek", "put", "missing", "delete", "remove", "scan"):
    setattr(Wavering, _name, _wavering(_name))


@pytest.fixture
def far(tmp_path, register, monkeypatch):
    """The far store, opened directly; ``tmp_path / "far.down"`` makes it fail."""
    monkeypatch.setitem(sys.modules, "wavering_plugin", sys.modules[__name__])
    register("pyperunner.backends", "wavering", "wavering_plugin:Wavering")
    with open_store(f"wavering:{tmp_path}/far") as far:
        yield far


@pytest.fixture
def near(tmp_path):
    with open_store(tmp_path / "near") as near:
        yield near


@pytest.fixture
def tiers(tmp_path, far):
    """Opens the tiered store, as each process of a run does."""

    def open_tiers(**options):
        return open_store(f"tiered://?near={tmp_path}/near&far=wavering:{tmp_path}/far", **options)

    return open_tiers


@pytest.fixture
def down(tmp_path):
    return tmp_path / "far.down"


def test_a_save_goes_to_both_and_a_load_fills_the_near_one(tiers, near, far, down):
    tiers().save("T()/1", "mine")
    far.save("T()/2", "of another host")
    assert (near.load("T()/1"), far.load("T()/1")) == ("mine", "mine")
    assert tiers().load("T()/2") == near.load("T()/2") == "of another host"
    far.backend.get = None  # a third look at the far store is none
    store = tiers()
    store.backend.parts[1].get = None
    assert [store.load(f"T()/{number}") for number in (1, 2)] == ["mine", "of another host"]


def test_what_a_raw_entry_is_called_in_the_near_store(tiers, near, far):
    far.save("T()/1", bytes(5000), codec="raw")
    assert tiers().load("T()/1") == bytes(5000)
    assert near.locate("T()/1").endswith("result.dump.raw")


def test_what_is_there_the_far_store_says(tiers, near, far):
    store = tiers()
    for number in range(3):
        store.save(f"T()/{number}", number)
    far.delete("T()/1")  # by another host
    assert store.missing([f"T()/{number}" for number in range(3)]) == {"T()/1"}
    assert [entry["key"] for entry in store.entries() if entry["key"] == "T()/1"] == []
    assert store.stat()["orphans"] == 1
    assert store.gc()["orphans"] == 1
    assert near.missing(["T()/0", "T()/1"]) == {"T()/1"}
    assert store.clear("T()") == 2
    assert list(near.entries()) == list(far.entries()) == []


def test_finished_work_is_kept_where_the_far_store_fails(tiers, near, far, down):
    far.save("T()/0", "before")
    store = tiers()
    assert store.load("T()/0") == "before"
    down.touch()
    with pytest.warns(CacheWarning, match=r"far store .* the near one stands in"):
        store.save("T()/1", 1)
    store.save("T()/2", 2)  # a second warning would be an error
    assert store.missing(["T()/0", "T()/1", "T()/2", "T()/3"]) == {"T()/3"}
    with warnings.catch_warnings(), tiers() as child:  # the next process neither waits nor warns again
        warnings.simplefilter("error")
        child.save("T()/4", 4)
        assert [child.load(f"T()/{number}") for number in (0, 1, 2, 4)] == ["before", 1, 2, 4]
        with pytest.raises(StorageError, match="did not answer a moment ago"):
            child.load("T()/5")
    down.unlink()
    assert far.missing(["T()/1", "T()/2", "T()/4"]) == {"T()/1", "T()/2", "T()/4"}
    back = tiers()
    assert {entry["key"] for entry in back.entries()} == {"T()/0", "T()/1", "T()/2", "T()/4"}
    back.gc()
    assert [far.load(f"T()/{number}") for number in (1, 2, 4)] == [1, 2, 4]
    assert list(near.entries(".owed")) == []


def test_the_next_save_hands_on_what_is_owed(tiers, far, down):
    down.touch()
    with pytest.warns(CacheWarning):
        tiers().save("T()/1", 1)
    down.unlink()
    store = tiers()
    store.backend._owed.note_up()  # half a minute later
    store.save("T()/2", 2)
    assert [far.load("T()/1"), far.load("T()/2")] == [1, 2]


def test_what_is_owed_can_be_removed(tiers, far, near, down):
    down.touch()
    store = tiers()
    with pytest.warns(CacheWarning):
        store.save("T()/1", 1)
    store.save("T()/2", 2)
    down.unlink()
    store = tiers()
    assert store.delete("T()/1") is True
    assert store.clear("T()") == 1
    assert [entry for entry in near.entries() if not entry["key"].startswith(".owed/")] == []
    store.gc()
    assert list(near.entries()) == list(far.entries()) == []


def test_the_near_store_has_a_limit_of_its_own_which_takes_nothing_that_is_owed(tiers, near, far, down):
    down.touch()
    store = tiers(near_max_size=20_000)
    with pytest.warns(CacheWarning):
        store.save("Owed()/1", bytes(9000), codec="raw")
    down.unlink()
    store = tiers(near_max_size=20_000)
    store.backend._owed.note_up()
    store.backend._settled = True  # so that it is still owed
    for number in range(5):
        store.save(f"T()/{number}", bytes(9000), codec="raw")
    kept = {entry["key"] for entry in near.entries()} - {entry["key"] for entry in near.entries(".owed")}
    assert "Owed()/1" in kept
    assert "T()/4" in kept
    assert len(kept) <= 3
    assert [store.load(f"T()/{number}") for number in range(5)] == [bytes(9000)] * 5
    assert len(list(far.entries())) == 5


def test_a_damaged_copy_is_not_the_end_of_the_entry(tiers, near, far):
    store = tiers()
    store.save("T()/1", "good")
    near.backend.put("T()/1", [b"bad"], "result.dump.gz")
    with pytest.warns(DamagedEntryWarning), pytest.raises(MissingEntryError):
        store.load("T()/1")
    assert store.missing(["T()/1"]) == set()
    assert store.load("T()/1") == "good"


def test_a_near_store_that_takes_nothing_costs_nothing(tiers, far, tmp_path):
    (tmp_path / "near").write_text("a file where the folder should be")
    store = tiers()
    with pytest.warns(CacheWarning, match="near store"):
        store.save("T()/1", 1)
    assert store.load("T()/1") == 1
    assert far.load("T()/1") == 1


def test_a_copy_would_hide_who_may_have_written_an_entry(tiers, near, far, monkeypatch):
    far.save("T()/1", 1)
    store = tiers()
    get = store.backend.parts[1].get
    monkeypatch.setattr(type(get("T()/1")), "others", "anybody may have written it")
    assert store.load("T()/1") == 1
    assert near.missing(["T()/1"]) == {"T()/1"}


def test_writes_that_go_later(tiers, near, far):
    store = tiers(writes="later")
    store.save("T()/1", 1)
    assert far.missing(["T()/1"]) == {"T()/1"}
    assert store.missing(["T()/1"]) == set()
    store.gc()
    assert far.load("T()/1") == 1


def test_its_address_stands_in_the_url_or_in_options(tmp_path):
    near, far = tmp_path / "a & b%", f"sqlite:///{tmp_path}/far.db"
    options = {"near": {"durable": True}, "far": {"timeout": 3}}
    one = open_store("tiered:", near=near, far=far, near_max_size="2GB", writes="later", storage_options=options)
    spec = one.spec()
    assert open_store(**spec).spec() == spec
    assert spec["url"] == f"tiered://?near={tmp_path}/a%20%26%20b%25&far={far}&near_max_size=2GB&writes=later"
    assert spec["storage_options"]["near"]["durable"] is True
    assert spec["storage_options"]["far"]["timeout"] == 3
    assert open_store("tiered://?near=memory://&far=memory://").spec() is None


@pytest.mark.parametrize(
    ("url", "match"),
    [
        ("tiered:///a/b", "write tiered://"),
        ("tiered://?near=/a", "no far store"),
        ("tiered://?near=/a&far=/a", "the same store"),
        ("tiered://?near=/a&far=/b&middle=/c", "'middle'"),
        ("tiered://?near=/a&far=/b&far=/c", "'far' is there twice"),
        ("tiered://?near=/a&far=redis://me:secret@host/0", "credentials"),
        ("tiered://?near=/a&far=redis%3A%2F%2Fme%3Asecret%40host", "credentials"),
        ("tiered://?near=/a&far=/b&writes=never", "writes is"),
    ],
)
def test_bad_addresses(url, match):
    with pytest.raises(BadURLError, match=match) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)
