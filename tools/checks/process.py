"""Runs a command and judges what came of it."""

from __future__ import annotations

import os
import random
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checks import adopt
from checks.environment import ROOT, installers_variables, variables

__all__ = ["Completed", "Outcome", "install", "pytest", "run", "tell"]

_LIMIT = 900.0  # seconds after which a command counts as hung
_MOST_REPEATED = 10  # failed tests that are named in the command that repeats them
_SKIPPED = re.compile(r"^SKIPPED \[(\d+)\] .*?:\d+: (.*)$", re.MULTILINE)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|xfailed|xpassed)\b")


@dataclass(frozen=True)
class Outcome:
    """What came of a step.

    Args:
        output: What a failure printed; empty if all is well.
        passed: Tests (or single checks) that passed.
        failed: Tests (or single checks) that failed.
        skipped: How many tests were skipped, for each reason.
        repeat: Commands that repeat what failed and no more.
    """

    output: str = ""
    passed: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    repeat: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.failed == 0

    def __add__(self, other: Outcome) -> Outcome:
        output = "\n".join(part for part in (self.output, other.output) if part)
        skipped, repeat = self.skipped + other.skipped, self.repeat + other.repeat
        return Outcome(output, self.passed + other.passed, self.failed + other.failed, skipped, repeat)


@dataclass(frozen=True)
class Completed:
    """A command that has ended.

    Args:
        command: The command as one line.
        code: Its exit code.
        output: All that it printed.
    """

    command: str
    code: int
    output: str

    @property
    def outcome(self) -> Outcome:
        """The command as a single check: it passed if it exited with 0."""
        return Outcome(passed=1) if self.code == 0 else Outcome(f"$ {self.command}\n{self.output}", failed=1)


def tell(what: str) -> None:
    """Print a line on what a step does or has found."""
    print(f"     {what}", flush=True)


def run(command: Sequence[object], added: Mapping[str, str] | None = None, *, cwd: object = ROOT) -> Completed:
    """Run a command to its end, or end it when it hangs. It fails if it leaves a process behind, which is ended, too.

    Args:
        command: Program and arguments.
        added: Variables to add to those of ``environment.variables()``.
        cwd: Folder to run it in.
    """
    return _run(command, variables(), added or {}, cwd)


def install(command: Sequence[object], *, cwd: object = ROOT) -> Completed:
    """Run a command that installs something; it gets the variables of ``environment.installers_variables()``.

    Args:
        command: Program and arguments.
        cwd: Folder to run it in.
    """
    return _run(command, installers_variables(), {}, cwd)


def _run(command: Sequence[object], base: Mapping[str, str], added: Mapping[str, str], cwd: object) -> Completed:
    words = [str(word) for word in command]
    adopter = [sys.executable, adopt.__file__, str(os.getpid())] if sys.platform == "linux" else []
    process = subprocess.Popen(
        [*adopter, *words],
        cwd=str(cwd),
        env={**base, **added},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=_LIMIT)
    except BaseException as reason:
        process.terminate()
        rest = process.communicate()[0]
        if not isinstance(reason, subprocess.TimeoutExpired):
            raise
        output = f"{rest}\nended after {_LIMIT:.0f} s"
    settings = [f"{name}={shlex.quote(value)}" for name, value in added.items()]
    return Completed(" ".join([*settings, shlex.join(words)]), process.returncode, output)


def pytest(interpreter: Sequence[object], *arguments: object, added: Mapping[str, str] | None = None) -> Outcome:
    """Run pytest at the root and count its tests.

    Args:
        interpreter: A Python and its options.
        arguments: Arguments of pytest.
        added: Environment variables to add.
    """
    # Workers must collect the same tests in the same order, so they share a hash seed; the next run has another.
    seed = {"PYTHONHASHSEED": str(random.randrange(2**32))}
    done = run([*interpreter, "-m", "pytest", "-q", "--color=no", "--tb=short", *arguments], {**seed, **(added or {})})
    summary = next((line for line in reversed(done.output.splitlines()) if _COUNT.search(line)), "")
    counts = {what: int(number) for number, what in _COUNT.findall(summary)}
    passed = counts.get("passed", 0) + counts.get("xfailed", 0)
    failed = sum(number for what, number in counts.items() if what not in {"passed", "xfailed"})
    skipped: Counter[str] = Counter()
    for number, reason in _SKIPPED.findall(done.output):
        skipped[reason] += int(number)
    failures = list(dict.fromkeys(_FAILED.findall(done.output)))[:_MOST_REPEATED]
    python = str(interpreter[0]).removeprefix(f"{ROOT}{os.sep}")
    repeat = shlex.join([python, *map(str, interpreter[1:]), "-m", "pytest", *failures])
    return Outcome(done.outcome.output, passed, failed or done.outcome.failed, skipped, (repeat,) if failures else ())
