"""Arrays: how those of numpy, masked ones and scalars are written and read."""

from __future__ import annotations

import math
import re
import sys
from typing import TYPE_CHECKING, Any

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.packer import NotPlain
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.values.packer import Encoder, Packer
    from pyperunner_cache.values.unpacker import Decoder, Unpacker

__all__ = ["DECODERS", "array_encoder"]

_PLAIN_KINDS = "biufcSUmMV"
_SIMPLE = re.compile(r"[<>|=][biufcSUmMVO][0-9]{0,18}(\[[0-9]{0,18}[A-Za-z]{1,7}\])?").fullmatch
_MOST_AXES = 64


def array_encoder(cls: type, value: Any) -> tuple[Code, Encoder]:
    """Return code and encoder for a value of numpy.

    Raises:
        NotPlain: It has no plain form.
    """
    import numpy as np

    if cls is np.ndarray:
        _describe(value.dtype)
        return Code.NDARRAY, _write_ndarray
    if cls is np.ma.MaskedArray:
        _describe(value.dtype)
        if value._optinfo or getattr(value, "_sharedmask", False) is None:
            raise NotPlain("MaskedArray", "it carries additional information")
        return Code.MASKED_ARRAY, _write_masked
    if issubclass(cls, np.generic) and cls.__module__ == "numpy":
        _describe(value.dtype)
        return Code.NUMPY_SCALAR, _write_scalar
    raise NotPlain(cls.__name__, "its type has no plain form")


def _describe(dtype: Any) -> Any:
    """Return plain data from which `_dtype` makes ``dtype`` again."""
    if dtype.hasobject or dtype.kind not in _PLAIN_KINDS or dtype.metadata:
        raise NotPlain(f"array of dtype {dtype}", "its elements have no plain form")
    if dtype.fields is None and dtype.subdtype is None:
        return dtype.str
    import numpy as np

    description = np.lib.format.dtype_to_descr(dtype)
    described = {"descr": description, "aligned": True} if dtype.isalignedstruct else description
    restored = _dtype(described)
    if restored != dtype or restored.isalignedstruct != dtype.isalignedstruct:
        raise NotPlain(f"array of dtype {dtype}", "its record layout has no plain form")
    return described


def _dtype(description: Any) -> Any:
    import numpy as np

    if isinstance(description, str):
        dtype = np.dtype(_checked(description))
    elif isinstance(description, dict):
        loose = np.lib.format.descr_to_dtype(_checked(description["descr"]))
        fields = [loose.fields[name] for name in loose.names or ()]  # type: ignore[index]
        layout: Any = {"names": loose.names, "formats": [field[0] for field in fields]}
        layout |= {"offsets": [field[1] for field in fields], "itemsize": loose.itemsize}
        dtype = np.dtype(layout, align=True)
    else:
        dtype = np.lib.format.descr_to_dtype(_checked(description))
    if dtype.hasobject:
        raise DamagedEntryError("it claims that raw bytes are objects")
    return dtype


def _checked(description: Any) -> Any:
    """Return a description that holds no text but names of fields and what `numpy.dtype.str` gives.

    numpy takes much else for a dtype: one whose elements are pointers, one of a million fields.
    """
    if isinstance(description, str):
        if not _SIMPLE(description):
            raise DamagedEntryError(f"it holds an array of the unknown type {description!r:.60}")
    elif isinstance(description, tuple) and len(description) == 2:  # a type and the shape of a part
        _checked(description[0])
    elif isinstance(description, (list, tuple)):
        for field in description:
            if not isinstance(field, (list, tuple)) or len(field) not in (2, 3):
                raise DamagedEntryError("it holds an array of records without fields")
            _checked(field[1])
    else:
        raise DamagedEntryError("it holds an array of no type")
    return description


def _bytes_of(array: Any) -> memoryview:
    """Return the bytes of a contiguous array, in memory order, without copying them."""
    import numpy as np

    if not array.nbytes:
        return memoryview(b"")
    if not array.flags.c_contiguous:
        array = array.T
    return memoryview(array.reshape(-1).view(np.uint8))


def _write_ndarray(packer: Packer, array: Any) -> bytes:
    import numpy as np

    order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        array = np.ascontiguousarray(array)
    return packer.inner([_describe(array.dtype), list(array.shape), order, packer.place(_bytes_of(array))])


def _read_ndarray(unpacker: Unpacker, data: bytes) -> Any:
    import numpy as np

    description, shape, order, place = unpacker.fields(data, (str, list, dict, tuple), list, str, (int, bytes))
    dtype, buffer = _dtype(description), unpacker.buffer(place)
    if len(shape) > _MOST_AXES or not all(type(length) is int and 0 <= length <= sys.maxsize for length in shape):
        raise DamagedEntryError("it holds an array of impossible shape")
    count = math.prod(shape)
    if count * dtype.itemsize != len(buffer):
        raise DamagedEntryError("it holds an array of another size than its bytes")
    if not len(buffer):
        return np.ndarray(shape, dtype, order=order)  # not np.empty, which makes elements of no bytes larger
    return np.ndarray(shape, dtype, buffer, order=order)


def _write_scalar(packer: Packer, value: Any) -> bytes:
    import numpy as np

    # A datetime64 without a unit or a void of no bytes still has an array form; asarray keeps the exact dtype.
    return packer.inner([_describe(value.dtype), np.asarray(value, value.dtype).tobytes()])


def _read_scalar(unpacker: Unpacker, data: bytes) -> Any:
    import numpy as np

    description, content = unpacker.fields(data, (str, list, dict, tuple), bytes)
    dtype = _dtype(description)
    if dtype.itemsize > len(content):
        raise DamagedEntryError("it holds a scalar of another size than its bytes")
    return np.ndarray((), dtype, bytearray(content or b"\0"))[()]


def _write_masked(packer: Packer, value: Any) -> bytes:
    import numpy as np

    mask = None if value.mask is np.ma.nomask else np.asarray(value.mask)
    filler = None if value._fill_value is None else np.asarray(value._fill_value)
    return packer.inner([np.asarray(value.data), mask, filler, bool(value.hardmask)])


def _read_masked(unpacker: Unpacker, data: bytes) -> Any:
    import numpy as np

    kinds = np.ndarray, (np.ndarray, type(None)), (np.ndarray, type(None)), bool
    content, mask, filler, hard = unpacker.fields(data, *kinds)
    if mask is not None and (mask.shape != content.shape or mask.dtype != np.ma.make_mask_descr(content.dtype)):
        raise DamagedEntryError("it holds a mask that does not fit its array")
    if filler is not None and filler.ndim:
        raise DamagedEntryError("it holds a filler that does not fit its array")
    value: Any = np.ma.MaskedArray(content, np.ma.nomask if mask is None else mask, hard_mask=hard)
    value._fill_value = filler
    return value


DECODERS: dict[int, Decoder] = {
    Code.NDARRAY: _read_ndarray,
    Code.NUMPY_SCALAR: _read_scalar,
    Code.MASKED_ARRAY: _read_masked,
}
