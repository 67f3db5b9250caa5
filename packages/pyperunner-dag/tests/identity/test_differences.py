from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner_dag.identity.differences import differences
from pyperunner_keys import File, unpack_places

FLOW = """
from pyperunner_dag import Task, run, task
from features import clean, LIMIT, Model
import features

@task("Load")
def load(path="x"):
    return path

@task("Work")
def work(data, scale=2, table=None):
    return clean(scale) + LIMIT + Model().fit() + features.mul(1)

class Join(Task):
    @run
    def run(self, data, on=None, how=1):
        return data
"""
FEATURES = """
LIMIT = 3
def clean(x):
    return x * 2
def twice(x):
    return clean(clean(x))
class Model:
    k = 1
    def fit(self):
        return 1
mul = lambda x: x
"""


@pytest.fixture
def make(module):
    """Makes the task ``Work(w)`` of a project whose texts have been replaced here and there."""

    def made(replace=(), flow=(), **params):
        texts = {"features": FEATURES, "flow_differences": FLOW}
        for name, changes in (("features", replace), ("flow_differences", flow)):
            for old, new in changes:
                assert old in texts[name]
                texts[name] = texts[name].replace(old, new)
        task = [module(name, text) for name, text in texts.items()][1].work("w", **params)
        task.hash()  # before the next edit
        return task

    return made


def between(before, now):
    places = [unpack_places(task.entry_meta()["sources"]) for task in (before, now)]
    return differences(before.entry_meta()["parts"], now.entry_meta()["parts"], *places)


def lines(before, now):
    return [str(found) for found in between(before, now)]


def test_nothing(make):
    assert lines(make(scale=2), make(scale=2)) == []


def test_params(make):
    assert lines(make(scale=2), make(scale=3)) == ["param scale: 2 → 3"]
    assert lines(make(scale=2), make()) == ["param scale removed"]
    assert lines(make(), make(table={"a": 1}, scale=1)) == ["param table added", "param scale added"]
    alike = [make(table="x" * 100 + mark + "x" * 100) for mark in "ab"]
    assert lines(*alike) == ["param table changed"]
    assert {found.kind for found in between(*alike)} == {"param"}


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (("return x * 2", "return x * 3"), "helper clean() in features.py changed"),
        (("LIMIT = 3", "LIMIT = 4"), "constant LIMIT in features.py changed"),
        (("return 1\n", "return 2\n"), "helper Model.fit() in features.py changed"),
        (("k = 1", "k = 2"), "constant Model.k in features.py changed"),
        (("lambda x: x", "lambda x: -x"), "a lambda in features.py changed"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_code(make, edit, line):
    (found,) = [found for found in between(make(), make([edit])) if "class Model" not in found.text]
    assert (found.kind, found.text) == ("code", line)
    old, new = (text.strip() for text in edit)
    diff = found.diff.splitlines()
    assert diff[:2] == ["--- features.py (before)", "+++ features.py (now)"]
    assert [line for line in diff[2:] if line.startswith("-") and old in line]
    assert [line for line in diff[2:] if line.startswith("+") and new in line]


def test_the_function_of_the_task_itself(make):
    before, now = make(), make(flow=[("+ LIMIT", "- LIMIT")])
    (found,) = between(before, now)
    assert found.text == "code of run() changed"
    assert "-    return clean(scale) + LIMIT" in found.diff


def test_parts_added_removed_and_moved(make, module):
    module("other", "def clean(x):\n    return x * 2\n")
    more = make(flow=[("clean(scale)", "features.twice(scale)")])
    assert lines(make(), more) == ["code of run() changed", "helper twice() in features.py added"]
    assert lines(more, make()) == ["code of run() changed", "helper twice() in features.py removed"]
    moved = make(
        [("return x * 2", "return x")],
        flow=[("import clean, LIMIT", "import LIMIT"), ("import features", "import features\nfrom other import clean")],
    )
    assert lines(make(), moved) == []
    both = make(
        [("LIMIT = 3", "LIMIT = 4")],
        flow=[("import clean, LIMIT", "import LIMIT"), ("import features", "import features\nfrom other import clean")],
    )
    assert lines(make(), both) == ["constant LIMIT in features.py changed"]


def test_code_of_which_no_parts_are_known(make):
    before, now = make().key_parts(), make([("LIMIT = 3", "LIMIT = 4")]).key_parts()
    before["code"].pop("parts")
    assert [found.text for found in differences(before, now)] == ["code changed"]
    before["code"] = None
    assert [found.text for found in differences(before, now)] == ["code changed"]


def test_code_without_places(make):
    before, now = make().key_parts(), make([("LIMIT = 3", "LIMIT = 4")]).key_parts()
    assert differences(before, now)[0].text == "code features.LIMIT changed"


def joined(module, connect, on=None, path="x"):
    flow = module("flow_differences", FLOW)
    tasks = {tag: flow.load(tag, path=path if tag == "a" else "x") for tag in "abc"}
    inputs = {} if on is None else {"on": on(tasks)}
    join = flow.Join("j", **inputs)
    for tag in connect:
        join.connect(tasks[tag])
    join.hash()
    return join


def test_upstream(module):
    module("features", FEATURES)
    first = joined(module, "ab")
    assert lines(first, joined(module, "ab", path="y")) == ["upstream Load(a) changed"]
    assert lines(first, joined(module, "abc")) == ["upstream Load(c) added"]
    assert lines(first, joined(module, "b")) == ["upstream Load(a) removed"]
    assert lines(first, joined(module, "ba")) == ["upstream reordered"]
    assert lines(first, joined(module, "aab")) == ["upstream reordered"]
    assert [found.kind for found in between(first, joined(module, "ab", path="y"))] == ["upstream"]
    assert {found.kind for tags in ("b", "abc", "ba") for found in between(first, joined(module, tags))} == {"edge"}


def test_named_inputs(module):
    module("features", FEATURES)
    first = joined(module, "", lambda tasks: {"x": [tasks["a"], tasks["b"]], "n": 1})
    assert lines(first, joined(module, "", lambda t: {"x": [t["a"], t["b"]], "n": 1}, path="y")) == [
        "upstream Load(a) changed"
    ]
    assert lines(first, joined(module, "", lambda t: {"x": [t["a"]], "n": 1})) == ["upstream Load(b) removed"]
    for other in (
        lambda t: {"x": [t["b"], t["a"]], "n": 1},
        lambda t: {"x": (t["a"], t["b"]), "n": 1},
        lambda t: {"x": [t["a"], t["b"]], "n": 2},
    ):
        assert lines(first, joined(module, "", other)) == ["input on changed"]
    assert lines(joined(module, "ab"), joined(module, "b", lambda t: t["a"])) == [
        "upstream reordered",
        "input on changed",
    ]


def test_environment_options_and_packages():
    before = {"env": {"THREADS": "1", "SAME": "x"}, "options": {"version": "1"}, "packages": {"numpy": "1.26"}}
    now = {"env": {"THREADS": "2", "NEW": "y", "SAME": "x"}, "options": {"version": "2", "ignore": ["a"]}}
    found = differences(before, {**now, "packages": {"numpy": "2.0"}})
    assert [str(item) for item in found] == [
        "env THREADS: 1 → 2",
        "env NEW: none → y",
        "option version: 1 → 2",
        "option ignore: none → ['a']",
        "package numpy: 1.26 → 2.0",
    ]
    assert [item.kind for item in found] == ["env", "env", "option", "option", "package"]


def test_an_option_of_the_code_says_enough(make):
    plain, salted = make(), make().with_options(version="2")
    assert lines(plain, salted) == ["option version: none → 2"]
    assert lines(plain, make().with_options(code="off")) == ["option code: none → off"]
    assert lines(plain, make().with_options(env={"A": "1"})) == ["env A: none → 1"]


def test_a_file_is_named(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = Path("data.csv")
    data.write_text("a")
    before = make(table=File(data))
    data.write_text("bc")
    assert lines(before, make(table=File(data))) == ["File data.csv changed"]


def test_files_inside_a_param_are_named(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in "abc":
        Path(name).write_text("1")
    nested = {"all": [File("a"), (File("b"), File("c"))]}
    before = make(table=nested)
    for name in "ac":
        Path(name).write_text("2")
    assert lines(before, make(table=nested)) == ["File a changed", "File c changed"]


def test_files_are_named():
    before, now = ({"params": {"data": digest}, "values": {"data": "File data.csv"}} for digest in "ab")
    assert [str(item) for item in differences(before, now)] == ["File data.csv changed"]
    now["values"] = {"data": "File other.csv"}
    assert [str(item) for item in differences(before, now)] == ["param data: File data.csv → File other.csv"]


JUNK = [None, 3, "x", [], [1], [[1]], {"a": 1}, {"task": 3}, [["x", "y", "z"]]]


@pytest.mark.parametrize("junk", JUNK, ids=str)
@pytest.mark.parametrize("part", ["params", "values", "inputs", "code", "parents", "env", "options", "packages"])
def test_parts_from_outside_may_be_anything(make, part, junk):
    parts = make(scale=2).key_parts()
    assert all(isinstance(item.text, str) for item in differences({**parts, part: junk}, parts))
    assert all(isinstance(item.text, str) for item in differences({part: junk}, parts))


def test_what_a_terminal_would_obey_is_shown():
    before, now = ({"params": {"a\n": digest}, "values": {"a\n": digest + "\x1b"}} for digest in "ab")
    assert [str(item) for item in differences(before, now)] == ["param a\\n: a\\x1b → b\\x1b"]


def test_of_keys_of_another_format_nothing_else_is_said():
    now = {"format": 2, "params": {"n": "1"}, "values": {"n": "1"}}
    before = {"params": {"n": "2"}, "values": {"n": "2"}}
    assert [str(found) for found in differences(before, now)] == ["key format: 1 → 2"]
    assert [str(found) for found in differences(now, {**now, "format": "?"})] == ["key format: 2 → 1"]
