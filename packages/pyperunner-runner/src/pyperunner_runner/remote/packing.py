"""Packing of a session: what an agent on another machine must be told to carry out the jobs of a run.

The project's modules travel as they are loaded, tasks by cloudpickle; installed packages do not travel, and what is
secret goes by the name of its environment variable. The outermost form is builtins, so that a side that differs too
much can still say so.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_dag import files_of
from pyperunner_runner.errors import ELSEWHERE, StoreNotShareable
from pyperunner_runner.executors.supervisor.transport import InterpreterState, PickledTasks, pack_tasks
from pyperunner_runner.executors.travelling.modules import LoadedModule, imported_names

if TYPE_CHECKING:
    from pyperunner_dag import Task
    from pyperunner_runner.ports import Session

__all__ = ["PackedSession", "pack", "unpack"]


@dataclass(frozen=True)
class PackedSession:
    """What has arrived of a session.

    Attributes:
        state: What makes an interpreter like the runner's, except for its path.
        tasks: The tasks, by name.
        to_run: Names of those that run.
        spec: Builtins from which the store is opened.
        probe: A key of the store and what the runner has put there; empty where it could not.
        files: Paths that params of tasks name.
        packages: What is installed: by name of import the name of the distribution, its version, and whether tasks
            import it by themselves.
        folder: The runner's current folder.
        start_method: How processes are made; empty for what is safe and fast.
        preload: Modules to import once for all processes.
        grace: Seconds between asking a process to end and making it.
    """

    state: InterpreterState
    tasks: PickledTasks
    to_run: Collection[str]
    spec: Mapping[str, Any]
    probe: tuple[str, str] | tuple[()]
    files: Collection[str]
    packages: Mapping[str, tuple[str, str, bool]]
    folder: str
    start_method: str
    preload: Collection[str]
    grace: float


def pack(session: Session, *, probe: tuple[str, str] | tuple[()] = (), grace: float = 2.0) -> bytes:
    """Return all of a session that an agent needs, for whatever brings it there.

    Args:
        session: The run's tasks and store.
        probe: A key of the store and the text that was stored under it, by which an agent sees that it has the same.
        grace: Seconds between asking a process to end and making it.

    Raises:
        StoreNotShareable: No other process could open the store.
        TaskNotPortable: A task can't be pickled, or holds a secret that has a value and no name.
    """
    if session.store_spec is None:
        raise StoreNotShareable(repr(session.store))
    tasks = session.tasks
    state = InterpreterState.of(tasks.values(), session.store_spec)
    runs = [tasks[name] for name in session.to_run if name in tasks] or list(tasks.values())
    loaded = {**_unloaded(tasks.values(), state), **state.loaded}
    return pickle.dumps(
        {
            "state": pickle.dumps(replace(state, path=[], loaded=loaded), protocol=5),
            "tasks": pack_tasks(tasks, ELSEWHERE),
            "to_run": [task.name for task in runs],
            "spec": dict(session.store_spec),
            "probe": probe,
            "files": sorted({str(item.path) for task in runs for item in files_of(task)}),
            "packages": _packages(loaded, session.preload),
            "folder": str(Path.cwd()),
            "start_method": session.start_method,
            "preload": list(session.preload),
            "grace": grace,
        },
        protocol=5,
    )


def unpack(packed: bytes) -> PackedSession:
    """Return what ``pack`` was given."""
    facts: dict[str, Any] = pickle.loads(packed)
    return PackedSession(**{**facts, "state": pickle.loads(facts["state"]), "tasks": PickledTasks(facts["tasks"])})


def _unloaded(tasks: Iterable[Task], state: InterpreterState) -> dict[str, LoadedModule]:
    """Return the project's modules that tasks import by themselves, and that nothing has imported here yet."""
    known = {module.path for module in state.loaded.values()} | {state.main}
    paths = {path for task in tasks for path in task.fingerprint().modules} - known
    found: dict[str, LoadedModule] = {}
    for path in paths:
        name = _name_of(Path(path), state.path)
        if name and name not in sys.modules:
            for package in (*Path(path).parents, None):
                if package is None or not (package / "__init__.py").exists():
                    break
                own = _name_of(package / "__init__.py", state.path)
                if own and own not in state.loaded and own not in found:
                    found[own] = _read(package / "__init__.py")
            found[name] = _read(Path(path))
    return found


def _read(path: Path) -> LoadedModule:
    folders = (str(path.parent),) if path.name == "__init__.py" else None
    return LoadedModule(str(path), folders, path.read_bytes(), {})


def _name_of(file: Path, path: Iterable[str]) -> str:
    """Return under which name a file is imported; empty where it is not found."""
    for entry in path:
        try:
            parts = list(file.with_suffix("").relative_to(entry).parts)
        except ValueError:
            continue
        parts = parts[:-1] if parts and parts[-1] == "__init__" else parts
        if parts and all(part.isidentifier() for part in parts):
            return ".".join(parts)
    return ""


def _packages(loaded: Collection[str], needed: Iterable[str]) -> dict[str, tuple[str, str, bool]]:
    """Return the installed packages that the project's modules use, and whether tasks can't do without.

    Those that are imported at the top of a module are not looked at as needed: what needs them can't be loaded there,
    and says so.
    """
    from importlib.metadata import version

    modules = [sys.modules[name] for name in ("__main__", *loaded) if name in sys.modules]
    inside = {name.partition(":")[0].partition(".")[0] for name in needed}
    used = inside.union(name.partition(".")[0] for module in modules for name in imported_names(module))
    installed = _installed()
    found = {}
    for name in sorted(used):
        if name in installed and not name.startswith("pyperunner"):
            distribution = installed[name][0]
            found[name] = distribution, version(distribution), name in inside
    return found


@lru_cache(maxsize=1)
def _installed() -> Mapping[str, list[str]]:
    from importlib.metadata import packages_distributions

    return packages_distributions()
