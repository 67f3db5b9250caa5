"""The output of a task, in memory and in a store."""

from __future__ import annotations

import copy
import pickle

import pytest

from pyperunner_dag import NoOutputError, Task, TaskStoreError, run


class Number(Task):
    @run
    def run(self, n=0):
        return n


def test_without_a_store():
    number = Number("x")
    assert number.output_exists() is False
    assert number.should_run() is True
    assert number.output is None
    for action in (number.load_output, lambda: number.store_output(1), number.output_filename):
        with pytest.raises(TaskStoreError, match=r"Number\(x\): .*set_data_path"):
            action()


def test_storing_and_loading(memory_store):
    number = Number("x", n=3)
    number.bind(memory_store)
    assert number.output_exists() is False
    with pytest.raises(KeyError):
        number.load_output()
    number.store_output([1, 2])
    assert list(memory_store.rows) == [number.key]
    assert memory_store.meta(number.key)["parts"] == number.key_parts()
    assert (number.output_exists(), number.should_run(), number.load_output()) == (True, False, [1, 2])
    number.set_params(n=4)
    assert (number.output_exists(), number.should_run()) == (False, True)


def test_reload():
    number = Number(reload=True)
    assert number.should_run() is True
    number.set_reload(False)
    assert number.reload is False


def test_reload_runs_although_there_is_an_output(memory_store):
    number = Number()
    number.bind(memory_store)
    number.store_output(1)
    number.set_reload(True)
    assert number.should_run() is True


def test_the_stored_output_is_loaded_on_demand_and_not_kept(memory_store):
    number = Number()
    number.bind(memory_store)
    assert number.output is None
    number.store_output({"a": 1})
    assert number.output == {"a": 1}
    assert number.output is not number.output
    assert number.held is False


def test_an_output_given_by_hand_wins_until_it_is_released(memory_store):
    number = Number()
    number.bind(memory_store)
    number.store_output("stored")
    number.set_output(None)
    assert (number.held, number.output) == (True, None)
    number.release()
    assert (number.held, number.output) == (False, "stored")


def test_set_data_path_opens_a_store(installed_store, tmp_path):
    number = Number("x")
    number.set_data_path(tmp_path)
    assert isinstance(number.store, installed_store)
    assert number.data_path == str(tmp_path)
    number.set_data_path("loc://here")
    assert number.data_path == number.store.path == "loc://here"


def test_a_store_can_be_given_open_and_taken_away(located_store, memory_store):
    number = Number("x")
    number.set_data_path(located_store)
    assert (number.store, number.data_path) == (located_store, str(located_store.path))
    number.bind(memory_store)
    assert (number.store, number.data_path) == (memory_store, "")
    number.bind(memory_store, "in memory")
    assert number.data_path == "in memory"
    number.bind(None)
    assert (number.store, number.data_path) == (None, "")


def test_the_file_of_the_output(located_store, memory_store):
    number = Number("x")
    number.bind(located_store)
    folder = f"{located_store.path}/Number(x)/{number.hash()}"
    assert number.output_filename() == f"{folder}/result.dump.gz"
    assert number.output_filename("notes.txt") == f"{folder}/notes.txt"
    assert not list(located_store.path.iterdir())
    number.bind(memory_store)
    with pytest.raises(TaskStoreError, match=r"keeps no files"):
        number.output_filename()


def test_the_store_names_the_default_file(located_store, monkeypatch):
    number = Number("x")
    number.bind(located_store)
    monkeypatch.setattr(type(located_store), "locate", lambda self, key, filename=None: str(filename))
    assert number.output_filename() == "None"


def test_an_open_store_does_not_travel(memory_store):
    number = Number("x", n=3)
    number.bind(memory_store, "somewhere")
    copied = copy.deepcopy(number)
    assert (copied.store, copied.data_path, copied.params) == (None, "somewhere", {"n": 3})
    assert copied.key == number.key
    assert number.store is memory_store


def test_a_task_that_was_released_holds_nothing_in_another_process_either(module):
    flow = module("flow_released", "from pyperunner_dag import task\n@task('One')\ndef one():\n    return 1\n")
    made = flow.one()
    made.set_output(5)
    assert pickle.loads(pickle.dumps(made)).output == 5
    made.release()
    assert not pickle.loads(pickle.dumps(made)).held


@pytest.mark.parametrize(("status", "why"), [("FAILURE", "it failed"), ("CANT_RUN", "a task before it failed")])
def test_a_task_without_success_has_no_output_and_says_so(memory_store, status, why):
    """Also where an earlier run has stored one under the same key, and with the cause behind it."""
    number = Number("x", n=3)
    number.bind(memory_store)
    number.store_output(3)
    number.status = Task.Status[status]
    number.result = Task.TaskResult(number.status, exception=ValueError("bad") if status == "FAILURE" else None)
    with pytest.raises(NoOutputError, match=rf"Number\(x\) has no output, because .*{why}") as raised:
        _ = number.output
    assert raised.value.__cause__ is number.result.exception
    number.set_output(4)
    assert (number.output, number.load_output()) == (4, 3)
