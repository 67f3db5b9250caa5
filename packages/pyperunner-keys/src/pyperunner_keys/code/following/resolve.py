"""Resolution of names, from one in some code to what it stands for: another part, a value, or something foreign."""

from __future__ import annotations

import abc
import builtins
import os
import sys
import types
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.following.import_effects import effects_on_others, import_effects
from pyperunner_keys.code.kinds import is_own_code, is_structure, own_subclasses
from pyperunner_keys.code.reading.references import WHOLE_MODULE
from pyperunner_keys.code.reading.scope import Import
from pyperunner_keys.code.reading.syntax import tree_form
from pyperunner_keys.code.reading.unimported import absolute_name
from pyperunner_keys.code.reads import MISSING
from pyperunner_keys.encoding.objects import is_code
from pyperunner_keys.names import importable_name, type_name
from pyperunner_keys.project import is_own_globals

if TYPE_CHECKING:
    from pyperunner_keys.code.content import Content
    from pyperunner_keys.code.graph import Slot
    from pyperunner_keys.code.reading.importable import Binary
    from pyperunner_keys.code.reading.references import Use
    from pyperunner_keys.code.reading.source import SourceFile
    from pyperunner_keys.project import Names

__all__ = ["changed_slots", "use_import", "use_name", "use_statement_name"]

_NAMES = ("__name__", "__qualname__", "__module__")
_NOTES = ("__doc__", "__annotations__", *_NAMES)
"""What is said about code counts only for those who read it."""
_OF_THE_PROCESS = {
    id(os.environ): "os:environ",
    id(sys.argv): "sys:argv",
    id(sys.modules): "sys:modules",
    id(sys.path): "sys:path",
}
"""What differs from process to process, and belongs to none of the user's modules, whatever they call it."""


def use_name(content: Content, label: str, use: Use, cells: Names) -> None:
    """Let a name count that a function takes from outside itself.

    Args:
        content: The function's content.
        label: Shows the use.
        use: The name and the attributes taken from it.
        cells: Its closure.
    """
    root, rest = use[0], [*use[1:]]
    if isinstance(root, Import):
        _use_import(content, label, root, rest, content.names)
    elif root == WHOLE_MODULE:
        _use_whole_module(content)
    elif root in cells:
        _follow(content, label, cells[root], rest, None, root)
    elif (value := content.held(content.names, root)) is not MISSING:
        _follow(content, label, value, rest, content.names, root)
    elif content.held(vars(builtins), root) is not MISSING:
        _use_builtin(content, label, root)
    else:
        content.add("missing", label)


def _use_whole_module(content: Content) -> None:
    module = content.held(sys.modules, str(content.names.get("__name__")))
    if module is not MISSING and vars(module) is content.names:
        content.refer(WHOLE_MODULE, content.parts.part(module))


def use_statement_name(content: Content, label: str, use: Use, module: str, file: SourceFile) -> None:
    """Let a name count that statements of a module take, which is not loaded.

    Args:
        content: The content of the statements.
        label: Shows the use.
        use: The name and the attributes taken from it.
        module: The module's name.
        file: Its text.
    """
    if isinstance(use[0], Import):
        use_import(content, label, use)
    else:
        _use_text(content, label, module, file, [use[0], *use[1:]])


def use_import(content: Content, label: str, use: Use) -> None:
    """Let count what an import takes, which stands in the code of the content.

    Args:
        content: The content.
        label: Shows the use.
        use: The import and the attributes taken from it; any other name belongs to the code itself.
    """
    if isinstance(use[0], Import):
        _use_import(content, label, use[0], [*use[1:]], content.names)


def _use_builtin(content: Content, label: str, name: str) -> None:
    value = content.held(vars(builtins), name)
    if is_own_code(value):
        content.refer(label, content.parts.part(value))
    else:
        content.foreign(label, f"builtins:{name}")


def _follow(
    content: Content, label: str, value: Any, rest: list[str], owner: Names | None, name: str, foreign: str = ""
) -> None:
    """Walk through modules to what is meant.

    Args:
        content: Where it counts.
        label: The whole name.
        value: What its beginning stands for.
        rest: The attributes that follow.
        owner: Globals that hold the value; ``None`` for a closure.
        name: The value's name there.
        foreign: What a foreign module counts as; by default its name.
    """
    while rest and isinstance(value, types.ModuleType):
        space, attribute = vars(value), rest[0]
        found = content.held(space, attribute)
        if found is MISSING and is_own_code(value):
            _use_lazy_attribute(content, label, value, rest)
            return
        if not is_own_code(value) and not isinstance(found, types.ModuleType) and not is_own_code(found):
            break
        owner, name, value, rest = space, attribute, found, rest[1:]
    if isinstance(value, types.ModuleType) and not is_own_code(value):
        content.foreign(label, foreign or value.__name__)
    elif not (rest and isinstance(value, type) and _use_class_attribute(content, label, value, rest[0])):
        _use_value(content, label, value, owner, name)
        if rest and rest[0] in _NOTES and is_own_code(value):
            _use_note(content, label, value, rest[0])
        elif rest and rest[0] == "__subclasses__" and isinstance(value, type):
            subclasses = own_subclasses(value)
            content.part.reads.answer(partial(own_subclasses, value), subclasses)
            for subclass in subclasses:
                content.refer(f"{label} {subclass.__qualname__}", content.parts.part(subclass))


def _use_note(content: Content, label: str, value: Any, name: str) -> None:
    try:
        note = getattr(value, name, None)
    except Exception as error:  # since 3.14 hints are evaluated when they are asked for
        content.gap(f"{content.part.name}: {label}", f"it cannot be evaluated: {error!r}")
        content.add("gap", f"{label} as a note")
    else:
        content.part.reads.answer(lambda: getattr(value, name, None), note)
        if name not in _NAMES or note != _usual_name(value, name):
            content.value(f"{label} as a note", note)


def _usual_name(value: Any, name: str) -> object:
    """Return what a piece of code is called where nobody has called it something else: that counts already."""
    if isinstance(value, types.ModuleType):
        return getattr(value, name, None)
    if name == "__module__":
        return vars(sys.modules.get(value.__module__, types)).get("__name__")
    return value.__qualname__.rpartition(".")[2] if name == "__name__" else value.__qualname__


def _use_lazy_attribute(content: Content, label: str, module: types.ModuleType, rest: list[str]) -> None:
    """Let count what a module does not hold yet: a submodule, or what its own ``__getattr__`` will give."""
    below = f"{module.__name__}.{rest[0]}"
    if content.unimported.knows(below):
        _use_module(content, label, below, rest[1:])
    elif "__getattr__" in vars(module):
        use_name_of = vars(module)["__getattr__"]
        content.gap(f"{content.part.name}: {label}", f"{module.__name__}.__getattr__ decides what it is")
        content.value(label, use_name_of)
    else:
        content.add("missing", label)


def _use_class_attribute(content: Content, label: str, cls: type[object], name: str) -> bool:
    """Let one attribute of a class count by itself where the class serves as a mere namespace."""
    for owner in cls.__mro__:
        if content.held(vars(owner), name) is not MISSING:
            break
    else:
        return False
    if type(cls) not in (type, abc.ABCMeta) or not is_own_code(owner):
        return False
    if owner is not cls:
        content.part.reads.answer(lambda: cls.__mro__, cls.__mro__)
    value = vars(owner)[name]
    if isinstance(value, staticmethod) and is_own_code(value.__func__):
        content.refer(label, content.parts.part(value.__func__))
        return True
    if hasattr(type(value), "__get__") or is_code(value):
        return False
    names = vars(sys.modules.get(owner.__module__, types))
    content.refer(label, content.parts.constant(owner, name, value, f"{type_name(owner)}.{name}", names))
    return True


def _use_value(content: Content, label: str, value: Any, owner: Names | None, name: str) -> None:
    if owner is not None and (id(owner), name) in content.parts.changed:
        content.refer(label, content.parts.constant(owner, name, value, _title(owner, name), owner))
    elif is_own_code(value):
        content.refer(label, content.parts.part(value))
    elif id(value) in _OF_THE_PROCESS:
        content.foreign(label, _OF_THE_PROCESS[id(value)])
    elif owner is None or is_code(value) or is_structure(value):
        content.value(label, value)
    elif name.startswith("__") and name.endswith("__"):
        _use_module_attribute(content, label, name, value)
    else:
        origin, owner, name = _origin(content, owner, name, value)
        if origin:
            content.foreign(label, origin)
        else:
            content.refer(label, content.parts.constant(owner, name, value, _title(owner, name), owner))


def _title(owner: Names, name: str) -> str:
    return f"{importable_name(str(owner.get('__name__', '')))}.{name}"


def changed_slots(content: Content, use: Use) -> Iterator[Slot]:
    """Yield the places that a use stands for which code assigns to or changes in place, as far as they are its user's.

    Args:
        content: The content of the code.
        use: The name and the attributes taken from it.
    """
    root, rest = use[0], [*use[1:]]
    if isinstance(root, Import):
        module = content.unimported.loaded(absolute_name(root.module, root.level, content.names))
        if module is None:
            return
        owner, rest = vars(module), [root.name, *rest] if root.name else rest
    else:
        owner, rest = content.names, [root, *rest]
    while rest and is_own_globals(owner):
        name, value = rest[0], content.held(owner, rest[0])
        if isinstance(value, types.ModuleType):
            owner, rest = vars(value), rest[1:]
            continue
        if isinstance(value, type) and rest[1:]:
            yield id(value), rest[1]
            return
        yield id(owner), name
        # What another module holds, too, is changed there as well.
        _, owner, name = _origin(content, owner, name, value)
        yield id(owner), name
        return


def _use_module_attribute(content: Content, label: str, name: str, value: Any) -> None:
    if name == "__name__":
        content.add("name", label, importable_name(str(value)))
    elif isinstance(value, str):
        content.value(label, value)
    else:
        content.add("module attribute", label)


def _origin(content: Content, owner: Names, name: str, value: Any) -> tuple[str | None, Names, str]:
    """Follow imports back to the module that made a value.

    Returns:
        The value's name if a foreign module made it, or else ``None``, the globals of its module, and its name there.
    """
    for _ in range(100):
        for module_name, given in _imports(content, owner, name):
            module = content.held(sys.modules, module_name)
            if module is MISSING or module is None or content.held(vars(module), given) is not value:
                continue
            if not is_own_code(module):
                return f"{module_name}:{given}", owner, name
            owner, name = vars(module), given
            break
        else:
            break
    return None, owner, name


def _imports(content: Content, owner: Names, name: str) -> Iterator[tuple[str, str]]:
    file = content.parts.source_file(owner)
    if file is None:
        return
    for target in file.top.imports.get(name, ()):
        if target.name:
            yield absolute_name(target.module, target.level, owner), target.name
    for target in file.top.stars if not file.top.binds(name) else ():
        yield absolute_name(target.module, target.level, owner), name


def _use_import(content: Content, label: str, target: Import, rest: list[str], names: Names) -> None:
    module = absolute_name(target.module, target.level, names)
    _use_module(content, label, module, [target.name, *rest] if target.name else rest)


def _use_module(content: Content, label: str, module: str, rest: list[str]) -> None:
    unloaded = content.unimported
    for name, effects in import_effects(content.parts, content.part.reads, module):
        content.refer(f"effects of {name}", effects)
    loaded = unloaded.loaded(module)
    if loaded is not None:
        # Which of its submodules are loaded by now is nobody's business: an import inside a task may load them.
        _follow(content, label, loaded, rest, None, module, "" if is_own_code(loaded) else module)
        return
    file, binary = unloaded.find(module), unloaded.binary(module)
    if binary is not None:
        _use_binary(content, label, module, binary, rest)
    elif file is None:
        content.foreign(label, module)
    elif rest:
        _use_text(content, label, module, file, rest)
    else:
        content.add("module", label)
        for name in file.top.names():
            _use_text(content, f"{label}.{name}", module, file, [name])


def _use_binary(content: Content, label: str, module: str, binary: Binary, rest: list[str]) -> None:
    """Let a module without a text count whole, and a submodule that is taken from it as well."""
    content.refer(label, content.parts.binary(module, binary))
    if rest and content.unimported.knows(below := f"{module}.{rest[0]}"):
        _use_module(content, f"{label}.{rest[0]}", below, rest[1:])


def _use_text(content: Content, label: str, module: str, file: SourceFile, rest: list[str]) -> None:
    """Let a name count as the text of a module that is not loaded says."""
    name, names = rest[0], content.unimported.names(module)
    # What a package imports from itself is a module in it.
    targets = [
        target
        for target in file.top.imports.get(name, [])
        if target.name != name or absolute_name(target.module, target.level, names) != module
    ]
    if file.name and not file.name.startswith("<"):
        content.part.files[file.name] = file.digest
    if file.importer is not None:
        content.value(f"importer of {module}", file.importer)
    for package in _packages_around(module):
        text = content.unimported.find(package)
        if text is not None and any(effects_on_others(content.unimported, package, text)):
            content.refer(f"import {package}", content.parts.effects(package, text))
    if file.top.binds(name):
        content.refer(label, content.parts.statement(module, file, name))
    for target in targets:
        _use_import(content, label, target, rest[1:], names)
    if targets or file.top.binds(name):
        return
    if content.unimported.knows(f"{module}.{name}"):
        _use_module(content, label, f"{module}.{name}", rest[1:])
    elif not any(_use_star(content, label, target, rest, names) for target in file.top.stars):
        if hasattr(builtins, name):
            _use_builtin(content, label, name)
        else:
            content.add("missing", label)
            _use_what_makes_it(content, label, module, file, name)


def _use_what_makes_it(content: Content, label: str, module: str, file: SourceFile, name: str) -> None:
    """Let count, of a name that no statement of a module binds, what may make it all the same."""
    if name != "__getattr__" and file.top.binds("__getattr__"):
        content.gap(f"{content.part.name}: {label}", f"{module}.__getattr__ decides what it is")
        content.refer(f"{label} by __getattr__", content.parts.statement(module, file, "__getattr__"))
    elif file.top.makes_names:
        content.gap(f"{content.part.name}: {label}", f"{module} makes it by a name that its text does not show")
        content.add("made", tree_form(file.top.body))
        for each in file.top.names():
            _use_text(content, f"{module}.{each}", module, file, [each])


def _packages_around(module: str) -> list[str]:
    """Return the names of a module and of the packages that are imported before it."""
    steps = module.split(".")
    return [".".join(steps[:end]) for end in range(len(steps), 0, -1)]


def _use_star(content: Content, label: str, target: Import, rest: list[str], names: Names) -> bool:
    module = absolute_name(target.module, target.level, names)
    loaded, file = content.unimported.loaded(module), content.unimported.find(module)
    if loaded is not None:
        offered = hasattr(loaded, rest[0])
    elif file is None:
        offered = content.unimported.binary(module) is not None
    else:
        offered = bool(file.top.stars) or (rest[0] in file.top.names() and file.top.exports(rest[0]))
    if offered:
        _use_module(content, label, module, rest)
    return offered
