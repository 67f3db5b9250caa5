"""The user's own project: what belongs to it, and where its root is.

Own is every module outside the standard library and outside site-packages; an editable install is own. What has no file
(a session typed at a prompt, a module made at run time) is own too, unless it is built into Python.
"""

from __future__ import annotations

import os
import sys
import types
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = [
    "Names",
    "family",
    "file_of",
    "foreign_name",
    "is_own_class",
    "is_own_file",
    "is_own_globals",
    "is_own_module",
    "roots_of",
]

Names = dict[str, Any]
"""What a module's globals, or the variables of a closure, hold by name."""

_FAMILY = frozenset(
    {
        "pyperunner",
        "pyperunner_cache",
        "pyperunner_cache_fsspec",
        "pyperunner_cache_redis",
        "pyperunner_cli",
        "pyperunner_dag",
        "pyperunner_dask",
        "pyperunner_keys",
        "pyperunner_openlineage",
        "pyperunner_results",
        "pyperunner_runner",
        "pyperunner_text",
    }
)
"""Never the user's code, although a developer of these packages has them as editable installs."""

_MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg")
_HEAP_TYPE = 1 << 9
"""Flag of classes that are made by Python code (``Py_TPFLAGS_HEAPTYPE``)."""
_LIBRARY = Path(os.__file__).parent
_STANDARD = {str(_LIBRARY), str(_LIBRARY.resolve())}


def family(name: str | None) -> bool:
    """Say whether a module is one of this project's own distributions."""
    return (name or "").partition(".")[0] in _FAMILY


@lru_cache(maxsize=4096)
def is_own_file(file: str) -> bool:
    """Say whether a source file is the user's own, by its folder.

    Args:
        file: Path of the file.
    """
    path = os.path.realpath(file)
    parts = set(Path(path).parts) | set(Path(file).parts)
    if parts & {"site-packages", "dist-packages"}:
        return False
    return not any(path.startswith(folder + os.sep) for folder in _STANDARD)


def is_own_globals(names: Names) -> bool:
    """Say whether code that runs with these globals is the user's own."""
    name = names.get("__name__")
    if family(name):
        return False
    file = names.get("__file__")
    if isinstance(file, str):
        return is_own_file(file)
    if not isinstance(name, str):
        return True
    origin = getattr(names.get("__spec__"), "origin", None)
    return name not in sys.builtin_module_names and origin not in ("built-in", "frozen")


def is_own_module(name: str | None) -> bool:
    """Say whether a module is the user's own, by its name; one that is not loaded counts as own unless it is built in.

    Args:
        name: A module's name, such as a class's ``__module__``.
    """
    if not isinstance(name, str) or family(name):
        return False
    module = sys.modules.get(name)
    return name not in sys.builtin_module_names if module is None else is_own_globals(vars(module))


def is_own_class(cls: type[object]) -> bool:
    """Say whether a class is the user's own.

    Args:
        cls: Any class.
    """
    module = cls.__module__
    if module in ("types", "builtins") and cls.__flags__ & _HEAP_TYPE:
        # What make_dataclass and new_class make for the user says that it comes from the module types, and what is
        # executed in a dict without a name, from builtins. So does what compiled extensions make.
        return not hasattr(sys.modules[module], cls.__name__) and (module == "types" or _is_made_by_python(cls))
    return is_own_module(module)


def _is_made_by_python(cls: type[object]) -> bool:
    held = vars(cls)
    if "__dict__" in held or "__slots__" in held or any(isinstance(each, types.FunctionType) for each in held.values()):
        return True
    return any(is_own_class(base) for base in cls.__bases__)


def foreign_name(obj: Any) -> str:
    """Return a name for something of the standard library or an installed package.

    Private submodules and accelerators (``_heapq``, ``pathlib._local``) come and go between versions, so only the
    top-level package counts, without leading underscores.
    """
    if isinstance(obj, types.ModuleType):
        return obj.__name__
    module = getattr(obj, "__module__", None) or type(obj).__module__
    name = getattr(obj, "__qualname__", None) or getattr(obj, "__name__", None) or type(obj).__qualname__
    return f"{str(module).partition('.')[0].lstrip('_')}:{name}"


def file_of(names: Names) -> str | None:
    """Return the file that a module's globals come from."""
    file = names.get("__file__")
    return _absolute(file) if isinstance(file, str) else None


@lru_cache(maxsize=4096)
def _absolute(file: str) -> str:
    return str(Path(file).absolute())


@lru_cache(maxsize=4096)
def roots_of(module: str, file: str) -> tuple[tuple[str, str], ...]:
    """Return the folders that paths of a module count relative to, as kind and path, the innermost first.

    They are the folder that the module is imported from, and the nearest one around it that holds a project file.

    Args:
        module: Importable name of the module.
        file: Its absolute path.
    """
    folder = Path(file).parent
    depth = module.count(".") + (Path(file).stem == "__init__")
    for _ in range(depth):
        folder = folder.parent
    project = next((up for up in (folder, *folder.parents) if any((up / mark).exists() for mark in _MARKERS)), folder)
    found = {
        str(path): kind
        for kind, root in (("project", project), ("import", folder))
        for path in (root, root.resolve())
        if len(path.parts) > 1
    }
    return tuple(sorted(((kind, path) for path, kind in found.items()), key=lambda pair: -len(pair[1])))
