"""Errors: every one that this package raises on purpose.

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
    │   ├── NoOutputError                + RuntimeError: it failed or could not run, so that it has no output
    │   ├── TaskStoreError               + RuntimeError: no store, or one that cannot do this
    │   └── …                            see pyperunner_dag.outputs.errors
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
from pathlib import Path

from pyperunner_text.errors import FactError
from pyperunner_text.visible import visible

__all__ = [
    "ChangedDuringRunError",
    "CodeGapError",
    "CycleError",
    "DuplicateNameError",
    "FileParamError",
    "HashMismatchError",
    "MissingExtraError",
    "ModuleRefusedError",
    "NoOutputError",
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


def whose(name: str, tag: str) -> str:
    """Name a task by its class and tag."""
    return f"task {visible(name)} " + (f"(tag '{visible(tag)}')" if tag else "(no tag)")


class TaskError(FactError):
    """A task cannot be made, or cannot do what was asked of it."""


class TaskNameError(TaskError, ValueError):
    """The name or the tag of a task is no text that a store and a file can carry."""

    task: str
    tag: object
    problem: str

    def sentence(self) -> str:
        """Return the error's text."""
        return f"task {visible(self.task)} cannot have the tag {visible(ascii(self.tag))}: {self.problem}"


class TaskDefinitionError(TaskError, TypeError):
    """A Task class is not written as it must be."""

    task: str
    problem: str

    def sentence(self) -> str:
        """Return the error's text."""
        return f"task {visible(self.task)}: {self.problem}"


class TaskParamError(TaskError, TypeError):
    """The params of a task do not fit the signature of its ``run``."""

    task: str
    tag: str
    problem: str

    def sentence(self) -> str:
        """Return the error's text."""
        return f"{whose(self.task, self.tag)}: {self.problem}"


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
        problem = f"param {visible(path)} ({type_name}) cannot be part of a cache key: {reason}"
        super().__init__(task, tag, problem)
        self.args = (task, tag, path, type_name, reason)


class OptionError(TaskError, ValueError):
    """An option does not exist, or its value is none it can have."""

    whose: str
    """The task or pipeline, in words; empty where it is not known."""
    option: str
    problem: str

    def sentence(self) -> str:
        """Return the error's text."""
        return f"{self.whose + ': ' if self.whose else ''}option {visible(self.option)}: {visible(self.problem)}"


class CodeGapError(TaskError, ValueError):
    """Something in the code of a task cannot be followed, and its options say ``strict=True``."""

    task: str
    tag: str
    gaps: dict[str, str]
    """What cannot be followed, with the reason."""

    def sentence(self) -> str:
        """Return the error's text."""
        lines = [f"  {visible(name)}: {visible(reason)}" for name, reason in self.gaps.items()]
        fix = "say what it uses with depends=[…], or leave out strict=True:"
        return "\n".join([f"{whose(self.task, self.tag)}: its code cannot be followed everywhere; {fix}", *lines])


class SecretNotSetError(TaskError, LookupError):
    """A secret param reads an environment variable that is not set."""

    task: str
    tag: str
    param: str
    env: str

    def sentence(self) -> str:
        """Return the error's text."""
        secret = f"param {self.param} is a secret in the environment variable {self.env}"
        return f"{whose(self.task, self.tag)}: {secret}, which is not set"


class FileParamError(TaskError, OSError):
    """A ``File`` or ``Folder`` among the params is not there or cannot be read."""

    task: str
    tag: str
    path: str
    """Where in the params it stands, such as ``data['raw']``."""
    kind: str
    """``"File"`` or ``"Folder"``."""
    file: str
    reason: str
    """What is the matter, in the words of ``pyperunner_keys``."""

    def sentence(self) -> str:
        """Return the error's text."""
        place = visible(str(Path(self.file).absolute()))
        remedy = f"make {place} or correct the path" if self.reason.startswith("there is no") else f"look at {place}"
        found = f"param {visible(self.path)}: {self.kind} {visible(self.file)}: {self.reason}"
        return f"{whose(self.task, self.tag)}: {found}; {remedy}"


class ChangedDuringRunError(TaskError, RuntimeError):
    """Code or files that the task's key vouches for became other ones after the plan, so nothing was stored."""

    task: str
    tag: str
    changes: tuple[str, ...]
    """What changed, such as ``"File data.csv changed"``."""

    def sentence(self) -> str:
        """Return the error's text."""
        what = ", ".join(map(visible, self.changes))
        return f"{whose(self.task, self.tag)}: changed during the run: {what}. Nothing was stored; run it again"


class UndeclaredInputError(TaskError, RuntimeError):
    """A task read files that its params do not declare, so nothing was stored."""

    task: str
    tag: str
    files: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        listed = ", ".join(map(visible, self.files))
        remedy = "pass each as File(…), or their folder as Folder(…), so that the task runs again when they change"
        what = f"read what its params do not declare: {listed}. Nothing was stored"
        return f"{whose(self.task, self.tag)} {what}; {remedy}"


class NoOutputError(TaskError, RuntimeError):
    """A task has no output, because it failed or could not run."""

    name: str
    reason: str
    """What became of it, as a clause."""
    template = "{name} has no output, because {reason}; what it has stored earlier, if anything, load_output() returns"


class TaskStoreError(TaskError, RuntimeError):
    """A task has no store, or its store cannot do what was asked."""

    name: str
    problem: str

    def sentence(self) -> str:
        """Return the error's text."""
        return f"{visible(self.name)}: {self.problem}"


class PipelineError(FactError):
    """A graph of tasks is not sound."""


class NotATaskError(PipelineError, ValueError):
    """Something that is no task stands where a task must stand."""

    place: str
    """What needs a task, such as ``'parent of Child()'``."""
    what: str
    template = "{place} must be a task, not {what}"


class DuplicateNameError(PipelineError, ValueError):
    """Two tasks of one pipeline share a name."""

    name: str
    template = (
        "task names must be unique in a pipeline, and {name} is there more than once; "
        "give each of these tasks a tag of its own"
    )


class CycleError(PipelineError, ValueError):
    """A task is its own ancestor."""

    names: tuple[str, ...]
    """Along the cycle, each the parent of the next; the last is the first again."""

    def sentence(self) -> str:
        """Return the error's text."""
        names = [visible(name) for name in self.names]
        if len(names) > 20:
            names = [*names[:10], f"… {len(names) - 20} more …", *names[-10:]]
        return f"the tasks form a cycle: {' -> '.join(names)}"


class PipelineFileError(PipelineError, ValueError):
    """A saved pipeline cannot be read."""

    def sentence(self) -> str:
        """Return the error's text."""
        return visible(super().sentence())


class ModuleRefusedError(PipelineFileError):
    """A saved pipeline names a module that the caller does not allow; it was not imported."""

    task: str
    module: str
    allowed: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        task, module = visible(self.task), visible(self.module)
        globs = ", ".join(visible(glob) for glob in self.allowed) or "none"
        return f"{task}: module {module} is not among the allowed modules ({globs}); not imported"


class TaskLookupError(PipelineFileError, ImportError):
    """The module that a saved pipeline names, or what it names in it, is not there."""

    task: str
    module: str
    name: str
    problem: str
    template = "{task}: cannot get {name} from module {module}: {problem}"


class OpaqueValueError(PipelineFileError):
    """A saved pipeline holds a value that YAML could not keep, only its type and digest."""

    whose: str
    place: str
    """Which of its params or options it is, in words."""
    type_name: str
    template = (
        "{whose}: {place} is a {type_name}, which a YAML file cannot hold; "
        "make this pipeline from its Python source instead"
    )


class HashMismatchError(PipelineFileError):
    """The tasks made from a saved pipeline are not the ones that were saved.

    Args:
        differences: For each task that differs, what differs, in words.
    """

    differences: dict[str, tuple[str, ...]]

    def __init__(self, differences: Mapping[str, Iterable[str]]) -> None:
        super().__init__({name: tuple(reasons) for name, reasons in differences.items()})

    def sentence(self) -> str:
        """Return the error's text."""
        lines = [f"  {visible(name)}: {visible('; '.join(reasons))}" for name, reasons in self.differences.items()]
        head = "these tasks differ from the saved ones (compare_hashes=False makes the pipeline all the same):"
        return "\n".join([head, *lines])


class MissingExtraError(FactError, ImportError):
    """An optional package is needed and not installed."""

    purpose: str
    package: str
    command: str
    template = "{purpose} needs {package}; install it with: {command}"


class StoreError(FactError):
    """An output store cannot be opened."""


class UnknownStoreError(StoreError, ValueError):
    """No installed store opens URLs of this scheme."""

    scheme: str
    known: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        known = ", ".join(self.known)
        return f"no output store for the scheme {visible(self.scheme)}:// is installed; known: {known}"


class StoreNotInstalledError(StoreError, ImportError):
    """No output store is installed."""

    template = "no output store is installed; the standard one comes with: pip install pyperunner-cache"


class StorePluginError(StoreError, ImportError):
    """A store is registered (as ``target``, by ``package``) but cannot be loaded."""

    scheme: str
    target: str
    package: str
    problem: str
    template = "the output store for {scheme}:// ({target}, from {package}) does not load: {problem}"
