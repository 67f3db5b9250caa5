"""Constants: what a value that a module or class holds is made of."""

from __future__ import annotations

import ast
import reprlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.following.decorators import leaves_no_trace
from pyperunner_keys.code.following.resolve import use_name
from pyperunner_keys.code.reading.references import read_statements
from pyperunner_keys.code.reading.syntax import tree_form

if TYPE_CHECKING:
    from pyperunner_keys.code.content import Content

__all__ = ["fill_changed", "fill_constant"]


def fill_constant(content: Content) -> None:
    """Fill the part of a value; one without a stable encoding counts by the statements that made it."""
    _, name, value = content.part.subject
    content.value("", value, lambda: _add_statements(content))
    _note_source(content, lambda: _shown(name, value))


def fill_changed(content: Content) -> None:
    """Fill the part of what the code changes while it runs: what it holds now says nothing."""
    content.add("changed")
    _add_statements(content)
    _add_mentions(content)
    _note_source(content, str)


def _add_statements(content: Content) -> None:
    """Let the statements that make a value count, where they are known."""
    owner, name, _ = content.part.subject
    file = content.parts.source_file(content.names)
    if file is None:
        return
    if isinstance(owner, type):
        forms = [text.statements(name) for text in file.classes(owner.__qualname__)]
    elif owner is content.names and file.top.binds(name):
        forms = [file.statements(name, leaves_no_trace(content.names))]
    else:
        return
    for form, facts in forms:
        content.add(form)
        for label, use in facts.sorted_uses:
            if use != (name,):
                use_name(content, label, use, {})


def _add_mentions(content: Content) -> None:
    """Let the statements of a module count that may fill what a class of it holds: ``Registry.add("a", f)``."""
    owner, _, _ = content.part.subject
    file = content.parts.source_file(content.names) if isinstance(owner, type) else None
    if file is None:
        return
    name = owner.__qualname__.partition(".")[0]
    nodes = [node for node in file.top.statements(name) if not isinstance(node, ast.ClassDef) or node.name != name]
    if nodes:
        content.add("mentions", tree_form(nodes, leaves_no_trace(content.names)))
        for label, use in read_statements(nodes).sorted_uses:
            if use[0] != name:
                use_name(content, label, use, {})


def _note_source(content: Content, shown: Callable[[], str]) -> None:
    """Note where a value is made.

    Args:
        content: Its content.
        shown: Returns a text that shows it, empty where the statements that make it do so better.
    """
    owner, name, _ = content.part.subject
    file = content.parts.source_file(content.names)
    if file is not None and content.names:
        nodes = file.top.statements(name) if owner is content.names else []
        content.source(file, nodes)
        content.part.text = lambda: shown() or file.segment(nodes)


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
