"""Parquet: frames as files of a format that others read, exactly or not at all."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.packer import NotPlain
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer
    from pyperunner_cache.values.packer import Encoder, Packer
    from pyperunner_cache.values.unpacker import Decoder, Unpacker

__all__ = ["DECODERS", "parquet_encoder"]

_FREE_CELLS = 1 << 24
_CELLS_PER_BYTE = 8
"""A file can say in a few bytes that a value is there a billion times; a stranger's may not."""


def parquet_encoder(cls: type, pickles: bool = True) -> tuple[Code, Encoder]:
    """Return code and encoder for a frame.

    Raises:
        NotPlain: It is none.
    """
    library = cls.__module__.partition(".")[0]
    if cls.__name__ != "DataFrame" or library not in ("pandas", "polars"):
        name = f"{cls.__module__}.{cls.__qualname__}" if cls.__module__ != "builtins" else cls.__qualname__
        raise NotPlain(cls.__name__, f"the format parquet is for frames of pandas and polars, not for a {name}")
    return Code.PARQUET, partial(_write_pandas if library == "pandas" else _write_polars, pickles=pickles)


def _write_pandas(packer: Packer, frame: Any, pickles: bool) -> bytes:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise NotPlain("DataFrame", "parquet needs pyarrow for frames of pandas (pip install pyarrow)") from None
    from pyperunner_cache.values.libraries.frames import compare_frames

    sink = pa.BufferOutputStream()
    try:
        table = pa.Table.from_pandas(frame)
        pq.write_table(table, sink, compression="zstd")
    except Exception as error:
        raise _blamed(frame, f"parquet cannot keep it ({error!s:.200})") from None
    content = memoryview(sink.getvalue()).cast("B")
    try:
        restored = _read_pandas(content)
    except Exception as error:
        raise _blamed(frame, f"parquet does not give it back ({error!s:.200})") from None
    try:
        compare_frames(frame, restored)
    except NotPlain as refusal:
        for name, before, after in _columns(frame, restored):
            if before != after:
                reason = f"parquet does not keep it exactly: {before!r:.80} would come back as {after!r:.80}"
                raise _refusal("DataFrame", reason, name) from None
        raise _refusal("DataFrame", refusal.reason.replace("Arrow", "parquet")) from None
    return packer.inner(["pandas", packer.part(_looked_at(content, pickles))])


def _write_polars(packer: Packer, frame: Any, pickles: bool) -> bytes:
    file = io.BytesIO()
    try:
        frame.write_parquet(file, compression="zstd")
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, MemoryError)):
            raise
        raise NotPlain("DataFrame", f"parquet cannot keep it ({error!s:.200})") from None
    content = file.getbuffer()
    restored = _read_polars(content)
    for name, before in frame.schema.items():
        after = restored.schema.get(name)
        if before != after:
            raise _refusal("DataFrame", f"parquet does not keep it exactly: {before} would come back as {after}", name)
    if restored.columns != frame.columns or not frame.equals(restored, null_equal=True):
        name = next((name for name in frame.columns if not frame[name].equals(restored[name], null_equal=True)), None)
        raise _refusal("DataFrame", "parquet does not keep it exactly", name)
    return packer.inner(["polars", packer.part(_looked_at(content, pickles))])


def _looked_at(content: Buffer, pickles: bool) -> Buffer:
    """Return the content, unless a store that trusts nobody would not read it."""
    try:
        return _checked(content, pickles)
    except DamagedEntryError as error:
        raise NotPlain("DataFrame", f"with trust='safe' it would not be read: {error.reason}") from None


def _read(unpacker: Unpacker, data: bytes) -> Any:
    library, place = unpacker.fields(data, str, (int, bytes))
    content = unpacker.buffer(place)
    try:
        if not unpacker.pickles:
            _checked(content, pickles=False)
        if library == "polars":
            return _read_polars(content)
        if library == "pandas":
            return _read_pandas(content)
    except (KeyboardInterrupt, MemoryError, DamagedEntryError):
        raise
    except BaseException as error:  # a panic of polars is no Exception
        if isinstance(error, ImportError):
            raise
        raise DamagedEntryError(f"its parquet data cannot be read: {error!s:.200}") from None
    raise DamagedEntryError(f"it holds a frame of {library!r:.40}")


def _read_pandas(content: Buffer) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(pa.py_buffer(content)))
    table.validate(full=True)
    return table.to_pandas()


def _read_polars(content: Buffer) -> Any:
    import polars as pl

    return pl.read_parquet(io.BytesIO(content))


def _checked(content: Buffer, pickles: bool) -> Buffer:
    """Return the content, looked at where a stranger may have written such a one."""
    if pickles:
        return content
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise NotPlain(
            "DataFrame", "in a store with trust='safe' parquet needs pyarrow (pip install pyarrow)"
        ) from None
    try:
        found = pq.ParquetFile(pa.BufferReader(pa.py_buffer(content))).metadata
        cells = found.num_rows * found.num_columns
    except (pa.ArrowException, OSError) as error:
        raise DamagedEntryError(f"its parquet data cannot be read: {error!s:.200}") from None
    if cells > _FREE_CELLS + _CELLS_PER_BYTE * len(content):
        raise DamagedEntryError(f"its parquet data claims {cells:,} cells in {len(content):,} bytes")
    return content


def _columns(frame: Any, restored: Any) -> list[tuple[Any, Any, Any]]:
    if frame.shape[1] != restored.shape[1]:
        return []
    return list(zip(frame.columns, frame.dtypes, restored.dtypes, strict=True))


def _blamed(frame: Any, reason: str) -> NotPlain:
    """Return the refusal of a frame, with the first column that cannot be kept by itself."""
    import pyarrow as pa

    for at, name in enumerate(frame.columns):
        try:
            pa.Array.from_pandas(frame.iloc[:, at])
        except Exception:
            return _refusal("DataFrame", reason, name)
    return NotPlain("DataFrame", reason)


def _refusal(type_name: str, reason: str, column: object = None) -> NotPlain:
    refusal = NotPlain(type_name, reason)
    if column is not None:
        refusal.under(f"[{column!r:.60}]")
    return refusal


DECODERS: dict[int, Decoder] = {Code.PARQUET: _read}
