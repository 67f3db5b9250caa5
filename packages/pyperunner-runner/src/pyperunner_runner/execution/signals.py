"""Signals that end a run. They are noted, never acted on in the middle of something, and raised again at the end."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from pyperunner_runner.processes.forks import keep_from_forks

if TYPE_CHECKING:
    import socket

__all__ = ["Signals"]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Signals:
    """Notes SIGINT, SIGTERM and SIGHUP while its block goes on; in any thread but the main one it does nothing.

    A signal that is ignored stays ignored (``nohup``), and so does one that is handled outside of Python.

    Attributes:
        received: Numbers of the signals that came, in order.
    """

    def __init__(self) -> None:
        self.received: list[int] = []
        self._listener: socket.socket | None = None
        self._before: dict[int, Any] = {}
        self._raising = False
        self._noted = False
        self._undo: Callable[[], None] = _nothing

    def __enter__(self) -> Signals:
        if threading.current_thread() is not threading.main_thread():
            return self
        numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
        handlers = {number: signal.getsignal(number) for number in numbers}
        self._before = {
            number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)
        }
        self._noted = True
        for number in self._before:
            signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._noted = False
        self._undo()

    @property
    def wake(self) -> int | None:
        """A descriptor that can be read when a signal has come.

        ``None`` where signals are not looked after, and where descriptors are few: the run looks now and then.
        """
        if self._listener is None and self._noted and not _every_descriptor_counts():
            self._undo = self._open_wake()
        return None if self._listener is None else self._listener.fileno()

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
        if self._listener is not None:
            with contextlib.suppress(BlockingIOError):
                while self._listener.recv(4096):
                    pass

    def pause(self, seconds: float) -> None:
        """Let time pass, until a signal comes."""
        if self.wake is None or self._listener is None:
            time.sleep(seconds)
            return
        import selectors

        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.select(seconds)

    def raise_again(self) -> None:
        """Raise the first signal that came, after the block, so that whoever handled it before gets it.

        Raises:
            KeyboardInterrupt: It was SIGINT, and no handler has raised anything else.
            SystemExit: It should have ended the process, and the system keeps it alive: process 1 of a container.
        """
        if self.received:
            first = self.received[0]
            signal.raise_signal(first)
            if first == signal.SIGINT:
                raise KeyboardInterrupt
            if signal.getsignal(first) == signal.SIG_DFL:
                raise SystemExit(128 + first)

    def _open_wake(self) -> Callable[[], None]:
        """Have every signal be seen by whoever waits for ``wake``; return what undoes it."""
        import socket

        listener, caller = socket.socketpair()
        for end in (listener, caller):
            end.setblocking(False)
        keep_from_forks(listener, caller)
        before = signal.set_wakeup_fd(caller.fileno(), warn_on_full_buffer=False)
        self._listener = listener
        if self.received:  # before anybody listened
            caller.send(bytes(self.received[-1:]))

        def undo() -> None:
            signal.set_wakeup_fd(before)
            self._listener = None
            listener.close()
            caller.close()

        return undo

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.received.append(number)
        if self._raising:
            raise KeyboardInterrupt


def _every_descriptor_counts() -> bool:
    if sys.platform == "win32":
        return False
    from pyperunner_runner.processes.posix import few_descriptors

    return few_descriptors()


def _nothing() -> None:
    """Undo nothing."""
