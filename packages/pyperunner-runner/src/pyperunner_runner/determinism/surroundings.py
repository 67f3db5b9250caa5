"""Surroundings: a run elsewhere, with other hashes of texts, without the user's variables, in another folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["EVERYTHING", "changed_surroundings"]

EVERYTHING = ("order", "environment", "folder")
_TECHNICAL = {
    "PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX",
    "SYSTEMROOT", "TMPDIR", "TEMP", "TMP", "HOME", "USERPROFILE", "USER", "LOGNAME", "LANG", "LC_ALL", "LC_CTYPE",
    "PYTHONWARNINGS", "PYTHONHASHSEED", "PYTHONUTF8", "PYTHONPYCACHEPREFIX",
}  # fmt: skip
"""What a program needs to start at all, and to find its modules."""
_OTHER_ZONE = "NPT-5:45"
_SEEDS = {"order": "20011", "another order": "20021"}


@contextmanager
def changed_surroundings(what: Collection[str], folder: Path, keep: Collection[str]) -> Iterator[None]:
    """Change this process's surroundings for a while, for the processes that it starts meanwhile.

    Args:
        what: Some of ``EVERYTHING``, and ``"another order"``.
        folder: An empty folder to go to.
        keep: Environment variables that stay, because tasks declare them.
    """
    variables, here, path = dict(os.environ), _current_folder(), list(sys.path)
    try:
        for name in _SEEDS.keys() & set(what):
            os.environ["PYTHONHASHSEED"] = _SEEDS[name]
        if "environment" in what:
            for name in variables.keys() - _TECHNICAL - set(keep):
                del os.environ[name]
            os.environ["TZ"] = _OTHER_ZONE
        if "folder" in what:
            sys.path[:] = [os.path.abspath(each) for each in path]  # noqa: PTH100 - "" is the current folder
            folder.mkdir(parents=True, exist_ok=True)
            os.chdir(folder)
        yield
    finally:
        for name in os.environ.keys() - variables.keys():
            del os.environ[name]
        os.environ.update(variables)
        sys.path[:] = path
        if here is not None and "folder" in what:
            os.chdir(here)


def _current_folder() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:
        return None
