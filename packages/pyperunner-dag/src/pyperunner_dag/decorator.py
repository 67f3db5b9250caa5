"""Decorator ``@task``: makes a Task class of a function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pyperunner_dag.dag import check_name
from pyperunner_dag.options import NO_OPTIONS, changed
from pyperunner_dag.outputs.several import checked_outputs
from pyperunner_dag.run_method import RunMethod, as_method
from pyperunner_dag.tasks import Task

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pyperunner_dag.options import OptionArgs

__all__ = ["task"]


def task(
    name: str = "",
    receives_input: bool | None = None,
    *,
    outputs: Sequence[str] = (),
    **options: Unpack[OptionArgs],
) -> Callable[[Callable[..., Any]], type[Task]]:
    """Make a Task class of a function: ``@task("Load")`` over ``def load(path): …``.

    The decorated name is the class; ``load("raw", path="x.csv")`` makes the task ``Load(raw)``.

    Args:
        name: Name of the class.
        receives_input: Whether the function is given ``data``; by default if it has a parameter of that name.
        outputs: Names of the outputs, if there are several: the function returns a dict or a tuple of them, and
            ``train, test = split(…)`` or ``split(…).train`` are inputs for others. Each is stored by itself.
        **options: Options of all tasks of the class, see ``Options``.

    Raises:
        TypeError: There is no name.
        OptionError: There is no such option, or its value is none it can have.
        AttributeError: ``receives_input`` is true and the function has no parameter ``data`` (when it is applied).
    """
    if not isinstance(name, str) or not name:
        raise TypeError('a task needs a name: write @task(name), such as @task("Load")')
    check_name(name, "")
    declared = checked_outputs(name, outputs)
    class_options = changed(NO_OPTIONS, options, f"task {name}")

    def decorate(function: Callable[..., Any]) -> type[Task]:
        if not callable(function) or isinstance(function, type):
            raise TypeError(f"@task({name!r}) decorates a function, not a {type(function).__name__}")
        method = RunMethod(function, takes_self=False, receives_input=receives_input)
        if receives_input and not method.has_data:
            raise AttributeError(
                f"task {name} is to receive input, but its function has no parameter named 'data'; "
                "add one or leave out receives_input=True"
            )
        members = {
            "run": as_method(method),
            **({"options": class_options} if options else {}),
            **({"outputs": declared} if declared else {}),
            "__module__": getattr(function, "__module__", __name__),
            "__qualname__": getattr(function, "__qualname__", name),
            "__doc__": function.__doc__,
        }
        return type(name, (Task,), members)

    return decorate
