"""The names that a script may import, and what importing them costs."""

from __future__ import annotations

import pytest

import pyperunner
import pyperunner.environment

NAMES = {
    *("Task", "TaskError", "task", "run", "Pipeline", "PipelineError", "Sequential"),
    *("Runner", "PipelineResult", "TaskResult", "__version__", "fixed"),
}
HEAVY = (
    *("networkx", "numpy", "pandas", "polars", "pyarrow", "rich", "yaml", "jinja2", "PIL", "msgpack", "xxhash", "isal"),
    *("psutil", "cloudpickle", "multiprocessing", "subprocess", "inspect", "asyncio", "logging", "sqlite3"),
    *(
        "pyperunner_dag",
        "pyperunner_runner",
        "pyperunner_results",
        "pyperunner_cache",
        "pyperunner_keys",
        "pyperunner_cli",
    ),
)


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_promised_name_can_be_imported_by_name(name, project):
    """`from pyperunner import X` works as the first thing a process does, for each name."""
    assert project.python("-c", f"from pyperunner import {name} as x; print(x is not None)") == "True"


def test_these_names_and_no_others_are_exported():
    """A star import gives exactly the promised names."""
    assert set(pyperunner.__all__) == NAMES
    given: dict[str, object] = {}
    exec("from pyperunner import *", given)
    assert set(given) - {"__builtins__"} == NAMES


def test_the_environment_has_a_module_of_its_own():
    """`pyperunner.environment.get_environment_info` is there, by import and by attribute."""
    from pyperunner.environment import get_environment_info

    assert callable(get_environment_info)
    assert pyperunner.environment.get_environment_info is get_environment_info


def test_the_environment_is_reached_without_an_import_of_its_own(project):
    """`import pyperunner` is enough to call `pyperunner.environment.get_environment_info()`."""
    code = "import pyperunner; print('base_dir' in pyperunner.environment.get_environment_info())"
    assert project.python("-c", code) == "True"


def test_status_and_outcome_are_nested_in_task():
    """`Task.Status` and `Task.TaskResult` are found on Task and on its subclasses."""

    class Own(pyperunner.Task):
        @pyperunner.run
        def run(self):
            return 1

    assert Own.Status is pyperunner.Task.Status
    assert Own.TaskResult is pyperunner.Task.TaskResult
    assert Own().Status.SUCCESS is pyperunner.Task.Status.SUCCESS


def test_the_two_task_results_are_different_things(kit):
    """The one at the top reads a stored output; the one in Task is the outcome of an execution."""
    assert pyperunner.TaskResult is not pyperunner.Task.TaskResult
    pipeline, (a, _, _) = kit.abc()
    runner = kit.runner()
    runner.run(pipeline)
    reader = runner.results().task("Count(a)")
    assert isinstance(reader, pyperunner.TaskResult)
    assert reader.output == 1
    assert isinstance(a.result, pyperunner.Task.TaskResult)


def test_the_version_is_that_of_the_distribution():
    """`pyperunner.__version__` is text and equals the installed distribution's version."""
    from importlib.metadata import version

    assert pyperunner.__version__ == version("pyperunner")


def test_importing_costs_nothing(project):
    """`import pyperunner` imports none of the heavy libraries, nor any of the parts."""
    code = f"import sys; import pyperunner; print([name for name in {HEAVY!r} if name in sys.modules])"
    assert project.python("-c", code) == "[]"


def test_a_flow_that_only_defines_tasks_imports_no_data_library(project):
    """Making and hashing a pipeline imports no library for data, drawing or terminals."""
    project.write(
        "flow.py",
        """
        import sys
        import pyperunner

        @pyperunner.task("One")
        def one(n=1):
            return n

        print(len(pyperunner.Pipeline("p", [one()])), len(one().hash()))
        unwanted = ("networkx", "numpy", "pandas", "polars", "rich", "yaml", "PIL", "jinja2", "pyarrow")
        print([name for name in unwanted if name in sys.modules])
        """,
    )
    assert project.python("flow.py").splitlines() == ["1 32", "[]"]


def test_an_unknown_name_is_an_attribute_error():
    """A name that was never promised fails the usual way."""
    with pytest.raises(AttributeError, match="Taks"):
        _ = pyperunner.Taks
