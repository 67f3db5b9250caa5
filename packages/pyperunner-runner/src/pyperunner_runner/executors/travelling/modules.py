"""Modules of the user's own, on their way to another interpreter as they are loaded here.

Each is made there from the text that it was loaded from, whatever its file holds by then. What the living process has
changed since then is put on top: functions redefined or patched, members of classes, values.
"""

from __future__ import annotations

import io
import pickle
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any, NoReturn

import cloudpickle

from pyperunner_dag import Node, Pipeline
from pyperunner_keys import ModuleText, module_text

__all__ = [
    "LoadedModule",
    "ParentFinder",
    "TextFinder",
    "homeless_modules",
    "imported_names",
    "loaded_modules",
    "modules_of",
    "modules_that_came",
]

_MOST_BYTES = 64 << 20  # of one value that is sent along; larger ones are made anew by the text


@dataclass(frozen=True)
class LoadedModule:
    """A module as it is loaded here.

    Attributes:
        path: Its file.
        folders: Where its submodules are, if it is a package.
        text: The text that it was loaded from.
        changes: What is not as the text has it: pickled values by the path of the name, such as ``Config.limit``.
    """

    path: str
    folders: tuple[str, ...] | None
    text: bytes
    changes: Mapping[str, bytes]


def loaded_modules(names: Iterable[str]) -> dict[str, LoadedModule]:
    """Return some modules, and what they have imported in turn, as far as they are the user's own and come from text.

    Args:
        names: Names of loaded modules.
    """
    return {name: _as_loaded(module, text) for name, module, text in _reached(names) if text is not None}


def homeless_modules(names: Iterable[str]) -> list[ModuleType]:
    """Return those of some modules, and of what they have imported in turn, that no import has made.

    Args:
        names: Names of loaded modules.
    """
    return [module for _, module, _ in _reached(names) if vars(module).get("__spec__") is None]


def _reached(names: Iterable[str]) -> Iterator[tuple[str, ModuleType, ModuleText | None]]:
    """Yield modules by name, each with its text if it is the user's own and has one."""
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        module = sys.modules.get(name)
        if name in seen or type(module) is not ModuleType:
            continue
        seen.add(name)
        text = None if name == "__main__" else module_text(module)
        if name != "__main__":
            yield name, module, text
        if text is not None or vars(module).get("__spec__") is None:
            waiting += [name.rpartition(".")[0], *imported_names(module)]


def _as_loaded(module: ModuleType, text: ModuleText) -> LoadedModule:
    folders = vars(module).get("__path__")
    changes = {place: pickled for place, value in text.changes() if (pickled := _pickled(value, module, text))}
    return LoadedModule(text.path, None if folders is None else tuple(folders), text.data, changes)


def modules_of(files: Collection[str]) -> list[str]:
    """Return the names of the modules that are loaded from some files.

    Args:
        files: Absolute paths.
    """
    modules = [(name, getattr(module, "__file__", None)) for name, module in list(sys.modules.items())]
    return [name for name, file in modules if isinstance(file, str) and str(Path(file).absolute()) in files]


def imported_names(module: ModuleType) -> set[str]:
    """Return names of modules that others come from which a module has imported."""
    values = list(vars(module).values())
    found = {value.__name__ if type(value) is ModuleType else getattr(value, "__module__", None) for value in values}
    return {name for name in found if isinstance(name, str)}


class TextFinder:
    """Finds modules by the texts that have come from another interpreter; to be put into ``sys.meta_path``.

    Args:
        modules: Them, by name.
        main: File of the code that has come by value, if any.

    Attributes:
        modules: They.
        files: The files of all code that has come.
    """

    def __init__(self, modules: Mapping[str, LoadedModule], main: str | None) -> None:
        self.modules = modules
        self.files = frozenset([*(module.path for module in modules.values()), *([main] if main else [])])

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Find a module that has come."""
        found = self.modules.get(name)
        if found is None:
            return None
        folders = None if found.folders is None else list(found.folders)
        loader = _Loader(name, found)
        return spec_from_file_location(name, found.path, loader=loader, submodule_search_locations=folders)


def modules_that_came() -> dict[str, LoadedModule]:
    """Return the modules that have come to this interpreter from another one, by name."""
    finders = [finder for finder in sys.meta_path if isinstance(finder, TextFinder)]
    return {name: module for finder in reversed(finders) for name, module in finder.modules.items()}


class ParentFinder:
    """Finds folders without a module of their own in which modules that have come stood; the last in ``sys.meta_path``.

    Args:
        names: Names of those modules.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._parents = {name[:at] for name in names for at, char in enumerate(name) if char == "."}

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """Find a package that nothing else finds here."""
        return ModuleSpec(name, None, is_package=True) if name in self._parents else None


class _Loader(SourceFileLoader):
    """Makes a module from the text that has come, and changes it to what it was.

    Args:
        name: Its name.
        module: What has come.
    """

    def __init__(self, name: str, module: LoadedModule) -> None:
        super().__init__(name, module.path)
        self._module = module

    def path_stats(self, path: str) -> NoReturn:
        raise OSError("without time and size of the text no byte code is looked for")

    def get_data(self, path: str) -> bytes:
        return self._module.text if path == self.path else super().get_data(path)

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        for place, pickled in self._module.changes.items():
            *path, name = place.split(".")
            owner: Any = module
            for step in path:
                owner = vars(owner)[step]
            try:
                value = pickle.loads(pickled)
            except Exception as error:
                raise ImportError(
                    f"{module.__name__}.{place} has changed since it was made, and what it holds now can't be read by "
                    f"the process of a task ({type(error).__name__}: {error}): put the tasks into a module without it, "
                    "or make it inside the task",
                    name=module.__name__,
                ) from error
            setattr(owner, name, value)


def _pickled(value: Any, module: ModuleType, text: ModuleText) -> bytes | None:
    """Return a value as it is sent; ``None`` for what can't be sent, which the text makes anew."""
    buffer = _Bounded()
    try:
        _Pickler(buffer, module, text, value).dump(value)
    except Exception:  # of a lock, a connection, a large table, or whatever a __reduce__ of the user's raises
        return None
    return buffer.getvalue()


class _Bounded(io.BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() + len(data) > _MOST_BYTES:
            raise OverflowError("too large to be sent along")
        return super().write(data)


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Sends what a module holds. Its functions that are not those of the text go by value, to live in that module.

    Args:
        buffer: Takes the pickle.
        module: The module.
        text: Its text.
        value: What is sent; a function goes by value whatever it is called.
    """

    def __init__(self, buffer: io.BytesIO, module: ModuleType, text: ModuleText, value: object) -> None:
        super().__init__(buffer, protocol=5)
        self._module, self._text, self._value = module, text, value

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, (Node, Pipeline)) or (isinstance(obj, type) and issubclass(obj, Node)):
            raise TypeError("tasks and pipelines travel by themselves, and are made anew by the text")
        if type(obj) is FunctionType and (obj is self._value or self._text.lacks(obj)):
            if obj.__globals__ is not vars(self._module):  # what a decorator has made
                return self._dynamic_function_reduce(obj)
            state = obj.__defaults__, obj.__kwdefaults__, dict(vars(obj)), obj.__qualname__
            return _function, (self._module.__name__, obj.__code__, obj.__name__, obj.__closure__, state)
        return super().reducer_override(obj)


def _function(
    module: str, code: CodeType, name: str, closure: tuple[CellType, ...] | None, state: tuple[Any, ...]
) -> FunctionType:
    """Make a function that lives in a module of this process."""
    function = FunctionType(code, vars(sys.modules[module]), name, None, closure)
    function.__defaults__, function.__kwdefaults__, attributes, function.__qualname__ = state
    function.__dict__.update(attributes)
    function.__module__ = module
    return function
