"""Changes after the plan to what a key vouches for: modules that are loaded later, and files among the params.

Code that was loaded when the key was made stays as it is whatever happens to its file, so it is not looked at. A module
that the task's own process loads is compared at the moment of its import with the text that the key was made from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from pyperunner_dag.errors import ChangedDuringRunError
from pyperunner_dag.identity.code import CodeReader

if TYPE_CHECKING:
    from pyperunner_dag.identity.key import Keyed
    from pyperunner_keys import File, FileState, Folder

__all__ = [
    "ChangeDetector",
    "check_code",
    "detect_changes",
    "faults_of",
    "files_of",
    "guard_of",
    "note_loaded",
    "remember_loaded",
    "share_code",
    "take_as_loaded",
]

_STANDARD = str(Path(os.__file__).parent)
_SITE = f"{os.sep}site-packages{os.sep}"
_seen: dict[str, str] = {}
"""Digests of the sources of modules as this process loaded them, by path."""


def remember_loaded() -> None:
    """Remember the user's modules that are loaded as what their sources are now; for a process that others fork from.

    Where they have been edited since, those others still run what was loaded here.
    """
    for path, module in _loaded():
        if path.endswith(".py") and not path.startswith(_STANDARD) and _SITE not in path:
            _remember(path, module)


def files_of(task: Keyed) -> list[File | Folder]:
    """Return the files and folders among the params of a hashed task, and among the plain values of named inputs."""
    return [state.item for states in task.identity.files.values() for state in states]


def detect_changes(task: Keyed, given: Sequence[FileState] = ()) -> ChangeDetector | None:
    """Return a context manager for running a hashed task; its ``check()`` finds what has changed since it was hashed.

    It watches files among the params, those in ``given``, and modules that are loaded after the key was made.

    Args:
        task: The task.
        given: Files in the outputs that it gets.

    Returns:
        ``None`` where there is nothing to watch.
    """
    files = [*given, *(state for states in task.identity.files.values() for state in states)]
    sources = _unloaded_sources(task)
    return ChangeDetector(task, sources, files) if sources or files else None


def _unloaded_sources(task: Keyed) -> dict[str, str]:
    """Return the source files that are loaded after the plan, with the digests that count in the key."""
    modules = task.identity.fingerprint(task).modules
    unloaded = task.identity.unloaded
    # In a process that was not forked from the one that planned, everything was loaded after the plan.
    return dict(modules) if unloaded is None else {path: modules[path] for path in unloaded if path in modules}


def take_as_loaded(task: Keyed, files: Collection[str]) -> None:
    """Take source files of a task's code for loaded as they were when it was hashed: what they made has come along.

    Args:
        task: The task, in another process than the one that hashed it.
        files: Their absolute paths.
    """
    key = task.identity
    key.unloaded = tuple(path for path in key.fingerprint(task).modules if path not in files)
    # From now on it is this process that could change it.
    key.snapshot, key.traits = CodeReader().snapshot(type(task), task.options, key.defaults), None


def share_code(task: Keyed, template: Keyed) -> None:
    """Take for the code of a task that has arrived what is known here of another's, which has the same code.

    Args:
        task: The task, an element of a mapped one.
        template: The mapped task.
    """
    key, known = task.identity, template.identity
    key.code, key.unloaded, key.snapshot = known.code, known.unloaded, known.snapshot
    key.traits = None if known.snapshot is not None else known.traits


def faults_of(task: Keyed, *, params: bool = True) -> tuple[str, ...]:
    """Return what of a hashed task's code and params is not what its key says, as they are now; in words.

    In another process than that which planned, what travelled there is what it was when it left; what is found there by
    its name is compared.

    Args:
        task: The task.
        params: Whether to look at its params, which may become others while it runs.
    """
    key = task.identity
    if key.faults:
        return key.faults
    now, before = CodeReader().snapshot(type(task), task.options, key.defaults), key.snapshot
    if before is not None:
        changed = [] if now is before else now.changes_since(before)
    elif key.traits is not None:
        changed = now.differences(key.traits)
        if not changed:
            key.snapshot, key.traits = now, None
    else:
        changed = []
    found = [f"{name} is another one now" for name in changed]
    return tuple(found + [f"param {name} is another one now" for name in (key.changed_params(task) if params else ())])


def check_code(task: Keyed, *, params: bool = True) -> None:
    """Check that the code and params of a hashed task are what its key says.

    Args:
        task: The task.
        params: See ``faults_of``.

    Raises:
        ChangedDuringRunError: They are not; the error says what is another one now.
    """
    faults = faults_of(task, params=params)
    if faults:
        raise ChangedDuringRunError(task.task_name, task.tag, faults)


def guard_of(task: Keyed, given: Sequence[FileState] = ()) -> ChangeDetector | None:
    """Do what ``detect_changes`` does, under its former name."""
    return detect_changes(task, given)


def note_loaded() -> None:
    """Do what ``remember_loaded`` does, under its former name."""
    remember_loaded()


class ChangeDetector:
    """Watches a task while it runs; made by ``detect_changes``.

    Args:
        task: The task, hashed.
        sources: Digests of the source files that are loaded after the plan, by path.
        files: Files that it may read.
    """

    def __init__(self, task: Keyed, sources: Mapping[str, str], files: Sequence[FileState]) -> None:
        self._task = task
        self._files = files
        self._sources = sources
        self._names = {_name(path) for path in sources}
        self._changes: dict[str, None] = {}

    def __enter__(self) -> ChangeDetector:
        if self._sources:
            for path, module in _loaded():
                if path in self._sources:
                    _remember(path, module)
                    self._compare(path)
        self.check()
        if self._sources:
            sys.meta_path.insert(0, self)
        return self

    def __exit__(self, *_: object) -> None:
        if self._sources:
            sys.meta_path.remove(self)

    def check(self) -> None:
        """Return if everything is as it was when the task was hashed.

        Raises:
            ChangedDuringRunError: It is not; the error says what changed.
        """
        faults = (state.fault() for state in self._files)
        changes = (*self._changes, *(fault for fault in faults if fault))
        if changes:
            raise ChangedDuringRunError(self._task.task_name, self._task.tag, changes)

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Have a module that the key counts by its text loaded from its text."""
        if name.rpartition(".")[2] not in self._names:
            return None
        spec = _found(self, name, path, target)
        origin = _absolute(spec.origin) if spec is not None and spec.has_location and spec.origin else ""
        if spec is None or origin not in self._sources:
            return None
        if type(spec.loader) is SourceFileLoader:
            spec.loader = _TextLoader(name, str(spec.origin), lambda text: self._see(origin, text))
        else:
            # A module in an archive has no file of its own.
            read = getattr(spec.loader, "get_data", None)
            self._see(origin, Path(origin).read_bytes() if read is None else read(str(spec.origin)))
        return spec

    def _see(self, path: str, text: bytes) -> None:
        from pyperunner_keys import digest_bytes

        _seen[path] = digest_bytes(text)
        self._compare(path)

    def _compare(self, path: str) -> None:
        if _seen[path] != self._sources[path] and (self._sources[path] or not self._is_the_same_code()):
            self._changes[f"{path} changed before it was imported"] = None

    def _is_the_same_code(self) -> bool:
        """Compare the code itself, where it was no file's text at the plan: edited since its import, or made anew."""
        return not faults_of(self._task, params=False)


class _TextLoader(SourceFileLoader):
    """Loads a module from its text as it is now; Python itself takes byte code of the same second and size for it.

    Args:
        name: Name of the module.
        path: Its file.
        see: Called with the text that is loaded.
    """

    def __init__(self, name: str, path: str, see: Callable[[bytes], None]) -> None:
        super().__init__(name, path)
        self._see = see

    def path_stats(self, path: str) -> NoReturn:
        raise OSError("without time and size of the text no byte code is looked for")

    def get_data(self, path: str) -> bytes:
        data = super().get_data(path)
        if path == self.path:
            self._see(data)
        return data


def _loaded() -> Iterator[tuple[str, ModuleType]]:
    """Yield the modules that have files, by the absolute path of the file."""
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            yield _absolute(file), module


def _remember(path: str, module: ModuleType) -> None:
    from pyperunner_keys import loaded_digest

    if path not in _seen:
        _seen[path] = loaded_digest(module)


def _absolute(path: str) -> str:
    # With "." on sys.path, Python 3.10 calls a module's file /folder/./module.py.
    plain = path.startswith(os.sep) and f"{os.sep}.{os.sep}" not in path
    return path if plain else str(Path(path).absolute())


def _name(path: str) -> str:
    file = Path(path)
    return file.parent.name if file.stem == "__init__" else file.stem


def _found(own: object, name: str, path: object, target: object) -> ModuleSpec | None:
    """Return what the other finders know of a module."""
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec(name, path, target) if find_spec and finder is not own else None
        if spec is not None:
            return spec
    return None
