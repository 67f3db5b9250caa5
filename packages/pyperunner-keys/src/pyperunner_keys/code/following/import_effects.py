"""Effects of imports: what the import of a module that is not loaded yet will do to other modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyperunner_keys.code.following.decorators import leaves_no_trace_in
from pyperunner_keys.code.reading.unimported import absolute_name

if TYPE_CHECKING:
    import ast

    from pyperunner_keys.code.reading.references import Use
    from pyperunner_keys.code.reading.scope import Import
    from pyperunner_keys.code.reading.source import SourceFile
    from pyperunner_keys.code.reading.unimported import Unimported
    from pyperunner_keys.project import Names

__all__ = ["effects_on_others"]


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
