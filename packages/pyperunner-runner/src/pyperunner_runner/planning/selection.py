"""Selection: which tasks of a graph a run is asked for, by names, tags and globs. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple, TypeAlias

from pyperunner_runner.errors import UnknownSelection
from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["Labels", "Patterns", "Selection", "select"]

Patterns: TypeAlias = str | Iterable[str] | None
"""Names, tags or globs that select tasks; ``None`` for no selection."""
_WILD = frozenset("*?[")
_CANDIDATES = 5000  # near names are looked for among so many; a search through more takes seconds


class Labels(NamedTuple):
    """What a task is called: ``Load(raw)`` and ``raw``."""

    name: str
    tag: str


@light_dataclass(frozen=True)
class Selection:
    """What a run was asked for; each part a tuple of names, tags and globs, ``None`` where it was not given."""

    only: tuple[str, ...] | None = None
    until: tuple[str, ...] | None = None
    from_: tuple[str, ...] | None = None

    def __bool__(self) -> bool:
        return any(part is not None for part in (self.only, self.until, self.from_))

    @staticmethod
    def of(only: Patterns, until: Patterns, from_: Patterns) -> Selection:
        """Return the selection of what the caller gave, one pattern or several for each."""
        return Selection(*(_patterns(part) for part in (only, until, from_)))


def select(
    selection: Selection, tasks: Sequence[Labels], upstream: Mapping[str, Sequence[str]], *, some: bool = False
) -> frozenset[str] | None:
    """Return the names of the tasks that may run; of several parts, the tasks that each of them allows.

    Args:
        selection: ``only``: these tasks. ``until``: these and all their ancestors. ``from_``: these and all their
            descendants. A pattern is a task's name, its tag, or a glob over both; ``Hello`` stands for ``Hello()``.
        tasks: Every task, each after all its upstream tasks.
        upstream: The direct upstream tasks of each.
        some: Whether not all tasks are known yet: then a pattern that matches none selects nothing.

    Returns:
        The names, or ``None`` if nothing was selected, so that all tasks may run.

    Raises:
        UnknownSelection: A pattern matches no task; the error gives similar names.
    """
    chosen: list[set[str]] = []
    if selection.only is not None:
        chosen.append(_with_elements(_matches("only", selection.only, tasks, some), upstream))
    if selection.until is not None:
        below = _matches("until", selection.until, tasks, some)
        chosen.append(_spread(below, (task.name for task in reversed(tasks)), upstream.__getitem__, backwards=True))
    if selection.from_ is not None:
        above = _with_elements(_matches("from_", selection.from_, tasks, some), upstream)
        chosen.append(_spread(above, (task.name for task in tasks), upstream.__getitem__, backwards=False))
    return frozenset(set.intersection(*chosen)) if chosen else None


def _patterns(part: Patterns) -> tuple[str, ...] | None:
    if part is None:
        return None
    return (part,) if isinstance(part, str) else tuple(part)


def _with_elements(names: set[str], upstream: Mapping[str, Sequence[str]]) -> set[str]:
    """Add to mapped tasks what they stand for."""
    mapped = [name for name in names if upstream.get(name)]
    return names.union(*([up for up in upstream[name] if up.startswith(f"{name}[")] for name in mapped))


def _matches(what: str, patterns: Collection[str], tasks: Sequence[Labels], some: bool) -> set[str]:
    exact: dict[str, list[str]] = {}
    for task in tasks:
        for label in {task.name, task.name.removesuffix("()"), task.tag} - {""}:
            exact.setdefault(label, []).append(task.name)
    found: set[str] = set()
    for pattern in patterns:
        names = exact.get(pattern, [])
        if not names and _WILD.intersection(pattern):
            names = [task.name for task in tasks if fnmatchcase(task.name, pattern) or fnmatchcase(task.tag, pattern)]
        if not names and not some:
            known = list(exact)[:_CANDIDATES]
            import difflib

            raise UnknownSelection(what, pattern, tuple(difflib.get_close_matches(pattern, known, n=3, cutoff=0.5)))
        found.update(names)
    return found


def _spread(
    names: set[str], order: Iterable[str], upstream: Callable[[str], Sequence[str]], *, backwards: bool
) -> set[str]:
    """Add to ``names`` all their ancestors (``backwards``, in an order from last to first) or all their descendants."""
    found = set(names)
    for name in order:
        if backwards and name in found:
            found.update(upstream(name))
        elif not backwards and any(parent in found for parent in upstream(name)):
            found.add(name)
    return found
