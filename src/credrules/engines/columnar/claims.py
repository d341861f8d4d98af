"""Requirements that claim, each for itself: the outcome that it has while nothing competes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules.engines.columnar import bits
from credrules.engines.columnar.encoding import NO_AMOUNT
from credrules.engines.columnar.needed import np
from credrules.engines.columnar.rows import LEVELS, MET, PENDING, UNDETERMINED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credrules.engines.columnar.rows import Rows
    from credrules.engines.columnar.sheet import Leaf

    Array = np.ndarray[Any, np.dtype[Any]]

MANY = 512
"""Of a list or filter with more courses than that, learners' courses are counted one by one and not as rows of bits."""


def wanted_bits(rows: Rows, leaves: Iterable[Leaf]) -> dict[int, Array]:
    """By class, the entries of which rows of bits are needed."""
    wanted: dict[int, Array] = {}
    for leaf in leaves:
        if leaf.credits:
            continue
        for pool in leaf.pools:
            members = rows.members[pool.place]
            if np.count_nonzero(members) <= MANY:
                before = wanted.get(pool.klass)
                wanted[pool.klass] = members if before is None else before | members
    return {klass: np.flatnonzero(members) for klass, members in wanted.items()}


def alone(rows: Rows, leaf: Leaf) -> Array:
    """The four rows of bits of a requirement."""
    if leaf.credits:
        return _credits(rows, leaf)
    entries = [rows.entries_of(pool.place) for pool in leaf.pools]
    if any(len(one) > MANY for one in entries):
        return _counted(rows, leaf)
    by_entry: dict[int, Array] = {}
    for pool, members in zip(leaf.pools, entries, strict=True):
        for entry in members.tolist():
            found = rows.bits(pool.klass, entry)
            by_entry[entry] = by_entry[entry] | found if entry in by_entry else found
    if not by_entry:
        return bits.nothing(rows.size)
    return _four(bits.at_least(list(by_entry.values()), leaf.need))


def _four(three: Array) -> Array:
    """No attempt waits for a person's word: what is at least awaiting is met."""
    return three[[0, 1, 2, 2]]


def offered(rows: Rows, leaf: Leaf) -> tuple[Array, Array, Array, Array]:
    """The groups that offer anything to a requirement, what each is worth to it, with how many credits, and the attempt
    that stands for it, where either matters.

    Where ways overlap, a course serves by the one that is best for it.
    """
    pools = [(pool, rows.entries_of(pool.place)) for pool in leaf.pools]
    every = np.unique(np.concatenate([entries for _, entries in pools]))
    groups = rows.groups(every)
    level = np.zeros(len(groups), np.uint8)
    amount = np.full(len(groups), NO_AMOUNT, np.int32)
    rank = np.full(len(groups), -1, np.int64)
    row = np.zeros(len(groups), np.int64)
    for pool, entries in pools:
        found = rows.offers(pool.klass)
        if len(pools) == 1:
            level = found.level[groups]
            amount = found.amount[groups] if found.amount is not None else amount
            row = found.row[groups] if found.row is not None else row
            break
        here = np.isin(rows.entry[groups], entries)
        theirs = np.where(here, found.level[groups], 0).astype(np.uint8)
        if found.row is None or found.amount is None:
            level = np.maximum(level, theirs)
            continue
        ranked = rows.rank(found.row[groups], theirs)
        better = here & (theirs > 0) & (ranked > rank)
        level, rank = np.where(better, theirs, level), np.where(better, ranked, rank)
        amount, row = np.where(better, found.amount[groups], amount), np.where(better, found.row[groups], row)
    some = level > 0
    return groups[some], level[some], amount[some], row[some]


def _credits(rows: Rows, leaf: Leaf) -> Array:
    groups, level, amount, _ = offered(rows, leaf)
    amount = np.where(amount == NO_AMOUNT, leaf.need, amount).astype(np.int64)  # what is unknown may be enough
    return _reached(rows, groups, level, amount, leaf.need)


def _counted(rows: Rows, leaf: Leaf) -> Array:
    groups, level, *_ = offered(rows, leaf)
    return _reached(rows, groups, level, np.ones(len(groups), np.int64), leaf.need)


def _reached(rows: Rows, groups: Array, level: Array, amount: Array, need: int) -> Array:
    """At which level what is worth at least so much comes to enough."""
    total = np.zeros(rows.size, np.int64)
    learner = rows.learner[groups]
    found = np.zeros((LEVELS, bits.words(rows.size)), np.uint64)
    for at, least in ((2, MET), (1, PENDING), (0, UNDETERMINED)):
        here = level == least
        np.add.at(total, learner[here], amount[here])
        found[at] = bits.row(total >= need)
    return _four(found)


def touched(rows: Rows, leaf: Leaf) -> Array:
    """Who has anything at all to offer, as one row of bits."""
    entries = [rows.entries_of(pool.place) for pool in leaf.pools]
    if leaf.credits or any(len(one) > MANY for one in entries):
        there = np.zeros(rows.size, bool)
        there[rows.learner[offered(rows, leaf)[0]]] = True
        return bits.row(there)
    found = np.zeros(bits.words(rows.size), np.uint64)
    for pool, members in zip(leaf.pools, entries, strict=True):
        if len(members):
            found |= np.bitwise_or.reduce(rows.all_bits(pool.klass, members)[:, 0], axis=0)
    return found
