"""A run that has nothing to do imports nothing that it does not need: the imports are most of what such a run costs."""

from __future__ import annotations

import pytest

FLOW = """
from pyperunner import Pipeline, Runner, task

@task("One", receives_input=False)
def one(n):
    return n

@task("Sum")
def total(data):
    return sum(data)

ones = [one(str(n), n=n) for n in range(3)]
total()(ones)
pipeline = Pipeline("flow", ones)

if __name__ == "__main__":
    import sys

    Runner("data", "runs", executor="inline").run(pipeline)
    print(*sorted(sys.modules))
"""
COMMAND = """
import sys
from pyperunner_cli import main

main(["run", "flow.py", "--data-path", "data", "--log-path", "runs", "--executor", "inline"])
print(*sorted(sys.modules))
"""
LEFT_OUT = [
    *("asyncio", "concurrent.futures", "multiprocessing", "subprocess", "socket", "ssl", "selectors", "tempfile"),
    *("_hashlib", "decimal", "difflib", "email", "fractions", "html", "http.client", "pkgutil", "platform", "pprint"),
    *("random", "secrets", "unittest", "uuid"),
    *("cloudpickle", "networkx", "numpy", "pandas", "polars", "psutil", "rich", "yaml"),
    *(f"pyperunner_dag.{name}" for name in ("schema", "drawing.markup", "drawing.png", "drawing.text")),
    *("pyperunner_dag.identity.differences", "pyperunner_results.schema"),
    *(f"pyperunner_results.{name}" for name in ("comparing", "exporting", "reading.history", "report")),
    *(f"pyperunner_runner.{name}" for name in ("child.job", "executors.base", "executors.supervisor.client")),
    *("pyperunner_runner.provenance.explanation", "pyperunner_runner.remote"),
]


@pytest.mark.parametrize("way", ["script", "command"])
def test_a_run_that_has_nothing_to_do_imports_only_what_it_needs(project, way):
    project.write("flow.py", FLOW)
    project.write("command.py", COMMAND)
    project.python("flow.py")
    printed = project.python("flow.py" if way == "script" else "command.py").splitlines()
    loaded = printed[-1].split()
    assert "pyperunner_runner.execution.run" in loaded
    assert [name for name in LEFT_OUT if name in loaded] == []
