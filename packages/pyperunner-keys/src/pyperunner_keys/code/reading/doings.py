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

from pyperunner_keys.code.reading.running import Step, parts_of, steps
from pyperunner_keys.code.reading.scope import Import, imports_of
from pyperunner_keys.project import family

__all__ = ["Call", "Doing", "aliases", "calls", "doings", "imported_modules", "local_imports", "nodes_of", "shared"]

# Compiled on first use, which takes milliseconds that most code can do without.
_SETTING = (
    r"_?(set\w*|seed|manual_seed|register|unregister|use|patch|monkeypatch|install|uninstall|enable|disable|config|configure"
    r"|filterwarnings|simplefilter|add|append|insert|extend|update|setdefault|clear|pop|remove|reset|option|options|init"
    r"|initialize|load_extension|override|replace|connect|subscribe|hook|default)(_|s?$|[A-Z])|__(set|del)(attr|item)__$"
)
"""Names of what is called to leave something behind."""
_SAYING = (
    r"(show|plot|print|save|dump|to_|write|close|exit|sleep|run|main|log|info|debug|warn|figure|title|label|legend)"
)
"""Names of what is called to show or write something."""
_SETTING_BESIDE = (
    r"(set(err|errcall|bufsize|context|locale)?(?!_(index|axis|flags|geometry|crs|names|levels|codes|categories))"
    r"|seed|manual_seed|register|use|enable|disable)(_|$)|__(set|del)(attr|item)__$"
)
"""The same, where what is called is wanted for what it returns."""
_SHARED = r"(get|current|default|global)\w*(context|options?|config|settings?|defaults|params|registry|state)$"
"""Names of what returns a thing that everybody shares, and not a new one."""
_OF_THE_PROCESS = frozenset({"sys", "logging", "atexit", "signal", "argparse", "functools"})
"""Where to find modules, what to log, what to do at the end: no result depends on it, or nobody can tell which. What
functools does, it does to what it returns."""
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

_COMMAND = r"(main|command|group|option|argument|fixture|mark|cache|n?jit|retry|deprecat|wrap|profile)"
"""Names of decorators of that kind, whatever their package."""
_OF_INTERPRETER = r"set(?!trace|profile|switchinterval|_asyncgen|_coroutine)"
"""What of `sys` decides about results: how many digits a number may have, how deep one may call."""

IsForeign = Callable[[Import], bool]
Names = Mapping[str, "list[Import]"]


class Doing(NamedTuple):
    """One statement.

    Args:
        nodes: What says all about it: the statement and what decides whether it runs.
        to: What it does something to, as it is written.
        certain: Whether it looks as if it left something behind; what else it does cannot be told.
    """

    nodes: tuple[ast.stmt, ...]
    to: str
    certain: bool


class Call(NamedTuple):
    """A call of something by its name, or what amounts to one: a decorator, a base class, the keyword metaclass.

    Args:
        step: The statement in which it stands.
        chain: What is called, in parts.
        args: What it is given by position.
        alone: Whether it is a statement by itself, called for nothing but its effect.
    """

    step: Step
    chain: list[str]
    args: list[ast.expr]
    alone: bool


def doings(body: Iterable[ast.stmt], imports: Names, is_foreign: IsForeign, *, functions: bool = False) -> list[Doing]:
    """Return the statements of a module, or of a function, that do something to what is imported.

    Args:
        body: The statements; those of functions among them run later.
        imports: What names are bound to by imports.
        is_foreign: Says of an import that it is of a module which is not the user's own.
        functions: Whether those in functions are taken for run, too.
    """
    found = []
    for step in steps(body):
        known = None
        for chain, certain in _targets(step, functions):
            targets = imports.get(chain[0], ())
            if any(is_foreign(target) and not _is_private(target, chain) for target in targets):
                packages = {target.module.partition(".")[0] for target in targets}
                said = certain(packages, [*(target.name for target in targets), *chain[1:]])
                if said is not None and not known:
                    known, to = said, ".".join(chain)
        if known is not None:
            found.append(Doing(nodes_of(step), to, known))
    return found


def nodes_of(step: Step) -> tuple[ast.stmt, ...]:
    """Return what says all about a step: the statement, and what decides whether it runs."""
    return (*(ast.copy_location(ast.Expr(each), each) for each in step.on), step.whole)


def calls(body: Iterable[ast.stmt], *, functions: bool = False) -> Iterator[Call]:
    """Yield the calls that a body makes.

    Args:
        body: The statements.
        functions: Whether the functions in it are taken for run, too.
    """
    for step in steps(body):
        alone: ast.expr | None = None
        for item in parts_of(step.node, functions=functions):
            if isinstance(item, ast.Expr) and not step.is_head:
                alone = item.value
            if isinstance(item, ast.Call):
                yield Call(step, _chain(item.func), item.args, item is alone)
            elif isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                # A decorator is given what it decorates; one that is called has been met as a call.
                for each in item.decorator_list:
                    if not isinstance(each, ast.Call):
                        yield Call(step, _chain(each), [], False)
                for base in getattr(item, "bases", ()):
                    yield Call(step, [*_chain(base), "__init_subclass__"], [], False)
                for keyword in getattr(item, "keywords", ()):
                    if keyword.arg == "metaclass":
                        yield Call(step, _chain(keyword.value), [], False)


def aliases(body: Iterable[ast.stmt], imports: Names) -> dict[str, list[Import]]:
    """Return what names are bound to that stand for a part of something imported: ``opts = pd.options``.

    Args:
        body: The statements that bind them.
        imports: What names are bound to by imports.
    """
    found: dict[str, list[Import]] = {}
    for step in steps(body):
        pairs: list[tuple[ast.expr, list[ast.expr]]] = []
        if isinstance(step.node, ast.Assign):
            pairs = [(target, [step.node.value]) for target in step.node.targets]
        for loop in (step.whole,):
            if isinstance(loop, ast.For) and isinstance(loop.iter, (ast.Tuple, ast.List)):
                pairs.append((loop.target, loop.iter.elts))
        for target, values in pairs:
            if isinstance(target, ast.Name):
                for value in values:
                    found.setdefault(target.id, []).extend(shared(value, {**imports, **found}))
    return {name: targets for name, targets in found.items() if targets}


def shared(node: ast.expr, imports: Names) -> list[Import]:
    """Return the imports that an expression leads to, if it makes nothing new: ``pd.Series``, ``decimal.getcontext()``.

    Args:
        node: The expression.
        imports: What names are bound to by imports.
    """
    if isinstance(node, ast.Call):
        name = _chain(node.func)[-1]
        return shared(node.func, imports) if re.match(_SHARED, name) else []
    if isinstance(node, ast.Attribute):
        return [target._replace(name=node.attr) for target in shared(node.value, imports)]
    return [*imports.get(node.id, ())] if isinstance(node, ast.Name) else []


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
    for step in steps(body):
        node = step.node
        if isinstance(node, ast.Import):
            found.update((Import(alias.name), None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[Import(node.module or "", node.level)] = None
                found[Import(node.module or "", node.level, alias.name)] = None
    return [*found]


def _is_private(target: Import, chain: list[str]) -> bool:
    first = target.module.partition(".")[0]
    if first == "sys" and re.match(_OF_INTERPRETER, target.name or chain[-1]):
        return False
    return not target.level and (first in _OF_THE_PROCESS or family(first))


Verdict = Callable[["set[str]", "list[str]"], "bool | None"]


def _targets(step: Step, functions: bool) -> Iterator[tuple[list[str], Verdict]]:
    """Yield the names, in parts, of what a statement may do something to, each with what says whether it does."""
    alone: ast.expr | None = None
    for item in parts_of(step.node, functions=functions):
        if isinstance(item, ast.Expr) and not step.is_head:
            alone = item.value
        if isinstance(item, ast.Call):
            yield _chain(item.func), _call_leaves if item is alone else _call_leaves_beside
            if any(isinstance(each, ast.Name) and each.id in _SETTERS for each in (item.func, *item.args)):
                for each in item.args:
                    yield _chain(each), _always
        elif isinstance(item, (ast.Attribute, ast.Subscript)):
            if not isinstance(item.ctx, ast.Load):
                yield _chain(item), _always
        elif isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for each in item.decorator_list:
                yield _chain(each), _decorator_leaves
            for base in getattr(item, "bases", ()):
                yield _chain(base), _base_notes


_SETTERS = ("setattr", "delattr")


def _chain(node: ast.AST) -> list[str]:
    """Return ``["pd", "options", "mode"]`` for ``pd.options.mode``, whatever is called or looked up in between."""
    names: list[str] = []
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Attribute):
            names.append(node.attr)
        node = getattr(node, "value", None) or getattr(node, "func", None)  # type: ignore[assignment]
        if not isinstance(node, ast.AST):
            return [""]
    return [node.id, *reversed(names)]


def _always(packages: set[str], names: list[str]) -> bool:
    return True


def _call_leaves(packages: set[str], names: list[str]) -> bool | None:
    if any(re.match(_SETTING, name) for name in names) or "copyreg" in packages:
        return True
    # What the standard library does without such a name, it does to files and the like.
    return None if packages <= sys.stdlib_module_names or re.match(_SAYING, names[-1]) else False


def _call_leaves_beside(packages: set[str], names: list[str]) -> bool | None:
    return True if re.match(_SETTING_BESIDE, names[-1]) else None


def _decorator_leaves(packages: set[str], names: list[str]) -> bool | None:
    if any("regist" in name for name in names):
        return True
    return None if packages <= sys.stdlib_module_names | _WRAPPING or re.match(_COMMAND, names[-1]) else True


def _base_notes(packages: set[str], names: list[str]) -> bool | None:
    return None if packages <= sys.stdlib_module_names | _DERIVED_FROM else True
