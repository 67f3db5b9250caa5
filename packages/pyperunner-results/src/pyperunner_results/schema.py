"""Schema of what a run records: its events, its summary and the section ``run`` of its pipeline file.

The format is described in ``docs/run-folder.md``. What is written is checked against these types by the type checker: a
new fact of a task gets a line in `Figures` or `Outcome`, and the checker names the places that do not make it. What is
read may come from anywhere, so readers take each value only if it has the type that it should have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, cast

if TYPE_CHECKING:
    from typing_extensions import NotRequired

__all__ = [
    "NO_FACTS",
    "AttemptFinishedEvent",
    "CodePartEvent",
    "Dependency",
    "Environment",
    "Event",
    "Facts",
    "Figures",
    "GitState",
    "Host",
    "Json",
    "Outcome",
    "ProcessIdentity",
    "Repository",
    "RunFinishedEvent",
    "RunSection",
    "RunStartedEvent",
    "Source",
    "Start",
    "Summary",
    "TaskFinishedEvent",
    "TaskRetriedEvent",
    "TaskStartedEvent",
    "Times",
]

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
"""What stands in a line of ``events.jsonl``."""


# -- events.jsonl: facts of a task ----------------------------------------------------------------------------------


class Start(TypedDict):
    """What is known of a task when it is started."""

    pid: int | None
    reason: str
    """Why it runs."""
    log: str
    """Path of its log, relative to the run folder."""
    host: NotRequired[str]
    """The machine it is on, where that is another than the run's."""


class Outcome(TypedDict):
    """How a task, or an attempt of it, ended."""

    status: str
    """Name of the ``Task.Status``."""
    error: str | None
    """One line."""
    traceback: str | None
    uss_peak: int | None
    """Bytes: peak of the task's own memory, where it was sampled."""


class Figures(TypedDict):
    """What was measured of the process of an attempt and of the output that it stored."""

    exit: int | None
    """Exit code, negative for a signal."""
    cpu: float | None
    """Seconds."""
    max_rss: int | None
    """Bytes: peak with shared pages."""
    read: int | None
    """Bytes from storage, as the system accounts for them."""
    written: int | None
    oom: bool | None
    """Whether the system ended it for want of memory."""
    size: int | None
    """Bytes of the stored output."""
    digest: str | None
    undeclared: list[str] | None
    """Files that the task read without declaring them."""
    lost: bool | None
    """Whether it did not fail by itself, but was lost with the worker that carried it out."""


class Times(TypedDict, total=False):
    """When an attempt took place, absent where nothing was started; epoch seconds, and its length in seconds."""

    start: float
    end: float
    wall: float


class Key(TypedDict):
    """What identifies the output of a task."""

    key: str
    parts: Mapping[str, Any]
    """What its hash is made of, in the words of who made it."""


class Facts(Start, Outcome, Figures, Times, Key):
    """All facts of a task, as readers get them: what was not recorded is ``None``."""


NO_FACTS = cast("Facts", dict.fromkeys(Facts.__annotations__))


# -- events.jsonl: events -------------------------------------------------------------------------------------------


class _OfTask(TypedDict):
    task: str
    attempt: int
    """From 1; 0 if nothing was started for the task."""


class RunStartedEvent(TypedDict):
    """The plan stands, and work begins."""

    kind: Literal["run_started"]
    pipeline: str
    tasks: int
    to_execute: int
    layout: Mapping[str, Any] | None
    """The drawing of the graph, in the words of who draws it."""


class CodePartEvent(TypedDict):
    """The text of a part of the code, once per digest."""

    kind: Literal["code_part"]
    name: str
    digest: str
    source: str | None


class TaskStartedEvent(_OfTask, Start):
    """A process was started for a task."""

    kind: Literal["task_started"]


class TaskRetriedEvent(_OfTask, Outcome, Figures, Times):
    """An attempt failed, and another follows."""

    kind: Literal["task_retried"]
    wait: float
    """Seconds to the next."""


class TaskFinishedEvent(_OfTask, Outcome, Key, Times):
    """A task is over for which there was no process."""

    kind: Literal["task_finished"]
    reason: str
    """Why it ran, was skipped or could not run."""
    elements: NotRequired[int | list[str]]
    """Of a mapped task: how many elements it has, or their labels where it is mapped over keys."""


class AttemptFinishedEvent(TaskFinishedEvent, Figures):
    """A task is over, and its last attempt with it."""


class RunFinishedEvent(TypedDict):
    """The run is over."""

    kind: Literal["run_finished"]
    wall: float
    interrupted: bool
    tasks: dict[str, int]
    """Number of tasks by status."""


Event: TypeAlias = (
    RunStartedEvent
    | CodePartEvent
    | TaskStartedEvent
    | TaskRetriedEvent
    | TaskFinishedEvent
    | AttemptFinishedEvent
    | RunFinishedEvent
)


# -- summary.json ---------------------------------------------------------------------------------------------------


class ProcessIdentity(TypedDict):
    """What tells a process from every other."""

    host: str
    space: str | None
    """Kernel and namespace in which ``pid`` means this process, where ``/proc`` tells."""
    pid: int
    started: int | None
    """Ticks since boot, where ``/proc`` tells."""


class GitState(TypedDict):
    """State of the repository that holds the pipeline."""

    commit: str | None
    dirty: bool | None


class Summary(TypedDict, total=False):
    """Facts of a run that a listing shows, small enough to read ten thousand of them."""

    schema: int
    pipeline: str
    state: str
    start: float
    end: float
    process: ProcessIdentity
    tasks: dict[str, int]
    """Number of tasks by status."""
    total: int
    pyperunner: str | None
    git: GitState | None
    params: dict[str, str]
    """JSON text by ``Task(tag).param``, as far as they are kept."""
    params_digest: str


# -- pipeline.yaml: the section ``run`` -----------------------------------------------------------------------------


class Source(TypedDict):
    """A file of the user's own."""

    filename: str
    hash: str


class Dependency(TypedDict):
    """An installed distribution."""

    name: str
    version: str


class Repository(TypedDict):
    """A git repository; what git could not say is ``None``."""

    url: str | None
    commit: str | None
    dirty: bool | None


class Environment(TypedDict):
    """What a run depended on besides its params."""

    base_dir: str
    mainfile: str | None
    sources: list[Source]
    dependencies: list[Dependency]
    repositories: list[Repository]


class Host(TypedDict):
    """The machine of a run."""

    hostname: str
    os: str
    python: str


class _Stores(TypedDict, total=False):
    storage_options: dict[str, object]
    """What a remote store was opened with, without secrets."""
    stores: dict[str, str]
    """Of tasks that have a store of their own, by name, where it is."""


class RunSection(_Stores):
    """Where, with what and by which version a pipeline was run."""

    data_path: str
    log_path: str
    host: Host
    env: Environment
    pyperunner: str
