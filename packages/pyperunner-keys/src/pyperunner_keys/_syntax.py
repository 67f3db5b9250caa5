"""The normal form of a piece of syntax tree: what Python does with it, not how it was written.

Comments, layout, quote style, line positions, docstrings, ``pass`` and bare constants, prefixes such as ``u""``, type
parameters and hints of local names leave no trace. The form is the same for the parsers of Python 3.10 to 3.13: fields
that one version lacks are those that are empty in the others.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from typing import Any

__all__ = ["Form", "tree_form"]

Form = tuple[Any, ...]
"""A nested tuple of names, constants and forms; ``encode`` takes it."""

_SILENT = frozenset({"ctx", "kind", "type_comment", "type_params", "simple", "type_ignores"})
_CONSTANTS = (ast.Constant, ast.MatchSingleton)


def tree_form(node: ast.AST, without: Callable[[ast.AST], bool] = lambda node: False) -> Form:
    """Return the normal form of a syntax tree.

    Args:
        node: Any node.
        without: Says of a decorator that it leaves no trace.
    """
    return _Former(without).form(node)


def is_idle(statement: ast.stmt) -> bool:
    """Say whether a statement does nothing: ``pass``, a docstring, another constant on its own."""
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


class _Former:
    def __init__(self, without: Callable[[ast.AST], bool]) -> None:
        self._without = without

    def form(self, node: ast.AST) -> Form:
        special = _SPECIAL.get(type(node))
        return special(self, node) if special else self._plain(node)

    def _plain(self, node: ast.AST, skip: Collection[str] = (), name: str = "") -> Form:
        fields: list[Any] = [name or type(node).__name__]
        for field, value in ast.iter_fields(node):
            if field in _SILENT or field in skip:
                continue
            part = self._value(value)
            if part not in (None, ()):
                fields.append((field, part))
        return tuple(fields)

    def _value(self, value: Any) -> Any:
        if isinstance(value, ast.AST):
            return self.form(value)
        if isinstance(value, list):
            return tuple(
                None if item is None else self._value(item)
                for item in value
                if not (isinstance(item, ast.stmt) and is_idle(item))
            )
        return value

    def _constant(self, node: ast.Constant) -> Form:
        # The type keeps 1, 1.0 and True apart for those who compare forms rather than their encodings.
        return ("Constant", type(node.value).__name__, node.value)

    def _function(self, node: ast.FunctionDef) -> Form:
        kept = [item for item in node.decorator_list if not self._without(item)]
        # A decorator may look at the hints, Python itself does not.
        skip = ("decorator_list", "args") if kept else ("decorator_list", "args", "returns")
        return (
            *self._plain(node, skip),
            ("args", self._arguments(node.args, hints=bool(kept))),
            ("decorators", self._value(kept)),
        )

    def _arguments(self, node: ast.arguments, hints: bool = False) -> Form:
        if hints:
            return self._plain(node)
        bare = {
            field: tuple(item.arg for item in value) if isinstance(value, list) else value.arg
            for field in ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg")
            if (value := getattr(node, field))
        }
        return ("arguments", *bare.items(), *self._plain(node, tuple(_ARGUMENT_FIELDS))[1:])

    def _assignment(self, node: ast.AnnAssign) -> Form:
        if node.value is None:
            return ("Local", self.form(node.target))
        return ("Assign", ("targets", (self.form(node.target),)), ("value", self.form(node.value)))

    def _class(self, node: ast.ClassDef) -> Form:
        fields = [
            ("field", self.form(item.target), self.form(item.annotation))
            for item in node.body
            if isinstance(item, ast.AnnAssign)
        ]
        return (*self._plain(node), ("fields", tuple(fields)))

    def _joined(self, node: ast.JoinedStr) -> Form:
        """Parsers differ in how they cut the text between the braces."""
        parts: list[Any] = []
        for item in node.values:
            if not isinstance(item, ast.Constant):
                parts.append(self.form(item))
            elif parts and isinstance(parts[-1], str):
                parts[-1] += str(item.value)
            elif item.value:
                parts.append(str(item.value))
        return ("JoinedStr", *parts)


_ARGUMENT_FIELDS = ("posonlyargs", "args", "vararg", "kwonlyargs", "kwarg")
_SPECIAL: dict[type[ast.AST], Callable[[_Former, Any], Form]] = {
    ast.Constant: _Former._constant,
    ast.MatchSingleton: _Former._constant,
    ast.FunctionDef: _Former._function,
    ast.AsyncFunctionDef: _Former._function,
    ast.arguments: _Former._arguments,
    ast.AnnAssign: _Former._assignment,
    ast.ClassDef: _Former._class,
    ast.JoinedStr: _Former._joined,
}
