"""Axes of a sweep: params with the values that each takes, and the combinations of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.params_files import PIPELINE, read_params
from pyperunner_cli.loading.settings import Setting
from pyperunner_cli.loading.typed_values import Misfit, Written

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Axis", "combinations", "read_axes"]


@dataclass(frozen=True)
class Axis:
    """A param and its values.

    Attributes:
        where: ``Task(tag).param``, as of a `Setting`.
        values: What is written for each.
        said: How an error names it.
    """

    where: str
    values: tuple[Written, ...]
    said: str

    def setting(self, number: int) -> Setting:
        """Return the setting of one of the values."""
        return Setting(self.where, self.values[number], "sweep", self.said)


def read_axes(over: Iterable[str], files: Iterable[str]) -> list[Axis]:
    """Return what ``--over`` and the files of ``--over-file`` say.

    Raises:
        CommandError: Something is malformed, has no values, or is there twice.
    """
    found = [axis for path in files for axis in _of_file(path)]
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
    # The values begin behind the last '=' that follows a param: a name may hold one, a param cannot.
    head, close, rest = text.rpartition(").")
    param, equals, values = rest.partition("=")
    said = f"--over {text!r}"
    if not close or not equals or not param:
        raise CommandError(f"{said} is not of the form 'Task(tag).param=value,value'.")
    try:
        written = Written(values).items() if values.startswith("[") else map(Written, values.split(","))
    except Misfit as misfit:
        raise CommandError(f"{said}: {misfit}.") from None
    return Axis(f"{head}).{param}", tuple(written), said)


def _of_file(path: str) -> list[Axis]:
    settings, arguments = read_params(path)
    if arguments:
        raise CommandError(f"{path}: a sweep is over params of tasks, not over {PIPELINE}.{next(iter(arguments))}.")
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
