"""Light dataclasses: their methods are shared, and none is written and compiled for each class.

``dataclasses`` writes the methods of a class as source, which takes 0.3 to 1.5 ms for each class: of a run that has
nothing to do a twentieth. Here a class takes 0.02 ms, and an instance 1.5 µs more. So it is for classes that every run
imports, and of which there are few instances per task.
"""

from __future__ import annotations

import dataclasses
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

__all__ = ["COMPARISONS", "light_dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass as light_dataclass
else:

    def light_dataclass(cls: type | None = None, /, *, frozen: bool = False, eq: bool = True) -> Any:
        """Make a class a dataclass, as ``dataclasses.dataclass`` does.

        Args:
            cls: The class, none of whose fields has options but a default.
            frozen: Whether instances can't be changed, and have a hash.
            eq: Whether instances of equal fields are equal; else each is equal to itself alone.
        """
        return (lambda found: _made(found, frozen, eq)) if cls is None else _made(cls, frozen, eq)


class _Fields(NamedTuple):
    names: tuple[str, ...]
    defaults: dict[str, Any]
    factories: dict[str, Any]


class _Factory:
    """What stands for a default that is made anew for each instance."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()


class _Signature:
    """What ``inspect.signature``, and so ``help``, says of the constructor: the fields."""

    def __get__(self, instance: object, cls: Any) -> Any:
        if cls.__init__ is not __init__:
            return None  # it is told by the constructor itself
        from inspect import Parameter, Signature

        kind = Parameter.POSITIONAL_OR_KEYWORD
        defaults = {**dict.fromkeys(cls._light.factories, _FACTORY), **cls._light.defaults}
        types = {field.name: field.type for field in dataclasses.fields(cls)}
        return Signature(
            [
                Parameter(name, kind, default=defaults.get(name, Parameter.empty), annotation=types[name])
                for name in cls._light.names
            ]
        )


def _made(cls: type, frozen: bool, eq: bool) -> Any:
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    fields = dataclasses.fields(made)
    made._light = _Fields(
        tuple(field.name for field in fields),
        {field.name: field.default for field in fields if field.default is not dataclasses.MISSING},
        {field.name: field.default_factory for field in fields if field.default_factory is not dataclasses.MISSING},
    )
    made.__signature__ = _Signature()
    of_eq = (__eq__, *((__hash__,) if frozen else ())) if eq else ()
    for method in (__init__, __repr__, *of_eq, *((__setattr__, __delattr__) if frozen else ())):
        if method.__name__ not in vars(made):
            setattr(made, method.__name__, method)
    if eq and not frozen:
        made.__hash__ = None
    return made


def __init__(self: Any, /, *args: Any, **kwargs: Any) -> None:  # noqa: N807 - of the classes
    fields: _Fields = self._light
    values = dict(zip(fields.names, args, strict=False))
    if len(values) < len(args) or not values.keys().isdisjoint(kwargs):
        _refuse(self, args, kwargs)
    values |= kwargs
    for name in fields.names[len(args) :]:
        if name not in values:
            if name in fields.defaults:
                values[name] = fields.defaults[name]
            elif name in fields.factories:
                values[name] = fields.factories[name]()
    if len(values) != len(fields.names) or (kwargs and not values.keys() >= set(fields.names)):
        _refuse(self, args, kwargs)
    self.__dict__.update(values)
    finish = getattr(self, "__post_init__", None)
    if finish is not None:
        finish()


def _refuse(instance: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> NoReturn:
    """Raise what Python does for arguments that do not fit."""
    type(instance).__signature__.bind(*args, **kwargs)
    raise TypeError(f"{type(instance).__name__}({', '.join(instance._light.names)}): the arguments do not fit")


def _values(instance: Any) -> tuple[Any, ...]:
    return tuple([getattr(instance, name) for name in instance._light.names])


@recursive_repr()
def __repr__(self: Any) -> str:  # noqa: N807
    shown = [f"{name}={getattr(self, name)!r}" for name in self._light.names]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def __eq__(self: Any, other: object) -> bool:  # noqa: N807
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def __hash__(self: Any) -> int:  # noqa: N807
    return hash(_values(self))


def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: N807
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: Any, name: str) -> None:  # noqa: N807
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


COMPARISONS = (__eq__, __hash__)
"""They look at fields and do nothing else."""
