"""Errors of tasks that ran: what became of a process. They stand in ``errors``, whose tree shows all."""

from __future__ import annotations

from pyperunner_runner.base_error import RunnerError

__all__ = ["TaskDied", "TaskExited", "TaskKilled", "TaskOutOfMemory", "TaskTimedOut", "WorkerLost", "in_bytes"]


class TaskDied(RunnerError):
    """The process of a task ended without handing over a result."""

    task: str
    how: str

    def sentence(self) -> str:
        """Return the error's text."""
        return f"{self.task}: {self.how}"


class TaskExited(TaskDied):
    """The task's process called exit before its result was stored."""


class WorkerLost(TaskDied):
    """The machine or worker that carried out the task is out of reach, so nobody knows how it ended."""


class TaskKilled(TaskDied):
    """A signal ended the task's process."""


class TaskTimedOut(TaskKilled, TimeoutError):
    """The task ran longer than its timeout allows, and was ended with all processes it had started."""

    def __init__(self, task: str, timeout: float) -> None:
        more_time = "Raise the timeout, or see in its log what it waited for."
        super().__init__(task, f"ran longer than its timeout of {timeout:g} s and was ended. {more_time}")
        self.timeout = timeout
        self.args = (task, timeout)


class TaskOutOfMemory(TaskKilled, MemoryError):
    """The task was ended because it used more memory than it may, or by the system for want of memory."""

    def __init__(self, task: str, peak: int | None, limit: int | None = None) -> None:
        seen = "" if peak is None else f", peak seen {in_bytes(peak)}"
        if limit is None:
            how = f"killed, likely out of memory{seen}. Let fewer tasks run at once, or let it use less."
        else:
            how = f"killed, out of memory: its memory_limit is {in_bytes(limit)}{seen}. Raise it, or let it use less."
        super().__init__(task, how)
        self.peak = peak
        self.limit = limit
        self.args = (task, peak, limit)


def in_bytes(number: int) -> str:
    """Return ``1.5 GiB`` for 1610612736."""
    amount, unit = float(number), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.3g} {unit}"
