"""Signatures of strangers' functions: what they take and what they say they return, without evaluating their hints.

Since Python 3.14 hints are evaluated when someone asks for them. Those of a stranger's function may name what only type
checkers import, so asking for more than their text may raise anything.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

__all__ = ["own_signature_of", "return_hint", "signature_of", "takes_any_keyword"]


def signature_of(function: Callable[..., Any], *, follow_wrapped: bool = True) -> inspect.Signature:
    """Return the signature of a function; since Python 3.14 with its hints as text.

    Args:
        function: Any callable.
        follow_wrapped: Of a decorated function, return that of the function inside.

    Raises:
        TypeError: It is not callable.
        ValueError: It has no signature.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, follow_wrapped=follow_wrapped, annotation_format=Format.STRING)
    return inspect.signature(function, follow_wrapped=follow_wrapped)


def own_signature_of(function: Callable[..., Any]) -> inspect.Signature:
    """Return the signature by which a callable takes its arguments; anything goes for one that does not say it.

    Of a decorated function it is that of what the decorator returned: where this passes on other arguments than it is
    given, ``__wrapped__`` has another signature.

    Raises:
        TypeError: It is not callable.
    """
    try:
        return signature_of(function, follow_wrapped=False)
    except ValueError:  # some that are written in C
        return signature_of(lambda *args, **kwargs: None)


def takes_any_keyword(function: Callable[..., Any]) -> bool:
    """Say whether a function takes keywords of any name, and so sees in which order they are given.

    Args:
        function: Any callable; one without a signature may do so.
    """
    try:
        parameters = signature_of(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def return_hint(function: Callable[..., Any]) -> str:
    """Return the name of what a function says it returns, without its module; empty where it says nothing.

    Args:
        function: One written in Python.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        found: Any = get_annotations(function, format=Format.STRING).get("return", "")
    else:
        found = function.__annotations__.get("return", "")
    name: str = found if isinstance(found, str) else getattr(found, "__name__", "")
    return name.rpartition(".")[2].strip("'\"")
