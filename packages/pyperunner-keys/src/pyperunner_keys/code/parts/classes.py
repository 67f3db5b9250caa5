"""Classes: what one of the user's own is made of.

A class counts whole, for whoever has an instance can call any of its methods. Its members are what it holds now, so
that decorators, metaclasses and later assignments are seen; its text says which were written and which made by tools.
"""

from __future__ import annotations

import abc
import enum
import functools
import sys
import types
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.following.decorators import leaves_no_trace
from pyperunner_keys.code.following.resolve import use_name
from pyperunner_keys.code.kinds import is_held, is_own_code
from pyperunner_keys.code.parts.fields import add_fields, is_named_tuple
from pyperunner_keys.code.reading.source import source_of
from pyperunner_keys.names import importable_name
from pyperunner_keys.project import family, foreign_name

if TYPE_CHECKING:
    from pyperunner_keys.code.content import Content
    from pyperunner_keys.code.reading.class_text import ClassText
    from pyperunner_keys.code.reading.source import SourceFile

__all__ = ["fill_class"]

_PLAIN_METACLASSES = (type, abc.ABCMeta, enum.EnumMeta)
_PLAIN_PACKAGES = ("abc", "enum")
_PLAIN_BASES = ("builtins:object", "builtins:int", "builtins:str", "typing:Generic")
_NOT_COUNTED = frozenset(
    {
        *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "_abc_impl"),
        # Hints: the last three since 3.14, where a function of the class makes them when someone asks.
        *("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__"),
    }
)


def fill_class(content: Content) -> None:
    """Fill the part of a class."""
    cls: type[Any] = content.part.subject
    content.part.reads.members(cls)
    file, texts = _text_of(cls, content)
    content.add("class", importable_name(cls.__module__), cls.__qualname__)
    for index, base in enumerate((*cls.__bases__, type(cls))):
        label = f"base {index}" if index < len(cls.__bases__) else "metaclass"
        if is_own_code(base):
            content.refer(label, content.parts.part(base))
        else:
            content.foreign(label, foreign_name(base).replace("EnumType", "EnumMeta"))
    _add_header(content, cls, texts)
    # Of a Task class, the function is what counts.
    if cls.__name__ != cls.__qualname__.rpartition(".")[2] and not any(family(base.__module__) for base in cls.__mro__):
        content.add("__name__", cls.__name__)
    if isinstance(cls, abc.ABCMeta):
        _add_registered(content, cls)
    add_fields(content, cls, texts)
    _add_members(content, cls, texts)
    if file is not None and texts:
        content.source(file, [text.node for text in texts], [method for text in texts for method in text.methods])


def _text_of(cls: type[Any], content: Content) -> tuple[SourceFile | None, list[ClassText]]:
    """Return the text of a class; of several definitions of one name, the one that its methods come from.

    Where its methods no longer match the file, the file has changed since, and says nothing about the class.
    """
    file = content.parts.source_file(content.names)
    if file is None:
        return None, []
    members = [item for name, item in vars(cls).items() if name not in _NOT_COUNTED]
    codes = [item.__code__ for item in members if isinstance(item, types.FunctionType)]
    lines = []
    for code in codes:
        if code.co_filename == file.name:
            found = source_of(code)
            if found is None:
                return None, []
            file = found[0]
            lines.append(code.co_firstlineno)
    texts = file.classes(cls.__qualname__)
    return file, [text for text in texts if any(map(text.holds, lines))] or texts


def _add_header(content: Content, cls: type[Any], texts: list[ClassText]) -> None:
    """Let decorators, keywords and, where someone looks at them, the hints of a class count."""
    plain = type(cls) in _PLAIN_METACLASSES and all(map(_is_plain_base, cls.__mro__))
    for text in texts:
        form, facts = text.header(leaves_no_trace(content.names), plain)
        content.add(form)
        for label, use in facts.sorted_uses:
            use_name(content, label, use, {})


def _is_plain_base(base: type[Any]) -> bool:
    """Say whether a base takes no notice of the hints of its subclasses."""
    name = foreign_name(base)
    return is_own_code(base) or name in _PLAIN_BASES or name.partition(":")[0] in _PLAIN_PACKAGES


def _add_members(content: Content, cls: type[Any], texts: list[ClassText]) -> None:
    written = {name for text in texts for name in text.names} if texts else None
    counted_already = _NOT_COUNTED
    if isinstance(cls, enum.EnumMeta):
        counted_already |= {*cls.__members__}
    elif is_named_tuple(cls):
        counted_already |= {*cls._fields, "_fields", "_field_defaults", "__new__"}
    for name, value in sorted(vars(cls).items()):
        if name in counted_already or not _counts(cls, name, value, written):
            continue
        changed = (id(cls), name) in content.parts.changed
        if is_own_code(value) and not changed:
            content.refer(name, content.parts.part(value))
        elif _is_descriptor(value) and not changed:
            content.value(name, value)
        else:
            title = f"{content.part.name}.{name}"
            content.refer(name, content.parts.constant(cls, name, value, title, content.names))


def _add_registered(content: Content, cls: type[Any]) -> None:
    """Let the classes count that were registered with an abstract one, and so pass for derived from it."""
    content.part.reads.answer(abc.get_cache_token, abc.get_cache_token())
    for each in _registered(cls):
        if not is_own_code(each):
            content.foreign("registered", foreign_name(each))
        elif is_held(each):
            content.refer(f"registered {each.__qualname__}", content.parts.part(each))


def _registered(cls: type[Any]) -> list[type[Any]]:
    look = getattr(sys.modules.get("_abc"), "_get_dump", None)
    found = [] if look is None else [reference() for reference in look(cls)[0]]
    return sorted((each for each in found if each is not None), key=lambda each: (each.__module__, each.__qualname__))


def _is_descriptor(value: Any) -> bool:
    return hasattr(type(value), "__get__") and not isinstance(value, functools.partial)  # it has one since 3.14


def _counts(cls: type[Any], name: str, value: Any, written: set[str] | None) -> bool:
    """Say whether a member is the user's, rather than made by a decorator or metaclass of some library."""
    if isinstance(value, (types.MemberDescriptorType, types.GetSetDescriptorType)) or family(type(value).__module__):
        return False
    if written is not None and name in written:
        return True
    function = getattr(value, "__func__", value)
    if isinstance(function, types.FunctionType):
        made = name.startswith("__") and _is_generated(function.__code__)
        known = written is not None or "__dataclass_fields__" in vars(cls)
        return is_own_code(function) and not (made and known)
    if name.startswith("_"):
        return written is None and not name.startswith("__") and not isinstance(cls, enum.EnumMeta)
    return True


def _is_generated(code: types.CodeType) -> bool:
    """Say whether a tool has made some code: what is typed at a prompt or stands in a cell has a text."""
    name = code.co_filename
    return name.startswith("<") and name != "<stdin>" and ("generated" in name or source_of(code) is None)
