"""Defaults of options from the project's pyproject.toml (``[tool.pyperunner]``) and from variables ``PYPERUNNER_…``.

The command line wins over variables, these over the table of a command (``[tool.pyperunner.run]``), and that over the
common one. Options that remove, trust or leave out what somebody should decide each time have no such defaults.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pyperunner_cli.errors import CommandError
from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["BUILT_IN", "SETTABLE", "Origin", "apply_defaults", "default_of"]

SETTABLE = (
    *(
        "data-path",
        "log-path",
        "jobs",
        "executor",
        "address",
        "start-method",
        "resource",
        "shared",
        "params",
        "expand-env",
    ),
    *("fail-fast", "keep-going", "early-cutoff", "audit", "report", "verbose", "strict", "number", "no-outputs"),
)
"""The options that have defaults from outside."""
BUILT_IN = "built in"
_PATHS = frozenset({"data-path", "log-path", "params"})
_PREFIX = "PYPERUNNER_"
_OURS = frozenset({"PYPERUNNER_TASK"})  # set by a run for the processes of its tasks
_TABLE = "tool.pyperunner"
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@light_dataclass(frozen=True)
class Origin:
    """A default from outside: where it stands, and what it says, as there or as text."""

    name: str
    value: Any


def apply_defaults(parser: argparse.ArgumentParser, command: str) -> dict[str, str]:
    """Set the defaults of a command's options, and return where each settable option has its default from.

    Args:
        parser: The command's parser, with its arguments.
        command: Its name, which a table may have, too.

    Raises:
        CommandError: A default is of an unknown option or has a value that the option does not take.
    """
    known = dict(_known(command))
    origins = {}
    for option, action in _options(parser):
        origin = known.get(option)
        origins[option] = BUILT_IN if origin is None else origin.name
        if origin is not None:
            parser.set_defaults(**{action.dest: _value(action, origin, option)})
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                origins |= apply_defaults(below, command)
    return origins


def default_of(option: str, built_in: str) -> str:
    """Return the common default of an option that takes a text.

    Raises:
        CommandError: A default is of an unknown option.
    """
    origin = dict(_known("")).get(option)
    return built_in if origin is None else str(origin.value)


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    for action in parser._actions:  # argparse has no public list of them
        names = [name[2:] for name in action.option_strings if name.startswith("--")]
        if action.default != "":  # that stands for what a record says
            yield from ((name, action) for name in names if name in SETTABLE)


def _known(command: str) -> Iterator[tuple[str, Origin]]:
    """Yield the defaults of a command; later ones win."""
    file, tool = _tables()
    for name, value in tool.items():
        if not isinstance(value, Mapping) or name == "resource":
            yield _checked(name, value, f"{file} [{_TABLE}]", Path(file).parent)
    own = tool.get(command)
    if isinstance(own, Mapping):
        for name, value in own.items():
            yield _checked(name, value, f"{file} [{_TABLE}.{command}]", Path(file).parent)
    for variable, text in os.environ.items():
        if variable.startswith(_PREFIX) and variable not in _OURS:
            name = variable[len(_PREFIX) :].lower().replace("_", "-")
            yield _checked(name, text, variable, None)


def _checked(name: str, value: Any, where: str, folder: Path | None) -> tuple[str, Origin]:
    option = name.replace("_", "-")
    if option not in SETTABLE:
        from pyperunner_cli.text import did_you_mean

        raise CommandError(f"{where}: there is no default of {name!r}. {did_you_mean(option, SETTABLE)}")
    if folder is not None and option in _PATHS:
        value = [_below(folder, each) for each in value] if isinstance(value, list) else _below(folder, value)
    return option, Origin(where, value)


def _below(folder: Path, place: Any) -> Any:
    """Return a relative path as it is seen from here: what a file says is meant from where it lies."""
    if not isinstance(place, str) or "://" in place or Path(place).is_absolute() or not place:
        return place
    return os.path.relpath(folder / place)


def _tables() -> tuple[str, Mapping[str, Any]]:
    """Return the nearest pyproject.toml that has our table, and the table."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        file = folder / "pyproject.toml"
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, ValueError):
            continue
        if _TABLE not in text:
            continue
        from pyperunner_cli.toml import loads

        shown = os.path.relpath(file)
        try:
            table = loads(text).get("tool", {}).get("pyperunner")
        except ValueError as error:
            raise CommandError(f"{shown}: {error}") from None
        if isinstance(table, Mapping):
            _check_tables(table, shown)
            return shown, table
    return "", {}


def _check_tables(table: Mapping[str, Any], file: str) -> None:
    from pyperunner_cli.registry import COMMANDS
    from pyperunner_cli.text import did_you_mean

    for name, value in table.items():
        if isinstance(value, Mapping) and name not in (*COMMANDS, "resource"):
            raise CommandError(f"{file}: there is no command {name!r}. {did_you_mean(name, COMMANDS)}")


def _value(action: argparse.Action, origin: Origin, option: str) -> Any:
    value = origin.value
    if action.nargs == 0:  # a flag
        return _flag(action, origin, option)
    if isinstance(action, argparse._AppendAction):
        if isinstance(value, Mapping):
            value = [f"{name}={amount}" for name, amount in value.items()]
        items = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else [value]
        return [_one(action, item, origin, option) for item in items]
    return _one(action, value, origin, option)


def _flag(action: argparse.Action, origin: Origin, option: str) -> bool:
    found = _TRUTH.get(str(origin.value).lower())
    if found is None:
        raise CommandError(f"{origin.name}: {option} is true or false, not {origin.value!r}.")
    return found if action.const in (True, None) else not found


def _one(action: argparse.Action, value: Any, origin: Origin, option: str) -> Any:
    text = str(value)
    try:
        made = action.type(text) if callable(action.type) else text
    except (ValueError, TypeError, argparse.ArgumentTypeError) as error:
        raise CommandError(f"{origin.name}: {option} = {value!r}: {error}") from None
    if action.choices is not None and made not in action.choices:
        raise CommandError(f"{origin.name}: {option} = {value!r}; it is one of {', '.join(map(str, action.choices))}.")
    return made
