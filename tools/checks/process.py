"""Runs a command and judges what came of it."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from checks.environment import ROOT, variables

__all__ = ["Completed", "Outcome", "pytest", "run"]

_LIMIT = 900.0  # seconds after which a command counts as hung
_SKIPPED = re.compile(r"^SKIPPED \[(\d+)\] .*?:\d+: (.*)$", re.MULTILINE)
_COUNT = re.compile(r"(\d+) (passed|failed|errors?|xfailed|xpassed)\b")


@dataclass(frozen=True)
class Outcome:
    """What came of a step.

    Args:
        output: What a failure printed; empty if all is well.
        passed: Tests (or single checks) that passed.
        failed: Tests (or single checks) that failed.
        skipped: How many tests were skipped, for each reason.
    """

    output: str = ""
    passed: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return self.failed == 0

    def __add__(self, other: Outcome) -> Outcome:
        output = "\n".join(part for part in (self.output, other.output) if part)
        skipped = self.skipped + other.skipped
        return Outcome(output, self.passed + other.passed, self.failed + other.failed, skipped)


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


def run(command: Sequence[object], added: Mapping[str, str] | None = None, *, cwd: object = ROOT) -> Completed:
    """Run a command to its end, or end its whole process group when it hangs.

    Args:
        command: Program and arguments.
        added: Environment variables to add.
        cwd: Folder to run it in.
    """
    words = [str(word) for word in command]
    process = subprocess.Popen(
        words,
        cwd=str(cwd),
        env={**variables(), **(added or {})},
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
        _kill_group(process)
        if not isinstance(reason, subprocess.TimeoutExpired):
            raise
        output = f"{process.communicate()[0]}\nended after {_LIMIT:.0f} s"
    settings = [f"{name}={value}" for name, value in (added or {}).items()]
    return Completed(" ".join([*settings, *words]), process.returncode, output)


def _kill_group(process: subprocess.Popen[str]) -> None:
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)


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
    lines = done.output.strip().splitlines() or [""]
    counts = {what: int(number) for number, what in _COUNT.findall(lines[-1])}
    passed = counts.get("passed", 0) + counts.get("xfailed", 0)
    failed = sum(number for what, number in counts.items() if what not in {"passed", "xfailed"})
    skipped: Counter[str] = Counter()
    for number, reason in _SKIPPED.findall(done.output):
        skipped[reason] += int(number)
    return Outcome(done.outcome.output, passed, failed or done.outcome.failed, skipped)
