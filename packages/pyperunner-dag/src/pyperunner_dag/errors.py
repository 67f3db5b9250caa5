"""Every error this package raises on purpose.

::

    Exception
    ├── TaskError                        a task cannot be made, or cannot do what was asked of it
    │   ├── TaskNameError                + ValueError: its name or tag is no usable text
    │   ├── TaskDefinitionError          + TypeError: its class or its run() is not written as a task must be
    │   ├── TaskParamError               + TypeError: its params do not fit the signature of run()
    │   │   └── UnhashableParamError     a param has no stable encoding, so that no cache key can be made of it
    │   ├── OptionError                  + ValueError: an option is none, or not as it must be
    │   ├── CodeGapError                 + ValueError: its code cannot be followed everywhere, and must be
    │   ├── FileParamError               + OSError: a file or folder among the params cannot be read
    │   ├── ChangedDuringRunError        + RuntimeError: code or files changed after the plan
    │   ├── UndeclaredInputError         + RuntimeError: it read files that its params do not declare
    │   ├── SecretNotSetError            + LookupError: the environment variable of a secret param is not set
    │   └── TaskStoreError               + RuntimeError: no store, or one that cannot do this
    ├── PipelineError                    a graph of tasks is not sound
    │   ├── NotATaskError                + ValueError: something else stands where a task must stand
    │   ├── DuplicateNameError           + ValueError: two tasks of one pipeline share a name
    │   ├── CycleError                   + ValueError: a task is its own ancestor
    │   └── PipelineFileError            + ValueError: a saved pipeline cannot be read
    │       ├── ModuleRefusedError       it names a module that the caller does not allow
    │       ├── TaskLookupError          + ImportError: the module or the Task class it names is not there
    │       ├── OpaqueValueError         it holds a value that YAML could not keep
    │       └── HashMismatchError        its tasks are not the ones that were saved
    ├── MissingExtraError                + ImportError: an optional package is needed and not installed
    └── StoreError                       an output store cannot be opened
        ├── UnknownStoreError            + ValueError: no store for this URL scheme
        ├── StoreNotInstalledError       + ImportError: no store at all is installed
        └── StorePluginError             + ImportError: the store is there and does not import

The facts are an error's ``args``, so that it survives pickling; ``str()`` makes the sentence of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyperunner_dag.errors_task import (
    ChangedDuringRunError,
    CodeGapError,
    FileParamError,
    OptionError,
    SecretNotSetError,
    TaskDefinitionError,
    TaskError,
    TaskNameError,
    TaskParamError,
    TaskStoreError,
    UndeclaredInputError,
    UnhashableParamError,
)
from pyperunner_dag.text import visible

__all__ = [
    "ChangedDuringRunError",
    "CodeGapError",
    "CycleError",
    "DuplicateNameError",
    "FileParamError",
    "HashMismatchError",
    "MissingExtraError",
    "ModuleRefusedError",
    "NotATaskError",
    "OpaqueValueError",
    "OptionError",
    "PipelineError",
    "PipelineFileError",
    "SecretNotSetError",
    "StoreError",
    "StoreNotInstalledError",
    "StorePluginError",
    "TaskDefinitionError",
    "TaskError",
    "TaskLookupError",
    "TaskNameError",
    "TaskParamError",
    "TaskStoreError",
    "UndeclaredInputError",
    "UnhashableParamError",
    "UnknownStoreError",
]


class PipelineError(Exception):
    """A graph of tasks is not sound."""


class NotATaskError(PipelineError, ValueError):
    """Something that is no task stands where a task must stand.

    Args:
        place: What needs a task, such as ``'parent of Child()'``.
        what: What was found there.
    """

    def __init__(self, place: str, what: str) -> None:
        super().__init__(place, what)

    def __str__(self) -> str:
        place, what = self.args
        return f"{visible(place)} must be a task, not {visible(what)}"


class DuplicateNameError(PipelineError, ValueError):
    """Two tasks of one pipeline share a name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)

    def __str__(self) -> str:
        return (
            f"task names must be unique in a pipeline, and {visible(self.args[0])} is there more than once; "
            "give each of these tasks a tag of its own"
        )


class CycleError(PipelineError, ValueError):
    """A task is its own ancestor.

    Args:
        names: Names along the cycle, each the parent of the next; the last is the first again.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(tuple(names))

    def __str__(self) -> str:
        names = [visible(name) for name in self.args[0]]
        if len(names) > 20:
            names = [*names[:10], f"… {len(names) - 20} more …", *names[-10:]]
        return f"the tasks form a cycle: {' -> '.join(names)}"


class PipelineFileError(PipelineError, ValueError):
    """A saved pipeline cannot be read."""

    def __str__(self) -> str:
        return visible(super().__str__())


class ModuleRefusedError(PipelineFileError):
    """A saved pipeline names a module that the caller does not allow; it was not imported."""

    def __init__(self, task: str, module: str, allowed: tuple[str, ...]) -> None:
        super().__init__(task, module, allowed)

    def __str__(self) -> str:
        task, module, allowed = self.args
        globs = ", ".join(visible(glob) for glob in allowed) or "none"
        return f"{visible(task)}: module {visible(module)} is not among the allowed modules ({globs}); not imported"


class TaskLookupError(PipelineFileError, ImportError):
    """The module that a saved pipeline names, or what it names in it, is not there."""

    def __init__(self, task: str, module: str, name: str, problem: str) -> None:
        super().__init__(task, module, name, problem)

    def __str__(self) -> str:
        task, module, name, problem = (visible(fact) for fact in self.args)
        return f"{task}: cannot get {name} from module {module}: {problem}"


class OpaqueValueError(PipelineFileError):
    """A saved pipeline holds a value that YAML could not keep, only its type and digest.

    Args:
        whose: The task or pipeline, in words.
        place: Which of its params or options it is, in words.
        type_name: Type of the value.
    """

    def __init__(self, whose: str, place: str, type_name: str) -> None:
        super().__init__(whose, place, type_name)

    def __str__(self) -> str:
        whose, place, type_name = (visible(fact) for fact in self.args)
        return (
            f"{whose}: {place} is a {type_name}, which a YAML file cannot hold; "
            "make this pipeline from its Python source instead"
        )


class HashMismatchError(PipelineFileError):
    """The tasks made from a saved pipeline are not the ones that were saved.

    Args:
        differences: For each task that differs, what differs, in words.
    """

    def __init__(self, differences: Mapping[str, Iterable[str]]) -> None:
        super().__init__({name: tuple(reasons) for name, reasons in differences.items()})

    def __str__(self) -> str:
        lines = [f"  {visible(name)}: {visible('; '.join(reasons))}" for name, reasons in self.args[0].items()]
        return "\n".join(
            ["these tasks differ from the saved ones (compare_hashes=False makes the pipeline all the same):", *lines]
        )


class MissingExtraError(ImportError):
    """An optional package is needed and not installed.

    Args:
        purpose: What it is needed for.
        package: The package.
        command: What installs it.
    """

    def __init__(self, purpose: str, package: str, command: str) -> None:
        super().__init__(purpose, package, command)

    def __str__(self) -> str:
        purpose, package, command = self.args
        return f"{purpose} needs {package}; install it with: {command}"


class StoreError(Exception):
    """An output store cannot be opened."""


class UnknownStoreError(StoreError, ValueError):
    """No installed store opens URLs of this scheme."""

    def __init__(self, scheme: str, known: Iterable[str]) -> None:
        super().__init__(scheme, tuple(known))

    def __str__(self) -> str:
        scheme, known = self.args
        return f"no output store for the scheme {visible(scheme)}:// is installed; known: {', '.join(known)}"


class StoreNotInstalledError(StoreError, ImportError):
    """No output store is installed."""

    def __str__(self) -> str:
        return "no output store is installed; the standard one comes with: pip install pyperunner-cache"


class StorePluginError(StoreError, ImportError):
    """A store is registered (as ``target``, by ``package``) but cannot be loaded."""

    def __init__(self, scheme: str, target: str, package: str, problem: str) -> None:
        super().__init__(scheme, target, package, problem)

    def __str__(self) -> str:
        scheme, target, package, problem = (visible(fact) for fact in self.args)
        return f"the output store for {scheme}:// ({target}, from {package}) does not load: {problem}"
