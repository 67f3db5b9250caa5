"""Former names: classes and functions that stay known by the module that an earlier version defined them in."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["keep_former_name"]


def keep_former_name(module: str, *things: Any) -> None:
    """Have classes and functions go by the name of the module in which they were when stores and keys were written.

    To be called by the module that defines them now. The former name leads there at once, without an import: who looks
    for the module of a class among those that are loaded, as cloudpickle does, would else take it for one made on the
    fly, and send all of it.

    Args:
        module: The former module's name. A file of that name stays, for whoever has loaded nothing yet.
        things: Classes and functions.
    """
    sys.modules.setdefault(module, sys.modules[things[0].__module__])
    for thing in things:
        thing.__module__ = module
