"""Run diff: what differs between two runs, and how it is told in lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pyperunner_results.former_names import formerly
from pyperunner_results.reading.units import duration, memory
from pyperunner_text.visible import visible, visible_lines

__all__ = ["Change", "CodeChange", "RunDiff", "TaskDiff", "section"]

_CHARS = 70
_NOTABLE_SECONDS, _NOTABLE_BYTES, _NOTABLE_RATIO = 0.1, 10 << 20, 1.25


Change = tuple[Any, Any]
"""(before, now); ``None`` where there was nothing."""


@formerly("_diff")
@dataclass(frozen=True)
class CodeChange:
    """A part of a task's code that was added, removed or changed."""

    name: str
    """Name of the function, class or constant, with its module."""
    kind: str
    """``added``, ``removed`` or ``changed``."""
    text: str = ""
    """Unified diff of its source, if both texts were recorded."""


@formerly("_diff")
@dataclass(frozen=True)
class TaskDiff:
    """What differs in one task that both runs have."""

    name: str
    params: Mapping[str, Change] = field(default_factory=dict)
    parents: Change | None = None
    """Names of the parents, if they differ."""
    code: tuple[CodeChange, ...] = ()
    status: Change | None = None
    output: str = "unknown"
    """``same``, ``different`` or ``unknown``."""
    output_lines: tuple[str, ...] = ()
    """Where a different output differs."""
    wall: Change = (None, None)
    memory_peak: Change = (None, None)

    @property
    def same(self) -> bool:
        """Whether nothing but times and memory differs, as far as is known."""
        return not (self.params or self.parents or self.code or self.status) and self.output != "different"


@formerly("_diff")
@dataclass(frozen=True)
class RunDiff:
    """What differs between two runs. ``str()`` of it is a text for people."""

    before: str
    """Name of the one run."""
    now: str
    """Name of the other."""
    added: tuple[str, ...]
    """Tasks that only the second run has."""
    removed: tuple[str, ...]
    """Tasks that only the first run has."""
    tasks: Mapping[str, TaskDiff]
    """Every task that both have."""
    packages: Mapping[str, Change]
    """Versions of distributions by name."""
    sources: Mapping[str, Change]
    """Hashes of the user's own files by name."""
    environment: Mapping[str, Change]
    """Everything else: host, Python, git commit, paths."""

    @property
    def same(self) -> bool:
        """Whether tasks, code, params and known outputs are the same."""
        return not (self.added or self.removed) and all(task.same for task in self.tasks.values())

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def _lines(diff: RunDiff) -> Iterator[str]:
    """Yield the difference line by line; every task begins with its name, and control characters are spelled out."""
    yield visible(f"{diff.before} → {diff.now}")
    yield from (f"+ {visible(name)}: only in the second run" for name in diff.added)
    yield from (f"- {visible(name)}: only in the first run" for name in diff.removed)
    alike = 0
    for task in diff.tasks.values():
        lines = list(_task(task))
        alike += not lines
        if lines:
            yield f"{visible(task.name)}:"
            yield from (f"  {line}" for line in lines)
    yield from section("packages", diff.packages)
    yield from section("sources", diff.sources, 12)
    yield from section("environment", diff.environment)
    yield f"{alike:,} of {len(diff.tasks):,} tasks that both runs have are alike"


def _task(task: TaskDiff) -> Iterator[str]:
    yield from (f"param {visible(name)}: {_arrow(change)}" for name, change in task.params.items())
    if task.parents is not None:
        yield f"parents: {_arrow(task.parents)}"
    for part in task.code:
        yield f"code {visible(part.name)} {part.kind}"
        yield from (f"    {line}" for line in visible_lines(part.text) if part.text)
    if task.status is not None:
        yield f"status: {task.status[0] or 'not recorded'} → {task.status[1] or 'not recorded'}"
    if task.output == "different":
        yield "output differs"
    elif task.output_lines:
        yield "output"
    yield from (f"    {visible(line)}" for line in task.output_lines)
    yield from _figure("time", task.wall, duration, _NOTABLE_SECONDS)
    yield from _figure("memory", task.memory_peak, memory, _NOTABLE_BYTES)


def _figure(name: str, change: Change, words: Any, least: float) -> Iterator[str]:
    """Say how a figure moved, if by more than noise."""
    before, now = change
    if before is None or now is None or abs(now - before) < least:
        return
    if max(before, now) >= _NOTABLE_RATIO * min(before, now):
        yield f"{name}: {words(before)} → {words(now)}"


def section(title: str, changes: Mapping[str, Change], cut: int = _CHARS) -> Iterator[str]:
    """Yield a title and a line per change, nothing without changes; values longer than ``cut`` are shortened."""
    if changes:
        yield f"{title}:"
        yield from (f"  {visible(name)}: {_arrow(change, cut)}" for name, change in changes.items())


def _arrow(change: Change, cut: int = _CHARS) -> str:
    return " → ".join(_value(side, cut) for side in change)


def _value(value: Any, cut: int) -> str:
    if value is None:
        return "none"
    text = visible(value if isinstance(value, str) else repr(value))
    return text if len(text) <= cut else f"{text[: cut - 1]}…"
