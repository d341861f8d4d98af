"""What is asked of everything that counts: averages, counted tests, limits and time limits, where they are certain.

Nothing is shared out here. Where no course is contested, a requirement that is filled has its claims among the courses
that are worth enough, and all of them where it needs all; one that is not has every course that it can use. So each
sum has a least and a most, whatever is chosen. A test is decided where both tell the same, a limit is left aside where
everything together keeps to it, and a time limit where everything lies within it. The rest is for the plain engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from credrules.claims import Rounding
from credrules.decisions import Outcome
from credrules.engines.columnar.claims import offered
from credrules.engines.columnar.encoding import NO_AMOUNT, NO_DAY
from credrules.engines.columnar.needed import np
from credrules.engines.columnar.signatures import EPOCH, NO_POINTS, UNCERTAIN, day_number
from credrules.plan import Kind
from credrules.rules import Measure
from credrules.windows import later

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.engines.columnar.rows import Rows
    from credrules.engines.columnar.sheet import Leaf, Look, SheetProgram
    from credrules.plan import Node

    Array = np.ndarray[Any, np.dtype[Any]]

MET, PENDING, UNDETERMINED = int(Outcome.MET), int(Outcome.PENDING), int(Outcome.UNDETERMINED)


@dataclass(slots=True)
class _Offered:
    """What is offered to one requirement: for each course its learner, level, credits, and the attempt that stands.

    By learner: whether everything is claimed (`whole`), or all that is worth as much as the requirement's outcome
    (`exact`). `chosen` says of each course whether it may be among the claims.
    """

    leaf: Leaf
    group: Array
    learner: Array
    level: Array
    amount: Array
    row: Array
    chosen: Array
    whole: Array
    exact: Array


class Totals:
    """One program for the learners of a batch. `alone` is the outcome of each requirement by itself."""

    def __init__(self, rows: Rows, program: SheetProgram, leaves: Sequence[Leaf], alone: Sequence[Array]) -> None:
        self.rows = rows
        self.size = rows.size
        self.program = program
        plan = program.plan
        self.left = np.zeros(rows.size, bool)
        every = [self._offered(leaf, level) for leaf, level in zip(leaves, alone, strict=True)]
        groups = [plan.nodes[index].share_group for index in plan.demands]
        self.contested = self._contested(every, groups)
        self.counted = [one for one, group in zip(every, groups, strict=True) if not group]
        self.claims = np.zeros(rows.size, bool)
        self.least = np.full(rows.size, MET, np.uint8)
        for one, level in zip(every, alone, strict=True):
            if any(one is other for other in self.counted):
                self._add_level(one, level)
        self._limits()
        if plan.time_limit:
            self._time_limit(every)
        self.outcomes = {index: self._test(plan.nodes[index], program.looks[index]) for index in plan.tests}
        if plan.tests:
            self.left |= self.contested

    def _offered(self, leaf: Leaf, alone: Array) -> _Offered:
        group, level, amount, row = offered(self.rows, leaf)
        learner = self.rows.learner[group]
        size = np.where(amount == NO_AMOUNT, leaf.need, amount).astype(np.int64) if leaf.credits else np.ones_like(row)
        chosen = level >= np.maximum(alone[learner], 1)
        every = np.ones(len(group), bool)
        whole, exact = (self._needed(leaf, learner[some], size[some]) for some in (every, chosen))
        return _Offered(leaf, group, learner, level, amount, row, chosen, whole, exact)

    def _needed(self, leaf: Leaf, learner: Array, size: Array) -> Array:
        """Of whom nothing can be spared of what they offer."""
        total = self._sum(learner, size)
        least = np.full(self.size, np.iinfo(np.int64).max)
        np.minimum.at(least, learner, size)
        return (total - np.where(total, least, 0)) < leaf.need

    def _sum(self, learner: Array, values: Array) -> Array:
        found = np.zeros(self.size, np.int64)
        np.add.at(found, learner, values)
        return found

    def _contested(self, every: Sequence[_Offered], groups: Sequence[str]) -> Array:
        found = np.zeros(self.size, bool)
        for name in set(groups):
            mine = [one.group for one, group in zip(every, groups, strict=True) if group == name]
            which, times = np.unique(np.concatenate(mine), return_counts=True)
            found[self.rows.learner[which[times > 1]]] = True
        return found

    def _add_level(self, one: _Offered, alone: Array) -> None:
        """How sure everything is that this requirement claims."""
        there = np.zeros(self.size, bool)
        there[one.learner] = True
        lowest = np.full(self.size, MET, np.uint8)
        np.minimum.at(lowest, one.learner, one.level)
        self.claims |= there
        self.least = np.where(there, np.minimum(self.least, np.where(alone > 0, alone, lowest)), self.least)

    # Whether something belongs to a selection.

    def _inside(self, look: Look, one: _Offered) -> Array:
        """Of each course, whether its attempt belongs; learners of whom that is not known are left."""
        marks = self.rows.signatures.marks[look.marks][self.rows.signature[one.row]]
        here = self.rows.members[look.place][self.rows.entry[one.group]]
        self.left[one.learner[here & (marks == UNCERTAIN)]] = True
        inside: Array = here & (marks > 0)
        return inside

    def _known(self, one: _Offered, inside: Array | None = None) -> Array:
        """Credits; learners of whom some that matter are not known are left."""
        unknown = one.amount == NO_AMOUNT
        self.left[one.learner[unknown if inside is None else unknown & inside]] = True
        return np.where(unknown, 0, one.amount).astype(np.int64)

    # Limits.

    def _limits(self) -> None:
        for limit, look in zip(self.program.plan.limits, self.program.limits, strict=True):
            total = np.zeros(self.size, np.int64)
            for one in self.counted:
                inside = self._inside(look, one)
                if limit.below is not None:
                    points = self.rows.signatures.points[self.rows.signature[one.row]]
                    inside &= (points != NO_POINTS) & (points < limit.below)
                load = self._known(one, inside) if limit.of_credits else np.ones(len(inside), np.int64)
                total += self._sum(one.learner, np.where(inside, load, 0))
            self.left |= total > limit.most

    def _time_limit(self, every: Sequence[_Offered]) -> None:
        starts, ends = (self.rows.attempts.days[name] for name in ("term_starts", "term_ends"))
        row = np.concatenate([one.row for one in every])
        learner = np.concatenate([one.learner for one in every])
        if starts is None or ends is None:
            self.left[learner] = True
            return
        begun, ended = self.rows.column(starts, row), self.rows.column(ends, row)
        self.left[learner[(begun == NO_DAY) | (ended == NO_DAY)]] = True
        first = np.full(self.size, day_number(self.rows.as_of) + 1_000_000, np.int64)
        last = np.full(self.size, NO_DAY, np.int64)
        np.minimum.at(first, learner, begun)
        np.maximum.at(last, learner, ended)
        there = np.zeros(self.size, bool)
        there[learner] = True
        there &= ~self.left
        days, which = np.unique(first[there], return_inverse=True)
        months = self.program.plan.time_limit
        until = [day_number(later(EPOCH + timedelta(days=day), months)) for day in days.tolist()]
        found = np.zeros(self.size, bool)
        found[there] = last[there] > np.array(until, np.int64)[which] if len(days) else False
        self.left |= found

    # Tests.

    def _test(self, node: Node, look: Look | None) -> Array:
        if node.kind is Kind.AVERAGE:
            found = self._average(node)
        elif node.measure.is_share:
            found = self._share(node, look)
        else:
            found = self._sums(node, look)
        return np.where(self.claims, found, 0).astype(np.uint8)

    def _average(self, node: Node) -> Array:
        least, most = np.zeros(self.size, np.int64), np.zeros(self.size, np.int64)
        for one in self.counted:
            points = self.rows.signatures.average_points[self.rows.signature[one.row]].astype(np.int64)
            amount = np.where(one.amount == NO_AMOUNT, 0, one.amount).astype(np.int64)
            weight = np.where(points == NO_POINTS, 0, amount * (points - node.need))
            some = one.chosen
            sums = self._sum(one.learner[some], weight[some])
            least += np.where(one.exact, sums, self._sum(one.learner[some], np.minimum(weight, 0)[some]))
            highest = np.full(self.size, np.iinfo(np.int64).min)
            np.maximum.at(highest, one.learner, weight)
            above = self._sum(one.learner, np.maximum(weight, 0))
            above = np.where((highest < 0) & ~one.whole, highest, above)
            most += np.where(one.whole, self._sum(one.learner, weight), above)
        self.left |= (least < 0) & (most >= 0)
        return np.where(least >= 0, self.least, 0)

    def _sums(self, node: Node, look: Look | None) -> Array:
        """What only adds up holds at the highest level at which there is enough."""
        found = np.zeros(self.size, np.uint8)
        open_ = np.ones(self.size, bool)
        for level in (MET, PENDING, UNDETERMINED):
            if node.measure is Measure.SUBJECTS:
                least, most = (self._subjects(level, surely=surely) for surely in (True, False))
            else:
                least, most = self._bounds(node, look, level)
            self.left |= open_ & (least < node.need) & (most >= node.need)
            found[open_ & (least >= node.need)] = level
            open_ &= most < node.need
        return found

    def _bounds(self, node: Node, look: Look | None, level: int) -> tuple[Array, Array]:
        least, most = np.zeros(self.size, np.int64), np.zeros(self.size, np.int64)
        for one in self.counted:
            inside = self._inside(look, one) if look else np.ones(len(one.group), bool)
            weight = self._known(one, inside) if node.measure is Measure.CREDITS else np.ones(len(inside), np.int64)
            counts = inside & (one.level >= level)
            weight = np.where(counts, weight, 0)
            some = one.chosen
            sums, every = self._sum(one.learner[some], weight[some]), self._sum(one.learner, weight)
            if node.measure is Measure.COURSES and not one.leaf.credits:
                beside = self._sum(one.learner[some], (~counts[some]).astype(np.int64))
                fewest, mostly = np.maximum(one.leaf.need - beside, 0), np.minimum(every, one.leaf.need)
            else:
                fewest, mostly = np.zeros(self.size, np.int64), every
            least += np.where(one.exact, sums, fewest)
            most += np.where(one.whole, every, mostly)
        return least, most

    def _subjects(self, level: int, *, surely: bool) -> Array:
        """How many subjects there are among what is claimed, at least or at most."""
        learner, subject = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for one in self.counted:
            some = one.level >= level
            if surely:
                some &= one.chosen & one.exact[one.learner]
            learner.append(one.learner[some])
            subject.append(self.rows.subjects[self.rows.entry[one.group[some]]])
        pairs = np.unique(np.stack([np.concatenate(learner), np.concatenate(subject)]), axis=1)
        return np.bincount(pairs[0], minlength=self.size).astype(np.int64)

    def _share(self, node: Node, look: Look | None) -> Array:
        """A share is certain only where nothing is chosen."""
        part, whole = np.zeros(self.size, np.int64), np.zeros(self.size, np.int64)
        all_exact, all_whole = np.ones(self.size, bool), np.ones(self.size, bool)
        for one in self.counted:
            inside = self._inside(look, one) if look else np.ones(len(one.group), bool)
            weight = self._known(one) if node.measure.of_credits else np.ones(len(inside), np.int64)
            some = one.chosen
            part += self._sum(one.learner[some], np.where(inside, weight, 0)[some])
            whole += self._sum(one.learner[some], weight[some])
            all_exact &= one.exact
            all_whole &= one.whole
        holds = _holds(node, part, whole)
        self.left |= ~(all_exact & (holds | all_whole))
        return np.where(holds, self.least, 0)


def _holds(node: Node, part: Array, whole: Array) -> Array:
    """As `claims.Share.holds`, for many at once."""
    unit = 1000 if node.measure.of_credits else 1
    asked, scaled = whole * node.need, 100 * unit
    if node.rounding is Rounding.UP:
        return part >= -(-asked // scaled) * unit
    if node.rounding is Rounding.DOWN:
        return part >= asked // scaled * unit
    return part * 100 >= asked
