"""Packing: any value to its parts (`pack`) and back (`unpack`), exactly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import CacheError, DamagedEntryError, ForeignEntryError, UnstorableError
from pyperunner_cache.values.check import Precheck
from pyperunner_cache.values.packer import ATOMS, BIG, Needs, NotPlain, Packer
from pyperunner_cache.values.type_table import decoder_for, encoder_for
from pyperunner_cache.values.unpacker import Unpacker
from pyperunner_keys import FileError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["pack", "pack_with_needs", "unpack"]


def pack(value: Any, *, pickles: bool = True, inline: bool = False) -> list[Buffer]:
    """Return the parts of ``value``: the skeleton, then large buffers as views, copied only where they must be.

    Args:
        value: Anything.
        pickles: Whether a value without an exact plain form may be pickled, as a whole.
        inline: Whether the skeleton holds everything; only without pickles.

    Raises:
        UnstorableError: The value cannot be kept; the error has the path of the offending part.
    """
    return pack_with_needs(value, pickles=pickles, inline=inline)[0]


def pack_with_needs(
    value: Any, *, pickles: bool = True, form: str | None = None, inline: bool = False
) -> tuple[list[Buffer], Needs]:
    """Return what `pack` does, and what a reader needs to rebuild the value; raise what `pack` does.

    In the format ``parquet`` a frame has two parts, the second of which is the file; anything else is refused.
    """
    if form is not None:
        return _pack_as_parquet(value, pickles)
    if type(value) is dict and len(value) < 100 and ATOMS.issuperset(map(type, (*value, *value.values()))):
        try:
            skeleton: bytes = msgpack.packb(value, default=_refuse, strict_types=True)
        except Exception:
            pass
        else:
            if len(skeleton) < BIG:
                return [skeleton], Needs()
    try:
        return _pack_plainly(value, pickles, inline)
    except FileError as error:
        from pyperunner_cache.values.pickling import find_unpicklable

        path, _, _ = find_unpicklable(value, error)
        raise UnstorableError(path, error.type_name, f"{error.file}: {error.reason}") from None
    except NotPlain as refusal:
        if not pickles:
            reason = f"{refusal.reason}, and a store with trust='safe' keeps no pickles"
            raise UnstorableError(refusal.path, refusal.type_name, reason) from None
    from pyperunner_cache.values.pickling import pickle_whole

    packer = Packer(encoder_for)
    return pickle_whole(packer, value), packer.needs


def _pack_as_parquet(value: Any, pickles: bool) -> tuple[list[Buffer], Needs]:
    from pyperunner_cache.values.libraries.parquet import parquet_encoder

    packer = Packer(encoder_for, pickles=pickles)
    try:
        code, encode = parquet_encoder(type(value), pickles)
        packer.parts[0] = msgpack.packb(msgpack.ExtType(code, encode(packer, value)))
    except NotPlain as refusal:
        raise UnstorableError(refusal.path, refusal.type_name, refusal.reason) from None
    return packer.parts, packer.needs


def unpack(parts: Sequence[Buffer], *, pickles: bool = True) -> Any:
    """Return the value that `pack` made ``parts`` of.

    Args:
        parts: Skeleton and buffers, checked against the entry's digest before: a pickle among them is executed.
        pickles: Whether pickles, and imports of modules that classes live in, are allowed.

    Raises:
        ForeignEntryError: It holds a pickle where none is allowed, or a class that is gone.
        DamagedEntryError: The parts are no value.
    """
    unpacker = Unpacker(parts, decoder_for, pickles)
    try:
        return unpacker.inner(parts[0])
    except CacheError:
        raise
    except Exception as error:
        reason = f"its value cannot be rebuilt: {type(error).__name__}: {error!s:.200}"
        raise (ForeignEntryError if unpacker.pickled else DamagedEntryError)(reason) from error


def _pack_plainly(value: Any, pickles: bool, inline: bool) -> tuple[list[Buffer], Needs]:
    check = Precheck(pickles)
    check.walk(value, 0)
    errors = None
    for _ in range(3):
        packer = Packer(encoder_for, pickles=pickles, lower=check.lower, errors=errors, inline=inline)
        try:
            return packer.finish(packer.lowered(value)), packer.needs
        except UnicodeEncodeError:
            errors = "surrogatepass"
        except (ValueError, OverflowError) as error:
            if check.lower:
                raise NotPlain(type(value).__name__, f"it has no plain form: {error}") from error
            check.lower = True
    raise NotPlain(type(value).__name__, "it has no plain form")


def _refuse(value: Any) -> Any:
    raise TypeError
