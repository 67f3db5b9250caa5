"""Modules: what one that is used as a whole is made of, and what the text of one that is not loaded says."""

from __future__ import annotations

import ast
import types
from typing import TYPE_CHECKING

from pyperunner_keys.code.following.decorators import leaves_no_trace, leaves_no_trace_in
from pyperunner_keys.code.following.import_effects import effects_on_others, outward_doings
from pyperunner_keys.code.following.resolve import use_import, use_name, use_statement_name
from pyperunner_keys.code.kinds import is_compiled, is_compiled_file
from pyperunner_keys.code.reading.doings import aliases
from pyperunner_keys.code.reading.references import read_statements
from pyperunner_keys.code.reading.scope import Import
from pyperunner_keys.code.reading.syntax import tree_form
from pyperunner_keys.encoding.plain import digest_bytes

if TYPE_CHECKING:
    from pyperunner_keys.code.content import Content
    from pyperunner_keys.code.reading.references import Facts
    from pyperunner_keys.code.reading.source import SourceFile

__all__ = ["fill_binary", "fill_doings", "fill_effects", "fill_module", "fill_statement"]

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_COMPILED = "it is a compiled extension; the bytes of its file count"


def fill_module(content: Content) -> None:
    """Fill the part of a module that is used as a whole: all its names."""
    module: types.ModuleType = content.part.subject
    if is_compiled(module):
        with open(str(module.__file__), "rb") as binary:
            content.add("extension", digest_bytes(binary.read()))
        content.gap(module.__name__, _COMPILED)
        return
    content.add("module")
    content.part.reads.answer(lambda: [*vars(module)], [*vars(module)])
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


def fill_binary(content: Content) -> None:
    """Fill the part of a module that is not loaded and has no text: its byte code and what that uses, or its bytes."""
    module, binary, _ = content.part.subject
    content.add("binary", binary.form)
    if binary.digest:
        content.part.files[binary.name] = binary.digest
    if binary.importer is not None:
        content.value("importer", binary.importer)
    if binary.gap:
        content.gap(module, _COMPILED if is_compiled_file(binary.name) else binary.gap)
    facts = binary.facts
    for label, use in facts.sorted_uses:
        use_import(content, label, use)
    for text, reason in facts.gaps.items():
        content.gap(f"{module}: {text}", reason)


def fill_effects(content: Content) -> None:
    """Fill the part of what a module that is not loaded will do to others when it is imported."""
    module, file, _ = content.part.subject
    nodes, modules = effects_on_others(content.unimported, module, file)
    content.add("effects", tree_form(nodes, leaves_no_trace_in(file)))
    content.source(file, nodes)
    _use_statement_names(content, read_statements(nodes), module, file, "")
    for name in modules:
        use_statement_name(content, f"import {name}", (Import(name),), module, file)


def fill_doings(content: Content) -> None:
    """Fill the part of what a module does, when it is imported, to modules that are not the user's own."""
    where, file, _ = content.part.subject
    found = [*outward_doings(content.parts, content.names, file)]
    nodes = [*dict.fromkeys(node for doing in found if doing.certain for node in doing.nodes)]
    loaded = isinstance(where, dict)
    drop = leaves_no_trace(content.names) if loaded else leaves_no_trace_in(file)
    facts = read_statements(nodes)
    # What stands for a part of a library counts by the statement that says so: what it holds is the library's.
    shared = aliases(file.top.body, file.top.imports).keys() & {use[0] for use in facts.uses}
    nodes = [*(node for name in sorted(shared) for node in file.top.statements(str(name))), *nodes]
    content.add("doings", tree_form(dict.fromkeys(nodes), drop))
    content.source(file, nodes)
    if loaded:
        for label, use in facts.sorted_uses:
            if use[0] not in shared:
                use_name(content, label, use, {})
        for name in sorted({node.name for node in nodes if isinstance(node, _DEFINITIONS)}):
            use_name(content, name, (name,), {})  # which may be another one by now
    else:
        _use_statement_names(content, facts, where, file, "")
    for doing in found:
        if not doing.certain:
            reason = f"what it does to {doing.to.partition('.')[0]} at the import of the module cannot be told"
            content.gap(f"{content.module}: {doing.to}", reason)


def _use_statement_names(content: Content, facts: Facts, module: str, file: SourceFile, name: str) -> None:
    for label, use in facts.sorted_uses:
        if use != (name,):
            use_statement_name(content, label, use, module, file)
    for text, reason in facts.gaps.items():
        content.gap(f"{content.part.name}: {text}", reason)
