"""The runner: plans a pipeline, executes it task by task, and leaves a record."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyperunner_dag import OutputStore, Pipeline, Task, draw_svg, layout
from pyperunner_results import (
    PipelineResult,
    RunFolder,
    get_environment_info,
    run_name,
    run_section,
    write_report,
)
from pyperunner_runner._checks import check_secrets, check_store
from pyperunner_runner._errors import RunFailed
from pyperunner_runner._executors import ExecutorFactory, find_executor
from pyperunner_runner._planner import Planner, dag_of
from pyperunner_runner._record import Record
from pyperunner_runner._session import RunSession

if TYPE_CHECKING:
    from pyperunner_runner.events import Hook
    from pyperunner_runner.ports import Handle

__all__ = ["Runner"]

_TICK_SECONDS = 0.1
_NO_ROOM_SECONDS = 0.05  # pause when the system has no room for another process and none of ours is about to end


class Runner(Planner):
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
        executor: Name of an executor (entry points ``pyperunner.executors``) or a callable that makes one.
        hooks: Called with every event of a run, see ``pyperunner_runner.events``.
        report: Write ``report.html`` into the run folder at the end of every run.
        mainfile: The user's main file, for the record; by default the program that was started.

    Raises:
        ValueError: ``process_limit`` is less than 1, or the executor or store scheme is unknown.
    """

    def __init__(
        self,
        data_path: str | os.PathLike[str] | OutputStore,
        log_path: str | os.PathLike[str],
        process_limit: int | None = None,
        *,
        executor: str | ExecutorFactory = "process",
        hooks: Iterable[Hook] = (),
        report: bool = False,
        mainfile: str | os.PathLike[str] | None = None,
    ) -> None:
        if process_limit is not None and process_limit < 1:
            raise ValueError(f"process_limit must be at least 1, not {process_limit}")
        super().__init__(data_path)
        self.log_path = os.fspath(log_path)
        self.process_limit = process_limit or os.cpu_count() or 1
        self._new_executor = find_executor(executor)
        self._hooks = tuple(hooks)
        self._report = report
        self._mainfile = mainfile
        self._session: RunSession | None = None
        self._conf: dict[str, Any] = {}

    def set_pipeline(self, pipeline: Pipeline) -> None:
        """Set the pipeline to run and forget the plan of the one before."""
        self._drop_session()
        super().set_pipeline(pipeline)

    def queue_tasks(self, force_reload: bool = False) -> None:
        """Plan a run: fill ``tasks_queue`` and ``tasks_execute`` and make every task ready for it.

        Args:
            force_reload: Run every task.
        """
        dag = dag_of(self._pipeline())
        self._drop_session()
        self._analyze(dag, force_reload)
        self._queue = list(dag)
        self._execute = [task for task in dag if self.plan[task.name].action != "skip"]
        place = str((self._store.spec() or {}).get("url", ""))
        for task in dag:
            task.bind(self._store, place)
            task.status = Task.Status.NOT_STARTED
            task.result = None
        self._session = RunSession(
            dag, self._store, self.plan, self._new_executor, self._new_record, self.process_limit
        )

    # -- one step at a time --------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether every task of the plan has ended."""
        return self._session is not None and self._session.finished

    def dequeue(self) -> Task | None:
        """Return a task whose upstream tasks have all ended well, each once; ``None`` if there is none just now.

        Tasks downstream of a failed one become ``CANT_RUN``. Pass the task to ``start_task``, which does what the
        plan says.
        """
        return self._run_session().next_task()

    def start_task(self, task: Task) -> Handle:
        """Start a task, in a process of its own where the executor has any.

        A task that the plan skips or takes from the store ends at once, without a process.

        Returns:
            A handle with ``pid``, ``exitcode``, ``is_alive()`` and ``join()``.

        Raises:
            BlockingIOError: The system has no room for another process; ``dequeue`` will return the task again.
        """
        return self._run_session().start(task)

    def skip_task(self, task: Task) -> None:
        """Pass a task over; its status becomes ``SKIPPED``."""
        self._run_session().skip(task)

    def finish_tasks(self, timeout: float | None = 0) -> None:
        """Take in what the running tasks have reported, and give the finished ones their results.

        Args:
            timeout: Seconds to wait for a first report; ``None`` waits until there is one, ``0`` looks only.
        """
        session = self._run_session()
        session.collect(timeout)
        if session.finished:
            session.close()

    def process_task_result(self, task: Task, result: Task.TaskResult) -> None:
        """Give a task a result made by hand. A successful one's output is held and stored before another task needs
        it.
        """
        if result.status is Task.Status.SUCCESS:
            task.set_output(result.output)
        self._run_session().conclude(task, result, "result given by hand")

    def log_exception(self, result: Task.TaskResult) -> None:
        """Write the traceback of a failed task to the run's ``exception.log``."""
        name = next((task.name for task in self._queue if task.result is result), "-")
        self._run_session().record.folder.log_exception(name, result.traceback or str(result.exception))

    def get_predecessor_outputs(self, task: Task) -> list[Any]:
        """Return the outputs of the tasks that ``task`` was connected to, in that order."""
        return [parent.output for parent in task.parents]

    # -- the record ----------------------------------------------------------------------------------------------

    @property
    def run_folder(self) -> str:
        """Path of the folder of the current run; it is made when it is first asked for."""
        return self._run_session().record.folder.path

    def generate_run_name(self) -> str:
        """Return the name for a run that starts now: ``<pipeline>_<yymmddTHHMMSS>``."""
        return run_name(self._pipeline().name)

    def pipeline_params_filename(self) -> str:
        """Return the path of the current run's ``pipeline.yaml``."""
        return self._run_session().record.folder.pipeline_file

    def save_pipeline_params(self) -> None:
        """Write ``pipeline.yaml``: the pipeline, and under ``run`` the paths, the host and the environment."""
        from pyperunner_runner import __version__

        section = run_section(self._location(), self.log_path, get_environment_info(self._mainfile), __version__)
        self._conf = {**self._pipeline().to_dict(), "run": section}
        self._run_session().record.folder.write_pipeline(self._conf)

    def results(self) -> PipelineResult:
        """Return the reader of the current run's outputs."""
        if not self._conf:
            self.save_pipeline_params()
        return PipelineResult(self._conf, self._store, run_folder=self.run_folder)

    # -- everything at once --------------------------------------------------------------------------------------

    def run(
        self,
        pipeline: Pipeline | None = None,
        force_reload: bool = False,
        show_execution_plan: bool = False,
        *,
        raise_on_failure: bool = False,
    ) -> None:
        """Run a pipeline: plan, execute what is not up to date, record.

        A failed task leaves the others running; its descendants become ``CANT_RUN``. What happened stands in every
        task's ``status`` and ``result``, in ``results()`` and in the run folder.

        Args:
            pipeline: The pipeline; by default the one given to ``set_pipeline``.
            force_reload: Run every task, whatever is stored.
            show_execution_plan: Print the graph first, with the tasks that will run marked ``*``.
            raise_on_failure: Raise ``RunFailed`` at the end if a task failed.

        Raises:
            ValueError: There is no pipeline, or it has a cycle or duplicate names.
            PipelineError: The pipeline is empty.
            SecretNotSetError: A task that must run has a secret without a value; nothing was started.
            StoreNotWritable: Tasks must run and the store can't take their outputs; nothing was started.
            RunFailed: Only with ``raise_on_failure``.
            KeyboardInterrupt: After the children were ended and the run was recorded as interrupted.
        """
        if pipeline is not None:
            self.set_pipeline(pipeline)
        self.queue_tasks(force_reload)
        if show_execution_plan:
            self.execution_plan_summary()
        session = self._run_session()
        check_secrets(session.dag, self.plan)
        check_store(self._store, self._location(), self.plan)
        self.save_pipeline_params()
        drawing = layout(session.dag)
        began = time.monotonic()
        interrupted = True
        try:
            names = tuple(self.plan)
            to_execute = tuple(name for name, decision in self.plan.items() if decision.action == "run")
            session.record.run_started(self._pipeline().name, names, to_execute, drawing)
            self._drive(session)
            interrupted = False
        finally:
            if interrupted:
                session.interrupt()
            statuses = {task.name: task.status.name for task in self._queue}
            picture = draw_svg(drawing, statuses)
            session.record.run_finished(statuses, time.monotonic() - began, interrupted, picture)
            self._pipeline().set_results(self.results())
            if self._report:
                write_report(self.run_folder)
        if raise_on_failure and "FAILURE" in statuses.values():
            failed, cant_run = ([n for n, s in statuses.items() if s == end] for end in ("FAILURE", "CANT_RUN"))
            raise RunFailed(failed, cant_run, self.run_folder)

    def _drive(self, session: RunSession) -> None:
        """Start what is ready and has room, wait for what happens, until every task has ended."""
        record = session.record
        while not session.finished:
            pause = _TICK_SECONDS if record.ticking else None
            try:
                while session.has_room and (task := self.dequeue()) is not None:
                    self.start_task(task)
            except BlockingIOError as error:
                record.say(f"no room for another process, trying again: {error}", level="WARNING")
                pause = _NO_ROOM_SECONDS
                if not session.running:
                    time.sleep(pause)
            self.finish_tasks(pause)
            record.tick(time.monotonic())

    # -- inside ----------------------------------------------------------------------------------------------------

    def _run_session(self) -> RunSession:
        if self._session is None:
            self.queue_tasks()
        if self._session is None:
            raise RuntimeError("queue_tasks made no session")
        return self._session

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.close()
        self._session = None
        self._conf = {}

    def _new_record(self) -> Record:
        return Record(RunFolder.create(self.log_path, self._pipeline().name), self._hooks)
