"""Rows of bits, one bit a learner; a node's outcome is four of them: at least undetermined, pending, awaiting, met."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.engines.columnar.needed import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    Array = np.ndarray[Any, np.dtype[Any]]

LEVELS = 4
WORD = 64


def words(size: int) -> int:
    """How many whole words hold a bit for each learner."""
    return -(-size // WORD)


def nothing(size: int, levels: int = LEVELS) -> Array:
    return np.zeros((levels, words(size)), np.uint64)


def constant(size: int, level: int) -> Array:
    """The same outcome for everybody."""
    planes = nothing(size)
    planes[:level] = ~np.uint64(0)
    return planes


def row(flags: Array) -> Array:
    """Booleans as a row of bits."""
    packed = np.packbits(flags, bitorder="little")
    whole = np.zeros(words(len(flags)) * 8, np.uint8)
    whole[: len(packed)] = packed
    return whole.view(np.uint64)


def flags(bits: Array, size: int) -> Array:
    """A row of bits as booleans."""
    return np.unpackbits(bits.view(np.uint8), count=size, bitorder="little").view(bool)


def planes(outcomes: Array) -> Array:
    """Outcomes, one a learner, as the four rows of a node."""
    return np.stack([row(outcomes >= level) for level in range(1, LEVELS + 1)])


def outcomes(node: Array, size: int) -> Array:
    """The four rows of a node as outcomes from 0 to 4."""
    found = np.zeros(size, np.uint8)
    for level in node:
        found += np.unpackbits(level.view(np.uint8), count=size, bitorder="little")
    return found


def at_least(rows: Sequence[Array], need: int) -> Array:
    """Where at least so many of the rows have a bit. Of several rows each at once, level by level."""
    count = len(rows)
    if need <= 0:
        return np.full_like(rows[0], ~np.uint64(0)) if count else np.zeros(0, np.uint64)
    if need > count:
        return np.zeros_like(rows[0])
    if need in (1, count):
        combined = np.bitwise_or if need == 1 else np.bitwise_and
        found = rows[0].copy()
        for other in rows[1:]:
            combined(found, other, out=found)
        return found
    return _few(rows, need) if need <= 3 else _not_below(_digits(rows), need)


def _few(rows: Sequence[Array], need: int) -> Array:
    """So many by the way of one less, as each row comes."""
    reached = [np.zeros_like(rows[0]) for _ in range(need)]
    for one in rows:
        for at in range(need - 1, 0, -1):
            reached[at] |= reached[at - 1] & one
        reached[0] |= one
    return reached[-1]


def _digits(rows: Sequence[Array]) -> list[Array]:
    """The number of rows that have a bit, as binary digits, the lowest first: a tree of full adders."""
    digits: list[Array] = []
    weight = list(rows)
    while weight:
        carried: list[Array] = []
        while len(weight) > 1:
            third = weight.pop() if len(weight) > 2 else None
            second, first = weight.pop(), weight.pop()
            either = first ^ second
            both = first & second
            if third is None:
                weight.insert(0, either)
                carried.append(both)
            else:
                weight.insert(0, either ^ third)
                carried.append(both | (either & third))
        digits.append(weight[0])
        weight = carried
    return digits


def _not_below(digits: Sequence[Array], need: int) -> Array:
    """Where a number in binary digits is at least so much."""
    if need >> len(digits):
        return np.zeros_like(digits[0])
    above = np.zeros_like(digits[0])
    equal = np.full_like(digits[0], ~np.uint64(0))
    for place in range(len(digits) - 1, -1, -1):
        if need >> place & 1:
            equal = equal & digits[place]
        else:
            above = above | (equal & digits[place])
            equal = equal & ~digits[place]
    return above | equal


def at(node: Array, learners: Array) -> Array:
    """The outcomes of some learners, of the rows of one node or of several."""
    whole = node.view(np.uint8)
    found: Array = ((whole[..., learners >> 3] >> (learners & 7).astype(np.uint8)) & 1).sum(axis=-2, dtype=np.uint8)
    return found
