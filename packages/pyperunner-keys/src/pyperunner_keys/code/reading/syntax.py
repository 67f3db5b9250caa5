"""Syntax trees in their normal form: what Python does with it, not how it was written.

Comments, layout, quote style, line positions, docstrings, ``pass`` and bare constants, prefixes such as ``u""``, type
parameters and hints leave no trace. The form is the same for the parsers of all Pythons from 3.10 on: a field that one
version lacks is empty in the others, and empty fields are left out. Nodes that are not known here count with all their
fields.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterable
from typing import Any

from pyperunner_keys.encoding.plain import encode_plain

__all__ = ["function_form", "tree_form"]

Fields = list[tuple[str, Any]]

_SILENT = frozenset({"ctx", "kind", "type_comment", "type_params", "simple", "type_ignores", "is_lazy"})
"""Whether an import is lazy (3.15) decides when it happens, not what it binds."""
_PARAMETERS = ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg")


def _nothing(node: ast.AST) -> bool:
    """Leave out no decorator."""
    return False


def tree_form(nodes: Iterable[Any], drop: Callable[[ast.AST], bool] = _nothing) -> bytes:
    """Return the normal form of some syntax trees; equal forms do the same.

    Args:
        nodes: Any nodes, such as the body of a function; also constants, and lists of either.
        drop: Says of a decorator that it leaves no trace.
    """
    out = bytearray()
    # A stack instead of recursion: a sum of a thousand terms is a tree a thousand levels deep.
    stack: list[Any] = [*reversed([*nodes])]
    while stack:
        item = stack.pop()
        if type(item) is bytes:
            out += item
        elif isinstance(item, ast.AST):
            name, fields = _fields(item, drop)
            out += b"(%b" % name.encode()
            stack.append(b")")
            for field, value in reversed(fields):
                stack.append(value)
                stack.append(b" %b=" % field.encode())
        elif isinstance(item, tuple):
            stack.extend(reversed(item))
        elif isinstance(item, list):
            out += b"["
            stack.append(b"]")
            stack.extend(part for part in reversed(item) if not (isinstance(part, ast.stmt) and _is_idle(part)))
        else:
            out += encode_plain(item)
    return bytes(out)


def function_form(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, decorators: list[ast.expr]) -> bytes:
    """Return the normal form of a function without its name and the expressions of its defaults.

    Args:
        node: The function.
        decorators: Those of its decorators that count; with any, the hints count as well.
    """
    hints: list[Any] = []
    if decorators and not isinstance(node, ast.Lambda):
        every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        hints = [*(item.annotation for item in every if item is not None), node.returns]
    body = [node.body] if isinstance(node, ast.Lambda) else node.body
    return tree_form([type(node).__name__, _bare_arguments(node.args, defaults=False), decorators, hints, body])


def _is_idle(statement: ast.stmt) -> bool:
    """Say whether a statement does nothing: ``pass``, a docstring, another constant on its own."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def _fields(node: ast.AST, drop: Callable[[ast.AST], bool]) -> tuple[str, Fields]:
    name = type(node).__name__
    if isinstance(node, (ast.Constant, ast.MatchSingleton)):
        return name, [("value", node.value)]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        kept = [item for item in node.decorator_list if not drop(item)]
        # A decorator may look at the hints, Python itself does not.
        skip = ("decorator_list", "args") if kept else ("decorator_list", "args", "returns")
        arguments = _plain(node.args) if kept else _bare_arguments(node.args)
        return name, [*_plain(node, skip), ("args", arguments), ("decorators", kept)]
    if isinstance(node, ast.Lambda):
        return name, [("args", _bare_arguments(node.args)), ("body", node.body)]
    if isinstance(node, ast.AnnAssign):
        if node.value is None:
            return "Local", [("target", node.target)]
        return "Assign", [("targets", [node.target]), ("value", node.value)]
    if isinstance(node, ast.ClassDef):
        hints = [
            part for item in node.body if isinstance(item, ast.AnnAssign) for part in (item.target, item.annotation)
        ]
        return name, [*_plain(node), ("hints", hints)]
    if isinstance(node, ast.JoinedStr):
        return name, [("values", _joined(node))]
    return name, _plain(node)


def _plain(node: ast.AST, skip: Collection[str] = ()) -> Fields:
    return [
        (field, value)
        for field, value in ast.iter_fields(node)
        if not (field in _SILENT or field in skip or value is None or value == [])
    ]


def _bare_arguments(node: ast.arguments, defaults: bool = True) -> Fields:
    """Return the parameters of a function without their hints.

    Args:
        node: The parameters.
        defaults: Whether the expressions of the defaults are wanted.
    """
    fields: Fields = []
    for field in _PARAMETERS:
        value = getattr(node, field)
        if value:
            fields.append((field, [item.arg for item in value] if isinstance(value, list) else value.arg))
    if defaults:
        fields += [(field, value) for field in ("defaults", "kw_defaults") if (value := getattr(node, field))]
    return fields


def _joined(node: ast.JoinedStr) -> list[Any]:
    """Return text and fields of an f-string; parsers differ in how they cut the text in between."""
    parts: list[Any] = []
    for item in node.values:
        if not isinstance(item, ast.Constant):
            parts.append(item)
        elif parts and isinstance(parts[-1], str):
            parts[-1] += str(item.value)
        elif item.value:
            parts.append(str(item.value))
    return parts
