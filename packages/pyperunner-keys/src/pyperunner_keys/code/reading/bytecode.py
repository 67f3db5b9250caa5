"""Byte code: what a code object needs from outside, for functions whose source is not known."""

from __future__ import annotations

import dis
from collections.abc import Iterator
from types import CodeType
from typing import Any

from pyperunner_keys.code.reading.references import CHANGING, Facts
from pyperunner_keys.code.reading.scope import Import

__all__ = ["code_form", "nested_codes", "read_code", "read_module"]

_KINDS = 0x3FF
"""Flags that say what kind of function it is; those above say which future statements were in force."""
_ROOTS = (
    *("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"),
    *("LOAD_FROM_DICT_OR_DEREF", "LOAD_FROM_DICT_OR_GLOBALS"),  # since 3.12
)
_CONSTANTS = ("LOAD_CONST", "LOAD_SMALL_INT")
"""Since 3.14 the level of an import is a small number of its own."""
_NEXT = ("LOAD_ATTR", "LOAD_METHOD")
_LOOKED_UP = {"eval", "exec", "globals", "getattr", "__import__", "import_module"}


def code_form(code: CodeType) -> tuple[Any, ...]:
    """Return what a code object does, without where it stands: equal for equal code within one Python version."""
    return (
        code.co_code,
        tuple(code_form(item) if isinstance(item, CodeType) else item for item in code.co_consts),
        (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars),
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags & _KINDS),
    )


def nested_codes(code: CodeType) -> Iterator[CodeType]:
    """Yield a code object and those inside it."""
    stack = [code]
    while stack:
        code = stack.pop()
        yield code
        stack.extend(item for item in code.co_consts if isinstance(item, CodeType))


def read_code(code: CodeType) -> Facts:
    """Return the uses of a code object; names that it makes at run time are gaps."""
    facts = Facts()
    for inner in nested_codes(code):
        use: tuple[Any, ...] = ()
        before: list[tuple[Any, ...]] = []
        module, level, stack = "", 0, [0]
        for step in dis.get_instructions(inner):
            if step.opname in _NEXT and use:
                use = (*use, step.argval)
                continue
            if use:
                facts.uses.add(use)
                facts.changed.update(_changed_by(step, use))
            # A value, a container and a key are there before an element is put in.
            before = [use, *before[:1]]
            if step.opname in ("STORE_SUBSCR", "DELETE_SUBSCR"):
                facts.changed.update(filter(None, before))
            use = (step.argval,) if step.opname in _ROOTS else ()
            if step.opname in _CONSTANTS:
                stack = [*stack[-1:], step.argval if isinstance(step.argval, int) else 0]
            elif step.opname == "IMPORT_NAME":
                module, level = step.argval, stack[0]
                use = (Import(module, level),)
            elif step.opname == "IMPORT_FROM":
                facts.uses.discard((Import(module, level),))
                facts.uses.add((Import(module, level, step.argval),))
            elif step.opname in ("STORE_GLOBAL", "DELETE_GLOBAL"):
                facts.changed.add((step.argval,))
        for name in _LOOKED_UP & {*inner.co_names}:
            facts.gaps[name] = "what it looks up cannot be read without source"
    return facts


def _changed_by(step: dis.Instruction, use: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Return what is changed of a use: what a method is called of that changes it, or an attribute that is set next."""
    if step.opname in ("STORE_ATTR", "DELETE_ATTR"):
        return [(*use, step.argval)]
    return [use[:-1]] if use[-1] in CHANGING and len(use) > 1 else []


def read_module(code: CodeType) -> Facts:
    """Return the same for all of a module; of the modules that it imports whole, what its code takes from them.

    Args:
        code: What the import of the module runs.
    """
    facts = read_code(code)
    imported = _imported(code)
    taken = {use for use in facts.uses if use[0] in imported}
    for use in taken:
        facts.uses.discard((imported[str(use[0])],))
    facts.uses.update((imported[str(use[0])], *use[1:]) for use in taken)
    return facts


def _imported(code: CodeType) -> dict[str, Import]:
    """Return the modules that statements ``import x`` at the top bind names to."""
    found: dict[str, Import] = {}
    module = ""
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME" and module.partition(".")[0] == step.argval:
            found[step.argval] = Import(step.argval)
        module = step.argval if step.opname == "IMPORT_NAME" else ""
    return found
