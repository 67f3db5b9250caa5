"""Doings: what the statements at the top of a module do to modules that others have made, when it is imported.

An option is set, a generator seeded, a method patched, an accessor or a subclass registered. Nothing in the module
holds what came of it, so the statements themselves count. Whether a call leaves something behind is told by its name.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from pyperunner_keys.code.reading.scope import Import, imports_of
from pyperunner_keys.project import family

__all__ = ["Doing", "called", "doings", "imported_modules", "local_imports"]

_SETTING = re.compile(
    r"_?(set\w*|seed|manual_seed|register|unregister|use|patch|monkeypatch|install|uninstall|enable|disable|config|configure"
    r"|filterwarnings|simplefilter|add|append|insert|extend|update|setdefault|clear|pop|remove|reset|option|options|init"
    r"|initialize|load_extension|override|replace|connect|subscribe|hook|default)(_|s?$|[A-Z])"
)
"""Names of what is called to leave something behind."""
_SAYING = re.compile(
    r"(show|plot|print|save|dump|to_|write|close|exit|sleep|run|main|log|info|debug|warn|figure|title|label|legend)"
)
"""Names of what is called to show or write something."""
_OF_THE_PROCESS = frozenset({"sys", "logging", "atexit", "signal", "argparse"})
"""Where to find modules, what to log, what to do at the end: no result depends on it, or nobody can tell which."""
_WRAPPING = frozenset(
    {
        *("attr", "attrs", "beartype", "cachetools", "click", "cytoolz", "dask", "decorator", "deprecated", "jax"),
        *("jaxtyping", "joblib", "line_profiler", "numba", "numpy", "prefect", "pydantic", "pytest", "ray", "tenacity"),
        *("tensorflow", "toolz", "torch", "tqdm", "typeguard", "typer", "typing_extensions", "wrapt"),
    }
)
"""Packages whose decorators make something of what they decorate, and note it nowhere else."""
_DERIVED_FROM = _WRAPPING | frozenset(
    {
        *("django", "flax", "geopandas", "httpx", "keras", "lightning", "msgpack", "networkx", "nltk", "pandas"),
        *("polars", "pyarrow", "pyspark", "pytorch_lightning", "requests", "rest_framework", "scipy", "shapely"),
        *("sklearn", "spacy", "statsmodels", "torchvision", "transformers", "xarray", "yaml"),
    }
)
"""Packages whose classes take no note of those that derive from them."""

_COMMAND = re.compile(r"(main|command|group|option|argument|fixture|mark|cache|n?jit|retry|deprecat|wrap|profile)")
"""Names of decorators of that kind, whatever their package."""

IsForeign = Callable[[Import], bool]


class Doing(NamedTuple):
    """One statement.

    Args:
        node: The statement.
        to: What it does something to, as it is written.
        certain: Whether it looks as if it left something behind; what else it does cannot be told.
    """

    node: ast.stmt
    to: str
    certain: bool


def doings(body: Iterable[ast.stmt], imports: Mapping[str, list[Import]], is_foreign: IsForeign) -> list[Doing]:
    """Return the statements of a module, or of a function, that do something to what is imported.

    Args:
        body: The statements; those of functions and classes among them run later.
        imports: What names are bound to by imports.
        is_foreign: Says of an import that it is of a module which is not the user's own.
    """
    found = []
    for node in _running(body):
        for chain, certain in _targets(node):
            targets = imports.get(chain[0], ())
            if any(is_foreign(target) and not _is_private(target) for target in targets):
                packages = {target.module.partition(".")[0] for target in targets}
                known = certain(packages, [*(target.name for target in targets), *chain[1:]])
                if known is not None:
                    found.append(Doing(node, ".".join(chain), known))
                    break
    return found


def called(body: Iterable[ast.stmt]) -> Iterator[tuple[ast.stmt, list[str]]]:
    """Yield the statements that call something for its effect, with its name in parts."""
    for node in _running(body):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            chain = _chain(node.value.func)
            if chain:
                yield node, chain


def local_imports(node: ast.AST) -> dict[str, list[Import]]:
    """Return what names are bound to by imports anywhere in some code."""
    found: dict[str, list[Import]] = {}
    for item in ast.walk(node):
        if isinstance(item, (ast.Import, ast.ImportFrom)):
            for name, target in imports_of(item).items():
                found.setdefault(name, []).append(target)
    return found


def imported_modules(body: Iterable[ast.stmt]) -> list[Import]:
    """Return the modules that the import of a module imports; ``from a import b`` may import ``a.b`` as well."""
    found: dict[Import, None] = {}
    for node in _running(body):
        if isinstance(node, ast.Import):
            found.update((Import(alias.name), None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[Import(node.module or "", node.level)] = None
                found[Import(node.module or "", node.level, alias.name)] = None
    return [*found]


def _running(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run when a body does, those in blocks included, the blocks themselves not."""
    for node in body:
        if isinstance(node, ast.If) and _is_guard(node.test):
            yield from _running(node.orelse)
        elif isinstance(node, (ast.If, ast.For, ast.While, ast.With, ast.Try)):
            for name in ("body", "orelse", "finalbody"):
                yield from _running(getattr(node, name, ()))
            for handler in getattr(node, "handlers", ()):
                yield from _running(handler.body)
        else:
            yield node


def _is_guard(test: ast.expr) -> bool:
    """Say whether a condition is that of a script or of a type checker."""
    return any(getattr(item, "id", None) in ("__name__", "TYPE_CHECKING") for item in ast.walk(test)) or any(
        getattr(item, "attr", None) == "TYPE_CHECKING" for item in ast.walk(test)
    )


def _is_private(target: Import) -> bool:
    first = target.module.partition(".")[0]
    return not target.level and (first in _OF_THE_PROCESS or family(first))


Verdict = Callable[["set[str]", "list[str]"], "bool | None"]


def _targets(node: ast.stmt) -> Iterator[tuple[list[str], Verdict]]:
    """Yield the names, in parts, of what a statement may do something to, each with what says whether it does."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        call = node.value
        yield _chain(call.func), _call_leaves
        if isinstance(call.func, ast.Name) and call.func.id in ("setattr", "delattr") and call.args:
            yield _chain(call.args[0]), _always
    elif isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete, ast.AnnAssign)):
        targets = getattr(node, "targets", None) or [node.target]  # type: ignore[union-attr]
        for target in targets:
            if isinstance(target, (ast.Attribute, ast.Subscript)):
                yield _chain(target), _always
        if isinstance(getattr(node, "value", None), ast.Call):
            yield _chain(node.value.func), _setting  # type: ignore[union-attr]
    elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        for item in node.decorator_list:
            yield _chain(item), _decorator_leaves
        for base in getattr(node, "bases", ()):
            yield _chain(base), _base_notes


def _chain(node: ast.AST) -> list[str]:
    """Return ``["pd", "options", "mode"]`` for ``pd.options.mode``, whatever is called or looked up in between."""
    names: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        node = getattr(node, "value", None) or getattr(node, "func", None)  # type: ignore[assignment]
        if node is None:
            return [""]
    return [node.id, *reversed(names)]


def _always(packages: set[str], names: list[str]) -> bool:
    return True


def _call_leaves(packages: set[str], names: list[str]) -> bool | None:
    if any(map(_SETTING.match, names)):
        return True
    # What the standard library does without such a name, it does to files and the like.
    return None if packages <= sys.stdlib_module_names or _SAYING.match(names[-1]) else False


def _setting(packages: set[str], names: list[str]) -> bool | None:
    return True if re.match(r"(set|seed|manual_seed|register|use|enable|disable)(_|$)", names[-1]) else None


def _decorator_leaves(packages: set[str], names: list[str]) -> bool | None:
    if any("regist" in name for name in names):
        return True
    return None if packages <= sys.stdlib_module_names | _WRAPPING or _COMMAND.match(names[-1]) else True


def _base_notes(packages: set[str], names: list[str]) -> bool | None:
    return None if packages <= sys.stdlib_module_names | _DERIVED_FROM else True
