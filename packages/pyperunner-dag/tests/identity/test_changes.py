"""What changes between the plan and the end of a task's run."""

from __future__ import annotations

import os
import pickle
import py_compile
import sys
from pathlib import Path

import pytest

from pyperunner_dag import ChangedDuringRunError, File, Folder, Task, detect_changes, run
from pyperunner_dag.identity import changes


class Use(Task):
    @run
    def run(self, source=None):
        return source


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(changes, "_seen", {})
    return tmp_path


def test_most_tasks_need_none():
    task = Use(source=1)
    task.hash()
    assert detect_changes(task) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda: open("a", "w").close(), ["File a changed", "Folder . changed"]),
        (lambda: Path("a").rename("b"), ["File a is gone", "Folder . changed"]),
        (lambda: os.utime("a"), []),
        (lambda: Path("c").mkdir(), []),
    ],
)
def test_a_file_that_changes(in_folder, change, said):
    (in_folder / "a").write_text("1")
    task = Use("x", source=[File("a"), Folder(".")])
    task.hash()
    with detect_changes(task) as detector:
        change()
        os.chdir("/")
    if not said:
        return detector.check()
    with pytest.raises(ChangedDuringRunError) as caught:
        detector.check()
    assert list(caught.value.changes) == said
    os.chdir(in_folder)
    with pytest.raises(ChangedDuringRunError, match="changed during the run"), detect_changes(task):
        raise AssertionError("it must not begin")


LATE = """
from pyperunner_dag import task
@task("Use")
def use():
    import {name}
    return {name}.VALUE
"""


@pytest.fixture
def late(module):
    """Make a task that imports a module when it runs: ``late("name")`` gives the task, hashed."""

    def make(name, text="VALUE = 1\n", source=LATE):
        flow = module(f"flow_{name}", source.format(name=name))
        module(name, text, load=False)
        made = flow.use()
        made.hash()
        return made

    return make


def execute(task):
    detector = detect_changes(task)
    with detector:
        value = task.execute([], {})
    detector.check()
    return value


def test_a_module_that_is_loaded_late_and_was_not_edited(in_folder, late):
    task = late("calm")
    assert execute(task) == 1
    assert not any(isinstance(finder, changes.ChangeDetector) for finder in sys.meta_path)
    (in_folder / "calm.py").write_text("VALUE = 2\n")  # it is loaded by now
    assert execute(task) == 1


def test_a_module_that_was_edited_between_the_plan_and_its_import(in_folder, late):
    task = late("edited")
    (in_folder / "edited.py").write_text("VALUE = 2\n")
    with pytest.raises(ChangedDuringRunError, match=r"edited\.py changed before it was imported"):
        execute(task)
    # It is loaded by now, and still not what the key says.
    with pytest.raises(ChangedDuringRunError, match=r"edited\.py changed"):
        execute(task)


def test_a_package_is_told_by_its_folder(in_folder, late):
    (in_folder / "parcel").mkdir()
    (in_folder / "parcel" / "__init__.py").write_text("from parcel.inner import VALUE\n")
    (in_folder / "parcel" / "inner.py").write_text("VALUE = 1\n")
    task = late("other", "from parcel import VALUE\n")
    assert len(task.identity.unloaded) == 3
    (in_folder / "parcel" / "inner.py").write_text("VALUE = 2\n")
    with pytest.raises(ChangedDuringRunError, match=r"inner\.py changed"):
        execute(task)
    for name in ("parcel", "parcel.inner"):
        sys.modules.pop(name)


def test_a_module_of_the_same_name_elsewhere_is_no_change(in_folder, late):
    (in_folder / "box").mkdir()
    (in_folder / "box" / "__init__.py").write_text("")
    (in_folder / "box" / "twin.py").write_text("VALUE = 3\n")
    task = late("twin", source=LATE.replace("import {name}", "import box.twin, {name}"))
    assert execute(task) == 1
    for name in ("box", "box.twin"):
        sys.modules.pop(name)


def test_code_that_was_loaded_at_the_plan_may_be_edited(in_folder, module):
    module("helper", "VALUE = 1\n")
    flow = module("flow_loaded", "import helper\n" + LATE.format(name="helper").replace("    import helper\n", ""))
    task = flow.use()
    task.hash()
    (in_folder / "helper.py").write_text("VALUE = 2\n")
    assert detect_changes(task) is None


RECEIVER = """
import pickle, sys
from pyperunner_dag import detect_changes
sys.path.insert(0, ".")
task = pickle.load(open("task.pickle", "rb"))
try:
    with detect_changes(task) as detector:
        task.execute([], {})
    detector.check()
except RuntimeError as error:
    print(*[change.rpartition("/")[2] for change in error.changes])
"""


def test_in_a_process_of_its_own_every_module_counts(in_folder, late, in_new_process):
    task = late("spawned")
    sent = in_folder / "task.pickle"
    sent.write_bytes(pickle.dumps(task.detached()))
    assert in_new_process(RECEIVER, cwd=in_folder) == ""
    for name in ("flow_spawned.py", "spawned.py"):
        path = in_folder / name
        path.write_text(path.read_text().replace("VALUE", "VALUE ") + "# edited\n")
        assert in_new_process(RECEIVER, cwd=in_folder).startswith(f"{name} changed"), name
        path.write_text(path.read_text().replace("VALUE ", "VALUE").removesuffix("# edited\n"))


@pytest.mark.parametrize(
    ("text", "edited", "said"),
    [
        ("def value(): return 1\n", "def value(): return 2\n", "held.py changed before it was imported\n"),
        # What is made anew at each import is no edit.
        ("def value(): return 1\nvalue.__code__ = value.__code__.replace(co_name='f')\n", "", ""),
    ],
)
def test_code_that_is_no_text_is_compared_itself(in_folder, module, in_new_process, text, edited, said):
    module("held", text)
    flow = module(
        "flow_held", 'import held\nfrom pyperunner_dag import task\n@task("Use")\ndef use(): return held.value()\n'
    )
    (in_folder / "held.py").write_text(edited or text)
    task = flow.use()
    task.hash()
    (in_folder / "task.pickle").write_bytes(pickle.dumps(task.detached()))
    assert in_new_process(RECEIVER, cwd=in_folder) == said


def test_byte_code_of_another_text_is_not_taken_for_that_of_a_module_that_is_loaded_late(in_folder, late):
    path = in_folder / "quick.py"
    path.write_text("VALUE = 2\n")
    py_compile.compile(str(path))
    seconds = path.stat().st_mtime
    task = late("quick")
    os.utime(path, (seconds, seconds))
    assert execute(task) == 1
    assert sys.modules["quick"].__spec__.loader.get_source("quick") == "VALUE = 1\n"
