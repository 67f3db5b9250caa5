"""Groups: what a run would do with the elements of a mapped task, and why; equal reasons are said once."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, TypeAlias

from pyperunner_runner.provenance.stored_entries import StoredEntry, entries_of

if TYPE_CHECKING:
    from pyperunner_dag import Difference, Task
    from pyperunner_runner.planning.planner import PlannedRun

    Said: TypeAlias = tuple[str, tuple[str, ...], tuple[Difference, ...]]

__all__ = ["explain_mapped"]

_LOOKED_AT = 1000
"""So many of the newest entries are looked at for what an element differs in from what it was."""
_NEW = "new elements"


def explain_mapped(planned: PlannedRun, task: Task) -> Said:
    """Explain what was planned for the elements of a mapped task.

    Args:
        planned: The plan.
        task: The mapped task.

    Returns:
        Its state, the reasons, and the differences to what is stored.
    """
    decision = planned.decisions[task.name]
    if task.elements is None:
        state = "will run" if decision.action == "run" else "will skip"
        return state, (decision.reason,), ()
    runs = [each for each in task.elements if planned.decisions[each.name].action == "run"]
    total = f"{len(task.elements):,}"
    if not runs:
        return "will skip" if decision.reason == "not selected" else "up to date", (), ()
    earlier = _Earlier(planned, task) if any(planned.decisions[each.name].reuse for each in runs) else None
    reasons: Counter[str] = Counter()
    found: dict[str, Difference] = {}
    for each in runs:
        made = planned.decisions[each.name]
        differences = earlier.differences(each) if earlier is not None and made.reuse else None
        if differences:
            found.update({difference.text: difference for difference in differences})
        words = "; ".join(each.text for each in differences or ()) or (_NEW if made.reuse else made.reason)
        reasons[words] += 1
    known = [words for words in reasons if words != _NEW]
    if len(known) == 1 and earlier is not None and earlier.is_cut_off:
        # Of elements beyond those that were looked at nothing else can be said.
        reasons[known[0]] += reasons.pop(_NEW, 0)
    lines = tuple(f"{number:,} of {total} run: {words}" for words, number in reasons.items())
    return "will run", lines, tuple(found.values())


class _Earlier:
    """The earlier entries of a mapped task, by the elements that they were made of."""

    def __init__(self, planned: PlannedRun, task: Task) -> None:
        self._mapped = task.mapping.params if task.mapping is not None else ()
        self._entries: dict[tuple[Any, ...], StoredEntry] = {}
        entries = list(entries_of(planned.store, task.entry_name, _LOOKED_AT))
        for entry in entries:
            parts = entry.parts
            if isinstance(parts.get("params"), dict) and isinstance(parts.get("inputs"), dict):
                self._entries.setdefault(self._which(parts), entry)
        self.is_cut_off = len(entries) == _LOOKED_AT

    def differences(self, element: Task) -> list[Difference] | None:
        """Return what an element differs in from an entry made of the same; ``None`` where there is none."""
        entry = self._entries.get(self._which(element.key_parts()))
        return None if entry is None or entry.key == element.key else entry.differs_in(element)

    def _which(self, parts: Any) -> tuple[Any, ...]:
        # Another mapped task that it is mapped over counts by its keys, which are other ones after every change.
        return tuple(str(parts["params"].get(param, parts["inputs"].get(param))) for param in self._mapped)
