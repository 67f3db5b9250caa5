"""Declarations of params: what a task's ``run`` says of each, its annotation and its default."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.text import did_you_mean

if TYPE_CHECKING:
    from pyperunner_dag import Task

__all__ = ["declared", "declared_of"]


def declared(task: Task, param: str) -> tuple[Any, Any]:
    """Return annotation and default of a param, each ``None`` where there is none.

    An annotation that cannot be evaluated, such as a name that is imported for type checkers only, says nothing. A
    default of ``None`` makes an annotation optional.

    Raises:
        CommandError: The task takes no such param.
    """
    from pyperunner_dag.run_method import method_of

    method = method_of(type(task))
    hidden = "data" if task.receives_input else ""
    return _declared(method.function, method.signature, param, f"{task.name} takes no param", hidden)


def declared_of(function: Callable[..., Any], argument: str, name: str) -> tuple[Any, Any]:
    """Return annotation and default of an argument of a function that is called ``name``, as ``declared`` does.

    Raises:
        CommandError: The function takes no such argument.
    """
    from pyperunner_text.signatures import signature_of

    return _declared(function, signature_of(function), argument, f"{name} takes no argument", "")


def _declared(function: Any, signature: inspect.Signature, name: str, takes_none: str, hidden: str) -> tuple[Any, Any]:
    known = signature.parameters
    found = known.get(name)
    if found is None or found.kind is found.VAR_KEYWORD:
        if not any(other.kind is other.VAR_KEYWORD for other in known.values()):
            names = [other for other in known if other != hidden]
            raise CommandError(f"{takes_none} {name!r}. {did_you_mean(name, names)}")
        return None, None
    hint = None if found.annotation is found.empty else _evaluated(found.annotation, function)
    if found.default is None and hint is not None:
        hint = typing.Optional[hint]  # noqa: UP045 (a hint may be anything, which `|` does not take)
    return hint, None if found.default is found.empty else found.default


def _evaluated(annotation: Any, function: Any) -> Any:
    """Return what an annotation stands for, ``None`` where that is not known at run time."""

    def bearer() -> None:
        pass

    bearer.__annotations__ = {"param": annotation}
    try:
        names = getattr(inspect.unwrap(function), "__globals__", {})
        return typing.get_type_hints(bearer, globalns=names)["param"]
    except Exception:  # it is code of the user, or no hint at all
        return None
