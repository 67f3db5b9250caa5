"""Errors made of facts: a class lists its facts and how to say them, and `FactError` does the rest.

class TooLarge(FactError, ValueError):
'''An entry is larger than a store takes.'''

key: str
size: int
limit: int = 1000
template = "{key}: {size:,} bytes are more than the {limit:,} that may be; store less"

TooLarge("a/1", size=2000).args == ("a/1", 2000, 1000)
"""

from __future__ import annotations

from pyperunner_text.visible import visible

TYPE_CHECKING = False  # type checkers take it for true; importing typing for it would cost most of this import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ClassVar

    from typing_extensions import dataclass_transform
else:

    def dataclass_transform(**_said):
        """Tells type checkers, and nobody else, that annotations make a constructor."""
        return lambda cls: cls


__all__ = ["FactError", "shown"]


class _FactSignature:
    """What `inspect.signature`, and so ``help``, says of an error's constructor: its facts."""

    def __get__(self, error: FactError | None, cls: type[FactError]) -> Any:
        if cls.__init__ is not FactError.__init__ or not cls._facts:
            return None  # it is told by the constructor itself
        from inspect import Parameter, Signature

        defaults, kind = cls._defaults(), Parameter.POSITIONAL_OR_KEYWORD
        return Signature([Parameter(name, kind, default=defaults.get(name, Parameter.empty)) for name in cls._facts])


@dataclass_transform(eq_default=False)
class FactError(Exception):
    """Base of errors that take the facts and write their own sentence.

    Annotations of a class that has a ``template`` or a ``sentence`` of its own are its facts, in their order, those it
    inherits first; the value of a class attribute is a default. (So a user's class below one of ours may annotate
    what it likes.) The constructor takes them by position or by name, keeps them as attributes, and as ``args``: so an
    error can be copied, pickled and rebuilt. A fact that is annotated as ``tuple[…]`` or ``dict[…]`` is made one, so
    any iterable or mapping may be given. A class that writes an ``__init__`` of its own gives to this one what becomes
    ``args``. A class without any fact takes what an `Exception` takes.

    The text is the class attribute ``template``, filled as `str.format` does with the facts, or what a method
    ``sentence`` returns. In a template a fact is one visible line (``{key}``) or its repr (``{key!r}``), even where it
    is an object whose own methods raise; text that has lines of its own needs a ``sentence``.

    It comes first among the bases: ``class UnknownTask(FactError, KeyError)``.
    """

    template: ClassVar[str] = ""
    """The error's text, with ``{name}`` where a fact goes."""
    _facts: ClassVar[dict[str, Callable[[Any], Any] | None]] = {}
    """For each fact what makes it a value that pickles, if it has to be made one."""
    __signature__: ClassVar[Any] = _FactSignature()

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not {"template", "sentence"} & vars(cls).keys():
            return
        own = {
            name: _maker(str(kind))
            for name, kind in cls.__annotations__.items()
            if not str(kind).startswith(("ClassVar", "typing.ClassVar"))
        }
        if own:
            for base in reversed(cls.__bases__):
                own = {**getattr(base, "_facts", {}), **own}
            cls._facts = own
            if "__init__" not in vars(cls):  # a base may have one of its own, which knows nothing of these facts
                cls.__init__ = FactError.__init__  # type: ignore[method-assign]

    @classmethod
    def _defaults(cls) -> dict[str, Any]:
        """Return the facts that have one, looked up when asked: what stands in a class of a user's counts in keys."""
        own = [vars(base) for base in reversed(cls.__mro__) if issubclass(base, FactError)]
        return {name: values[name] for values in own for name in cls._facts if name in values}

    def __init__(self, *facts: object, **named: object) -> None:
        args = self._bound(facts, named) if self._facts or named else facts
        super().__init__(*args)  # of the builtin below: an OSError or ImportError keeps what it makes of them
        self.args = args
        for name, fact in zip(self._facts, args, strict=False):
            setattr(self, name, fact)

    def _bound(self, given: tuple[object, ...], named: dict[str, object]) -> tuple[object, ...]:
        """Return the value of every fact.

        Raises:
            TypeError: One is missing, unknown, or there twice.
        """
        values = dict(zip(self._facts, given, strict=False))
        surplus = [str(fact) for fact in given[len(self._facts) :]] + [n for n in named if n not in self._facts]
        twice = values.keys() & named.keys()
        values = {**self._defaults(), **values, **named}
        missing = [name for name in self._facts if name not in values]
        for names, problem in ((surplus, "too much"), (twice, "there twice"), (missing, "missing")):
            if names:
                raise TypeError(f"{type(self).__name__}({', '.join(self._facts)}): {', '.join(names)}: {problem}")
        return tuple(make(values[name]) if make else values[name] for name, make in self._facts.items())

    def sentence(self) -> str:
        """Return the error's text."""
        if self.template:
            return self.template.format_map({name: _Shown(getattr(self, name)) for name in self._facts})
        return Exception.__str__(self)

    def __str__(self) -> str:
        try:
            return self.sentence()
        except Exception as trouble:  # a fact may be any object, and an error about it must not become another one
            facts = ", ".join(map(shown, self.args))
            return f"{type(self).__name__}({facts}), whose text can't be written: {type(trouble).__name__}"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(shown, self.args))})"

    def __reduce__(self) -> tuple[object, ...]:
        rest = {name: value for name, value in self.__dict__.items() if name not in self._facts}
        return (type(self), self.args, rest) if rest else (type(self), self.args)


def shown(value: object) -> str:
    """Return the repr of ``value``, or its type where the repr raises."""
    try:
        return repr(value)
    except Exception as trouble:
        return f"<{visible(type(value).__name__)} whose repr raises {visible(type(trouble).__name__)}>"


class _Shown:
    """A fact in a template."""

    __slots__ = ("_fact",)

    def __init__(self, fact: object) -> None:
        self._fact = fact

    def __format__(self, spec: str) -> str:
        try:
            return visible(format(self._fact, spec))
        except Exception:
            return visible(shown(self._fact))

    def __str__(self) -> str:
        return format(self, "")

    def __repr__(self) -> str:
        return shown(self._fact)


def _maker(annotation: str) -> Callable[[Any], Any] | None:
    return tuple if annotation.startswith("tuple[") else dict if annotation.startswith("dict[") else None
