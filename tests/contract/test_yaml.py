"""A pipeline's saved form: what stands in it, who can read it, how it comes back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from pyperunner import Pipeline, Sequential

TASKS = """
from pyperunner import Task, run, task

def helper():
    return 1

@task("Load")
def load(path="x", **more):
    return path

class Join(Task):
    @run
    def run(self, data, how="inner", **named):
        return data, how, named
"""


@pytest.fixture
def tasks(project, monkeypatch):
    """A user's own module with two kinds of tasks, under a name of its own in every test."""
    name = f"flow_{project.folder.parent.name.replace('-', '_')}"
    path = project.write(f"{name}.py", TASKS)
    monkeypatch.syspath_prepend(str(project.folder))
    module = __import__(name)
    yield module
    sys.modules.pop(name, None)
    assert path.exists()


def test_the_form(tasks):
    """pipeline: {name}; tasks by name with name, module, tag, params, hash and parents."""
    left, right = tasks.load("l", path="a.csv"), tasks.load("r")
    joined = tasks.Join(how="outer")([right, left])
    form = Pipeline("p", [left]).to_dict()
    assert form["pipeline"] == {"name": "p"}
    assert set(form["tasks"]) == {"Load(l)", "Load(r)", "Join()"}
    assert form["tasks"]["Join()"] == {
        "name": "Join",
        "module": tasks.__name__,
        "tag": "",
        "params": {"how": "outer"},
        "hash": joined.hash(),
        "parents": ["Load(r)", "Load(l)"],
    }
    assert form["tasks"]["Load(l)"]["params"] == {"path": "a.csv"}
    assert form["tasks"]["Load(l)"]["parents"] == []


def test_named_inputs_keep_their_nesting(tasks):
    """`inputs: {param: task name}` stands where named inputs are used, lists and dicts and all, and nowhere else."""
    a, b = tasks.load("a"), tasks.load("b")
    joined = tasks.Join(model=a, rest={"k": [a, b]}, how="x")(b)
    form = Pipeline("p", [joined]).to_dict()["tasks"]
    assert form["Join()"]["inputs"] == {"model": "Load(a)", "rest": {"k": ["Load(a)", "Load(b)"]}}
    assert form["Join()"]["params"] == {"how": "x"}
    assert form["Join()"]["parents"] == ["Load(b)"]
    assert "inputs" not in form["Load(a)"]
    again = Pipeline.from_dict(Pipeline("p", [joined]).to_dict())
    (restored,) = (task for task in again.create_graph() if task.name == "Join()")
    assert restored.hash() == joined.hash()
    assert {(p.name, c.name) for p, c in again.create_graph().edges} == {("Load(a)", "Join()"), ("Load(b)", "Join()")}


def test_named_inputs_are_not_in_data(tasks, kit):
    """`parents`, `data` and `get_predecessor_outputs` hold connected parents only; the named output takes its place."""
    a, b = tasks.load("a", path="A"), tasks.load("b", path="B")
    joined = tasks.Join(model=a, rest=[(a, 1)])(b)
    runner = kit.runner()
    runner.run(Pipeline("p", [a]))
    assert list(joined.parents) == [b]
    assert joined.output == (["B"], "inner", {"model": "A", "rest": [("A", 1)]})
    assert runner.get_predecessor_outputs(joined) == ["B"]


def test_a_named_input_inside_a_tuple_survives_the_file(tasks, tmp_path):
    """Tuples, and plain values beside tasks, come back as they were."""
    joined = tasks.Join(pair=(tasks.load("a"), 1, {"x": tasks.load("b"), "y": (2, 3)}))
    Pipeline("p", [joined]).to_file(tmp_path / "p.yaml")
    again = Pipeline.from_file(tmp_path / "p.yaml")
    assert joined.hash() in {task.hash() for task in again.create_graph()}
    assert "Load(a)" in (tmp_path / "p.yaml").read_text()


RICH = {
    "tuple": (1, 2),
    "nested": [(1, (2.5,)), {"k": (None,)}],
    "set": {1, 2},
    "frozen": frozenset({"a"}),
    "raw": b"\0\xff",
    "path": Path("a/b"),
    "complex": 1 + 2j,
    "keys": {1: "one", (2, 3): "pair", None: 0},
    "dollar": {"$tuple": [1, 2]},
    "yes": "yes",
    "number text": "1e3",
    "colon": "12:30:45",
    "nan": float("nan"),
    "inf": float("-inf"),
    "big": 2**70,
    "float": 1e20,
    "minus zero": -0.0,
    "text": "line\nline\ttab \u0085 \u2028 ä \U0001f600 ' \" # : - {}",
    "control": "\x07\x1b[31m",
    "true": True,
    "none": None,
}


def test_plain_yaml_reads_every_file(tasks, tmp_path):
    """`yaml.safe_load` reads it and gives what to_dict gave; a tuple is the tagged map `{$tuple: [1, 2]}`."""
    pipeline = Pipeline("p", [tasks.load("t", **{key.replace(" ", "_"): value for key, value in RICH.items()})])
    pipeline.to_file(tmp_path / "p.yaml")
    plain = yaml.safe_load((tmp_path / "p.yaml").read_text())
    params = plain["tasks"]["Load(t)"]["params"]
    assert params["tuple"] == {"$tuple": [1, 2]}
    assert params["yes"] == "yes"
    assert params["big"] == 2**70
    assert type(params["float"]) is float
    assert params["text"] == RICH["text"]
    assert plain["pipeline"] == {"name": "p"}


@pytest.mark.parametrize("name", list(RICH))
def test_params_come_back_with_their_types(tasks, tmp_path, name):
    """What a file held is the same value, type for type: the hash says so, and so does repr."""
    made = tasks.load("t", value=RICH[name])
    Pipeline("p", [made]).to_file(tmp_path / "p.yaml")
    (again,) = Pipeline.from_file(tmp_path / "p.yaml").create_graph()
    assert repr(again.params["value"]) == repr(RICH[name])
    assert again.hash() == made.hash()


def test_what_comes_back_is_the_same_pipeline(tasks, tmp_path):
    """Names, classes, params, hashes, and the parents in the order in which they were connected."""
    left, right, middle = (tasks.load(tag) for tag in "lrm")
    tasks.Join("first")([right, middle, left])
    Pipeline("p", [left]).to_file(str(tmp_path / "p.yaml"))
    again = Pipeline.from_file(str(tmp_path / "p.yaml"))
    assert again.name == "p"
    assert again.to_dict() == Pipeline("p", [left]).to_dict()
    (join,) = (task for task in again.create_graph() if task.name == "Join(first)")
    assert type(join) is tasks.Join
    assert [parent.name for parent in join.parents] == ["Load(r)", "Load(m)", "Load(l)"]


def test_a_sequential_comes_back(tasks):
    """As a pipeline with the same edges."""
    pipeline = Sequential("s", [tasks.load(), tasks.Join("a"), tasks.Join("b")])
    again = Pipeline.from_dict(pipeline.to_dict())
    assert again.to_dict() == pipeline.to_dict()


def test_the_record_of_a_run_is_a_saved_pipeline_too(tasks, kit):
    """`from_file` on the run folder's pipeline.yaml gives a pipeline that finds every output."""
    tasks.Join()(source := tasks.load())
    runner = kit.runner()
    runner.run(Pipeline("p", [source]))
    again = Pipeline.from_file(runner.pipeline_params_filename())
    second = kit.runner()
    second.set_pipeline(again)
    second.queue_tasks()
    assert second.tasks_execute == []


def test_hashes_that_differ_name_the_tasks_and_what_differs(tasks):
    """A ValueError with each differing task; for a changed param its name, for a child the parent that changed."""
    tasks.Join()(source := tasks.load("src", path="old", extra=1))
    aside = tasks.load("aside")
    form = Pipeline("p", [source, aside]).to_dict()
    form["tasks"]["Load(src)"]["params"]["path"] = "new"
    with pytest.raises(ValueError) as caught:
        Pipeline.from_dict(form)
    lines = {line.strip().partition(":")[0]: line for line in str(caught.value).splitlines()}
    assert "path" in lines["Load(src)"]
    assert "extra" not in lines["Load(src)"]
    assert "Load(src)" in lines["Join()"].partition(":")[2]
    assert "aside" not in str(caught.value)
    with pytest.raises(ValueError):
        Pipeline.from_dict(form, compare_hashes=True)


def test_a_hash_edited_by_hand_is_noticed(tasks):
    """Also where nothing else differs."""
    form = Pipeline("p", [tasks.load("src")]).to_dict()
    form["tasks"]["Load(src)"]["hash"] = "0" * 32
    with pytest.raises(ValueError, match=r"Load\(src\)"):
        Pipeline.from_dict(form)


def test_a_file_of_the_first_form_names_what_differs_as_well(tasks):
    """Only the promised sections are needed; the error still names the task."""
    form = Pipeline("p", [tasks.load("src", path="old")]).to_dict()
    form = {"pipeline": form["pipeline"], "tasks": form["tasks"]}
    assert len(Pipeline.from_dict(form)) == 1
    form["tasks"]["Load(src)"]["params"]["path"] = "new"
    with pytest.raises(ValueError, match=r"Load\(src\)"):
        Pipeline.from_dict(form)


def test_changed_code_is_named(project, tmp_path):
    """After an edit of the task's function the error says that the code of this task differs."""
    make = "import flow, pyperunner as p; x = p.Pipeline('p', [flow.load('t')])"
    project.write("flow.py", TASKS)
    project.python("-c", f"{make}; x.to_file('p.yaml')")
    read = "import pyperunner as p; print(len(p.Pipeline.from_file('p.yaml')))"
    assert project.python("-c", read) == "1"
    project.write("flow.py", TASKS.replace("return path", "return path * 2"))
    failing = "import pyperunner as p\ntry: p.Pipeline.from_file('p.yaml')\nexcept ValueError as e: print(e)"
    told = project.python("-c", failing)
    assert "Load(t)" in told
    assert "code" in told
    assert project.python("-c", read.replace("'p.yaml'", "'p.yaml', compare_hashes=False")) == "1"


def test_hashes_are_compared_only_if_asked(tasks):
    """With `compare_hashes=False` the edited pipeline is made as it stands."""
    form = Pipeline("p", [tasks.load("src", path="old")]).to_dict()
    form["tasks"]["Load(src)"]["params"]["path"] = "new"
    (made,) = Pipeline.from_dict(form, compare_hashes=False).create_graph()
    assert made.params == {"path": "new"}
    (made,) = Pipeline.from_dict(form, False).create_graph()
    assert made.params == {"path": "new"}


def test_modules_outside_the_list_are_refused_before_import(tasks, project):
    """`modules=[globs]`: whatever matches none is not imported, and the error names it and the task."""
    project.write("evil.py", f"open({str(project.folder / 'ran')!r}, 'w').close()\n{TASKS}")
    form = Pipeline("p", [tasks.load("t")]).to_dict()
    form["tasks"]["Load(t)"]["module"] = "evil"
    for modules in (["flow_*"], [], ["evi"], ["evil.*"]):
        with pytest.raises(ValueError, match="evil") as caught:
            Pipeline.from_dict(form, modules=modules)
        assert "Load(t)" in str(caught.value)
    assert not (project.folder / "ran").exists()
    assert "evil" not in sys.modules
    form["tasks"]["Load(t)"]["module"] = tasks.__name__
    assert len(Pipeline.from_dict(form, modules=["other", "flow_*"])) == 1


def test_modules_that_params_name_are_refused_as_well(tasks, project, tmp_path):
    """A function as a param must not be the way round the list."""
    project.write("evil2.py", f"open({str(project.folder / 'ran')!r}, 'w').close()\ndef f(): pass\n")
    Pipeline("p", [tasks.load("t", how=tasks.helper)]).to_file(tmp_path / "p.yaml")
    text = (tmp_path / "p.yaml").read_text()
    reference = f"{tasks.__name__}:helper"
    assert reference in text
    (tmp_path / "p.yaml").write_text(text.replace(reference, "evil2:f"))
    with pytest.raises(ValueError):
        Pipeline.from_file(tmp_path / "p.yaml", compare_hashes=False, modules=["flow_*"])
    assert not (project.folder / "ran").exists()


@pytest.mark.parametrize(
    ("field", "value"), [("module", "no_such_module_xyz"), ("name", "Lost"), ("module", "no_such.sub.module")]
)
def test_a_missing_module_or_class_names_both(tasks, field, value):
    """The error has the module's name and the class's name."""
    form = Pipeline("p", [tasks.load("t")]).to_dict()
    entry = form["tasks"].pop("Load(t)")
    entry[field] = value
    form["tasks"][f"{entry['name']}(t)"] = entry
    with pytest.raises((ValueError, ImportError)) as caught:
        Pipeline.from_dict(form)
    assert entry["module"] in str(caught.value)
    assert entry["name"] in str(caught.value)


def test_a_cycle_in_a_file_is_shown(tasks):
    """An edited file with a cycle: ValueError that shows it."""
    tasks.Join("b")(a := tasks.Join("a"))
    form = Pipeline("p", [a]).to_dict()
    form["tasks"]["Join(a)"]["parents"] = ["Join(b)"]
    with pytest.raises(ValueError, match=r"Join\(.\) -> Join\(.\) -> Join\(.\)"):
        Pipeline.from_dict(form)


@pytest.mark.parametrize("text", ["", "[]", "pipeline: 1", "a: b", "pipeline: {name: p}\ntasks: [1]", "\0", "{{{{"])
def test_what_is_no_saved_pipeline_is_an_error(tmp_path, text):
    """A file of another kind is refused with a ValueError."""
    (tmp_path / "p.yaml").write_text(text)
    with pytest.raises(ValueError, match=r".+"):
        Pipeline.from_file(tmp_path / "p.yaml")


def test_no_python_object_is_ever_built_from_a_file(tmp_path):
    """A tag for a Python call is refused and not executed."""
    (tmp_path / "p.yaml").write_text(f"!!python/object/apply:os.mkdir ['{tmp_path}/made']")
    with pytest.raises(ValueError):
        Pipeline.from_file(tmp_path / "p.yaml")
    assert not (tmp_path / "made").exists()


def test_a_name_twice_in_a_file_is_refused(tasks, tmp_path):
    """Two entries of one name: ValueError, never the second in silence."""
    Pipeline("p", [tasks.load("t")]).to_file(tmp_path / "p.yaml")
    head, tail = (tmp_path / "p.yaml").read_text().split("keys:")
    entry = head[head.index("  Load(t):") :]
    (tmp_path / "p.yaml").write_text(f"{head}{entry}")
    with pytest.raises(ValueError, match=r"Load\(t\)"):
        Pipeline.from_file(tmp_path / "p.yaml")
    assert tail
