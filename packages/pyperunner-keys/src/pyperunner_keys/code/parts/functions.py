"""What functions, constants, modules and statements of unloaded modules are made of."""

from __future__ import annotations

import re
import reprlib
import types
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.following.decorators import leaves_no_trace, leaves_no_trace_in
from pyperunner_keys.code.following.import_effects import effects_on_others
from pyperunner_keys.code.following.resolve import use_name, use_statement_name
from pyperunner_keys.code.kinds import is_compiled, is_own_code
from pyperunner_keys.code.reading.bytecode import code_form, read_code
from pyperunner_keys.code.reading.references import read_statements
from pyperunner_keys.code.reading.scope import Import
from pyperunner_keys.code.reading.source import source_of
from pyperunner_keys.code.reading.syntax import tree_form
from pyperunner_keys.digests import digest_bytes, encode

if TYPE_CHECKING:
    from pyperunner_keys.code.content import Content
    from pyperunner_keys.code.reading.references import Facts
    from pyperunner_keys.code.reading.source import SourceFile

__all__ = ["fill_constant", "fill_effects", "fill_function", "fill_module", "fill_statement"]

_INLINED = re.compile(r"<(?:list|set|dict)comp>\.(?:<locals>\.)?")
"""Since Python 3.12 a comprehension is no function of its own in a qualified name."""
_CHANGED = "it is changed while the code runs; what it holds before that counts"


def fill_function(content: Content) -> None:
    """Fill the part of a function: its syntax tree, defaults, attributes, closure, and the names it uses."""
    function: types.FunctionType = content.part.subject
    found = source_of(function.__code__)
    if found is None:
        form, facts = encode(code_form(function.__code__)), read_code(function.__code__)
    else:
        file, node = found
        form, facts = file.function(node, leaves_no_trace(function.__globals__))
        content.source(file, [node])
    content.add("function", _INLINED.sub("", function.__qualname__), form)
    for name in ("__defaults__", "__kwdefaults__"):
        if getattr(function, name):
            content.value(name, getattr(function, name))
    for name, value in sorted(vars(function).items()):
        if not name.startswith("__"):
            content.value(name, value)
    cells = _cells(function)
    for label, use in facts.sorted_uses:
        if content.reader.deep or use[0] in cells:
            use_name(content, label, use, cells)
    if content.reader.deep:
        _note_gaps(content, facts, cells)


def _cells(function: types.FunctionType) -> dict[str, Any]:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            # The outer function has not given it a value.
            continue
    return found


def _note_gaps(content: Content, facts: Facts, cells: dict[str, Any]) -> None:
    for text, reason in facts.gaps.items():
        content.gap(f"{content.part.name}: {text}", reason)
    for use in facts.changed:
        held = content.names.get(use[0]) if use[0] not in cells else None
        # A module is not changed by a function of it that happens to be called append.
        if held is not None and not (isinstance(held, types.ModuleType) and (len(use) == 1 or not is_own_code(held))):
            content.gap(f"{content.module}.{'.'.join(use)}", _CHANGED)


def fill_constant(content: Content) -> None:
    """Fill the part of a value; one without a stable encoding counts by the statements that made it."""
    owner, name, value = content.part.subject
    file = content.reader.source_file(content.names)
    of_module = file is not None and owner is content.names

    def fall_back() -> None:
        if file is not None and of_module and file.top.binds(name):
            form, facts = file.statements(name, leaves_no_trace(content.names))
            content.add(form)
            for label, use in facts.sorted_uses:
                if use != (name,):
                    use_name(content, label, use, {})

    content.value("", value, fall_back)
    if file is None or not content.names:
        return
    nodes = file.top.statements(name) if of_module else []
    content.source(file, nodes)
    content.part.text = lambda: _shown(name, value) or file.segment(nodes)


_SHOWN = (bool, int, float, complex, str, bytes, type(None), tuple, list, dict, set, frozenset)
_SHORT = reprlib.Repr()
_SHORT.maxlevel = 4
_SHORT.maxtuple = _SHORT.maxlist = _SHORT.maxdict = _SHORT.maxset = _SHORT.maxfrozenset = 50
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 200


def _shown(name: str, value: Any) -> str:
    try:
        return f"{name} = {_SHORT.repr(value)}\n" if isinstance(value, _SHOWN) else ""
    except ValueError:
        # Python refuses to write very long numbers.
        return ""


def fill_module(content: Content) -> None:
    """Fill the part of a module that is used as a whole: all its names."""
    module: types.ModuleType = content.part.subject
    if is_compiled(module):
        with open(str(module.__file__), "rb") as binary:
            content.add("extension", digest_bytes(binary.read()))
        content.gap(module.__name__, "it is a compiled extension; the bytes of its file count")
        return
    content.add("module")
    for name in sorted(vars(module)):
        if not name.startswith("__"):
            use_name(content, name, (name,), {})


def fill_statement(content: Content) -> None:
    """Fill the part of a name in a module that is not loaded: the statements that make it, and the names they use."""
    module, file, name = content.part.subject
    form, facts = file.statements(name, leaves_no_trace_in(file))
    content.add("statements", form)
    content.source(file, file.top.statements(name))
    if file.top.reads_from_outside(name):
        content.gap(f"{module}.{name}", "its module is not loaded yet; what it reads at its import does not count")
    _use_statement_names(content, facts, module, file, name)


def fill_effects(content: Content) -> None:
    """Fill the part of what a module that is not loaded will do to others when it is imported."""
    module, file, _ = content.part.subject
    nodes, modules = effects_on_others(content.reader.unloaded, module, file)
    content.add("effects", tree_form(nodes, leaves_no_trace_in(file)))
    content.source(file, nodes)
    _use_statement_names(content, read_statements(nodes), module, file, "")
    for name in modules:
        use_statement_name(content, f"import {name}", (Import(name),), module, file)


def _use_statement_names(content: Content, facts: Facts, module: str, file: SourceFile, name: str) -> None:
    for label, use in facts.sorted_uses:
        if use != (name,):
            use_statement_name(content, label, use, module, file)
    for text, reason in facts.gaps.items():
        content.gap(f"{content.part.name}: {text}", reason)
