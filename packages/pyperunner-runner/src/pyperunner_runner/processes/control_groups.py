"""Control groups of Linux, version 2: processes that end together, whatever parent, session or environment they took.

Source: the Linux kernel's document on control groups, version 2, there ``cgroup.kill`` and "Delegation"; and systemd's
on who may make groups where (CGROUP_DELEGATION).
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["ControlGroup", "folders_of_version_2", "own_paths"]

_DELEGATED = ("user.delegate", "trusted.delegate")
_REMOVE_SECONDS = 0.5
_PAUSE = 0.002


def own_paths(root: Path, pid: int | str = "self") -> Iterator[tuple[str, str]]:
    """Yield the controllers of each hierarchy and the path of the group in it that a process is in.

    Args:
        root: Where ``proc`` and ``sys`` are.
        pid: The process; this one by default.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in (root / f"proc/{pid}/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            yield controllers, path


def folders_of_version_2(root: Path) -> tuple[Path, Path]:
    """Return where the hierarchy of version 2 may be mounted: alone, and beside those of version 1."""
    return root / "sys/fs/cgroup", root / "sys/fs/cgroup/unified"


@light_dataclass(frozen=True)
class ControlGroup:
    """A group that a process enters, and with it all that it starts from then on. Without a folder it does nothing.

    Attributes:
        folder: Its folder.
    """

    folder: str = ""

    @staticmethod
    def make(name: str, root: str = "/") -> ControlGroup:
        """Make a group below the one that this process is in, if it may; it is empty.

        Those of the same kind go whose process was killed together with all that would have removed them.

        Args:
            name: Its name: a kind, a process and something of its own, with points between.
            root: Where ``proc`` and ``sys`` are.
        """
        for path in [path for controllers, path in own_paths(Path(root)) if not controllers]:
            for mount in folders_of_version_2(Path(root)):
                own = mount / path.lstrip("/")
                if (own / "cgroup.procs").exists() and _is_ours(own, path):
                    _sweep(own, name.partition(".")[0], Path(root, "proc"))
                    return _made(own / name)
        return ControlGroup()

    def enter(self) -> None:
        """Have this process in the group, if that is possible: it takes about ten milliseconds."""
        self._write("cgroup.procs", "0")

    def leave(self) -> None:
        """Have this process in the group above."""
        self._write("../cgroup.procs", "0")

    def kill(self) -> None:
        """Kill all processes in the group at one moment, those that it starts meanwhile too."""
        self._write("cgroup.kill", "1")

    def remove(self) -> None:
        """Remove the group, once its processes have ended; for a moment it is waited for that."""
        deadline = time.monotonic() + _REMOVE_SECONDS
        while self.folder:
            try:
                Path(self.folder).rmdir()
            except FileNotFoundError:
                return
            except OSError:
                if time.monotonic() > deadline:
                    return
                time.sleep(_PAUSE)

    def _write(self, file: str, text: str) -> None:
        if self.folder:
            # It is removed, the system has taken the right away, or a controller allows no such thing.
            with contextlib.suppress(OSError), open(f"{self.folder}/{file}", "w", encoding="ascii") as open_file:
                open_file.write(text)


def _sweep(folder: Path, kind: str, processes: Path) -> None:
    for left in folder.glob(f"{kind}.*.*"):
        if not (processes / left.name.split(".")[1]).exists():
            with contextlib.suppress(OSError):  # it is not empty
                left.rmdir()


def _made(folder: Path) -> ControlGroup:
    try:
        folder.mkdir()
    except OSError:
        return ControlGroup()
    if (folder / "cgroup.kill").exists():  # since Linux 5.14
        return ControlGroup(str(folder))
    folder.rmdir()
    return ControlGroup()


def _is_ours(folder: Path, path: str) -> bool:
    """Whether groups may be made below one: what others may write to was given to them, root may write everywhere."""
    if os.geteuid() != 0 or path == "/":
        return os.access(folder, os.W_OK)
    for name in _DELEGATED:
        with contextlib.suppress(OSError):
            return os.getxattr(folder, name) == b"1"
    return False
