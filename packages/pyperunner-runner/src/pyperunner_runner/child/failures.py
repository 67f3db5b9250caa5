"""Failures: turns an exception into text that always travels, and back into an exception on the other side.

An exception is code of the user's: its text, its class, its way into a pickle may do anything, raise and exit too.
"""

from __future__ import annotations

import io
import linecache
import stat
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from pyperunner_runner.errors import TaskExited
from pyperunner_runner.ports import Failure
from pyperunner_text.masking import NO_SECRETS, Masking

__all__ = ["describe_failure", "full_name", "rebuild"]

_OWN_PACKAGES = ("pyperunner_dag", "pyperunner_runner")
_PICKLE_LIMIT = 1 << 20  # an exception that drags a data set along is described, not sent
_MOST_SOURCE = 64 << 20
_MOST_FRAMES = 2000
_BEGINNING, _END = 192 << 10, 64 << 10
"""Characters that are kept of a long text; where it fails is said at its end."""


def describe_failure(task: str, error: BaseException) -> Failure:
    """Return what there is to say about an exception that ended a task.

    The traceback begins at the first frame outside this project, the user's. A text of more than 256 KiB is kept
    without its middle, and written to standard error as a whole.
    """
    if issubclass(type(error), SystemExit):
        error = TaskExited(task, f"called sys.exit({_exit_code(error)})").with_traceback(error.__traceback__)
    kind, message = type(error), _message(error)
    pieces = _traceback_of(error, message)
    if hint := _without_terminal(task, error):
        message = f"{message}: {hint}" if message else hint
        pieces = [*pieces, f"{hint}\n"]
    masking = _masking()
    text = _bounded(pieces, masking)
    pickled = _pickled(error) if len(message) < _PICKLE_LIMIT else None
    bases = tuple(full_name(base) for base in _fact_of(kind, "__mro__"))
    return Failure(_fact_of(kind, "__qualname__"), _shortened(message, masking), text, pickled, bases)


def rebuild(failure: Failure) -> Exception:
    """Return the original exception where it survived the journey, else a stand-in of the same name and text.

    This runs code of the user's, so it is for whoever asks for the exception itself.
    """
    if failure.pickled is not None:
        import pickle

        try:
            error = pickle.loads(failure.pickled)
        except BaseException:  # whatever its __reduce__ does, the text is still there
            error = None
        if issubclass(type(error), Exception):
            return cast("Exception", error)
    name = failure.type.rpartition(".")[2]
    if not name.isidentifier():
        name = "Exception"
    stand_in: type[Exception] = type(name, (Exception,), {"__module__": "remote"})
    return stand_in(failure.message)


def _without_terminal(task: str, error: BaseException) -> str:
    """Return what to do about a task that asks somebody: a process without a terminal has nobody to ask."""
    # By identity alone: what a class of the user's says of itself runs its code.
    bases = _fact_of(type(error), "__mro__")
    gave_up = getattr(sys.modules.get("bdb"), "BdbQuit", EOFError)
    asks = ((EOFError, "input()"), (gave_up, "breakpoint()"))
    asked = next((what for kind, what in asks for base in bases if base is kind), "")
    if not asked or _has_terminal():
        return ""
    return (
        f"{asked} finds no terminal in the process of a task. To have one: pyperunner debug latest '{task}', "
        "or run with --executor inline"
    )


def _has_terminal() -> bool:
    try:
        return sys.stdin.isatty()
    except Exception:  # it is closed, or a stand-in
        return False


def _fact_of(kind: type, name: str) -> Any:
    """Return an attribute that every class has, whatever its metaclass says."""
    return vars(type)[name].__get__(kind)


def full_name(kind: type) -> str:
    """Return module and qualified name of a class."""
    module = _fact_of(kind, "__module__")
    return f"{module if type(module) is str else '?'}.{_fact_of(kind, '__qualname__')}"


def _exit_code(error: BaseException) -> str:
    try:
        code = vars(SystemExit)["code"].__get__(error)
        return "" if code is None else _plain(repr(code))
    except BaseException as trouble:
        return f"<its code can't be shown: {_fact_of(type(trouble), '__qualname__')}>"


def _message(error: BaseException) -> str:
    try:
        return _plain(str(error))
    except BaseException as trouble:
        return f"<its text can't be read: {_fact_of(type(trouble), '__qualname__')}>"


def _plain(text: str) -> str:
    """Return a text as ``str`` itself; ``__str__`` may give one of a class of its own."""
    return str.__str__(text)


def _traceback_of(error: BaseException, message: str) -> Sequence[str]:
    """Return the formatted traceback in pieces; of what can't be formatted, its frames and its text."""
    frames: TracebackType | None = None
    try:
        frames = _both_ends(_user_frames(error.__traceback__))
        told = traceback.TracebackException(type(error), error, frames, limit=-_MOST_FRAMES, lookup_lines=False)
        _leave_out_what_is_no_source(_files_of(told))
        return list(told.format())
    except BaseException:
        _leave_out_what_is_no_source({frame.tb_frame.f_code.co_filename for frame in _each(frames)})
        return [*traceback.format_tb(frames), f"{_fact_of(type(error), '__qualname__')}: {message}\n"]


def _each(frames: TracebackType | None) -> Iterator[TracebackType]:
    while frames is not None:
        yield frames
        frames = frames.tb_next


def _both_ends(frames: TracebackType | None) -> TracebackType | None:
    """Return frames without their middle where they are very many; a frame takes about as long as a small task."""
    found = [*_each(frames)]
    if len(found) <= _MOST_FRAMES:
        return frames
    kept = found[-_MOST_FRAMES // 2]
    for frame in reversed(found[: _MOST_FRAMES // 2]):
        kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    return kept


def _files_of(told: traceback.TracebackException) -> set[str]:
    """Return the names of the files of all frames, of causes and members too; what is told has no circles."""
    names: set[str] = set()
    queue: list[traceback.TracebackException | None] = [told]
    while queue:
        if (one := queue.pop()) is not None:
            names.update(frame.filename for frame in one.stack)
            queue += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]
    return names


def _leave_out_what_is_no_source(names: Iterable[str]) -> None:
    """Have no line be looked up in a pipe, a device or a giant that code names as its file: reading it may not end."""
    for name in names:
        places = [name] if Path(name).is_absolute() else [name, *(f"{folder}/{name}" for folder in sys.path)]
        if not all(map(_may_be_source, places)):
            linecache.cache[name] = (0, None, [], name)


def _may_be_source(path: str) -> bool:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):  # no file, so nothing is read
        return True
    return stat.S_ISDIR(found.st_mode) or (stat.S_ISREG(found.st_mode) and found.st_size <= _MOST_SOURCE)


def _user_frames(frames: TracebackType | None) -> TracebackType | None:
    """Skip the leading frames that belong to this project; keep all where nothing else is left."""
    frame = frames
    while frame is not None:
        module = frame.tb_frame.f_globals.get("__name__", "")
        if type(module) is not str or module.partition(".")[0] not in _OWN_PACKAGES:
            return frame
        frame = frame.tb_next
    return frames


def _masking() -> Masking:
    """Return what knows the secrets of this process: half of one, where a text is cut, nobody would know."""
    from pyperunner_dag.secret import known_secrets

    try:
        return Masking(known_secrets())
    except BaseException:  # the value of one is an object of the user's
        return NO_SECRETS


def _bounded(pieces: Sequence[str], masking: Masking) -> str:
    """Return a text in one piece; of a long one beginning and end, after it was written to standard error."""
    if sum(map(len, pieces)) <= _BEGINNING + _END:
        return "".join(pieces)
    beginning = end = ""
    for piece in pieces:
        beginning += piece[: max(0, _BEGINNING - len(beginning))]
        end = (end + piece[-_END:])[-_END:]
        _write_out(piece)
    beginning, end = masking.beginning(beginning), masking.end(end)
    return f"{beginning}\n… the whole text is in the log of the task …\n{end}"


def _write_out(text: str) -> None:
    try:
        for start in range(0, len(text), _BEGINNING):
            sys.stderr.write(text[start : start + _BEGINNING])
    except BaseException:  # the task may have put anything in its place
        pass


def _shortened(text: str, masking: Masking) -> str:
    return text if len(text) <= _BEGINNING else f"{masking.beginning(text[:_BEGINNING])}…"


class _Limited(io.BytesIO):
    """A buffer that takes a bounded number of bytes."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > _PICKLE_LIMIT:
            raise OverflowError
        return super().write(data)


def _pickled(error: BaseException) -> bytes | None:
    import pickle

    buffer = _Limited()
    try:
        pickle.Pickler(buffer).dump(error)
        if type(pickle.loads(buffer.getvalue())) is not type(error):
            return None
    except BaseException:
        # An exception of the user's can do anything here, even exit; its text was taken already.
        return None
    return buffer.getvalue()
