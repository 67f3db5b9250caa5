"""Registry of the sub-commands: where each lives, to be imported when it is called, and what it does in one line."""

from __future__ import annotations

import importlib
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import NamedTuple, Protocol, cast

__all__ = ["COMMANDS", "Command", "CommandModule"]


class CommandModule(Protocol):
    """What a module behind a command offers."""

    def configure(self, parser: ArgumentParser) -> None:
        """Add the command's arguments."""
        ...

    def execute(self, options: Namespace) -> int:
        """Do it and return the exit code.

        Raises:
            CommandError: What was asked can't be done.
            UserCodeError: The user's code raised.
        """
        ...


class Command(NamedTuple):
    """A sub-command.

    Attributes:
        module: Import name of a module that is a ``CommandModule``.
        summary: What it does, in one line.
    """

    module: str
    summary: str

    def load(self) -> CommandModule:
        """Import the module behind the command."""
        return cast("CommandModule", importlib.import_module(self.module))


COMMANDS: Mapping[str, Command] = {
    "run": Command("pyperunner_cli.commands.pipelines.run", "run a pipeline: execute what has no stored output yet"),
    "sweep": Command("pyperunner_cli.commands.pipelines.sweep", "run all combinations of some params, as one run"),
    "plan": Command("pyperunner_cli.commands.pipelines.plan", "say what a run would do with each task, and why"),
    "tasks": Command("pyperunner_cli.commands.pipelines.tasks", "list the tasks of a pipeline, with what each takes"),
    "explain": Command(
        "pyperunner_cli.commands.pipelines.explain", "say why tasks would run: what differs from what is stored"
    ),
    "accept": Command(
        "pyperunner_cli.commands.pipelines.accept", "let a stored output stand although its task was changed"
    ),
    "invalidate": Command("pyperunner_cli.commands.pipelines.invalidate", "remove stored outputs of tasks"),
    "check": Command(
        "pyperunner_cli.commands.pipelines.check",
        "run tasks again elsewhere: what else than their keys do they depend on",
    ),
    "graph": Command("pyperunner_cli.commands.pipelines.graph", "draw a pipeline"),
    "results": Command("pyperunner_cli.commands.records.results", "show the tasks of a run, or the output of one"),
    "runs": Command("pyperunner_cli.commands.records.runs", "list the runs there have been"),
    "table": Command("pyperunner_cli.commands.records.table", "lay params beside chosen results, of runs and sweeps"),
    "diff": Command("pyperunner_cli.commands.records.diff", "say what differs between two runs"),
    "report": Command(
        "pyperunner_cli.commands.records.report", "write the report of a run, one page to look at or mail"
    ),
    "export": Command("pyperunner_cli.commands.records.export", "write a run's record as an RO-Crate or as PROV"),
    "cache": Command("pyperunner_cli.commands.upkeep.cache", "show what stores hold, and tidy them"),
    "settings": Command(
        "pyperunner_cli.commands.upkeep.settings", "show the defaults of options and where they are from"
    ),
    "completion": Command("pyperunner_cli.commands.upkeep.completion", "print what lets bash, zsh or fish complete"),
    "debug": Command("pyperunner_cli.commands.records.debug", "run one task of a run again, in this process"),
}
"""Every sub-command by name."""
