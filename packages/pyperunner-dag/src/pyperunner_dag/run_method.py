"""Run methods: the function a user wrote as a task's ``run``, its signature, and how it is called."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pyperunner_dag.dag import Node, check_name
from pyperunner_dag.errors import TaskDefinitionError, TaskNameError
from pyperunner_dag.inputs import is_task, resolve_inputs, task_of
from pyperunner_dag.outputs.producer import pick
from pyperunner_dag.secret import revealed

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Sequence

    from pyperunner_keys import Snapshot

__all__ = ["RunMethod", "as_method", "check_tag", "method_of", "other_reading", "run"]

T = TypeVar("T")


class Runnable(Protocol):
    """What a run method that is called by hand asks of its task."""

    params: dict[str, Any]
    inputs: Mapping[str, Any]

    @property
    def given(self) -> Sequence[Any]:
        """Connected parents or parts of their outputs, in order."""
        ...


class RunMethod:
    """A user's function, its signature, and how to call it for a task.

    Args:
        function: What the user wrote.
        takes_self: Whether its first parameter is the task.
        receives_input: Whether it is given ``data``; ``None``: if it has such a parameter.

    Attributes:
        signature: Signature without ``self``.
        problem: Why no task can have this function; ``None`` where it can.
        codes: What was read of the code of the classes that have it, by class and options.
    """

    def __init__(self, function: Callable[..., Any], takes_self: bool, receives_input: bool | None = None) -> None:
        import inspect

        from pyperunner_text.signatures import signature_of

        self.function = function
        self.codes: dict[tuple[object, ...], Snapshot] = {}
        self.takes_self = takes_self
        self.problem: str | None = None
        try:
            signature = signature_of(function)
        except (TypeError, ValueError) as error:
            signature = inspect.Signature()
            self.problem = f"its run function has no signature ({error})"
        parameters = list(signature.parameters.values())
        if takes_self and not parameters:
            self.problem = self.problem or "run() must have self as its first parameter"
        self.signature = signature.replace(parameters=parameters[1:] if takes_self else parameters)
        self.has_data = "data" in self.signature.parameters
        self.receives_input = self.has_data if receives_input is None else receives_input
        self.problem = self.problem or self._find_problem()
        self._required, self._known = self._names()

    def __getstate__(self) -> dict[str, Any]:
        """Leave behind what was read in this process."""
        return {**self.__dict__, "codes": {}}

    def _names(self) -> tuple[frozenset[str], frozenset[str] | None]:
        """Return the arguments that must be given and those that may be, by name; ``None`` where names don't say it."""
        required, known = set(), set()
        for name, parameter in self.signature.parameters.items():
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                return frozenset(), None
            known.add(name)
            if parameter.default is parameter.empty:
                required.add(name)
        given = {"data"} if self.receives_input else set()
        return frozenset(required - given), frozenset(known - given)

    def _find_problem(self) -> str | None:
        """Say why no task can have this function, if so."""
        import inspect

        innermost = inspect.unwrap(self.function)
        if inspect.isgeneratorfunction(innermost) or inspect.isasyncgenfunction(innermost):
            return "its run function is a generator, which cannot be stored; return a list instead of yielding"
        for name in ("tag", "reload"):
            if name in self.signature.parameters:
                return f"its run function has a parameter named '{name}', which every task has already; rename it"
        return None

    @property
    def required(self) -> frozenset[str]:
        """Names of the arguments that must be given, where names say it."""
        return self._required

    def in_order(self, given: Mapping[str, T]) -> dict[str, T]:
        """Return arguments by name in the order in which they count: sorted, but for what ``**kwargs`` takes.

        It takes them in the order in which they are given, and sees it.
        """
        if len(given) < 2:
            return dict(given)
        parameters = self.signature.parameters
        named = {name: given[name] for name in sorted(given) if name in parameters}
        return {**named, **given} if len(named) < len(given) else named

    def check(self, arguments: Mapping[str, object]) -> None:
        """Check ``arguments`` against the signature.

        Raises:
            TypeError: They do not fit, in Python's own words, and with the name that an unknown one is like.
        """
        # Binding costs more than all else that making a task does, and is needed for the words only.
        if self._known is not None and self._required <= arguments.keys() <= self._known:
            return
        if self.receives_input:
            if "data" in arguments:
                raise TypeError("'data' is what the parents give: connect them, task(parent), instead of naming it")
            arguments = {**arguments, "data": None}
        for name in arguments if self._known is not None else ():
            if name not in self.signature.parameters:  # before what is missing, which is often the one that was meant
                raise TypeError(f"got an unexpected keyword argument {name!r}{self._like(name)}")
        self.signature.bind(**arguments)

    def _like(self, name: str) -> str:
        from difflib import get_close_matches

        near = get_close_matches(name, self._known or (), n=1)
        return f"; did you mean {near[0]!r}?" if near else ""

    def meant_for(self, given: Collection[str]) -> str:
        """Return the first argument that is not among those given, one that must be before others; empty for none."""
        own = [
            name
            for name in self.signature.parameters
            if name not in given and not (self.receives_input and name == "data")
        ]
        return next((name for name in own if name in self._required), own[0] if own and self._known is not None else "")

    def call(self, task: object, data: list[Any], arguments: Mapping[str, object]) -> Any:
        """Call the function for ``task`` with ``arguments``, and with ``data`` where it takes that."""
        given = {**arguments, "data": data} if self.receives_input else arguments
        return _outcome(self.function(task, **given) if self.takes_self else self.function(**given))

    def call_by_hand(self, task: Runnable, args: tuple[object, ...], given: dict[str, object]) -> Any:
        """Call the function with what is given, and with the task's own params, inputs and data for all else."""
        if not self.has_data:
            given.pop("data", None)
        bound = self.signature.bind_partial(*args, **given)
        known = self.signature.parameters
        takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values())
        own = [*task.params, *task.inputs, *(["data"] if self.receives_input else [])]
        open_names = {name for name in own if (takes_any or name in known) and name not in bound.arguments}
        arguments = {**_own_arguments(task, open_names - bound.kwargs.keys()), **bound.kwargs}
        return _outcome(self.function(*([task] if self.takes_self else []), *bound.args, **arguments))


def _own_arguments(task: Runnable, names: Collection[str]) -> dict[str, object]:
    """Return those of a task's own arguments that are in ``names``: params, inputs as outputs, ``data``."""
    own = revealed({name: value for name, value in task.params.items() if name in names})
    named = {name: value for name, value in task.inputs.items() if name in names}
    own.update(resolve_inputs(named, _output_of))
    if "data" in names and "data" not in own:
        own["data"] = [_output_of(source) for source in task.given]
    return own


def _output_of(source: Any) -> Any:
    """Return the output of a task, or the part of it."""
    task = task_of(source)
    if source is task:
        return task.output
    value = task.output
    return pick(source, value[source.output_name] if source.output_name else value, task.name)


def _outcome(result: Any) -> Any:
    """Return ``result``, or what it comes to where the function was ``async``."""
    import inspect

    if inspect.iscoroutine(result):
        return _run_to_its_end(result)
    return result


def _run_to_its_end(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine on a loop of its own; beside one that runs already, as in a notebook, in a thread of its own."""
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    import contextvars
    from concurrent.futures import ThreadPoolExecutor

    begun: list[tuple[Any, Any]] = []

    async def main() -> Any:
        begun.append((asyncio.get_running_loop(), asyncio.current_task()))
        return await coroutine

    with ThreadPoolExecutor(1, thread_name_prefix="pyperunner-async") as thread:
        end = thread.submit(contextvars.copy_context().run, asyncio.run, main())
        try:
            return end.result()
        finally:
            if begun and not end.done():  # a signal has come to the thread that waits
                loop, task = begun[0]
                loop.call_soon_threadsafe(task.cancel)


def run(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark the method ``run`` of a Task class as what the task does.

    Called by hand, ``task.run(data=[…])`` fills in the task's own params; what is given wins.

    Args:
        function: Method that takes the task's params, and ``data`` (the list of the parents' outputs) if it wants it.
    """
    if not callable(function):
        raise TypeError(f"@run decorates the method run of a Task class, not a {type(function).__name__}")
    return as_method(RunMethod(function, takes_self=True))


def as_method(method: RunMethod) -> Callable[..., Any]:
    """Return what a Task class holds as its ``run``."""

    def run(self: Runnable, /, *args: object, **given: object) -> Any:
        return method.call_by_hand(self, args, given)

    functools.update_wrapper(run, method.function)
    run.__dict__["run_method"] = method
    return run


def check_tag(task_name: str, tag: object, method: RunMethod, given: Collection[str], *, mapped: bool) -> None:
    """Refuse a tag that is none; where it was meant for something else, say how to write that.

    Args:
        task_name: Name of the task's class.
        tag: What stands where the tag does.
        method: The method of the class.
        given: Names of the params that were given besides.
        mapped: Whether the task stands for several.

    Raises:
        TaskNameError: It is no tag.
    """
    if tag == "*" and not mapped:
        raise TaskNameError(task_name, tag, "that is the tag of a mapped task; choose another")
    try:
        check_name(task_name, tag)
    except TaskNameError as error:
        param = method.meant_for(given)
        ways = [f"{task_name}({param}=…)"] if param and not isinstance(tag, str) else []
        if _are_tasks(tag):
            ways.append(f"{task_name}()(…) to connect it")
        if not ways:
            raise
        first = "the first argument is the tag"
        problem = f"{first}, and this is a task" if _are_tasks(tag) else f"{error.args[2]}, and {first}"
        raise TaskNameError(task_name, tag, f"{problem}; write {' or '.join(ways)}") from None


def other_reading(task_name: str, tag: str, method: RunMethod, given: Collection[str]) -> str:
    """Say what else a tag may have been meant for, where a param lacks a value; empty where there is nothing to say."""
    param = method.meant_for(given) if tag and tag != "*" else ""  # which a mapped task has that was given none
    if not param or param not in method.required:
        return ""
    call = f"{task_name}({param}={tag!r:.60})"
    return f" ({tag!r:.60}, the first argument, is its tag; if it is meant for {param}, write {call})"


def _are_tasks(value: object) -> bool:
    """Return whether something is a task, a class of tasks, or several of these."""
    if isinstance(value, (list, tuple)):
        return bool(value) and all(map(_are_tasks, value))
    return is_task(value) or (isinstance(value, type) and issubclass(value, Node))


def method_of(cls: type) -> RunMethod:
    """Return what is known of ``run`` of a Task class.

    Raises:
        TaskDefinitionError: It was not decorated with ``@run``.
    """
    found = getattr(getattr(cls, "run", None), "run_method", None)
    if not isinstance(found, RunMethod):
        raise TaskDefinitionError(cls.__name__, "its method run must be decorated with @run")
    return found
