"""Where requirements of one program compete for courses: who is concerned, and what comes of it.

Courses that are only counted are shared out by Hall's theorem: a set of requirements can be filled where every part of
it has as many courses as it needs. A learner's courses are bits of one number, so that this is counted for thousands of
learners at once, in the order and with the outcomes of `claims.py`. What is more than counting is left to that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from credrules.decisions import Outcome
from credrules.engines.columnar import bits
from credrules.engines.columnar.claims import offered
from credrules.engines.columnar.needed import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.engines.columnar.rows import Rows
    from credrules.engines.columnar.sheet import Leaf

    Array = np.ndarray[Any, np.dtype[Any]]

RIVALS = 8
"""So many requirements at most that compete with each other: each set of them is counted."""
COURSES = 64
LEVELS = (4, 2, 1)


@dataclass(frozen=True, slots=True)
class Rivals:
    """Requirements that have courses in common, directly or by way of others; positions among a program's demands."""

    demands: tuple[int, ...]


def rivals(pools: Sequence[Array], groups: Sequence[str]) -> list[Rivals]:
    """Which demands compete. `pools` are the entries that each may use, `groups` its share group."""
    parent = list(range(len(pools)))

    def root(d: int) -> int:
        while parent[d] != d:
            d = parent[d]
        return d

    for d, entries in enumerate(pools):
        for other in range(d):
            if groups[d] == groups[other] and len(np.intersect1d(entries, pools[other], assume_unique=True)):
                parent[root(d)] = root(other)
    found: dict[int, list[int]] = {}
    for d in range(len(pools)):
        found.setdefault(root(d), []).append(d)
    return [Rivals(tuple(one)) for one in found.values() if len(one) > 1]


def concerned(rows: Rows, leaves: Sequence[Leaf], outcomes: Sequence[Array], of: Rivals) -> Array:
    """Who has a course that serves two of the rivals, both of which count on something; as booleans."""
    pools = {d: _entries(rows, leaves[d]) for d in of.demands}
    count = np.zeros(len(rows.starts), np.int32)
    for entries in pools.values():
        count[entries] += 1
    shared = np.flatnonzero(count > 1)
    groups = rows.groups(shared)
    if not len(groups):
        return np.zeros(rows.size, bool)
    times = np.zeros(len(rows.learner), np.uint8)
    for d, entries in pools.items():
        active = bits.flags(outcomes[d][0], rows.size)
        here = rows.groups(np.intersect1d(entries, shared, assume_unique=True))
        level = np.zeros(len(here), np.uint8)
        for pool in leaves[d].pools:
            members = rows.members[pool.place][rows.entry[here]]
            level = np.maximum(level, np.where(members, rows.offers(pool.klass).level[here], 0))
        times[here] += (level > 0) & active[rows.learner[here]]
    found = np.zeros(rows.size, bool)
    found[rows.learner[np.flatnonzero(times > 1)]] = True
    return found


def _entries(rows: Rows, leaf: Leaf) -> Array:
    return np.unique(np.concatenate([rows.entries_of(pool.place) for pool in leaf.pools]))


class Sharing:
    """The rivals of one program, for the learners that it concerns."""

    def __init__(self, rows: Rows, leaves: Sequence[Leaf], of: Rivals, learners: Array) -> None:
        self.of = of
        self.needs = [leaves[d].need for d in of.demands]
        self.size = len(learners)
        local = np.full(rows.size, -1)
        local[learners] = np.arange(len(learners))
        offers = [self._of(rows, leaves[d], local) for d in of.demands]
        every = np.unique(np.concatenate([groups for groups, _ in offers]))
        whose = local[rows.learner[every]]
        order = np.argsort(whose, kind="stable")
        sizes = np.bincount(whose, minlength=len(learners))
        place = np.empty(len(every), np.int64)
        place[order] = np.arange(len(every)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        self.too_many = sizes > COURSES
        course = np.uint64(1) << np.minimum(place, COURSES - 1).astype(np.uint64)
        self.masks = np.zeros((len(of.demands), len(LEVELS), self.size), np.uint64)
        for at, (groups, level) in enumerate(offers):
            found = np.searchsorted(every, groups)
            for number, least in enumerate(LEVELS):
                here = found[level >= least]
                np.bitwise_or.at(self.masks[at, number], whose[here], course[here])

    def _of(self, rows: Rows, leaf: Leaf, local: Array) -> tuple[Array, Array]:
        groups, level, *_ = offered(rows, leaf)
        here = local[rows.learner[groups]] >= 0
        return groups[here], level[here]

    def fits(self, levels: Array, learners: Array) -> Array:
        """Whether the rivals can all be filled at these levels, for some of the learners. 0 asks for nothing."""
        count = len(self.needs)
        courses = np.zeros((1 << count, len(learners)), np.uint64)
        needed = np.zeros((1 << count, len(learners)), np.int64)
        fits = np.ones(len(learners), bool)
        for d in range(count):
            mask = np.zeros(len(learners), np.uint64)
            for number, level in enumerate(LEVELS):
                mask = np.where(levels[d] == level, self.masks[d, number][learners], mask)
            need = np.where(levels[d] > 0, self.needs[d], 0)
            for part in range(1 << d):
                whole = part | 1 << d
                courses[whole] = courses[part] | mask
                needed[whole] = needed[part] + need
                fits &= np.bitwise_count(courses[whole]) >= needed[whole]
        return fits

    def raised(self, alone: Array, base: Array, learners: Array) -> Array:
        """Each rival in turn as high as it goes without lowering one before it, or any of them below `base`."""
        found = np.zeros_like(alone)
        for d in range(len(alone)):
            done = np.zeros(len(learners), bool)
            for level in LEVELS:
                trial = np.maximum(found, base)
                trial[d] = np.maximum(level, base[d])
                fits = ~done & (alone[d] >= level) & self.fits(trial, learners)
                found[d] = np.where(fits, level, found[d])
                done |= fits
        return np.maximum(found, base)


def reached(fits: Sequence[Array], least: Array, ceiling: Array) -> Array:
    """How far a program gets whose requirements are all needed: the level that its courses have to have; 0 where no
    sharing-out completes it. `fits` says by level whether they can all be filled, `least` how far they get alone.
    """
    found = np.zeros(len(least), np.uint8)
    open_ = np.ones(len(least), bool)
    for level in (Outcome.MET, Outcome.AWAITING, Outcome.PENDING, Outcome.UNDETERMINED):
        needed = Outcome.MET if level is Outcome.AWAITING else level
        there = open_ & (ceiling >= level) & (least >= needed) & fits[LEVELS.index(needed)]
        found[there] = needed
        open_ &= ~there
    return found
