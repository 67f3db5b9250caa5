"""Pipeline result: the results of one run, as a mapping from task name to output."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_results.errors import NotARun, UnknownTask, YamlError, near
from pyperunner_results.files import open_regular
from pyperunner_results.former_names import formerly
from pyperunner_results.reading.elements import ElementOutputs, element_names, mapped_task_of
from pyperunner_results.reading.outputs import Outputs
from pyperunner_results.reading.places import recorded_base_dir, recorded_data_path, recorded_stores
from pyperunner_results.reading.tables import one_line, to_frame, to_html
from pyperunner_results.reading.task_result import TaskResult, key_of_output
from pyperunner_results.run_files import PIPELINE_FILE, SUMMARY_FILE
from pyperunner_results.shape import as_mapping

if TYPE_CHECKING:
    from pyperunner_results.ports import OutputReader
    from pyperunner_results.reading.record import RunRecord

__all__ = ["PipelineResult"]

_SHOWN_IN_THE_RUN = ("map", "rerun", "when")
"""What of a saved task says that its key, or that of what follows, is known only when it runs: see `SavedTask`."""


@formerly("_pipeline_result")
class PipelineResult(Mapping[str, Any]):
    """Accessor of the results of a run: a mapping from task name to output.

    Iterating yields task names; an output is read from its store when it is asked for. No module that a record names
    is ever imported by this class.

    Args:
        conf: Content of a run's ``pipeline.yaml``, or what returns it, which is called when it is first needed.
        data_path: Where the outputs are: a path, a store's URL or an ``OutputReader``. Without one, what the record
            says (``run.data_path``); where nothing is there, the place beside the record that it was then. Tasks that
            have a store of their own are read from that one, unless this is an ``OutputReader``.
        run_folder: The run's folder, from which status, times and logs are read.
        storage_options: With which a remote store is opened, beyond what the record says: it has no secrets.
        trust: How outputs are read from a store that only the record names: ``"pickle"`` loads everything, which runs
            code of whoever wrote it; ``"safe"`` loads plain data only. A store that you name is one that you trust.

    Raises:
        NotARun: ``conf`` is not a pipeline's record.
    """

    def __init__(
        self,
        conf: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
        data_path: str | os.PathLike[str] | OutputReader = "",
        *,
        run_folder: str | os.PathLike[str] | None = None,
        storage_options: Mapping[str, Any] | None = None,
        trust: str = "pickle",
    ) -> None:
        self.run_folder = str(Path(run_folder).absolute()) if run_folder is not None else None
        self._given = conf
        if not callable(conf):
            _ = self._tasks
        self._known: tuple[tuple[int, ...], RunRecord] | None = None
        self._trust = trust
        if isinstance(data_path, str) and not data_path:
            recorded = as_mapping(as_mapping(self.conf.get("run")).get("storage_options"))
            options = {**recorded, **(storage_options or {})}
            self._outputs = Outputs(recorded_data_path(self.conf, self.run_folder), options, trust)
        else:
            self.set_data_path(data_path, storage_options)

    @staticmethod
    def from_file(
        filename: str | os.PathLike[str],
        data_path: str | os.PathLike[str] | OutputReader = "",
        *,
        storage_options: Mapping[str, Any] | None = None,
        trust: str = "pickle",
    ) -> PipelineResult:
        """Return the results of a recorded run.

        Args:
            filename: The run's ``pipeline.yaml``, or the run folder itself.
            data_path: Where the outputs are, if not where the record says.
            storage_options: See the class.
            trust: See the class.

        Raises:
            NotARun: There is no run, or it is of a newer format.
            YamlError: The file is malformed or refused.
        """
        from pyperunner_results.reading.record import read_summary
        from pyperunner_text.yaml.reader import MAX_BYTES, UnreadableYaml, read_yaml

        path = Path(filename).absolute()
        if path.is_dir():
            path = _pipeline_file(path)
        recorded = path.with_name(SUMMARY_FILE).is_file()
        if recorded:
            read_summary(str(path.parent))
        try:
            with open_regular(path, follow=True) as file:
                if os.fstat(file.fileno()).st_size > MAX_BYTES:  # it is not read first
                    raise YamlError(str(path), f"it is larger than {MAX_BYTES:,} bytes")
                conf = read_yaml(file.read(MAX_BYTES), str(path))
        except OSError as error:
            raise NotARun(str(path), error.strerror or str(error)) from None
        except UnreadableYaml as error:
            raise YamlError(error.source, error.reason, error.line) from None
        _tasks(conf, str(path))  # an error names the file here; what the constructor is given has no name
        folder = path.parent if recorded else None
        return PipelineResult(conf, data_path, run_folder=folder, storage_options=storage_options, trust=trust)

    @cached_property
    def conf(self) -> Mapping[str, Any]:
        """Content of the run's ``pipeline.yaml``."""
        return self._given() if callable(self._given) else self._given

    @cached_property
    def _tasks(self) -> dict[str, Mapping[str, Any]]:
        return _tasks(self.conf, self.run_folder or "the given configuration")

    @property
    def name(self) -> str:
        """The pipeline's name."""
        pipeline = self.conf.get("pipeline")
        return str(pipeline.get("name")) if isinstance(pipeline, Mapping) else ""

    @property
    def label(self) -> str:
        """Name of the run folder, or of the pipeline if there is none."""
        return Path(self.run_folder).name if self.run_folder else self.name

    @property
    def data_path(self) -> str:
        """Where outputs are read from; a URL is shown without credentials."""
        return self._outputs.name

    @property
    def base_dir(self) -> str:
        """Folder that the run's modules were found in, after a move the one beside the record; empty if unknown."""
        return recorded_base_dir(self.conf, self.run_folder)

    @property
    def trust(self) -> str:
        """``"pickle"`` if all outputs are loaded, ``"safe"`` if only plain data are."""
        return self._outputs.trust

    def set_data_path(
        self, data_path: str | os.PathLike[str] | OutputReader, storage_options: Mapping[str, Any] | None = None
    ) -> None:
        """Read outputs from elsewhere, for a store that was moved.

        Args:
            data_path: A path, a store's URL or an ``OutputReader``.
            storage_options: With which a remote store is opened.
        """
        self._outputs = Outputs(data_path, storage_options)
        self.__dict__.pop("_own_stores", None)

    @cached_property
    def _own_stores(self) -> dict[str, Outputs]:
        """The outputs of tasks that have a store of their own, by name."""
        if self._outputs.is_given:
            return {}
        places = recorded_stores(self.conf, self.run_folder)
        opened = {place: Outputs(place, None, self._trust) for place in places.values()}
        return {name: opened[place] for name, place in places.items()}

    def _outputs_of(self, name: str) -> Outputs:
        return self._own_stores.get(mapped_task_of(name, self._tasks) or name, self._outputs)

    def task(self, name: str) -> TaskResult:
        """Return the reader of one task.

        Raises:
            UnknownTask: No task is called ``name``; the error gives similar names.
        """
        if name not in self._tasks and not self._is_element(name):
            raise UnknownTask(name, self.name, tuple(near(str(name), self._tasks)))
        [found] = self._read([name])
        return found

    def keys_of_outputs(self) -> list[str]:
        """Return the key in the store of each task's output, in the pipeline's order.

        Only where it may be another one than the pipeline as it is written says, the record of the run is read.
        """
        if self._follows_data:
            return [task.key for task in self.all_tasks()]
        return [key_of_output(name, task) for name, task in self._tasks.items()]

    @property
    def _follows_data(self) -> bool:
        """Whether keys may be others than the pipeline as it is written says, because something shows in the run."""
        return any(not conf.keys().isdisjoint(_SHOWN_IN_THE_RUN) for conf in self._tasks.values())

    def size_of_output(self, task: TaskResult) -> int:
        """Return the bytes that a task's output takes in the store; of one whose size is not known, very many."""
        size = task.output_size
        return self._outputs_of(task.name).size(task.key) if size is None else size

    def all_tasks(self) -> list[TaskResult]:
        """Return the readers of all tasks, in the pipeline's order; the record is read once for all of them."""
        return self._read(self._tasks)

    def _read(self, names: Iterable[str], run: RunRecord | None = None) -> list[TaskResult]:
        run = run or self.record
        records = run.tasks if run else {}
        digests = as_mapping(self.conf.get("keys"))
        follows_data, own = self._follows_data, self._own_stores
        return [
            TaskResult(
                name,
                self._tasks.get(name) or self._tasks.get(mapped_task_of(name, self._tasks) or "", {}),
                self._outputs_of(name) if own else self._outputs,
                records.get(name),
                self.run_folder,
                digests.get(name),
                follows_data=follows_data,
            )
            for name in names
        ]

    def _is_element(self, name: object) -> bool:
        if not isinstance(name, str) or mapped_task_of(name, self._tasks) is None:
            return False
        return self.record is not None and name in self.record.tasks

    @property
    def record(self) -> RunRecord | None:
        """What the run wrote about itself so far; read again when it has grown."""
        if self.run_folder is None:
            return None
        from pyperunner_results.reading.record import read_record, size_of_record

        size = size_of_record(self.run_folder)
        if self._known is None or self._known[0] != size:
            self._known = (size, read_record(self.run_folder))
        return self._known[1]

    def select(self, pattern: str) -> list[TaskResult]:
        """Return the tasks whose names match a glob such as ``Load(*)``, in the pipeline's order.

        ``*`` stands for any text, ``?`` for one character, ``[ab]`` for one of several; case counts.
        """
        from fnmatch import fnmatchcase

        return self._read([name for name in self._tasks if fnmatchcase(name, pattern)])

    @property
    def failed(self) -> list[TaskResult]:
        """The tasks that failed; those that could not run because of them are not among these."""
        return [task for task in self.all_tasks() if task.status == "FAILURE"]

    @property
    def executed(self) -> list[TaskResult]:
        """The tasks that were started in this run."""
        return [task for task in self.all_tasks() if task.executed]

    @property
    def state(self) -> str | None:
        """State of the run: ``running``, ``success``, ``failure``, ``interrupted``; ``None`` without a run folder."""
        return self.record.state if self.record else None

    def to_frame(self) -> Any:
        """Return a pandas frame with one row per task, indexed by its name.

        Raises:
            ImportError: pandas is not installed.
        """
        return to_frame(self.all_tasks())

    def __repr__(self) -> str:
        return f"<PipelineResult {one_line(self.name, self.state, self.all_tasks())}>"

    def _repr_html_(self) -> str:
        return to_html(self.name, self.state, self.all_tasks())

    def __getitem__(self, name: str) -> Any:
        if name in self._tasks and isinstance(self._tasks[name].get("map"), Mapping):
            record = self.record
            names = element_names(name, self.task(name).facts.get("elements"), record.tasks if record else ())
            return ElementOutputs(names, self.__getitem__)
        task, _, output = ("", "", "") if name in self._tasks else str(name).rpartition(".")
        if output and task in self._tasks and output in (found := self.task(task)).outputs:
            return found.output_of(output)
        return self.task(name).output

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, name: object) -> bool:
        return name in self._tasks

    # A run is equal to itself. The mapping's own comparison would load every output of both.
    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _pipeline_file(folder: Path) -> Path:
    """Return the path of a run's ``pipeline.yaml``; of a folder that has none, say where a run could be meant."""
    file = folder / PIPELINE_FILE
    if not file.is_file() and not (folder / SUMMARY_FILE).is_file():
        inside = sorted(found.parent.name for found in folder.glob(f"*/{PIPELINE_FILE}"))
        hint = f"; it holds runs, such as {str(folder / inside[-1])!r}" if inside else ""
        raise NotARun(str(folder), f"it holds no {PIPELINE_FILE}{hint}")
    return file


def _tasks(conf: Any, source: str) -> dict[str, Mapping[str, Any]]:
    tasks = conf.get("tasks") if isinstance(conf, Mapping) else None
    if not isinstance(tasks, Mapping):
        raise NotARun(source, "it has no section 'tasks'")
    for name, task in tasks.items():
        if not isinstance(name, str) or not isinstance(task, Mapping) or not isinstance(task.get("hash"), str):
            raise NotARun(source, f"the task {name!r} has no hash")
    return dict(tasks)
