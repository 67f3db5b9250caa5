"""Files: they are replaced whole, or grow by whole lines; those that a stranger may have made are read with care."""

from __future__ import annotations

import errno
import os
import stat
import warnings
import weakref
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

__all__ = ["Appender", "Losses", "make_folder", "make_folders", "open_regular", "replace_file"]

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
_MODE = 0o644
_MOST_HELD = 64 << 10  # bytes


def open_regular(path: str | os.PathLike[str], *, follow: bool = False) -> IO[bytes]:
    """Open a file for reading, if it is one: a pipe or a device would be waited for, or have no end.

    Args:
        path: The file.
        follow: Whether it may be a link; else what a stranger put into a run folder could be another file of yours.

    Raises:
        OSError: It is not there, can't be read, or is no regular file.
    """
    fd = os.open(path, os.O_RDONLY | _NO_WAIT | _BINARY | (0 if follow else _NO_FOLLOW))
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "It is no regular file", os.fspath(path))
        return os.fdopen(fd, "rb")
    except BaseException:
        os.close(fd)
        raise


def replace_file(path: str, data: bytes | Iterable[bytes]) -> None:
    """Write ``data`` to ``path`` so that a reader sees the old file or the new one, never a part.

    Args:
        path: The file.
        data: Its content, or the pieces of it.

    Raises:
        OSError: The file could not be written; the temporary file is gone and ``path`` is as it was.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY, _MODE)
    try:
        try:
            for piece in [data] if isinstance(data, bytes) else _together(data):
                _write_all(fd, piece)
        finally:
            os.close(fd)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _together(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield small pieces together."""
    some, size = [], 0
    for piece in pieces:
        some.append(piece)
        size += len(piece)
        if size >= _MOST_HELD:
            yield b"".join(some)
            some, size = [], 0
    yield b"".join(some)


def make_folder(path: Path, mode: int) -> None:
    """Make a folder that its owner can enter and write to, under any umask.

    Raises:
        FileExistsError: There is something.
    """
    path.mkdir(mode)
    made = stat.S_IMODE(path.stat().st_mode)
    if made & stat.S_IRWXU != stat.S_IRWXU:
        path.chmod(made | stat.S_IRWXU)


def make_folders(path: Path, mode: int) -> None:
    """Make a folder and those above it, as far as they are not there, as ``make_folder`` does."""
    for folder in (*reversed(path.parents), path):
        if folder.is_dir():
            continue
        try:
            make_folder(folder, mode)
        except FileExistsError:
            if folder == path and not path.is_dir():  # else somebody was quicker, or the next one says it
                raise


class Losses:
    """What a record loses, because its disk is full or gone, which does not end a run: warned of once for all files.

    Args:
        place: Where the record is.
    """

    def __init__(self, place: str) -> None:
        self._place = place
        self._warned = False

    def replace(self, path: str, data: bytes | Iterable[bytes]) -> None:
        """Do as ``replace_file`` does, if it can be done."""
        try:
            replace_file(path, data)
        except OSError as error:
            self.note(path, error)

    def note(self, path: str, error: Exception) -> None:
        """Warn that something of a file is lost, if nothing was before."""
        if not self._warned:
            self._warned = True
            message = f"the record in {self._place!r} is not complete, something of {Path(path).name} is lost: {error}"
            warnings.warn(message, RuntimeWarning, stacklevel=4)


class Appender:
    """A file that grows by whole lines, made when the first line comes.

    Every call of ``write`` is one to the system, so what was written outlives the process. A disk that is full or gone
    does not end the run: later lines are tried again, and a line cut short is ended first. A process that is forked has
    no part in the file.

    Args:
        path: The file.
        losses: Hears of lines that could not be written.
    """

    def __init__(self, path: str, losses: Losses | None = None) -> None:
        self.path = path
        self._losses = losses or Losses(path)
        self._fd = -1
        self._torn = False
        self._held: list[bytes] = []
        self._held_size = 0
        _appenders.add(self)

    def hold(self, lines: bytes) -> None:
        """Append ``lines`` together with the next ones: with ``write``, ``flush``, or as soon as there are many."""
        self._held.append(lines)
        self._held_size += len(lines)
        if self._held_size > _MOST_HELD:
            self.flush()

    def flush(self) -> None:
        """Write what is held, in one call."""
        if self._held:
            self.write(b"")

    def write(self, lines: bytes) -> None:
        """Append ``lines``, which ends with a line feed, behind those that are held."""
        if self._held:
            lines = b"".join([*self._held, lines])
            self._held, self._held_size = [], 0
        try:
            if self._fd < 0:
                flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_FOLLOW | _BINARY
                self._fd = os.open(self.path, flags, _MODE)
            if self._torn:
                _write_all(self._fd, b"\n")
                self._torn = False
            if os.write(self._fd, lines) != len(lines):
                self._torn = True
                raise OSError("the disk took only a part of the line")
        except OSError as error:
            self._losses.note(self.path, error)

    def close(self) -> None:
        """Close the file, with what is held in it; writing again opens it again."""
        self.flush()
        self.drop()

    def drop(self) -> None:
        """Close the file, without what is held."""
        self._held, self._held_size = [], 0
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


_appenders: weakref.WeakSet[Appender] = weakref.WeakSet()


def _close_all() -> None:
    for appender in _appenders:
        appender.drop()


if hasattr(os, "register_at_fork"):
    # What runs in a forked process may write to each descriptor that it finds.
    os.register_at_fork(after_in_child=_close_all)


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
