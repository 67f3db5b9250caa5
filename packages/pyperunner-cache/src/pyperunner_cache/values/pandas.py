"""pandas frames and series as Arrow IPC, for stores without pickles: exact, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.not_plain import Refusal
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.values.pack import Encoder, Packer
    from pyperunner_cache.values.unpack import Unpacker

__all__ = ["pandas_encoder", "read_frame", "read_series"]


def pandas_encoder(cls: type) -> tuple[Code, Encoder]:
    """Return code and writer for a frame or series.

    Raises:
        Refusal: It is neither, or pyarrow is missing.
    """
    import pandas as pd

    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise Refusal(cls.__name__, "keeping it without a pickle needs pyarrow (pip install pyarrow)") from None
    if cls is pd.DataFrame:
        return Code.PANDAS_FRAME, _frame
    if cls is pd.Series:
        return Code.PANDAS_SERIES, _series
    raise Refusal(cls.__name__, "its type has no plain form")


def _frame(packer: Packer, frame: Any) -> bytes:
    content = _to_ipc(frame)
    _compare(frame, _from_ipc(content))
    return packer.inner([packer.place(content)])


def read_frame(unpacker: Unpacker, data: bytes) -> Any:
    """Return the frame written by `pandas_encoder`'s writer."""
    (place,) = unpacker.inner(data)
    return _from_ipc(unpacker.buffer(place))


def _series(packer: Packer, series: Any) -> bytes:
    name = series.name
    content = _to_ipc(series.to_frame("value"))
    restored = _from_ipc(content)["value"].rename(name)
    _compare(series, restored)
    return packer.inner([name, packer.place(content)])


def read_series(unpacker: Unpacker, data: bytes) -> Any:
    """Return the series written by `pandas_encoder`'s writer."""
    name, place = unpacker.inner(data)
    return _from_ipc(unpacker.buffer(place))["value"].rename(name)


def _to_ipc(frame: Any) -> memoryview:
    import pyarrow as pa

    try:
        table = pa.Table.from_pandas(frame)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    except Exception as error:
        raise Refusal(type(frame).__name__, f"Arrow cannot keep it ({error})") from None
    return memoryview(sink.getvalue()).cast("B")


def _from_ipc(content: Any) -> Any:
    import pyarrow as pa

    try:
        return pa.ipc.open_file(pa.py_buffer(content)).read_all().to_pandas()
    except (pa.ArrowInvalid, OSError) as error:
        raise DamagedEntryError(f"its Arrow data cannot be read: {error}") from None


def _compare(before: Any, after: Any) -> None:
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
        raise Refusal(type(before).__name__, f"Arrow does not keep it exactly ({text:.200})") from None


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
