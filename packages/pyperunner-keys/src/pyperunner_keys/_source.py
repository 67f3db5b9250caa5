"""The source text behind a code object, and the syntax tree of the function it was compiled from."""

from __future__ import annotations

import ast
import linecache
import os
import sys
import warnings
from collections.abc import Iterator
from types import CodeType
from typing import Any

import xxhash

__all__ = ["Function", "SourceFile", "code_form", "source_of"]

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class SourceFile:
    """One text of Python source, parsed and compiled when it is first asked for a function.

    Args:
        name: The file name that its code objects carry.
        data: The text as bytes.
        stamp: What tells whether the file has been written since.
    """

    def __init__(self, name: str, data: bytes, stamp: Any) -> None:
        self.name = name
        self.data = data
        self.stamp = stamp
        self.digest = xxhash.xxh3_128_hexdigest(data)
        self._nodes: dict[tuple[str, int], list[Function]] | None = None
        self._codes: dict[tuple[str, int], list[CodeType]] = {}
        self.tree = ast.Module([], [])

    def find(self, code: CodeType) -> Function | None:
        """Return the function that ``code`` was compiled from, or ``None`` if this text is not where it came from."""
        if self._nodes is None:
            self._read()
        key = (code.co_name, code.co_firstlineno)
        if not any(_alike(code, other) for other in self._codes.get(key, ())):
            return None
        nodes = (self._nodes or {}).get(key, [])
        return nodes[0] if len(nodes) == 1 else self._pick(code, nodes)

    def segment(self, node: ast.AST) -> str:
        """Return the lines that a node spans, its decorators included."""
        lines = self.data.decode("utf-8", "replace").splitlines(keepends=True)
        return "".join(lines[_first_line(node) - 1 : getattr(node, "end_lineno", 0)])

    def _read(self) -> None:
        self._nodes = {}
        try:
            self.tree, compiled = self._compile()
        except (SyntaxError, ValueError):
            return
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
                self._nodes.setdefault((name, _first_line(node)), []).append(node)
        for code in _nested(compiled):
            self._codes.setdefault((code.co_name, code.co_firstlineno), []).append(code)

    def _compile(self) -> tuple[ast.Module, CodeType]:
        with warnings.catch_warnings():
            # Python has said what it has to say about this text when it imported it.
            warnings.simplefilter("ignore")
            tree = ast.parse(self.data, self.name)
            return tree, compile(tree, self.name, "exec", dont_inherit=True)

    def _pick(self, code: CodeType, nodes: list[Function]) -> Function | None:
        """Tell lambdas on one line apart: give each a line of its own, compile, and see which one is ``code``."""
        lines = [node.lineno for node in nodes]
        try:
            for index, node in enumerate(nodes):
                node.lineno = node.end_lineno = 1_000_000 + index
            compiled = compile(self.tree, self.name, "exec", dont_inherit=True)
        finally:
            for node, line in zip(nodes, lines, strict=True):
                node.lineno = node.end_lineno = line
        for other in _nested(compiled):
            if other.co_firstlineno >= 1_000_000 and _alike(code, other):
                return nodes[other.co_firstlineno - 1_000_000]
        return None


_files: dict[str, SourceFile] = {}


def source_of(code: CodeType) -> tuple[SourceFile, Function] | None:
    """Return the source of a function and its syntax tree, or ``None`` where it is unknown or has changed since.

    Args:
        code: The code object of the function.
    """
    name = code.co_filename
    known = _files.get(name)
    if known is not None:
        node = known.find(code)
        if node is not None:
            return known, node
    fresh = _read_source(name)
    if fresh is None or (known is not None and fresh.data == known.data):
        return None
    node = fresh.find(code)
    if node is None:
        return None
    _files[name] = fresh
    return fresh, node


def _read_source(name: str) -> SourceFile | None:
    try:
        with open(name, "rb") as file:
            status = os.fstat(file.fileno())
            return SourceFile(name, file.read(), (status.st_mtime_ns, status.st_size))
    except (OSError, ValueError):
        pass
    if name == "<string>" and sys.orig_argv[1:2] == ["-c"]:
        return SourceFile(name, sys.orig_argv[2].encode(), None)
    lines = linecache.getlines(name)
    return SourceFile(name, "".join(lines).encode(), None) if lines else None


def _first_line(node: ast.AST) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([getattr(node, "lineno", 1), *(item.lineno for item in decorators)])


def _nested(code: CodeType) -> Iterator[CodeType]:
    stack = [code]
    while stack:
        code = stack.pop()
        yield code
        stack.extend(const for const in code.co_consts if isinstance(const, CodeType))


def code_form(code: CodeType) -> tuple[Any, ...]:
    """Return what a code object does, without where it stands: equal for equal code within one Python version."""
    return (
        code.co_code,
        tuple(code_form(c) if isinstance(c, CodeType) else c for c in code.co_consts),
        (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
    )


def _alike(code: CodeType, other: CodeType) -> bool:
    return code.co_code == other.co_code and repr(code_form(code)) == repr(code_form(other))
