"""Encoders of Arrow tables, columns and types: by type in full and content, whatever their chunks, offsets and padding.

A column is written from its buffers, plane by plane: which rows are missing, how long each is, then what is in the
rows, one behind the other. What lies under a missing row does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from pyperunner_keys.encoding.libraries.numpy import write_numbers
from pyperunner_keys.encoding.standard import as_tagged
from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError

__all__ = ["encoder_of_arrow", "write_rows"]

_ROWS = 1 << 16
"""Rows that are copied in one go where they must be."""


def encoder_of_arrow(value: Any) -> Encoder | None:
    """Return the encoder for a value of a pyarrow type, or ``None``."""
    pa = sys.modules["pyarrow"]
    for kind, encoder in (
        ((pa.Table, pa.RecordBatch), _write_table),
        ((pa.Array, pa.ChunkedArray), _write_column),
        (pa.Schema, as_tagged("arrow schema", lambda v: _schema_form(v))),
        (pa.Field, as_tagged("arrow field", lambda v: _field_form(v))),
        (pa.DataType, as_tagged("arrow type", lambda v: (_type_form(v),))),
        (pa.Buffer, as_tagged("arrow buffer", lambda v: (v.to_pybytes(),))),
    ):
        if isinstance(value, kind):
            return encoder
    return None


def _schema_form(schema: Any) -> tuple[Any, ...]:
    return ([_field_form(field) for field in schema], _notes(schema))


def _field_form(field: Any) -> tuple[Any, ...]:
    return (field.name, _type_form(field.type), field.nullable, _notes(field))


def _notes(holder: Any) -> Any:
    return None if holder.metadata is None else dict(holder.metadata)


def _type_form(kind: Any) -> tuple[Any, ...]:
    """Return what a type means: its name says nothing of metadata, nor of what an extension type is made of."""
    pa = sys.modules["pyarrow"]
    if isinstance(kind, pa.BaseExtensionType):
        told = getattr(kind, "__arrow_ext_serialize__", bytes)()
        return (type(kind).__qualname__, kind.extension_name, told, _type_form(kind.storage_type))
    if pa.types.is_dictionary(kind):
        return ("dictionary", _type_form(kind.index_type), _type_form(kind.value_type), kind.ordered)
    fields = [_field_form(kind.field(number)) for number in range(kind.num_fields)]
    return (str(kind), getattr(kind, "keys_sorted", None), fields)


def _write_table(value: Any, out: Writer) -> None:
    out.enter(value)
    out.buffer += b"At"
    write_text(type(value).__qualname__, out)
    write_item(_schema_form(value.schema), out)
    write_item(value.num_rows, out)
    for name, column in zip(value.schema.names, value.columns, strict=True):
        try:
            write_rows(column, out)
        except UnencodableError as error:
            raise error.below(f"[{name!r}]", value) from None
    out.leave()


def _write_column(value: Any, out: Writer) -> None:
    out.enter(value)
    out.buffer += b"Ac"
    write_text("ChunkedArray" if isinstance(value, sys.modules["pyarrow"].ChunkedArray) else "Array", out)
    write_item(_type_form(value.type), out)
    write_rows(value, out)
    out.leave()


def write_rows(column: Any, out: Writer) -> None:
    """Write what is in the rows of an Arrow array or chunked array, but not its type.

    Raises:
        UnencodableError: Arrow does not give its values, or its type is not known here.
    """
    chunks = column.chunks if hasattr(column, "chunks") else [column]
    out.buffer += b"A%d:" % len(column)
    try:
        _write_planes(column.type, chunks, out)
    except UnencodableError:
        raise
    except Exception as error:  # pyarrow has its own ways to say that it cannot
        reason = f"Arrow does not give its values: {error}"
        raise UnencodableError("", f"pyarrow.Array of {column.type}", reason) from error


def _write_planes(kind: Any, chunks: list[Any], out: Writer) -> None:
    pa = sys.modules["pyarrow"]
    types = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        _write_planes(kind.storage_type, [chunk.storage for chunk in chunks], out)
        return
    if types.is_run_end_encoded(kind):
        _write_planes(kind.value_type, [pa.compute.run_end_decode(chunk) for chunk in chunks], out)
        return
    _write_missing(chunks, out)
    for knows, write in _PLANES:
        if knows(types, kind):
            write(kind, chunks, out)
            return
    raise UnencodableError("", f"pyarrow.Array of {kind}", "its values have no stable encoding")


def _write_missing(chunks: list[Any], out: Writer) -> None:
    if not any(chunk.null_count for chunk in chunks):
        out.buffer += b"0"
        return
    out.buffer += b"1"
    for chunk in _slices(chunks):
        out.big(memoryview(chunk.is_null().to_numpy(zero_copy_only=False).view("u1")))


def _slices(chunks: list[Any]) -> Iterator[Any]:
    for chunk in chunks:
        for start in range(0, len(chunk), _ROWS):
            yield chunk.slice(start, _ROWS)


def _write_nothing(kind: Any, chunks: list[Any], out: Writer) -> None:
    """Rows of nothing are all missing."""


def _write_truth(kind: Any, chunks: list[Any], out: Writer) -> None:
    for chunk in _slices(chunks):
        out.big(memoryview(chunk.fill_null(False).to_numpy(zero_copy_only=False).view("u1")))


def _write_fixed(kind: Any, chunks: list[Any], out: Writer) -> None:
    np, types = sys.modules["numpy"], sys.modules["pyarrow"].types
    width = kind.bit_width // 8
    dtype = f"f{width}" if types.is_floating(kind) else f"V{width}"
    for chunk in _slices(chunks) if any(chunk.null_count for chunk in chunks) else chunks:
        data = chunk.buffers()[1]
        if not len(chunk) or not width:
            continue
        rows = np.frombuffer(data, dtype, len(chunk), chunk.offset * width)
        if chunk.null_count:
            rows = rows.copy()
            rows[chunk.is_null().to_numpy(zero_copy_only=False)] = np.zeros((), dtype)
        write_numbers(rows, out)


def _write_texts(kind: Any, chunks: list[Any], out: Writer) -> None:
    pa = sys.modules["pyarrow"]
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        wide = pa.large_string() if pa.types.is_string_view(kind) else pa.large_binary()
        chunks = [chunk.cast(wide) for chunk in chunks]
    chunks = [_compact(chunk) for chunk in chunks]
    for chunk in chunks:
        _write_lengths(chunk, out)
    for chunk in chunks:
        bounds, data = _bounds(chunk), chunk.buffers()[2]
        if data is not None and bounds[-1] > bounds[0]:
            out.big(memoryview(data)[int(bounds[0]) : int(bounds[-1])])


def _write_lists(kind: Any, chunks: list[Any], out: Writer) -> None:
    chunks = [_compact(chunk) for chunk in chunks]
    for chunk in chunks:
        _write_lengths(chunk, out)
    bounds = [_bounds(chunk) for chunk in chunks]
    inner = [
        chunk.values.slice(int(each[0]), int(each[-1] - each[0])) for chunk, each in zip(chunks, bounds, strict=True)
    ]
    _write_inner(kind.field(0).type, inner, out)


def _write_views(kind: Any, chunks: list[Any], out: Writer) -> None:
    for chunk in chunks:
        lengths = sys.modules["pyarrow"].compute.list_value_length(chunk).fill_null(0)
        write_numbers(lengths.to_numpy(zero_copy_only=False).astype("i8"), out)
    _write_inner(kind.value_type, [chunk.flatten() for chunk in chunks], out)


def _write_fixed_lists(kind: Any, chunks: list[Any], out: Writer) -> None:
    _write_inner(kind.value_type, [chunk.flatten() for chunk in chunks], out)


def _write_structs(kind: Any, chunks: list[Any], out: Writer) -> None:
    for number in range(kind.num_fields):
        _write_inner(kind.field(number).type, [chunk.flatten()[number] for chunk in chunks], out)


def _write_categories(kind: Any, chunks: list[Any], out: Writer) -> None:
    if len(chunks) > 1:
        chunks = sys.modules["pyarrow"].chunked_array(chunks).unify_dictionaries().chunks
    _write_inner(kind.value_type, [chunk.dictionary for chunk in chunks[:1]], out)
    _write_inner(kind.index_type, [chunk.indices for chunk in chunks], out)


def _write_inner(kind: Any, chunks: list[Any], out: Writer) -> None:
    out.buffer += b"A%d:" % sum(map(len, chunks))
    _write_planes(kind, chunks, out)


def _bounds(chunk: Any) -> Any:
    """Return where the rows of a chunk begin, and where the last one ends, in what it holds."""
    np, data = sys.modules["numpy"], chunk.buffers()[1]
    width = 8 if "large" in str(chunk.type).partition("<")[0] else 4
    if data is None or not len(chunk):
        return np.zeros(len(chunk) + 1, "i8")
    return np.frombuffer(data, f"i{width}", len(chunk) + 1, chunk.offset * width)


def _compact(chunk: Any) -> Any:
    """Return the rows of a chunk, or, where something lies under a missing one, all but the missing ones."""
    np = sys.modules["numpy"]
    if not chunk.null_count:
        return chunk
    lengths = np.diff(_bounds(chunk))
    return chunk.drop_null() if lengths[chunk.is_null().to_numpy(zero_copy_only=False)].any() else chunk


def _write_lengths(chunk: Any, out: Writer) -> None:
    np = sys.modules["numpy"]
    lengths = np.diff(_bounds(chunk))
    if chunk.null_count:
        lengths = lengths[chunk.is_valid().to_numpy(zero_copy_only=False)]
    write_numbers(lengths.astype("i8"), out)


_PLANES: tuple[tuple[Callable[[Any, Any], bool], Callable[[Any, list[Any], Writer], None]], ...] = (
    (lambda types, kind: types.is_null(kind), _write_nothing),
    (lambda types, kind: types.is_boolean(kind), _write_truth),
    (lambda types, kind: types.is_dictionary(kind), _write_categories),
    (lambda types, kind: types.is_struct(kind), _write_structs),
    (lambda types, kind: types.is_fixed_size_list(kind), _write_fixed_lists),
    (lambda types, kind: types.is_list(kind) or types.is_large_list(kind) or types.is_map(kind), _write_lists),
    (lambda types, kind: types.is_list_view(kind) or types.is_large_list_view(kind), _write_views),
    (lambda types, kind: _is_text(types, kind), _write_texts),
    (lambda types, kind: types.is_fixed_size_binary(kind) or types.is_primitive(kind), _write_fixed),
    (lambda types, kind: types.is_decimal(kind) or types.is_interval(kind), _write_fixed),
)


def _is_text(types: Any, kind: Any) -> bool:
    names = ("string", "large_string", "binary", "large_binary", "string_view", "binary_view")
    return any(getattr(types, f"is_{name}")(kind) for name in names)
