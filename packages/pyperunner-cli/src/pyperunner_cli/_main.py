"""Main function of the command: reads the command line, calls the sub-command, turns errors into exit codes."""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from pyperunner_cli.defaults import apply_defaults
from pyperunner_cli.display.warned import plain_warnings
from pyperunner_cli.errors import CommandError, UserCodeError, in_words_of_the_command
from pyperunner_cli.registry import COMMANDS
from pyperunner_cli.signals import exit_on_signals
from pyperunner_text.terminal.printing import spell_out

__all__ = ["main"]

_EXIT_USAGE = 2
_EXIT_INTERRUPTED = 130
_EXIT_BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the ``pyperunner`` command.

    Args:
        argv: The arguments without the program's name; ``None`` takes those of the process.

    Returns:
        The exit code: 0 all good, 1 a task failed, 2 usage or a pipeline that can't be run, 130 interrupted; 143 and
        129 after SIGTERM and SIGHUP.
    """
    try:
        spell_out(sys.stdout, sys.stderr)
        with exit_on_signals(), plain_warnings():
            code = _dispatch(sys.argv[1:] if argv is None else list(argv))
            if sys.stdout is not None:
                sys.stdout.flush()
            return code
    except CommandError as error:
        return _fail(f"pyperunner: {error}")
    except KeyboardInterrupt:
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`): nothing is left to say, not even while Python closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_BROKEN_PIPE
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else 0
    except Exception as error:
        return _explain(error)


def _dispatch(argv: list[str]) -> int:
    options = _parser().parse_args(argv)
    command = COMMANDS.get(options.command)
    if command is None:
        from pyperunner_cli.text import did_you_mean

        raise CommandError(f"there is no command {options.command!r}. {did_you_mean(options.command, COMMANDS)}")
    parser = _Parser(prog=f"pyperunner {options.command}", description=_sentence(command.summary))
    module = command.load()
    module.configure(parser)
    apply_defaults(parser, options.command)
    # Options may stand among several names, but not where a command has actions of its own.
    try:
        parsed = parser.parse_intermixed_args(options.arguments)
    except TypeError:
        parsed = parser.parse_args(options.arguments)
    parsed.command_line = options.arguments
    return module.execute(parsed)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors know near names of options and choices."""

    def error(self, message: str) -> NoReturn:
        from pyperunner_cli.text import did_you_mean

        words = message.rpartition(": ")[2].partition(" (")[0].split()
        choices = [str(choice) for action in self._actions for choice in action.choices or ()]
        below = [action.choices.values() for action in self._actions if isinstance(action, argparse._SubParsersAction)]
        parsers = [self, *itertools.chain(*below)]
        options = [name for each in parsers for name in each._option_string_actions if name.startswith("--")]
        name = words[0].partition("=")[0].strip("'") if words else ""
        unknown = "unrecognized arguments" in message or "invalid choice" in message
        near = did_you_mean(name, options if name.startswith("-") else choices, or_all=False) if unknown else ""
        if unknown and not near and "--only" in options and not name.startswith("-") and "invalid" not in message:
            near = "Tasks are chosen with --only, --until or --from."
        super().error(f"{message}. {near}" if near else message)


def _parser() -> argparse.ArgumentParser:
    from pyperunner_cli import __version__

    commands = "\n".join(f"  {name:<10} {command.summary}" for name, command in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="pyperunner",
        usage="pyperunner [-h] [--version] COMMAND ...",
        description="Local-first pipelines: cached by code and configuration, one process per task.",
        epilog=f"commands:\n{commands}\n\n`pyperunner COMMAND --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"pyperunner {__version__}")
    parser.add_argument("command", metavar="COMMAND", help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _explain(error: Exception) -> int:
    from pyperunner_cli.display.traceback import in_user_code, speaks_for_itself, user_traceback

    if isinstance(error, UserCodeError):
        return _fail(user_traceback(error.error))
    if speaks_for_itself(error):
        return _fail(f"pyperunner: {in_words_of_the_command(error)}")
    if in_user_code(error):
        return _fail(user_traceback(error))
    raise error


def _fail(text: str) -> int:
    from pyperunner_cli.text import say, without_secrets

    say(without_secrets(text), sys.stderr)
    return _EXIT_USAGE
