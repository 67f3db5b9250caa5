"""Channel of an agent: bytes to the runner and back, over whatever there is."""

from __future__ import annotations

import socket
from typing import Protocol

from pyperunner_runner.child.messages import pack
from pyperunner_runner.remote.messages import KeepAlive

__all__ = ["KEEP_ALIVE", "Channel", "SocketChannel"]

_READ_SIZE = 1 << 18
KEEP_ALIVE = pack(KeepAlive())
"""What an agent is sent now and then, by whoever knows that the runner is there."""


class Channel(Protocol):
    """Carries bytes both ways, in order and without a gap, and ends when the other side is gone."""

    def fileno(self) -> int:
        """Return a descriptor that can be read when something has come, or the end."""
        ...

    def receive(self) -> bytes:
        """Return what has come, waiting for it; nothing when the other side is gone."""
        ...

    def send(self, data: bytes) -> None:
        """Hand data on.

        Raises:
            OSError: The other side is gone, or has taken nothing for too long.
        """
        ...


class SocketChannel:
    """A channel over a connected stream socket.

    Args:
        connected: The socket.
        patience: Seconds in which the other side must take something.
    """

    def __init__(self, connected: socket.socket, patience: float = 60.0) -> None:
        connected.settimeout(patience)
        self._socket = connected

    def fileno(self) -> int:
        """See ``Channel``."""
        return self._socket.fileno()

    def receive(self) -> bytes:
        """See ``Channel``."""
        try:
            return self._socket.recv(_READ_SIZE)
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """See ``Channel``."""
        self._socket.sendall(data)
