"""Values that stand for files: kept by path and digest, a miss when the file is another one or gone."""

from __future__ import annotations

import os
from contextlib import nullcontext

import pytest

from pyperunner_cache import MissingEntryError, UnstorableError, memoize, open_store
from pyperunner_cache.maintenance import file_values
from pyperunner_keys import File, FileState, Folder

KEY, OTHER = f"Train()/{0:032x}", f"Train()/{1:032x}"


class Model:
    """A value that only a pickle can keep."""

    def __init__(self, weights):
        self.weights = weights

    def __eq__(self, other):
        return self.weights == other.weights

    __hash__ = None


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "out" / "weights.bin"
    path.parent.mkdir()
    path.write_text("1")
    return path


NESTINGS = [
    lambda file, folder: file,
    lambda file, folder: [1, (file,), {"all": {"in": folder}}],
    lambda file, folder: {"a": file, "b": file, "c": [folder]},
    lambda file, folder: Model([file, folder]),
]


@pytest.mark.parametrize("nest", NESTINGS)
def test_it_is_verified_when_it_is_loaded(any_store, weights, nest):
    value = nest(File(weights), Folder(weights.parent, "*.bin"))
    any_store.save(KEY, value)
    assert any_store.load(KEY) == value
    weights.write_text("2")
    with pytest.raises(MissingEntryError, match=r"(File|Folder) .* changed"):
        any_store.load(KEY)
    weights.write_text("1")  # as it was: the entry is as good as before, nothing was set aside
    assert any_store.load(KEY) == value
    weights.unlink()
    with pytest.raises(KeyError, match=r"is gone|changed"):
        any_store.load(KEY)


def test_paths_come_back_as_they_were_given(any_store, weights, monkeypatch):
    monkeypatch.chdir(weights.parent)
    any_store.save(KEY, [File("weights.bin"), Folder("."), File("weights.bin")])
    monkeypatch.chdir("/")
    file, folder, again = any_store.load(KEY)
    assert (file.path, folder.path, os.fspath(file)) == ("weights.bin", ".", str(weights))
    assert folder.files() == [str(weights)]
    assert again == file


def test_a_name_that_is_no_text(any_store, weights):
    odd = os.fsencode(weights.parent) + b"/\xff"
    with open(odd, "w"):
        pass
    value = {"odd": File(os.fsdecode(odd))}
    any_store.save(KEY, value)
    assert any_store.load(KEY) == value
    assert any_store.files([KEY])[KEY][0]["path"] == os.fsdecode(odd)


def test_a_safe_store_keeps_it_without_a_pickle(tmp_path, weights):
    with open_store(tmp_path / "safe", trust="safe") as store:
        store.save(KEY, {"model": [File(weights), Folder(weights.parent)]})
        assert store.load(KEY)["model"] == [File(weights), Folder(weights.parent)]


@pytest.mark.parametrize("nest", NESTINGS)
def test_the_digest_of_the_content_is_part_of_the_payload(any_store, weights, nest):
    def digest():
        return any_store.save(KEY, nest(File(weights), Folder(weights.parent)))["digest"]

    first = digest()
    assert digest() == first
    weights.write_text("2")
    assert digest() != first


@pytest.mark.parametrize("nest", NESTINGS)
def test_files_tells_what_entries_hold(any_store, weights, nest):
    assert any_store.files([KEY, OTHER]) == {}
    any_store.save(OTHER, "no files")
    any_store.save(KEY, nest(File(weights), Folder(weights.parent)))
    found = any_store.files([KEY, OTHER, "Gone()/0"])
    assert list(found) == [KEY]
    assert {record["place"] for record in found[KEY]} <= {str(weights), str(weights.parent)}
    assert {"path", "place", "digest"} <= found[KEY][0].keys()
    any_store.save(KEY, "no files any more")
    assert any_store.files([KEY, OTHER]) == {}


def test_an_alias_depends_on_the_files_of_its_target(any_store, weights):
    any_store.save(KEY, [File(weights)])
    any_store.alias(OTHER, KEY)
    assert any_store.files([OTHER])[OTHER] == any_store.files([KEY])[KEY]
    weights.unlink()
    with pytest.raises(KeyError, match="is gone"):
        any_store.load(OTHER)


def test_a_file_that_is_not_there_cannot_be_stored(any_store, weights):
    weights.unlink()
    for nest in NESTINGS[:2]:
        with pytest.raises(UnstorableError, match=r"result.* \(a (File|Folder)\).*weights\.bin: there is no such file"):
            any_store.save(KEY, nest(File(weights), Folder(weights.parent)))
    with pytest.raises(UnstorableError, match="no such file"):
        any_store.save(KEY, Model(File(weights)))
    assert any_store.missing([KEY]) == {KEY}
    assert any_store.files([KEY]) == {}


def test_markers_do_not_show(any_store, weights):
    any_store.save(KEY, File(weights))
    any_store.save(OTHER, 1)
    assert sorted(entry["key"] for entry in any_store.entries()) == [KEY, OTHER]
    assert any_store.stat()["entries"] == 2
    assert any_store.verify() == {"checked": 2, "damaged": {}}
    assert any_store.gc(max_size=0)["evicted"] == 2
    any_store.save(KEY, File(weights))
    assert any_store.clear() == 1
    assert not list(any_store.backend.scan())


def test_markers_go_with_their_entries(any_store, weights, monkeypatch):
    for key in (KEY, OTHER):
        any_store.save(key, File(weights))
    assert any_store.delete(OTHER)
    assert len(list(any_store.backend.scan(".files"))) == 3  # KEY's, that of Train, and that of the store
    any_store.backend.delete(KEY)  # as an eviction does
    any_store.gc()
    assert len(list(any_store.backend.scan(".files"))) == 3  # a writer may be about to make it
    monkeypatch.setattr("pyperunner_cache.maintenance.file_values._YOUNG_SECONDS", -10)
    any_store.gc()
    assert [info.key for info in any_store.backend.scan()] == [".files/any"]


def test_a_store_without_files_is_looked_at_once(any_store, monkeypatch):
    any_store.save(KEY, 1)
    asked = []
    real = any_store.backend.missing
    monkeypatch.setattr(any_store.backend, "missing", lambda keys: asked.append(list(keys)) or real(asked[-1]))
    monkeypatch.setattr(any_store.backend, "get", None)
    assert any_store.files([KEY] * 100) == {}
    assert asked == [[".files/any"]]


def test_tasks_of_other_classes_are_not_asked_for_one_by_one(any_store, weights, monkeypatch):
    any_store.save("Train(a)/1", File(weights))
    asked = []
    real = any_store.backend.missing
    monkeypatch.setattr(any_store.backend, "missing", lambda keys: asked.append(len(list(keys))) or real(keys))
    keys = [f"{name}({n})/{n}" for name in ("Load", "Train") for n in "abcd"]
    assert any_store.files([*keys, "Train(a)/1"]).keys() == {"Train(a)/1"}
    assert asked == [1, 2, 5]


def test_a_memoized_function_makes_its_file_again(store, tmp_path):
    made = []

    @memoize(store)
    def train(n):
        made.append(n)
        path = tmp_path / f"{n}.bin"
        path.write_text(str(n))
        return File(path)

    assert train(1) == train(1)
    assert made == [1]
    os.unlink(train(1))
    with open(train(1)) as again:
        assert again.read() == "1"
    assert made == [1, 1]


def test_a_signed_store_knows_its_files(tmp_path, weights, monkeypatch):
    monkeypatch.setenv("STORE_KEY", "k" * 40)
    with open_store(tmp_path / "signed", signing_key="env:STORE_KEY") as store:
        store.save(KEY, File(weights))
        assert list(store.files([KEY])) == [KEY]
        assert store.verify()["damaged"] == {}


@pytest.mark.parametrize("records", [["text"], [{"path": "a"}], [{"path": 1, "place": 2, "digest": 3}]])
def test_records_that_are_none_make_a_miss(any_store, weights, monkeypatch, records):
    class Odd:
        def record(self):
            return records[0]

    with monkeypatch.context() as patch:
        patch.setattr("pyperunner_cache.cache.recording", lambda: nullcontext([Odd()]))
        any_store.save(KEY, 1)
    with pytest.raises(MissingEntryError, match="cannot be read"):
        any_store.load(KEY)


def test_a_safe_store_looks_at_little_because_an_entry_says_so(tmp_path, weights, monkeypatch):
    large, many = tmp_path / "large", tmp_path / "many"
    many.mkdir()
    for number in range(30):
        (many / str(number)).write_text("x")
    with open(large, "wb") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr(file_values, "_MOST_NAMES", 20)
    with open_store(tmp_path / "s") as store, open_store(tmp_path / "s", trust="safe") as safe:
        value = {"file": File(weights), "folder": Folder(many, "[1-3]"), "no folder": Folder(weights.parent, "no*/*/*")}
        store.save(KEY, value)
        with pytest.raises(MissingEntryError, match=r"Folder .* too large"):
            safe.load(KEY)
        monkeypatch.setattr(file_values, "_MOST_NAMES", 100)
        assert safe.load(KEY) == value
        for record in (File(large), Folder(tmp_path, "large"), Folder(many, "**/**/**/**/x"), Folder("/", "**/*")):
            state = FileState(record, "0" * 32, "")
            with monkeypatch.context() as patch:
                patch.setattr("pyperunner_cache.cache.recording", lambda state=state: nullcontext([state]))
                store.save(OTHER, 1)
            with pytest.raises(MissingEntryError, match="too large"):
                safe.load(OTHER)


def test_a_safe_store_reads_a_large_file_that_is_known(tmp_path, weights, monkeypatch):
    monkeypatch.setattr("pyperunner_keys.files.signatures.SETTLED_NS", 0)
    monkeypatch.setattr("pyperunner_keys.files.signatures.times_tell", lambda fd: True)
    with open_store(tmp_path / "s", trust="safe") as safe:
        safe.save(KEY, File(weights))
        monkeypatch.setattr(file_values, "_MOST_READ", 0)
        assert safe.load(KEY) == File(weights)
