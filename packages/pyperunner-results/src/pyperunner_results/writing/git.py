"""Git repositories: their state, asked with two short processes each, all of them side by side."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyperunner_results.credentials import strip_credentials

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from pyperunner_results.schema import Repository

__all__ = ["GitQuery", "repository_roots"]

_TIMEOUT = 5.0
# No lock is taken in the user's repository, and no monitor that its configuration may name is started.
_GIT = ("git", "-c", "core.fsmonitor=false", "--no-optional-locks")
_STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=no")
_KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM")
"""Variables about git and its user. The others speak of a repository, that of a hook or an alias."""
_REMOTES = ("config", "--get-regexp", r"^remote\..*\.url$")


def repository_roots(folders: Iterable[Path]) -> list[Path]:
    """Return the roots of the git repositories that hold ``folders``, in order, found without asking git."""
    roots: dict[Path, None] = {}
    seen: set[Path] = set()
    for start in folders:
        folder = start
        while folder not in seen:
            seen.add(folder)
            if (folder / ".git").exists():
                roots[folder] = None
                break
            folder = folder.parent
    return list(roots)


class GitQuery:
    """Questions to git that run while something else is done.

    Args:
        roots: Roots of repositories.
    """

    def __init__(self, roots: Iterable[Path]) -> None:
        self._asked = [(_start(root, _STATUS), _start(root, _REMOTES)) for root in roots]
        self._deadline = time.monotonic() + _TIMEOUT

    def answers(self) -> list[Repository]:
        """Return ``{url, commit, dirty}`` of each repository.

        ``url`` is that of ``origin`` or the first remote, without credentials; ``commit`` is ``None`` before the first
        commit; ``dirty`` says whether tracked files differ from the commit. What git could not say is ``None``.
        """
        return [self._answer(*processes) for processes in self._asked]

    def _answer(self, status: subprocess.Popen[str] | None, remotes: subprocess.Popen[str] | None) -> Repository:
        lines = self._lines(status)
        commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), None)
        urls = dict(line.partition(" ")[::2] for line in self._lines(remotes))
        url = urls.get("remote.origin.url") or next(iter(urls.values()), None)
        return {
            "url": strip_credentials(url) if url else None,
            "commit": None if commit == "(initial)" else commit,
            "dirty": any(not line.startswith("#") for line in lines) if lines else None,
        }

    def _lines(self, process: subprocess.Popen[str] | None) -> list[str]:
        if process is None:
            return []
        import subprocess

        try:
            text, _ = process.communicate(timeout=max(0.0, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            return []
        return text.splitlines() if process.returncode == 0 else []


def _start(root: Path, arguments: tuple[str, ...]) -> subprocess.Popen[str] | None:
    import subprocess

    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    env = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    env |= {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"}
    try:
        return subprocess.Popen(
            [*_GIT, *arguments],
            cwd=root,
            env=env,
            stdin=nothing,
            stdout=pipe,
            stderr=nothing,
            text=True,
            errors="replace",
        )
    except OSError:
        return None
