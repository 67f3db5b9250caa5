"""What a planner can say of its plan."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, overload

from pyperunner_dag import Task
from pyperunner_runner._errors import UnknownTask
from pyperunner_runner.planning.planner import Planner, dag_of
from pyperunner_runner.planning.selection import Selection
from pyperunner_runner.provenance.acceptance import Acceptance, accept, acceptable, invalidate
from pyperunner_runner.provenance.explanation import Explanation, TaskExplanation, explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyperunner_dag import DAG
    from pyperunner_runner.plan import Decision
    from pyperunner_runner.planning.planner import Patterns

__all__ = ["Advisor", "find_task"]


class Advisor(Planner):
    """Explains what a run of a pipeline would do."""

    @overload
    def explain(
        self,
        task: None = None,
        *,
        force_reload: bool = False,
        only: Patterns = None,
        until: Patterns = None,
        from_: Patterns = None,
    ) -> Explanation: ...

    @overload
    def explain(self, task: Task | str, *, force_reload: bool = False) -> TaskExplanation: ...

    def explain(
        self,
        task: Task | str | None = None,
        *,
        force_reload: bool = False,
        only: Patterns = None,
        until: Patterns = None,
        from_: Patterns = None,
    ) -> Explanation | TaskExplanation:
        """Say what a run would do with each task and why: what differs from the nearest output stored earlier.

        Runs nothing and changes no task. Only tasks that are not up to date are looked up, each among the newest 50
        entries of its name.

        Args:
            task: A task or its name, of which more is looked at: whether what is stored can be read.
            force_reload: As for ``run``.
            only: As for ``run``.
            until: As for ``run``.
            from_: As for ``run``.

        Returns:
            A mapping from names to explanations, or that of the one task. ``str()`` makes a text of either.

        Raises:
            ValueError: There is no pipeline, or it has a cycle or duplicate names.
            UnknownTask: There is no such task.
        """
        dag = dag_of(self._pipeline())
        decisions = self._look(dag, force_reload, Selection.of(only, until, from_))
        if task is None:
            return Explanation(explain(list(dag), decisions, self._store))
        one = find_task(dag, task)
        damaged = self._damaged(one)
        if damaged:
            decisions = self._look(dag, force_reload)  # it has been set aside, so the plan is another one
        found = explain([one], decisions, self._store)[one.name]
        return replace(found, reasons=("damaged",), differences=(), nearest=None) if damaged else found

    def accept(self, task: Task | str, *, downstream: bool = False, dry_run: bool = False) -> list[Acceptance]:
        """Let the nearest output stored earlier stand for a task's key of today: for a change that changes nothing.

        The new entry names the one it stands for, and records when it was accepted and in spite of what.

        Args:
            task: A task or its name.
            downstream: Accept as well what follows from it: the outputs of descendants that differ from an earlier
                one by nothing but the accepted keys.
            dry_run: Only return what would be accepted.

        Returns:
            What was accepted, in the order of a run.

        Raises:
            NotAcceptable: The task is up to date, or has no earlier output; or the store can't do it.
            UnknownTask: There is no such task.
        """
        dag = dag_of(self._pipeline())
        self._look(dag)
        chosen = acceptable(dag, self._store, find_task(dag, task), downstream)
        return accept(self._store, chosen, dry_run=dry_run)

    def invalidate(self, task: Task | str, *, downstream: bool = False) -> list[str]:
        """Remove the stored output of a task, so that the next run makes it again.

        Args:
            task: A task or its name.
            downstream: Remove those of its descendants, too.

        Returns:
            The names of the tasks that had one, in the order of a run.

        Raises:
            NotAcceptable: The store can't remove entries.
            UnknownTask: There is no such task.
        """
        dag = dag_of(self._pipeline())
        self._look(dag)
        return invalidate(dag, self._store, find_task(dag, task), downstream)

    def _look(self, dag: DAG[Task], force: bool = False, selection: Selection | None = None) -> Mapping[str, Decision]:
        """Hash the tasks and return what would be planned; the plan that there is stays."""
        kept = self.plan, self._outline
        try:
            self._analyze(dag, force, selection or Selection())
            return self.plan
        finally:
            self.plan, self._outline = kept

    def _damaged(self, task: Task) -> bool:
        """Whether there is an entry for a task's key which cannot be read."""
        if task.held or not task.options.cache or self._store.missing([task.key]):
            return False
        try:
            self._store.meta(task.key)
        except KeyError:
            return True
        return False


def find_task(dag: DAG[Task], task: Task | str) -> Task:
    """Return a task of a graph by its name; ``Hello`` stands for ``Hello()``.

    Raises:
        UnknownTask: There is none; the error gives similar names.
    """
    known = {node.name: node for node in dag}
    name = task.name if isinstance(task, Task) else task
    if name not in known and f"{name}()" not in known:
        raise UnknownTask(name, get_close_matches(name, known, n=3, cutoff=0.5))
    return known.get(name) or known[f"{name}()"]
