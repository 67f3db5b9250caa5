"""Frames: how those of polars and pandas, and their series, are written and read, as Arrow IPC.

pandas frames take this form in stores without pickles only: exactly, or refused.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.libraries.arrow_files import checked
from pyperunner_cache.values.packer import NotPlain
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer
    from pyperunner_cache.values.packer import Encoder, Packer
    from pyperunner_cache.values.unpacker import Decoder, Unpacker

__all__ = ["DECODERS", "compare_frames", "pandas_encoder", "polars_encoder"]


def polars_encoder(cls: type, value: Any) -> tuple[Code, Encoder]:
    """Return code and encoder for a frame or series of polars.

    Raises:
        NotPlain: It is neither, or has a column of Python objects.
    """
    import polars as pl

    encoder: tuple[Code, Encoder]
    if cls is pl.DataFrame:
        kinds, encoder = value.dtypes, (Code.POLARS_FRAME, _write_polars_frame)
    elif cls is pl.Series:
        kinds, encoder = [value.dtype], (Code.POLARS_SERIES, _write_polars_series)
    else:
        raise NotPlain(cls.__name__, "its type has no plain form")
    if any("Object" in str(kind) for kind in kinds):
        raise NotPlain(cls.__name__, "it has a column of Python objects")
    return encoder


def _write_polars_frame(packer: Packer, frame: Any) -> bytes:
    file = io.BytesIO()
    frame.write_ipc(file)
    content = file.getbuffer()
    try:
        checked(content)
    except DamagedEntryError as error:
        raise NotPlain("DataFrame", error.reason) from None
    return packer.inner([frame.height, packer.place(content)])


def _read_polars_frame(unpacker: Unpacker, data: bytes) -> Any:
    _height, place = unpacker.fields(data, int, (int, bytes))
    content = _content(unpacker, place)
    import polars as pl

    try:
        return pl.read_ipc(io.BytesIO(content))
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:  # a panic of polars is no Exception
        raise DamagedEntryError(f"its Arrow data cannot be read: {error!s:.200}") from None


def _write_polars_series(packer: Packer, series: Any) -> bytes:
    frame = msgpack.ExtType(Code.POLARS_FRAME, _write_polars_frame(packer, series.to_frame()))
    return packer.inner([series.name, frame])


def _read_polars_series(unpacker: Unpacker, data: bytes) -> Any:
    name, frame = unpacker.fields(data, str, object)
    if (type(frame).__module__, type(frame).__name__) != ("polars.dataframe.frame", "DataFrame") or frame.width != 1:
        raise DamagedEntryError("it holds a series that is none")
    return frame.to_series().rename(name)


def pandas_encoder(cls: type) -> tuple[Code, Encoder]:
    """Return code and encoder for a frame or series of pandas.

    Raises:
        NotPlain: It is neither, or pyarrow is missing.
    """
    import pandas as pd

    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise NotPlain(cls.__name__, "keeping it without a pickle needs pyarrow (pip install pyarrow)") from None
    if cls is pd.DataFrame:
        return Code.PANDAS_FRAME, _write_frame
    if cls is pd.Series:
        return Code.PANDAS_SERIES, _write_series
    raise NotPlain(cls.__name__, "its type has no plain form")


def _write_frame(packer: Packer, frame: Any) -> bytes:
    content = _to_ipc(frame)
    compare_frames(frame, _from_ipc(content))
    return packer.inner([packer.place(content)])


def _read_frame(unpacker: Unpacker, data: bytes) -> Any:
    (place,) = unpacker.fields(data, (int, bytes))
    return _from_ipc(_content(unpacker, place))


def _write_series(packer: Packer, series: Any) -> bytes:
    name = series.name
    content = _to_ipc(series.to_frame("value"))
    restored = _from_ipc(content)["value"].rename(name)
    compare_frames(series, restored)
    return packer.inner([name, packer.place(content)])


def _read_series(unpacker: Unpacker, data: bytes) -> Any:
    name, place = unpacker.fields(data, object, (int, bytes))
    series = _from_ipc(_content(unpacker, place))["value"]
    series.name = name  # not rename, which calls what can be called
    return series


def _content(unpacker: Unpacker, place: object) -> Buffer:
    """Return an Arrow file, looked at where a stranger may have written it."""
    content = unpacker.buffer(place)
    return content if unpacker.pickles else checked(content)


def _to_ipc(frame: Any) -> memoryview:
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(frame)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    except Exception as error:
        raise NotPlain(type(frame).__name__, f"Arrow cannot keep it ({error})") from None
    return memoryview(sink.getvalue()).cast("B")


def _from_ipc(content: Any) -> Any:
    import pyarrow as pa

    try:
        table = pa.ipc.open_file(pa.py_buffer(content)).read_all()
        table.validate(full=True)  # offsets that lead out of a buffer would crash whoever follows them
        return table.to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise DamagedEntryError(f"its Arrow data cannot be read: {error!s:.200}") from None


def compare_frames(before: Any, after: Any) -> None:
    """Refuse what has changed on the way: types, values, index, names, order, flags or attributes."""
    import pandas as pd

    compare = pd.testing.assert_frame_equal if isinstance(before, pd.DataFrame) else pd.testing.assert_series_equal
    options: dict[str, Any] = {"check_exact": True, "check_freq": True, "check_flags": True}
    if isinstance(before, pd.DataFrame):
        options |= {"check_column_type": "exact", "check_index_type": "exact"}
    else:
        options |= {"check_index_type": "exact"}
    try:
        compare(after, before, **options)
        if before.attrs != after.attrs:
            raise AssertionError("its attrs differ")
        _compare_objects(before, after)
    except AssertionError as error:
        text = " ".join(str(error).split())
        raise NotPlain(type(before).__name__, f"Arrow does not keep it exactly ({text:.200})") from None


def _compare_objects(before: Any, after: Any) -> None:
    """Refuse cells of object columns that came back as another type, which the library's own comparison tolerates."""
    import pandas as pd

    frames = (
        (before, after) if isinstance(before, pd.DataFrame) else (before.to_frame("value"), after.to_frame("value"))
    )
    for at in range(frames[0].shape[1]):
        columns = [frame.iloc[:, at] for frame in frames]
        if columns[0].dtype == object and list(map(type, columns[0])) != list(map(type, columns[1])):
            raise AssertionError("cells of an object column change their type")
    for axis in (0, 1):
        labels = [frame.axes[axis] for frame in frames]
        if type(labels[0]) is not type(labels[1]) or list(map(type, labels[0])) != list(map(type, labels[1])):
            raise AssertionError("labels change their type")


DECODERS: dict[int, Decoder] = {
    Code.POLARS_FRAME: _read_polars_frame,
    Code.POLARS_SERIES: _read_polars_series,
    Code.PANDAS_FRAME: _read_frame,
    Code.PANDAS_SERIES: _read_series,
}
