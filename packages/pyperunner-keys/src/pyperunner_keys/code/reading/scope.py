"""Scopes: the names that the parts of a program bind, by Python's own rules of scope."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import field
from typing import NamedTuple

from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["COMPREHENSIONS", "Comprehension", "Function", "Import", "Scope", "bind", "defaults", "imports_of"]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


class Import(NamedTuple):
    """What an import statement binds a name to.

    Args:
        module: Dotted name, without the leading dots.
        level: Number of leading dots.
        name: What is taken from the module; empty for the module itself.
    """

    module: str
    level: int = 0
    name: str = ""


@light_dataclass
class Scope:
    """A function, class body, comprehension or module, and the names it binds."""

    parent: Scope | None
    kind: str
    bound: set[str] = field(default_factory=set)
    outward: set[str] = field(default_factory=set)
    imports: dict[str, list[Import]] = field(default_factory=dict)
    for_effect: dict[str, list[Import]] = field(default_factory=dict)
    """Modules that are imported whole, by the name they get; if nobody uses it, the import is there for its effect."""


def imports_of(node: ast.Import | ast.ImportFrom) -> dict[str, Import]:
    """Return what an import statement binds, by name; ``*`` stands for a star import."""
    found = {}
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            found[alias.asname or alias.name] = Import(node.module or "", node.level, alias.name)
        elif alias.asname:
            found[alias.asname] = Import(alias.name)
        else:
            top = alias.name.partition(".")[0]
            found[top] = Import(top)
    return found


def bind(nodes: Iterable[ast.AST], scope: Scope) -> None:
    """Collect the names that one scope binds, without entering the scopes inside it."""
    stack = [*nodes]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load):
                scope.bound.add(node.id)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            scope.outward.update(node.names)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            _bind_imports(node, scope)
        elif isinstance(node, ast.ClassDef):
            scope.bound.add(node.name)
            stack += [*node.decorator_list, *node.bases, *node.keywords]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            scope.bound.add(node.name)
            stack += [*node.decorator_list, *defaults(node)]
        elif isinstance(node, ast.Lambda):
            stack += defaults(node)
        elif isinstance(node, COMPREHENSIONS):
            # Only an assignment expression inside a comprehension binds a name outside it.
            stack += [item.target for item in ast.walk(node) if isinstance(item, ast.NamedExpr)]
        else:
            # Exception handlers and match patterns bind plain strings.
            if isinstance(node, (ast.ExceptHandler, ast.pattern)):
                scope.bound.update(filter(None, (getattr(node, "name", None), getattr(node, "rest", None))))
            stack += ast.iter_child_nodes(node)


def _bind_imports(node: ast.Import | ast.ImportFrom, scope: Scope) -> None:
    for name, target in imports_of(node).items():
        scope.bound.add(name)
        scope.imports.setdefault(name, []).append(target)
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            scope.for_effect.setdefault(name, []).append(Import(alias.name))


def defaults(node: Function) -> list[ast.expr]:
    """Return the expressions of a function's defaults."""
    return [*node.args.defaults, *(item for item in node.args.kw_defaults if item is not None)]
