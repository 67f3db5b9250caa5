"""From the saved form back to tasks."""

from __future__ import annotations

import copy
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyperunner_dag import (
    CycleError,
    HashMismatchError,
    ModuleRefusedError,
    OpaqueValueError,
    Pipeline,
    PipelineFileError,
    Sequential,
    TaskLookupError,
)

SOURCE = """
    import dataclasses, enum
    from pyperunner_dag import Task, run, task

    class Color(enum.Enum):
        RED = 1

    @dataclasses.dataclass
    class Config:
        n: int

    class Opaque:
        pass

    class Bare(Task):
        pass

    @task("Load")
    def load(path="x", config=None):
        return path

    class Join(Task):
        @run
        def run(self, data, on=None, how=None):
            return data
"""


@pytest.fixture
def flow(module):
    return module("flow_restore", SOURCE)


@pytest.fixture
def pipeline(flow):
    a = flow.load("a", path=("p", 1), config=flow.Config(3))
    b = flow.load("b", path=b"\0", config=flow.Color.RED)
    flow.Join("c", on={"k": [a, (b, {1, 2})], 5: b}, how="outer")([b, a, b])
    return Pipeline("flow", [a, b])


@pytest.fixture
def saved(pipeline):
    return pipeline.to_dict()


def test_the_same_pipeline_comes_back(pipeline, tmp_path):
    pipeline.to_file(tmp_path / "p.yaml")
    again = Pipeline.from_file(tmp_path / "p.yaml")
    assert (again.name, [task.name for task in again.dag()]) == ("flow", [task.name for task in pipeline.dag()])
    assert again.to_dict() == pipeline.to_dict()
    before, after = pipeline.dag(), again.dag()
    join = after["Join(c)"]
    assert [task.hash() for task in after] == [task.hash() for task in before]
    assert join.parents == [after["Load(b)"], after["Load(a)"], after["Load(b)"]]
    assert join.inputs["on"]["k"][1] == (after["Load(b)"], {1, 2})
    assert after["Load(a)"].params == before["Load(a)"].params


def test_other_sections_are_ignored(saved):
    assert Pipeline.from_dict({**saved, "run": {"data_path": "x"}}).to_dict() == saved


def test_every_kind_of_pipeline_comes_back_from_its_tasks(flow):
    chain = Sequential("s", [flow.load("a"), flow.Join("b"), flow.Join("c")])
    again = Sequential.from_dict(chain.to_dict())
    assert [task.name for task in again.dag()] == ["Load(a)", "Join(b)", "Join(c)"]


def test_without_the_section_keys_hashes_are_compared_all_the_same(saved):
    del saved["keys"]
    Pipeline.from_dict(saved)
    saved["tasks"]["Load(a)"]["hash"] = "0" * 32
    with pytest.raises(HashMismatchError, match=r"Load\(a\): hash \w{32} instead of 0{32}"):
        Pipeline.from_dict(saved)


def edited(saved, **changes):
    """The saved form with fields of the task Load(a) changed."""
    saved = copy.deepcopy(saved)
    saved["tasks"]["Load(a)"].update(changes)
    return saved


def test_what_was_edited_is_named_and_compare_hashes_lets_it_pass(saved):
    changed = edited(saved, params={"path": "other", "config": saved["tasks"]["Load(a)"]["params"]["config"]})
    with pytest.raises(HashMismatchError) as caught:
        Pipeline.from_dict(changed)
    assert dict(caught.value.args[0]) == {
        "Load(a)": ("param path: ('p', 1) → 'other'",),
        "Join(c)": ("upstream Load(a) changed",),
    }
    again = Pipeline.from_dict(changed, compare_hashes=False)
    assert again.dag()["Load(a)"].params["path"] == "other"


def test_modules_are_refused_before_they_are_imported(module, saved):
    module("flow_restore_other", SOURCE, load=False)
    changed = edited(saved, module="flow_restore_other")
    with pytest.raises(ModuleRefusedError, match=r"Load\(a\): module flow_restore_other"):
        Pipeline.from_dict(changed, modules=["flow_restore"])
    nested = edited(saved, params={"path": [{"$function": "flow_restore_other:load"}]})
    with pytest.raises(ModuleRefusedError, match=r"flow_restore_other"):
        Pipeline.from_dict(nested, modules=["flow_restore"])
    assert "flow_restore_other" not in sys.modules
    Pipeline.from_dict(saved, modules=["flow_*"])


@pytest.mark.parametrize(
    "later",
    [
        {"module": "flow_restore_refused"},
        {"params": {"path": {"$partial": {"function": {"$function": "flow_restore_refused:x"}, "args": []}}}},
        {"params": {"path": {"$enum": {"type": "flow_restore_refused:Colour", "name": "RED"}}}},
        {"params": {"path": [[{"$dataclass": {"type": "flow_restore_refused:Point", "fields": {}}}]]}},
        {"params": {}, "inputs": {"path": {"$value": {"$class": "flow_restore_refused:X"}}}},
        {"options": {"retry_on": [{"$class": "flow_restore_refused:Transient"}]}},
    ],
)
def test_all_modules_are_judged_before_the_first_is_imported(module, saved, later):
    module("flow_restore_allowed", SOURCE, load=False)
    changed = edited(saved, module="flow_restore_allowed")
    changed["tasks"]["Join(c)"].update(later)
    with pytest.raises(ModuleRefusedError, match=r"Join\(c\): module flow_restore_refused"):
        Pipeline.from_dict(changed, modules=["flow_restore", "flow_restore_allowed"])
    assert "flow_restore_allowed" not in sys.modules


def test_modules_that_options_of_the_pipeline_name_are_judged_too(module, saved):
    module("flow_restore_allowed", SOURCE, load=False)
    changed = edited(saved, module="flow_restore_allowed")
    changed["pipeline"] = {**changed["pipeline"], "options": {"depends": [{"$function": "flow_restore_refused:x"}]}}
    with pytest.raises(ModuleRefusedError, match=r"pipeline .*module flow_restore_refused"):
        Pipeline.from_dict(changed, modules=["flow_restore", "flow_restore_allowed"])
    assert "flow_restore_allowed" not in sys.modules


def test_a_missing_module_or_class_names_both(saved):
    with pytest.raises(TaskLookupError, match=r"Load from module gone: "):
        Pipeline.from_dict(edited(saved, module="gone"))
    renamed = copy.deepcopy(saved)
    renamed["tasks"] = {"Gone(a)": {**saved["tasks"]["Load(a)"], "name": "Gone"}}
    with pytest.raises(TaskLookupError, match=r"Gone from module flow_restore: "):
        Pipeline.from_dict(renamed)


def test_a_value_that_was_not_kept(flow):
    saved = Pipeline("p", [flow.load("a", path=[flow.Opaque()])]).to_dict()
    with pytest.raises(OpaqueValueError, match=r"Load\(a\): param path is a flow_restore\.Opaque"):
        Pipeline.from_dict(saved)
    beside = Pipeline("p", [flow.Join(on=[flow.load(), flow.Opaque()])]).to_dict()
    with pytest.raises(OpaqueValueError, match=r"Join\(\): param on is a flow_restore\.Opaque"):
        Pipeline.from_dict(beside)


def test_a_cycle_is_shown(saved):
    for compare_hashes in (True, False):
        with pytest.raises(CycleError, match=r"Load\(a\) -> "):
            Pipeline.from_dict(edited(saved, parents=["Join(c)"]), compare_hashes)
    changed = edited(saved, inputs={"config": ["Load(a)"]}, params={})
    with pytest.raises(CycleError, match=r"Load\(a\) -> Load\(a\)"):
        Pipeline.from_dict(changed)


def base(saved, name="Task"):
    """The saved form of a task without run."""
    return {**saved["tasks"]["Load(b)"], "name": name, "tag": "", "params": {}}


BAD = {
    "nothing": (lambda saved: None, "no sections"),
    "a list": (lambda saved: [], "no sections"),
    "no tasks": (lambda saved: {"pipeline": saved["pipeline"]}, "no sections"),
    "no name": (lambda saved: {**saved, "pipeline": {}}, "no name"),
    "tasks is a list": (lambda saved: {**saved, "tasks": []}, "not a mapping of names"),
    "a number as name": (lambda saved: {**saved, "tasks": {1: {}}}, "not a mapping of names"),
    "task is text": (lambda saved: {**saved, "tasks": {"A()": "x"}}, r"A\(\) is not a mapping"),
    "no module": (lambda saved: edited(saved, module=None), r"Load\(a\): module must be there and be text"),
    "tag is a number": (lambda saved: edited(saved, tag=1), "tag must be there and be text"),
    "params is a list": (lambda saved: edited(saved, params=[]), "params must be there and be a mapping"),
    "parents is text": (lambda saved: edited(saved, parents="Load(b)"), "parents must be there and be a list"),
    "a number as parent": (lambda saved: edited(saved, parents=[1]), "parents must be a list of names"),
    "inputs is a list": (lambda saved: edited(saved, inputs=[]), "inputs a mapping"),
    "inputs hold a number": (
        lambda saved: edited(saved, inputs={"path": [3]}),
        "names of tasks in lists and mappings, not 3",
    ),
    "inputs hold odd pairs": (lambda saved: edited(saved, inputs={"path": {"$dict": [1]}}), "not {'.dict': "),
    "inputs hold an odd tuple": (lambda saved: edited(saved, inputs={"path": {"$tuple": "Load(b)"}}), "not {'.tuple'"),
    "inputs hold an unknown mark": (lambda saved: edited(saved, inputs={"path": {"$x": "Load(b)"}}), "not {'.x'"),
    "inputs hold two marks": (lambda saved: edited(saved, inputs={"path": {"$value": 1, "a": "Load(b)"}}), "not {'"),
    "the base class": (lambda saved: {**saved, "tasks": {"Task()": base(saved)}}, "no such Task class"),
    "an abstract class": (
        lambda saved: {**saved, "tasks": {"Bare()": {**base(saved), "name": "Bare"}}},
        "cannot be made",
    ),
    "another name": (lambda saved: edited(saved, tag="z"), "recorded as Load with the tag 'z'"),
    "unknown parent": (lambda saved: edited(saved, parents=["X()"]), r"Load\(a\) needs X\(\), which is not"),
    "unknown input": (lambda saved: edited(saved, inputs={"path": "X()"}), r"needs X\(\), which is not"),
    "unknown param": (lambda saved: edited(saved, params={"zz": 1}), "unexpected keyword argument 'zz'"),
    "param that is nonsense": (
        lambda saved: edited(saved, params={"path": {"$x": 1}}),
        r"param path: it is marked \$x",
    ),
    "param given twice": (
        lambda saved: edited(saved, inputs={"path": "Load(b)"}, params={"path": 1}),
        "path is there twice",
    ),
}


@pytest.mark.parametrize(("change", "words"), BAD.values(), ids=BAD)
def test_what_is_no_saved_pipeline(saved, change, words):
    with pytest.raises(PipelineFileError, match=words):
        Pipeline.from_dict(change(saved))


def test_a_file_that_is_no_pipeline(tmp_path):
    (tmp_path / "p.yaml").write_text("just text")
    with pytest.raises(PipelineFileError, match=r"not a saved pipeline"):
        Pipeline.from_file(tmp_path / "p.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "pipeline: {name: p}\ntasks: {a: !!python/object/apply:os.system [touch executed]}",
            "line 2: the tag .* is not",
        ),
        ("tasks: " + "[" * 100_000, "nested more than"),
        ("tasks: {}\ntasks: {}", "line 2: the key 'tasks' is there twice"),
        ("tasks: [", "line 2: this is not YAML"),
        (b"tasks: \xff\xfe", "this is not YAML"),
    ],
    ids=["tag", "deep", "twice", "broken", "bytes"],
)
def test_a_file_that_is_no_plain_yaml_is_refused_with_its_place(tmp_path, text, words):
    (tmp_path / "p.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PipelineFileError, match=rf"p\.yaml.*{words}"):
        Pipeline.from_file(str(tmp_path / "p.yaml"))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Pipeline.from_file(tmp_path / "absent.yaml")


@st.composite
def plans(draw):
    """For each task its parents, its inputs and a param, all by number."""
    size = draw(st.integers(1, 6))
    value = st.one_of(st.integers(), st.text(max_size=3), st.tuples(st.integers()), st.none(), st.binary(max_size=3))
    found = []
    for index in range(size):
        before = st.integers(0, index - 1) if index else st.nothing()
        leaf = st.one_of(before.map(lambda n: ("task", n)), value) if index else value
        nested = st.recursive(
            leaf, lambda inner: st.one_of(st.lists(inner, max_size=2), st.tuples(inner)), max_leaves=4
        )
        found.append((draw(st.lists(before, max_size=3) if index else st.just([])), draw(nested), draw(value)))
    return found


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans())
def test_any_pipeline_comes_back_with_its_hashes(flow, tmp_path, plan):
    tasks = []

    def real(value):
        if isinstance(value, tuple) and value[:1] == ("task",):
            return tasks[value[1]]
        return type(value)(map(real, value)) if isinstance(value, (list, tuple)) else value

    for index, (parents, on, how) in enumerate(plan):
        tasks.append(flow.Join(str(index), on=real(on), how=how)([tasks[parent] for parent in parents]))
    pipeline = Pipeline("p", tasks)
    pipeline.to_file(tmp_path / "p.yaml")
    again = Pipeline.from_file(tmp_path / "p.yaml", modules=["flow_restore"])
    assert [task.key for task in again.dag()] == [task.key for task in pipeline.dag()]
