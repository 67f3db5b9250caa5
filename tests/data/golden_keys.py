"""Makes the keys of `golden_keys.json`: run as a script, it prints them as JSON, each by what it is made of.

Names that came after 0.2.0 are left out of that file.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Optional, Union

from specimens import OURS, own, specimens

import pyperunner_cache
import pyperunner_dag
import pyperunner_keys
import pyperunner_runner
from pyperunner import (
    Pipeline,
    PipelineError,
    PipelineResult,
    Runner,
    Sequential,
    Task,
    TaskError,
    TaskResult,
    run,
    task,
)
from pyperunner_cache import memoize, open_store
from pyperunner_dag import File, Folder, Options, Secret
from pyperunner_keys import UnencodableError, digest

LIMIT = 3


def helper(n: int) -> int:
    """Return what its name says."""
    return n * LIMIT


class Color(enum.Enum):
    """An enum of a script."""

    RED = 1


@dataclasses.dataclass
class Point:
    """A dataclass of a script."""

    x: int
    y: float = 0.5


class Pair(NamedTuple):
    """A named tuple of a script."""

    first: int
    second: str = "b"


@dataclasses.dataclass
class Hinted:
    """Hints that Python's versions make differently; 0.2.0 gave the second one another key in each process."""

    anything: Any = None
    shared: ClassVar[int] = 3
    maybe: Optional[int] = None  # noqa: UP045 - the old spelling is meant
    either: Union[int, str] = 1  # noqa: UP007
    items: list[int] = dataclasses.field(default_factory=list)


class Plain:
    """A class of a script."""

    def __init__(self, n: int) -> None:
        self.n = n


class OwnError(TaskError):
    """An error of a script, below one of ours."""


class CodedError(PipelineError):
    """Another one, with a constructor and hints of its own."""

    code: int = 3
    hints: tuple[str, ...] = ()

    def __init__(self, text: str, code: int = 3) -> None:
        super().__init__(text)
        self.code = code


class DerivedError(pyperunner_dag.CycleError):
    """One below an error with facts."""

    hint = "untie it"


@task("Zero")
def zero() -> int:
    return 0


@task("Load")
def load(n: int = 1, *, text: str = "a") -> list[Any]:
    return [helper(n), text]


@task("Sum", receives_input=True)
def add(data: list[Any]) -> int:
    return sum(len(each) for each in data)


@task("Named")
def named(left: Any, right: Any, rest: Any = ()) -> Any:
    return left, right, rest


@task("Options", timeout=5, retries=2, env={"A": "1"}, version="2", retry_on=[TaskError])
def with_options() -> int:
    return 1


@task("Own", code="own")
def own_code(n: int) -> int:
    return helper(n)


@task("Off", code="off")
def no_code(n: int) -> int:
    return helper(n)


@task("Ignore", ignore=["*.helper"], depends=[LIMIT, Point])
def ignoring(n: int) -> int:
    return helper(n)


class Train(Task):
    """A class of a user's with a helper method and options."""

    options = Options(env={"THREADS": "1"}, resources={"gpu": 1}, memory_limit="2 GiB")

    @run
    def run(self, data: list[Any], rate: float = 0.1) -> float:
        return self.scale(rate) + len(data)

    def scale(self, rate: float) -> float:
        return rate * helper(1)


class Refined(Train):
    """A class below another one."""

    def scale(self, rate: float) -> float:
        return 2 * super().scale(rate)


@task("Base")
def uses_task_class() -> Any:
    return Task.Status.SUCCESS, Task.TaskResult


@task("Makes")
def uses_decorators() -> Any:
    @task("Inner")
    def inner() -> int:
        return 1

    class Local(Task):
        @run
        def run(self, data: list[int]) -> list[int]:
            return data

    return inner, Local


@task("Runs")
def uses_runner(folder: str) -> Any:
    pipeline = Pipeline("p", [zero()])
    Runner(folder, folder).run(Sequential("s", [zero()]))
    return pipeline, PipelineResult, TaskResult


@task("Catches")
def uses_errors() -> Any:
    try:
        raise OwnError("x")
    except (TaskError, PipelineError, pyperunner_cache.MissingEntryError, pyperunner_runner.TaskTimedOut):
        return pyperunner_dag.CycleError, pyperunner_keys.UnencodableError


@task("Hints")
def uses_hints() -> Any:
    return Hinted(), Any, list[int], Optional[Hinted]  # noqa: UP045


@task("Stores")
def uses_cache(folder: str) -> Any:
    store = open_store(folder)
    return memoize(store)(helper)(3), digest(3), pyperunner_keys.fingerprint(helper)


@task("Attributes")
def uses_attributes() -> Any:
    return pyperunner_dag.draw_svg, pyperunner_runner.Runner, pyperunner_dag.Options().timeout


def tasks(folder: str) -> dict[str, Task]:
    """Return tasks by label; their files lie in ``folder``."""
    table, images = File(os.path.join(folder, "table.csv")), Folder(os.path.join(folder, "images"), "**/*.png")
    source, other = load("source"), load("other", n=2)
    return {
        "no params": zero(),
        "defaults": load(),
        "params": load("tag", n=4, text="ä"),
        "values": load(n=[(1, 2.5), {"a": {1, 2}, "b": b"x"}, None, Color.RED, Point(1), Pair(3), Plain(4)]),
        "code as params": load(n=[helper, Point, len, functools.partial(helper, 3), digest, Options, memoize]),
        "ours as params": load(n=[Options(retries=1), Task.Status.FAILURE, TaskError("x", 1), OwnError("y")]),
        "errors below ours": load(n=[CodedError("z", 4), DerivedError(["A()"]), CodedError, DerivedError, OwnError]),
        "one parent": add()(source),
        "two parents": add("two")([other, source]),
        "a line": Train(rate=0.5)(add("line")(load("first"))),
        "named inputs": named(left=source, right=2),
        "nested named inputs": named("nested", left=[source, {"x": other}], right=table, rest=(source,)),
        "connected and named": Train("both", rate=source)(other),
        "class": Train(),
        "subclass": Refined(rate=2.0),
        "file": load(n=table),
        "folder": load(n=[images, table]),
        "secret": load(n=Secret(env="PASSWORD")),
        "secret with a label": load(n=Secret("value", key="account")),
        "options": with_options(),
        "options of a task": load().with_options(timeout=1, env={"B": "2"}, priority=3),
        "code own": own_code(n=1),
        "code off": no_code(n=1),
        "ignore and depends": ignoring(n=1),
        "packages": load().with_options(packages="none", strict=False),
        "refers to Task": uses_task_class(),
        "refers to task and run": uses_decorators(),
        "refers to Runner and Pipeline": uses_runner(folder="x"),
        "refers to errors": uses_errors(),
        "refers to hints": uses_hints(),
        "refers to the cache": uses_cache(folder="x"),
        "refers to attributes": uses_attributes(),
        "not cached": load("once").with_options(cache=False),
    }


def _key(value: Any) -> str:
    try:
        return digest(value)
    except UnencodableError:
        return "refused"


def _public(package: str) -> dict[str, Any]:
    module = importlib.import_module(package)
    return {f"{package}.{name}": getattr(module, name) for name in module.__all__ if name != "__version__"}


def keys() -> dict[str, str]:
    """Return every key by what it is made of."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "images").mkdir()
        for name in ("table.csv", "images/a.png"):
            Path(folder, name).write_text(f"content of {name}\n")
        found = {f"task: {label}": each.hash() for label, each in tasks(folder).items()}
    found |= {f"instance: {name}": _key(value) for name, value in specimens().items()}
    for package in OURS:
        found |= {f"name: {name}": _key(value) for name, value in _public(package).items()}
    memoized = memoize("/pyperunner-0.2.0")(helper)
    found["memoized call"] = memoized.key(3).partition("/")[2]
    found["memoized call, its name"] = memoize("/pyperunner-0.2.0")(own).key(n=3)
    found["fingerprint"] = pyperunner_keys.fingerprint(uses_cache).digest
    found["pipeline"] = digest([each["hash"] for each in _saved().values()])
    return found


def _saved() -> dict[str, Any]:
    first = load("first")
    saved: dict[str, Any] = Pipeline("p", [first, add()(first)], version="3").to_dict()["tasks"]
    return saved


if __name__ == "__main__":
    print(json.dumps(keys(), indent=0))
