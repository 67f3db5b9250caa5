"""Pipelines: named graphs of tasks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pyperunner_dag.dag import DAG, is_interactive, reachable
from pyperunner_dag.dataflow.copies import Copies, PrefixTakenError, connected_copy
from pyperunner_dag.errors import DuplicateNameError, PipelineError
from pyperunner_dag.identity.hashing import bind, forget, hash_all, refresh_hashes
from pyperunner_dag.inputs import as_tasks, describe, moved, resolve_inputs
from pyperunner_dag.options import CODE_FIELDS, NO_OPTIONS, Options, changed, code_options
from pyperunner_dag.tasks import Task
from pyperunner_text.terminal.printing import say

if TYPE_CHECKING:
    import networkx
    from typing_extensions import Unpack

    from pyperunner_dag.options import CodeArgs
    from pyperunner_dag.schema import SavedForm

__all__ = ["Pipeline", "Sequential"]

_PREFIX = re.compile(r"[\w-]+(\.[\w-]+)*")


class Pipeline:
    """A named graph of tasks: those that were added, all their descendants, and all their ancestors.

    Args:
        name: Name of the pipeline.
        tasks: Root tasks, at which the pipeline starts.
        **code: What counts of the code of tasks that do not say so themselves: ``code``, ``version``, ``ignore``,
            ``depends``, ``packages`` and ``strict`` of ``Options``. It counts from the moment the pipeline is planned
            or saved.

    Raises:
        NotATaskError: A class or a stranger stands where a task must.
        OptionError: There is no such option, or its value is none it can have.
    """

    def __init__(self, name: str, tasks: Iterable[Task] | None = None, **code: Unpack[CodeArgs]) -> None:
        if not isinstance(name, str):
            raise PipelineError(f"the name of a pipeline is text, not {type(name).__name__}")
        self.name = name
        self.options = changed(NO_OPTIONS, code, f"pipeline {name}", CODE_FIELDS)
        self._added: list[Task] = []
        self._results: Any = None
        if tasks is not None:
            self.set_tasks(tasks)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    def add(self, task: Task) -> None:
        """Add a root task.

        Raises:
            NotATaskError: It is a class or a stranger.
        """
        self._added.extend(as_tasks(Task, task, f"what is added to pipeline {self.name}"))

    def set_tasks(self, tasks: Iterable[Task]) -> None:
        """Make ``tasks`` the root tasks, in the place of those that were.

        Raises:
            NotATaskError: A class or a stranger is among them.
        """
        self._added = as_tasks(Task, tasks, f"what is added to pipeline {self.name}")

    def include(self, other: Pipeline, *, prefix: str) -> dict[str, Task]:
        """Make copies of the tasks of another pipeline part of this one: ``Fit()`` under the name ``eu.Fit()``.

        They have the keys that they have in the other one, and so share its stored outputs. What the other pipeline
        says of the code holds for them. Later changes of the other pipeline do not reach them.

        Args:
            other: The pipeline, as it is now.
            prefix: What their names begin with; letters, digits, ``_`` and ``-``, in parts between dots.

        Returns:
            The copies by the names that their originals have, to be connected to further tasks.

        Raises:
            PipelineError: It is no pipeline, or the prefix is none.
            PrefixTakenError: A task of such a name is here already.
        """
        if not isinstance(other, Pipeline):
            raise PipelineError(f"what pipeline {self.name} includes is a Pipeline, not {describe(other)}")
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise PipelineError(f"a prefix is letters, digits, '_' and '-', in parts between dots, not {prefix!r:.60}")
        here = set() if is_interactive() else {task.name for task in self.dag()}
        copies: dict[Task, Task] = {}
        for task in other.dag():
            copies[task] = made = connected_copy(task, copies, prefix=f"{prefix}.{task.prefix}")
            if made.name in here:
                raise PrefixTakenError(made.name, prefix)
            said = code_options(task.options, other.options)
            code = {name: getattr(said, name) for name in CODE_FIELDS}
            made.with_options(**{name: value for name, value in code.items() if value != getattr(task.options, name)})
        self._added.extend(copies.values())
        return Copies({task.name: made for task, made in copies.items()})

    def dag(self) -> DAG[Task]:
        """Return the graph as it is now.

        Raises:
            CycleError: A task is its own ancestor.
            DuplicateNameError: Two tasks share a name. Where somebody types the program, a cell was executed again, and
                the newer one takes the place of the older instead.
        """
        try:
            return DAG(self._added)
        except DuplicateNameError:
            if not is_interactive():
                raise
        self._added = _with_the_newest(self._added)
        return DAG(self._added)

    def code_options(self, defaults: Options | None = None) -> Options:
        """Return what counts of the code of tasks that do not say so themselves, for ``refresh_hashes``.

        Args:
            defaults: What counts where the pipeline does not say so either.
        """
        return code_options(self.options, defaults)

    def __len__(self) -> int:
        return len(self.dag())

    def create_graph(self) -> networkx.DiGraph[Any]:
        """Return the graph as a ``networkx.DiGraph`` of the Task objects, edges from parent to child."""
        return self.dag().to_networkx()

    # --- results of a run

    def set_results(self, results: Any) -> None:
        """Keep the results of a run."""
        self._results = results

    def results(self) -> Any:
        """Return the results of the latest run.

        Raises:
            AttributeError: There was none.
        """
        if self._results is None:
            raise AttributeError(f"pipeline {self.name} has no results; run it first")
        return self._results

    # --- drawings

    def summary(self, print_fn: Callable[[str], object] = print, mark: Collection[str] = ()) -> None:
        """Draw the graph as text: boxes with the tasks' names, joined by lines.

        Args:
            print_fn: Takes the drawing.
            mark: Names of tasks to be marked with ``*``.
        """
        from pyperunner_dag.drawing.text import draw_text

        (say if print_fn is print else print_fn)(draw_text(self.dag(), mark))

    def plot_graph(self, fname: str | os.PathLike[str]) -> None:
        """Write a picture of the graph.

        Args:
            fname: A name that ends in ``.svg``, ``.png``, ``.mmd`` (Mermaid) or ``.dot`` (Graphviz).

        Raises:
            ValueError: It ends otherwise.
            ImportError: PNG was asked for and Pillow is not installed.
        """
        from pyperunner_dag.drawing.plot import plot

        plot(self.dag(), fname)

    def to_mermaid(self) -> str:
        """Return the graph as Mermaid text."""
        from pyperunner_dag.drawing.markup import draw_mermaid

        return draw_mermaid(self.dag())

    def to_dot(self) -> str:
        """Return the graph as Graphviz text."""
        from pyperunner_dag.drawing.markup import draw_dot

        return draw_dot(self.dag(), self.name)

    def to_svg(self) -> str:
        """Return a picture of the graph as SVG text."""
        from pyperunner_dag.drawing.svg import draw_svg

        return draw_svg(self.dag())

    def _repr_html_(self) -> str:
        return self.to_svg()

    # --- saved form

    def to_dict(
        self, defaults: Options | None = None, *, lazily: bool = False, dag: DAG[Task] | None = None
    ) -> SavedForm:
        """Return the pipeline in builtins that YAML can hold: ``pipeline``, ``tasks`` and ``keys``.

        Args:
            defaults: What counts of the code where neither a task nor the pipeline says so.
            lazily: Make what is said of a task when it is read, and do not keep it, to save memory.
            dag: The graph that ``dag()`` returned, where it is at hand; else it is made anew.
        """
        from pyperunner_dag.saved.dump import dump, dump_lazily

        dag = self.dag() if dag is None else dag
        if defaults is None:
            refresh_hashes(dag, self.options)
        return (dump_lazily if lazily else dump)(self.name, dag, self.code_options(defaults))

    def to_file(self, filename: str | os.PathLike[str]) -> None:
        """Write the pipeline to a YAML file, which is there whole or not at all."""
        from pyperunner_dag.saved.dump import dump_file

        dump_file(self.to_dict(lazily=True), filename)

    @staticmethod
    def from_dict(
        pipeline_dict: Mapping[str, Any], compare_hashes: bool = True, modules: Iterable[str] | None = None
    ) -> Pipeline:
        """Make a pipeline from what ``to_dict`` returned. Imports the modules that it names.

        Args:
            pipeline_dict: The saved form; sections other than ``pipeline``, ``tasks`` and ``keys`` are ignored.
            compare_hashes: Whether the tasks must be the ones that were saved, by their hashes.
            modules: Names or globs of the modules that may be imported; ``None`` for any.

        Raises:
            PipelineFileError: It is not a saved pipeline, names what is not there or not allowed, or (with
                ``compare_hashes``) its tasks differ from the saved ones; the error says where and how.
        """
        from pyperunner_dag.saved.compare import compare
        from pyperunner_dag.saved.load import load

        saved = load(pipeline_dict, modules)
        pipeline = Pipeline(saved.name, saved.tasks.values(), **saved.options)
        dag = pipeline.dag()
        bind(dag, pipeline.options)
        if compare_hashes:
            hash_all(dag)
            compare(pipeline_dict, saved.tasks)
        return pipeline

    @staticmethod
    def from_file(
        filename: str | os.PathLike[str], compare_hashes: bool = True, modules: Iterable[str] | None = None
    ) -> Pipeline:
        """Make a pipeline from a YAML file that ``to_file`` or a run wrote: see ``from_dict``.

        Raises:
            OSError: The file cannot be read.
            PipelineFileError: As ``from_dict`` does, or the file is not plain YAML.
        """
        from pyperunner_dag.saved.load import load_file

        return Pipeline.from_dict(load_file(filename), compare_hashes, modules)


class Sequential(Pipeline):
    """A pipeline without branches: each task is connected to the one before it.

    Args:
        name: Name of the pipeline.
        tasks: Tasks in the order in which they run.
        **code: As for ``Pipeline``.
    """

    def add(self, task: Task) -> None:
        """Append a task to the end and connect it to the one that was last.

        Raises:
            NotATaskError: It is a class or a stranger.
        """
        count = len(self._added)
        super().add(task)
        _chain(self._added[max(count - 1, 0) :])

    def set_tasks(self, tasks: Iterable[Task]) -> None:
        """Make ``tasks`` the tasks of the pipeline, connected in their order.

        Raises:
            NotATaskError: A class or a stranger is among them.
        """
        super().set_tasks(tasks)
        _chain(self._added)

    def include(self, other: Pipeline, *, prefix: str) -> dict[str, Task]:
        """Refuse to: one chain takes no other graph in.

        Raises:
            PipelineError: Always.
        """
        raise PipelineError(f"{self.name} is a Sequential, one chain of tasks; include it and the other in a Pipeline")


def _chain(tasks: list[Task]) -> None:
    """Connect each task to the one before it, unless it is already."""
    for parent, child in pairwise(tasks):
        if parent not in child.parents:
            child.connect(parent)


def _with_the_newest(roots: Iterable[Task]) -> list[Task]:
    """Let the newest task of each name take the place of the others, and say so; return the roots that are left."""
    newest: dict[str, Task] = {}
    everything = reachable(roots, lambda task: [*task.children, *task.upstream])
    for task in sorted(everything, key=lambda task: task.made):
        older = newest.get(task.name)
        newest[task.name] = task
        if older is not None:
            _replace(older, task)
            say(f"{task.name} takes the place of an older task of that name")
    return list(dict.fromkeys(newest[task.name] for task in roots))


def _replace(older: Task, newer: Task) -> None:
    def of_today(task: Task) -> Task:
        return newer if task is older else task

    children = older.children
    for child in children:
        if child.inputs:
            child.set_params(**resolve_inputs(child.inputs, lambda source: moved(source, of_today)))
    newer.take_place_of(older)
    for child in children:
        forget(child)
