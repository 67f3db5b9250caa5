"""Decorators that leave no trace: those that a function need not remember."""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyperunner_keys.code.kinds import held, is_own_code, is_structure
from pyperunner_keys.project import Names, family

if TYPE_CHECKING:
    from pyperunner_keys.code.reading.source import SourceFile

__all__ = ["leaves_no_trace", "leaves_no_trace_in"]

_MISSING = object()
_REMEMBERING = (functools.lru_cache, functools.cache)


def leaves_no_trace(names: Names) -> Callable[[ast.AST], bool]:
    """Return what says of a function's decorator that the function need not remember it.

    What the user's own decorators do is seen in what they return; a cache or a task is no part of what a function does.

    Args:
        names: Globals in which the decorator is looked up.
    """

    def drop(node: ast.AST) -> bool:
        root, attributes = _decorator_name(node)
        value = held(names, root, _MISSING)
        for attribute in attributes:
            if not isinstance(value, types.ModuleType):
                break
            value = held(vars(value), attribute, _MISSING)
        if value in _REMEMBERING or is_own_code(value) or is_structure(value):
            return True
        named = isinstance(value, (types.FunctionType, type)) and family(value.__module__)
        return named or is_own_code(type(value))

    return drop


def leaves_no_trace_in(file: SourceFile) -> Callable[[ast.AST], bool]:
    """Return the same for a module that is not loaded: only caches and tasks leave no trace.

    Args:
        file: The module's text.
    """

    def drop(node: ast.AST) -> bool:
        root, attributes = _decorator_name(node)
        for target in file.top.imports.get(root, ()):
            last = attributes[-1] if attributes else target.name
            if family(target.module) or (target.module == "functools" and last in ("lru_cache", "cache")):
                return True
        return False

    return drop


def _decorator_name(node: ast.AST) -> tuple[str, list[str]]:
    if isinstance(node, ast.Call):
        node = node.func
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.insert(0, node.attr)
        node = node.value
    return (node.id, attributes) if isinstance(node, ast.Name) else ("", attributes)
