"""Source texts: found, parsed once, and matched with the code objects that were compiled from them.

A text is believed only as far as it compiles to the very code that runs. A file that was edited after its import, or
code that an import hook rewrote, is thereby told from the text on disk.
"""

from __future__ import annotations

import ast
import linecache
import os
import sys
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias
from zipimport import ZipImportError, zipimporter

import xxhash

from pyperunner_keys.code.cached import cached_property
from pyperunner_keys.code.reading.bytecode import code_form, nested_codes
from pyperunner_keys.code.reading.class_text import ClassText
from pyperunner_keys.code.reading.loaded import foreign_code
from pyperunner_keys.code.reading.module_names import TopLevel
from pyperunner_keys.code.reading.references import Facts, read_function, read_statements
from pyperunner_keys.code.reading.syntax import function_form, tree_form
from pyperunner_keys.encoding.plain import digest_bytes, encode_plain
from pyperunner_keys.project import file_of

if TYPE_CHECKING:
    from pyperunner_keys.code.reading.scope import Function
    from pyperunner_keys.project import Names

__all__ = ["SourceFile", "Written", "file_source", "loaded_digest", "loaded_source", "source_of"]

Written: TypeAlias = "str | Function | dict[str, Written]"
"""What a name is to hold: a value as its ``repr``, a function, or a class by its members."""
Drop = Callable[[ast.AST], bool]

_FAR = 1_000_000
"""Lines that no file has; functions that share a line are moved there to be told apart."""


class SourceFile:
    """One text of Python source. What is read from it is kept, and shared by all who ask.

    Args:
        name: The file name that its code objects carry.
        data: The text as bytes.

    Attributes:
        importer: The user's own object that imports the module, where it is no plain import.
    """

    def __init__(self, name: str, data: bytes) -> None:
        self.importer: object = None
        self.name = name
        self.data = data
        self.digest = digest_bytes(data)
        self._functions: dict[ast.AST, tuple[bytes, Facts]] = {}
        self._classes: dict[str, list[ClassText]] = {}
        self._found: dict[int, tuple[CodeType, Function | None]] = {}
        self._statements: dict[str, tuple[bytes, Facts]] = {}

    @property
    def tree(self) -> ast.Module:
        """The syntax tree; empty where the text is not valid Python."""
        return self._parsed[0]

    @cached_property
    def _parsed(self) -> tuple[ast.Module, bytes]:
        """The syntax tree and the text that it is of."""
        texts: tuple[Callable[[], bytes], ...] = (lambda: self.data, self._of_cell)
        with warnings.catch_warnings():
            # Python has said what it has to say about this text when it imported it.
            warnings.simplefilter("ignore")
            for text in texts:
                try:
                    data = text()
                    return ast.parse(data, self.name), data
                except (SyntaxError, ValueError):
                    continue
        return ast.Module([], []), self.data

    def _of_cell(self) -> bytes:
        """Return what IPython makes of a cell with magic commands before it is compiled."""
        find: Any = getattr(sys.modules.get("IPython"), "get_ipython", None)
        shell = None if find is None else find()
        # The kernel of Jupyter names its cells after files that do not exist.
        if shell is None or Path(self.name).exists():
            return b""
        text: str = shell.transform_cell(self.data.decode("utf-8", "surrogatepass"))
        return text.encode("utf-8", "surrogatepass")

    @cached_property
    def top(self) -> TopLevel:
        """The names at the top of the module."""
        return TopLevel(self.tree)

    @cached_property
    def _nodes(self) -> dict[tuple[str, int], list[Function]]:
        found: dict[tuple[str, int], list[Function]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
                found.setdefault((name, _first_line(node)), []).append(node)
        return found

    @cached_property
    def _codes(self) -> dict[tuple[str, int], list[CodeType]]:
        found: dict[tuple[str, int], list[CodeType]] = {}
        for code in nested_codes(self.code):
            found.setdefault((code.co_name, code.co_firstlineno), []).append(code)
        return found

    @cached_property
    def code(self) -> CodeType:
        """What an import of this text runs; nothing where it cannot be compiled."""
        try:
            return self._compile()
        except SyntaxError:  # a return outside of a function, say, which has a tree
            return compile("", self.name, "exec")

    def _compile(self) -> CodeType:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return compile(self.tree, self.name, "exec", dont_inherit=True)

    @cached_property
    def written(self) -> dict[str, Written]:
        """What an import of this text leaves under the names whose last statement at the top says it plainly."""
        return _written(self.tree.body)

    def find(self, code: CodeType) -> Function | None:
        """Return the function that ``code`` was compiled from, or ``None`` if this text is not where it came from."""
        known = self._found.get(id(code))
        if known is None:
            # The code object is kept, so that no other one can get its identity.
            known = self._found[id(code)] = (code, self._search(code))
        return known[1]

    def _search(self, code: CodeType) -> Function | None:
        key = (code.co_name, code.co_firstlineno)
        nodes = self._nodes.get(key, [])
        if not nodes or not any(_alike(code, other) for other in self._codes.get(key, ())):
            return None
        return nodes[0] if len(nodes) == 1 else self._pick(code, nodes)

    def _pick(self, code: CodeType, nodes: list[Function]) -> Function | None:
        """Tell lambdas on one line apart: move each to lines of its own, compile, and see which one is ``code``."""
        for node in nodes:
            ast.increment_lineno(node, _FAR)
            try:
                # Of lambdas inside each other, the outermost comes first.
                moved = next(item for item in nested_codes(self._compile()) if item.co_firstlineno > _FAR)
            finally:
                ast.increment_lineno(node, -_FAR)
            if _alike(code, moved):
                return node
        return None

    def function(self, node: Function, drop: Drop) -> tuple[bytes, Facts]:
        """Return the digest of a function's normal form, without its defaults, and what it needs.

        Args:
            node: A function of this text.
            drop: Says which decorators leave no trace.
        """
        known = self._functions.get(node)
        if known is None:
            decorators = [item for item in getattr(node, "decorator_list", ()) if not drop(item)]
            form = xxhash.xxh3_128_digest(function_form(node, decorators))
            known = (form, read_function(node, decorators))
            self._functions[node] = known
        return known

    def classes(self, qualname: str) -> list[ClassText]:
        """Return the definitions of a class.

        Args:
            qualname: Its qualified name.
        """
        if qualname not in self._classes:
            self._classes[qualname] = [ClassText(node) for node in self.top.find_class(qualname)]
        return self._classes[qualname]

    def statements(self, name: str, drop: Drop) -> tuple[bytes, Facts]:
        """Return the normal form of the statements that make a name of the module, and what they need.

        Args:
            name: A name bound at the top of the module.
            drop: Says which decorators leave no trace.
        """
        known = self._statements.get(name)
        if known is None:
            nodes = self.top.statements(name)
            known = (tree_form(nodes, drop), read_statements(nodes))
            self._statements[name] = known
        return known

    @cached_property
    def _lines(self) -> list[str]:
        return self._parsed[1].decode("utf-8", "replace").splitlines(keepends=True)

    def segment(self, nodes: Iterable[ast.AST], without: Iterable[ast.AST] = ()) -> str:
        """Return the lines that some nodes span, their decorators included.

        Args:
            nodes: Nodes of this text.
            without: Nodes inside them whose lines are left out.
        """
        wanted = {line for node in nodes for line in _lines_of(node)}
        wanted.difference_update(line for node in without for line in _lines_of(node))
        return "".join(self._lines[line - 1] for line in sorted(wanted) if line <= len(self._lines))


_files: dict[str, list[SourceFile]] = {}
"""The texts that a file had when it was read, the newest first."""
_MOST = 8
"""Texts of one file that are kept: older code may still run."""
_loaded: dict[str, tuple[object, SourceFile]] = {}
"""By the path of a module: its specification, which each import makes anew, and the text that it was loaded from."""


def source_of(code: CodeType) -> tuple[SourceFile, Function] | None:
    """Return the source of a function and its syntax tree, or ``None`` where it is unknown or has changed since.

    Args:
        code: The code object of the function.
    """
    known = [*_files.get(code.co_filename, ())]
    for file in (*known, None):
        if file is None:
            file = file_source(code.co_filename)
            if file is None or file in known:
                return None
        node = file.find(code)
        if node is not None:
            return file, node
    return None


def loaded_source(names: Names, path: str) -> SourceFile | None:
    """Return the text that a loaded module comes from, or ``None``: not the newer one that its file may have by now.

    Args:
        names: The module's globals.
        path: Its file.
    """
    spec, (known_spec, known) = names.get("__spec__"), _loaded.get(path, (None, None))
    file = file_source(path)
    stays = known is not None and file is not known and spec is known_spec and not _is_rather(file, known, names)
    if not stays and file is not None:
        _loaded[path] = spec, file
    return known if stays else file


def loaded_digest(module: ModuleType) -> str:
    """Return a digest of what a module was loaded from, as ``Fingerprint.modules`` holds it.

    It is ``digest_bytes`` of its file, or of the byte code where Python has taken that of another text for it; empty
    where there is no such file. The text is kept, so that what becomes of the file later does not count here.

    Args:
        module: A module with a file of Python source.
    """
    names = vars(module)
    path = file_of(names) or ""
    file = loaded_source(names, path)
    return "" if file is None else foreign_code(names, path, lambda: file.code) or file.digest


def _is_rather(file: SourceFile | None, other: SourceFile, names: Names) -> bool:
    """Say whether the functions of a module are those of one text, and not those of another one."""
    codes = [
        item.__code__
        for item in list(names.values())
        if isinstance(item, FunctionType) and item.__globals__ is names and item.__code__.co_filename == other.name
    ]
    return file is not None and not all(map(other.find, codes)) and all(map(file.find, codes))


def file_source(name: str) -> SourceFile | None:
    """Return the text of a file as it is now, or ``None``.

    Args:
        name: A path, or what stands for one in code typed at a prompt or in a notebook.
    """
    data = _read(name)
    if data is None:
        return None
    known = _files.setdefault(name, [])
    found = next((file for file in known if file.data == data), None)
    if found is None:
        found = SourceFile(name, data)
        known.insert(0, found)
        del known[_MOST:]
    return found


def _read(name: str) -> bytes | None:
    try:
        with open(name, "rb") as file:
            return file.read()
    except (OSError, ValueError):
        pass
    if (data := _inside_archive(name)) is not None:
        return data
    if name == "<string>" and sys.orig_argv[1:2] == ["-c"]:
        return sys.orig_argv[2].encode("utf-8", "surrogateescape")
    lines = linecache.getlines(name)
    return "".join(lines).encode("utf-8", "surrogatepass") if lines else None


def _inside_archive(name: str) -> bytes | None:
    """Return the text of a module in a zip file, as this process's importer of that file sees it."""
    path = str(Path(name).absolute())
    for importer in list(sys.path_importer_cache.values()):
        if not isinstance(importer, zipimporter):
            continue
        root = str(Path(importer.archive).absolute())
        if path.startswith(root + os.sep):
            try:
                return importer.get_data(importer.archive + path[len(root) :])
            except (OSError, ZipImportError):
                return None
    return None


def _written(body: Iterable[ast.stmt]) -> dict[str, Written]:
    found: dict[str, Written] = {}
    for statement in body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                found[statement.targets[0].id] = repr(ast.literal_eval(statement.value))
                continue
            except (ValueError, TypeError):
                pass
        elif isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and not statement.decorator_list:
            found[statement.name] = statement
            continue
        elif isinstance(statement, ast.ClassDef) and not statement.decorator_list and not statement.keywords:
            found[statement.name] = _written(statement.body)
            continue
        for node in ast.walk(statement):
            name = getattr(node, "id", None) or getattr(node, "name", None)
            if isinstance(name, str):
                found.pop(name, None)
    return found


def _first_line(node: ast.AST) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([getattr(node, "lineno", 1), *(item.lineno for item in decorators)])


def _lines_of(node: ast.AST) -> range:
    return range(_first_line(node), (getattr(node, "end_lineno", None) or 0) + 1)


def _alike(code: CodeType, other: CodeType) -> bool:
    return code.co_code == other.co_code and encode_plain(code_form(code)) == encode_plain(code_form(other))
