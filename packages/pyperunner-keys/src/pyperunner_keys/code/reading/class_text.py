"""Texts of classes: what one says that the class itself does not show."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable

from pyperunner_keys.code.cached import cached_property
from pyperunner_keys.code.reading.references import Facts, read_hints, read_statements
from pyperunner_keys.code.reading.syntax import tree_form

__all__ = ["ClassText"]

_ASSIGNMENTS = (ast.Assign, ast.AnnAssign, ast.AugAssign)
_METHODS = (ast.FunctionDef, ast.AsyncFunctionDef)


class ClassText:
    """One definition of a class.

    Args:
        node: Its syntax tree.
    """

    def __init__(self, node: ast.ClassDef) -> None:
        self.node = node
        self._headers: dict[bool, tuple[bytes, Facts]] = {}
        self._statements: dict[str, tuple[bytes, Facts]] = {}

    @cached_property
    def methods(self) -> list[ast.stmt]:
        """The functions in its body."""
        return [item for item in self.node.body if isinstance(item, _METHODS)]

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that its body binds."""
        names: set[str] = set()
        for item in ast.walk(self.node):
            if isinstance(item, (*_METHODS, ast.ClassDef)):
                names.add(item.name)
            elif isinstance(item, ast.alias):
                names.add((item.asname or item.name).partition(".")[0])
            elif isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load):
                names.add(item.id)
        mangled = {f"_{self.node.name.lstrip('_')}{name}" for name in names if name in _private(names)}
        return frozenset(names | mangled)

    @cached_property
    def private(self) -> frozenset[str]:
        """Those of them that the class holds under another name."""
        return _private(self.names)

    def holds(self, line: int) -> bool:
        """Say whether a line is inside the definition."""
        return self.node.lineno <= line <= (self.node.end_lineno or 0)

    def statements(self, name: str) -> tuple[bytes, Facts]:
        """Return the normal form of the statements that give a name of the class its value, and what they need.

        Args:
            name: The name.
        """
        if name not in self._statements:
            nodes = [item for item in self.node.body if isinstance(item, _ASSIGNMENTS) and name in _bound_by(item)]
            self._statements[name] = (tree_form(nodes), read_statements(nodes))
        return self._statements[name]

    def gives(self, name: str) -> bool:
        """Say whether some statement gives a name of the class a value: a hint alone does not.

        Args:
            name: The name.
        """
        return any(
            isinstance(item, _ASSIGNMENTS) and item.value is not None and name in _bound_by(item)
            for item in self.node.body
        )

    def header(self, drop: Callable[[ast.AST], bool], plain: bool) -> tuple[bytes, Facts]:
        """Return the normal form of decorators, keywords and hints, and what they need.

        Args:
            drop: Says which decorators leave no trace.
            plain: Whether nobody but a decorator would look at the hints.
        """
        known = self._headers.get(plain)
        if known is None:
            decorators = [item for item in self.node.decorator_list if not drop(item)]
            fields = [item for item in self.node.body if isinstance(item, ast.AnnAssign) and (decorators or not plain)]
            hints = [item.annotation for item in fields]
            form = tree_form([decorators, self.node.keywords, [item.target for item in fields], hints])
            known = self._headers[plain] = (form, read_hints([*decorators, *self.node.keywords, *hints]))
        return known


def _private(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if name.startswith("__") and not name.endswith("__"))


def _bound_by(statement: ast.stmt) -> set[str]:
    return {
        node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
    }
