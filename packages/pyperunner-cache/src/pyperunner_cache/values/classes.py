"""Classes by name, in both directions."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from pyperunner_cache.errors import ForeignEntryError
from pyperunner_cache.values.not_plain import Refusal

__all__ = ["find_class", "name_class"]


def name_class(cls: type) -> list[str]:
    """Return module and qualified name under which any process finds ``cls``.

    Raises:
        Refusal: It lives in ``__main__`` or in a function, or its name leads to something else.
    """
    module, name = cls.__module__, cls.__qualname__
    if module == "__main__":
        raise Refusal(name, "its class is defined in __main__, where another process does not find it")
    found: Any = sys.modules.get(module)
    for step in name.split("."):
        found = getattr(found, step, None)
    if found is not cls:
        raise Refusal(name, f"its class is not found as {module}.{name}")
    return [module, name]


def find_class(module: str, name: str, *, imports: bool) -> type:
    """Return the class of that name.

    Args:
        module: Its module.
        name: Its qualified name.
        imports: Whether the module may be imported; otherwise it must have been already.

    Raises:
        ForeignEntryError: There is no such class (any more), or its module would have to be imported first.
    """
    if module not in sys.modules and not imports:
        raise ForeignEntryError(f"it holds a {module}.{name}; with trust='safe' import {module} yourself first")
    try:
        found: Any = importlib.import_module(module)
        for step in name.split("."):
            found = getattr(found, step)
    except (ImportError, AttributeError) as error:
        raise ForeignEntryError(f"it holds a {module}.{name}, which is gone: {error}") from None
    if not isinstance(found, type):
        raise ForeignEntryError(f"it holds a {module}.{name}, which is not a class any more")
    return found
