"""Errors about records, as sentences for people.

ResultsError
├── NotARun (ValueError)          a folder or file that holds no run
├── YamlError (ValueError)        a YAML file that is refused or cannot be read
├── RecordError (ValueError)      a value that a record cannot keep
├── UnknownTask (KeyError)        a name that no task of the run has
├── OutputMissing (KeyError)      an output that is no longer in the store
│   └── TaskUnsuccessful          that of a task that failed or could not run
└── StoreUnavailable (RuntimeError)  outputs that cannot be opened
"""

from __future__ import annotations

from collections.abc import Iterable

from pyperunner_results.former_names import formerly
from pyperunner_text.errors import FactError

__all__ = [
    "NotARun",
    "OutputMissing",
    "RecordError",
    "ResultsError",
    "StoreUnavailable",
    "TaskUnsuccessful",
    "UnknownTask",
    "YamlError",
    "near",
]


@formerly("_errors")
class ResultsError(FactError):
    """Base of all errors of this package."""

    def __reduce__(self) -> tuple[object, ...]:
        # With attributes and args, as in the keys that 0.2.0 made of errors.
        return (type(self), self.args, self.__dict__) if self.__dict__ else (type(self), self.args)


@formerly("_errors")
class NotARun(ResultsError, ValueError):
    """A folder or file that does not hold the record of a run.

    Args:
        path: What was looked at.
        reason: What is wrong with it, as a clause.
    """

    path: str
    reason: str
    template = "{path!r} is not the record of a run that can be read: {reason}."


@formerly("_errors")
class YamlError(ResultsError, ValueError):
    """A YAML text that is refused or malformed.

    Args:
        source: File name or another name of the text.
        reason: What is wrong, as a clause.
        line: Line number, from 1; 0 if it concerns the whole text.
    """

    source: str
    reason: str
    line: int = 0

    def sentence(self) -> str:
        """Return the error's text."""
        where = f"{self.source}, line {self.line}" if self.line else self.source
        return f"{where}: {self.reason}."


@formerly("_errors")
class RecordError(ResultsError, ValueError):
    """A value that a record cannot keep.

    Args:
        where: Path of the value inside what was to be recorded, such as ``tasks.Load().params.lock``.
        type_name: Its type.
    """

    where: str
    type_name: str

    def sentence(self) -> str:
        """Return the error's text."""
        return (
            f"{self.where or 'the record'} is a {self.type_name}, which YAML cannot keep. Records hold builtins only: "
            "None, bool, int, float, str, date, list and dict."
        )


@formerly("_errors")
class UnknownTask(ResultsError, KeyError):
    """A name that no task of the run has.

    Args:
        name: What was asked for.
        pipeline: The pipeline's name.
        similar: Task names that look like it.
    """

    name: str
    pipeline: str
    similar: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the error's text."""
        hint = f" Did you mean {' or '.join(map(repr, self.similar))}?" if self.similar else ""
        return f"The run of pipeline {self.pipeline!r} has no task {self.name!r}.{hint}"


_ABSENT = "it was never made, was removed or is damaged"


@formerly("_errors")
class OutputMissing(ResultsError, KeyError):
    """An output that is not, or no longer, in the store.

    Args:
        task: Name of the task.
        key: Key of its output.
        store: Where it was looked for.
        remedy: How to make it again, as a clause.
        why: Why it is not there, as a clause.
    """

    task: str
    key: str
    store: str
    remedy: str = "run the pipeline again"
    why: str = _ABSENT
    template = (
        "The output of task {task!r} is not in the store {store!r} (key {key!r}): {why}. To make it again, {remedy}. "
        "If the store was moved, call set_data_path(…)."
    )

    def sentence(self) -> str:
        """Return the error's text; of an output that is there and cannot be loaded it says so."""
        text = super().sentence()
        return text if self.why == _ABSENT else text.replace("is not in", "cannot be loaded from", 1)


class TaskUnsuccessful(OutputMissing):
    """The output of a task that failed in the run, or could not run, whatever another run has stored.

    Args:
        task: Name of the task.
        key: Key of its output.
        store: Where it would be.
        remedy: How to make it, as a clause.
        why: What became of the task, as a clause.
    """

    template = "Task {task!r} has no output in this run: {why}. To make it again, {remedy}."


@formerly("_errors")
class StoreUnavailable(ResultsError, RuntimeError):
    """Outputs that cannot be opened.

    Args:
        store: Path or URL, without credentials.
        reason: What is wrong and what to do, as a sentence.
    """

    store: str
    reason: str

    def sentence(self) -> str:
        """Return the error's text; a reason in the words of a store may have lines of its own."""
        return f"Cannot open the store {self.store!r}: {self.reason}"


def near(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """Return up to ``count`` of ``names`` that look like ``name``, the nearest first."""
    import difflib

    folded = {other.casefold(): other for other in names}
    hits = difflib.get_close_matches(name.casefold(), list(folded), n=count, cutoff=0.5)
    parts = [other for low, other in folded.items() if name and name.casefold() in low]
    return list(dict.fromkeys([folded[hit] for hit in hits] + parts))[:count]
