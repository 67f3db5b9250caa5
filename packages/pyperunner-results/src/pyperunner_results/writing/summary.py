"""Summary of a run: the facts that a listing shows, small enough to read ten thousand of them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING

from pyperunner_results.shape import as_mapping, as_mappings
from pyperunner_results.strict_json import to_json
from pyperunner_text.sha256 import sha256

if TYPE_CHECKING:
    from pyperunner_results.schema import Summary

__all__ = ["describe_pipeline"]

_PARAMS = 200
_VALUE_CHARS = 80


def describe_pipeline(conf: Mapping[str, object]) -> Summary:
    """Return what ``summary.json`` keeps of a ``pipeline.yaml``: git state, params, number of tasks, version.

    Of very many or long params only the beginning is kept, and ``params_digest`` still tells whether any differ.
    """
    found = conf.get("tasks")
    tasks = found if isinstance(found, Mapping) else {}
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
        "params": {name: _short(to_json(value, for_people=True)) for name, value in islice(params.items(), _PARAMS)},
        "params_digest": sha256(to_json([[name, params[name]] for name in sorted(params)]).encode()).hexdigest()[:16],
    }


def _short(text: str) -> str:
    if len(text) <= _VALUE_CHARS:
        return text
    return f"{text[: _VALUE_CHARS - 12]}…#{sha256(text.encode()).hexdigest()[:8]}"
