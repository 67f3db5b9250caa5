"""Imports a file under the name by which ``python file.py`` records its tasks, so that both ways give equal keys."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.machinery import BYTECODE_SUFFIXES, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from pyperunner_cli.errors import CommandError

__all__ = ["add_package_root", "import_file"]


class _FreshLoader(SourceFileLoader):
    """Compiles the text as it is now: Python trusts bytecode of the same second and size, even of an older text.

    What is there of such bytecode is written anew, for processes that import the file by themselves.
    """

    def get_data(self, path: str) -> bytes:
        if path.endswith(tuple(BYTECODE_SUFFIXES)):
            raise OSError(f"{path} may be of another text")
        return super().get_data(path)

    def set_data(self, path: str, *data: Any, **options: Any) -> None:
        if Path(path).exists():
            super().set_data(path, *data, **options)


def import_file(path: str) -> ModuleType:
    """Import ``path`` as a module named after its stem, its folder first on ``sys.path`` as for a script.

    Raises:
        CommandError: There is no such file, or a module of another file already has the name.
        BaseException: Whatever the file raises; the module is then not kept.
    """
    file = Path(path).absolute()
    if not file.is_file():
        raise CommandError(f"there is no file {path}.")
    name, folder = file.stem, str(file.resolve().parent)
    if sys.path[:1] != [folder]:
        sys.path.insert(0, folder)
    add_package_root(folder)
    known = sys.modules.get(name)
    if known is None:
        return _execute(name, str(file))
    origin = getattr(known, "__file__", None)
    if origin and Path(origin).resolve() == file.resolve():
        return known
    raise CommandError(
        f"The name {name!r} of {path} is taken by the module {origin or 'built into Python'}: rename the file."
    )


def add_package_root(folder: str) -> None:
    """Let modules beside those of a folder be found by the name of its package, too, after all others."""
    root = Path(folder).resolve()
    while (root / "__init__.py").is_file() and root.parent != root:
        root = root.parent
    if str(root) not in sys.path:
        sys.path.append(str(root))


def _execute(name: str, file: str) -> ModuleType:
    loader = _FreshLoader(name, file)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))  # type: ignore[arg-type]
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
