"""Runs in tests: of a task or a pipeline, in this process and a new folder, with fakes for what others make."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import warnings
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from pyperunner_dag import DAG, Pipeline, Task, run
from pyperunner_runner.errors import WrongFake
from pyperunner_runner.planning.planner import left_alone
from pyperunner_runner.runner import Runner

if TYPE_CHECKING:
    from pyperunner_results import PipelineResult

__all__ = ["run_pipeline", "run_task"]


class Fake(Task):
    """Stands for a task that makes what was given by hand."""

    @run
    def run(self) -> None:
        """Do nothing; never called."""


def run_task(task: Task, /, **fakes: Any) -> Any:
    """Execute one task and return its output as other tasks get it, which is stored and loaded again.

    Nothing that it needs is executed: ``run_task(total(rows=rows(n=4)), rows=[1, 2])``. Random numbers, environment and
    declared outputs are those of a run. The task itself, and the pipeline that it may be in, are left as they are.

    Args:
        task: The task.
        fakes: What other tasks make for it: by the name of the param, and as ``data`` the list for connected parents.

    Raises:
        WrongFake: One is missing, or there is nothing that it could stand for.
        Exception: The task raised it.
    """
    if task.mapping is not None:
        raise WrongFake(task.name, "it is mapped: give run_task() a task for one element, or run its pipeline")
    wanted = [*task.inputs, *(["data"] if task.parents else [])]
    _check(task.name, fakes, wanted)
    if lacking := [f"{name}=…" for name in wanted if name not in fakes]:
        raise WrongFake(task.name, f"other tasks make what it needs; give it by hand: {', '.join(lacking)}")
    data = fakes.pop("data", ())
    if len(data) != len(task.parents):
        raise WrongFake(task.name, f"it has {len(task.parents)} connected parents; data is a list of as many outputs")
    alone = type(task)(task.tag, **{**task.params, **{name: _fake(name, value) for name, value in fakes.items()}})
    alone.with_options(**task.own_options)
    alone([_fake(f"data {index}", value) for index, value in enumerate(data)])
    _run(Pipeline(f"test of {task.name}", [alone]), None, only=alone.name)
    if alone.result is not None and alone.result.exception is not None:
        raise alone.result.exception
    return alone.output


def run_pipeline(
    pipeline: Pipeline, fakes: Mapping[str | Task, Any] | None = None, *, folder: str | os.PathLike[str] | None = None
) -> PipelineResult:
    """Execute a pipeline and return its results: ``run_pipeline(pipeline, {"Rows()": [1, 2]})["Total()"]``.

    What nothing but fakes needs is not executed. The pipeline and its tasks are left as they are.

    Args:
        pipeline: The pipeline.
        fakes: Outputs in the place of those that tasks would make, by task or name of a task.
        folder: Where outputs and records are kept; a new one by default, which is removed when Python exits.

    Raises:
        WrongFake: There is no task that one could stand for.
        RunFailed: A task failed.
    """
    dag = pipeline.dag()
    names = [task.name for task in dag]
    by_name = {fake.name if isinstance(fake, Task) else fake: output for fake, output in (fakes or {}).items()}
    by_name = {f"{name}()" if f"{name}()" in names else name: output for name, output in by_name.items()}
    _check(pipeline.name, by_name, names)
    with left_alone(dag):
        for name, output in by_name.items():
            dag[name].set_output(output)
        return _run(pipeline, folder, only=_needed(dag, by_name), raise_on_failure=True).results()


def _check(of: str, fakes: Collection[str], wanted: Collection[str]) -> None:
    for name in fakes:
        if name not in wanted:
            near = get_close_matches(name, wanted, n=3, cutoff=0.5)
            known = f"did you mean {' or '.join(near)}?" if near else f"there is {', '.join(wanted) or 'none'}"
            raise WrongFake(of, f"no other task makes {name} for it; {known}")


def _fake(name: str, output: Any) -> Fake:
    fake = Fake(name)
    fake.set_output(output)
    return fake


def _needed(dag: DAG[Task], fakes: Collection[str]) -> list[str]:
    """Return the names of the tasks that are needed for those that nothing needs, up to the fakes."""
    found: dict[str, None] = {}
    waiting = [task for task in dag if not dag.downstream(task)]
    for task in waiting:  # it grows meanwhile
        if task.name not in found:
            found[task.name] = None
            if task.name not in fakes:
                waiting += dag.upstream(task)
    return list(found)


def _run(pipeline: Pipeline, folder: str | os.PathLike[str] | None, **how: Any) -> Runner:
    if folder is None:
        folder = tempfile.mkdtemp(prefix="pyperunner-test-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
    runner = Runner(os.path.join(folder, "data"), os.path.join(folder, "runs"), executor="inline")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "timeout and memory_limit have no effect", RuntimeWarning)
        runner.run(pipeline, **how)
    return runner
