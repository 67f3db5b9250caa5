"""A run step by step: what ``Runner.run`` does, each step a method that can be called by hand."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pyperunner_dag import OutputStore, Pipeline, Task
from pyperunner_results import PipelineResult, RunFolder, get_environment_info, run_name, run_section, times_of_tasks
from pyperunner_runner._advice import Advisor
from pyperunner_runner.execution.new_scheduler import new_scheduler
from pyperunner_runner.execution.record import Record
from pyperunner_runner.execution.run import RunSession
from pyperunner_runner.planning.gc_paused import collector_paused
from pyperunner_runner.planning.planner import Patterns, dag_of
from pyperunner_runner.planning.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyperunner_runner.events import Hook
    from pyperunner_runner.planning.settings import RunSettings
    from pyperunner_runner.ports import Handle

__all__ = ["Steps"]


class Steps(Advisor):
    """Plans runs and carries them out one step at a time.

    Args:
        data_path: Where outputs are kept: a folder, a store URL, or an open ``OutputStore``.
        log_path: Folder in which every run gets a folder of its own.
        settings: How to run.
        hooks: Called with every event of a run.
        mainfile: The user's main file, for the record.
    """

    def __init__(
        self,
        data_path: str | os.PathLike[str] | OutputStore,
        log_path: str | os.PathLike[str],
        settings: RunSettings,
        hooks: Iterable[Hook] = (),
        mainfile: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(data_path, settings.code)
        self.log_path = os.fspath(log_path)
        self.process_limit = settings.process_limit
        self._settings = settings
        self._hooks = tuple(hooks)
        self._mainfile = mainfile
        self._session: RunSession | None = None
        self._conf: dict[str, Any] = {}

    def set_pipeline(self, pipeline: Pipeline) -> None:
        """Set the pipeline to run and forget the plan of the one before."""
        self._drop_session()
        super().set_pipeline(pipeline)

    @collector_paused()
    def queue_tasks(
        self, force_reload: bool = False, *, only: Patterns = None, until: Patterns = None, from_: Patterns = None
    ) -> None:
        """Plan a run: fill ``tasks_queue`` and ``tasks_execute`` and make every task ready for it.

        Args:
            force_reload: Run every task that is selected.
            only: See ``analyze_pipeline``, as for the following.
            until: Select these tasks and all their ancestors.
            from_: Select these tasks and all their descendants.
        """
        dag = dag_of(self._pipeline())
        self._drop_session()
        self._analyze(dag, force_reload, Selection.of(only, until, from_))
        self._queue = list(dag)
        self._execute = [task for task in dag if self.plan[task.name].action != "skip"]
        place = str((self._store.spec() or {}).get("url", ""))
        for task in dag:
            task.bind(self._store, place)
            task.status = Task.Status.NOT_STARTED
            task.result = None
        settings = replace(self._settings, process_limit=self.process_limit)
        scheduler = new_scheduler(dag, self._outline, self.plan, settings, self._earlier_times)
        self._session = RunSession(dag, scheduler, self._store, self.plan, settings, self._new_record)

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
        self._conf = {**self._pipeline().to_dict(self._code), "run": section}
        self._run_session().record.folder.write_pipeline(self._conf)

    def results(self) -> PipelineResult:
        """Return the reader of the current run's outputs."""
        if not self._conf:
            self.save_pipeline_params()
        return PipelineResult(self._conf, self._store, run_folder=self.run_folder)

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

    def _earlier_times(self) -> dict[str, float]:
        return times_of_tasks(self.log_path, self._pipeline().name)

    def _new_record(self) -> Record:
        return Record(RunFolder.create(self.log_path, self._pipeline().name), self._hooks)
