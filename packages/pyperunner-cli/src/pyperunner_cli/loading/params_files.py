"""Files of params: tasks or globs over them, each with its params, and under ``pipeline`` what a factory is given."""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.settings import PIPELINE, Setting
from pyperunner_cli.loading.typed_values import Written
from pyperunner_cli.text import did_you_mean

__all__ = ["read_params"]

_CORE = "tag:yaml.org,2002:"
_KINDS = ((bool, "bool"), (int, "int"), (float, "float"), (datetime.date, "timestamp"), (datetime.time, "str"))
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def read_params(path: str, *, expand_env: bool = False) -> tuple[list[Setting], dict[str, Written]]:
    """Return what a file sets: params of tasks in the file's order, and arguments of the pipeline's factory.

    Args:
        path: A file that ends in ``.yaml``, ``.yml``, ``.json`` or ``.toml``.
        expand_env: Whether ``${NAME}`` in a value stands for the environment variable.

    Raises:
        CommandError: It cannot be read, is no such file, or names a variable that is not set.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _READERS:
        raise CommandError(f"{path}: a file of params ends in {', '.join(_READERS)}.")
    try:
        root = _READERS[suffix](Path(path).read_bytes(), path)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror or error}.") from None
    except (ValueError, RecursionError) as error:
        raise CommandError(str(error) if str(error).startswith(path) else f"{path}: {error}") from None
    if expand_env:
        _expand(root, path)
    sections = _pairs(root, path, "tasks, each with its params")
    settings = []
    arguments: dict[str, Written] = {}
    for name, section in sections.items():
        params = _pairs(section, f"{path}: {name}", "params and their values")
        written = {param: Written.of_node(node) for param, node in params.items()}
        if name == PIPELINE:
            arguments = written
        else:
            settings += [
                Setting(f"{name}.{param}", value, Path(path).name, f"{path}: {name}.{param}")
                for param, value in written.items()
            ]
    return settings, arguments


def _pairs(node: yaml.Node, where: str, what: str) -> dict[str, yaml.Node]:
    if isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null"):
        return {}
    if not isinstance(node, yaml.MappingNode):
        raise CommandError(f"{where} is no mapping: it holds {what}.")
    return {key.value: value for key, value in node.value}


def _of_yaml(content: bytes, path: str) -> yaml.Node:
    from pyperunner_text.yaml.reader import read_yaml

    read_yaml(content, path)  # refuses what is hostile or ambiguous: tags, keys given twice, aliases without end
    return yaml.compose(content, Loader=yaml.SafeLoader) or yaml.MappingNode(f"{_CORE}map", [])


def _of_json(content: bytes, path: str) -> yaml.Node:
    return _node(json.loads(content, object_pairs_hook=_without_twins))


def _of_toml(content: bytes, path: str) -> yaml.Node:
    from pyperunner_cli.toml import loads

    return _node(loads(content.decode()))


_READERS: Mapping[str, Callable[[bytes, str], yaml.Node]] = {
    ".yaml": _of_yaml,
    ".yml": _of_yaml,
    ".json": _of_json,
    ".toml": _of_toml,
}


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(name for name in names if names.count(name) > 1)!r} is given twice")
    return found


def _node(value: Any) -> yaml.Node:
    """Return a value of JSON or TOML as YAML has it, so that one set of rules reads all three."""
    if isinstance(value, Mapping):
        return yaml.MappingNode(f"{_CORE}map", [(_node(str(key)), _node(item)) for key, item in value.items()])
    if isinstance(value, list):
        return yaml.SequenceNode(f"{_CORE}seq", [_node(item) for item in value])
    if isinstance(value, str):
        return yaml.ScalarNode(f"{_CORE}str", value, style='"')
    kind = next((name for kind, name in _KINDS if isinstance(value, kind)), "null")
    return yaml.ScalarNode(f"{_CORE}{kind}", _letters(value))


def _letters(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return repr(value).replace("inf", ".inf").replace("nan", ".nan")
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else str(value)


def _expand(root: yaml.Node, path: str) -> None:
    """Put environment variables into the values below a node."""
    pending = [root]
    seen: set[int] = set()
    while pending:
        node = pending.pop()
        if id(node) in seen:  # an alias: the same node again
            continue
        seen.add(id(node))
        if isinstance(node, yaml.ScalarNode):
            node.value = _VARIABLE.sub(lambda found: _variable(found[1], path), node.value)
        elif isinstance(node, yaml.MappingNode):
            pending += [value for _, value in node.value]
        else:
            pending += node.value


def _variable(name: str, path: str) -> str:
    if name not in os.environ:
        near = did_you_mean(name, os.environ, or_all=False)
        raise CommandError(f"{path}: the environment variable {name} is not set. {near}".rstrip())
    return os.environ[name]
