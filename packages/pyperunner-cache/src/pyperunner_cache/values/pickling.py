"""Pickling: protocol 5 with large buffers outside, cloudpickle for what no other process could import.

Where a value cannot be pickled, `find_unpicklable` says which part of it is to blame.
"""

from __future__ import annotations

import io
import pickle
import re
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import ForeignEntryError, PickleRefusedError, UnstorableError
from pyperunner_cache.values.packer import INLINE, Needs
from pyperunner_cache.values.type_codes import Code
from pyperunner_text.inert import find
from pyperunner_text.unpicklable import innermost

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer
    from pyperunner_cache.values.packer import Packer
    from pyperunner_cache.values.unpacker import Unpacker

__all__ = ["digest_of_pickle", "dump", "find_unpicklable", "pickle_whole", "unpickle_whole"]

_FATAL = (KeyboardInterrupt, MemoryError)
_NAMED = re.compile(rb"\x8c(.)([\w.]+)\x94\x8c(.)([\w.]+)\x94\x93", re.ASCII | re.DOTALL)
"""SHORT_BINUNICODE, MEMOIZE, twice, and STACK_GLOBAL of pickle's protocols 4 and 5."""


def pickle_whole(packer: Packer, value: Any) -> list[Buffer]:
    """Return the parts of ``value`` as one pickle.

    Raises:
        UnstorableError: Neither pickle nor cloudpickle can keep it; with the path of the offending part.
    """
    buffers: list[memoryview] = []
    try:
        pickled = dump(value, buffers)
    except _FATAL:
        raise
    except BaseException as error:
        path, part, cause = find_unpicklable(value, error)
        raise UnstorableError(path, type(part).__name__, cause) from None
    packer.needs = Needs(set(_classes_in(pickled)), pickle=True)
    places = [packer.part(buffer) for buffer in buffers]
    return packer.finish(msgpack.ExtType(Code.PICKLE, msgpack.packb([packer.part(pickled), places])))


def _classes_in(pickled: Buffer) -> Iterator[tuple[str, str]]:
    """Yield classes that a pickle names, found by the look of the opcodes: some are missed, and text may look alike.

    What looks alike and is the name of a class does no harm: the value is made anew if that class is ever gone.
    """
    return ((module, name) for module, name in _names_in(pickled) if isinstance(find(module, name), type))


def _names_in(pickled: Buffer) -> Iterator[tuple[str, str]]:
    """Yield modules and names in them that a pickle names, those of the standard library left out."""
    for found in _NAMED.finditer(pickled):
        module, name = found[2].decode(), found[4].decode()
        if module.partition(".")[0] in sys.stdlib_module_names:
            continue
        if (len(module), len(name)) == (found[1][0], found[3][0]):
            yield module, name


def unpickle_whole(unpacker: Unpacker, data: bytes) -> Any:
    """Return the value of a PICKLE extension.

    Raises:
        PickleRefusedError: Pickles are not allowed here.
        ForeignEntryError: A class that it names is gone.
    """
    if not unpacker.pickles:
        raise PickleRefusedError
    place, places = unpacker.fields(data, int, list)
    unpacker.pickled = True
    pickled = unpacker.buffer(place)
    try:
        return pickle.loads(pickled, buffers=[unpacker.buffer(at) for at in places])
    except (ImportError, AttributeError) as error:
        # It is read in order, so that all before the first that is not there have been found.
        gone = next((f"{module}.{name}" for module, name in _names_in(pickled) if find(module, name) is None), None)
        if gone is None:
            raise
        raise ForeignEntryError(f"it holds a {gone}, which is gone: {error}") from error


def dump(value: Any, buffers: list[memoryview] | None = None) -> Buffer:
    """Return the pickle of ``value``; large buffers are appended to ``buffers``, without being copied."""
    taken: list[memoryview] = []

    def keep(buffer: pickle.PickleBuffer) -> bool:
        try:
            view = buffer.raw()
        except BufferError:
            return True
        if view.nbytes < INLINE:
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


def digest_of_pickle(value: Any) -> tuple[str, list[Any]]:
    """Return the hex digest of the pickle of ``value``, and the functions and classes that unpickling it would use.

    Raises:
        Exception: It cannot be pickled; whatever its own methods raise.
    """
    import xxhash

    from pyperunner_cache.values.main_module import MainPickler

    used: dict[int, Any] = {}

    class Noting(MainPickler):
        def reducer_override(self, obj: Any) -> Any:
            code = obj if isinstance(obj, (type, FunctionType)) else type(obj)
            used[id(code)] = code
            return super().reducer_override(obj)

    whole = xxhash.xxh3_128()
    buffers: list[pickle.PickleBuffer] = []
    file = io.BytesIO()
    Noting(file, protocol=5, buffer_callback=buffers.append).dump(value)
    for part in (file.getbuffer(), *(buffer.raw() for buffer in buffers)):
        whole.update(part)
    return whole.hexdigest(), list(used.values())


def find_unpicklable(value: Any, error: BaseException) -> tuple[str, Any, str]:
    """Return path, part and reason of the innermost part of ``value`` that fails on its own.

    Args:
        value: What could not be pickled.
        error: How it failed.
    """
    found = innermost([("result", value)], dump)
    return (found.path, found.value, _reason(found.error)) if found else ("result", value, _reason(error))


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, SystemExit):
        return f"pickling it tried to end the process (exit code {error.code!r})"
    return f"it cannot be pickled ({type(error).__name__}: {error})"
