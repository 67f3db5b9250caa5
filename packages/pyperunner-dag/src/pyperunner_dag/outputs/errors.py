"""Errors about the outputs of tasks and parts of them.

::

    TaskError
    ├── UnknownOutputError       + KeyError: a task declares no output of that name
    ├── PartMissingError         + LookupError: what a task needs a part of has no such part
    ├── OutputsDifferError       + ValueError: a task returned other outputs than it declares
    ├── ConditionError           + ValueError: what a condition puts out is neither true nor false
    ├── MapError                 + ValueError: what is to be mapped can't be
    └── NotYetKnownError         + LookupError: it is known only when something that is mapped over is
"""

from __future__ import annotations

from pyperunner_dag.errors import TaskError
from pyperunner_text.visible import visible

__all__ = [
    "ConditionError",
    "MapError",
    "NotYetKnownError",
    "OutputsDifferError",
    "PartMissingError",
    "UnknownOutputError",
]


class UnknownOutputError(TaskError, KeyError):
    """A task declares no output of a name."""

    name: str
    output: str | int
    known: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        from difflib import get_close_matches

        near = get_close_matches(str(self.output), self.known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join(self.known)
        return f"{visible(self.name)} has no output {visible(repr(self.output))}: it declares {known}{hint}"


class PartMissingError(TaskError, LookupError):
    """The output that a task needs a part of has no such part."""

    name: str
    part: str
    """The part, such as ``Load()['rows'][0]``."""
    step: str | int
    """What of the path is not there."""
    found: str
    """The type of what was found instead."""
    known: tuple[str, ...] = ()
    """Its keys, if it has any."""

    def sentence(self) -> str:
        """Return the error's text."""
        from difflib import get_close_matches

        near = get_close_matches(str(self.step), self.known, n=3, cutoff=0.5) or list(self.known[:5])
        hint = f"; there are {visible(', '.join(near))}" if near else ""
        what = f"a {visible(self.found)} has no {visible(repr(self.step))}{hint}"
        return f"{visible(self.name)} needs {visible(self.part)}, which is not there: {what}"


class OutputsDifferError(TaskError, ValueError):
    """A task returned other outputs than it declares, so nothing was stored."""

    name: str
    declared: tuple[str, ...]
    returned: str
    """What it returned, in words."""

    def sentence(self) -> str:
        """Return the error's text."""
        declared = ", ".join(self.declared)
        return f"{visible(self.name)} declares the outputs {declared} and returned {visible(self.returned)}"


class ConditionError(TaskError, ValueError):
    """What a condition puts out is neither true nor false."""

    name: str
    condition: str
    found: str
    """The type of what it puts out."""
    template = (
        "{name}: its condition {condition} puts out a {found}, which is neither true nor false; "
        "let it return True or False"
    )


class MapError(TaskError, ValueError):
    """What is to be mapped can't be."""

    name: str
    problem: str
    template = "{name}: {problem}"


class NotYetKnownError(TaskError, LookupError):
    """Something is known only when what is mapped over is."""

    name: str
    what: str
    waits_for: str
    template = "{name}: its {what} is known only when {waits_for} is; hash() is that of the pipeline as it is written"
