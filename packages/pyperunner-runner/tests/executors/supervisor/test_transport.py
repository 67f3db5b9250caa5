"""Tasks on their way to fresh interpreters."""

from __future__ import annotations

import enum
import pickle
import subprocess
import sys
import textwrap
import threading

import pytest

from pyperunner_dag import Secret, Task, expand, run, task
from pyperunner_runner import TaskNotPortable, UnknownStartMethod
from pyperunner_runner.executors.supervisor.transport import PickledTasks, _dumps, pack_job, pack_tasks
from pyperunner_runner.ports import Job

FLOW = """
    import sys
    from dataclasses import dataclass
    from pyperunner_dag import Pipeline, Secret, Task, run, task
    from pyperunner_runner import Runner

    @dataclass
    class Point:
        x: int

    def double(x):
        return Point(2 * x)

    @task("Make")
    def make(n, secret):
        assert secret == "hush"
        return double(n)

    def closure(k):
        @task("Close")
        def close(data, more):
            return isinstance(data[0], Point), data[0].x + k + more
        return close

    class Last(Task):
        key_of = staticmethod(lambda pair: pair[1])

        @run
        def run(self, data, source):
            return self.key_of(data[0]), source

    first = make(n=3, secret=Secret("hush"))
    second = closure(10)(more=100)(first)
    third = Last(source=first)(second)
    Runner(sys.argv[2], "logs", start_method=sys.argv[1]).run(Pipeline("p", [first]), raise_on_failure=True)
    print([task.key for task in (first, second, third)])
    print(second.output, third.output, isinstance(first.output, Point))
"""


class Plain(Task):
    @run
    def run(self, data, value=None):
        return value


class Holds(Task):
    @run
    def run(self, value):
        return isinstance(value, Hides)


class Hides:
    """Counts by nothing, and can't be pickled."""

    def __init__(self):
        self.inner = {"lock": threading.Lock()}

    def __pyperunner_key__(self):
        return 1


def test_closures_lambdas_and_main_work_with_every_start_method_under_equal_keys(tmp_path):
    (tmp_path / "flow.py").write_text(textwrap.dedent(FLOW))
    printed = {}
    for method in ("fork", "forkserver", "spawn"):
        command = [sys.executable, "flow.py", method, f"store-{method}"]
        printed[method] = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert printed["fork"].splitlines()[1] == "(True, 116) (116, Point(x=6)) True"
    assert printed["fork"] == printed["forkserver"] == printed["spawn"]


class Color(enum.Enum):
    """Its members hold something that neither name nor value says."""

    RED = 1

    def __init__(self, value):
        self._held = value + 1

    def get(self):
        return self._held


def test_members_of_an_enum_keep_what_they_hold(monkeypatch):
    monkeypatch.setattr(Color, "__module__", "__main__")  # what a script defines travels by value
    Color.RED._held = 5
    code = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read()).RED.get())"
    found = subprocess.run([sys.executable, "-c", code], input=_dumps(Color), capture_output=True, check=True)
    Color.RED._held = 2
    assert found.stdout.strip() == b"5"


def test_the_graph_stays_behind():
    first = Plain("first")
    for number in range(100):
        Plain(str(number))(first)
    pickled = pack_tasks({"a": first}, "spawn")
    (arrived,) = PickledTasks(pickled).values()
    assert (arrived.key, arrived.children) == (first.key, [])
    assert len(pickled["a"]) < 50_000


def test_a_secret_travels():
    pickled = pack_tasks({"a": Plain(value=Secret("hush", key="label"))}, "spawn")
    assert PickledTasks(pickled)["a"].execute([], {}) == "hush"


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_what_cannot_travel_is_named_before_anything_starts(kit, method):
    first = kit.task("first")
    bad = Plain("bad", value=[1, {"deep": Hides()}])(first)
    place = r"params\['value'\]\[1\]\['deep'\]\.inner\['lock'\]"
    with pytest.raises(TaskNotPortable, match=rf"Plain\(bad\).*{place}") as caught:
        kit.runner(start_method=method).run(pipeline_of(first))
    assert caught.value.start_method == method
    assert kit.executed() == []
    assert bad.status is not Task.Status.SUCCESS


def pipeline_of(*tasks):
    from pyperunner_dag import Pipeline

    return Pipeline("p", tasks)


def test_a_closure_that_cannot_travel_is_named():
    lock = threading.Lock()

    @task("Locked")
    def locked():
        with lock:
            return 1

    with pytest.raises(TaskNotPortable, match=r"Locked\(\).*run: variable 'lock'.*cannot pickle"):
        pack_tasks({"Locked()": locked()}, "spawn")


def test_fork_needs_no_pickling(kit):
    task = Holds(value=Hides())
    kit.runner(start_method="fork").run(pipeline_of(task), raise_on_failure=True)
    assert task.output is True


def test_an_unknown_start_method_is_refused_at_once(kit):
    with pytest.raises(UnknownStartMethod, match="fork, forkserver, spawn"):
        kit.runner(start_method="threads")


def test_a_module_that_is_not_on_the_path_travels_by_value(tmp_path):
    """As the command loads a file: under a name that no fresh interpreter would find."""
    (tmp_path / "apart").mkdir()
    (tmp_path / "apart" / "flow_apart.py").write_text(
        "from pyperunner_dag import task\ndef helper(n): return n + 1\n@task('Apart')\ndef apart(n): return helper(n)\n"
    )
    script = """
        import importlib.util, sys
        from pyperunner_dag import Pipeline
        from pyperunner_runner import Runner
        spec = importlib.util.spec_from_file_location("flow_apart", "apart/flow_apart.py")
        module = sys.modules["flow_apart"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        task = module.apart(n=1)
        Runner("store", "logs", start_method="forkserver").run(Pipeline("p", [task]), raise_on_failure=True)
        print(task.output)
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    assert subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout == "2\n"


def test_an_element_of_a_map_leaves_behind_what_the_mapped_task_has():
    @task("Each", timeout=9)
    def each(x, table=tuple(range(10_000))):
        return [x, *table]

    mapped = each.map(x=[1, 2])
    element = expand(mapped, lambda source: None)[1]
    job, known = Job(element.name, detached=element.detached()), {mapped.name: mapped}
    packed = pickle.loads(pickle.dumps(pack_job(job, "fork", known)))
    assert packed.needs == [mapped.name]
    assert len(packed.pickled) < 2000 < 20_000 < len(pack_job(job, "fork").pickled)
    arrived = packed.task_of(known)
    assert type(arrived) is type(mapped)
    assert arrived.options is mapped.options
    assert (arrived.params, arrived.key) == ({"x": 2}, element.key)
