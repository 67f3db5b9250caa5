"""One instance of every public class of ours that has any, by the name it is imported by.

Stores hold such values and keys are made of them, so their modules, names and states are promises. The module runs
with 0.2.0, too: `store-0.2.0/make.py` stores these values with it, `golden_keys.py` makes keys of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyperunner_cache
import pyperunner_cache.backends.memory
import pyperunner_cache.backends.sqlite
import pyperunner_cache.ports
import pyperunner_dag as dag
import pyperunner_keys as keys
import pyperunner_results as results
import pyperunner_runner as runner
import pyperunner_runner.events as events
import pyperunner_runner.ports as ports
import pyperunner_runner.scheduler

__all__ = ["ABSTRACT", "MACHINERY", "OURS", "errors", "specimens"]

OURS = (
    "pyperunner",
    "pyperunner_cache",
    "pyperunner_cache_fsspec",
    "pyperunner_cli",
    "pyperunner_dag",
    "pyperunner_keys",
    "pyperunner_results",
    "pyperunner_runner",
)
"""The packages of 0.2.0."""

ABSTRACT = frozenset(
    {
        "pyperunner_cache.EntryInfo",
        "pyperunner_cache.Receipt",
        "pyperunner_dag.OutputStore",
        "pyperunner_results.OutputReader",
        "pyperunner_runner.Executor",
    }
)
"""Classes without instances of their own: protocols, and dicts with typed keys."""

MACHINERY = frozenset(
    {
        "pyperunner_cache_fsspec.FsspecBackend",
        "pyperunner_dag.DAG",
        "pyperunner_dag.Element",
        "pyperunner_dag.Listing",
        "pyperunner_dag.Node",
        "pyperunner_dag.Part",
        "pyperunner_dag.RoutedStore",
        "pyperunner_dag.Successes",
        "pyperunner_keys.Fingerprinter",
        "pyperunner_keys.LiveFingerprint",
        "pyperunner_keys.ModuleText",
        "pyperunner_keys.Snapshot",
        "pyperunner_results.PipelineResult",
        "pyperunner_results.RunFolder",
        "pyperunner_results.TaskLog",
        "pyperunner_results.TaskResult",
        "pyperunner_runner.Explanation",
        "pyperunner_runner.Runner",
    }
)
"""Classes whose instances do something rather than say something: what they hold is private, and no key is promised."""

_ERRORS: dict[str, tuple[Any, ...]] = {
    "pyperunner_cache.BadKeyError": ("no key",),
    "pyperunner_cache.BadSizeError": ("many", "'8GB'"),
    "pyperunner_cache.BadURLError": ("", "it is empty"),
    "pyperunner_cache.CacheError": ("cause", 1),
    "pyperunner_cache.CacheWarning": ("not kept",),
    "pyperunner_cache.DamagedEntryError": ("its seal is broken",),
    "pyperunner_cache.DamagedEntryWarning": ("set aside",),
    "pyperunner_cache.DeadlockError": ("the lock of A()/00", 7, 9),
    "pyperunner_cache.EntryTooLargeError": ("it takes 9 bytes",),
    "pyperunner_cache.ForeignEntryError": ("it is of version 2",),
    "pyperunner_cache.ForeignStoreError": ("save", "A()/00", "/store.db", "it is of a newer release"),
    "pyperunner_cache.LockTimeoutError": ("the lock of A()/00", "/store/.lock", 0.5),
    "pyperunner_cache.MissingEntryError": ("A()/00", "/store", "it is too old"),
    "pyperunner_cache.ReadOnlyStoreError": ("save", "A()/00", "/store", "read-only file system"),
    "pyperunner_cache.StoreError": ("save", "A()/00", "/store", "input/output error", 4096),
    "pyperunner_cache.StoreFullError": ("save", None, "/store", "no space left on device", 0),
    "pyperunner_cache.UnhashableArgumentError": ("query", "it is a plan, not data"),
    "pyperunner_cache.UnknownBackendError": ("s4", ("file", "sqlite"), "install it"),
    "pyperunner_cache.UnknownCodecError": ("zip", ["raw", "gzip"]),
    "pyperunner_cache.UnknownFormatError": ("feather", ["parquet"]),
    "pyperunner_cache.UnreadableEntryWarning": ("it is whole",),
    "pyperunner_cache.UnsafeStoreWarning": ("others may write to /store",),
    "pyperunner_cache.UnstorableError": ("result['lock']", "lock", "it cannot be pickled", "A()/00"),
    "pyperunner_dag.ChangedDuringRunError": ("A", "tag", ["flow.py", "File x.csv"]),
    "pyperunner_dag.CodeGapError": ("A", "tag", {"flow.work": "a module by a made name"}),
    "pyperunner_dag.ConditionError": ("A()", "Check()", "DataFrame"),
    "pyperunner_dag.CycleError": (["A()", "B()", "A()"],),
    "pyperunner_dag.DuplicateNameError": ("A()",),
    "pyperunner_dag.FileParamError": ("A", "tag", "table", "File", "x.csv", "no such file"),
    "pyperunner_dag.HashMismatchError": ({"A()": ["params: n"], "B(x)": ("code", "inputs")},),
    "pyperunner_dag.MapError": ("A(*)", "there is nothing to map over"),
    "pyperunner_dag.MissingExtraError": ("drawing", "Pillow", "pip install 'pyperunner-dag[png]'"),
    "pyperunner_dag.ModuleRefusedError": ("A()", "os", ("flow", "flows.*")),
    "pyperunner_dag.NoOutputError": ("A()", "it failed"),
    "pyperunner_dag.NotYetKnownError": ("A(*)", "key", "Files()"),
    "pyperunner_dag.NotATaskError": ("parent of Child()", "int"),
    "pyperunner_dag.OpaqueValueError": ("A()", "params.n", "lock"),
    "pyperunner_dag.OptionError": ("A()", "retrys", "there is no such option"),
    "pyperunner_dag.OutputsDifferError": ("A()", ("train", "test"), "a tuple of 1"),
    "pyperunner_dag.PartMissingError": ("B()", "A()['x']", "x", "dict", ("xs", "y")),
    "pyperunner_dag.PipelineError": ("empty",),
    "pyperunner_dag.PipelineFileError": ("flow.yaml", 3),
    "pyperunner_dag.PrefixTakenError": ("eu.A()", "eu"),
    "pyperunner_dag.SecretNotSetError": ("A", "tag", "password", "PASSWORD"),
    "pyperunner_dag.StoreError": ("no store",),
    "pyperunner_dag.StoreNotInstalledError": ("install pyperunner-cache",),
    "pyperunner_dag.StorePluginError": ("s3", "module:name", "package", "no such module"),
    "pyperunner_dag.TaskDefinitionError": ("A", "it has no run"),
    "pyperunner_dag.TaskError": ("wrong", 2),
    "pyperunner_dag.TaskLookupError": ("A()", "flow", "A", "no module"),
    "pyperunner_dag.TaskNameError": ("A", 3, "the tag is no text"),
    "pyperunner_dag.TaskParamError": ("A", "tag", "missing a required argument: 'n'"),
    "pyperunner_dag.TaskStoreError": ("A()", "it has no store"),
    "pyperunner_dag.UndeclaredInputError": ("A", "tag", ["x.csv"]),
    "pyperunner_dag.UnhashableParamError": ("A", "tag", "n['x']", "lock", "it cannot be pickled"),
    "pyperunner_dag.UnknownOutputError": ("A()", "tran", ("train", "test")),
    "pyperunner_dag.UnknownStoreError": ("s4", ["sqlite", "file"]),
    "pyperunner_keys.FileError": ("['x']", "File", "no such file", "x.csv"),
    "pyperunner_keys.FingerprintGapError": ("flow.work", {"flow.work": "a made name"}),
    "pyperunner_keys.KeysError": ("wrong",),
    "pyperunner_keys.UnencodableError": ("['x']", "lock", "it cannot be pickled"),
    "pyperunner_results.NotARun": ("/runs/x", "it has no pipeline.yaml"),
    "pyperunner_results.OutputMissing": ("A()", "A()/00", "/store"),
    "pyperunner_results.TaskUnsuccessful": (
        "A()",
        "A()/00",
        "/store",
        "run it again",
        "the task failed (ValueError: no)",
    ),
    "pyperunner_results.RecordError": ("tasks", "list"),
    "pyperunner_results.ResultsError": ("wrong",),
    "pyperunner_results.StoreUnavailable": ("s4://x", "no such store"),
    "pyperunner_results.UnknownTask": ("B()", "flow", ("A()",)),
    "pyperunner_results.YamlError": ("pipeline.yaml", "a tag", 7),
    "pyperunner_runner.CheckFailed": ("A()", "is_sorted", "it returned False", "/runs/a/failed_checks", "A()/00"),
    "pyperunner_runner.CodecRefused": ("A()", "zip", "its store knows no codecs"),
    "pyperunner_runner.FormatRefused": ("A()", "feather", "its store knows no formats"),
    "pyperunner_runner.SharedLimitsError": ("lab", "this system has no locks for it"),
    "pyperunner_runner.ImpossibleResources": ("A()", "gpu", 2.0, 1.0),
    "pyperunner_runner.InputLost": ("B()", ["A()"], False),
    "pyperunner_runner.LimitTooLow": ("A()", 1024, 33554432),
    "pyperunner_runner.NoProcesses": ("FileNotFoundError: no such folder",),
    "pyperunner_runner.NotAcceptable": ("A()", "it never ran"),
    "pyperunner_runner.RunFailed": (["A()"], ["B()"], "/runs/x", ["ValueError: no"]),
    "pyperunner_runner.RunnerError": ("wrong",),
    "pyperunner_runner.SelectionUnmet": ("B()", ["A()"], 2),
    "pyperunner_runner.StoreNotShareable": ("memory://",),
    "pyperunner_runner.StoreNotWritable": ("/store", "read-only file system"),
    "pyperunner_runner.TaskDied": ("A()", "was ended"),
    "pyperunner_runner.TaskExited": ("A()", "called exit(3)"),
    "pyperunner_runner.TaskKilled": ("A()", "was killed by SIGKILL"),
    "pyperunner_runner.TaskNotPortable": ("A()", "n", "it cannot be pickled", "spawn"),
    "pyperunner_runner.TaskOutOfMemory": ("A()", 2048, 1024),
    "pyperunner_runner.TaskTimedOut": ("A()", 1.5),
    "pyperunner_runner.UnknownExecutor": ("threads", ["process", "pool"]),
    "pyperunner_runner.UnknownExecutorOption": ("dask", "adress", ["address", "client"]),
    "pyperunner_runner.UnknownSelection": ("only", "X*", ["A()"]),
    "pyperunner_runner.UnknownStartMethod": ("thread", ["fork", "spawn"]),
    "pyperunner_runner.UnknownTask": ("B()", ["A()"]),
    "pyperunner_runner.WorkerLost": ("A()", "lost with its worker"),
}


class Own(dag.Task):
    """A task of the user's."""

    @dag.run
    def run(self, data: list[Any], n: int = 1) -> int:
        """Return what it is given, one more for each input."""
        return n + sum(data)


def own(n: int) -> int:
    """Return one more."""
    return n + 1


def errors() -> dict[str, BaseException]:
    """Return one of every public error and warning of ours."""
    made = {}
    for name, args in _ERRORS.items():
        package, _, label = name.rpartition(".")
        made[name] = getattr(__import__(package), label)(*args)
    return made


def specimens() -> dict[str, Any]:
    """Return one instance of every public class of ours that can be made without a run, each a new one."""
    return {**errors(), **{name: make() for name, make in _MAKERS.items()}}


def _pipeline(kind: Callable[..., Any]) -> Any:
    root = Own(n=2)
    return kind("specimen", [root, Own("child")(root)] if kind is dag.Sequential else [root])


_MAKERS: dict[str, Callable[[], Any]] = {
    "pyperunner_cache.Cache": lambda: pyperunner_cache.open_store("/pyperunner-0.2.0/data", codec="raw"),
    "pyperunner_cache.Memoized": lambda: pyperunner_cache.memoize("/pyperunner-0.2.0/data")(own),
    "pyperunner_cache.backends.memory.MemoryBackend": pyperunner_cache.backends.memory.MemoryBackend,
    "pyperunner_cache.backends.sqlite.SqliteBackend": lambda: pyperunner_cache.backends.sqlite.SqliteBackend("/p/d"),
    "pyperunner_cache.ports.BlobInfo": lambda: pyperunner_cache.ports.BlobInfo("A()/00", 9, 1.5, 2.5),
    "pyperunner_dag.Difference": lambda: dag.Difference("code", "flow.work changed", "-a\n+b\n"),
    "pyperunner_dag.File": lambda: keys.File(__file__.replace(".py", ".txt")),
    "pyperunner_dag.Folder": lambda: keys.Folder("/", "no-such-folder-anywhere/*.csv"),
    "pyperunner_dag.Options": lambda: dag.Options(timeout=5, retries=2, env={"A": "1"}, resources={"gpu": 1}),
    "pyperunner_dag.Pipeline": lambda: _pipeline(dag.Pipeline),
    "pyperunner_dag.Secret": lambda: dag.Secret(env="PASSWORD", key="account"),
    "pyperunner_dag.Sequential": lambda: _pipeline(dag.Sequential),
    "pyperunner_dag.Task": Own,
    "pyperunner_dag.Task.Status": lambda: dag.Task.Status.SUCCESS,
    "pyperunner_dag.Task.TaskResult": lambda: dag.Task.TaskResult(dag.Task.Status.FAILURE, None, ValueError("no"), "x"),
    "pyperunner_keys.FileState": lambda: keys.FileState(keys.Folder("/", "no-such-folder/*"), "0" * 32, ""),
    "pyperunner_keys.Fingerprint": lambda: keys.Fingerprint("0" * 32, {"flow.work": "1" * 32}, {"x": "gap"}),
    "pyperunner_keys.Place": lambda: keys.Place("function", "flow.work", "flow.py", "return 1"),
    "pyperunner_results.CodeChange": lambda: results.CodeChange("flow.work", "changed", "-a\n+b\n"),
    "pyperunner_results.RunDiff": lambda: results.RunDiff(
        "a",
        "b",
        ("A()",),
        (),
        {"B()": results.TaskDiff("B()", {"n": ("1", "2")})},
        {},
        {},
        {"python": ("3.10", "3.11")},
    ),
    "pyperunner_results.RunSummary": lambda: results.RunSummary(
        "/runs/x", "x", "success", "p", 1.5, 2.5, {"SUCCESS": 2}
    ),
    "pyperunner_results.TaskDiff": lambda: results.TaskDiff("B()", {"n": ("1", "2")}, wall=(1.0, 2.0)),
    "pyperunner_runner.Acceptance": lambda: runner.Acceptance(
        "A()", "1" * 32, "0" * 32, (dag.Difference("code", "x"),)
    ),
    "pyperunner_runner.Decision": lambda: runner.Decision("execute", "no stored output"),
    "pyperunner_runner.Finding": lambda: runner.Finding("time", "it differs", "give the time", ("1 → 2",)),
    "pyperunner_runner.TaskCheck": lambda: runner.TaskCheck("A()", "same"),
    "pyperunner_runner.TaskExplanation": lambda: runner.TaskExplanation(
        "A()", "runs", ("no stored output",), (dag.Difference("code", "x"),), "0" * 32
    ),
    "pyperunner_runner.events.RunFinished": lambda: events.RunFinished({"A()": "SUCCESS"}, 1.5, False),
    "pyperunner_runner.events.RunStarted": lambda: events.RunStarted("p", "/runs/x", ("A()", "B()"), ("A()",)),
    "pyperunner_runner.events.TaskFinished": lambda: events.TaskFinished("A()", 1, "SUCCESS", 0.5, "forced"),
    "pyperunner_runner.events.TaskOutput": lambda: events.TaskOutput("A()", "stdout", "INFO", "hello"),
    "pyperunner_runner.events.TaskRetried": lambda: events.TaskRetried("A()", 1, 0.5, "ValueError: no", 2.0),
    "pyperunner_runner.events.TaskStarted": lambda: events.TaskStarted("A()", 1, 7),
    "pyperunner_runner.events.TaskQueued": lambda: events.TaskQueued("A()", "gpu"),
    "pyperunner_runner.events.TaskWaiting": lambda: events.TaskWaiting("A()", True),
    "pyperunner_runner.ports.Ended": lambda: ports.Ended("A()", 1, ports.Outcome("stored"), ports.Exit(0)),
    "pyperunner_runner.ports.Exit": lambda: ports.Exit(-9, 0.5, 1024, 1, 2, False),
    "pyperunner_runner.ports.Failure": lambda: ports.Failure("ValueError", "no", "text", None, ("Exception",)),
    "pyperunner_runner.ports.Job": lambda: ports.Job("A()", 2, True, {"x": 1}),
    "pyperunner_runner.ports.Logged": lambda: ports.Logged("A()", 7, "stdout", "INFO", "hello", 1.5),
    "pyperunner_runner.ports.Outcome": lambda: ports.Outcome("failed", ports.Failure("ValueError", "no"), ("A()",)),
    "pyperunner_runner.ports.Started": lambda: ports.Started("A()", 7),
    "pyperunner_runner.ports.Waiting": lambda: ports.Waiting("A()", True),
    "pyperunner_runner.scheduler.State": lambda: next(iter(pyperunner_runner.scheduler.State)),
}
