"""YAML of plain values, read with suspicion.

A document is read as a stream of events, so that nesting, aliases and duplicate keys are refused where they appear,
before anything large or deep is built. Tags are refused too: nothing that is read decides what is executed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

import yaml

from pyperunner_dag.errors import PipelineFileError

__all__ = ["dump_yaml", "load_yaml", "read_yaml"]

MAX_DEPTH = 250
"""Levels of nesting; what this package writes stays far below."""
MAX_ALIASED = 10_000
"""Values that aliases may stand for, all together."""
MAX_DIGITS = 4_000
"""Characters of a number; longer ones take Python ever longer to read, and larger numbers are saved as hexadecimal."""

_CORE = "tag:yaml.org,2002:"
_SCALARS = frozenset(_CORE + name for name in ("null", "bool", "int", "float", "str", "timestamp"))
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def dump_yaml(value: Any) -> str:
    """Return plain values (mappings, lists, text, numbers, booleans, null) as a YAML document."""
    # PyYAML's own emitter garbles next-line characters (U+0085) where it may write them; libyaml's does not.
    as_it_is = _DUMPER is not yaml.SafeDumper
    return str(
        yaml.dump(value, Dumper=_DUMPER, sort_keys=False, allow_unicode=as_it_is, default_flow_style=None, width=120)
    )


def read_yaml(filename: str | os.PathLike[str]) -> Any:
    """Return the value in a YAML file.

    Raises:
        OSError: The file cannot be read.
        PipelineFileError: As ``load_yaml`` does.
    """
    return load_yaml(Path(filename).read_bytes(), os.fspath(filename))


def load_yaml(text: str | bytes, source: str) -> Any:
    """Return the value in a YAML document.

    Args:
        text: The document.
        source: Where it comes from, for the error.

    Raises:
        PipelineFileError: It is not plain YAML, holds more than one document, a key twice, a tag, an anchor inside
            itself, or is nested or aliased beyond what a pipeline needs.
    """
    builder = _Builder(source)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        raise PipelineFileError(f"{source}{place}: this is not YAML: {problem}") from None
    return builder.result


class _Level:
    """A list or mapping that is being read.

    Args:
        value: What there is of it so far.
        anchor: Its name for aliases.
    """

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
        self.source = source
        self.result: Any = None
        self._documents = 0
        self._levels: list[_Level] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._aliased = 0
        self._constructor: Any = yaml.SafeLoader("")

    def take(self, event: Any) -> None:
        """Take the next event."""
        if isinstance(event, yaml.ScalarEvent):
            self._put(self._scalar(event), 1, event.anchor, event)
        elif isinstance(event, yaml.CollectionStartEvent):
            if len(self._levels) == MAX_DEPTH:
                self._refuse(event, f"it is nested more than {MAX_DEPTH} levels deep")
            if event.tag is not None and event.tag not in (f"{_CORE}map", f"{_CORE}seq"):
                self._refuse(event, f"the tag {event.tag} is not allowed")
            self._levels.append(_Level({} if isinstance(event, yaml.MappingStartEvent) else [], event.anchor))
        elif isinstance(event, yaml.CollectionEndEvent):
            level = self._levels.pop()
            self._put(level.value, level.size, level.anchor, event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._refuse(event, "there is more than one document")

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
        tag = event.tag
        if tag is None or tag == "!":
            if not event.implicit[0]:
                return event.value
            tag = self._constructor.resolve(yaml.ScalarNode, event.value, event.implicit)
        if tag not in _SCALARS:
            self._refuse(event, f"{event.value!r:.40} of the kind {tag} is not allowed")
        if tag == f"{_CORE}int" and len(event.value) > MAX_DIGITS:
            self._refuse(event, f"a number of more than {MAX_DIGITS} digits is not allowed")
        node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
        try:
            return self._constructor.construct_object(node)
        except (ValueError, OverflowError) as error:
            return self._refuse(event, str(error))

    def _put(self, value: Any, size: int, anchor: str | None, event: Any) -> None:
        """Put a complete value where it belongs."""
        if anchor:
            self._anchors[anchor] = (value, size)
        if not self._levels:
            self.result = value
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

    def _refuse(self, event: Any, problem: str) -> NoReturn:
        raise PipelineFileError(f"{self.source}, line {event.start_mark.line + 1}: {problem}")
