"""Functions: their syntax trees, defaults, attributes and closures, and the names that they use."""

from __future__ import annotations

import re
import types
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from pyperunner_keys.code.following.decorators import leaves_no_trace
from pyperunner_keys.code.following.resolve import changed_slots, use_name
from pyperunner_keys.code.kinds import is_own_code
from pyperunner_keys.code.reading.bytecode import code_form, read_code
from pyperunner_keys.code.reading.scope import Import
from pyperunner_keys.code.reading.source import source_of
from pyperunner_keys.encoding.plain import digest_plain, encode_plain
from pyperunner_keys.errors import UnencodableError

if TYPE_CHECKING:
    from pyperunner_keys.code.content import Content
    from pyperunner_keys.code.graph import Slot
    from pyperunner_keys.code.reading.references import Facts
    from pyperunner_keys.project import Names

__all__ = ["fill_function"]

_INLINED = re.compile(r"<(?:list|set|dict)comp>\.(?:<locals>\.)?")
"""Since Python 3.12 a comprehension is no function of its own in a qualified name."""
_first: WeakKeyDictionary[types.FunctionType, dict[str, str]] = WeakKeyDictionary()
"""By function and name: the digest of what a variable of the closure held that code changes."""
_OF_DEFINITIONS = ("__init_subclass__", "__set_name__")
"""Methods that run when a class is made, long before a task."""
_CHANGED = "it is changed while the code runs; the statements that make it count"


def fill_function(content: Content) -> None:
    """Fill the part of a function: its syntax tree, defaults, attributes, closure, and the names it uses."""
    function: types.FunctionType = content.part.subject
    content.part.reads.function(function)
    found = source_of(function.__code__)
    if found is None:
        form, facts = encode_plain(code_form(function.__code__)), read_code(function.__code__)
        content.edited(function.__code__.co_filename)
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
        if use[0] in cells and _slot(function, use[0]) in content.parts.changed and _use_first(content, use[0], cells):
            continue
        if content.parts.deep or use[0] in cells:
            use_name(content, label, use, cells)
    if content.parts.deep:
        _note_gaps(content, facts, cells)
    _note_changes(content, facts, cells)


def _note_changes(content: Content, facts: Facts, cells: Names) -> None:
    """Note what the function changes while it runs: variables of its closure and, if they are followed, globals."""
    function: types.FunctionType = content.part.subject
    if function.__name__ in _OF_DEFINITIONS:
        return
    for use in facts.changed:
        if use[0] in cells:
            content.part.changed.add(_slot(function, use[0]))
        elif content.parts.deep:
            content.part.changed.update(changed_slots(content, use))


def _slot(function: types.FunctionType, name: Any) -> Slot:
    return id((function.__closure__ or ())[function.__code__.co_freevars.index(name)]), name


def _use_first(content: Content, name: Any, cells: Names) -> bool:
    """Let a variable of the closure that code changes count by what it held when it was first looked at; if that can be
    told: code in it is followed where it is now.
    """
    known = _first.setdefault(content.part.subject, {})
    if name not in known:
        try:
            known[name] = digest_plain(cells[name])
        except UnencodableError:
            return False
    content.add("first", name, known[name])
    return True


def _cells(function: types.FunctionType) -> Names:
    found = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:
            # The outer function has not given it a value.
            continue
    return found


def _note_gaps(content: Content, facts: Facts, cells: Names) -> None:
    for text, reason in facts.gaps.items():
        content.gap(f"{content.part.name}: {text}", reason)
    for root, *rest in facts.changed:
        if isinstance(root, Import) or root in cells:
            continue
        held = content.names.get(root)
        # A module is not changed by a function of it that happens to be called append.
        if held is not None and not (isinstance(held, types.ModuleType) and (not rest or not is_own_code(held))):
            content.gap(".".join([content.module, root, *rest]), _CHANGED)
