from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import pyperunner

NAMES = {
    "Task",
    "TaskError",
    "task",
    "run",
    "Pipeline",
    "PipelineError",
    "Sequential",
    "Runner",
    "PipelineResult",
    "TaskResult",
    "__version__",
    "fixed",
}


def fresh(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_exactly_the_promised_names_are_exported() -> None:
    assert set(pyperunner.__all__) == NAMES
    assert set(dir(pyperunner)) >= NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_name_can_be_imported(name: str) -> None:
    assert fresh(f"from pyperunner import {name}; print({name} is not None)") == "True"


def test_names_are_those_of_the_parts() -> None:
    import pyperunner_dag
    import pyperunner_results
    import pyperunner_runner

    assert pyperunner.Task is pyperunner_dag.Task
    assert pyperunner.Pipeline is pyperunner_dag.Pipeline
    assert pyperunner.Runner is pyperunner_runner.Runner
    assert pyperunner.TaskResult is pyperunner_results.TaskResult
    assert pyperunner.TaskResult is not pyperunner.Task.TaskResult


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Taks'"):
        _ = pyperunner.Taks
    with pytest.raises(ImportError, match="Taks"):
        from pyperunner import Taks  # noqa: F401


def test_importing_it_imports_nothing_heavy() -> None:
    heavy = "networkx yaml numpy pandas rich psutil msgpack pyperunner_dag pyperunner_runner pyperunner_cli"
    code = f"import sys, pyperunner; print([name for name in {heavy.split()} if name in sys.modules])"
    assert fresh(code) == "[]"


def test_the_version_is_that_of_the_distribution() -> None:
    from importlib.metadata import version

    assert pyperunner.__version__ == version("pyperunner")


def test_python_m_is_the_command(tmp_path: Path) -> None:
    def said(module: str, *arguments: str) -> tuple[int, str, str]:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    for arguments in ["--version"], ["--help"], ["runs"], ["rnu"]:
        assert said("pyperunner", *arguments) == said("pyperunner_cli", *arguments)
    assert said("pyperunner", "--version") == (0, f"pyperunner {pyperunner.__version__}\n", "")
    assert said("pyperunner", "rnu")[0] == 2


def test_what_tests_of_pipelines_use_is_within_reach() -> None:
    assert (
        fresh(
            "from pyperunner import task\n"
            "from pyperunner.testing import run_task\n"
            "@task('Twice')\n"
            "def twice(x): return 2 * x\n"
            "print(run_task(twice(x=4)))"
        )
        == "8"
    )
