"""Factories: functions that make a pipeline, called with the arguments that were given for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.text import listing
from pyperunner_text.signatures import signature_of

if TYPE_CHECKING:
    from pyperunner_cli.loading.typed_values import Written

__all__ = ["argument_of", "arguments_for", "typed_arguments"]


def argument_of(text: str) -> tuple[str, Written]:
    """Return what an argument of ``--arg`` says.

    Raises:
        CommandError: It is not of the form ``name=value``.
    """
    from pyperunner_cli.loading.typed_values import Written

    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise CommandError(f"--arg {text!r} is not of the form 'name=value'.")
    return name, Written(value)


def arguments_for(function: Callable[..., Any], given: Mapping[str, Written], name: str) -> dict[str, Any]:
    """Return the arguments of a factory, all that it needs, as ``typed_arguments`` does.

    Raises:
        CommandError: It takes no such argument, needs one that is not given, or a value is of another type.
    """
    values = typed_arguments(function, given, name)
    parameters = signature_of(function).parameters.values()
    needed = [
        each.name
        for each in parameters
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
    lacking = [argument for argument in needed if argument not in values]
    if lacking:
        raise CommandError(f"{name} needs arguments: {listing(lacking)}. Give each with --arg {lacking[0]}=VALUE.")
    return values


def typed_arguments(function: Callable[..., Any], given: Mapping[str, Written], name: str) -> dict[str, Any]:
    """Return arguments of a factory, each of the type that it is annotated as, else of that of its default.

    Args:
        function: The factory.
        given: What was written for each.
        name: What the factory is called in errors.

    Raises:
        CommandError: It takes no such argument, or a value is of another type.
    """
    if not given:
        return {}
    from pyperunner_cli.loading.param_types import declared_of
    from pyperunner_cli.loading.typed_values import Misfit, typed_value

    values = {}
    for argument, written in given.items():
        hint, default = declared_of(function, argument, name)
        try:
            values[argument] = typed_value(written, hint, default)
        except Misfit as misfit:
            raise CommandError(f"argument {argument} of {name}: {misfit}.") from None
    return values
