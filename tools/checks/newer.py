"""What Python 3.14 and 3.15 took away or do differently, and whether anything here still leans on it.

The check runs where these Pythons are not at hand, so it reads sources. The tables follow "What's New in Python 3.14"
and "… 3.15" (https://docs.python.org/3/whatsnew/) with their lists of pending removals. What can be shown without these
Pythons is tested where it belongs, for instance in ``packages/pyperunner-keys/tests/test_newer_pythons.py``.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from checks.environment import ROOT, Workshop
from checks.process import Outcome, run
from checks.pythons import found_pythons

__all__ = ["newer"]

_POLICIES = "3.14: asyncio's policies go away; asyncio.run"
_START = "3.14: the default start method is not fork any more; say which: multiprocessing.get_context(…)"
_HINTS = "3.14: it evaluates hints, which may raise anything; pyperunner_text.signatures"
_NODES = "3.15: never made by the parser; ast.Tuple, ast.Load"
_WATCHERS = "3.14: watchers of child processes are gone"

GONE = {
    **dict.fromkeys(("ast.Num", "ast.Str", "ast.Bytes", "ast.NameConstant", "ast.Ellipsis"), "3.14: ast.Constant"),
    **dict.fromkeys((f"ast.{name}" for name in ("slice", "Index", "ExtSlice", "Suite", "Param", "AugLoad")), _NODES),
    "asyncio.get_event_loop": "3.14: it makes none any more; asyncio.run or asyncio.get_running_loop",
    "asyncio.iscoroutinefunction": "3.14: inspect.iscoroutinefunction",
    "asyncio.get_event_loop_policy": _POLICIES,
    "asyncio.set_event_loop_policy": _POLICIES,
    "asyncio.AbstractEventLoopPolicy": _POLICIES,
    "asyncio.DefaultEventLoopPolicy": _POLICIES,
    "asyncio.get_child_watcher": _WATCHERS,
    "asyncio.set_child_watcher": _WATCHERS,
    "codecs.open": "3.14: open",
    "collections.abc.ByteString": "3.14: collections.abc.Buffer",
    "ctypes.SetPointerType": "3.15: ctypes.POINTER",
    "glob.glob0": "3.15: glob.glob",
    "glob.glob1": "3.15: glob.glob",
    "http.server.CGIHTTPRequestHandler": "3.15: nothing",
    "importlib.abc.ResourceReader": "3.14: importlib.resources.abc",
    "importlib.abc.Traversable": "3.14: importlib.resources.abc",
    "importlib.abc.TraversableResources": "3.14: importlib.resources.abc",
    "inspect.get_annotations": _HINTS,
    "inspect.getfullargspec": _HINTS,
    "inspect.signature": _HINTS,
    "locale.getdefaultlocale": "3.15 may drop it: locale.getlocale",
    "multiprocessing.Pool": _START,
    "multiprocessing.Process": _START,
    "multiprocessing.Queue": _START,
    "multiprocessing.Manager": _START,
    "pkgutil.find_loader": "3.14: importlib.util.find_spec",
    "pkgutil.get_loader": "3.14: importlib.util.find_spec",
    "platform.java_ver": "3.15: nothing",
    "pty.master_open": "3.14: pty.openpty",
    "pty.slave_open": "3.14: pty.openpty",
    "sqlite3.version": "3.14: sqlite3.sqlite_version",
    "sqlite3.version_info": "3.14: sqlite3.sqlite_version_info",
    "sre_compile": "3.15: re",
    "sre_constants": "3.15: re",
    "sre_parse": "3.15: re",
    "sys._clear_type_cache": "3.14: sys._clear_internal_caches",
    "typing.ByteString": "3.14: collections.abc.Buffer",
    "typing.get_type_hints": _HINTS,
    "typing.no_type_check_decorator": "3.15: nothing",
    "urllib.parse.Quoter": "3.14: urllib.parse.quote",
    "urllib.request.FancyURLopener": "3.14: urllib.request.urlopen",
    "urllib.request.URLopener": "3.14: urllib.request.urlopen",
}
"""Names that are gone, or that mean something else."""

ATTRIBUTES = {
    "__annotations__": _HINTS,
    "co_lnotab": "3.15: co_lines()",
    "find_module": "3.12: find_spec",
    "is_reserved": "3.15: os.path.isreserved",
    "load_module": "3.15: exec_module",
}
"""Attributes of whatever it may be."""

VISITORS = {f"visit_{name}" for name in ("Num", "Str", "Bytes", "NameConstant", "Ellipsis")}
"""Methods that are not called any more since 3.14: visit_Constant."""

PRIVATE = {
    "copyreg._slotnames": "pickle itself lives on it",
    "argparse._AppendAction": "of the parser's options, those that may be given several times",
    "argparse._SubParsersAction": "what add_subparsers returns has no public name",
    "functools._lru_cache_wrapper": "the type of what lru_cache returns has no public name",
    "pickle._Unpickler": "a test reads pickles with it, without importing what they name",
    "subprocess._args_from_interpreter_flags": "multiprocessing passes a child the flags of its parent with it",
    "threading._shutdown": "Python itself ends with it",
}
"""Private names of the standard library that are leaned on, and why; each has to be there in every Python found."""
_DOCUMENTED = ("os._exit", "sys._getframe")

ALLOWED = {
    "dag/src/pyperunner_dag/testing/children.py: pickle.dumps": "it goes to a child and back, and is not kept",
    "cache-fsspec/src/pyperunner_cache_fsspec/file_system.py: inspect.signature": "of fsspec's own methods, for a name",
    "cache-fsspec/src/pyperunner_cache_fsspec/leases.py: threading.Thread": "it sleeps; a lease runs out by itself",
    "cache-redis/src/pyperunner_cache_redis/leases.py: threading.Thread": "the same",
    "runner/src/pyperunner_runner/child/ending.py: threading.Thread": "it ends the process itself",
    "cache/src/pyperunner_cache/memoized.py: sys._current_frames": "documented, and there in 3.15",
    "cache/src/pyperunner_cache/self_wait.py: sys._current_frames": "documented, and there in 3.15",
    "cli/src/pyperunner_cli/loading/param_types.py: __annotations__": "those of a function of our own",
    "cli/src/pyperunner_cli/loading/param_types.py: typing.get_type_hints": "what it raises is caught",
    "cli/src/pyperunner_cli/loading/typed_values.py: typing.get_type_hints": "what it raises is caught",
    "runner/src/pyperunner_runner/processes/threads.py: sys._current_frames": "documented, and there in 3.15",
    "runner/src/pyperunner_runner/executors/supervisor/interpreter.py: pickle.dump": "it goes to a child",
    "results/src/pyperunner_results/schema.py: __annotations__": "those of our own classes, which are text",
    "text/src/pyperunner_text/errors.py: __annotations__": "those of our own classes, which are text",
    "text/src/pyperunner_text/signatures.py: __annotations__": "below 3.14 only",
    "text/src/pyperunner_text/signatures.py: inspect.signature": "it asks for text since 3.14",
}
"""Places below ``packages/pyperunner-`` where a rule does not hold, and why."""
_UNDER_TEST = ("inspect.signature", "__annotations__", "typing.get_type_hints")
"""What tests and tools may use: they know whose hints they ask for."""
_ASK = """
import sys
for name in sys.argv[1:]:
    module, _, part = name.rpartition(".")
    getattr(__import__(module), part)
"""


class Remark(NamedTuple):
    """What was found where, and why it should not be there."""

    place: str
    line: int
    name: str
    reason: str

    @property
    def subject(self) -> str:
        """What ``ALLOWED`` calls it."""
        return f"{self.place.removeprefix('packages/pyperunner-')}: {self.name}"


def newer(shop: Workshop) -> Outcome:
    """Nothing that Python 3.14 and 3.15 took away is used, and what is private is there in every Python found."""
    found = [remark for path in _sources() for remark in _remarks_on(path)]
    lines = [f"{it.place}:{it.line}: {it.name} ({it.reason})" for it in found if it.subject not in ALLOWED]
    unused = ALLOWED.keys() - {remark.subject for remark in found}
    asleep = [sample for sample in SAMPLES if not [*_read(ast.parse(sample), own=True)]]
    lines += [f"tools/checks/newer.py allows what is not there any more: {subject}" for subject in sorted(unused)]
    lines += [f"tools/checks/newer.py does not notice: {sample!r}" for sample in asleep]
    outcome = Outcome("\n".join(lines), failed=1) if lines else Outcome(passed=1)
    for python in found_pythons(shop).values():
        outcome += run([python, "-c", _ASK, *PRIVATE]).outcome
    return outcome


def _sources() -> list[Path]:
    folders = [
        *ROOT.glob("packages/*/src"),
        *ROOT.glob("packages/*/tests"),
        ROOT / "tests",
        ROOT / "tools",
        ROOT / "docs",
    ]
    return [ROOT / "conftest.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]


def _remarks_on(path: Path) -> Iterator[Remark]:
    place = path.relative_to(ROOT).as_posix()
    own = "/src/" in place
    for line, name, reason in _read(ast.parse(path.read_bytes()), own):
        if own or name not in _UNDER_TEST:
            yield Remark(place, line, name, reason)


def _read(tree: ast.Module, own: bool) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and reason of what stands in one text.

    Args:
        tree: Its syntax tree.
        own: Whether it is a library's, of which more is asked than of tests and tools.
    """
    names = _imports(tree)
    for node in ast.walk(tree):
        for name, reason in _findings(node, names, own):
            yield getattr(node, "lineno", 0), name, reason
    if own and not _has_late_hints(tree):
        yield 1, "hints", "from __future__ import annotations is missing: hints would be evaluated, late since 3.14"


def _imports(tree: ast.Module) -> dict[str, str]:
    """Return what the names stand for that imports bind, wherever they stand."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                names[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def _dotted(node: ast.AST, names: dict[str, str]) -> str:
    """Return the full name of what an expression stands for, if it begins with something imported."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    return ".".join([names[node.id], *parts]) if isinstance(node, ast.Name) and node.id in names else ""


def _findings(node: ast.AST, names: dict[str, str], own: bool) -> Iterator[tuple[str, str]]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        imported = [f"{getattr(node, 'module', '')}.{alias.name}".lstrip(".") for alias in node.names]
        yield from ((name, GONE[name]) for name in imported if name in GONE)
    if isinstance(node, (ast.Attribute, ast.Name)):
        yield from _of_a_name(node, _dotted(node, names))
    if isinstance(node, ast.Call):
        yield from _of_a_call(node, _dotted(node.func, names), own)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in VISITORS:
        yield node.name, "3.14: visit_Constant"
    if isinstance(node, ast.Try) and any(map(_leaves, node.finalbody)):
        yield "finally", "3.14: SyntaxWarning for a return, break or continue that leaves it"
    tests = [node.test] if isinstance(node, (ast.If, ast.While, ast.IfExp, ast.Assert)) else []
    tests += [node.operand] if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not) else []
    if any(isinstance(test, ast.Name) and test.id == "NotImplemented" for test in tests):
        yield "NotImplemented", "3.14: it has no truth value"


def _of_a_name(node: ast.Attribute | ast.Name, name: str) -> Iterator[tuple[str, str]]:
    if name in GONE:
        yield name, GONE[name]
    elif isinstance(node, ast.Attribute) and node.attr in ATTRIBUTES:
        yield node.attr, ATTRIBUTES[node.attr]
    module, _, last = name.rpartition(".")
    private = last.startswith("_") and not last.startswith("__") and name not in (*PRIVATE, *_DOCUMENTED)
    if private and module.partition(".")[0] in sys.stdlib_module_names:
        yield name, "it is private and may go away: list it in tools/checks/newer.py with the reason"


def _of_a_call(node: ast.Call, name: str, own: bool) -> Iterator[tuple[str, str]]:
    given = {keyword.arg for keyword in node.keywords}
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    unsaid = name == "multiprocessing.get_context" and not node.args
    if unsaid or (name == "concurrent.futures.ProcessPoolExecutor" and "mp_context" not in given):
        yield name, _START
    elif name in ("pickle.dumps", "pickle.dump") and own and "protocol" not in given:
        yield name, "3.14: the default protocol is another one; protocol=…"
    elif name == "sqlite3.connect" and len(node.args) > 1:
        yield name, "3.15: all but the first parameter by keyword"
    elif method in ("relative_to", "is_relative_to") and len(node.args) > 1:
        yield method, "3.14: one other path, joined beforehand"
    elif name == "threading.RLock" and (node.args or given):
        yield name, "3.15: it takes nothing"
    elif name == "threading.Thread" and own and "daemon" in given:
        yield name, "3.14: a daemon that wants something of a Python that is ending hangs for ever"
    elif method == "extractall" and not {"filter", None} & given:
        yield method, "3.14: what it refuses is another matter by default; filter=…"
    elif own and _opens_text(node, method) and not {"encoding", None} & given:
        yield method or "open", "3.15: text is UTF-8 by default, before it was the locale's; encoding=…"


def _opens_text(node: ast.Call, method: str) -> bool:
    if method in ("read_text", "write_text"):
        return len(node.args) < (1 if method == "read_text" else 2)
    if not (isinstance(node.func, ast.Name) and node.func.id == "open" and hasattr(builtins, "open")):
        return False
    mode = next((item.value for item in node.keywords if item.arg == "mode"), node.args[1] if node.args[1:] else None)
    return not (isinstance(mode, ast.Constant) and "b" in str(mode.value))


def _leaves(statement: ast.AST, in_loop: bool = False) -> bool:
    """Say whether a statement jumps out of the block that it stands in."""
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
        return False
    if isinstance(statement, ast.Return) or (isinstance(statement, (ast.Break, ast.Continue)) and not in_loop):
        return True
    inside = in_loop or isinstance(statement, (ast.For, ast.AsyncFor, ast.While))
    return any(_leaves(child, inside) for child in ast.iter_child_nodes(statement))


def _has_late_hints(tree: ast.Module) -> bool:
    """Say whether hints are text, or there are none."""
    hinted = any(getattr(node, "annotation", None) or getattr(node, "returns", None) for node in ast.walk(tree))
    futures = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
    return not hinted or any(alias.name == "annotations" for node in futures for alias in node.names)


SAMPLES = (
    "import ast\nast.Num",
    "from ast import Str",
    "import ast as a\na.Index",
    "import asyncio\nasyncio.get_event_loop()",
    "import collections.abc\ncollections.abc.ByteString",
    "from importlib.abc import Traversable",
    "import sre_parse",
    "import inspect\ninspect.signature(f)",
    "f.__annotations__",
    "code.co_lnotab",
    "class V:\n    def visit_Num(self, node): pass",
    "import multiprocessing\nmultiprocessing.get_context()",
    "import multiprocessing as m\nm.Process()",
    "from concurrent.futures import ProcessPoolExecutor\nProcessPoolExecutor(2)",
    "import pickle\npickle.dumps(1)",
    "import sqlite3\nsqlite3.connect('a', 5)",
    "path.relative_to('a', 'b')",
    "import threading\nthreading.RLock(1)",
    "import threading\nthreading.Thread(target=f, daemon=True)",
    "archive.extractall('x')",
    "open('x')",
    "path.read_text()",
    "import threading\nthreading._gone()",
    "def f():\n    for x in y:\n        try: pass\n        finally: continue",
    "def f():\n    try: pass\n    finally:\n        for x in y: return",
    "if not NotImplemented: pass",
    "x: int = 1",
)
"""Texts of which each must be remarked on: a rule that has fallen asleep is noticed."""
