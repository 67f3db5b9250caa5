"""Displays: what a task shows with IPython's ``display`` goes to the runner, in whose notebook it appears."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any

__all__ = ["SHELL", "provide_display", "relay_displays"]

SHELL = "IPython.core.interactiveshell"
"""The module that ``display`` asks for the shell at each call."""

Send = Callable[[Mapping[str, Any], Mapping[str, Any]], None]


def provide_display() -> None:
    """Have the name ``display`` that every cell knows, too; it counts in the code of tasks by its name."""
    builtins.display = _display  # type: ignore[attr-defined]


def _display(*objects: Any, **how: Any) -> Any:
    from IPython.display import display

    return display(*objects, **how)  # type: ignore[no-untyped-call]


def relay_displays(send: Send) -> None:
    """Have ``display``, and what calls it as ``matplotlib.pyplot.show`` does, send what it shows.

    Args:
        send: Takes the forms of one object by media type, and their metadata.
    """
    import IPython
    from IPython.core import getipython, interactiveshell

    shell = interactiveshell.InteractiveShell
    known = shell.instance().display_formatter if shell.initialized() else None  # of a copy of the kernel
    interactiveshell.InteractiveShell = _Shell(send, known or _formatter())  # type: ignore[misc,assignment]
    # Whoever asks for the shell itself, to change it or to hear of cells, is told that there is none.
    IPython.get_ipython = getipython.get_ipython = lambda: None
    provide_display()


def _formatter() -> Any:
    from IPython.core.formatters import DisplayFormatter

    formatter: Any = DisplayFormatter()
    formatter.formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", _png)
    return formatter


def _png(figure: Any) -> Any:
    from IPython.core.pylabtools import print_figure

    return print_figure(figure, "png", base64=True)  # type: ignore[no-untyped-call]


class _Shell:
    """As much of a shell as ``display`` needs, and of its class."""

    def __init__(self, send: Send, formatter: Any) -> None:
        self._send = send
        self.display_formatter = formatter
        self.display_pub = self

    def initialized(self) -> bool:
        return True

    def instance(self) -> _Shell:
        return self

    def publish(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None = None, **_: Any) -> None:
        self._send(dict(data), dict(metadata or {}))
