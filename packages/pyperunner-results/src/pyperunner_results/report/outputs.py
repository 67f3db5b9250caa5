"""Outputs in a report: small values, the beginning of tables, pictures; none that could hold a secret."""

from __future__ import annotations

import base64
import io
import os
import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pprint import pformat
from typing import TYPE_CHECKING, Any

from pyperunner_results.errors import StoreUnavailable
from pyperunner_results.files import open_regular
from pyperunner_text.masking import Masking
from pyperunner_text.visible import visible, visible_lines

if TYPE_CHECKING:
    from pyperunner_results.reading.pipeline_result import PipelineResult
    from pyperunner_results.reading.task_result import TaskResult

__all__ = ["shown_outputs"]

_MOST_STORED = 256 << 10  # bytes of an output that is looked at
_MOST_PICTURE = 300_000  # bytes
_MOST_IN_ALL = 1_500_000  # characters
_MOST_TASKS = 60
_SECONDS = 1.0  # after which no further output is loaded
_TEXT, _ROWS, _COLUMNS, _CELL = 1_500, 8, 8, 40
_PICTURES = {b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
_PLAIN = (bool, int, float, complex, str, type(None))
_WITH_OUTPUT = frozenset({"SUCCESS", "SKIPPED"})


def shown_outputs(
    results: PipelineResult,
    tasks: Sequence[TaskResult],
    upstream: Sequence[Sequence[int]],
    secrets: Iterable[object] = (),
) -> dict[int, Any]:
    """Return what is shown of outputs, by the numbers of their tasks: those that nothing follows from before others.

    Each is ``{"text": …}``, ``{"picture": …}`` (a data URL), or ``{"columns": […], "rows": [[…]], "more": …}``. What is
    large, cannot be loaded or is of a class of the user's is not shown, nor what a secret was given for or follows.
    Those secrets, and others that are given here, are masked wherever else they stand.
    """
    masking = Masking([*secrets, *_values_of_secrets(tasks)])
    secret = _secrets(tasks, upstream)
    followed = {up for ups in upstream for up in ups}
    candidates = [number for number, task in enumerate(tasks) if number not in secret and task.status in _WITH_OUTPUT]
    candidates.sort(key=lambda number: number in followed)
    found: dict[int, Any] = {}
    left, end = _MOST_IN_ALL, time.monotonic() + _SECONDS
    for number in candidates[:_MOST_TASKS]:
        if time.monotonic() > end:
            break
        try:
            if results.size_of_output(tasks[number]) > _MOST_STORED:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what cannot be loaded is not shown
                shown = masking.value(_shown(tasks[number].output))
        except StoreUnavailable:
            break
        except Exception:  # it is gone, of a class that is gone, or of a library that fails on it
            continue
        left -= 0 if shown is None else len(repr(shown))
        if shown is not None and left > 0:
            found[number] = shown
    return found


def _secrets(tasks: Sequence[TaskResult], upstream: Sequence[Sequence[int]]) -> set[int]:
    """Return the tasks that a secret was given, and all that follows from them."""
    found = {number for number, task in enumerate(tasks) if _holds_secret(task.params)}
    below: list[list[int]] = [[] for _ in tasks]
    for number, ups in enumerate(upstream):
        for up in ups:
            below[up].append(number)
    pending = list(found)
    while pending:
        new = [number for number in below[pending.pop()] if number not in found]
        found.update(new)
        pending += new
    return found


def _values_of_secrets(tasks: Sequence[TaskResult]) -> Iterator[str]:
    """Yield the values of secrets that environment variables hold, as far as this process has these."""
    for task in tasks:
        for item in _mappings(task.params):
            secret = item.get("$secret")
            name = secret.get("env") if isinstance(secret, Mapping) else None
            if isinstance(name, str) and name in os.environ:
                yield os.environ[name]


def _holds_secret(value: Any) -> bool:
    return any("$secret" in item or str(item.get("type", "")).endswith(".Secret") for item in _mappings(value))


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    pending = [value]
    while pending:
        item = pending.pop()
        if isinstance(item, Mapping):
            yield item
            pending += item.values()
        elif isinstance(item, (list, tuple)):
            pending += item


def _shown(value: Any) -> dict[str, Any] | None:
    library = type(value).__module__.partition(".")[0]
    if isinstance(value, (bytes, bytearray)):
        return _picture(bytes(value))
    if _is_plain(value, 2_000) or library == "numpy":
        text = value if isinstance(value, str) else pformat(value, width=100, sort_dicts=False)
        lines = "\n".join(visible_lines(text[: _TEXT + 1]))
        return {"text": lines if len(text) <= _TEXT else f"{lines[:_TEXT]}…"}
    if library in ("pandas", "polars", "pyarrow"):
        return _table(value, library)
    if library in ("matplotlib", "PIL"):
        return _drawn(value)
    if type(value).__qualname__ == "File" and library == "pyperunner_keys":
        with open_regular(os.fspath(value), follow=True) as file:
            return _picture(file.read(_MOST_PICTURE + 1))
    return None


def _is_plain(value: Any, room: int) -> bool:
    """Say whether a value is made of builtins alone, whose text runs no code of the user's, and not of very many."""
    pending, seen = [value], 0
    while pending:
        item = pending.pop()
        seen += 1
        if seen > room:
            return False
        if type(item) is dict:
            pending += [*item.keys(), *item.values()]
        elif type(item) in (list, tuple, set, frozenset):
            pending += item
        elif type(item) not in _PLAIN:
            return False
    return True


def _picture(data: bytes) -> dict[str, Any] | None:
    kind = next((kind for start, kind in _PICTURES.items() if data.startswith(start)), None)
    if kind is None or len(data) > _MOST_PICTURE:
        return None
    return {"picture": f"data:{kind};base64,{base64.b64encode(data).decode()}"}


def _drawn(value: Any) -> dict[str, Any] | None:
    target = io.BytesIO()
    if hasattr(value, "savefig"):
        value.savefig(target, format="png", dpi=80)
    elif hasattr(value, "save"):
        value.save(target, format="PNG")
    return _picture(target.getvalue())


def _table(value: Any, library: str) -> dict[str, Any] | None:
    if library == "pyarrow":
        if not hasattr(value, "column_names"):
            return None
        names, count = list(value.column_names), value.num_rows
        rows = list(zip(*(value.column(place).slice(0, _ROWS).to_pylist() for place in range(len(names))), strict=True))
    elif not hasattr(value, "columns") or not hasattr(value, "head"):
        return None
    else:
        names, count, head = list(value.columns), len(value), value.head(_ROWS)
        rows = head.rows() if library == "polars" else list(head.itertuples(index=False, name=None))
    shown = [[_cell(cell) for cell in row[:_COLUMNS]] for row in rows]
    facts = [f"{count:,} rows", *([f"{len(names):,} columns"] if len(names) > _COLUMNS else [])]
    return {"columns": [_cell(name) for name in names[:_COLUMNS]], "rows": shown, "more": ", ".join(facts)}


def _cell(value: Any) -> str:
    text = visible(str(value))
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}…"
