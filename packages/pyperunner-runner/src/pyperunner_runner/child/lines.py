"""Lines of text, cut from a stream of bytes in bounded memory."""

from __future__ import annotations

__all__ = ["LineBuffer"]

_LONGEST = 1 << 16  # a task that never ends its line is logged in pieces of this many bytes


class LineBuffer:
    """Collects bytes and gives back whole lines; invalid UTF-8 is shown as escapes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take what was read; return the lines it completes, without their ends."""
        *whole, self._rest = (self._rest + data).split(b"\n")
        while len(self._rest) > _LONGEST:
            whole.append(self._rest[:_LONGEST])
            self._rest = self._rest[_LONGEST:]
        return [_decode(line) for line in whole]

    def rest(self) -> list[str]:
        """Return what is left behind the last line end, if anything, and start anew."""
        rest, self._rest = self._rest, b""
        return [_decode(rest)] if rest else []


def _decode(line: bytes) -> str:
    return line.rstrip(b"\r").decode("utf-8", errors="backslashreplace")
