"""Fields of classes: what dataclasses, named tuples, enums and libraries make of the statements in a class's body.

They take the values out of the class, so that its members do not show them.
"""

from __future__ import annotations

import enum
from functools import partial
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.following.resolve import use_name
from pyperunner_keys.encoding.objects import state_of_member
from pyperunner_keys.names import type_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyperunner_keys.code.content import Content
    from pyperunner_keys.code.reading.class_text import ClassText

__all__ = ["add_fields", "is_named_tuple"]

_OF_ATTRS = (
    *("default", "validator", "repr", "eq", "eq_key", "order", "order_key", "hash", "init", "metadata", "converter"),
    *("kw_only", "on_setattr", "alias"),
)
_OF_PYDANTIC = (
    *("default", "default_factory", "alias", "validation_alias", "serialization_alias", "exclude", "discriminator"),
    *("frozen", "validate_default", "init", "init_var", "kw_only", "metadata", "json_schema_extra"),
)
_TABLES: dict[str, tuple[str, ...]] = {
    "__attrs_attrs__": _OF_ATTRS,
    "__pydantic_fields__": _OF_PYDANTIC,
    "__private_attributes__": ("default", "default_factory"),
    "__struct_defaults__": (),
}
"""Where libraries keep the fields of a class (attrs, pydantic, its private attributes, msgspec), and what of each
counts; nothing where they are plain values."""


def add_fields(content: Content, cls: type[Any], texts: list[ClassText]) -> None:
    """Let the fields of a class count, with what is said of each.

    Args:
        content: The content of the class.
        cls: The class.
        texts: Its definitions.
    """
    _add_of_dataclass(content, cls)
    if is_named_tuple(cls):
        content.add("fields", *cls._fields)
        content.value("_field_defaults", cls._field_defaults)
        _add_defaults_given_later(content, cls.__new__, tuple(cls._field_defaults.values()))
    if isinstance(cls, enum.EnumMeta):
        _add_members_of_enum(content, cls)
    tables = {name: fields for name in _TABLES if (fields := _table(cls, name))}
    for name, fields in tables.items():
        for place, said in _said_in(name, fields):
            content.value(place, said)
    if not (tables or "__dataclass_fields__" in vars(cls) or is_named_tuple(cls) or isinstance(cls, enum.EnumMeta)):
        _add_taken(content, cls, texts)
    if not texts:
        hints = {name: getattr(each, "annotation", None) for name, each in _named(vars(cls).get("__pydantic_fields__"))}
        if hints:
            content.value("hints", hints)


def is_named_tuple(cls: type[Any]) -> bool:
    """Say whether a class is a named tuple itself, and not derived from one."""
    return issubclass(cls, tuple) and "_field_defaults" in vars(cls)


def _add_members_of_enum(content: Content, cls: type[enum.Enum]) -> None:
    members = [*cls.__members__.values()]
    for name, member in cls.__members__.items():
        content.value(name, member._value_)
        state = state_of_member(member)
        if state:
            content.value(f"{name} itself", state, now=partial(state_of_member, member))
    content.part.reads.answer(partial(_size, members), _size(members))
    content.add("members", *cls.__members__)


def _size(members: list[enum.Enum]) -> int:
    """Return how many attributes some members have together: whether one was added takes no longer look."""
    return sum(map(len, map(vars, members)))


def _add_of_dataclass(content: Content, cls: type[Any]) -> None:
    fields: dict[str, Any] = vars(cls).get("__dataclass_fields__", {})
    for name, field in fields.items():
        kind = getattr(field, "_field_type", None)
        # What is annotated as ClassVar is noted as a field that has not been asked whether it is for keywords only.
        options = (field.init, field.repr, field.hash, field.compare, field.kw_only is True)
        content.add("field", name, repr(options), getattr(kind, "name", ""))
        content.value(f"{name}.metadata", dict(field.metadata))
        for part in ("default", "default_factory"):
            if type_name(type(getattr(field, part))) != "dataclasses._MISSING_TYPE":
                content.value(f"{name}.{part}", getattr(field, part))


def _add_defaults_given_later(content: Content, make: Any, known: tuple[Any, ...]) -> None:
    """Let count what someone has put in the place of the defaults: ``Point.__new__.__defaults__ = (0, 0)``."""
    defaults = getattr(make, "__defaults__", None) or ()
    content.part.reads.answer(lambda: getattr(make, "__defaults__", None) or (), defaults)
    if len(defaults) != len(known) or any(one is not other for one, other in zip(defaults, known, strict=True)):
        content.value("__new__.__defaults__", defaults)


def _table(cls: type[Any], name: str) -> Any:
    return getattr(cls, name) if hasattr(type(cls), name) else vars(cls).get(name)


def _said_in(table: str, fields: Any) -> Iterator[tuple[str, Any]]:
    parts = _TABLES[table]
    if not parts:
        yield table, fields
    for name, field in _named(fields) if parts else ():
        yield f"{table}.{name}", {part: getattr(field, part, None) for part in parts}


def _named(fields: Any) -> list[tuple[str, Any]]:
    if isinstance(fields, dict):
        return [*fields.items()]
    return [(field.name, field) for field in fields or ()]


def _add_taken(content: Content, cls: type[Any], texts: list[ClassText]) -> None:
    """Let the statements count whose values a metaclass or decorator has taken out of the class."""
    for text in texts:
        for name in sorted(text.names - vars(cls).keys() - text.private):
            form, facts = text.statements(name)
            if facts.uses or text.gives(name):
                content.add("taken", name, form)
                for label, use in facts.sorted_uses:
                    use_name(content, label, use, {})
