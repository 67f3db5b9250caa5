"""Axes of a sweep: params and arguments with the values that each takes, and the combinations of them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.params_files import read_params
from pyperunner_cli.loading.settings import PIPELINE, Setting
from pyperunner_cli.loading.typed_values import Misfit, Written

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ARGUMENTS", "Axis", "combinations", "read_axes"]

# A name may hold any text, '=' too: it ends with the first ')' that an identifier and '=' follow. `Fit*` has none.
_OVER = re.compile(r"((?:[^=()]+|.*?\))\.[^\W\d]\w*(?:\.[^=.]+)*)=(.*)", re.DOTALL)
ARGUMENTS = f"{PIPELINE}."
"""What an argument of the pipeline's function begins with; no task is called so, for each has parentheses."""


@dataclass(frozen=True)
class Axis:
    """A param, or an argument of the function that makes the pipeline, and its values.

    Attributes:
        where: ``Task(tag).param``, as of a `Setting`, or ``pipeline.argument``.
        values: What is written for each.
        said: How an error names it.
    """

    where: str
    values: tuple[Written, ...]
    said: str

    @property
    def argument(self) -> str:
        """The argument of the pipeline's function; empty for a param of tasks."""
        return self.where[len(ARGUMENTS) :] if self.where.startswith(ARGUMENTS) else ""

    def setting(self, number: int) -> Setting:
        """Return the setting of one of the values."""
        return Setting(self.where, self.values[number], "sweep", self.said)


def read_axes(over: Iterable[str], files: Iterable[str], *, expand_env: bool = False) -> list[Axis]:
    """Return what ``--over`` and the files of ``--over-file`` say.

    Raises:
        CommandError: Something is malformed, has no values, or is there twice.
    """
    found = [axis for path in files for axis in _of_file(path, expand_env)]
    found += [_of_text(text) for text in over]
    if not found:
        raise CommandError("a sweep needs params: --over 'Task(tag).param=value,value', or --over-file FILE.")
    for axis in found:
        letters = [value.letters for value in axis.values]
        if not letters or len(set(letters)) < len(letters):
            raise CommandError(f"{axis.said} has no values, or one of them twice.")
    names = [axis.where for axis in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise CommandError(f"{twice!r} is swept twice.")
    return found


def _of_text(text: str) -> Axis:
    said = f"--over {text!r}"
    found = _OVER.match(text)
    if found is None:
        raise CommandError(f"{said} is not of the form 'Task(tag).param=value,value' or '{PIPELINE}.argument=…'.")
    where, values = found.groups()
    try:
        written = Written(values).items() if values.startswith("[") else map(Written, values.split(","))
    except Misfit as misfit:
        raise CommandError(f"{said}: {misfit}.") from None
    return Axis(where, tuple(written), said)


def _of_file(path: str, expand_env: bool) -> list[Axis]:
    settings, arguments = read_params(path, expand_env=expand_env)
    settings += [
        Setting(f"{ARGUMENTS}{name}", value, "sweep", f"{path}: {ARGUMENTS}{name}") for name, value in arguments.items()
    ]
    found = []
    for setting in settings:
        try:
            values = setting.value.items() if setting.value is not None else []
        except Misfit:
            raise CommandError(f"{setting.said} is no list of values.") from None
        found.append(Axis(setting.where, tuple(values), setting.said))
    return found


def combinations(axes: Sequence[Axis], *, zipped: bool) -> list[tuple[int, ...]]:
    """Return the numbers of the values of each combination: of all with all, or the first with the first and so on.

    Raises:
        CommandError: They are to be zipped and differ in length.
    """
    lengths = [len(axis.values) for axis in axes]
    if not zipped:
        return list(itertools.product(*map(range, lengths)))
    if len(set(lengths)) > 1:
        each = ", ".join(f"{axis.where} {length}" for axis, length in zip(axes, lengths, strict=True))
        raise CommandError(f"--zip needs as many values of each: {each}.")
    return [(number,) * len(axes) for number in range(lengths[0])]
