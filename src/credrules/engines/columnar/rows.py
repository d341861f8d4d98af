"""The attempts of a batch at courses that some rule looks at, in order of course and learner, and what each class of
counting makes of them.

A *group* is one learner's attempts at one course. An *entry* is a course as it was taken, together with the codes that
it goes by: where courses are one under several codes, the same course taken in another year may be another entry.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from credrules.engines.columnar import bits
from credrules.engines.columnar.encoding import NO_AMOUNT, NO_DAY, Codes, stable_order
from credrules.engines.columnar.needed import np
from credrules.engines.columnar.sheet import Mode
from credrules.engines.columnar.signatures import (
    DISPLACES,
    EPOCH,
    GRADED,
    SURE,
    UNGRADED,
    UNSURE,
    day_number,
    signatures,
)
from credrules.equivalents import identity, lists_by_course
from credrules.records import Attempt, Learner, Record, Term
from credrules.rules import Repeats
from credrules.windows import later

if TYPE_CHECKING:
    from credrules.engines.columnar.encoding import Block, Encoder
    from credrules.engines.columnar.sheet import Class, Sheet
    from credrules.engines.columnar.signatures import Signatures
    from credrules.records import Course
    from credrules.windows import Window

    Array = np.ndarray[Any, np.dtype[Any]]

MET, PENDING, UNDETERMINED = 4, 2, 1
NO_TERM = np.iinfo(np.int64).min
LEVELS = 3  # what an attempt can be worth
_ROW_OF_LEVEL = np.array([0, 0, 1, 0, 2], np.intp)
_NOBODY = Record(learner=Learner(learner_id=""))


@dataclass(frozen=True, slots=True)
class Entry:
    """A course as it was taken. `names` is None where it goes by its own code only."""

    course: Course
    names: frozenset[Course] | None = None
    at: Course | None = None  # the course that it is an attempt at, where that is another or has several codes
    unsure: bool = False


class Entries:
    """Which entries belong to which places (lists and filters of courses) of a sheet. They grow as they are met."""

    def __init__(self, encoder: Encoder, sheet: Sheet, as_of: date) -> None:
        self.encoder = encoder
        self.places = sheet.places
        self.claimed = sheet.claimed
        self.as_of = as_of
        self.lists = lists_by_course(sheet.plan.equivalents)
        self.entries = Codes()
        self.members = np.zeros((len(self.places), 0), bool)
        self.of_course = np.zeros(0, np.int32)  # by course code, the entry of a course that goes by its own code only
        self.listed = np.zeros(0, bool)
        self._lock = threading.Lock()

    def meet(self) -> None:
        """Make sure that every course has its entry."""
        if len(self.of_course) == len(self.encoder.courses):
            return
        with self._lock:
            courses = [self.encoder.course(code) for code in range(len(self.encoder.courses))]
            new = courses[len(self.of_course) :]
            numbers = np.array([self.entries.of(Entry(course)) for course in new], np.int32)
            self._grow()
            self.listed = np.concatenate([self.listed, np.array([course in self.lists for course in new], bool)])
            self.of_course = np.concatenate([self.of_course, numbers])

    def _grow(self) -> None:
        """Work out the places of what is new. The caller holds the lock."""
        new = self.entries.values[self.members.shape[1] :]
        attempts = [(Attempt(attempt_id="", course=entry.course), entry.names) for entry in new]
        fresh = np.zeros((len(self.places), len(new)), bool)
        by_course: dict[Any, list[int]] = {}
        by_subject: dict[str, list[int]] = {}
        for at, entry in enumerate(new):
            by_subject.setdefault(entry.course.subject, []).append(at)
            for name in entry.names or {entry.course}:
                by_course.setdefault(name, []).append(at)
        for number, place in enumerate(self.places):
            if place.courses:  # of what is not listed, nothing need be asked
                likely = {at for course in place.courses for at in by_course.get(course, ())}
            elif place.subjects:
                likely = {at for subject in place.subjects for at in by_subject.get(subject, ())}
            else:
                likely = set(range(len(new)))
            for at in likely:
                attempt, names = attempts[at]
                fresh[number, at] = place.admits(attempt, _NOBODY, self.as_of, names) is True
        self.members = np.concatenate([self.members, fresh], axis=1)

    def relevant(self) -> Array:
        """By course code, whether any rule looks at it."""
        if not self.claimed:
            return np.zeros(len(self.of_course), bool)
        some: Array = np.any(self.members[: self.claimed], axis=0)
        return some[self.of_course] | self.listed

    def identified(self, code: int, starts: Array) -> Array:
        """The entries of attempts at a course that has several codes, by the first days of their terms."""
        course = self.encoder.course(code)
        first, which = np.unique(starts, return_inverse=True)
        numbers = []
        for day in first.tolist():
            term = None if day == NO_DAY else Term(EPOCH + timedelta(days=day), date.max, "", "")
            known = identity(Attempt(attempt_id="", course=course, term=term), self.lists[course])
            entry = Entry(course, known.names, known.course, known.doubtful or known.unsure)
            numbers.append(self.entries.of(entry))
        with self._lock:
            if self.members.shape[1] < len(self.entries):
                self._grow()
        return np.array(numbers, np.int32)[which]


@dataclass(slots=True)
class Offers:
    """What the groups offer to one class. `row` is the attempt that stands, where its credits matter."""

    level: Array
    row: Array | None = None
    amount: Array | None = None  # thousandths; NO_AMOUNT where they are not known


class Rows:
    """The rows of one batch."""

    def __init__(self, block: Block, entries: Entries, signatures_: Signatures, sheet: Sheet, as_of: date) -> None:
        self.size = block.size
        self.batch = block.readable
        self._ids: Any = None
        self.sheet = sheet
        self.as_of = as_of
        self.plain: list[Array] = []  # learners that columns cannot decide
        self.attempts = block.attempts
        self.block_bounds = block.bounds
        self.entries = entries
        entries.meet()
        self._take(entries)
        self.signature = self._signature(as_of)
        signatures_.meet(self.signature)
        self.signatures = signatures_
        self.members = entries.members[:, self.entry_codes]
        self._group()
        self._offers: dict[int, Offers] = {}
        self._bits: dict[int, tuple[Array, Array]] = {}
        if signatures_.faults:
            broken = np.isin(self.column(self.attempts.profile), np.array(sorted(signatures_.faults)))
            self.plain.append(self.column(self.attempts.learner)[broken])

    def _signature(self, as_of: date) -> Array:
        days = {
            name: None if found is None else self.column(found)
            for name, found in self.attempts.days.items()
            if name != "term_starts"
        }
        return signatures(self.column(self.attempts.profile), days, as_of)

    # Which rows, in which order?

    def _take(self, entries: Entries) -> None:
        """Keep what some rule looks at, in order of course and learner."""
        relevant = entries.relevant()
        attempts, bounds = self.attempts, self.block_bounds
        if bounds is not None:
            there = np.flatnonzero(relevant[: len(bounds) - 1] & (np.diff(bounds) > 0))
            codes, begin, end = there.astype(np.int32), bounds[there], bounds[there + 1]
            self.order = ranges(begin, end)
            sizes = end - begin
        else:
            kept = np.flatnonzero(relevant[attempts.course]) if len(attempts) else np.zeros(0, np.intp)
            taken = attempts.course[kept]
            self.order = kept[stable_order(taken, len(relevant))]
            sizes = np.bincount(taken, minlength=len(relevant))
            codes = np.flatnonzero(sizes).astype(np.int32)
            sizes = sizes[codes]
        self.starts = np.cumsum(sizes) - sizes
        self.entry_codes = entries.of_course[codes]
        if entries.listed[codes].any():
            self._split(codes, entries)

    def column(self, found: Array, rows: Array | None = None) -> Array:
        """A column of the batch's attempts for the rows here, or some of them."""
        return found[self.order if rows is None else self.order[rows]]

    def _split(self, codes: Array, entries: Entries) -> None:
        """Tell the entries of one course apart. Who has two of what is one course is left to the plain engine."""
        days, ends = self.attempts.days["term_starts"], np.append(self.starts[1:], len(self.order))
        order: list[Array] = []
        found: list[int] = []
        by_course: dict[Any, list[Array]] = {}
        for code, start, end in zip(codes.tolist(), self.starts.tolist(), ends.tolist(), strict=True):
            here = self.order[start:end]
            if not entries.listed[code]:
                numbers = np.full(end - start, entries.of_course[code])
            else:
                numbers = entries.identified(code, np.full(end - start, NO_DAY) if days is None else days[here])
            for number in np.unique(numbers).tolist():
                entry = entries.entries.values[number]
                rows = here[numbers == number]
                learners = self.attempts.learner[rows]
                if entry.at is not None:
                    by_course.setdefault(entry.at, []).append(np.unique(learners))
                if entry.unsure:
                    self.plain.append(learners)
                order.append(rows)
                found.append(number)
        for several in by_course.values():
            who, count = np.unique(np.concatenate(several), return_counts=True)
            self.plain.append(who[count > 1])
        sizes = np.array([len(rows) for rows in order])
        self.order = np.concatenate(order)
        self.starts = np.cumsum(sizes) - sizes
        self.entry_codes = np.array(found, np.int32)

    def _group(self) -> None:
        learner = self.column(self.attempts.learner)
        new = np.ones(len(learner), bool)
        np.not_equal(learner[1:], learner[:-1], out=new[1:])
        new[self.starts] = True
        self.first = np.flatnonzero(new)
        self.learner = learner[self.first].astype(np.intp)
        self.bounds = np.append(np.searchsorted(self.first, self.starts), len(self.first))
        self.entry = np.repeat(np.arange(len(self.starts)), np.diff(self.bounds))
        again = ~new
        self.several = np.zeros(0, np.intp)  # groups with more than one attempt
        self.several_rows = self.several
        if again.any():
            again[:-1] |= again[1:]
            self.several_rows = np.flatnonzero(again)
            self.several_starts = np.flatnonzero(new[self.several_rows])
            self.several = np.searchsorted(self.first, self.several_rows[self.several_starts])
            sizes = np.diff(np.append(self.several_starts, len(self.several_rows)))
            self.several_group = np.repeat(np.arange(len(sizes)), sizes)
        self._byte = self.learner >> 3
        self._bit = np.left_shift(np.uint8(1), (self.learner & 7).astype(np.uint8))

    def groups(self, entries: Array) -> Array:
        """The groups of some entries, in order."""
        return ranges(self.bounds[entries], self.bounds[entries + 1])

    @property
    def subjects(self) -> Array:
        """By entry, a number for its subject."""
        names: dict[str, int] = {}
        values = [self.entries.entries.values[code].course.subject for code in self.entry_codes.tolist()]
        return np.array([names.setdefault(name, len(names)) for name in values], np.int64)

    def entries_of(self, place: int) -> Array:
        """The entries of a place that somebody in the batch has taken."""
        return np.flatnonzero(self.members[place])

    # What is each group worth to a class?

    def offers(self, number: int) -> Offers:
        if number not in self._offers:
            self._offers[number] = self._look(number, self.sheet.classes[number])
        return self._offers[number]

    def _look(self, number: int, klass: Class) -> Offers:
        table = self.signatures.worth[number]
        level = table[SURE].take(self.signature)
        outside = None
        if klass.completed:
            outside, unknown = self._outside(klass.completed)
            level[unknown] = table[UNSURE][self.signature[unknown]]
            level[outside] = 0
        if klass.counting.repeats is not Repeats.BEST and len(self.several):
            self._displace(level, table[DISPLACES], klass.counting.repeats, outside)
        if klass.mode is Mode.ANY:
            return Offers(self._greatest(level))
        earned = self._amounts("credits_earned")
        amount = np.where(level == MET, earned, self._amounts("credits_attempted"))
        if klass.mode is not Mode.STANDING:
            level[(amount == NO_AMOUNT) & (level > 0)] = UNDETERMINED
        if klass.mode is Mode.CREDITS:
            level[amount == 0] = 0
        row = self._best(level)
        return Offers(level[row], row, amount[row])

    def _amounts(self, name: str) -> Array:
        found = self.attempts.amounts[name]
        return np.full(len(self.order), NO_AMOUNT, np.int32) if found is None else self.column(found)

    def _outside(self, window: Window) -> tuple[Array, Array]:
        """Rows whose term ended outside of a window, and those of which it is not known when it did."""
        ends = self.attempts.days["term_ends"]
        if ends is None:
            return np.zeros(len(self.order), bool), np.ones(len(self.order), bool)
        ends = self.column(ends)
        unknown = ends == NO_DAY
        outside = np.zeros(len(ends), bool)
        if window.since:
            outside |= ends < day_number(window.since)
        if window.until:
            outside |= ends > day_number(window.until)
        if window.months:
            outside |= ends < day_number(later(self.as_of, -window.months))
        return outside & ~unknown, unknown

    def _displace(self, level: Array, displaces: Array, repeats: Repeats, outside: Array | None) -> None:
        """Where several attempts at a course are there, take the level from those that do not stand."""
        rows, starts, group = self.several_rows, self.several_starts, self.several_group
        eligible = displaces[self.signature[rows]]
        if outside is not None:
            eligible[outside[rows]] = 0
        graded = eligible == GRADED
        when = self._when(rows)
        dated = graded & (when != NO_TERM)
        if repeats is Repeats.LATEST:
            edge = np.maximum.reduceat(np.where(dated, when, NO_TERM), starts)
        else:
            edge = np.minimum.reduceat(np.where(dated, when, np.iinfo(np.int64).max), starts)
        stands = graded & ((when == NO_TERM) | (when == edge[group]))
        displaced = graded & ~stands
        if repeats is Repeats.FIRST:
            displaced |= (eligible == UNGRADED) & np.logical_or.reduceat(graded, starts)[group]
        here = level[rows]
        most = np.maximum.reduceat(np.where(stands, here, 0), starts)
        least = np.minimum.reduceat(np.where(stands, here, MET), starts)
        here[displaced] = 0
        here[stands & (most != least)[group]] = UNDETERMINED
        level[rows] = here

    def _when(self, rows: Array) -> Array:
        """Terms by their first and last days, NO_TERM where there is none."""
        starts, ends = self.attempts.days["term_starts"], self.attempts.days["term_ends"]
        if starts is None:
            return np.full(len(rows), NO_TERM)
        first = self.column(starts, rows).astype(np.int64)
        last = first if ends is None else self.column(ends, rows).astype(np.int64)
        return np.where(first == NO_DAY, NO_TERM, (first << 32) + last - NO_DAY)

    def _greatest(self, level: Array) -> Array:
        found = level[self.first]
        if len(self.several):
            found[self.several] = np.maximum.reduceat(level[self.several_rows], self.several_starts)
        return found

    def _best(self, level: Array) -> Array:
        """The attempt of each group that stands for it: surer, then better, then earlier, then by the source's key."""
        row = self.first.copy()
        if not len(self.several):
            return row
        rows, starts, group = self.several_rows, self.several_starts, self.several_group
        key = self.rank(rows, level[rows])
        best = np.flatnonzero(key == np.maximum.reduceat(key, starts)[group])
        which, at, count = np.unique(group[best], return_index=True, return_counts=True)
        row[self.several[which]] = rows[best[at]]
        if self.attempts.place is not None:
            for one in np.flatnonzero(count > 1):
                equal = rows[best[at[one] : at[one] + count[one]]]
                row[self.several[which[one]]] = min(equal.tolist(), key=self._attempt_id)
        return row

    def _attempt_id(self, row: int) -> str:
        if self._ids is None:
            self._ids = self.batch.column("attempts").flatten().field("attempt_id")
        place = row if self.attempts.place is None else int(self.attempts.place[self.order[row]])
        return str(self._ids[place])

    def rank(self, rows: Array, level: Array) -> Array:
        """Greater for what is used first."""
        key = level.astype(np.int64) << 56
        key |= (self.signatures.points[self.signature[rows]].astype(np.int64) + 1) << 33
        starts = self.attempts.days["term_starts"]
        if starts is not None:
            first = self.column(starts, rows).astype(np.int64)
            key |= np.where(first == NO_DAY, 0, (1 << 32) - (first - NO_DAY))
        return key

    # As rows of bits.

    def want_bits(self, wanted: dict[int, Array]) -> None:
        """Make the rows of bits for classes at entries: for each the learners at each level, all of them at once."""
        width = bits.words(self.size) * 8
        for number, entries in wanted.items():
            level = self.offers(number).level
            which = np.full(len(self.starts), -1)
            which[entries] = np.arange(len(entries))
            matrix = np.zeros((len(entries), LEVELS, width), np.uint8)
            row = which[self.entry]
            there = np.flatnonzero((row >= 0) & (level > 0))
            flat = (row[there] * LEVELS + _ROW_OF_LEVEL[level[there]]) * width + self._byte[there]
            np.add.at(matrix.reshape(-1), flat, self._bit[there])
            found = matrix.view(np.uint64)
            found[:, 1] |= found[:, 2]
            found[:, 0] |= found[:, 1]
            self._bits[number] = found, which

    def bits(self, number: int, entry: int) -> Array:
        """The three rows of bits of a class at an entry."""
        matrix, which = self._bits[number]
        return matrix[which[entry]]  # type: ignore[no-any-return]

    def all_bits(self, number: int, entries: Array) -> Array:
        matrix, which = self._bits[number]
        return matrix[which[entries]]


def ranges(begin: Array, end: Array) -> Array:
    """The positions of several slices, one after the other."""
    if len(begin) == 1:
        return np.arange(begin[0], end[0])
    sizes = end - begin
    found = np.arange(sizes.sum())
    found += np.repeat(begin - (np.cumsum(sizes) - sizes), sizes)
    return found
