"""Lines of text, cut from a stream of bytes in bounded memory."""

from __future__ import annotations

import re

__all__ = ["LineBuffer"]

_LONGEST = 1 << 16  # a task that never ends its line is logged in pieces of this many bytes
_SEGMENT = re.compile(rb"([^\r\n]+)(\r\n|\r|\n|\Z)|(\r\n|\r|\n)")


class LineBuffer:
    """Collects bytes and gives back whole lines, each with its line feed; invalid UTF-8 is shown as escapes.

    A line that is written over again and again, by way of carriage returns, is given each time: progress bars are
    written so, and are to be seen while they grow.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._returned = False  # what comes next is written over a line that was given already

    def feed(self, data: bytes) -> str:
        """Take what was read; return the lines that it completes."""
        data = self._rest + data
        if self._returned or b"\r" in data:
            return _decode(self._overwritten(data))
        end = data.rfind(b"\n") + 1
        whole, self._rest = [data[:end]] if end else [], data[end:]
        while len(self._rest) > _LONGEST:
            whole.append(self._rest[:_LONGEST] + b"\n")
            self._rest = self._rest[_LONGEST:]
        return _decode(b"".join(whole))

    def rest(self) -> str:
        """Return what is left behind the last line end as a line, if there is anything, and start anew."""
        rest, self._rest, self._returned = self._rest, b"", False
        return _decode(rest + b"\n") if rest else ""

    def _overwritten(self, data: bytes) -> bytes:
        """Cut at carriage returns too. A line that one of them begins is given as it is, for its end is the next."""
        found = []
        self._rest = b""
        for match in _SEGMENT.finditer(data):
            text, end = match[1] or b"", match[2] or match[3] or b""
            if not end and not self._returned and len(text) <= _LONGEST:
                self._rest = text
                break
            # Programs wipe a line with spaces before they write over it.
            if text.strip() or not (self._returned or end == b"\r"):
                found.append(text + b"\n")
            if end:
                self._returned = end == b"\r"
        return b"".join(found)


def _decode(lines: bytes) -> str:
    return lines.decode("utf-8", errors="backslashreplace")
