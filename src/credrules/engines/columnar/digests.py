"""A digest of each learner's row, over everything that it says: what has not changed need not be decided again.

Sums of keyed multilinear hashes, modulo 2**64, worked out for all rows at once. The key is the store's own and random,
so that nobody can write a record that passes for another; by chance one change in 2**64 would go unnoticed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.arrays import flags, numbers, valid
from credrules.engines.columnar.needed import np, pa, pc

if TYPE_CHECKING:
    Array = np.ndarray[Any, np.dtype[Any]]

LENGTH = 256  # of text that is hashed by its places; what is longer is hashed by itself
_A, _B = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Digests:
    """The digests of one store."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        seed = int.from_bytes(hashlib.blake2b(key, digest_size=16).digest(), "big")
        self._odd = np.random.Generator(np.random.PCG64(seed)).integers(0, 2**64, LENGTH, np.uint64) | np.uint64(1)

    def of(self, batch: Any) -> Array:
        """One number for each row of a batch, whatever the order of its columns; `learner_id` is a part of it."""
        found = np.zeros(batch.num_rows, np.uint64)
        for field, column in zip(batch.schema, batch.columns, strict=True):
            found += _mixed(self._column(column) ^ self._named(field.name))
        return found

    def _named(self, name: str) -> np.uint64:
        return np.uint64(
            int.from_bytes(hashlib.blake2b(name.encode(), key=self.key[:64], digest_size=8).digest(), "big")
        )

    def _column(self, column: Any) -> Array:
        """A hash for each value; null has its own."""
        kind = column.type
        if pa.types.is_dictionary(kind):
            words = np.append(self._column(column.dictionary), np.uint64(0))
            return words[numbers(column.indices, -1)]
        if pa.types.is_list(kind):
            found = self._lists(column)
        elif pa.types.is_struct(kind):
            found = np.zeros(len(column), np.uint64)
            for at, field in enumerate(kind):
                found += _mixed(self._column(column.field(at)) ^ self._named(field.name))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            found = self._texts(column)
        else:
            whole = flags(column) if pa.types.is_boolean(kind) else numbers(column)
            found = _mixed(whole.astype(np.int64).view(np.uint64) * self._odd[0] + np.uint64(1))
        return np.where(valid(column), found, np.uint64(0)) if column.null_count else found

    def _lists(self, column: Any) -> Array:
        """The values in their order: where an attempt has no key, its place is its name."""
        lengths = numbers(pc.list_value_length(column), 0).astype(np.int64)
        inner = self._column(column.flatten())
        starts = np.cumsum(lengths) - lengths
        place = (np.arange(len(inner)) - np.repeat(starts, lengths)).astype(np.uint64)
        inner = _mixed(inner + place * self._odd[1])
        sums = np.append(np.zeros(1, np.uint64), np.cumsum(inner, dtype=np.uint64))
        return _mixed(sums[starts + lengths] - sums[starts] + self._odd[2])

    def _texts(self, column: Any) -> Array:
        if pa.types.is_large_string(column.type):
            column = column.cast(pa.string())
        if not len(column):
            return np.zeros(0, np.uint64)
        _, ends, data = column.buffers()
        offsets = np.frombuffer(ends, np.int32, len(column) + 1, column.offset * 4).astype(np.int64)
        text = np.frombuffer(data or b"", np.uint8)[offsets[0] : offsets[-1]]
        offsets -= offsets[0]
        lengths = np.diff(offsets)
        place = np.arange(len(text)) - np.repeat(offsets[:-1], lengths)
        terms = (text.astype(np.uint64) + np.uint64(1)) * self._odd[np.minimum(place, LENGTH - 1)]
        sums = np.append(np.zeros(1, np.uint64), np.cumsum(terms, dtype=np.uint64))
        found = _mixed(sums[offsets[1:]] - sums[offsets[:-1]] + lengths.astype(np.uint64) * self._odd[3] + np.uint64(1))
        for at in np.flatnonzero(lengths >= LENGTH).tolist():
            found[at] = self._named(text[offsets[at] : offsets[at + 1]].tobytes().decode())
        return found


def _mixed(value: Array) -> Array:
    """The last steps of splitmix64."""
    value = value ^ (value >> np.uint64(30))
    value = value * _A
    value = value ^ (value >> np.uint64(27))
    value = value * _B
    found: Array = value ^ (value >> np.uint64(31))
    return found
