"""Audit of the files that a task reads, by an audit hook (PEP 578) in the task's own process.

What a task reads without saying so is an input that its key does not know. Counted are files below the current folder
or the home folder; left out are modules, installed packages, whatever lies in a hidden folder (caches and settings of
libraries), the store, and files the task has written itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyperunner_dag import File, Folder

__all__ = ["ReadAudit", "undeclared_reads"]

_LIMIT = 200  # names kept per task
_MODULES = (".py", ".pyc", ".pyi", ".so", ".pyd", ".dylib")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class ReadAudit:
    """Listens while it is entered; ``found`` says what was read. A hook can't be taken out, so use one per process.

    Args:
        ignore: Folders that don't count, such as the store's.
    """

    def __init__(self, ignore: Iterable[str] = ()) -> None:
        self._ignore = tuple(_folder(path) for path in (*ignore, sys.prefix, sys.base_prefix, sys.exec_prefix))
        home = os.path.expanduser("~")  # noqa: PTH111 - for a user without a home it is no error, and stays what it is
        # Below the root lies all that a program reads anyway, and a folder that was removed has no name.
        roots = [_folder(path) for path in (".", home) if path == "." or Path(path).is_absolute()]
        self._roots = tuple(root for root in roots if root not in ("", os.sep))
        self._read: dict[str, None] = {}
        self._written: set[str] = set()
        self._listening = self._installed = False

    def __enter__(self) -> ReadAudit:
        self._read, self._written = {}, set()
        self._listening = True
        if not self._installed:
            sys.addaudithook(self._hear)
            self._installed = True
        return self

    def __exit__(self, *_: object) -> None:
        self._listening = False

    def found(self) -> list[str]:
        """Return the files that were read, absolute, in the order of their first reading."""
        return [path for path in self._read if path not in self._written and self._counts(path)]

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not self._listening:
            return
        path, _, flags = arguments
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str) and isinstance(flags, int):
            path = os.path.realpath(path)
            if flags & _WRITING:
                self._written.add(path)
            elif len(self._read) < _LIMIT and not path.endswith(_MODULES):
                self._read[path] = None

    def _counts(self, path: str) -> bool:
        root = next((root for root in self._roots if path.startswith(root)), None)
        if root is None or path.startswith(self._ignore) or not Path(path).is_file():
            return False
        return not any(part.startswith(".") for part in Path(path).relative_to(root).parts)


def undeclared_reads(audit: ReadAudit, declared: Iterable[File | Folder]) -> list[str]:
    """Return the files that a task has read although it was not given them as a ``File`` or in a ``Folder``.

    Args:
        audit: Has listened to the task.
        declared: What it was given.
    """
    read = audit.found()
    items = list(declared) if read else []
    return [path for path in read if not any(item.covers(path) for item in items)]


def _folder(path: str) -> str:
    try:
        return os.path.join(os.path.realpath(path), "")
    except FileNotFoundError:
        return ""
