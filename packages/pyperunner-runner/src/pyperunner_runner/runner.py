"""The runner: plans a pipeline, executes it task by task, and leaves a record."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from pyperunner_dag import Options, OutputStore, Pipeline, Task, draw_svg, layout
from pyperunner_results import write_report
from pyperunner_runner._steps import Steps
from pyperunner_runner.execution.hooks import hooks_of
from pyperunner_runner.execution.outcomes import run_failed
from pyperunner_runner.execution.signals import Signals
from pyperunner_runner.executors.registry import ExecutorFactory, find_executor
from pyperunner_runner.executors.supervisor.start_methods import start_method as checked_start_method
from pyperunner_runner.planning.checks import check_limits, check_resources, check_secrets, check_store
from pyperunner_runner.planning.settings import RunSettings
from pyperunner_runner.provenance.early_cutoff import cut_off

if TYPE_CHECKING:
    from pyperunner_runner.events import Hook
    from pyperunner_runner.execution.run import RunSession
    from pyperunner_runner.planning.planner import Patterns
    from pyperunner_runner.ports import Audit

__all__ = ["Runner"]

_BAD_ENDS = (Task.Status.FAILURE, Task.Status.CANT_RUN)
_TICK_SECONDS = 0.1
_NO_ROOM_SECONDS = 0.05  # pause when the system has no room for another process and none of ours is about to end


class Runner(Steps):
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
        process_limit: How many tasks run at once; the number of processors by default.
        resources: How much there is of what tasks ask for in their options, such as ``{"gpu": 2}``.
        fail_fast: End the run at the first failure: nothing more starts, what runs is ended.
        keep_going: The opposite of ``fail_fast`` and the default: whatever does not depend on a failed task runs.
        early_cutoff: Where a task that ran again made the output that it had made before, do not run again what
            follows from it. (By default all that follows from a task that runs does, too.)
        executor: Name of an executor (entry points ``pyperunner.executors``) or a callable that makes one.
        start_method: How processes are made: ``"fork"``, ``"forkserver"`` or ``"spawn"`` (see docs/executors.md); by
            default ``fork`` on Linux and ``spawn`` elsewhere.
        code: How far the code of tasks is followed where neither they nor the pipeline say so; see
            ``pyperunner_dag.Options``, as for the following three.
        ignore: Names or patterns of parts of the code that do not count.
        packages: Whether the versions of installed packages that the code uses count.
        strict: Whether code that cannot be followed is an error, before anything is started.
        audit: What to do about files of yours that a task reads without declaring them as ``File`` or ``Folder``:
            ``"warn"`` records them, ``"error"`` makes the task fail, ``"off"`` looks at nothing.
        hooks: Called with every event of a run, see ``pyperunner_runner.events``; installed ones (entry points
            ``pyperunner.hooks``) are called too.
        progress: ``True`` prints a line when a run starts and one per finished task; or a hook that shows a run its
            own way.
        report: Write ``report.html`` into the run folder at the end of every run.
        mainfile: The user's main file, for the record; by default the program that was started.

    Raises:
        ValueError: ``process_limit`` is less than 1, or executor, start method or store scheme is unknown.
        OptionError: An option of the code is not as it must be.
    """

    def __init__(
        self,
        data_path: str | os.PathLike[str] | OutputStore,
        log_path: str | os.PathLike[str],
        process_limit: int | None = None,
        *,
        resources: Mapping[str, float] | None = None,
        fail_fast: bool = False,
        keep_going: bool | None = None,
        early_cutoff: bool = False,
        executor: str | ExecutorFactory = "process",
        start_method: str | None = None,
        code: Literal["deep", "own", "off"] | None = None,
        ignore: Iterable[str] = (),
        packages: Literal["none", "version"] | None = None,
        strict: bool | None = None,
        audit: Audit = "warn",
        hooks: Iterable[Hook] = (),
        progress: bool | Hook = False,
        report: bool = False,
        mainfile: str | os.PathLike[str] | None = None,
    ) -> None:
        if process_limit is not None and process_limit < 1:
            raise ValueError(f"process_limit must be at least 1, not {process_limit}")
        limit = process_limit or os.cpu_count() or 1
        if keep_going and fail_fast:
            raise ValueError("fail_fast and keep_going are opposites: give one of them")
        if audit not in ("warn", "error", "off"):
            raise ValueError(f"audit is 'warn', 'error' or 'off', not {audit!r}")
        of_code = Options(code=code, ignore=ignore, packages=packages, strict=strict)
        settings = RunSettings(
            new_executor=find_executor(executor),
            process_limit=limit,
            start_method=checked_start_method(start_method),
            resources=dict(resources or {}),
            code=of_code,
            audit=audit,
            fail_fast=fail_fast or keep_going is False,
            early_cutoff=early_cutoff,
            reconsider=cut_off if early_cutoff else None,
        )
        super().__init__(data_path, log_path, settings, hooks_of(progress, hooks), mainfile)
        self._report = report

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

        A failed task leaves the others running; its descendants become ``CANT_RUN``. What happened stands in every
        task's ``status`` and ``result``, in ``results()`` and in the run folder.

        Args:
            pipeline: The pipeline; by default the one given to ``set_pipeline``.
            force_reload: Run every task that is selected, whatever is stored.
            show_execution_plan: Print the graph first, with the tasks that will run marked ``*``.
            only: Consider these tasks only; a task's name, its tag, or a glob over both, one or several. The others
                are ``SKIPPED``; what they would have to make first is an error.
            until: Consider these tasks and all their ancestors.
            from_: Consider these tasks and all their descendants.
            raise_on_failure: Raise ``RunFailed`` at the end if a task failed.

        Raises:
            ValueError: There is no pipeline, or it has a cycle or duplicate names.
            PipelineError: The pipeline is empty.
            UnknownSelection: ``only``, ``until`` or ``from_`` matches no task.
            SelectionUnmet: A selected task needs an output that is neither stored nor made by a selected task.
            ImpossibleResources: A task asks for more than there is; nothing was started.
            FileParamError: A ``File`` or ``Folder`` among the params cannot be read; nothing was started.
            SecretNotSetError: A task that must run has a secret without a value; nothing was started.
            StoreNotWritable: Tasks must run and the store can't take their outputs; nothing was started.
            RunFailed: Only with ``raise_on_failure``.
            KeyboardInterrupt: A SIGINT came; children were ended (asked first, made to after two seconds or when a
                second signal came) and the run was recorded as interrupted. SIGTERM and SIGHUP are treated alike and
                raised again at the end.
        """
        if pipeline is not None:
            self.set_pipeline(pipeline)
        self.queue_tasks(force_reload, only=only, until=until, from_=from_)
        if show_execution_plan:
            self.execution_plan_summary()
        session = self._run_session()
        check_resources(session.dag, self.plan, self._settings.resources)
        check_limits(session.dag, self.plan)
        check_secrets(session.dag, self.plan)
        check_store(self._store, self._location(), self.plan)
        self.save_pipeline_params()
        with Signals() as signals:
            self._carry_out(session, signals)
        signals.raise_again()
        failed, cant_run = ([task for task in self._queue if task.status is end] for end in _BAD_ENDS)
        if raise_on_failure and failed:
            raise run_failed(failed, cant_run, self.run_folder)

    def _carry_out(self, session: RunSession, signals: Signals) -> None:
        """Take a planned run to its end and complete the record, whatever happens."""
        drawing = layout(session.dag)
        began = time.monotonic()
        interrupted = True
        try:
            names = tuple(self.plan)
            to_execute = tuple(name for name, decision in self.plan.items() if decision.action == "run")
            session.record.run_started(self._pipeline().name, names, to_execute, drawing)
            self._drive(session, signals)
            interrupted = bool(signals.received)
        except KeyboardInterrupt:
            if not signals.received:
                raise
        finally:
            session.abort()
            statuses = {task.name: task.status.name for task in self._queue}
            picture = draw_svg(drawing, statuses)
            session.record.run_finished(statuses, time.monotonic() - began, interrupted, picture)
            self._pipeline().set_results(self.results())
            if self._report:
                write_report(self.results())

    def _drive(self, session: RunSession, signals: Signals) -> None:
        """Start what is ready and has room, wait for what happens, until every task has ended."""
        record = session.record
        session.heed(signals)
        while not session.finished:
            pause = _TICK_SECONDS if record.ticking else None
            try:
                while session.has_room and (task := self.dequeue()) is not None:
                    self.start_task(task)
            except BlockingIOError as error:
                record.say(f"no room for another process, trying again: {error}", level="WARNING")
                pause = _NO_ROOM_SECONDS
                if not session.running:
                    session.pause(pause)
            self.finish_tasks(pause)
            record.tick(time.monotonic())
            session.heed(signals)
