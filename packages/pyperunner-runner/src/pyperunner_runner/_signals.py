"""Signals that end a run. They are noted, never acted on in the middle of something, and raised again at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Signals"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Signals:
    """Notes SIGINT, SIGTERM and SIGHUP while its block goes on; in any thread but the main one it does nothing.

    A signal that is ignored stays ignored (``nohup``), and so does one that is handled outside of Python.

    Attributes:
        received: Numbers of the signals that came, in order.
        wake: A descriptor that can be read when one came; ``None`` where signals are not looked after.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self.wake: int | None = None
        self._before: dict[int, Any] = {}
        self._raising = False
        self._undo: Callable[[], None] = _nothing

    def __enter__(self) -> Signals:
        if threading.current_thread() is not threading.main_thread():
            return self
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        handlers = {number: signal.getsignal(number) for number in numbers}
        self._before = {
            number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)
        }
        if os.name == "posix":
            self._open_wake()
        for number in self._before:
            signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._undo()

    @contextmanager
    def let_through(self) -> Iterator[None]:
        """Let a signal raise ``KeyboardInterrupt`` at once while a task's code runs in this very process."""
        self._raising = True
        try:
            yield
        finally:
            self._raising = False

    def forget_calls(self) -> None:
        """Empty ``wake``, so that it can be waited for again."""
        if self.wake is not None:
            with contextlib.suppress(BlockingIOError):
                while os.read(self.wake, 4096):
                    pass

    def raise_again(self) -> None:
        """Raise the first signal that came, after the block, so that whoever handled it before gets it.

        Raises:
            KeyboardInterrupt: It was SIGINT, and no handler has raised anything else.
        """
        if self.received:
            signal.raise_signal(self.received[0])
            if self.received[0] == signal.SIGINT:
                raise KeyboardInterrupt

    def _open_wake(self) -> None:
        self.wake, call = os.pipe()
        for fd in (self.wake, call):
            os.set_blocking(fd, False)
        before = signal.set_wakeup_fd(call, warn_on_full_buffer=False)

        def undo() -> None:
            signal.set_wakeup_fd(before)
            for fd in (self.wake, call):
                if fd is not None:
                    os.close(fd)
            self.wake = None

        self._undo = undo

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received.append(number)
        if self._raising:
            raise KeyboardInterrupt


def _nothing() -> None:
    """Undo nothing."""
