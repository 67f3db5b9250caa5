"""YAML from a file that a stranger may have written: builtins only, and nothing that costs time or memory.

The text is read as a stream of parser events (libyaml's where it is there) and values are built without recursion, so
that a hostile document is refused at the event that makes it hostile: a tag that is not a builtin's, a key given
twice, nesting deeper than any record's, or aliases that multiply.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from pyperunner_results.errors import YamlError

__all__ = ["from_yaml"]

_DEPTH = 100
_EXPANDED = 20_000
_BUILTIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}"
    for name in ("null", "bool", "int", "float", "str", "binary", "timestamp", "seq", "map", "set")
)


def from_yaml(text: str | bytes, source: str) -> Any:
    """Return the value of the YAML document ``text``.

    Args:
        text: The document.
        source: What to call it in errors, as a rule its file name.

    Raises:
        YamlError: The text is malformed or refused; the error says where and why.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Builder(source).build(yaml.parse(text, Loader=loader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        raise YamlError(source, reason, mark.line + 1 if mark else 0) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise YamlError(source, f"is no YAML text ({str(error).splitlines()[0]})") from None
    except (ValueError, TypeError, OverflowError) as error:
        if isinstance(error, YamlError):
            raise
        raise YamlError(source, f"holds a value that cannot be read ({error})") from None


class _Open:
    """A list or mapping that is being filled."""

    __slots__ = ("anchor", "is_set", "key", "size", "value", "waiting")

    def __init__(self, value: list[Any] | dict[Any, Any], anchor: str | None, is_set: bool = False) -> None:
        self.value = value
        self.anchor = anchor
        self.is_set = is_set
        self.key: Any = None
        self.waiting = False
        self.size = 1


class _Builder:
    """Builds one value from parser events."""

    def __init__(self, source: str) -> None:
        import yaml

        self._yaml = yaml
        self._source = source
        self._scalars: Any = yaml.SafeLoader("")
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._result: Any = None
        self._documents = 0
        self._known: dict[str, Any] = {}

    def build(self, events: Any) -> Any:
        """Consume all events and return the value."""
        yaml = self._yaml
        for event in events:
            kind = type(event)
            if kind is yaml.ScalarEvent:
                value = self._scalar(event)
                if event.anchor:
                    self._anchors[event.anchor] = (value, 1)
                self._add(value, 1, event)
            elif kind in (yaml.MappingStartEvent, yaml.SequenceStartEvent):
                self._open(event, kind is yaml.MappingStartEvent)
            elif kind in (yaml.MappingEndEvent, yaml.SequenceEndEvent):
                self._close(event)
            elif kind is yaml.AliasEvent:
                self._alias(event)
            elif kind is yaml.DocumentStartEvent:
                self._documents += 1
                if self._documents > 1:
                    raise self._refuse(event, "holds more than one document")
        return self._result

    def _refuse(self, event: Any, reason: str) -> YamlError:
        return YamlError(self._source, reason, event.start_mark.line + 1)

    def _check_tag(self, event: Any) -> None:
        if event.tag is not None and event.tag not in _BUILTIN_TAGS and event.tag != "!":
            raise self._refuse(event, f"the tag {event.tag!r} is refused, because only plain values are read")

    def _scalar(self, event: Any) -> Any:
        plain = event.tag is None and event.implicit[0]
        text = event.value
        if plain and text in self._known:
            return self._known[text]
        if event.tag is None and not plain:
            return text
        self._check_tag(event)
        node_type, loader = self._yaml.ScalarNode, self._scalars
        tag = event.tag if event.tag not in (None, "!") else loader.resolve(node_type, text, event.implicit)
        if tag not in _BUILTIN_TAGS:  # '<<' and '=' of YAML 1.1, which no record uses
            raise self._refuse(event, f"the key {text!r} has a special meaning that is not supported")
        if tag == "tag:yaml.org,2002:int" and len(text) > 4000:
            raise self._refuse(event, "holds a number of more than 4,000 digits")
        value = loader.construct_object(node_type(tag, text, event.start_mark, event.end_mark))
        loader.constructed_objects.clear()
        if plain:
            self._known[text] = value
        return value

    def _open(self, event: Any, mapping: bool) -> None:
        self._check_tag(event)
        if len(self._stack) >= _DEPTH:
            raise self._refuse(event, f"is nested deeper than {_DEPTH} levels")
        self._stack.append(_Open({} if mapping else [], event.anchor, event.tag == "tag:yaml.org,2002:set"))

    def _close(self, event: Any) -> None:
        done = self._stack.pop()
        value = set(done.value) if done.is_set else done.value
        if done.anchor:
            self._anchors[done.anchor] = (value, done.size)
        self._add(value, done.size, event)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            raise self._refuse(event, f"the alias {event.anchor!r} stands for nothing that is complete")
        self._add(*self._anchors[event.anchor], event, aliased=True)

    def _add(self, value: Any, size: int, event: Any, aliased: bool = False) -> None:
        if not self._stack:
            self._result = value
            return
        top = self._stack[-1]
        top.size += size
        if aliased and top.size > _EXPANDED:
            raise self._refuse(event, f"its aliases stand for more than {_EXPANDED:,} values")
        if isinstance(top.value, list):
            top.value.append(value)
        elif top.waiting:
            top.value[top.key] = value
            top.waiting = False
        else:
            if not isinstance(value, Hashable):
                raise self._refuse(event, f"a {type(value).__name__} cannot be a key")
            if value in top.value:
                raise self._refuse(event, f"the key {value!r} is given twice")
            top.key, top.waiting = value, True
