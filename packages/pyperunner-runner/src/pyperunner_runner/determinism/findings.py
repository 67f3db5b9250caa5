"""Findings: what a task depends on besides what its key knows, in words, each with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "Finding",
    "TaskCheck",
    "depends_on",
    "differs_each_time",
    "differs_from_stored",
    "reads_undeclared",
]

_MOST_NAMED = 5
_TIME = re.compile(
    r"\b(?:datetime|date|time|Timestamp|pd|dt)\."
    r"(?:now|utcnow|today|time|time_ns|localtime|gmtime|perf_counter|monotonic)\b"
)
_CHANCE = re.compile(
    r"\b(?:uuid[14]|urandom|SystemRandom|default_rng\(\s*\)|RandomState\(\s*\)|Random\(\s*\)|secrets\.\w+|token_hex)"
)
_THREADS = re.compile(
    r"\b(?:ThreadPool\w*|threading|ProcessPool\w*|as_completed|imap_unordered|n_jobs|multiprocessing)\b"
)


@dataclass(frozen=True)
class Finding:
    """Something that a task depends on.

    Attributes:
        kind: ``"time"``, ``"chance"``, ``"order"``, ``"unknown"``, ``"environment"``, ``"folder"``, ``"files"``,
            ``"before"``, ``"surroundings"`` or ``"not stored"``.
        text: What was seen, in one sentence.
        remedy: What to do about it.
        details: Where outputs differ, or which files or variables they are.
    """

    kind: str
    text: str
    remedy: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskCheck:
    """What was found of one task.

    Attributes:
        name: The task.
        state: ``"same"``: it made the same output again, with nothing undeclared; ``"depends"``: see the findings;
            ``"not stored"``: there is nothing to compare with.
        findings: What it depends on.
    """

    name: str
    state: Literal["same", "depends", "not stored"]
    findings: tuple[Finding, ...] = ()

    def lines(self) -> Iterator[str]:
        """Yield the task with its state, and below it each finding with its remedy."""
        state = {"same": "the same again", "depends": "depends on more than its key", "not stored": "no stored output"}
        yield f"{self.name}: {state[self.state]}"
        for finding in self.findings:
            yield f"  {finding.text}"
            for line in finding.details[:_MOST_NAMED]:
                yield f"    {line}"
            if len(finding.details) > _MOST_NAMED:
                yield f"    … and {len(finding.details) - _MOST_NAMED} more"
            yield f"  → {finding.remedy}"


_SEEDED = "take random numbers from what a run seeds (`random`, `numpy.random`), or give a seed as a param"


def differs_each_time(what: str, differences: Iterable[str], sources: Iterable[str]) -> Finding:
    """Return what is to be said of a task that does not do the same again where nothing has changed.

    Args:
        what: What it did instead: ``its output differs``, or an error.
        differences: Where outputs differ.
        sources: The text of its code, in which what may be the cause is looked for.
    """
    code = "\n".join(sources)
    hints = (
        ("time", _TIME, "the time", "give the time as a param, so that it counts in the key"),
        ("chance", _CHANCE, "chance", _SEEDED),
        ("order", _THREADS, "the order of threads or processes", "put what they return into an order of its own"),
    )
    for kind, pattern, on, remedy in hints:
        if found := pattern.search(code):
            seen = f"its code mentions {found.group()}, so it may depend on {on}"
            text = f"run again with nothing changed, {what}; {seen}"
            return Finding(kind, text, remedy, tuple(differences))
    remedy = "look for the time, unseeded random numbers, threads, and what it reads from a network or a database"
    return Finding("unknown", f"run again with nothing changed, {what}", remedy, tuple(differences))


_ON = {
    "order": (
        "where texts hash differently",
        "sort what comes out of sets, and keep hash() and id() out of what it returns",
    ),
    "environment": (
        "without environment variables of yours and in another time zone",
        "give what it takes from the environment as a param or among its options (`env={…}`)",
    ),
    "folder": (
        "in another current folder",
        "give files that it reads as `File` or `Folder` params, and name no relative paths in its code",
    ),
    "surroundings": (
        "in another folder, without your environment variables, and where texts hash differently, all at once",
        "see that it takes files, variables and orders from its params",
    ),
}


def differs_from_stored(differences: Iterable[str]) -> Finding:
    """Return what is to be said of a task that makes the same each time, but not what is stored."""
    text = "it makes the same each time now, but not what is stored"
    remedy = (
        "find out what was different then: variables, files, a network, a database, the day; and give it as a param"
    )
    return Finding("before", text, remedy, tuple(differences))


def depends_on(kind: str, what: str, details: Iterable[str]) -> Finding:
    """Return what is to be said of a task that does something else when one thing is changed."""
    where, remedy = _ON[kind]
    return Finding(kind, f"{where}, {what}", remedy, tuple(details))


def reads_undeclared(files: Iterable[str]) -> Finding:
    """Return what is to be said of a task that reads files which its key does not know."""
    remedy = "give them as `File` or `Folder` params: then they count in the key"
    return Finding("files", "it reads files that its key does not know", remedy, tuple(files))
