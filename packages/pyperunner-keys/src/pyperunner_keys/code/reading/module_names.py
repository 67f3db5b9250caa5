"""Names of a module: what the statements at its top bind, read from its syntax tree."""

from __future__ import annotations

import ast
from typing import Any

from pyperunner_keys.code.cached import cached_property
from pyperunner_keys.code.reading.doings import imported_modules
from pyperunner_keys.code.reading.scope import Import, imports_of

__all__ = ["TopLevel", "is_reading"]

_MAKING = frozenset(("exec", "globals", "locals", "vars", "setattr", "__dict__"))
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class TopLevel:
    """The names of one module.

    Args:
        tree: The module.

    Attributes:
        imports: What names are bound to by imports.
        stars: Modules whose names are imported by ``*``.
    """

    def __init__(self, tree: ast.Module) -> None:
        self.imports: dict[str, list[Import]] = {}
        self.stars: list[Import] = []
        self._tree = tree
        self._bound: dict[str, list[ast.stmt]] = {}
        for statement in tree.body:
            for name in self._names_of(statement):
                self._bound.setdefault(name, []).append(statement)

    def _names_of(self, statement: ast.stmt) -> set[str]:
        """Return what a statement binds, imports aside, which are noted."""
        names: set[str] = set()
        stack: list[ast.AST] = [statement]
        while stack:
            node = stack.pop()
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for name, target in imports_of(node).items():
                    if name == "*":
                        self.stars.append(target)
                    else:
                        self.imports.setdefault(name, []).append(target)
            elif isinstance(node, _DEFINITIONS):
                names.add(node.name)
            elif isinstance(node, ast.Lambda):
                continue
            else:
                if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                    names.add(node.id)
                elif isinstance(node, ast.pattern):
                    names.update(filter(None, (getattr(node, "name", None), getattr(node, "rest", None))))
                stack += ast.iter_child_nodes(node)
        return names

    @cached_property
    def imported_modules(self) -> list[Import]:
        """The modules that an import of this one imports."""
        return imported_modules(self._tree.body)

    @property
    def body(self) -> list[ast.stmt]:
        """The statements of the module."""
        return self._tree.body

    def functions(self, name: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Return the definitions of a function of the module."""
        return [node for node in self._bound.get(name, ()) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]

    def binds(self, name: str) -> bool:
        """Say whether some statement other than an import binds a name."""
        return name in self._bound

    def names(self) -> list[str]:
        """Return all names that the module binds, in their order."""
        return sorted({*self._bound, *self.imports})

    def statements(self, name: str) -> list[ast.stmt]:
        """Return the statements that make a name what it is: those that bind it, and those that change it afterwards.

        Args:
            name: A name of the module.
        """
        chosen = {id(node) for node in self._bound.get(name, ())} | {id(node) for node in self._mentions.get(name, ())}
        return [node for node in self._tree.body if id(node) in chosen]

    def reads_from_outside(self, name: str) -> bool:
        """Say whether the statements that make a name look as if they read files or the environment.

        Args:
            name: A name of the module.
        """
        nodes = [
            node for item in self.statements(name) if not isinstance(item, _DEFINITIONS) for node in ast.walk(item)
        ]
        return any(is_reading(getattr(node, "id", None) or getattr(node, "attr", None)) for node in nodes)

    @cached_property
    def makes_names(self) -> bool:
        """Whether statements at the top may bind names that they do not show: ``exec``, ``globals().update(…)``."""
        nodes = (node for item in self._tree.body if not isinstance(item, _DEFINITIONS) for node in ast.walk(item))
        return any(_MAKING & {getattr(node, "id", None), getattr(node, "attr", None)} for node in nodes)

    @cached_property
    def _effects(self) -> list[ast.stmt]:
        """Statements run for their effect, such as ``TABLE.append(f)`` and ``TABLE["x"] = f``; decorated ones too."""
        return [item for item in self._tree.body if _has_effect(item) and not _is_main_guard(item)]

    @cached_property
    def _mentions(self) -> dict[str, list[ast.stmt]]:
        """Statements that may change what a name of the module holds, by name."""
        found: dict[str, list[ast.stmt]] = {}
        for statement in self._effects:
            for name in self._touched(statement):
                found.setdefault(name, []).append(statement)
        return found

    def _touched(self, statement: ast.stmt) -> set[str]:
        decorators = getattr(statement, "decorator_list", None)
        if decorators is None:
            direct = called = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}
        else:
            # `@text.register` changes text; `@step("a")` changes what the function step changes.
            nodes = [node for item in decorators for node in ast.walk(item)]
            called = {node.id for node in nodes if isinstance(node, ast.Name)}
            owners = [node.value for node in nodes if isinstance(node, ast.Attribute)]
            direct = {node.id for node in owners if isinstance(node, ast.Name)}
            called -= {name for name in direct if any(map(_is_function, self._bound.get(name, ())))}
        seen: set[str] = set()
        waiting = [*called]
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            for definition in self._bound.get(name, ()):
                if isinstance(definition, _DEFINITIONS):
                    waiting += [node.id for node in ast.walk(definition) if isinstance(node, ast.Name)]
        return direct | {name for name in seen if any(map(_only_binds, self._bound.get(name, ())))}

    @cached_property
    def outward_effects(self) -> list[tuple[ast.stmt, set[str]]]:
        """Statements that may change something in other modules, with the imported names that they mention."""
        found = []
        for statement in self._effects:
            places = getattr(statement, "decorator_list", [statement])
            names = {node.id for place in places for node in ast.walk(place) if isinstance(node, ast.Name)}
            if names & self.imports.keys():
                found.append((statement, names & self.imports.keys()))
        return found

    @cached_property
    def imports_for_effect(self) -> list[str]:
        """Modules that are imported by statements ``import x`` and never mentioned."""
        used = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        return [
            alias.name
            for statement in self._tree.body
            if isinstance(statement, ast.Import)
            for alias in statement.names
            if (alias.asname or alias.name.partition(".")[0]) not in used
        ]

    @cached_property
    def changed(self) -> set[str]:
        """Names that functions of the module declare to be global, because they assign to them."""
        return {name for node in ast.walk(self._tree) if isinstance(node, ast.Global) for name in node.names}

    def public(self) -> list[str] | None:
        """Return what ``__all__`` lists, or ``None`` where there is none that can be read."""
        for statement in self._bound.get("__all__", ()):
            value: Any = getattr(statement, "value", None)
            try:
                return [str(name) for name in ast.literal_eval(value)]
            except (ValueError, TypeError):
                return None
        return None

    def exports(self, name: str) -> bool:
        """Say whether a star import of this module would take a name that the module binds."""
        public = self.public()
        return not name.startswith("_") if public is None else name in public

    def find_class(self, qualname: str) -> list[ast.ClassDef]:
        """Return the definitions of a class that is nested in classes and functions as its qualified name says."""
        nodes: list[ast.AST] = [self._tree]
        for name in (part for part in qualname.split(".") if part != "<locals>"):
            nodes = [found for node in nodes for found in _inside(node) if getattr(found, "name", "") == name]
        return [node for node in nodes if isinstance(node, ast.ClassDef)]


def _inside(node: ast.AST) -> list[ast.AST]:
    """Return the definitions in a body, those under ``if`` and the like included."""
    found: list[ast.AST] = []
    stack = [*ast.iter_child_nodes(node)]
    while stack:
        item = stack.pop(0)
        if isinstance(item, _DEFINITIONS):
            found.append(item)
        elif isinstance(item, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            stack += ast.iter_child_nodes(item)
    return found


def is_reading(name: str | None) -> bool:
    """Say whether a name looks like that of something that reads files or the environment."""
    return name is not None and (name in ("environ", "getenv", "load", "open") or name.startswith("read"))


def _has_effect(statement: ast.stmt) -> bool:
    if isinstance(statement, _DEFINITIONS):
        return bool(statement.decorator_list)
    return not isinstance(statement, (ast.Import, ast.ImportFrom)) and not _only_binds(statement)


def _is_main_guard(statement: ast.stmt) -> bool:
    """Say whether a statement runs only where the module is a script."""
    return isinstance(statement, ast.If) and any(
        isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test)
    )


def _only_binds(statement: ast.stmt) -> bool:
    """Say whether a statement does no more than give values to plain names."""
    if isinstance(statement, ast.Assign):
        return all(map(_is_plain_target, statement.targets))
    return isinstance(statement, ast.AnnAssign) and _is_plain_target(statement.target)


def _is_plain_target(node: ast.expr) -> bool:
    if isinstance(node, (ast.Tuple, ast.List)):
        return all(map(_is_plain_target, node.elts))
    return isinstance(node, ast.Name)


def _is_function(node: ast.stmt) -> bool:
    return isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
