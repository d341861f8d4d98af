"""Arrow arrays as numpy arrays and back, by their buffers: pyarrow's own ways import pandas where it is installed."""

from __future__ import annotations

from typing import Any

from credrules.engines.columnar.needed import np, pa

Array = np.ndarray[Any, np.dtype[Any]]


def numbers(array: Any, null: int = 0) -> Array:
    """Whole numbers, and days as numbers. Nulls become `null`."""
    kind = np.dtype(np.int32) if pa.types.is_date32(array.type) else np.dtype(str(array.type))
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.zeros(len(array), kind)
    found = np.frombuffer(buffer, kind, len(array), array.offset * kind.itemsize)
    if array.null_count:
        found = np.where(valid(array), found, kind.type(null))
    return found


def valid(array: Any) -> Array:
    """Where an array has a value."""
    return _flags(array.buffers()[0], array) if array.null_count else np.ones(len(array), bool)


def flags(array: Any) -> Array:
    """Booleans, none of them null."""
    return _flags(array.buffers()[1], array)


def _flags(buffer: Any, array: Any) -> Array:
    if buffer is None or not len(array):
        return np.zeros(len(array), bool)
    bits = np.unpackbits(np.frombuffer(buffer, np.uint8), bitorder="little", count=array.offset + len(array))
    return bits[array.offset :].view(bool)


def arrow(values: Array) -> Any:
    """Numbers as an Arrow array of the same width, without a copy where they lie in order."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def texts(values: list[str]) -> Any:
    """A few texts as an Arrow array."""
    encoded = [value.encode() for value in values]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded))]
    return pa.Array.from_buffers(pa.string(), len(values), buffers)
