"""Errors of runs whose tasks are carried out elsewhere."""

from __future__ import annotations

from pyperunner_runner.errors import RunnerError

__all__ = ["ClusterLost", "WorkersUnfit"]

_LISTED = 10


class WorkersUnfit(RunnerError, ValueError):
    """Workers that were there when the run began lack something that its tasks need.

    Attributes:
        problems: What is lacking, and what to do about it, by the name of each worker.
    """

    problems: dict[str, tuple[str, ...]]

    def sentence(self) -> str:
        """Return the error's text."""
        alike: dict[str, list[str]] = {}
        for worker, problems in self.problems.items():
            for problem in problems:
                alike.setdefault(problem, []).append(worker)
        lines = [f"{_listing(workers)}: {problem}" for problem, workers in alike.items()]
        return "\n".join(["workers lack what the tasks need. Nothing was started.", *lines])


class ClusterLost(RunnerError, ConnectionError):
    """What the workers are reached through is gone."""

    cluster: str
    cause: str
    template = (
        "{cluster} is out of reach: {cause}. What ran there was ended by the workers themselves; "
        "what was stored is stored. Start it again, and run once more."
    )


def _listing(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
