"""Pickles of protocol 5 whose large buffers stay outside; cloudpickle for what no other process could import."""

from __future__ import annotations

import io
import pickle
import sys
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import ForeignEntryError, UnstorableError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer
    from pyperunner_cache.values.pack import Packer
    from pyperunner_cache.values.unpack import Unpacker

__all__ = ["pickle_whole", "unpickle_whole"]

_INLINE = 4096
_FATAL = (KeyboardInterrupt, MemoryError)


def pickle_whole(packer: Packer, value: Any) -> bytes:
    """Return the content of a PICKLE extension for ``value``; its buffers become parts.

    Raises:
        UnstorableError: Neither pickle nor cloudpickle can keep it; with the path of the offending part.
    """
    buffers: list[memoryview] = []
    try:
        pickled = dump(value, buffers)
    except _FATAL:
        raise
    except BaseException as error:
        from pyperunner_cache.values.find_unpicklable import blame

        path, part, cause = blame(value, error)
        raise UnstorableError(path, type(part).__name__, cause) from None
    places = [packer.part(buffer) for buffer in buffers]
    packed: bytes = msgpack.packb([packer.part(pickled), places])
    return packed


def dump(value: Any, buffers: list[memoryview] | None = None) -> Buffer:
    """Return the pickle of ``value``; large buffers are appended to ``buffers``, without being copied."""
    taken: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        try:
            view = buffer.raw()
        except BufferError:
            return True
        if view.nbytes < _INLINE:
            return True
        taken.append(view)
        return False

    try:
        pickled = pickle.dumps(value, protocol=5, buffer_callback=keep)
        needs_more = b"__main__" in pickled and "__main__" in sys.modules
    except (pickle.PicklingError, AttributeError, TypeError):
        needs_more = True
    if needs_more:
        from pyperunner_cache.values.main_module import MainPickler

        taken.clear()
        file = io.BytesIO()
        MainPickler(file, protocol=5, buffer_callback=keep).dump(value)
        pickled = file.getvalue()
    if buffers is not None:
        buffers.extend(taken)
    return pickled


def unpickle_whole(unpacker: Unpacker, data: bytes) -> Any:
    """Return the value of a PICKLE extension.

    Raises:
        ForeignEntryError: Pickles are not allowed here.
    """
    if not unpacker.pickles:
        raise ForeignEntryError("it holds a pickle, which a store with trust='safe' does not execute")
    place, places = msgpack.unpackb(data)
    unpacker.pickled = True
    return pickle.loads(unpacker.buffer(place), buffers=[unpacker.buffer(at) for at in places])
