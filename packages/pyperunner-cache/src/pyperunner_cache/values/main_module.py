"""Main module: what ``__main__`` defines is pickled by value, yet is itself again where the same script runs."""

from __future__ import annotations

import io
import os
import pickle
import sys
from types import CodeType, FunctionType
from typing import Any

import cloudpickle

from pyperunner_cache.errors import ForeignEntryError

__all__ = ["MainPickler", "compiled", "restore"]

_PYTHON = str(sys.implementation.cache_tag)
"""Says whose byte code it is: ``cpython-312``."""


class _CodePickler(cloudpickle.Pickler):  # type: ignore[misc]
    """A cloudpickle pickler that notes beside byte code which Python has compiled it: no other one can run it."""

    def reducer_override(self, obj: Any) -> Any:
        """Reduce code objects to what cloudpickle makes of them, and this Python."""
        if isinstance(obj, CodeType):
            return compiled, (_PYTHON, self.dispatch_table[CodeType](obj)[1])
        return super().reducer_override(obj)


class MainPickler(_CodePickler):
    """A cloudpickle pickler that notes, for what ``__main__`` defines, the script and the name beside the definition.

    A class rebuilt by value is another class than the script's own: ``isinstance`` and enum comparisons would fail in
    the very script that stored the value. So the reader looks there first.
    """

    def reducer_override(self, obj: Any) -> Any:
        """Reduce classes and functions of ``__main__`` to a look-up with the definition to fall back on.

        Raises:
            TypeError: cloudpickle would keep ``obj`` as another type: a view as bytes, a file as its text.
        """
        if (
            isinstance(obj, (memoryview, io.TextIOWrapper, io.BufferedIOBase, io.FileIO))
            and type(obj) is not io.BytesIO
        ):
            raise TypeError(f"cannot pickle {type(obj).__name__!r} object")
        if isinstance(obj, (type, FunctionType)) and obj.__module__ == "__main__" and self._is_global(obj):
            file = getattr(sys.modules["__main__"], "__file__", None)
            definition = io.BytesIO()
            _CodePickler(definition, protocol=5).dump(obj)
            return restore, (os.path.realpath(file) if file else None, obj.__qualname__, definition.getvalue())
        return super().reducer_override(obj)

    @staticmethod
    def _is_global(obj: Any) -> bool:
        return _find(sys.modules["__main__"], obj.__qualname__) is obj


def compiled(python: str, args: tuple[Any, ...]) -> CodeType:
    """Return a code object, if this is the Python that has compiled it; another one would run it until it crashes.

    Args:
        python: Which one it was.
        args: What a code object is made of there.

    Raises:
        ForeignEntryError: It was another one.
    """
    if python != _PYTHON:
        raise ForeignEntryError(f"it holds byte code of {python}, which {_PYTHON} cannot run")
    return CodeType(*args)


def restore(file: str | None, name: str, definition: bytes) -> Any:
    """Return what ``name`` is in the script ``file`` where this process runs it, else what its definition makes."""
    if file is not None:
        for module in ("__main__", os.path.splitext(os.path.basename(file))[0]):
            loaded = sys.modules.get(module)
            if loaded is not None and os.path.realpath(getattr(loaded, "__file__", None) or "") == file:
                found = _find(loaded, name)
                if found is not None:
                    return found
    return pickle.loads(definition)


restore.__module__ = "pyperunner_cache._values._main"  # as in entries made by 0.2.0: equal values, equal bytes


def _find(module: Any, name: str) -> Any:
    for step in name.split("."):
        module = getattr(module, step, None)
    return module
