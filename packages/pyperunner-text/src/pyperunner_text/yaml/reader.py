"""YAML reader: builtins only, from a text that a stranger may have written, and nothing that costs time or memory.

A document is read as the stream of events of PyYAML's parser (libyaml's where it is there) and values are built without
recursion, so that a hostile one is refused at the event that makes it hostile: a tag, a key twice, aliases
that multiply, nesting beyond what any pipeline needs. Nothing that is read decides what is imported or executed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, NoReturn

import yaml

from pyperunner_text.errors import FactError
from pyperunner_text.yaml.own_form import NotOwnForm, read_own_form

__all__ = ["MAX_ALIASED", "MAX_BYTES", "MAX_DEPTH", "UnreadableYaml", "read_yaml", "read_yaml_file"]

MAX_DEPTH = 250
"""Levels of nesting. A pipeline with params of 50 levels, each a mapping of numbers, is saved with 157."""
MAX_ALIASED = 10_000
"""Values that aliases may stand for, all together."""
MAX_DIGITS = 4_000
"""Characters of a number; longer ones take Python ever longer to read, and larger numbers are saved as hexadecimal."""
MAX_BYTES = 1 << 30
"""Bytes of a file; a pipeline of 100,000 tasks is saved with a tenth of them."""

_CORE = "tag:yaml.org,2002:"
_SCALARS = frozenset(_CORE + name for name in ("null", "bool", "int", "float", "str", "timestamp"))
_COLLECTIONS = frozenset((None, f"{_CORE}map", f"{_CORE}seq"))


class UnreadableYaml(FactError, ValueError):
    """A YAML text that is malformed or refused.

    Args:
        source: File name or another name of the text.
        reason: What is wrong, as a clause.
        line: Line number, from 1; 0 if it concerns the whole text.
    """

    source: str
    reason: str
    line: int = 0

    def sentence(self) -> str:
        """Return the error's text."""
        return f"{self.source}, line {self.line}: {self.reason}" if self.line else f"{self.source}: {self.reason}"


def read_yaml_file(path: str | os.PathLike[str]) -> Any:
    """Return the value in a YAML file.

    Raises:
        OSError: The file cannot be read.
        UnreadableYaml: As `read_yaml` does, or it is larger than 1 GiB.
    """
    with open(path, "rb") as file:
        is_small = os.fstat(file.fileno()).st_size <= MAX_BYTES
        text = file.read(MAX_BYTES + 1) if is_small else b""
    if not is_small or len(text) > MAX_BYTES:
        raise UnreadableYaml(os.fspath(path), f"it is larger than {MAX_BYTES:,} bytes")
    return read_yaml(text, os.fspath(path))


def read_yaml(text: str | bytes, source: str) -> Any:
    """Return the value in a YAML document: null, booleans, numbers, text, dates, and lists and mappings of these.

    Args:
        text: The document.
        source: Where it comes from, for the error.

    Raises:
        UnreadableYaml: It is not plain YAML, holds more than one document, a key twice, a tag, an anchor inside
            itself, or is nested or aliased beyond what a pipeline needs.
    """
    try:
        return read_own_form(text.decode() if isinstance(text, bytes) else text)
    except (NotOwnForm, UnicodeDecodeError):
        pass  # nothing is wrong with it yet
    try:
        return _Builder(source).build(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise UnreadableYaml(source, f"this is not YAML: {problem}", mark.line + 1 if mark else 0) from None
    except (UnicodeDecodeError, UnicodeEncodeError) as error:  # bytes that are no UTF-8, or lone surrogates
        raise UnreadableYaml(source, f"this is not YAML: {error.reason}") from None


class _Level:
    """A list or mapping that is being read."""

    __slots__ = ("anchor", "has_key", "key", "size", "value")

    def __init__(self, value: list[Any] | dict[Any, Any], anchor: str | None) -> None:
        self.value = value
        self.anchor = anchor
        self.size = 1
        self.key: Any = None
        self.has_key = False


class _Builder:
    """Makes a value of a stream of events.

    Args:
        source: Where the document comes from, for errors.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._result: Any = None
        self._documents = 0
        self._levels: list[_Level] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._aliased = 0
        self._constructor: Any = yaml.SafeLoader("")
        self._read: dict[str, Any] = {}
        """Plain scalars by their text; most of a record stand in it many times."""

    def build(self, events: Iterable[Any]) -> Any:
        """Consume all events and return the value."""
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                self._put(self._scalar(event), 1, event.anchor, event)
            elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                self._open(event, {} if kind is yaml.MappingStartEvent else [])
            elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                level = self._levels.pop()
                self._put(level.value, level.size, level.anchor, event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self._documents += 1
                if self._documents > 1:
                    self._refuse(event, "there is more than one document")
        return self._result

    def _open(self, event: Any, value: list[Any] | dict[Any, Any]) -> None:
        if len(self._levels) == MAX_DEPTH:
            self._refuse(event, f"it is nested more than {MAX_DEPTH} levels deep")
        if event.tag not in _COLLECTIONS:
            self._refuse(event, f"the tag {event.tag} is not allowed")
        self._levels.append(_Level(value, event.anchor))

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._refuse(event, f"the alias *{event.anchor} stands for nothing that is complete here")
        value, size = self._anchors[event.anchor]
        self._aliased += size
        if self._aliased > MAX_ALIASED:
            self._refuse(event, f"its aliases stand for more than {MAX_ALIASED} values")
        self._put(value, size, None, event)

    def _scalar(self, event: Any) -> Any:
        """Return the value of a scalar as ``yaml.safe_load`` would."""
        tag, text = event.tag, event.value
        if tag is None or tag == "!":
            if not event.implicit[0]:
                return text
            if text in self._read:
                return self._read[text]
            tag = self._constructor.resolve(yaml.ScalarNode, text, event.implicit)
        if tag not in _SCALARS:
            self._refuse(event, f"{text!r:.40} of the kind {tag} is not allowed")
        if tag == f"{_CORE}int" and len(text) > MAX_DIGITS:
            self._refuse(event, f"a number of more than {MAX_DIGITS} digits is not allowed")
        try:
            value = self._constructor.construct_object(yaml.ScalarNode(tag, text, event.start_mark, event.end_mark))
        except (ValueError, OverflowError) as error:
            self._refuse(event, str(error))
        self._constructor.constructed_objects.clear()
        if event.tag is None:
            self._read[text] = value
        return value

    def _put(self, value: Any, size: int, anchor: str | None, event: Any) -> None:
        """Put a complete value where it belongs."""
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._levels:
            self._result = value
            return
        level = self._levels[-1]
        level.size += size
        if isinstance(level.value, list):
            level.value.append(value)
        elif level.has_key:
            level.value[level.key] = value
            level.has_key = False
        else:
            if isinstance(value, (list, dict)):
                self._refuse(event, "a list or a mapping cannot be a key")
            if value in level.value:
                self._refuse(event, f"the key {value!r:.60} is there twice")
            level.key, level.has_key = value, True

    def _refuse(self, event: Any, reason: str) -> NoReturn:
        raise UnreadableYaml(self._source, reason, event.start_mark.line + 1)
