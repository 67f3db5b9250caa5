"""``pyperunner settings``: the defaults of options as they are here, and where each comes from."""

from __future__ import annotations

import argparse
from typing import Any

from pyperunner_cli.defaults import BUILT_IN, apply_defaults
from pyperunner_cli.errors import CommandError
from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.registry import COMMANDS
from pyperunner_cli.text import aligned, did_you_mean, visible

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", metavar="COMMAND", nargs="?", default="run", help="of this command (run)")
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print a line per option."""
    if options.name not in COMMANDS:
        raise CommandError(f"there is no command {options.name!r}. {did_you_mean(options.name, COMMANDS)}")
    parser = argparse.ArgumentParser(prog=options.name)
    COMMANDS[options.name].load().configure(parser)
    origins = apply_defaults(parser, options.name)
    values = _defaults(parser)
    if options.json:
        rows = [{"name": name, "value": values[name], "origin": origin} for name, origin in origins.items()]
        say_json("settings", of=options.name, settings=rows)
        return 0
    shown = [(name, visible(_shown(values[name])), visible(origin)) for name, origin in origins.items()]
    print("\n".join(aligned([("option", "value", "origin"), *shown])))
    if all(origin == BUILT_IN for origin in origins.values()):
        print("set others in pyproject.toml under [tool.pyperunner], or in variables such as PYPERUNNER_DATA_PATH")
    return 0


def _defaults(parser: argparse.ArgumentParser) -> dict[str, Any]:
    """Return the defaults of a command's options by name, those of what a command can do included."""
    found: dict[str, Any] = {}
    for action in parser._actions:  # argparse has no public list of them
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found |= _defaults(below)
        found |= {name[2:]: parser.get_default(action.dest) for name in action.option_strings if name[:2] == "--"}
    return found


def _shown(value: Any) -> str:
    if value is None or value == [] or value == "":
        return "-"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):  # a resource and its amount
        return f"{value[0]}={value[1]:g}"
    return ", ".join(map(_shown, value)) if isinstance(value, list) else str(value)
