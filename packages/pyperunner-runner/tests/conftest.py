"""Fixtures of the runner's tests: a small task kit and a runner on a folder of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Task, run
from pyperunner_runner import Runner


class Count(Task):
    """Adds one to the sum of its inputs and leaves a line in a file, so that executions can be counted."""

    @run
    def run(self, data, trace, fail=False):
        with open(trace, "a") as file:
            file.write(f"{self.tag}\n")
        if fail:
            raise ValueError(f"no {self.tag} today")
        return sum(data) + 1


class Kit:
    """Makes tasks, pipelines and runners, and counts what ran."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trace = str(folder / "trace")
        self.data_path = folder / "data"
        self.log_path = folder / "logs"

    def task(self, tag, *parents, **params):
        task = Count(tag, trace=self.trace, **params)
        return task(list(parents)) if parents else task

    def abc(self):
        """The pipeline a -> b -> c."""
        a = self.task("a")
        b = self.task("b", a)
        self.task("c", b)
        return Pipeline("abc", [a])

    def runner(self, data_path=None, **options):
        return Runner(self.data_path if data_path is None else data_path, self.log_path, **options)

    def store_without(self, ability):
        """The store of the runners, but for one method: really without it, as ``isinstance`` of a protocol looks."""
        store = self.runner().store
        methods = {name: staticmethod(getattr(store, name)) for name in dir(store) if name[0] != "_"}
        methods.pop(ability, None)
        return type("Less", (), methods)()

    def executed(self):
        """Tags of the executions since the last call, in order."""
        trace = Path(self.trace)
        if not trace.exists():
            return []
        tags = trace.read_text().split()
        trace.unlink()
        return tags

    def statuses(self, pipeline):
        return {task.tag: task.status.name for task in pipeline.dag()}


@pytest.fixture
def kit(tmp_path):
    return Kit(tmp_path)
