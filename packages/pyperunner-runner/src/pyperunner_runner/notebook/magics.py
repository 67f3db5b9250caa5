"""Magics: a cell as a task, ``%%task Clean(rows, scale=1)``, after ``%load_ext pyperunner``."""

from __future__ import annotations

import ast
from typing import Any

__all__ = ["register", "task_of_cell"]


def register(ipython: Any) -> None:
    """Add the magics to an interactive shell.

    Args:
        ipython: An ``IPython.core.interactiveshell.InteractiveShell``.
    """

    def make_task(line: str, cell: str) -> None:
        source = task_of_cell(line, ipython.transform_cell(cell))
        filename = ipython.compile.cache(source, ipython.execution_count)
        exec(compile(source, filename, "exec", dont_inherit=True), ipython.user_ns)

    make_task.__doc__ = (
        "``%%task Name`` or ``%%task Name(param, other=1)``: make a task class ``Name`` of the cell, which is the body "
        "of its function. Where nothing is returned, what the last line evaluates to is, as a cell shows it."
    )
    ipython.register_magic_function(make_task, magic_kind="cell", magic_name="task")


def task_of_cell(line: str, cell: str) -> str:
    """Return the source of a task whose body is a cell.

    Args:
        line: Its name, and its params in parentheses if it has any.
        cell: The body, in plain Python.

    Raises:
        SyntaxError: The line is no name with params, or the cell is no Python.
    """
    head = line.strip() if "(" in line else f"{line.strip()}()"
    try:
        (function,) = ast.parse(f"def {head}: pass").body
    except (SyntaxError, ValueError):
        what = "after %%task stands the name of the task, such as Clean or Clean(rows, scale=1)"
        raise SyntaxError(f"%%task {line.strip()}: {what}") from None
    assert isinstance(function, ast.FunctionDef)
    function.body = ast.parse(cell).body or [ast.Pass()]
    inner = _own_nodes(function.body)
    last = function.body[-1]
    if isinstance(last, ast.Expr) and not any(isinstance(node, ast.Return) for node in inner):
        function.body[-1] = ast.Return(last.value)
    source = ast.unparse(ast.fix_missing_locations(function))
    waits = any(isinstance(node, (ast.Await, ast.AsyncFor, ast.AsyncWith)) for node in inner)
    # The whole definition is text, as in a cell that is written out: text is what counts, and what travels.
    return f"@__import__('pyperunner_dag').task({function.name!r})\n{'async ' if waits else ''}{source}\n"


def _own_nodes(body: list[ast.stmt]) -> list[ast.AST]:
    """Return the nodes of a body that belong to no function or class inside it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = [*body]
    for node in waiting:  # it grows meanwhile
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
    return found
