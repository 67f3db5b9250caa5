"""Dataclasses whose methods are made when one of them is called first.

`dataclasses.dataclass` compiles up to six functions for each class, which takes half a millisecond. Of most classes
that a process imports it makes no object.
"""

from __future__ import annotations

from contextlib import suppress

TYPE_CHECKING = False  # type checkers take it for true; importing typing for it would cost most of this import
if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass as dataclass
    from typing import Any
else:

    def dataclass(cls=None, /, **how):
        """Return a class as `dataclasses.dataclass` does, with its arguments ``frozen`` and ``eq``."""
        return (lambda given: _Unmade(given, **how).cls) if cls is None else _Unmade(cls, **how).cls


__all__ = ["dataclass", "make"]


def make(*classes: type) -> None:
    """Make the methods of dataclasses now, for instance once for all processes that are forked from this one."""
    for cls in classes:
        _ = cls.__dataclass_fields__  # type: ignore[attr-defined]


class _Signature:
    """Has `inspect.signature` look at what is made.

    Args:
        make: Makes it.
    """

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    def __get__(self, instance: object, cls: type) -> None:
        self._make()
        raise AttributeError("__signature__")


class _Unmade:
    """What stands in a class for what is yet to be made.

    It is made in a twin of the class and put into the class piece by piece. Who calls one meanwhile, in another thread
    or in a process that was forked just then, makes the same once more.
    """

    def __init__(self, cls: Any, *, frozen: bool = False, eq: bool = True) -> None:
        self.cls, self._how = cls, {"frozen": frozen, "eq": eq}
        own = vars(cls)
        self._body = {name: own[name] for name in own if name not in ("__dict__", "__weakref__")}
        self._body.setdefault("__annotations__", {})
        wanted = {"__init__": True, "__repr__": True, "__eq__": eq, "__hash__": eq and frozen}
        for name in [name for name, is_wanted in wanted.items() if is_wanted and self._body.get(name) is None]:
            setattr(cls, name, self._stub(name))
        if eq and not frozen and "__hash__" not in self._body:
            cls.__hash__ = None
        for name in ("__setattr__", "__delattr__") if frozen else ():
            setattr(cls, name, self._refusal(name))
        for name, value in self._body.items():
            if type(value).__name__ == "Field":  # the default of a field() stands there, if it has one
                delattr(cls, name)
                if type(value.default).__name__ != "_MISSING_TYPE":
                    setattr(cls, name, value.default)
        cls.__dataclass_fields__ = self
        cls.__signature__ = _Signature(self._make)

    def __get__(self, instance: object, cls: type) -> dict[str, Any]:
        self._make()
        found: dict[str, Any] = self.cls.__dataclass_fields__
        return found

    def _make(self) -> None:
        from dataclasses import dataclass

        cls = self.cls
        body = {**self._body, "__qualname__": cls.__qualname__}
        twin = dataclass(**self._how)(type(cls)(cls.__name__, cls.__bases__, body))
        for name in vars(twin).keys() - self._body.keys() - {"__dict__", "__weakref__", "__setattr__", "__delattr__"}:
            setattr(cls, name, vars(twin)[name])
        if self._how["eq"] and self._how["frozen"]:
            cls.__hash__ = vars(twin)["__hash__"]
        if "__signature__" in vars(cls):
            with suppress(AttributeError):  # another thread was quicker
                del cls.__signature__

    def _stub(self, name: str) -> Callable[..., Any]:
        def method(instance: object, *args: Any, **named: Any) -> Any:
            self._make()
            return getattr(self.cls, name)(instance, *args, **named)

        method.__name__ = name
        return method

    def _refusal(self, name: str) -> Callable[..., None]:
        cls, fields = self.cls, self._body["__annotations__"]

        def method(instance: object, field: str, *value: object) -> None:
            if type(instance) is cls or field in fields:
                from dataclasses import FrozenInstanceError

                raise FrozenInstanceError(f"cannot {'assign to' if value else 'delete'} field {field!r}")
            getattr(super(cls, instance), name)(field, *value)

        method.__name__ = name
        return method
