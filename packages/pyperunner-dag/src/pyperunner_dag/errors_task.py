"""Errors of single tasks; the tree of all errors is drawn in ``errors``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pyperunner_dag.text import visible

__all__ = [
    "ChangedDuringRunError",
    "CodeGapError",
    "FileParamError",
    "OptionError",
    "SecretNotSetError",
    "TaskDefinitionError",
    "TaskError",
    "TaskNameError",
    "TaskParamError",
    "TaskStoreError",
    "UndeclaredInputError",
    "UnhashableParamError",
    "whose",
]


def whose(name: str, tag: str) -> str:
    """Name a task by its class and tag."""
    return f"task {visible(name)} " + (f"(tag '{visible(tag)}')" if tag else "(no tag)")


class TaskError(Exception):
    """A task cannot be made, or cannot do what was asked of it."""


class TaskNameError(TaskError, ValueError):
    """The name or the tag of a task is no text that a store and a file can carry."""

    def __init__(self, task: str, tag: object, problem: str) -> None:
        super().__init__(task, tag, problem)

    def __str__(self) -> str:
        task, tag, problem = self.args
        return f"task {visible(task)} cannot have the tag {visible(ascii(tag))}: {problem}"


class TaskDefinitionError(TaskError, TypeError):
    """A Task class is not written as it must be."""

    def __init__(self, task: str, problem: str) -> None:
        super().__init__(task, problem)

    def __str__(self) -> str:
        task, problem = self.args
        return f"task {visible(task)}: {problem}"


class TaskParamError(TaskError, TypeError):
    """The params of a task do not fit the signature of its ``run``."""

    def __init__(self, task: str, tag: str, problem: str) -> None:
        super().__init__(task, tag, problem)

    def __str__(self) -> str:
        task, tag, problem = self.args
        return f"{whose(task, tag)}: {problem}"


class OptionError(TaskError, ValueError):
    """An option does not exist, or its value is none it can have.

    Args:
        whose: The task or pipeline, in words; empty where it is not known.
        option: Name of the option.
        problem: What is wrong with it, and what it may be.
    """

    def __init__(self, whose: str, option: str, problem: str) -> None:
        super().__init__(whose, option, problem)

    def __str__(self) -> str:
        whose, option, problem = self.args
        return f"{whose + ': ' if whose else ''}option {visible(option)}: {visible(problem)}"


class CodeGapError(TaskError, ValueError):
    """Something in the code of a task cannot be followed, and its options say ``strict=True``.

    Args:
        task: Class name of the task.
        tag: Its tag.
        gaps: What cannot be followed, with the reason.
    """

    def __init__(self, task: str, tag: str, gaps: Mapping[str, str]) -> None:
        super().__init__(task, tag, dict(gaps))

    def __str__(self) -> str:
        task, tag, gaps = self.args
        lines = [f"  {visible(name)}: {visible(reason)}" for name, reason in gaps.items()]
        fix = "say what it uses with depends=[…], or leave out strict=True:"
        return "\n".join([f"{whose(task, tag)}: its code cannot be followed everywhere; {fix}", *lines])


class SecretNotSetError(TaskError, LookupError):
    """A secret param reads an environment variable that is not set."""

    def __init__(self, task: str, tag: str, param: str, env: str) -> None:
        super().__init__(task, tag, param, env)

    def __str__(self) -> str:
        task, tag, param, env = self.args
        return f"{whose(task, tag)}: param {param} is a secret in the environment variable {env}, which is not set"


class FileParamError(TaskError, OSError):
    """A ``File`` or ``Folder`` among the params is not there or cannot be read.

    Args:
        task: Class name of the task.
        tag: Its tag.
        path: Where in the params it stands, such as ``data['raw']``.
        kind: ``"File"`` or ``"Folder"``.
        file: Its path.
        reason: What is the matter, in the words of ``pyperunner_keys``.
    """

    def __init__(self, task: str, tag: str, path: str, kind: str, file: str, reason: str) -> None:
        super().__init__(task, tag, path, kind, file, reason)

    def __str__(self) -> str:
        task, tag, path, kind, file, reason = self.args
        place = visible(str(Path(file).absolute()))
        remedy = f"make {place} or correct the path" if reason.startswith("there is no") else f"look at {place}"
        return f"{whose(task, tag)}: param {visible(path)}: {kind} {visible(file)}: {reason}; {remedy}"


class ChangedDuringRunError(TaskError, RuntimeError):
    """Code or files that the task's key vouches for became other ones after the plan, so nothing was stored.

    Args:
        task: Class name of the task.
        tag: Its tag.
        changes: What changed, such as ``"File data.csv changed"``.
    """

    def __init__(self, task: str, tag: str, changes: Iterable[str]) -> None:
        super().__init__(task, tag, tuple(changes))

    @property
    def changes(self) -> tuple[str, ...]:
        """What changed."""
        found: tuple[str, ...] = self.args[2]
        return found

    def __str__(self) -> str:
        task, tag, changes = self.args
        what = ", ".join(map(visible, changes))
        return f"{whose(task, tag)}: changed during the run: {what}. Nothing was stored; run it again"


class UndeclaredInputError(TaskError, RuntimeError):
    """A task read files that its params do not declare, so nothing was stored.

    Args:
        task: Class name of the task.
        tag: Its tag.
        files: Their paths.
    """

    def __init__(self, task: str, tag: str, files: Iterable[str]) -> None:
        super().__init__(task, tag, tuple(files))

    @property
    def files(self) -> tuple[str, ...]:
        """Paths of the files."""
        found: tuple[str, ...] = self.args[2]
        return found

    def __str__(self) -> str:
        task, tag, files = self.args
        listed = ", ".join(map(visible, files))
        return (
            f"{whose(task, tag)} read what its params do not declare: {listed}. Nothing was stored; pass each as "
            "File(…), or their folder as Folder(…), so that the task runs again when they change"
        )


class UnhashableParamError(TaskParamError):
    """A param has no stable encoding.

    Args:
        task: Class name of the task.
        tag: Its tag.
        path: Where in the params the value stands, such as ``model['lock']``.
        type_name: Its type.
        reason: Why it has no encoding, in the words of ``pyperunner_keys``.
    """

    def __init__(self, task: str, tag: str, path: str, type_name: str, reason: str) -> None:
        Exception.__init__(self, task, tag, path, type_name, reason)

    def __str__(self) -> str:
        task, tag, path, type_name, reason = self.args
        return f"{whose(task, tag)}: param {visible(path)} ({type_name}) cannot be part of a cache key: {reason}"


class TaskStoreError(TaskError, RuntimeError):
    """A task has no store, or its store cannot do what was asked."""

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(name, problem)

    def __str__(self) -> str:
        name, problem = self.args
        return f"{visible(name)}: {problem}"
