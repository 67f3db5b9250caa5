"""Completing: what the word that is being typed could be. No code of a pipeline is loaded for it."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.recorded_runs import LATEST, LOG_PATH, find_run
from pyperunner_cli.registry import COMMANDS

__all__ = ["candidates"]


def candidates(words: Sequence[str], place: int) -> list[str]:
    """Return what ``words[place]`` could become; nothing where a file is wanted, which shells know themselves.

    Args:
        words: What was typed, the program's name first.
        place: Which of them is being typed; it may be one behind the last.
    """
    # bash takes the '=' of an option for a word of its own, and all shells tell what is typed with its quotes.
    typed = _unquoted(words[place]) if place < len(words) and words[place] != "=" else ""
    before = [_unquoted(word) for word in words[1:place] if word != "="]
    option, equals, value = typed.partition("=")
    if equals and option.startswith("--"):
        return [f"{option}={word}" for word in _possible([*before, option], value) if word.startswith(value)]
    return [word for word in _possible(before, typed) if word.startswith(typed)]


def _unquoted(word: str) -> str:
    """Return a word without its quotes, of which the last may not have been typed yet."""
    typed = word[:-1] if re.search(r"(?<!\\)(\\\\)*\\$", word) else word
    for end in ("", '"', "'"):
        try:
            return "".join(shlex.split(f"{typed}{end}"))
        except ValueError:
            continue
    return word


def _possible(before: list[str], typed: str) -> Iterable[str]:
    if not before:
        return COMMANDS if not typed.startswith("-") else ("--help", "--version")
    command = COMMANDS.get(before[0])
    if command is None:
        return ()
    parser = argparse.ArgumentParser(prog=before[0])
    command.load().configure(parser)
    return _of_parser(parser, before[1:], typed)


def _of_parser(parser: argparse.ArgumentParser, before: list[str], typed: str) -> Iterable[str]:
    options = parser._option_string_actions
    actions = next((each for each in parser._actions if isinstance(each, argparse._SubParsersAction)), None)
    if actions is not None:
        below = next((number for number, word in enumerate(before) if word in actions.choices), None)
        if below is not None:
            return _of_parser(actions.choices[before[below]], before[below + 1 :], typed)
        return options if typed.startswith("-") else actions.choices
    if typed.startswith("-"):
        return [name for name, action in options.items() if action.help != argparse.SUPPRESS]
    last = options.get(before[-1]) if before else None
    if last is not None and last.nargs != 0:
        return map(str, last.choices or ())
    return _positional(parser, list(_without_options(before, options)))


def _without_options(before: Sequence[str], options: dict[str, argparse.Action]) -> Iterator[str]:
    skip = False
    for word in before:
        action = options.get(word)
        if not skip and not word.startswith("-"):
            yield word
        skip = action is not None and action.nargs != 0


def _positional(parser: argparse.ArgumentParser, given: list[str]) -> Iterable[str]:
    wanted = [each for each in parser._actions if not each.option_strings]
    action = wanted[min(len(given), len(wanted) - 1)] if wanted else None
    if action is None:
        return ()
    if action.choices is not None:
        return map(str, action.choices)
    if action.metavar in ("RUN", "TARGET"):
        return [LATEST, *_run_names()]
    if action.metavar == "COMMAND":
        return COMMANDS
    return _task_names(given) if action.metavar == "TASK" else ()


def _run_names() -> list[str]:
    folder = Path(LOG_PATH)
    return sorted(path.parent.name for path in folder.glob("*/summary.json")) if folder.is_dir() else []


def _task_names(given: list[str]) -> list[str]:
    """Return the tasks of the run that is named, else of the latest: a pipeline's own would have to be loaded."""
    from pyperunner_results import PipelineResult, ResultsError

    for run in (*given[:1], LATEST):
        try:
            return list(PipelineResult.from_file(find_run(run, LOG_PATH)))
        except (CommandError, ResultsError, OSError):
            continue
    return []
