"""Saved hashes against those of the tasks that were made."""

from __future__ import annotations

import pytest

from pyperunner_dag import HashMismatchError, Pipeline

SOURCE = """
    from pyperunner_dag import Task, run, task

    @task("Load")
    def load(path="x"):
        return {body!r}

    class Join(Task):
        @run
        def run(self, data, on=None, how=1):
            return data
"""


@pytest.fixture
def flow(module):
    return module("flow_compare", SOURCE.format(body=1))


@pytest.fixture
def saved(flow):
    a = flow.load("a", path=1)
    b = flow.load("b", path=2)
    c = flow.Join("c", on=[b], how=3)(a)
    flow.Join("d")(c)
    return Pipeline("flow", [a, b]).to_dict()


def differences(saved):
    with pytest.raises(HashMismatchError) as caught:
        Pipeline.from_dict(saved)
    assert isinstance(caught.value, ValueError)
    for name in caught.value.args[0]:
        assert name in str(caught.value)
    return dict(caught.value.args[0])


def test_the_same_passes(saved):
    assert Pipeline.from_dict(saved).to_dict() == saved


def test_params_changed_added_removed(saved):
    saved["tasks"]["Join(c)"]["params"] = {}
    saved["tasks"]["Load(a)"]["params"]["path"] = 9
    saved["keys"]["Load(b)"]["params"] = {}
    saved["tasks"]["Load(b)"]["hash"] = "0" * 32
    assert differences(saved) == {
        "Load(a)": ("param path: 1 → 9",),
        "Load(b)": ("param path added",),
        "Join(c)": ("param how removed", "upstream Load(a) changed", "upstream Load(b) changed"),
        "Join(d)": ("upstream Join(c) changed",),
    }


def test_code(saved, module):
    module("flow_compare", SOURCE.format(body=2))
    found = differences(saved)
    assert found["Load(a)"] == found["Load(b)"] == ("code of run() changed",)
    assert found["Join(d)"] == ("upstream Join(c) changed",)


@pytest.mark.parametrize(
    "change",
    [
        {"parents": []},
        {"parents": ["Load(b)"]},
        {"parents": ["Load(a)", "Load(a)"]},
        {"inputs": {"on": "Load(b)"}},
        {"inputs": {"on": ["Load(a)"]}},
        {"hash": "0" * 32},
    ],
)
def test_edges_and_the_hash_itself(saved, change):
    saved["tasks"]["Join(c)"].update(change)
    assert differences(saved) == {
        "Join(c)": ("its parents, its inputs or its hash were edited in the saved pipeline",),
        **({} if "hash" in change else {"Join(d)": ("upstream Join(c) changed",)}),
    }


@pytest.mark.parametrize("keys", [None, [], {"Load(a)": None}, {"Load(a)": {"params": 3}}])
def test_a_section_keys_that_is_no_help(saved, keys):
    saved["keys"] = keys
    saved["tasks"]["Load(a)"]["hash"] = "0" * 32
    assert set(differences(saved)) == {"Load(a)"}


HELPED = """
from pyperunner_dag import task
from tools_compare import half

@task("Half")
def half_of(path=1):
    return half(path)
"""


def test_a_helper_is_named(saved, module):
    module("tools_compare", "def half(x):\n    return x / 2\n")
    saved = Pipeline("flow", [module("flow_helped", HELPED).half_of()]).to_dict()
    module("tools_compare", "def half(x):\n    return x // 2\n")
    module("flow_helped", HELPED)
    assert differences(saved) == {"Half()": ("helper half() in tools_compare.py changed",)}
    del saved["code"]
    assert differences(saved) == {"Half()": ("code changed",)}
    saved["code"] = {saved["keys"]["Half()"]["code"]: 3}
    assert differences(saved) == {"Half()": ("code changed",)}


@pytest.mark.parametrize("written", [None, 1, 3, "2"])
def test_hashes_of_another_format_are_not_compared(saved, written):
    saved["key_format"] = written
    if written is None:
        del saved["key_format"]
    saved["tasks"]["Load(a)"]["hash"] = "0" * 32
    with pytest.warns(UserWarning, match=r"not compared.*\(format \d, now 2\)") as caught:
        again = Pipeline.from_dict(saved)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert len(again) == 4
    Pipeline.from_dict(saved, compare_hashes=False)
