"""The facts of a run that a listing shows, small enough to read ten thousand of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from pyperunner_results.shape import as_mapping, as_mappings
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_results.schema import Summary

__all__ = ["describe_pipeline", "to_json"]

# Made once: json.dumps makes an encoder anew whenever it is called with options.
_STRICT = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str).encode
_PARAMS = 200
_VALUE_CHARS = 80


def to_json(value: object) -> str:
    """Return ``value`` as one line of strict JSON; NaN and infinity become null, strange objects their text."""
    try:
        return _STRICT(value)
    except (ValueError, TypeError):
        return _STRICT(_plain(value, 0))


def _plain(value: object, depth: int) -> object:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if depth > 50:
        return visible(repr(value)[:_VALUE_CHARS])
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1) for item in value]
    return value


def describe_pipeline(conf: Mapping[str, object]) -> Summary:
    """Return what ``summary.json`` keeps of a ``pipeline.yaml``: git state, params, number of tasks, version.

    Of very many or long params only the beginning is kept, and ``params_digest`` still tells whether any differ.
    """
    tasks = as_mapping(conf.get("tasks"))
    run = as_mapping(conf.get("run"))
    first = next(iter(as_mappings(as_mapping(run.get("env")).get("repositories"))), {})
    params = {
        f"{name}.{param}": value
        for name, task in tasks.items()
        for param, value in as_mapping(as_mapping(task).get("params")).items()
    }
    return {
        "total": len(tasks),
        "pyperunner": run.get("pyperunner"),
        "git": {"commit": first.get("commit"), "dirty": first.get("dirty")} if first else None,
        "params": {name: _short(to_json(value)) for name, value in islice(params.items(), _PARAMS)},
        "params_digest": hashlib.sha256(
            to_json([[name, params[name]] for name in sorted(params)]).encode()
        ).hexdigest()[:16],
    }


def _short(text: str) -> str:
    if len(text) <= _VALUE_CHARS:
        return text
    return f"{text[: _VALUE_CHARS - 12]}…#{hashlib.sha256(text.encode()).hexdigest()[:8]}"
