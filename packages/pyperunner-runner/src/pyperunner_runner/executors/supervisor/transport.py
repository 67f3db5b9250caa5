"""Transport of tasks to other interpreters: pickled by cloudpickle, so that closures and ``__main__`` travel too."""

from __future__ import annotations

import enum
import importlib
import io
import pickle
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import cloudpickle

from pyperunner_dag import Secret, Task, remember_loaded, share_code, take_as_loaded
from pyperunner_keys import module_text
from pyperunner_keys.project import is_own_globals
from pyperunner_runner.errors import ELSEWHERE, TaskNotPortable
from pyperunner_runner.executors.travelling.modules import (
    LoadedModule,
    ParentFinder,
    TextFinder,
    homeless_modules,
    loaded_modules,
    modules_of,
    modules_that_came,
)
from pyperunner_text.unpicklable import innermost

if TYPE_CHECKING:
    from pyperunner_runner.ports import Job

__all__ = ["InterpreterState", "PackedJob", "PickledTasks", "TasksToPack", "pack_job", "pack_tasks"]


@dataclass(frozen=True)
class InterpreterState:
    """What a fresh interpreter must be told to be like the one the tasks were made in.

    Attributes:
        path: ``sys.path``.
        argv: ``sys.argv``.
        main: File of ``__main__``, if it has one.
        modules: Modules that the tasks need, by name.
        spec: Builtins from which the store is opened.
        loaded: The user's own modules as they are loaded here, by name.
    """

    path: list[str]
    argv: list[str]
    main: str | None
    modules: tuple[str, ...]
    spec: Mapping[str, Any]
    loaded: Mapping[str, LoadedModule] = field(default_factory=dict)

    @classmethod
    def of(cls, tasks: Iterable[Task], spec: Mapping[str, Any]) -> InterpreterState:
        """Return the state of this interpreter."""
        main = getattr(sys.modules["__main__"], "__file__", None)
        path = [found for entry in sys.path if (found := _absolute(entry))]
        tasks = list(tasks)
        reached = [type(task).__module__ for task in tasks]
        reached += modules_of({path for task in tasks for path in task.fingerprint().modules})
        loaded = {**modules_that_came(), **loaded_modules(["__main__", *reached])}
        modules = tuple(name for name in dict.fromkeys(reached) if name in loaded or not _by_value(name))
        return cls(path, list(sys.argv), main and _absolute(main), modules, dict(spec), loaded)

    def enter(self) -> None:
        """Make this interpreter, which has just started, like that one."""
        sys.argv[:] = self.argv
        sys.meta_path.insert(0, TextFinder(self.loaded, self.main))
        sys.meta_path.append(ParentFinder(self.loaded))
        if self.main is not None:
            # Whoever asks where a class of ``__main__`` comes from gets the answer that the script itself would give.
            sys.modules["__main__"].__file__ = self.main

    def preload(self) -> None:
        """Import the modules of the tasks, once for all processes that will be forked from this one."""
        for name in self.modules:
            try:
                importlib.import_module(name)
            except Exception:
                continue
        remember_loaded()


class PickledTasks(Mapping[str, Task]):
    """Tasks that have arrived, unpickled when they are asked for.

    Args:
        pickled: Them, by name, as ``pack_tasks`` gives them.
    """

    def __init__(self, pickled: Mapping[str, bytes]) -> None:
        self._pickled = pickled
        self._tasks: dict[str, Task] = {}

    def __getitem__(self, name: str) -> Task:
        if name not in self._tasks:
            self._tasks[name] = _unpack(self._pickled[name])
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pickled)

    def __len__(self) -> int:
        return len(self._pickled)

    def unpack_all(self) -> None:
        """Unpickle all of them, once for all processes that will be forked from this one."""
        for name in self._pickled:
            with suppress(Exception):  # the process that needs it meets it again, and says so
                self[name]


@dataclass(frozen=True)
class PackedJob:
    """A job on its way to another process.

    Attributes:
        job: The job, without a task of its own.
        pickled: The task it had brought along, if it had.
        template: The task of the session whose class, code and options are that task's, too; empty for none.
    """

    job: Job
    pickled: bytes | None = None
    template: str = ""

    @property
    def needs(self) -> list[str]:
        """Names of the session's tasks without which the job's can't be had."""
        return [self.job.task] if self.pickled is None else [self.template] if self.template else []

    def task_of(self, known: Mapping[str, Task]) -> Task:
        """Return the job's task: its own, else that of the session."""
        if self.pickled is None:
            return known[self.job.task]
        if not self.template:
            return _unpack(self.pickled)
        with _template(known[self.template]) as template:
            task: Task = pickle.loads(self.pickled)
        share_code(task, template)
        return task


def pack_job(job: Job, start_method: str, known: Mapping[str, Task] | None = None) -> PackedJob:
    """Make a job ready to be pickled, with the task it brings along, if it does.

    Args:
        job: The job.
        start_method: For what it is pickled, for the error.
        known: The tasks of the session, which are there already: what an element of a mapped one shares with it does
            not travel with each.

    Raises:
        TaskNotPortable: The task can't be pickled; the error names it and the offending part.
    """
    if job.detached is None:
        return PackedJob(job)
    bare, alone = replace(job, detached=None), job.detached
    template = (known or {}).get(alone.of.name) if alone.of is not None else None
    if template is not None and type(template) is type(alone):
        shared = {id(part): name for name, get in _SHARED.items() if (part := get(template)) is not None}
        return PackedJob(bare, _pack(alone, start_method, shared), template.name)
    names = [type(alone).__module__]
    with _sent_by_value([*_not_found(names), *(_own_without_text(names) if start_method == ELSEWHERE else ())]):
        return PackedJob(bare, _pack(alone, start_method))


def pack_tasks(tasks: Mapping[str, Task], start_method: str) -> dict[str, bytes]:
    """Pickle every task by itself, without its graph.

    Raises:
        TaskNotPortable: One can't be pickled; the error names it and the offending part.
    """
    names = {type(task).__module__ for task in tasks.values()}
    unknown = [*_not_found(names), *(_own_without_text(names) if start_method == ELSEWHERE else ())]
    with _sent_by_value([*unknown, *homeless_modules(["__main__", *names])]):
        return {name: _pack(task.detached(), start_method) for name, task in tasks.items()}


class TasksToPack(Mapping[str, bytes]):
    """Tasks that are pickled when they are asked for.

    Args:
        tasks: Them, by name.
        start_method: For what they are pickled, for the error.
    """

    def __init__(self, tasks: Mapping[str, Task], start_method: str) -> None:
        self._tasks, self._start_method = tasks, start_method

    def __getitem__(self, name: str) -> bytes:
        return pack_tasks({name: self._tasks[name]}, self._start_method)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)


def _pack(alone: Task, start_method: str, shared: Mapping[int, str] | None = None) -> bytes:
    dumps = partial(_dumps, reveals=start_method != ELSEWHERE)
    try:
        return dumps(alone, shared)
    except Exception as error:  # whatever a __reduce__ of the user's raises
        found = innermost(_parts_of(alone), dumps)
        cause: BaseException = found.error if found else error
        part = found.path if found else ""
        raise TaskNotPortable(alone.name, part, f"{type(cause).__name__}: {cause}", start_method) from error


def _parts_of(task: Task) -> Iterator[tuple[str, Any]]:
    """Yield the parts of a task by their names for people."""
    yield from ((f"params[{name!r}]", value) for name, value in task.params.items())
    yield from ((f"inputs[{name!r}]", value) for name, value in task.inputs.items())
    yield "options", task.options
    yield from ((f"attribute {name!r}", value) for name, value in vars(task).items() if name != "params")
    yield "run", getattr(type(task).run, "__wrapped__", None)
    yield from ((f"class attribute {name!r}", value) for name, value in vars(type(task)).items() if name != "run")


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Lets secrets pass, which refuse to be pickled by anybody else; nothing of this is ever written to a disk. To
    another machine a secret goes by the name of its variable, or not at all.

    What the members of an enum hold goes along with their class: of those that travel by value, cloudpickle takes name
    and value only.
    """

    shared: Mapping[int, str] = {}
    reveals = True

    def reducer_override(self, obj: Any) -> Any:
        if id(obj) in self.shared:
            return _of_template, (self.shared[id(obj)],)
        if type(obj) is Secret and obj.env is None and self.reveals:
            return _secret, (obj.reveal(), obj.key)
        reduced = super().reducer_override(obj)
        if isinstance(obj, enum.EnumMeta) and isinstance(reduced, tuple) and len(reduced) == 6:
            make, args, state, *_, put = reduced
            members: dict[str, Any] = dict(obj.__members__)
            held = {name: _state_of_member(member) for name, member in members.items()}
            return make, args, (put, state, held), None, None, _fill_enum
        return reduced


def _state_of_member(member: Any) -> dict[str, Any]:
    return {name: own for name, own in vars(member).items() if not name[:1] == name[-1:] == "_"}


def _fill_enum(cls: Any, state: tuple[Any, Any, dict[str, dict[str, Any]]]) -> Any:
    """Give an enum that came by value its methods, and its members what they hold."""
    put, of_class, held = state
    put(cls, of_class)
    for name, own in held.items():
        if name in cls.__members__:
            vars(cls.__members__[name]).update(own)
    return cls


def _secret(value: Any, key: str | None) -> Secret:
    return Secret(value, key=key)


_SHARED: dict[str, Callable[[Task], Any]] = {
    "class": type,
    "code": lambda template: template.identity.code,
    "options": lambda template: template.options,
}
"""What the elements of a mapped task have in common with it."""
_templates: list[Task] = []


@contextmanager
def _template(task: Task) -> Iterator[Task]:
    _templates.append(task)
    try:
        yield task
    finally:
        _templates.pop()


def _of_template(part: str) -> Any:
    return _SHARED[part](_templates[-1])


def _dumps(value: Any, shared: Mapping[int, str] | None = None, *, reveals: bool = True) -> bytes:
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, protocol=5)
    pickler.reveals = reveals
    pickler.shared = shared or {}
    pickler.dump(value)
    return buffer.getvalue()


def _unpack(pickled: bytes) -> Task:
    task: Task = pickle.loads(pickled)
    _settle_in_main(task)
    finder = next((finder for finder in sys.meta_path if isinstance(finder, TextFinder)), None)
    if finder is not None:
        take_as_loaded(task, finder.files)
    return task


def _settle_in_main(task: Task) -> None:
    """Give ``__main__`` what came with a task from the ``__main__`` it was made in.

    A store asks there whether a class is the script's own, and keeps its values in such a way that the script gets
    them back as what they were.
    """
    main = vars(sys.modules["__main__"])
    for value in list(vars(type(task)).values()):
        method = getattr(value, "run_method", None)
        function = method.function if method is not None else value
        if isinstance(function, FunctionType) and function.__module__ == "__main__":
            for name, found in function.__globals__.items():
                if isinstance(found, (type, FunctionType)) and found.__module__ == "__main__":
                    main.setdefault(name, found)


@contextmanager
def _sent_by_value(modules: Iterable[ModuleType]) -> Iterator[None]:
    """Have what is defined in modules that a fresh interpreter would not find travel by value."""
    sent = {module.__name__: module for module in modules if module.__name__ != "__main__"}
    for module in sent.values():
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in sent.values():
            cloudpickle.unregister_pickle_by_value(module)


def _not_found(names: Iterable[str]) -> list[ModuleType]:
    return [sys.modules[name] for name in names if name in sys.modules and _by_value(name)]


def _own_without_text(names: Iterable[str]) -> list[ModuleType]:
    """Return the project's modules that have no text to travel as; another machine does not have them."""
    modules = [sys.modules[name] for name in names if name in sys.modules]
    return [module for module in modules if module_text(module) is None and is_own_globals(vars(module))]


def _absolute(path: str) -> str | None:
    """Return the absolute path; ``None`` of one below a current folder that was removed."""
    try:
        return str(Path(path).absolute())
    except FileNotFoundError:
        return None


def _by_value(name: str) -> bool:
    module = sys.modules.get(name)
    if name == "__main__" or module is None:
        return True
    return module_text(module) is None and not _would_be_found(module)


def _would_be_found(module: ModuleType) -> bool:
    """Return whether importing the name of a module in a fresh interpreter would find its file."""
    found: ModuleSpec | None = None
    name, where = "", None
    for step in module.__name__.split("."):
        name = f"{name}.{step}" if name else step
        found = next(filter(None, (finder.find_spec(name, where) for finder in sys.meta_path)), None)
        if found is None:
            return False
        where = found.submodule_search_locations
    file = getattr(module, "__file__", None)
    if file is None or found is None or found.origin is None:
        return True
    return Path(found.origin).resolve() == Path(file).resolve()
