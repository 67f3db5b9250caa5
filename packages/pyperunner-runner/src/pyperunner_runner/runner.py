"""Runner: plans a pipeline, executes it, leaves a record; the door to planning, provenance and execution."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, cast, overload

from pyperunner_dag import DAG, Options, OutputStore, Pipeline, Task, open_store
from pyperunner_results import PipelineResult, run_name, times_of_tasks
from pyperunner_runner.execution.hooks import hooks_of, show_displays
from pyperunner_runner.execution.outcomes import run_failed
from pyperunner_runner.execution.recorder import RunRecorder
from pyperunner_runner.execution.run import Run
from pyperunner_runner.execution.scheduler_factory import new_scheduler
from pyperunner_runner.execution.signals import Signals
from pyperunner_runner.executors.registry import find_executor
from pyperunner_runner.executors.supervisor.start_methods import known_start_method
from pyperunner_runner.planning.checks import check, location_of, own_places
from pyperunner_runner.planning.planner import PlannedRun, Planner, runnable_dag
from pyperunner_runner.planning.selection import Patterns, Selection
from pyperunner_runner.planning.settings import RunSettings
from pyperunner_runner.processes.cores import usable_cores
from pyperunner_text.gc_paused import gc_paused

if TYPE_CHECKING:
    from pyperunner_runner.events import Hook
    from pyperunner_runner.planning.reasons_to_run import Decision
    from pyperunner_runner.ports import Audit, ExecutorFactory, Handle
    from pyperunner_runner.provenance.acceptance import Acceptance, Tasks
    from pyperunner_runner.provenance.explanation import Explanation, TaskExplanation

__all__ = ["Runner"]


class Runner:
    """Runs pipelines, each task in a child process of its own, and skips what is up to date.

    ``run`` does everything. The other methods are the steps that it takes, and can be taken by hand::

        runner.set_pipeline(pipeline)
        runner.queue_tasks()
        while not runner.finished:
            while (task := runner.dequeue()) is not None:
                runner.start_task(task)
            runner.finish_tasks(timeout=None)

    Args:
        data_path: Where outputs are kept: a folder, a store URL, or an open ``OutputStore``.
        log_path: Folder in which every run gets a folder of its own.
        process_limit: How many tasks run at once; by default as many as there are processors that this process may use.
        resources: How much there is of what tasks ask for in their options, such as ``{"gpu": 2}``.
        shared: Name under which all runs on this host share these amounts; docs/running.md has more.
        fail_fast, keep_going: End the run at the first failure, or run what does not depend on it, the default.
        early_cutoff: Do not run what follows from a task that ran again and made the output that it had made before.
        executor, executor_options: Name of an executor (entry points ``pyperunner.executors``) or a maker; its options.
        start_method: How processes are made: ``"fork"``, ``"forkserver"`` or ``"spawn"``; docs/executors.md has more.
        preload: Packages that tasks import by themselves are imported once; ``False`` leaves that, a list names them.
        code, ignore, packages, strict: What counts of the code of tasks that do not say it (`pyperunner_dag.Options`).
        audit: Of files that tasks read undeclared, ``"warn"`` records them, ``"error"`` fails the task; or ``"off"``.
        hooks: Called with every event of a run (``pyperunner_runner.events``), besides the installed ones.
        progress: ``True`` prints a line per finished task, by default a notebook shows a table; or a hook.
        report: Write ``report.html`` into the run folder at the end of every run.
        keep_unsaved: Let outputs that the store does not take stay, in a temporary folder, when the process ends.
        mainfile, notes: For the record: the user's main file, by default the program that was started, and more facts.

    Raises:
        ValueError: ``process_limit`` is less than 1, or executor, its option, start method or store scheme is unknown.
        OptionError: An option of the code is not as it must be.
    """

    def __init__(
        self,
        data_path: str | os.PathLike[str] | OutputStore,
        log_path: str | os.PathLike[str],
        process_limit: int | None = None,
        *,
        resources: Mapping[str, float] | None = None,
        shared: str | os.PathLike[str] | None = None,
        fail_fast: bool = False,
        keep_going: bool | None = None,
        early_cutoff: bool = False,
        executor: str | ExecutorFactory = "process",
        executor_options: Mapping[str, Any] | None = None,
        start_method: str | None = None,
        preload: bool | Sequence[str] = True,
        code: Literal["deep", "own", "off"] | None = None,
        ignore: Iterable[str] = (),
        packages: Literal["none", "version"] | None = None,
        strict: bool | None = None,
        audit: Audit = "warn",
        hooks: Iterable[Hook] = (),
        progress: bool | Hook | None = None,
        report: bool = False,
        keep_unsaved: bool = False,
        mainfile: str | os.PathLike[str] | None = None,
        notes: Mapping[str, Any] | None = None,
    ) -> None:
        if keep_going and fail_fast:
            raise ValueError("fail_fast and keep_going are opposites: give one of them")
        self._hooks = hooks_of(progress, hooks)
        self._settings = RunSettings(
            new_executor=find_executor(executor, executor_options or {}),
            limit_is_chosen=process_limit is not None,
            process_limit=usable_cores() if process_limit is None else process_limit,
            start_method=known_start_method(start_method),
            resources=dict(resources or {}),
            shared=os.fspath(shared or ""),
            code=Options(code=code, ignore=ignore, packages=packages, strict=strict),
            audit=audit,
            fail_fast=fail_fast or keep_going is False,
            early_cutoff=early_cutoff,
            preload=preload,
            displays=show_displays(self._hooks),
            keep_unsaved=keep_unsaved,
        )
        self.data_path, self.log_path = data_path, os.fspath(log_path)
        self.process_limit = self._settings.process_limit
        self.pipeline: Pipeline | None = None
        self.store = open_store(data_path)
        self._planner = Planner(self.store, self._settings.code)
        self._mainfile, self._notes, self._report = mainfile, dict(notes or {}), report
        self._planned: PlannedRun | None = None
        self._run: Run | None = None

    def run(
        self,
        pipeline: Pipeline | None = None,
        force_reload: bool = False,
        show_execution_plan: bool = False,
        *,
        only: Patterns = None,
        until: Patterns = None,
        from_: Patterns = None,
        raise_on_failure: bool = False,
    ) -> None:
        """Run a pipeline: plan, execute what is not up to date, record.

        A failed task leaves the others running; its descendants become ``CANT_RUN``. What happened stands in the tasks'
        ``status`` and ``result``, in ``results()`` and in the run folder.

        Args:
            pipeline: By default the one given to ``set_pipeline``.
            force_reload: Run every task that is selected, whatever is stored.
            show_execution_plan: Print the graph first, with the tasks that will run marked ``*``.
            only: Consider these tasks only (name, tag or glob over both, one or several). The others are ``SKIPPED``.
            until: Consider these tasks and all their ancestors.
            from_: Consider these tasks and all their descendants.
            raise_on_failure: Raise ``RunFailed`` at the end if a task failed.

        Raises:
            ValueError: There is no pipeline, or it has a cycle or duplicate names. PipelineError: It is empty.
            UnknownSelection: ``only``, ``until`` or ``from_`` matches no task.
            SelectionUnmet: A selected task needs an output that is neither stored nor made by one.
            ImpossibleResources: A task asks for more than there is. SharedLimitsError: Limits can't be shared.
            FileParamError: A ``File`` or ``Folder`` among the params cannot be read; nothing was started.
            SecretNotSetError: A task that must run has a secret without a value; nothing was started.
            StoreNotWritable: Tasks must run, and neither the store nor a temporary folder can take their outputs.
            RunFailed: Only with ``raise_on_failure``.
            KeyboardInterrupt: A SIGINT came, and children were ended: asked first, made to two seconds later or at a
                second signal. SIGTERM and SIGHUP do likewise, and are raised again at the end.
        """
        if pipeline is not None:
            self.set_pipeline(pipeline)
        self.queue_tasks(force_reload, only=only, until=until, from_=from_)
        if show_execution_plan:
            self.execution_plan_summary()
        run = self._current_run()
        check(run.planned, self._settings)
        run.stand_in.probe(location_of(self.data_path))
        self.save_pipeline_params()
        with Signals() as signals:
            try:
                run.drive(signals)
            finally:
                self._pipeline().set_results(self.results())
                if self._report:
                    run.recorder.write_report(self.results())
        signals.raise_again()
        if raise_on_failure and (error := run_failed(run.planned.dag.nodes, self.run_folder)) is not None:
            raise error

    @property
    def plan(self) -> Mapping[str, Decision]:
        """What is done with each task and why, as it was planned last; empty before."""
        return {} if self._planned is None else self._planned.decisions

    @property
    def tasks_queue(self) -> list[Task]:
        """All tasks in topological order, as they were queued; a new list on every access."""
        return [] if self._run is None else list(self._run.planned.dag)

    @property
    def tasks_execute(self) -> list[Task]:
        """Those of ``tasks_queue`` that run, or whose output a running task needs; a new list on every access."""
        planned = self._run and self._run.planned
        return [planned.dag[name] for name in planned.names("run", "load")] if planned else []

    def set_pipeline(self, pipeline: Pipeline) -> None:
        """Set the pipeline to run and forget the plan of the one before."""
        self._drop_run()
        self.pipeline = pipeline
        self._planned = None

    def assert_valid_pipeline(self) -> None:
        """Check that a pipeline is set (else ``ValueError``) which can be run, as ``validate_pipeline`` does."""
        self.validate_pipeline(self._pipeline())

    @staticmethod
    def validate_pipeline(pipeline: Pipeline) -> None:
        """Check that a pipeline has unique names and no cycle (else ``ValueError``), and tasks (``PipelineError``)."""
        runnable_dag(pipeline)

    @gc_paused()
    def analyze_pipeline(
        self, force_reload: bool = False, *, only: Patterns = None, until: Patterns = None, from_: Patterns = None
    ) -> None:
        """Decide as ``run`` does whether each task runs, is loaded or is skipped: ``plan`` says it. Changes no task."""
        self._planned = self._plan(self._pipeline().dag(), force_reload, only, until, from_)

    def execution_plan_summary(self, print_fn: Callable[[str], object] | None = None) -> None:
        """Draw the graph as text for ``print_fn`` (``print`` by default), with the tasks that will run marked ``*``."""
        if not self.plan:
            self.analyze_pipeline()
        mark = {name for name, decision in self.plan.items() if decision.action == "run"}
        self._pipeline().summary(print_fn or print, mark)

    @gc_paused()
    def queue_tasks(
        self, force_reload: bool = False, *, only: Patterns = None, until: Patterns = None, from_: Patterns = None
    ) -> None:
        """Plan as ``run`` does: fill ``tasks_queue`` and ``tasks_execute`` and make every task ready."""
        dag = runnable_dag(self._pipeline())
        self._drop_run()
        planned = self._planned = self._plan(dag, force_reload, only, until, from_, tolerant=True)
        settings = self._settings.with_limit(self.process_limit)
        name = self._pipeline().name
        scheduler = new_scheduler(planned, settings, lambda: times_of_tasks(self.log_path, name))
        self._run = Run(planned, settings, scheduler, lambda: RunRecorder(self.log_path, name, self._hooks))

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

        Runs nothing and changes no task. Tasks that are not up to date are looked up, each among the newest 50 entries
        of its name; of one task, itself or its name, whether what is stored can be read (``UnknownPipelineTask`` if
        there is none). The other arguments are those of ``run``. ``str()`` is a text.
        """
        from pyperunner_runner.provenance.explanation import explain, explain_task

        dag = runnable_dag(self._pipeline())
        planned = self._plan(dag, force_reload, only, until, from_)
        if task is None:
            return explain(planned)
        return explain_task(planned, planned.task(task), lambda: self._plan(dag, force_reload))

    def accept(
        self, task: Tasks, *, downstream: bool = False, dry_run: bool = False, renamed: Mapping[str, str] | None = None
    ) -> list[Acceptance]:
        """Let the nearest earlier output stand for a task's key of today, after a change of no effect; return it.

        Args:
            task: A task or its name, or several: of these, what is up to date or has nothing is passed over.
            downstream: Accept too what follows and differs from earlier outputs by the accepted keys alone.
            dry_run: Only return what would be accepted.
            renamed: What tasks were called when their outputs were stored, by their names of today.

        Raises:
            NotAcceptable: The task is up to date, or has no earlier output; or the store can't do it.
            UnknownPipelineTask: There is no such task.
        """
        from pyperunner_runner.provenance.acceptance import accept

        planned = self._plan(runnable_dag(self._pipeline()))
        return accept(planned, task, downstream=downstream, dry_run=dry_run, renamed=renamed)

    def invalidate(self, task: Task | str, *, downstream: bool = False) -> list[str]:
        """Remove the stored output of a task, so that it is made again; return whose there were, in order.

        Args:
            task: A task or its name.
            downstream: Remove those of its descendants, too.

        Raises:
            NotAcceptable: The store can't remove entries. UnknownPipelineTask: There is no such task.
        """
        from pyperunner_runner.provenance.acceptance import invalidate

        planned = self._plan(runnable_dag(self._pipeline()))
        return invalidate(planned, planned.task(task), downstream=downstream)

    @property
    def finished(self) -> bool:
        """Whether every task of the plan has ended."""
        return self._run is not None and self._run.finished

    def dequeue(self) -> Task | None:
        """Return a task whose upstream tasks have all ended well, each once; ``None`` if there is none just now."""
        return self._current_run().next_task()

    def start_task(self, task: Task) -> Handle:
        """Start a task, in a process of its own where the executor has any; what the plan does not run ends at once.

        The handle has ``pid``, ``exitcode``, ``is_alive()`` and ``join()``.

        Raises:
            BlockingIOError: The system has no room for another process; ``dequeue`` will return the task again.
        """
        return self._current_run().start(task)

    def skip_task(self, task: Task) -> None:
        """Pass a task over; its status becomes ``SKIPPED``."""
        self._current_run().skip(task)

    def finish_tasks(self, timeout: float | None = 0) -> None:
        """Give finished tasks their results; wait up to ``timeout`` seconds for a first one (``None``: without end)."""
        self._current_run().collect(timeout)

    def process_task_result(self, task: Task, result: Task.TaskResult) -> None:
        """Give a task a result made by hand; an output is held, and stored before another task needs it."""
        if result.status is Task.Status.SUCCESS:
            task.set_output(result.output)
        self._current_run().finish_task(task, result, "result given by hand")

    def log_exception(self, result: Task.TaskResult) -> None:
        """Write the traceback of a failed task to the run's ``exception.log``."""
        name = next((task.name for task in self.tasks_queue if task.result is result), "-")
        self._current_run().recorder.folder.log_exception(name, result.traceback or str(result.exception))

    def get_predecessor_outputs(self, task: Task) -> list[Any]:
        """Return the outputs of the tasks that ``task`` was connected to, in that order."""
        return [parent.output for parent in task.parents]

    @property
    def run_folder(self) -> str:
        """Path of the folder of the current run; it is made when it is first asked for."""
        return self._current_run().recorder.folder.path

    def generate_run_name(self) -> str:
        """Return the name for a run that starts now: ``<pipeline>_<yymmddTHHMMSS>``."""
        return run_name(self._pipeline().name)

    def pipeline_params_filename(self) -> str:
        """Return the path of the current run's ``pipeline.yaml``."""
        return self._current_run().recorder.folder.pipeline_file

    def save_pipeline_params(self) -> None:
        """Write ``pipeline.yaml``: the pipeline, and under ``run`` the paths, the host and the environment."""
        run, place = self._current_run(), location_of(self.data_path)
        conf = self._pipeline().to_dict(self._settings.code, lazily=True, dag=run.planned.dag.graph)
        options = (self.store.spec() or {}).get("storage_options")
        run.recorder.write_pipeline(conf, place, self._mainfile, options, self._notes, own_places(run.planned))

    def results(self) -> PipelineResult:
        """Return the reader of the current run's outputs."""
        run = self._current_run()
        if run.recorder.conf is None:
            self.save_pipeline_params()
        return PipelineResult(run.recorder.conf or {}, run.planned.store, run_folder=run.recorder.folder.path)

    def _pipeline(self) -> Pipeline:
        if self.pipeline is None:
            raise ValueError("there is no pipeline to run: pass one to run() or set_pipeline()")
        return self.pipeline

    def _plan(self, dag: DAG[Task], force: bool = False, *chosen: Patterns, tolerant: bool = False) -> PlannedRun:
        selection = Selection.of(*chosen) if chosen else None
        return self._planner.plan(self._pipeline(), dag, force=force, selection=selection, tolerant=tolerant)

    def _current_run(self) -> Run:
        if self._run is None:
            self.queue_tasks()
        return cast("Run", self._run)

    def _drop_run(self) -> None:
        if self._run is not None:
            self._run.close()
        self._run = None
