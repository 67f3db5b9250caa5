"""A page's Python: a process that executes one block after the other in one namespace, as a notebook does.

Started by ``page_session``; it reads blocks as JSON lines from one descriptor and answers on another.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import linecache
import os
import sys
import tokenize
import traceback
import types


def main() -> None:
    orders, answers = (os.fdopen(int(number), mode) for number, mode in zip(sys.argv[1:], "rw"))
    sys.argv = [""]
    sys.path[0] = ""
    # The blocks' names are those of a program of their own, not of this file.
    program = sys.modules["__main__"] = types.ModuleType("__main__")
    for line in orders:
        order = json.loads(line)
        print(json.dumps(_execute(order["name"], order["source"], vars(program))), file=answers, flush=True)


def _execute(name: str, source: str, namespace: dict[str, object]) -> str:
    """Execute a block and return what is wrong: a traceback, or a comment that is not what came out."""
    # As IPython does it, so that tracebacks and fingerprints find the text.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    remarks = []
    try:
        comments = _comments(source)
        for statement in ast.parse(source, name).body:
            shown = comments.get(statement.end_lineno or 0)
            if isinstance(statement, ast.Expr) and shown is not None:
                remarks += _compare(statement, shown, name, namespace)
            else:
                exec(compile(ast.Module([statement], []), name, "exec"), namespace)
    except BaseException:
        remarks.append(traceback.format_exc())
    return "\n".join(remarks)


def _comments(source: str) -> dict[int, str]:
    """Return the comments by line that stand behind code."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ")
        for token in tokens
        if token.type == tokenize.COMMENT and token.line[: token.start[1]].strip()
    }


def _compare(statement: ast.Expr, shown: str, name: str, namespace: dict[str, object]) -> list[str]:
    """Evaluate an expression: the comment behind `print(…)` is what it prints, one that shows a value is the value."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        value = eval(compile(ast.Expression(statement.value), name, "eval"), namespace)
    if ast.unparse(statement).startswith("print("):
        return _remark(statement, shown, printed.getvalue().strip())
    print(printed.getvalue(), end="")
    try:
        expected = ast.literal_eval(shown)
    except (ValueError, SyntaxError):
        return []  # words about it
    return [] if value == expected and type(value) is type(expected) else _remark(statement, shown, repr(value))


def _remark(statement: ast.Expr, shown: str, found: str) -> list[str]:
    return [] if shown == found else [f"{ast.unparse(statement)}  # {shown}\n  gives: {found}"]


if __name__ == "__main__":
    main()
