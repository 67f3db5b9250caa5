"""Constants: what a value that a module or class holds is made of."""

from __future__ import annotations

import reprlib
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.following.decorators import leaves_no_trace
from pyperunner_keys.code.following.resolve import use_name

if TYPE_CHECKING:
    from pyperunner_keys.code.content import Content

__all__ = ["fill_constant"]


def fill_constant(content: Content) -> None:
    """Fill the part of a value; one without a stable encoding counts by the statements that made it."""
    owner, name, value = content.part.subject
    file = content.parts.source_file(content.names)
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
