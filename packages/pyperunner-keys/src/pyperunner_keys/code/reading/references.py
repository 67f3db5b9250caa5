"""References: the names that a piece of code takes from outside itself.

A *use* is a name with the attributes taken from it, such as ``("features", "clean")`` for ``features.clean(x)``. Names
bound by an import inside the code are uses too: they begin with an ``Import``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, TypeAlias

from pyperunner_keys.code.cached import cached_property
from pyperunner_keys.code.reading.scope import COMPREHENSIONS, Comprehension, Function, Import, Scope, bind, defaults
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["CHANGING", "WHOLE_MODULE", "Facts", "Use", "read_function", "read_hints", "read_statements"]

Use: TypeAlias = "tuple[str | Import, Unpack[tuple[str, ...]]]"
"""A name (or an ``Import``) and the attributes taken from it."""

WHOLE_MODULE = "globals()"
"""Stands, as a name, for all names of the module that the code is in."""

CHANGING = frozenset(
    ("add", "append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "sort", "update")
)
"""Methods of containers that change them."""
_OF_GLOBALS = frozenset(("__globals__", "f_globals"))
"""Attributes of functions and frames that hold the names of a module."""
_FINDING = {"resolve_name": "pkgutil", "run_module": "runpy"}
"""Functions that find a module by a text, and where they are."""
_GENERATORS = frozenset(("RandomState", "SeedSequence", "default_rng"))
"""What makes generators of numpy's, which begin anywhere if they are given nothing to begin with."""


@light_dataclass
class Facts:
    """What a piece of code needs from outside, and what in it cannot be known before it runs."""

    uses: set[Use] = field(default_factory=set)
    gaps: dict[str, str] = field(default_factory=dict)
    """Reasons by the text of the construct."""
    changed: set[Use] = field(default_factory=set)
    """Uses that the code assigns to while it runs."""

    @cached_property
    def sorted_uses(self) -> list[tuple[str, Use]]:
        """The uses in an order of their own, each with a text that shows it."""
        return sorted(((_shown(use), use) for use in self.uses), key=lambda pair: pair[0])


def _shown(use: Use) -> str:
    root, *rest = use
    if isinstance(root, Import):
        root = f"import {'.' * root.level}{root.module}" + (f":{root.name}" if root.name else "")
    return ".".join([root, *rest])


def read_function(node: Function, decorators: Sequence[ast.expr] = ()) -> Facts:
    """Return what a function needs.

    Args:
        node: The function; its defaults are evaluated elsewhere and not looked at.
        decorators: Those of its decorators that count.
    """
    walker = _Walker()
    module = Scope(None, "module")
    for item in decorators:
        walker.visit(item, module)
    if decorators and not isinstance(node, ast.Lambda):
        walker.hints(node, module)
    walker.body(node, module)
    return walker.facts


def read_statements(nodes: Iterable[ast.stmt]) -> Facts:
    """Return what statements at the top of a module need, names of that module included."""
    walker = _Walker()
    module = Scope(None, "module")
    for node in nodes:
        walker.visit(node, module)
    return walker.facts


def read_hints(nodes: Iterable[ast.AST]) -> Facts:
    """Return what expressions at the top of a module need.

    Args:
        nodes: The expressions; those that are texts of expressions are read as such.
    """
    walker = _Walker()
    module = Scope(None, "module")
    for node in nodes:
        walker.visit(node, module)
        for item in ast.walk(node):
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                walker.visit_text(item.value, module)
    return walker.facts


class _Walker:
    def __init__(self) -> None:
        self.facts = Facts()

    def visit(self, node: ast.AST, scope: Scope) -> None:
        """Walk one node of a scope, into the scopes inside it too."""
        stack: list[ast.AST] = [node]
        while stack:
            item = stack.pop()
            if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                self._function(item, scope)
            elif isinstance(item, ast.ClassDef):
                self._class(item, scope)
            elif isinstance(item, COMPREHENSIONS):
                self._comprehension(item, scope)
            elif isinstance(item, ast.AnnAssign):
                stack += [part for part in (item.value, item.target) if part is not None]
                if scope.kind == "class":
                    stack.append(item.annotation)
            elif isinstance(item, (ast.Attribute, ast.Name, ast.Call, ast.Subscript)):
                stack += self._expression(item, scope)
            else:
                stack += ast.iter_child_nodes(item)

    def body(self, node: Function, scope: Scope) -> None:
        """Walk the inside of a function."""
        inner = Scope(scope, "function")
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        inner.bound.update(item.arg for item in every if item is not None)
        inner.bound.update(item.name for item in getattr(node, "type_params", []))
        statements: list[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else [*node.body]
        self._all(statements, inner)

    def hints(self, node: ast.FunctionDef | ast.AsyncFunctionDef, scope: Scope) -> None:
        """Walk the hints of a function whose decorator may look at them."""
        for item in ast.walk(node.args):
            if isinstance(item, ast.arg) and item.annotation is not None:
                self.visit(item.annotation, scope)
        if node.returns is not None:
            self.visit(node.returns, scope)

    def _all(self, nodes: Iterable[ast.AST], scope: Scope) -> None:
        nodes = [*nodes]
        bind(nodes, scope)
        for node in nodes:
            self.visit(node, scope)
        self.facts.uses.update((module,) for modules in scope.for_effect.values() for module in modules)
        if scope.kind == "class":  # which holds what it imports, for others to take
            self.facts.uses.update((target,) for targets in scope.imports.values() for target in targets)

    def _function(self, node: Function, scope: Scope) -> None:
        decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
        for item in [*decorators, *defaults(node)]:
            self.visit(item, scope)
        if decorators and not isinstance(node, ast.Lambda):
            self.hints(node, scope)
        self.body(node, scope)

    def _class(self, node: ast.ClassDef, scope: Scope) -> None:
        for item in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(item, scope)
        self._all(node.body, Scope(scope, "class"))

    def _comprehension(self, node: Comprehension, scope: Scope) -> None:
        inner = Scope(scope, "function")
        bind([part.target for part in node.generators], inner)
        for index, part in enumerate(node.generators):
            # The first iterable is evaluated outside.
            self.visit(part.iter, inner if index else scope)
            for item in (part.target, *part.ifs):
                self.visit(item, inner)
        for name in ("elt", "key", "value"):
            if hasattr(node, name):
                self.visit(getattr(node, name), inner)

    def _expression(self, node: ast.expr, scope: Scope) -> list[ast.AST]:
        """Note the use that an expression is; return what is left to walk."""
        uses = self._uses(node, scope)
        if uses is not None:
            self.facts.uses.update(uses)
            if not isinstance(getattr(node, "ctx", None), (ast.Load, type(None))):
                self.facts.changed.update(uses)
            return []
        if isinstance(node, ast.Call):
            self._call(node, scope)
        if isinstance(node, ast.Subscript):
            self._subscript(node, scope)
        return [*ast.iter_child_nodes(node)]

    def _uses(self, node: ast.AST, scope: Scope) -> list[Use] | None:
        """Return the uses that a chain of attributes stands for, or ``None`` for any other expression."""
        names: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                names.append(node.attr)
                node = node.value
            elif (constant := _constant_getattr(node)) is not None:
                names.append(constant)
                node = node.args[0]  # type: ignore[attr-defined]
            else:
                break
        if not _OF_GLOBALS.isdisjoint(names):
            self.facts.gaps[".".join(reversed(names))] = "globals are looked up by a name made at run time"
            self.facts.uses.add((WHOLE_MODULE,))
        if isinstance(node, ast.Name):
            roots = self._roots(node, scope)
        else:
            module = _constant_import(node) or self._constant_module(node, scope)
            if module is None:
                return None
            roots = [module]
            for item in ast.iter_child_nodes(node):
                self.visit(item, scope)
        return [(root, *reversed(names)) for root in roots]

    def _constant_module(self, node: ast.AST, scope: Scope) -> Import | None:
        """Return the module that ``sys.modules`` with a constant names."""
        if not (isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_text(node.slice)):
            return None
        known = ("sys", "modules") in (self._uses(node.value, scope) or ())
        return Import(node.slice.value) if known else None  # type: ignore[attr-defined]

    def _roots(self, node: ast.Name, scope: Scope) -> list[str | Import]:
        """Return what a name stands for outside the code: itself, imports inside the code, or nothing."""
        name, here = node.id, scope
        current: Scope | None = scope
        while current is not None:
            if name in current.outward:
                return [name]
            if name in current.bound and (current.kind == "function" or current is here):
                found: list[str | Import] = [*current.imports.get(name, ())]
                current.for_effect.pop(name, None)
                # A class body falls back to the global of the same name.
                return [*found, name] if current.kind == "class" else found
            current = current.parent
        return [name]

    def _call(self, node: ast.Call, scope: Scope) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        roots = self._roots(node.func, scope) if isinstance(node.func, ast.Name) else [name]
        if name in _GENERATORS and roots and all(map(_is_none, (*node.args, *(item.value for item in node.keywords)))):
            self.facts.gaps[ast.unparse(node)] = "its numbers are others in every run: give it a seed"
        if name not in roots:
            return
        text = ast.unparse(node)
        if name in ("eval", "exec") and isinstance(node.func, ast.Name):
            self._evaluated(node.args[0] if node.args else None, text, scope)
        elif name in ("import_module", "__import__") or (name in _FINDING and _is_finding(node.func)):
            self.facts.gaps[text] = "the module's name is made at run time"
        elif name == "globals" and isinstance(node.func, ast.Name):
            self.facts.gaps[text] = "globals are looked up by a name made at run time"
            self.facts.uses.add((WHOLE_MODULE,))
        elif name == "__subclasses__":
            self.facts.gaps[text] = "subclasses are looked up at run time"
        elif name in CHANGING and isinstance(node.func, ast.Attribute):
            self.facts.changed.update(self._uses(node.func.value, scope) or ())
        elif name == "getattr" and len(node.args) > 1 and self._uses(node.args[0], scope):
            self.facts.gaps[text] = "the attribute's name is made at run time"

    def _subscript(self, node: ast.Subscript, scope: Scope) -> None:
        uses = self._uses(node.value, scope) or []
        if not isinstance(node.ctx, ast.Load):
            self.facts.changed.update(uses)
        elif ("sys", "modules") in uses:
            self.facts.gaps[ast.unparse(node)] = "the module is looked up at run time"
            if isinstance(node.slice, ast.Name) and node.slice.id == "__name__":
                self.facts.uses.add((WHOLE_MODULE,))

    def _evaluated(self, node: ast.expr | None, text: str, scope: Scope) -> None:
        known = isinstance(node, ast.Constant) and isinstance(node.value, str) and self.visit_text(node.value, scope)
        if not known:
            self.facts.gaps[text] = "the code is made at run time"
            self.facts.uses.add((WHOLE_MODULE,))

    def visit_text(self, text: str, scope: Scope) -> bool:
        """Walk code that is written as a text, and say whether it is code."""
        try:
            self.visit(ast.parse(text.strip()), scope)
        except SyntaxError:
            return False
        return True


def _constant_getattr(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr" and node.args[1:]:
        name = node.args[1]
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and len(node.args) == 2:
            return name.value
    return None


def _constant_import(node: ast.AST) -> Import | None:
    """Return the module that a call of ``import_module`` with a constant names."""
    if not (isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords):
        return None
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    first = node.args[0]
    if not _is_text(first):
        return None
    module: str = first.value  # type: ignore[attr-defined]
    # Of "package.module", __import__ returns the package; a name that begins with a dot needs to know whose it is.
    plain = not module.startswith(".") if name == "import_module" else name == "__import__" and "." not in module
    return Import(module) if plain else None


def _is_finding(node: ast.expr) -> bool:
    """Say whether one of the functions that find modules is called, and no method of that name."""
    return isinstance(node, ast.Name) or (
        isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _FINDING.values()
    )


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
