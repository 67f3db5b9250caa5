"""Inner imports: what the code of tasks imports inside its functions, read from the text of a fingerprint."""

from __future__ import annotations

import ast
import importlib.util
import sys
import textwrap
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyperunner_dag import Task
    from pyperunner_keys import Fingerprint

__all__ = ["inner_imports", "modules_to_preload"]

_INSTALLED = {"site-packages", "dist-packages"}


def modules_to_preload(tasks: Collection[Task], preload: bool | Sequence[str]) -> tuple[str, ...]:
    """Return what is to be imported once for all processes of a run; the form is that of ``inner_imports``.

    Args:
        tasks: The tasks that will run.
        preload: What the user says: whether that is looked for, or what it is.
    """
    if not isinstance(preload, bool):
        return tuple(preload)
    if not preload:
        return ()
    plain: dict[str, Fingerprint] = {}
    with_env: dict[str, Fingerprint] = {}
    for code, env in ((task.fingerprint(), task.options.env) for task in tasks):
        (with_env if env else plain)[code.digest] = code
    names = inner_imports(plain.values())
    # A library often looks at its environment when it is imported, and at no other time.
    if names and inner_imports(with_env.values()):
        return ()
    return tuple(sorted(names))


def inner_imports(codes: Iterable[Fingerprint]) -> set[str]:
    """Return what some code imports inside functions out of installed packages.

    Args:
        codes: Fingerprints of the code.

    Returns:
        ``package.module``, and ``package.module:name`` for each name that is imported from one.
    """
    parts = {digest: code.sources.get(name, "") for code in codes for name, digest in code.parts.items()}
    found = {name for source in parts.values() if "import " in source for name in _in_functions(source)}
    installed = set(filter(_is_installed, map(_package_of, found)))
    return {name for name in found if _package_of(name) in installed}


def _package_of(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]


def _in_functions(source: str) -> Iterator[str]:
    try:
        tree = ast.parse(textwrap.dedent(source))
    except SyntaxError:  # a piece of a statement
        return
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    for node in (node for function in functions for node in ast.walk(function)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}:{alias.name}" for alias in node.names)


def _is_installed(package: str) -> bool:
    if package in sys.stdlib_module_names or package.startswith("pyperunner"):
        return False
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return False
    places = [spec.origin or "", *(spec.submodule_search_locations or ())] if spec is not None else []
    return any(_INSTALLED & set(Path(place).parts) for place in places)
