"""Failures: turns an exception into text that always travels, and back into an exception on the other side."""

from __future__ import annotations

import traceback
from types import TracebackType

from pyperunner_runner.errors import TaskExited
from pyperunner_runner.ports import Failure

__all__ = ["describe_failure", "rebuild"]

_OWN_PACKAGES = ("pyperunner_dag", "pyperunner_runner")
_PICKLE_LIMIT = 1 << 20  # an exception that drags a data set along is described, not sent


def describe_failure(task: str, error: BaseException) -> Failure:
    """Return what there is to say about an exception that ended a task.

    The traceback begins at the first frame outside this project, the user's.
    """
    if isinstance(error, SystemExit):
        error = TaskExited(task, f"called sys.exit({'' if error.code is None else repr(error.code)})").with_traceback(
            error.__traceback__
        )
    text = "".join(traceback.format_exception(type(error), error, _user_frames(error.__traceback__)))
    bases = tuple(kind.__qualname__ for kind in type(error).__mro__)
    return Failure(type(error).__qualname__, _message(error), text, _pickled(error), bases)


def rebuild(failure: Failure) -> Exception:
    """Return the original exception where it survived the journey, else a stand-in of the same name and text."""
    if failure.pickled is not None:
        import pickle

        try:
            error = pickle.loads(failure.pickled)
        except Exception:  # whatever its __reduce__ does, the text is still there
            error = None
        if isinstance(error, Exception):
            return error
    stand_in: type[Exception] = type(failure.type.rpartition(".")[2], (Exception,), {"__module__": "remote"})
    return stand_in(failure.message)


def _user_frames(frames: TracebackType | None) -> TracebackType | None:
    """Skip the leading frames that belong to this project; keep all where nothing else is left."""
    frame = frames
    while frame is not None:
        module = frame.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] not in _OWN_PACKAGES:
            return frame
        frame = frame.tb_next
    return frames


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as trouble:
        return f"<its text can't be read: {type(trouble).__name__}>"


def _pickled(error: BaseException) -> bytes | None:
    import pickle

    try:
        data = pickle.dumps(error)
        if len(data) > _PICKLE_LIMIT or type(pickle.loads(data)) is not type(error):
            return None
    except BaseException:
        # An exception of the user's can do anything here, even exit; its text was taken already.
        return None
    return data
