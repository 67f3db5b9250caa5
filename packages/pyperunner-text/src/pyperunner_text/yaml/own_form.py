"""Own form of YAML: what ``to_yaml`` writes, read back line by line, many times faster than YAML at large is.

The form is a part of YAML: a text that is taken here means the same to every reader. Anything else in a text, and it is
left to the reader of YAML at large, which also says what is wrong with it.
"""

from __future__ import annotations

import re
from typing import Any, cast

from pyperunner_text.gc_paused import gc_paused
from pyperunner_text.yaml.writer import is_plain, read_json

__all__ = ["NotOwnForm", "read_own_form"]

_MAX_DEPTH = 250
_MAX_DIGITS = 4_000
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+(?:e[+-][0-9]+)?\Z")
_UNKNOWN = (0, None)
_WORDS = {"true": True, "false": False, "null": None}
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


class NotOwnForm(ValueError):
    """The text holds something else; it may be YAML all the same."""


def read_own_form(text: str) -> dict[str, Any]:
    """Return the mapping in a text.

    Raises:
        NotOwnForm: It is not of this form, or has a key twice.
    """
    lines = text.split("\n")
    if lines.pop() or not lines:
        raise NotOwnForm
    with gc_paused():
        return _Reader().read(lines)


class _Reader:
    """Builds the value line by line."""

    def __init__(self) -> None:
        self._result: dict[str, Any] = {}
        self._open = [(0, self._result)]
        """Each mapping or list that is open, with the indent of its items."""
        self._indent, self._block = 0, cast("Any", self._result)
        self._waiting: tuple[dict[str, Any], str] | None = None
        """Where the next line begins a mapping or list."""
        self._heads, self._values = _Heads(), _Values()

    def read(self, lines: list[str]) -> dict[str, Any]:
        """Return the value in lines without their ends."""
        for line in lines:
            name, colon, value = line.partition(": ")
            if not colon and line.endswith(":"):
                name, colon = line[:-1], ":"
            here, key = self._heads[name] if colon else _UNKNOWN
            if key is None:
                self._take_other(line)
            else:
                self._reach(here, is_item=False)
                self._put(key, colon, value)
        if self._waiting is not None:
            raise NotOwnForm
        return self._result

    def _reach(self, here: int, *, is_item: bool) -> None:
        """Make that block the present one to which a line with an indent belongs."""
        if self._waiting is not None:
            if here != self._indent + 2:
                raise NotOwnForm
            (mapping, key), self._waiting = self._waiting, None
            mapping[key] = self._begin([] if is_item else {})
        elif here < self._indent:
            while here < self._indent:
                self._open.pop()
                self._indent, self._block = self._open[-1]
        if here != self._indent or is_item is not (type(self._block) is list):
            raise NotOwnForm

    def _begin(self, block: Any) -> Any:
        """Make a mapping or list the present one, two columns further in, and return it."""
        if len(self._open) == _MAX_DEPTH:
            raise NotOwnForm
        self._indent, self._block = self._indent + 2, block
        self._open.append((self._indent, block))
        return block

    def _put(self, key: str, colon: str, value: str) -> None:
        if key in self._block:
            raise NotOwnForm
        if colon == ":":
            self._block[key] = None
            self._waiting = (self._block, key)
        else:
            self._block[key] = self._values[value]

    def _take_other(self, line: str) -> None:
        """Take a line that is an item of a list, or has a quoted key."""
        content = line.lstrip(" ")
        is_item = content.startswith("- ")
        self._reach(len(line) - len(content), is_item=is_item)
        while is_item:
            content = content[2:]
            inner = _begun_by(content)
            if inner is None:
                self._block.append(self._values[content])
                return
            self._block.append(inner)
            self._begin(inner)
            is_item = type(inner) is list
        name, colon, value = _parted(content)
        self._put(_string(name), colon, value)


def _parted(content: str) -> tuple[str, str, str]:
    """Return key, colon and value of a line of a mapping; the colon is a bare one where a block follows."""
    if content.startswith('"'):
        match = _QUOTED.match(content)
        name = match[0] if match else ""
        rest = content[len(name) :]
        if rest == ":":
            return name, ":", ""
        if not name or not rest.startswith(": "):
            raise NotOwnForm
        return name, ": ", rest[2:]
    name, colon, value = content.partition(": ")
    return (name, colon, value) if colon else (content[:-1], content[-1:], "")


def _begun_by(content: str) -> Any:
    """Return the list or mapping that an item of a list begins with; ``None`` if the item is a single value."""
    if content.startswith("- "):
        return []
    if content.startswith('"'):
        match = _QUOTED.match(content)
        return {} if match is not None and content[match.end() :].startswith(":") else None
    return {} if ": " in content or content.endswith(":") else None


class _Heads(dict[str, tuple[int, str | None]]):
    """Indents and keys by what stands before a colon; no key where that is none. Most stand in a text many times."""

    def __missing__(self, written: str) -> tuple[int, str | None]:
        name = written.lstrip(" ")
        head = self[written] = len(written) - len(name), name if is_plain(name) else None
        return head


class _Values(dict[str, Any]):
    """Single values by how they are written; those that are not quoted, for the others seldom come again."""

    def __missing__(self, written: str) -> Any:
        if written.startswith('"'):
            return _string(written)
        if written.startswith(("[", "{")):
            try:
                return read_json(written)
            except (ValueError, RecursionError):
                raise NotOwnForm from None
        if written in _WORDS:
            value: Any = _WORDS[written]
        elif _INTEGER.match(written) and len(written) <= _MAX_DIGITS:
            value = int(written)
        elif _FLOAT.match(written) and len(written) <= _MAX_DIGITS:
            value = float(written)
        else:
            value = _string(written)
        self[written] = value
        return value


def _string(written: str) -> str:
    if not written.startswith('"'):
        if not is_plain(written):
            raise NotOwnForm
        return written
    # What does not print may be a line end of YAML's.
    if not written.isprintable():
        raise NotOwnForm
    if "\\" not in written and written.count('"') == 2 and written[-1] == '"':
        return written[1:-1]
    try:
        text = read_json(written)
    except ValueError:
        raise NotOwnForm from None
    if not isinstance(text, str):
        raise NotOwnForm
    return text
