"""``File`` and ``Folder``: values that stand for what lies on disk.

They count by content. ``look`` reads it, as far as it is not remembered from an earlier time; ``recording`` notes which
of them are pickled, so that a store knows what its value depends on.
"""

from __future__ import annotations

import copyreg
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pyperunner_keys.encoding.encoders import ENCODERS
from pyperunner_keys.encoding.standard import as_tagged
from pyperunner_keys.errors import FileError
from pyperunner_keys.files.contents import (
    file_content,
    file_effort,
    folder_content,
    folder_effort,
    folder_signature,
    read_ahead,
)
from pyperunner_keys.files.signatures import FileDigest, file_signature, folder_files, matches

if TYPE_CHECKING:
    from pyperunner_keys.encoding.writer import Encoder

__all__ = ["File", "FileState", "Folder", "look", "look_ahead", "note", "record", "recording", "unread"]


class FileState(NamedTuple):
    """A file or folder as it was at one moment."""

    item: File | Folder
    digest: str
    signature: str
    """Empty where it cannot vouch for the content."""

    @property
    def label(self) -> str:
        """What a person calls it: ``File data.csv``."""
        return f"{type(self.item).__name__} {self.item.path}"

    def record(self) -> dict[str, str]:
        """Return builtins that say all but the signature, for ``FileState.of`` to read."""
        glob = {"glob": self.item.glob} if isinstance(self.item, Folder) else {}
        return {"path": self.item.path, "place": os.fspath(self.item), **glob, "digest": self.digest}

    @classmethod
    def of(cls, record: Mapping[str, str]) -> FileState:
        """Return what ``record`` was made of, in the current folder where it is no longer where it was.

        Raises:
            ValueError: It is no such record.
        """
        if not {"path", "place", "digest"} <= record.keys() or not all(
            isinstance(text, str) for text in record.values()
        ):
            raise ValueError("it is no record of a file or folder")
        if not os.path.isabs(record["place"]):
            raise ValueError("it says nothing of where a file or folder is")
        if "glob" in record:
            _check_glob(record["glob"])
        item: File | Folder = Folder.__new__(Folder) if "glob" in record else File.__new__(File)
        place = _moved(record["place"])
        known = {**record, "place": place, "path": place if os.path.isabs(record["path"]) else record["path"]}
        item.__setstate__(tuple(known[name] for name in ("path", "place", "glob") if name in known))
        return cls(item, record["digest"], "")

    def recheck(self) -> FileState | str:
        """Return it as it is now, or what is the matter if its content is another one (``File data.csv changed``)."""
        try:
            if self.signature and self.item._signature() == self.signature:
                return self
            now = look(self.item)
            return now if now.digest == self.digest else f"{self.label} changed"
        except FileError as error:
            return f"{self.label} is gone" if error.absent else f"{self.label} changed: {error.reason}"

    def effort(self, most: int) -> int | None:
        """Return how many bytes ``recheck`` would have to read, and ``None`` where it would look at too many names.

        Args:
            most: How many names of files and folders it may look at.

        Raises:
            FileError: It is not there or cannot be read.
        """
        if isinstance(self.item, Folder):
            return folder_effort(os.fspath(self.item), self.item.glob, self.item.path, most)
        return file_effort(os.fspath(self.item), self.item.path)

    def fault(self) -> str | None:
        """Return what is the matter if its content is another one by now (``File data.csv changed``), else ``None``."""
        now = self.recheck()
        return now if isinstance(now, str) else None


def _moved(place: str) -> str:
    """Return where a file or folder is by now if it was moved: below the current folder as it was below another one.

    Whoever looks at it there compares its content.
    """
    if os.path.lexists(place):
        return place
    try:
        here = os.getcwd()
    except OSError:  # there is no current folder
        return place
    parts = place.split(os.sep)[1:]
    tails = (os.path.join(here, *parts[start:]) for start in range(1, len(parts)))
    return next(filter(os.path.lexists, tails), place)


FileState.__module__ = "pyperunner_keys._file_values"  # under which keys and stored pickles know it


class OnDisk(os.PathLike[str]):
    """What files and folders have in common: where they are, and that they count by content."""

    __slots__ = ("_path", "_place")

    def __init__(self, path: str | os.PathLike[str]) -> None:
        found = os.fspath(path)
        if not isinstance(found, str):
            raise TypeError(f"a {type(self).__name__} takes a path as text, not {type(found).__name__}")
        self._path = found
        self._place = os.path.abspath(found)

    @property
    def path(self) -> str:
        """The path as it was given."""
        return self._path

    def __fspath__(self) -> str:
        """Return the absolute path: a relative one counts from where this object was made."""
        return self._place

    def __str__(self) -> str:
        return self._place

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._path!r})"

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._facts() == other._facts()

    def __hash__(self) -> int:
        return hash(self._facts())

    def __reduce__(self) -> tuple[Any, ...]:
        state = self._facts()
        if _recorded.get() is not None:
            # The digest belongs to the pickle: an equal path with another content is another value.
            state = (*state, record(self).digest)
        return copyreg.__newobj__, (type(self),), state  # type: ignore[attr-defined]

    def __setstate__(self, state: tuple[str, ...]) -> None:
        self._path, self._place = state[:2]

    def digest(self) -> str:
        """Return the digest of the content as it is now, 32 hex digits; what has not changed is not read again.

        Raises:
            FileError: It is not there or cannot be read.
        """
        return look(self).digest

    def covers(self, place: str) -> bool:
        """Return whether an absolute path, links resolved, is what this stands for or lies in it."""
        raise NotImplementedError

    def _facts(self) -> tuple[str, ...]:
        return (self._path, self._place)

    def _signature(self) -> str:
        raise NotImplementedError

    def _content(self) -> FileDigest:
        raise NotImplementedError


class File(OnDisk):
    """A file that counts by its content, not by where it lies.

    Give it as a param and the task runs again when the content changes; return it from a task and the task runs again
    when the file was changed or removed. It is a path: ``open(file)`` works.

    Args:
        path: Where it is; it need not be there yet.
    """

    __slots__ = ()
    __module__ = "pyperunner_keys"  # so that pickles do not depend on where it is defined

    def __init_subclass__(cls) -> None:
        raise TypeError("File cannot be subclassed")

    def covers(self, place: str) -> bool:
        """Return whether an absolute path, links resolved, is this file."""
        return place == os.path.realpath(self)

    def _signature(self) -> str:
        return file_signature(self._place, self._path)

    def _content(self) -> FileDigest:
        return file_content(self._place, self._path)


class Folder(OnDisk):
    """A folder that counts by the contents and relative names of the files in it, not by where it lies.

    Args:
        path: Where it is; it need not be there yet.
        glob: Which files count: ``*``, ``?`` and ``[…]`` as usual, ``**`` for any number of folders. Hidden files count
            like others, links to folders are followed, empty folders do not count.

    Raises:
        ValueError: The pattern is empty or leads out of the folder.
    """

    __slots__ = ("_glob",)
    __module__ = "pyperunner_keys"

    def __init__(self, path: str | os.PathLike[str], glob: str = "**/*") -> None:
        super().__init__(path)
        _check_glob(glob)
        self._glob = glob

    def __init_subclass__(cls) -> None:
        raise TypeError("Folder cannot be subclassed")

    def __repr__(self) -> str:
        return super().__repr__() if self._glob == "**/*" else f"Folder({self._path!r}, glob={self._glob!r})"

    @property
    def glob(self) -> str:
        """Which files count."""
        return self._glob

    def files(self) -> list[str]:
        """Return the absolute paths of the files that count, sorted by their relative names.

        Raises:
            FileError: The folder is not there or cannot be read.
        """
        return [place for _, place in folder_files(self._place, self._glob, self._path)]

    def covers(self, place: str) -> bool:
        """Return whether an absolute path, links resolved, is one of the files that count."""
        base = os.path.join(os.path.realpath(self), "")
        relative = place[len(base) :].replace(os.sep, "/")
        if place.startswith(base) and matches(relative, self._glob.split("/")):
            return True
        try:
            return place in map(os.path.realpath, self.files())  # a link may lead to it
        except FileError:
            return False

    def _signature(self) -> str:
        return folder_signature(self._place, self._glob, self._path)

    def _content(self) -> FileDigest:
        return folder_content(self._place, self._glob, self._path)

    def _facts(self) -> tuple[str, ...]:
        return (*super()._facts(), self._glob)

    def __setstate__(self, state: tuple[str, ...]) -> None:
        self._path, self._place, self._glob = state[:3]


def _check_glob(glob: str) -> None:
    if os.path.isabs(glob) or {"", ".", ".."} & {*glob.split("/")}:
        raise ValueError(f"not a pattern below a folder: {glob!r:.80}; write for example '*.csv' or '**/*.csv'")


_recorded: ContextVar[list[FileState] | None] = ContextVar("pyperunner files that are pickled", default=None)


@contextmanager
def recording() -> Iterator[list[FileState]]:
    """Note every ``File`` and ``Folder`` that is pickled, recorded or given to ``note`` in the body, as it is then.

    A pickle made there holds the digests of the contents.
    """
    found: list[FileState] = []
    token = _recorded.set(found)
    try:
        yield found
    finally:
        _recorded.reset(token)


def record(item: OnDisk) -> FileState:
    """Return a file or folder as it is now, and note it where ``recording`` is going on.

    Raises:
        FileError: It is not there or cannot be read.
    """
    state = look(item)
    note(state)
    return state


def note(state: FileState) -> None:
    """Say where ``recording`` is going on that what is loaded there holds this file or folder."""
    found = _recorded.get()
    if found is not None and state not in found:
        found.append(state)


def look_ahead(items: Iterable[File | Folder]) -> None:
    """Read what has to be read of many files, so that ``look`` finds them known; whatever fails does so there."""
    read_ahead(os.fspath(item) for item in items if isinstance(item, File))


def unread(item: File | Folder) -> FileState:
    """Return a state that says nothing about the content."""
    return FileState(item, "", "")


def look(item: OnDisk) -> FileState:
    """Return a file or folder as it is now; what is remembered under an unchanged signature is not read again.

    Raises:
        FileError: It is not there or cannot be read.
    """
    return FileState(cast("File | Folder", item), *item._content())


def _encoder(kind: type[OnDisk]) -> Encoder:
    write = as_tagged(f"pyperunner {kind.__name__}", lambda content: (content,))
    return lambda value, out: write(look(value).digest if out.file is None else out.file(value), out)


for _kind in (File, Folder):
    ENCODERS[_kind] = _encoder(_kind)
