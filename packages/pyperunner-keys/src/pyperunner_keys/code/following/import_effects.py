"""Effects of imports: what the import of a module does to other modules."""

from __future__ import annotations

import ast
import sys
import types
from typing import TYPE_CHECKING

from pyperunner_keys.code.following.decorators import leaves_no_trace_in
from pyperunner_keys.code.kinds import is_own_code
from pyperunner_keys.code.reading.doings import Doing, aliases, calls, doings, local_imports, nodes_of, shared
from pyperunner_keys.code.reading.unimported import absolute_name
from pyperunner_keys.code.reads import Reads
from pyperunner_keys.names import importable_name
from pyperunner_keys.project import is_own_globals

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pyperunner_keys.code.content import PartSource
    from pyperunner_keys.code.graph import Part
    from pyperunner_keys.code.reading.doings import Call
    from pyperunner_keys.code.reading.references import Use
    from pyperunner_keys.code.reading.scope import Import
    from pyperunner_keys.code.reading.source import SourceFile
    from pyperunner_keys.code.reading.unimported import Unimported
    from pyperunner_keys.project import Names

__all__ = ["effects_on_others", "import_effects", "outward_doings"]


def effects_on_others(unloaded: Unimported, module: str, file: SourceFile) -> tuple[list[ast.stmt], list[str]]:
    """Return what the import of a module does to other modules of the user's own.

    Args:
        unloaded: Finds those modules.
        module: The module's name.
        file: Its text.

    Returns:
        The statements that change something there, and the modules that are imported for what they do.
    """
    names = unloaded.names(module)
    statements = []
    for statement, mentioned in file.top.outward_effects:
        changed = [_changed_by(unloaded, target, names) for name in mentioned for target in file.top.imports[name]]
        # A decorated definition has its effect by what the decorator changes, any other statement by being there.
        decorated = hasattr(statement, "decorator_list")
        if any(found is not None and (found or not decorated) for found in changed):
            statements.append(statement)
    return statements, [name for name in file.top.imports_for_effect if unloaded.knows(name)]


def _changed_by(unloaded: Unimported, target: Import, names: Names) -> set[Use] | None:
    """Return what an imported function changes outside itself, or ``None`` if it is not the user's own."""
    file = unloaded.find(absolute_name(target.module, target.level, names))
    if file is None:
        return None
    if not file.top.binds(target.name):
        return set()
    return file.statements(target.name, leaves_no_trace_in(file))[1].changed


def import_effects(parts: PartSource, reads: Reads, name: str, names: Names | None = None) -> list[tuple[str, Part]]:
    """Return the parts of what modules do to others when one of the user's own is imported, by the modules' names.

    Args:
        parts: Makes them.
        reads: Where is noted what was looked at.
        name: Name of the module that is imported.
        names: Its globals, where it is not to be found by its name.
    """
    key = name if names is None else id(names)
    known = parts.imported.get(key)
    if known is None:
        noted = Reads()
        known = parts.imported[key] = (_effects(parts, noted, name, names), noted)
    reads.add(known[1])
    return known[0]


def _effects(parts: PartSource, reads: Reads, name: str, names: Names | None) -> list[tuple[str, Part]]:
    found: list[tuple[str, Part]] = []
    seen: set[str] = set()
    waiting: list[tuple[str, Names | None]]
    # The packages around a module are imported before it.
    steps = name.split(".")
    waiting = [*((".".join(steps[:end]), None) for end in range(1, len(steps))), (name, names)]
    while waiting:
        name, names = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if names is None:
            names = _loaded(parts, reads, name)
        loaded = names is not None
        if names is not None:
            file = parts.source_file(names) if is_own_globals(names) else None
        else:
            file, names = parts.unimported.find(name), parts.unimported.names(name)
            reads.answer(parts.unimported.ask, True)
        if file is None:
            continue
        if any(outward_doings(parts, names, file)):
            found.append((importable_name(name), parts.doings(name, names, file)))
        for target in file.top.imported_modules:
            whole = absolute_name(target.module, target.level, names) + (f".{target.name}" if target.name else "")
            steps = whole.split(".")
            several = [".".join(steps[: end + 1]) for end in range(len(steps))]
            # What a loaded module has not loaded it has not imported, or it is no module.
            waiting += [(each, None) for each in several if not loaded or each in sys.modules]
    return sorted(found, key=lambda pair: pair[0])


def _loaded(parts: PartSource, reads: Reads, name: str) -> Names | None:
    """Return the globals of a module that counts by what it holds, or ``None`` for one that counts by its text."""
    module = sys.modules.get(name)
    if not isinstance(module, types.ModuleType) or not is_own_code(module):
        return None if module is None else {"__name__": "builtins"}
    if parts.unimported.loaded(name) is None:
        return None
    reads.name(sys.modules, name)
    reads.name(vars(module), "__spec__")
    return vars(module)


def outward_doings(parts: PartSource, names: Names, file: SourceFile) -> Iterator[Doing]:
    """Yield what a module does to modules that are not the user's own.

    Args:
        parts: Gives the texts of other modules.
        names: The module's globals.
        file: Its text.
    """
    search = _Search(parts)
    imports = search.imports_of(file)
    yield from search.doings(names, file.top.body, imports)
    for call in calls(file.top.body):
        if search.does(names, file, call, imports, set(), any_call=call.alone):
            yield Doing(nodes_of(call.step), ".".join(call.chain), True)


Function = ast.FunctionDef | ast.AsyncFunctionDef


class _Search:
    """Looks for what statements do, into the user's own functions and classes that they call."""

    def __init__(self, parts: PartSource) -> None:
        self._parts = parts

    def imports_of(self, file: SourceFile) -> dict[str, list[Import]]:
        """Return what the names of a module are bound to by imports, be it by way of other names."""
        return {**file.top.imports, **aliases(file.top.body, file.top.imports)}

    def doings(
        self, names: Names, body: Iterable[ast.stmt], imports: dict[str, list[Import]], *, functions: bool = False
    ) -> list[Doing]:
        return doings(body, imports, lambda target: not self._is_own(target, names), functions=functions)

    def _is_own(self, target: Import, names: Names) -> bool:
        name = absolute_name(target.module, target.level, names)
        module = sys.modules.get(name)
        return is_own_code(module) if isinstance(module, types.ModuleType) else self._parts.unimported.knows(name)

    def does(
        self,
        names: Names,
        file: SourceFile,
        call: Call,
        imports: dict[str, list[Import]],
        seen: set[object],
        *,
        any_call: bool,
    ) -> bool:
        """Say whether a call of a function or class of the user's own does something to modules of others.

        Args:
            names: Globals of the module in which it stands.
            file: The text of that module.
            call: The call.
            imports: What names are bound to by imports there.
            seen: The functions that were looked at.
            any_call: Whether a call of something of others counts of which nothing is known but that it is there for
                its effect.
        """
        name, *rest = call.chain
        given = [shared(arg, imports) for arg in call.args]
        if name in imports:
            return any(self._elsewhere(target, names, rest, given, seen, any_call) for target in imports[name])
        return self._does(names, file, call.chain, given, seen, any_call)

    def _does(
        self,
        names: Names,
        file: SourceFile,
        chain: list[str],
        given: list[list[Import]],
        seen: set[object],
        any_call: bool,
    ) -> bool:
        for function in _functions(file, chain):
            if function in seen:
                continue
            seen.add(function)
            known = {**self.imports_of(file), **local_imports(function), **_params(function, given)}
            inside = {**known, **aliases(function.body, known)}
            found = self.doings(names, function.body, inside, functions=True)
            if any(doing.certain or any_call for doing in found):
                return True
            for call in calls(function.body, functions=True):
                if self.does(names, file, call, inside, seen, any_call=any_call and call.alone):
                    return True
        return False

    def _elsewhere(
        self,
        target: Import,
        names: Names,
        rest: list[str],
        given: list[list[Import]],
        seen: set[object],
        any_call: bool,
    ) -> bool:
        if not self._is_own(target, names):
            return False
        module = absolute_name(target.module, target.level, names)
        steps = [target.name, *rest] if target.name else rest
        while len(steps) > 1 and self._parts.unimported.knows(f"{module}.{steps[0]}"):
            module, steps = f"{module}.{steps[0]}", steps[1:]
        loaded = self._parts.unimported.loaded(module)
        file = self._parts.unimported.find(module) if loaded is None else self._parts.source_file(vars(loaded))
        there = self._parts.unimported.names(module) if loaded is None else vars(loaded)
        if file is None or not steps:
            return False
        if steps[0] in file.top.imports:
            further = file.top.imports[steps[0]]
            return any(self._elsewhere(each, there, steps[1:], given, seen, any_call) for each in further)
        return self._does(there, file, steps, given, seen, any_call)


def _functions(file: SourceFile, chain: list[str]) -> Iterator[Function]:
    """Yield the functions that a call may run: one of the module, or what an instance of a class does when it is made,
    with those of its methods that are named.
    """
    name, *rest = chain
    yield from [] if rest else file.top.functions(name)
    for node in [*file.top.find_class(name), *_classes_made(file, name)]:
        for method in node.body:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) and method.name in (*_MAKING, *rest):
                yield method


_MAKING = ("__new__", "__init__", "__post_init__", "__init_subclass__", "__set_name__", "__call__", "__enter__")


def _classes_made(file: SourceFile, name: str) -> Iterator[ast.ClassDef]:
    """Yield the classes of whose instances one is bound to a name."""
    for statement in file.top.statements(name) if file.top.binds(name) else ():
        value = getattr(statement, "value", None)
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name):
            yield from file.top.find_class(value.func.id)


def _params(function: Function, given: list[list[Import]]) -> dict[str, list[Import]]:
    """Return what the parameters of a function stand for, as far as they are given parts of something imported."""
    every = [*function.args.posonlyargs, *function.args.args]
    return {param.arg: targets for param, targets in zip(every, given, strict=False) if targets}
