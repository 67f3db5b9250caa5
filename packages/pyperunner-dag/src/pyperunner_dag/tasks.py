"""A task: one unit of work, its params, its place in the graph, its output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import SecretNotSetError, TaskDefinitionError, TaskParamError
from pyperunner_dag.errors_task import whose
from pyperunner_dag.identity import hashing
from pyperunner_dag.identity.code import code_of
from pyperunner_dag.inputs import ATOMS, as_tasks, holds_task, leaves, nesting, resolve_inputs
from pyperunner_dag.names import check_text
from pyperunner_dag.options import COUNTED, NO_OPTIONS, Options, changed
from pyperunner_dag.output import NodeWithOutput
from pyperunner_dag.run_method import RunMethod, run_method
from pyperunner_dag.secret import Secret, revealed

if TYPE_CHECKING:
    from typing_extensions import Self, Unpack

    from pyperunner_dag.options import OptionArgs
    from pyperunner_keys import FileState, Fingerprint

__all__ = ["Task"]


class Task(NodeWithOutput, ABC):
    """A single unit of work in a pipeline.

    Subclass it and decorate ``run`` with ``@run``, or decorate a function with ``@task("Name")``. Tasks are connected
    by calling them: ``child(parent)``, ``child([first, second])``; ``run`` gets the outputs of the connected parents as
    the list ``data``. A task given as a param is a *named input*: its output takes its place when the task runs.

    Args:
        tag: Tells tasks of one class apart; the task's name is ``ClassName(tag)``.
        reload: Run even if there is a stored output.
        **kwargs: Params, checked against the signature of ``run``.

    Attributes:
        name: ``ClassName(tag)``.
        tag: The tag.
        params: Params that hold no task.
        inputs: Named inputs: param to task, or to a nesting of lists, tuples and dicts that holds tasks.
        reload: Whether the task runs even if there is a stored output.
        status: How it fared in the latest run.
        result: Outcome of the latest run, if it had one.
        data_path: Where its store is, empty where there is none.
        store: Its output store.
        options: How it is run, and what of its code counts; a class may set it, ``options = Options(timeout=60)``.

    Raises:
        TaskError: Name, tag, params or the class itself are not as they must be; the error says which and why.
    """

    options: Options = NO_OPTIONS
    _own_options: frozenset[str] = frozenset()
    _defaults: Options | None = None
    _scope: str = ""
    _hash: str | None = None
    _code: Fingerprint | None = None
    _late: tuple[str, ...] | None = None
    _read: tuple[Any, ...] | None = None
    _file_states: dict[str, list[FileState]] = {}  # noqa: RUF012 - tasks that have none share it, and none is changed in place
    _input_parts: dict[str, Any] = {}  # noqa: RUF012

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if not isinstance(cls.options, Options):
            kind = type(cls.options).__name__
            raise TaskDefinitionError(cls.__name__, f"its options are Options(timeout=60, …), not a {kind}")

    def __init__(self, /, tag: str = "", reload: bool = False, **kwargs: Any) -> None:
        task_name = type(self).__name__
        if self._method.problem:
            raise TaskDefinitionError(task_name, self._method.problem)
        check_text(task_name, tag)
        super().__init__(f"{task_name}({tag})")
        self.tag = tag
        self.reload = bool(reload)
        self.params: dict[str, Any] = {}
        self.inputs: dict[str, Any] = {}
        self._hash = self._code = self._late = None
        self._take(kwargs)

    @property
    def task_name(self) -> str:
        """Name of the task's class."""
        return type(self).__name__

    @property
    def _method(self) -> RunMethod:
        """What is known of the function that the user wrote as ``run``."""
        method = run_method(type(self))
        if method is None:
            raise TaskDefinitionError(self.task_name, "its method run must be decorated with @run")
        return method

    @property
    def receives_input(self) -> bool:
        """Whether ``run`` is given ``data``, the list of the connected parents' outputs."""
        return self._method.receives_input

    # --- params and edges

    def _check(self, given: Mapping[str, Any]) -> None:
        try:
            self._method.check(given)
        except TypeError as error:
            raise TaskParamError(self.task_name, self.tag, str(error)) from None

    def _take(self, given: dict[str, Any]) -> None:
        """Make ``given`` the params and named inputs, once all of them have been found good."""
        self._check(given)
        plain = ATOMS.issuperset(map(type, given.values()))
        inputs = {} if plain else self._named_inputs(given)
        params = {name: value for name, value in given.items() if name not in inputs} if inputs else given
        self._digests = hashing.check_params(self, params, inputs)
        self._read = tuple(given.values()) if plain else None
        if not plain or self._file_states or self._input_parts:
            self._file_states, self._input_parts = {}, {}
        self.params, self.inputs = params, inputs
        if inputs or self._inputs:
            self._set_inputs(leaf for value in inputs.values() for _, leaf in leaves(value) if isinstance(leaf, Task))
        hashing.forget(self)

    def _named_inputs(self, given: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return {name: nesting(value, name) for name, value in given.items() if holds_task(value)}
        except TypeError as error:
            raise TaskParamError(self.task_name, self.tag, str(error)) from None

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
            self._code = None
            hashing.forget(self)
        return self

    def assert_params_complete(self) -> None:
        """Check the params against the signature of ``run``, as is done when the task is made.

        Raises:
            TaskParamError: They do not fit, in Python's own words.
        """
        self._check({**self.params, **self.inputs})

    def connect(self, parents: Task | Iterable[Task]) -> Self:
        """Append one task or several to the connected parents; a parent given twice counts twice.

        Returns:
            This task, so that ``child(a)(b)`` connects both.

        Raises:
            NotATaskError: A class or a stranger stands where a task must.
        """
        found = parents if isinstance(parents, NodeWithOutput) else as_tasks(parents, f"a parent of {self.name}")
        super().connect(found)
        hashing.forget(self)
        return self

    # --- identity

    def hash(self) -> str:
        """Return the task's hash, 32 hex digits over class name, tag, params, inputs, code, ``env`` and all ancestors.

        It is kept until a parent is connected, a param or an option that counts is set, or a plan reads all afresh.

        Raises:
            CycleError: The task is its own ancestor.
        """
        return hashing.hash_of(self)

    @property
    def key(self) -> str:
        """Key of the output in a store: ``'<name>/<hash>'``; with ``cache=False`` the hash is the run's own."""
        return f"{self.name}/{hashing.entry_hash(self)}"

    def scope_to(self, run_id: str) -> None:
        """Give the output of a task with ``cache=False`` a key that no other run has; to others it does nothing.

        Args:
            run_id: What tells the run apart from all others; empty for none, as the task is made.
        """
        self._scope = run_id

    def key_parts(self) -> dict[str, Any]:
        """Return what ``hash()`` is made of, in builtins: task, tag, params, inputs, code and parents with digests.

        ``values`` shows the params in short, for people.
        """
        return hashing.key_parts(self)

    def entry_meta(self) -> dict[str, Any]:
        """Return what a store keeps beside the output: ``parts`` of the key and the packed texts of the code."""
        return {"parts": self.key_parts(), "sources": self.fingerprint().packed}

    def __pyperunner_key__(self) -> Any:
        """Refuse to count as a part of some other object: only there would a task be asked for its encoding."""
        from pyperunner_keys import UnencodableError

        reason = "a task as a named input may stand in a list, a tuple or the values of a dict, not in other objects"
        raise UnencodableError("", self.task_name, reason)

    def fingerprint(self) -> Fingerprint:
        """Return the fingerprint of the task's code, as read at its first hash: digest, parts and gaps."""
        return code_of(self)

    def description(self) -> dict[str, Any]:
        """Return ``name`` (of the class), ``module``, ``tag``, ``hash`` and ``params``."""
        from pyperunner_keys import importable_name

        return {
            "name": self.task_name,
            "module": importable_name(type(self).__module__),
            "tag": self.tag,
            "hash": self.hash(),
            "params": dict(self.params),
        }

    # --- running

    @abstractmethod
    def run(self, **kwargs: Any) -> Any:
        """Do the work; to be written by the subclass and decorated with ``@run``."""

    def detached(self) -> Self:
        """Return a copy for another process: its key stands fast, and of its upstream it has names and keys alone.

        It can be executed and asked for ``key_parts()``; it holds neither graph, store, output nor result.
        """
        from pyperunner_dag.identity.detached import detached

        return detached(self)

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

    def _own_arguments(self, names: Collection[str]) -> dict[str, Any]:
        """Return those of the task's own arguments that are in ``names``: params, inputs as outputs, ``data``."""
        own = revealed({name: value for name, value in self.params.items() if name in names})
        named = {name: value for name, value in self.inputs.items() if name in names}
        own.update(resolve_inputs(named, lambda task: task.output))
        if "data" in names and "data" not in own:
            own["data"] = [parent.output for parent in self._parents]
        return own
