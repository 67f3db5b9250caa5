"""Differences between the parts of two keys of a task, in words. Pure: parts in, differences out.

Parts are what ``Task.key_parts()`` returns. Those of a stored entry come from outside, so nothing is taken for granted
about them: what has not the form it should have counts as not recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from pyperunner_dag.identity.summaries import short, shorten
from pyperunner_text.former_names import keep_former_name
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag.schema import CodeParts, KeyParts, OwnParts
    from pyperunner_keys import Place

__all__ = ["Difference", "differences"]

_FILES = ("File ", "Folder ")
"""How the short form of a param begins that counts by the content of what it names."""


class Difference(NamedTuple):
    """One thing that differs; ``str()`` of it is a line such as ``param scale: 2 → 3``."""

    kind: str
    """``param``, ``code``, ``env``, ``option``, ``package``, ``upstream`` (its key), ``edge`` (which those are) or
    ``format`` (of the keys, which then have nothing else to compare)."""
    text: str
    """The line."""
    diff: str = ""
    """Unified diff of a piece of code, where both texts are known."""

    def __str__(self) -> str:
        return self.text


keep_former_name("pyperunner_dag._differences", Difference)


def differences(
    before: Mapping[str, Any],
    now: Mapping[str, Any],
    places_before: Mapping[str, Place] | None = None,
    places_now: Mapping[str, Place] | None = None,
) -> list[Difference]:
    """Return what differs between two keys of one task, none if nothing that is recorded does.

    Args:
        before: Parts of the one key.
        now: Parts of the other.
        places_before: What the parts of the code are, with their texts, for the one key.
        places_now: The same for the other.
    """
    old, new = _recorded(before), _recorded(now)
    if old["format"] != new["format"]:
        return [Difference("format", f"key format: {old['format']} → {new['format']}")]
    options = [
        *_changes("option", old.get("options", {}), new.get("options", {})),
        *_changes("package", old.get("packages", {}), new.get("packages", {})),
    ]
    code = list(_code(old["code"], new["code"], places_before or {}, places_now or {}))
    if not code and not options and old["code"]["digest"] != new["code"]["digest"]:
        code.append(Difference("code", "code changed"))
    return [
        *_params(old, new),
        *code,
        *_upstream(old, new),
        *_changes("env", old.get("env", {}), new.get("env", {})),
        *options,
    ]


def _recorded(parts: Mapping[str, Any]) -> KeyParts:
    """Return parts of a key as they are recorded; what has not the form it should have counts as not recorded."""
    from pyperunner_dag.schema import as_mapping, format_of

    code = as_mapping(parts.get("code"))
    own: OwnParts = {
        "params": dict(as_mapping(parts.get("params"))),
        "values": dict(as_mapping(parts.get("values"))),
        "files": {str(place): dict(as_mapping(states)) for place, states in as_mapping(parts.get("files")).items()},
        "env": dict(as_mapping(parts.get("env"))),
        "options": dict(as_mapping(parts.get("options"))),
        "packages": dict(as_mapping(parts.get("packages"))),
    }
    return {
        **own,
        "format": format_of(parts.get("format")),
        "task": str(parts.get("task", "")),
        "tag": str(parts.get("tag", "")),
        "inputs": dict(as_mapping(parts.get("inputs"))),
        "code": {
            "digest": str(code.get("digest", "")),
            "root": str(code.get("root", "")),
            "parts": dict(as_mapping(code.get("parts"))),
        },
        "parents": [[name, key] for name, key in _pairs(parts.get("parents"))],
    }


def _params(before: KeyParts, now: KeyParts) -> Iterator[Difference]:
    old, new = before["params"], now["params"]
    old_text, new_text = before["values"], now["values"]
    for name in {**new, **old}:
        if old.get(name) != new.get(name):
            files = _changed_files(name, before, now) if old_text.get(name) == new_text.get(name) else []
            for line in files or [_param(name, old, new, old_text.get(name), new_text.get(name))]:
                yield Difference("param", line)


def _changed_files(param: str, before: KeyParts, now: KeyParts) -> list[str]:
    """Say which of the files in a param changed, however deep inside it they stand."""
    old, new = (parts.get("files", {}).get(param, {}) for parts in (before, now))
    return [f"{visible(str(file))} changed" for file in new if file in old and old[file] != new[file]]


def _param(name: str, old: Mapping[str, str], new: Mapping[str, str], was: str | None, is_now: str | None) -> str:
    if name not in old or name not in new:
        return f"param {visible(name)} {'added' if name not in old else 'removed'}"
    if was is None or is_now is None:
        return f"param {visible(name)} changed"
    if was != is_now:
        return f"param {visible(name)}: {visible(str(was))} → {visible(str(is_now))}"
    named = str(is_now).startswith(_FILES)
    return f"{visible(str(is_now)) if named else f'param {visible(name)}'} changed"


def _code(
    before: CodeParts, now: CodeParts, was: Mapping[str, Place], is_now: Mapping[str, Place]
) -> Iterator[Difference]:
    if before["digest"] == now["digest"] or not before["parts"] or not now["parts"]:
        return
    # The tasks' own functions, whatever they are called.
    root_before, root_now = before["root"], now["root"]
    if before["parts"].get(root_before) != now["parts"].get(root_now):
        yield Difference("code", "code of run() changed", _diff(was.get(root_before), is_now.get(root_now)))
    # The parts that these reach.
    old = {name: digest for name, digest in before["parts"].items() if name != root_before}
    new = {name: digest for name, digest in now["parts"].items() if name != root_now}
    # A part that has only moved, or got another name, does not count.
    moved = {old[name] for name in old.keys() - new.keys()} & {new[name] for name in new.keys() - old.keys()}
    for name in {**new, **old}:
        if old.get(name) != new.get(name) and (old.get(name) or new.get(name)) not in moved:
            how = "added" if name not in old else "removed" if name not in new else "changed"
            diff = _diff(was.get(name), is_now.get(name)) if how == "changed" else ""
            yield Difference("code", f"{_title(name, is_now.get(name) or was.get(name))} {how}", diff)


def _title(name: str, place: Place | None) -> str:
    if place is None:
        return f"code {visible(name)}"
    where = f" in {visible(place.file)}" if place.file else ""
    if place.kind == "function":
        return f"a lambda{where}" if place.name.endswith("<lambda>") else f"helper {visible(place.name)}(){where}"
    if place.kind == "import":
        return f"what the import of {visible(place.file or name)} does"
    return f"{visible(place.kind)} {visible(place.name)}{where}"


def _diff(before: Place | None, now: Place | None) -> str:
    if before is None or now is None or not (before.source and now.source):
        return ""
    import difflib

    was, is_now = (visible(place.file or place.name) for place in (before, now))
    old, new = before.source.splitlines(), now.source.splitlines()
    lines = difflib.unified_diff(old, new, f"{was} (before)", f"{is_now} (now)", lineterm="")
    return "\n".join(visible(line) for line in lines)


def _upstream(before: KeyParts, now: KeyParts) -> Iterator[Difference]:
    parents_before, parents_now = _pairs(before["parents"]), _pairs(now["parents"])
    inputs_before, inputs_now = before["inputs"], now["inputs"]
    old, new = dict(parents_before + _leaves(inputs_before)), dict(parents_now + _leaves(inputs_now))
    found = []
    for name in {**new, **old}:
        if old.get(name) != new.get(name):
            how = "added" if name not in old else "removed" if name not in new else "changed"
            kind = "upstream" if how == "changed" else "edge"
            found.append(Difference(kind, f"upstream {visible(name)} {how}"))
    yield from found
    if old.keys() == new.keys():
        if [name for name, _ in parents_before] != [name for name, _ in parents_now]:
            yield Difference("edge", "upstream reordered")
        for name in {**inputs_now, **inputs_before}:
            if _shape(inputs_before.get(name)) != _shape(inputs_now.get(name)):
                yield Difference("edge", f"input {visible(name)} changed")


def _leaves(value: object) -> list[tuple[str, str]]:
    """Return name and hash of the tasks in a nesting of named inputs."""
    if isinstance(value, Mapping):
        if "task" in value:
            return _pairs([value["task"]])
        return [leaf for item in value.values() for leaf in _leaves(item)]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, (list, tuple)) else []


def _shape(value: object) -> object:
    """Return a nesting of named inputs without the hashes of its tasks."""
    if isinstance(value, Mapping):
        return {
            key: _pairs([item])[0][0] if key == "task" and _pairs([item]) else _shape(item)
            for key, item in value.items()
        }
    return [_shape(item) for item in value] if isinstance(value, (list, tuple)) else value


def _pairs(value: object) -> list[tuple[str, str]]:
    if not isinstance(value, (list, tuple)):
        return []
    return [(str(pair[0]), str(pair[1])) for pair in value if isinstance(pair, (list, tuple)) and len(pair) == 2]


def _changes(kind: str, old: Mapping[str, object], new: Mapping[str, object]) -> Iterator[Difference]:
    for name in {**new, **old}:
        if old.get(name) != new.get(name):
            yield Difference(kind, f"{kind} {visible(name)}: {_plain(old.get(name))} → {_plain(new.get(name))}")


def _plain(value: object) -> str:
    if value in (None, "", [], {}):
        return "none"
    return visible(shorten(value, 60)) if isinstance(value, str) else short(value)
