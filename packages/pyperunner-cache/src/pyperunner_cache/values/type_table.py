"""Types: which extension code each type beyond msgpack's own has, how its values are written and read, what they hold.

The types themselves are in `standard`, `classes`, `arrays`, `frames` and `pickling`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pyperunner_cache.errors import ForeignEntryError
from pyperunner_cache.values import classes, standard
from pyperunner_cache.values.packer import NotPlain
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.values.packer import Encoder
    from pyperunner_cache.values.unpacker import Decoder

__all__ = ["children_of", "decoder_for", "encoder_for", "is_shareable"]

_DECODERS: dict[int, Decoder] = {**standard.DECODERS, **classes.DECODERS}


def encoder_for(cls: type, value: Any, pickles: bool = True) -> tuple[Code, Encoder]:
    """Return the code and the encoder for a value of type ``cls``.

    Args:
        cls: Its type.
        value: The value.
        pickles: Whether a pickle is an alternative; it keeps pandas frames better than their plain form.

    Raises:
        NotPlain: The type has no exact plain form.
    """
    known = standard.ENCODERS.get((cls.__module__, cls.__qualname__))
    if known is None:
        return _encoder_by_nature(cls, value, pickles)
    if _is_impostor(cls):
        raise NotPlain(cls.__name__, "its class only bears the name of a known one")
    return known


def decoder_for(code: int) -> Decoder:
    """Return the decoder for an extension code.

    Raises:
        ForeignEntryError: This release knows no such code.
    """
    found = _DECODERS.get(code)
    if found is not None:
        return found
    if code == Code.PICKLE:
        from pyperunner_cache.values.pickling import unpickle_whole

        return unpickle_whole
    # Imported only where a value holds one, because they are seldom needed.
    from pyperunner_cache.values.libraries import arrays, frames, parquet

    found = arrays.DECODERS.get(code) or frames.DECODERS.get(code) or parquet.DECODERS.get(code)
    if found is None:
        raise ForeignEntryError(f"it holds a type with code {code}, which this release does not know")
    return found


def is_shareable(cls: type) -> bool:
    """Say whether objects of this type cannot change, so that two equal ones are as good as the same one twice."""
    return (
        (cls.__module__, cls.__qualname__) in standard.SHAREABLE
        or (cls.__module__ == "numpy" and cls.__name__ not in ("ndarray", "MaskedArray", "void"))
        or classes.is_enum(cls)
    )


def children_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values within a plain one, each with its step in the path."""
    cls = type(value)
    if cls in (set, frozenset):
        for item in value:
            yield "{…}", item
    elif cls is slice:
        yield from ((".start", value.start), (".stop", value.stop), (".step", value.step))
    elif issubclass(cls, tuple):
        for at, item in enumerate(value):
            yield f".{cls._fields[at]}", item  # type: ignore[attr-defined]
    elif hasattr(cls, "__dataclass_fields__"):
        for name, item in classes.attributes_of(value).items():
            yield f".{name}", item


def _encoder_by_nature(cls: type, value: Any, pickles: bool) -> tuple[Code, Encoder]:
    library = cls.__module__.partition(".")[0]
    if library == "numpy":
        from pyperunner_cache.values.libraries.arrays import array_encoder

        return array_encoder(cls, value)
    if library in ("polars", "pandas"):
        from pyperunner_cache.values.libraries.frames import pandas_encoder, polars_encoder

        if library == "polars":
            return polars_encoder(cls, value)
        if pickles:
            raise NotPlain(cls.__name__, "a pickle keeps it exactly")
        return pandas_encoder(cls)
    return classes.class_encoder(cls, value, pickles)


def _is_impostor(cls: type) -> bool:
    if cls is type(...):
        return False
    found: Any = sys.modules.get(cls.__module__)
    for step in cls.__qualname__.split("."):
        found = getattr(found, step, None)
    return found is not cls
