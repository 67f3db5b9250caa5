"""The part of a key that stands for a task's code, and the options that say what of it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import CodeGapError
from pyperunner_dag.identity.changes import late_modules
from pyperunner_dag.options import NO_OPTIONS, Options, code_options

if TYPE_CHECKING:
    from pyperunner_dag.tasks import Task
    from pyperunner_keys import Fingerprint

__all__ = ["CodeReader", "code_of", "options_of_code"]


class CodeReader:
    """Fingerprints the code of tasks: all that is read in one pass is read once and shared."""

    def __init__(self) -> None:
        from pyperunner_keys import Fingerprinter

        self._fingerprinter = Fingerprinter()
        self._known: dict[tuple[Any, ...], Fingerprint] = {}
        self._same: dict[tuple[Any, ...], Fingerprint] = {}
        self._late: dict[str, tuple[str, ...]] = {}

    def code_of(self, task: Task) -> Fingerprint:
        """Return the fingerprint of the task's code; once read, it stays with the task."""
        if task._code is None:
            # Tasks of one class mostly have the same options; these live as long as the tasks do.
            same = (type(task), id(task.options), id(task._defaults))
            task._code = self._same.get(same) or self._same.setdefault(same, self._look_up(task))
        return task._code

    def _look_up(self, task: Task) -> Fingerprint:
        options = _code_options(task)
        which = (task._method, type(task), *_which(options))
        if which not in self._known:
            self._known[which] = self._read(task, options)
        return self._known[which]

    def digest_of(self, task: Task) -> str:
        """Return what counts of the task's code.

        Raises:
            CodeGapError: Something in it cannot be followed, and the task's options say ``strict=True``.
        """
        code = self.code_of(task)
        if code.gaps and _code_options(task).strict:
            raise CodeGapError(task.task_name, task.tag, code.gaps)
        return code.digest

    def late_of(self, task: Task) -> tuple[str, ...]:
        """Return those source files of a task that no loaded module comes from: its process will load them."""
        code = self.code_of(task)
        if code.digest not in self._late:
            self._late[code.digest] = late_modules(code.modules)
        return self._late[code.digest]

    def _read(self, task: Task, options: Options) -> Fingerprint:
        method = task._method
        # An inherited run reaches what the task's own class overrides.
        classes = (type(task),) if method.takes_self and options.code in (None, "deep") else ()
        return self._fingerprinter.fingerprint(
            method.function,
            code=options.code or "deep",
            version=options.version or "",
            ignore=options.ignore,
            depends=(*classes, *options.depends),
            packages=options.packages or "none",
        )


def code_of(task: Task) -> Fingerprint:
    """Return the fingerprint of the task's code, reading it now where no hash has needed it yet."""
    return task._code or CodeReader().code_of(task)


def options_of_code(task: Task) -> dict[str, Any]:
    """Return what is said of the task's code and counts as it is, in builtins; none where nothing is said."""
    options = _code_options(task)
    if options is NO_OPTIONS:
        return {}
    said = options.said()
    # What depends names is among the parts of the code.
    found: dict[str, Any] = {name: said[name] for name in ("code", "version", "packages") if name in said}
    return {**found, "ignore": list(said["ignore"])} if "ignore" in said else found


def _code_options(task: Task) -> Options:
    """Return what is said of the task's code by itself, else by the pipeline or the runner that hashed it last."""
    return code_options(task.options, task._defaults)


def _which(options: Options) -> tuple[Any, ...]:
    """Return what tells options of code apart; what they depend on may be anything, so by its identity."""
    return options.code, options.version, options.ignore, options.packages, *map(id, options.depends)
