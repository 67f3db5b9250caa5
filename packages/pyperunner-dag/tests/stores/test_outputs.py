"""Outputs that hold files, in a store that knows nothing of files."""

from __future__ import annotations

import pytest

from pyperunner_dag import File, Folder, Task, run
from pyperunner_dag.stores.outputs import changed_outputs, files_in, load_output, save_output
from pyperunner_keys import FileError

KEY = f"Train()/{0:032x}"


class Train(Task):
    @run
    def run(self):
        return None


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "model.bin"
    path.write_text("1")
    return path


def test_what_holds_no_file_is_stored_as_it_is(memory_store):
    save_output(memory_store, KEY, [1], {"seconds": 1})
    assert set(memory_store.meta(KEY)) == {"seconds", "digest", "size", "saved_at"}
    assert load_output(memory_store, KEY) == [1]
    with pytest.raises(KeyError):
        load_output(memory_store, KEY + "1")


@pytest.mark.parametrize("nest", [lambda file: file, lambda file: [(file, {1})], lambda file: {"a": {"b": {file}}}])
def test_it_is_verified_when_it_is_loaded(memory_store, model, nest):
    value = nest(File(model))
    first = save_output(memory_store, KEY, value, {})["digest"]
    assert load_output(memory_store, KEY) == value
    model.write_text("2")
    with pytest.raises(KeyError, match=r"File .*model\.bin changed"):
        load_output(memory_store, KEY)
    assert save_output(memory_store, KEY, value, {})["digest"] != first
    model.unlink()
    with pytest.raises(KeyError, match="is gone"):
        load_output(memory_store, KEY)
    assert changed_outputs(memory_store, [KEY]) == {}  # it can't tell without loading
    with pytest.raises(FileError):
        save_output(memory_store, KEY, value, {})


def test_a_task_has_no_output_when_its_file_changed(memory_store, model):
    task = Train()
    task.bind(memory_store)
    task.store_output({"model": File(model)})
    assert task.output == task.load_output() == {"model": File(model)}
    model.unlink()
    assert task.output is None
    with pytest.raises(KeyError):
        task.load_output()


class FilingStore:
    """A store that looks after files by itself."""

    def __init__(self, store):
        self.missing, self.load, self.save, self.spec = store.missing, store.load, store.save, store.spec
        self.recorded = {}

    def files(self, keys):
        return {key: self.recorded[key] for key in keys if key in self.recorded}


def test_a_store_that_knows_files_is_asked(memory_store, model):
    store = FilingStore(memory_store)
    task = Train()
    task.bind(store)
    task.store_output(File(model))
    assert "files" not in memory_store.meta(task.key)
    record = {"path": "model.bin", "place": str(model), "digest": File(model).digest()}
    store.recorded = {task.key: [record]}
    assert task.output_exists()
    assert not task.should_run()
    assert changed_outputs(store, [task.key, KEY]) == {}
    model.write_text("2")
    assert changed_outputs(store, [task.key, KEY]) == {task.key: "File model.bin changed"}
    for nonsense in (None, ["text"], [{"path": 1}]):
        store.recorded = {KEY: nonsense}
        assert "cannot be read" in changed_outputs(store, [KEY])[KEY]
    store.recorded = {task.key: [record]}
    assert not task.output_exists()
    assert task.should_run()


def test_files_are_found_once_and_circles_end(model):
    items = [File(model), {"x": Folder(model.parent), File(model): (1, 2)}]
    items.append(items)
    assert set(files_in(items)) == {File(model), Folder(model.parent)}
    assert files_in("text") == files_in(1) == []
