"""Lines of text, cut from a stream of bytes in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

__all__ = ["LineBuffer"]

_LONGEST = 1 << 16  # a task that never ends its line is logged in pieces of this many bytes
_BEYOND = 1 << 14  # what is seen of the line behind such a piece, so that it can be cut at a good place
_MOST_ROWS = 64
_UP = b"\x1b[A"
_ENTERED, _TURNED, _WRITTEN = "entered from above", "returned to its beginning", "written"
_TOKEN = re.compile(rb"\r|\n|\x1b\[A|(?:[^\r\n\x1b]|\x1b(?!\[A))+")

Cut: TypeAlias = Callable[[bytes, int], int]
"""Says where to cut bytes in two, at a place or a little before it."""


def _anywhere(data: bytes, at: int) -> int:
    return at


class LineBuffer:
    """Collects bytes and gives back whole lines, each with its line feed; invalid UTF-8 is shown as escapes.

    A line that is written over again and again, by way of carriage returns, as progress bars are, is given once: as it
    is in the end. Until then ``passing`` says how it looks.

    Args:
        cut: Says where a line may be cut that takes too long to end.
    """

    def __init__(self, cut: Cut = _anywhere) -> None:
        self._cut = cut
        self._rest = b""
        self._rewritten: _RewrittenLines | None = None

    def feed(self, data: bytes) -> str:
        """Take what was read; return the lines that it completes."""
        whole: list[bytes] = []
        plain = self._rest + data.replace(b"\r\n", b"\n")
        if self._rewritten is not None or b"\r" in plain:
            self._rewritten = self._rewritten or _RewrittenLines(self._cut)
            whole += self._rewritten.feed(self._rest + data)
            data = b""
            if self._rewritten.over:
                data, self._rewritten = self._rewritten.rest, None
        else:
            data = plain
        end = data.rfind(b"\n") + 1
        whole, self._rest = [*whole, data[:end]] if end else whole, data[end:]
        pieces, self._rest = _pieces(self._rest, self._cut)
        whole += pieces
        return _decode(b"".join(whole))

    @property
    def passing(self) -> str:
        """How the lines look that are being written over; empty if there are none."""
        return "" if self._rewritten is None else "\n".join(map(_decode, self._rewritten.shown))

    def rest(self) -> str:
        """Return what is left behind the last line end as a line, if there is anything, and start anew."""
        rows = [self._rest] * bool(self._rest) if self._rewritten is None else self._rewritten.left
        self._rest, self._rewritten = b"", None
        return _decode(b"".join(row + b"\n" for row in rows))


@dataclass
class _Row:
    """A line: what was written since the last carriage return, and what stood there before if that is blank."""

    text: bytes = b""
    before: bytes = b""
    turned: bool = False

    @property
    def shown(self) -> bytes:
        # Programs wipe a line with spaces before they write over it.
        return self.text if self.text.strip() or not self.before else self.before

    def turn(self) -> None:
        self.text, self.before, self.turned = b"", self.shown, True


class _RewrittenLines:
    """The rows of a terminal that are still being written to.

    Several progress bars, one in another, are written as tqdm does it: a line feed leads to the row of the inner one,
    the sequence "cursor up" back. So a line that was written over may go on after its line feed. It is over when
    something else follows than a row that is begun with a carriage return and left upwards.
    """

    def __init__(self, cut: Cut) -> None:
        self._cut_at = cut
        self._rows = [_Row()]
        self._at = 0
        self._state = _WRITTEN  # what came last to the row that is written to
        self._unreturned: tuple[_Row, str] | None = None  # what was there before the carriage return that came last
        self._cut = b""  # the beginning of a control sequence whose end is to come

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read; return the lines, with their line feeds, that stay as they are."""
        data = self._cut + data
        self._cut = next((part for part in (b"\x1b[", b"\x1b") if data.endswith(part)), b"")
        found: list[bytes] = []
        for match in _TOKEN.finditer(data, 0, len(data) - len(self._cut)):
            self._take(match[0], found)
        return found

    @property
    def over(self) -> bool:
        """Whether nothing is left but a line that was not written over yet."""
        return len(self._rows) == 1 and not self._rows[0].turned

    @property
    def rest(self) -> bytes:
        """What stands in the row that is written to, and the beginning of a control sequence."""
        return self._rows[self._at].text + self._cut

    @property
    def shown(self) -> list[bytes]:
        """The rows as they look, but for blank ones."""
        return [row.shown for row in self._rows if row.shown.strip()]

    @property
    def left(self) -> list[bytes]:
        """The rows as they stay if nothing more comes: what has not ended and is blank is no line."""
        return [row.shown for at, row in enumerate(self._rows) if at < self._at or row.shown.strip()]

    def _take(self, token: bytes, found: list[bytes]) -> None:
        if token == _UP and self._at:
            self._at, self._state = self._at - 1, _TURNED
        elif token == b"\r":
            self._settle(found, _WRITTEN)
            row = self._rows[self._at]
            self._unreturned = replace(row), self._state
            row.turn()
            self._state = _TURNED
            return
        elif token == b"\n":
            if self._unreturned is not None:  # together they end a line
                self._rows[self._at], self._state = self._unreturned
            self._settle(found, _WRITTEN if self._at < _MOST_ROWS else self._state)
            self._end_row(found)
            self._state = _ENTERED
        else:
            if self._settle(found, _ENTERED):
                self._rows = [_Row()]
            self._write(token, found)
            # What wipes a line says no more of it than the return to its beginning.
            self._state = self._state if self._state == _TURNED and not token.strip() else _WRITTEN
        self._unreturned = None

    def _settle(self, found: list[bytes], state: str) -> bool:
        """Give the rows above if the current one is in a state that says that nothing will change them."""
        if self._at == 0 or self._state != state:
            return False
        above, self._rows, self._at = self._rows[: self._at], self._rows[self._at :], 0
        found += [row.shown + b"\n" for row in above]
        return True

    def _end_row(self, found: list[bytes]) -> None:
        """Go to the row below; this one is over if it was never written over."""
        if self._at == 0 and not self._rows[0].turned:
            found.append(self._rows.pop(0).text + b"\n")
        else:
            self._at += 1
        if self._at == len(self._rows):
            self._rows.append(_Row())

    def _write(self, text: bytes, found: list[bytes]) -> None:
        row = self._rows[self._at]
        row.text += text
        if len(row.text) > _LONGEST + _BEYOND:
            self._settle(found, self._state)
            pieces, row.text = _pieces(row.text, self._cut_at)
            found += pieces


def _pieces(line: bytes, cut: Cut) -> tuple[list[bytes], bytes]:
    """Return pieces of a line that is too long, each with a line feed, and what is left of it."""
    found = []
    while len(line) > _LONGEST + _BEYOND:
        end = cut(line, _LONGEST)
        found.append(line[:end] + b"\n")
        line = line[end:]
    return found, line


def _decode(lines: bytes) -> str:
    return lines.decode("utf-8", errors="backslashreplace")
