"""Running: which statements of a body run when it does, on what conditions, and which expressions with them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import NamedTuple

__all__ = ["Step", "parts_of", "steps"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


class Step(NamedTuple):
    """One statement that runs.

    Args:
        node: The statement; of a block only what stands in its head.
        whole: What says all about it: the same, or a loop around it, which says what it is repeated with.
        on: The expressions that decide whether it runs.
        is_head: Whether it is what stands in the head of a block.
    """

    node: ast.stmt
    whole: ast.stmt
    on: tuple[ast.expr, ...] = ()
    is_head: bool = False


def steps(body: Iterable[ast.stmt], on: tuple[ast.expr, ...] = (), loop: ast.stmt | None = None) -> Iterator[Step]:
    """Yield the statements that run when a body does, those in blocks included.

    Args:
        body: The statements.
        on: What has decided that they run.
        loop: The outermost loop around them.
    """
    for node in body:
        if isinstance(node, ast.If) and _is_guard(node.test):
            yield from steps(node.orelse, on, loop)
        elif isinstance(node, (ast.If, *_LOOPS, ast.With, ast.AsyncWith, ast.Try, ast.Match)) or hasattr(
            node, "handlers"
        ):
            inner = loop or (node if isinstance(node, _LOOPS) else None)
            heads = [*_heads(node)]
            for head in heads:
                statement = ast.copy_location(ast.Expr(head), head)
                yield Step(statement, inner or statement, on, True)
            yield from _inside(node, (*on, *heads) if isinstance(node, (ast.If, ast.Match)) else on, inner)
        else:
            yield Step(node, loop or node, on)


def _inside(node: ast.AST, on: tuple[ast.expr, ...], loop: ast.stmt | None) -> Iterator[Step]:
    for name in _BLOCKS:
        for item in getattr(node, name, ()):
            yield from steps([item], on, loop) if isinstance(item, ast.stmt) else _inside(item, on, loop)


def _heads(node: ast.AST) -> Iterator[ast.expr]:
    for name in ("test", "iter", "subject"):
        if hasattr(node, name):
            yield getattr(node, name)
    for item in getattr(node, "items", ()):
        yield item.context_expr


def parts_of(node: ast.AST, *, functions: bool) -> Iterator[ast.AST]:
    """Yield a statement and what in it runs with it: bodies of classes, but of functions only the heads.

    Args:
        node: The statement.
        functions: Whether the bodies of functions are taken for run, too. Those of lambdas always are.
    """
    stack = [node]
    while stack:
        item = stack.pop()
        yield item
        if isinstance(item, _FUNCTIONS) and not functions:
            stack += [*item.decorator_list, *item.args.defaults, *filter(None, item.args.kw_defaults)]
        elif isinstance(item, ast.Call) and (code := _executed(item)) is not None:
            stack += code.body
        else:
            stack += ast.iter_child_nodes(item)


def _executed(call: ast.Call) -> ast.Module | None:
    """Return the code that a call of ``exec`` with a text executes."""
    text = call.args[0] if isinstance(call.func, ast.Name) and call.func.id == "exec" and call.args else None
    if not (isinstance(text, ast.Constant) and isinstance(text.value, str)):
        return None
    try:
        return ast.parse(text.value)
    except SyntaxError:
        return None


def _is_guard(test: ast.expr) -> bool:
    """Say whether a condition is that of a script or of a type checker."""
    return any(getattr(item, "id", None) in ("__name__", "TYPE_CHECKING") for item in ast.walk(test)) or any(
        getattr(item, "attr", None) == "TYPE_CHECKING" for item in ast.walk(test)
    )
