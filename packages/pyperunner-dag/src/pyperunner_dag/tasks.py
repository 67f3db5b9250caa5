"""Tasks: units of work with their params, their place in the graph, their key and their output."""

from __future__ import annotations

import copy
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from pyperunner_dag import status as _status
from pyperunner_dag.dataflow.detached import detached_copy
from pyperunner_dag.dataflow.mapping import Mappable
from pyperunner_dag.errors import (
    NoOutputError,
    SecretNotSetError,
    TaskDefinitionError,
    TaskParamError,
    TaskStoreError,
    whose,
)
from pyperunner_dag.identity.hashing import entry_hash, forget, hash_of, kept_hash
from pyperunner_dag.identity.key import TaskKey, digests_of, hash_in_one_run
from pyperunner_dag.identity.upstream import with_key
from pyperunner_dag.inputs import ATOMS, as_tasks, holds_task, is_task, leaves, nesting
from pyperunner_dag.options import COUNTED, NO_OPTIONS, Options, changed
from pyperunner_dag.outputs.own_stores import with_own_stores
from pyperunner_dag.outputs.several import checked_outputs, is_whole, load_whole, save_whole
from pyperunner_dag.run_method import RunMethod, check_tag, method_of, other_reading
from pyperunner_dag.secret import Secret, revealed
from pyperunner_dag.stores.opening import open_store
from pyperunner_dag.stores.outputs import locate_output

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from pyperunner_dag.options import OptionArgs
    from pyperunner_dag.ports import OutputStore
    from pyperunner_dag.schema import Description, EntryMeta, KeyParts
    from pyperunner_keys import Fingerprint

__all__ = ["Task"]

_NOTHING = object()
_DEFAULT_FILE = "result.dump.gz"


class Task(Mappable, ABC):
    """A single unit of work in a pipeline.

    Subclass it and decorate ``run`` with ``@run``, or decorate a function with ``@task("Name")``. Tasks are connected
    by calling them: ``child(parent)``, ``child([first, second])``; ``run`` gets the outputs of the connected parents as
    the list ``data``. A task given as a param is a *named input*: its output takes its place when the task runs.

    Args:
        tag: Tells tasks of one class apart; the task's name is ``ClassName(tag)``.
        reload: Run even if there is a stored output.
        **kwargs: Params, checked against the signature of ``run``.

    Attributes:
        name: ``ClassName(tag)``, with the attribute ``tag``.
        params: Params that hold no task.
        inputs: Named inputs: param to task, or to a nesting of lists, tuples and dicts that holds tasks.
        reload: Whether the task runs even if there is a stored output.
        status: How it fared in the latest run.
        result: Outcome of the latest run, if it had one.
        data_path: Where its store is, empty where there is none.
        store: Its output store.
        options: How it is run, and what of its code counts; a class may set it, ``options = Options(timeout=60)``.
        outputs: Names of its outputs where it has several; a class may set it, ``outputs = ("train", "test")``.

    Raises:
        TaskError: Name, tag, params or the class itself are not as they must be; the error says which and why.
    """

    Status: TypeAlias = _status.Status
    TaskResult: TypeAlias = _status.TaskResult

    options: Options = NO_OPTIONS
    reload: bool = False
    status: _status.Status = _status.Status.NOT_STARTED
    result: _status.TaskResult | None = None
    inputs: Mapping[str, Any] = MappingProxyType({})  # tasks that have none share it
    data_path: str = ""
    store: OutputStore | None = None
    _own_options: frozenset[str] = frozenset()
    _scope: str = ""
    _held: Any = _NOTHING

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not isinstance(cls.options, Options):
            kind = type(cls.options).__name__
            raise TaskDefinitionError(cls.__name__, f"its options are Options(timeout=60, …), not a {kind}")
        if "outputs" in vars(cls):  # nothing is added to other classes, whose attributes count in keys
            cls.outputs = checked_outputs(cls.__name__, cls.outputs)

    def __init__(self, /, tag: str = "", reload: bool = False, **kwargs: Any) -> None:
        task_name = type(self).__name__
        if (method := self._method).problem:
            raise TaskDefinitionError(task_name, method.problem)
        check_tag(task_name, tag, method, kwargs, mapped=self.mapping is not None)
        super().__init__(f"{task_name}({tag})")
        self.tag = tag  # what most tasks get is set at once: Python then keeps it in a fraction of the memory
        self.reload = bool(reload)
        self.status = _status.Status.NOT_STARTED
        self.result = None
        self.data_path = ""
        self.store = None
        self.params: dict[str, Any] = {}
        self.identity = TaskKey()
        self._take(kwargs)

    def __getstate__(self) -> dict[str, Any]:
        """Leave the open store behind, which holds in this process only; a copy gets a key of its own."""
        state = {name: value for name, value in self.__dict__.items() if name != "store"}
        return {**state, "identity": copy.copy(self.identity)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(with_key(state))

    @property
    def task_name(self) -> str:
        """Name of the task's class."""
        return type(self).__name__

    @property
    def _method(self) -> RunMethod:
        """What is known of the function that the user wrote as ``run``."""
        return method_of(type(self))

    @property
    def receives_input(self) -> bool:
        """Whether ``run`` is given ``data``, the list of the connected parents' outputs."""
        return self._method.receives_input

    def _named_inputs(self, given: Mapping[str, Any], plain: bool = False) -> dict[str, Any]:
        """Return those of the arguments that hold tasks, once all have been found to fit ``run``."""
        try:
            self._method.check(given)
            return {} if plain else {name: nesting(value, name) for name, value in given.items() if holds_task(value)}
        except TypeError as error:
            other = other_reading(self.task_name, self.tag, self._method, given)
            raise TaskParamError(self.task_name, self.tag, f"{error}{other}") from None

    def _take(self, given: dict[str, Any]) -> None:
        """Make ``given`` the params and named inputs, once all of them have been found good."""
        plain = ATOMS.issuperset(map(type, given.values()))
        inputs = self._named_inputs(given, plain)
        params = {name: value for name, value in given.items() if name not in inputs} if inputs else given
        digests = digests_of(self, params, inputs)
        self.identity.take(digests, tuple(given.values()) if plain else None)
        self.params = params
        if inputs or self.inputs:
            self.inputs = inputs
            self._set_inputs(leaf for value in inputs.values() for _, leaf in leaves(value) if is_task(leaf))
        forget(self)

    def set_params(self, **changes: Any) -> None:
        """Change some params; all are checked again, and the hash with those of all descendants is computed anew.

        Raises:
            TaskError: They do not fit; then nothing has changed.
        """
        self._take({**self.params, **self.inputs, **changes})

    def with_options(self, **changes: Unpack[OptionArgs]) -> Self:
        """Change some options of this task; the others stay those of its class.

        Returns:
            This task.

        Raises:
            OptionError: There is no such option, or its value is none it can have; then nothing has changed.
        """
        self.options = changed(self.options, changes, whose(self.task_name, self.tag))
        self._own_options |= changes.keys()
        if not COUNTED.isdisjoint(changes):
            self.identity.forget_code()
            forget(self)
        return self

    @property
    def own_options(self) -> dict[str, Any]:
        """Options given to this task itself."""
        return {name: getattr(self.options, name) for name in sorted(self._own_options)}

    def assert_params_complete(self) -> None:
        """Check the params against the signature of ``run``, as is done when the task is made.

        Raises:
            TaskParamError: They do not fit, in Python's own words.
        """
        self._named_inputs({**self.params, **self.inputs})

    def connect(self, parents: Task | Iterable[Task]) -> Self:
        """Append one task or several to the connected parents; a parent given twice counts twice.

        Returns:
            This task, so that ``child(a)(b)`` connects both.

        Raises:
            NotATaskError: A class or a stranger stands where a task must.
        """
        super().connect(as_tasks(Task, parents, f"a parent of {self.name}", parts=True))
        forget(self)
        return self

    def hash(self) -> str:
        """Return the task's hash, 32 hex digits over class name, tag, params, inputs, code, ``env`` and all ancestors.

        It is that of code and values as they are now, and takes a look at the task and all its ancestors.

        Raises:
            CycleError: The task is its own ancestor.
        """
        return hash_of(self)

    @property
    def key(self) -> str:
        """Key of the output in a store: ``'<name>/<hash>'``; with ``cache=False`` the hash is the run's own.

        It has the hash that the latest plan, or call of ``hash()``, has found.

        Raises:
            NotYetKnownError: It depends on what is mapped over, which is not known yet.
        """
        own = entry_hash(self)
        return f"{self.own_name}/{own if self.options.cache or not self._scope else hash_in_one_run(own, self._scope)}"

    def scope_to(self, run_id: str) -> None:
        """Give the output of a task with ``cache=False`` a key that no other run has; to others it does nothing.

        Args:
            run_id: What tells the run apart from all others; empty for none, as the task is made.
        """
        self._scope = run_id

    def key_parts(self) -> KeyParts:
        """Return what the hash in ``key`` is made of, in builtins: task, tag, params, inputs, code and parents.

        ``values`` shows the params in short, for people.
        """
        kept_hash(self)
        return self.identity.parts(self)

    def entry_meta(self) -> EntryMeta:
        """Return what a store keeps beside the output: ``parts`` of the key and the packed texts of the code."""
        return {"parts": self.key_parts(), "sources": self.fingerprint().packed}

    def __pyperunner_key__(self) -> Any:
        """Refuse to count as a part of some other object: only there would a task be asked for its encoding."""
        from pyperunner_keys import UnencodableError

        reason = "a task as a named input may stand in a list, a tuple or the values of a dict, not in other objects"
        raise UnencodableError("", self.task_name, reason)

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of the task's code that the hash in ``key`` was made with: digest, parts and gaps."""
        return self.identity.fingerprint(self)

    def description(self) -> Description:
        """Return ``name`` (of the class), ``module``, ``tag``, ``hash`` and ``params``."""
        from pyperunner_keys import importable_name

        return {
            "name": self.task_name,
            "module": importable_name(type(self).__module__),
            "tag": self.tag,
            "hash": self.hash(),
            "params": dict(self.params),
        }

    @abstractmethod
    def run(self, **kwargs: Any) -> Any:
        """Do the work; to be written by the subclass and decorated with ``@run``."""

    def detached(self) -> Self:
        """Return a copy for another process: its key stands fast, and of its upstream it has names and keys alone.

        It can be executed and asked for ``key_parts()``; it holds neither graph, store, output nor result.
        """
        return detached_copy(self)

    def execute(self, data: list[Any], inputs: Mapping[str, Any]) -> Any:
        """Call ``run`` with the task's params.

        Args:
            data: Outputs of the connected parents, in order; passed on if ``run`` takes ``data``.
            inputs: Named inputs with outputs in the place of tasks (see ``resolve_inputs``).
        """
        return self._method.call(self, data, {**revealed(self.params), **inputs})

    def assert_secrets_set(self) -> None:
        """Check that every ``Secret`` among the params has a value; a runner does before anything starts.

        Raises:
            SecretNotSetError: One reads an environment variable that is not set.
        """
        for name, value in self.params.items():
            if isinstance(value, Secret) and not value.is_set:
                raise SecretNotSetError(self.task_name, self.tag, name, str(value.env))

    def set_reload(self, reload: bool) -> None:
        """Say whether the task runs even if there is a stored output."""
        self.reload = bool(reload)

    def should_run(self) -> bool:
        """Return whether the task by itself needs to run: ``reload`` is set, or there is no stored output."""
        return self.reload or not self.output_exists()

    @property
    def output(self) -> Any:
        """The output given by hand, else the stored one (loaded now, not kept), else ``None``.

        Raises:
            NoOutputError: The task failed in its latest run, or could not run.
        """
        if self._held is not _NOTHING:
            return self._held
        if why := self.status.why_no_output:
            raise NoOutputError(self.name, why) from (None if self.result is None else self.result.exception)
        if self.store is None:
            return None
        try:
            return load_whole(self.store, self)
        except KeyError:
            return None

    @property
    def held(self) -> bool:
        """Whether an output was given by hand and is kept in memory."""
        return self._held is not _NOTHING

    def set_output(self, output: Any) -> None:
        """Give the task an output by hand; it wins over the stored one."""
        self._held = output

    def release(self) -> None:
        """Forget an output given by hand."""
        self.__dict__.pop("_held", None)  # so that a copy in another process sees the mark of this class again

    def set_data_path(self, path: str | os.PathLike[str] | OutputStore) -> None:
        """Open the store at ``path`` (a folder, a store URL, or a store), or the one in its options, for its output.

        Raises:
            StoreError: There is no such kind of store, or it does not load.
        """
        place = self.options.store or (os.fspath(path) if isinstance(path, os.PathLike) else path)
        self.bind(with_own_stores(open_store(path), [self], {}), place if isinstance(place, str) else None)

    def bind(self, store: OutputStore | None, data_path: str | None = None) -> None:
        """Use ``store``, which is open already, for this task's output.

        Args:
            store: The store, ``None`` for none.
            data_path: Where it is, in words; by default the URL it gives of itself.
        """
        self.store = store
        url = (store.spec() or {}).get("url", "") if data_path is None and store is not None else data_path
        self.data_path = str(url or "")

    def _bound(self) -> OutputStore:
        """Return the store, or say how to get one."""
        if self.store is None:
            raise TaskStoreError(self.name, "there is no place for its output yet; call set_data_path(path) first")
        return self.store

    def output_exists(self) -> bool:
        """Return whether the output is stored, with the files it holds unchanged. Writes nothing."""
        self.hash()
        return self.store is not None and is_whole(self.store, self)

    def load_output(self) -> Any:
        """Return the stored output.

        Raises:
            KeyError: There is none, or a file that it holds was changed or removed.
            TaskStoreError: The task has no store.
        """
        return load_whole(self._bound(), self)

    def store_output(self, output: Any) -> None:
        """Store ``output`` as the output of this task.

        Raises:
            TaskStoreError: The task has no store.
        """
        self.hash()
        save_whole(self._bound(), self, output, self.entry_meta())

    def output_filename(self, filename: str = _DEFAULT_FILE) -> str:
        """Return the path of the file that holds the output, or of another file beside it. Creates nothing.

        Raises:
            TaskStoreError: The task has no store, or one that keeps no files.
        """
        other = None if filename == _DEFAULT_FILE else filename
        return locate_output(self._bound(), self.name, self.data_path, self.key, other)
