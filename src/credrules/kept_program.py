"""One program for one learner, kept up to date attempt by attempt: the plain engine's answer, without all its work.

A program is *steady* where what a requirement claims depends on the attempts that it looks at and on nothing else: no
limit and no test over everything that was claimed, no time limit, no window, no word of what counts elsewhere, nothing
that waits for a course. Such a requirement takes the best of what is offered to it until it is filled, as long as no
course is offered to two of them. Then an attempt moves the requirements that it is about and the groups above them,
and all else stands. Whatever is not so is evaluated as a whole, by the plain engine itself.
"""

from __future__ import annotations

from bisect import insort
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from credrules.attestations import COMPLETE
from credrules.claims import Offer
from credrules.decisions import Outcome
from credrules.engines.plain import Bid, ProgramRun, Refused, barred, n_th_greatest, place, together, weight, worth
from credrules.engines.plain_worlds import worlds
from credrules.plan import CLAIMS, Kind
from credrules.reasons import Explainer
from credrules.rules import Moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from credrules.decisions import Reason
    from credrules.engines.plain import LearnerSeen, LookedAt
    from credrules.plan import Node, ProgramPlan
    from credrules.records import Course
    from credrules.rules import Selection
    from credrules.standing import Standing

MET, UNDETERMINED, UNMET = Outcome.MET, Outcome.UNDETERMINED, Outcome.UNMET


class Look(NamedTuple):
    """What an attempt is to one requirement in one of its ways. With UNMET it is refused, `because` says why.

    `offer` is None where its size depends on the attempt's credits.
    """

    node: int
    way: int
    level: Outcome
    because: str
    offer: Offer | None


class ProgramIndex:
    """What can be known of a program before any learner: which requirements an attempt is about, and what they move."""

    def __init__(self, plan: ProgramPlan) -> None:
        self.plan = plan
        self.steady = not (plan.limits or plan.tests or plan.time_limit) and not any(
            map(self._waits_for_courses, plan.nodes)
        )
        self.demands = [plan.nodes[index] for index in plan.demands]
        self.local = self.steady and not any(map(_looks_beyond, self._selections()))
        self.wide = [replace(one, completed=None, toward=frozenset()) for one in self._selections()]
        groups = [node for node in plan.nodes if node.kind is Kind.GROUP]
        self.above = {
            node.index: tuple(
                (group.index, group.parts, group.need) for group in groups if node.index in plan.below[group.index]
            )
            for node in plan.nodes
        }
        self.at_registration = tuple(
            node for node in plan.nodes if node.kind is Kind.FACT and node.moment is Moment.REGISTRATION
        )
        self.read_by = self._read_by()
        self.told_in = self._told_in()
        self.kin = {node.index: frozenset(self._kin(node)) for node in self.demands}

    def _selections(self) -> Iterator[Selection]:
        yield from (way.selection for node in self.demands for way in node.ways)

    def _waits_for_courses(self, node: Node) -> bool:
        """Whether a node asks when a course was passed; by way of another one, too."""
        before = [self.plan.nodes[index] for index in (node.after, node.since) if index is not None]
        return any(one.kind in CLAIMS or self._waits_for_courses(one) for one in before)

    def _read_by(self) -> dict[int, tuple[int, ...]]:
        """By node, those whose reasons say how it stands, its own group not among them."""
        found: dict[int, set[int]] = {node.index: set() for node in self.plan.nodes}
        for node in self.plan.nodes:
            for part in node.parts:
                found[part].add(node.index)
            if node.kind is Kind.WORD and node.code == COMPLETE:
                found[self.plan.requirements].add(node.index)
        return {index: tuple(sorted(readers)) for index, readers in found.items()}

    def _told_in(self) -> dict[int, tuple[int, ...]]:
        """By node, itself and the nodes whose reasons hold its reason as a part, of a part."""
        found: dict[int, tuple[int, ...]] = {}
        for node in reversed(self.plan.nodes):
            elsewhere = node.index == self.plan.requirements
            holders = [
                one.index
                for one in self.plan.nodes
                if node.index in one.parts and not (elsewhere and one.index != self.plan.root)
            ]
            found[node.index] = tuple(sorted({node.index, *(up for holder in holders for up in found[holder])}))
        return found

    def _kin(self, node: Node) -> Iterator[int]:
        """The requirements that say which of their courses nothing has claimed yet, and may name one of this one's."""
        for other in self.demands:
            names = frozenset(course for way in other.ways for course in way.selection.courses)
            is_rival = other.index != node.index and other.share_group == node.share_group and bool(names)
            if is_rival and any(not way.selection.courses or way.selection.courses & names for way in node.ways):
                yield other.index

    def is_alone(self, looks: tuple[Look, ...]) -> bool:
        """Whether an attempt offers itself to no two requirements of which only one may claim it, and once to each."""
        groups = [self.plan.nodes[look.node].share_group for look in looks if look.level is not UNMET]
        nodes = [look.node for look in looks]
        return len(groups) == len(set(groups)) and len(nodes) == len(set(nodes))

    def looks(self, standing: Standing, learner: LearnerSeen) -> tuple[Look, ...] | None:
        """What an attempt is to the program's requirements, were it the only one at its course.

        None where that is not all that it may change: then the program has to be evaluated as a whole.
        """
        if not self.local or standing.equal is not None:
            return (
                None
                if any(standing.is_in(one, learner.record, learner.as_of) is not False for one in self.wide)
                else ()
            )
        return tuple(
            look
            for node in self.demands
            for number, way in enumerate(node.ways)
            for admitted in [standing.is_in(way.selection, learner.record, learner.as_of)]
            if admitted is not False
            for look in [self._look(node, number, standing, unsure=admitted is None)]
        )

    def _look(self, node: Node, number: int, standing: Standing, *, unsure: bool) -> Look:
        counting = node.ways[number].counting
        because = barred(standing, counting)
        if because:
            return Look(node.index, number, UNMET, because, None)
        level, because = worth(standing, counting, unsure=unsure)
        if level is UNMET or node.kind is Kind.CREDITS:
            return Look(node.index, number, level, because, None)
        size = weight(node, standing)[0] if node.kind is Kind.WEIGHTED else 1
        return Look(node.index, number, level, because, Offer(level, size, (0,), ()))


def _looks_beyond(selection: Selection) -> bool:
    """Whether a selection asks for more than the attempt itself says, the same for every learner and day."""
    return selection.completed is not None or bool(selection.toward)


class KeptProgram:
    """One program for one learner. `evaluation` is what the plain engine finds, whatever has arrived since."""

    def __init__(self, index: ProgramIndex, learner: LearnerSeen) -> None:
        self.index = index
        self.learner = learner
        self.reasons: dict[int, Reason] = {}
        self.restart()

    @property
    def outcome(self) -> Outcome:
        return self.evaluation.outcomes[self.index.plan.root]

    def reason(self) -> Reason:
        """Why, as a tree; what an attempt has not moved since is the same object as before."""
        return self.explainer.reason()

    def restart(self) -> None:
        """Evaluate everything."""
        plan, learner = self.index.plan, self.learner
        runs = [ProgramRun(plan, learner, world) for world in worlds(plan, learner.record, learner.as_of)]
        self.evaluation = together([run.evaluate() for run in runs])
        self.run = runs[0]
        self.reasons.clear()
        self.explainer = Explainer(plan, self.evaluation, learner.record, learner.word, learner.as_of, self.reasons)
        self.steady = (
            self.index.local
            and len(runs) == 1
            and all(one.program != plan.program.id for one in learner.word.exceptions)
            and not any(self._is_contested(course) for bids in self.evaluation.bids.values() for course in bids)
        )
        if self.steady:
            self.outcomes = list(self.evaluation.outcomes)
            self.ranked = {
                index: sorted((place(bid), course, bid) for course, bid in bids.items())
                for index, bids in self.evaluation.bids.items()
            }

    def _is_contested(self, course: Course) -> bool:
        """Whether two requirements could claim it, of which only one may."""
        bids, nodes = self.evaluation.bids, self.index.plan.nodes
        groups = [nodes[index].share_group for index in bids if course in bids[index]]
        return len(groups) != len(set(groups))

    def add(self, standing: Standing, looks: tuple[Look, ...] | None) -> None:
        """Take in an attempt that is the first one at its course."""
        if not self.steady or looks is None or not self.index.is_alone(looks):
            self.restart()
            return
        for look in looks:
            if look.node not in self.evaluation.not_asked:
                self._take(look, standing)
        self._settle([look.node for look in looks], other_attempts=False)

    def _take(self, look: Look, standing: Standing) -> None:
        """One attempt to one requirement, which has seen none at its course."""
        course = standing.attempt.course
        offer, because = look.offer, look.because
        if offer is None and look.level is not UNMET:
            found = self.run.bid(self.index.plan.nodes[look.node], standing, look.level, because)
        elif offer is None:
            found = Refused(standing, because)
        else:
            found = Bid(standing, offer, offer, because)
        if isinstance(found, Refused):
            self._refuse(look.node, [(look.way, course, found)])
        else:
            self.evaluation.bids[look.node][course] = found
            insort(self.ranked[look.node], (place(found), course, found))

    def _refuse(self, node: int, looked: list[LookedAt]) -> None:
        """Put what is refused where it would have been found: by the way of counting, then by course."""
        known = self.run.looked_at[node]
        known += looked
        if len(known) > len(looked):
            known.sort(key=_found_at)
        self.evaluation.refused[node] = [refused for _, _, refused in known]

    def again(self, course: Course, nodes: Collection[int] | None) -> None:
        """Look again at all attempts at a course; `nodes` are the requirements that one of them is about, if known."""
        if not self.steady or nodes is None:
            self.restart()
            return
        for index in sorted(nodes):
            if index not in self.evaluation.not_asked:
                self._look_again(index, course)
        if self._is_contested(course):
            self.restart()
        else:
            self._settle(sorted(nodes), other_attempts=True)

    def _look_again(self, index: int, course: Course) -> None:
        bids = self.evaluation.bids[index]
        bids.pop(course, None)
        self.ranked[index] = [one for one in self.ranked[index] if one[1] != course]
        known = self.run.looked_at[index]
        known[:] = [one for one in known if one[1] != course]
        bid: Bid | None = None
        looked: list[LookedAt] = []
        if course in self.learner.standings:
            bid, looked = self.run.offered(self.index.plan.nodes[index], course)
        if bid is not None:
            bids[course] = bid
            insort(self.ranked[index], (place(bid), course, bid))
        self._refuse(index, looked)

    # What follows.

    def _settle(self, nodes: Sequence[int], *, other_attempts: bool) -> None:
        """Claims, outcomes and what is no longer said, after requirements have seen something else."""
        stale = {*nodes}
        before = None if other_attempts else dict(self.evaluation.claims)
        for index in nodes:
            if index not in self.evaluation.not_asked:
                stale |= self._claim(index)
        if self.index.at_registration and before != self.evaluation.claims:
            stale |= self._registered()
        self.evaluation.outcomes = tuple(self.outcomes)
        for index in stale:
            for above in self.index.told_in[index]:
                self.reasons.pop(above, None)

    def _claim(self, index: int) -> set[int]:
        """A requirement takes the best until it is filled; the nodes of which something else is to be said for it."""
        need, size, level = self.index.plan.nodes[index].need, 0, UNMET
        claims = []
        for _, course, bid in self.ranked[index]:
            claims.append(course)
            size += bid.offer.size
            if size >= need:
                level = bid.offer.level
                break
        stale: set[int] = set()
        if tuple(claims) != self.evaluation.claims[index]:
            self.evaluation.claims[index] = tuple(claims)
            self.explainer.__dict__.pop("claimed_by", None)
            stale |= self.index.kin[index]
        return stale | self._reach(index, level)

    def _registered(self) -> set[int]:
        """The conditions of the day of the first registration, where it has become another one."""
        before = self.evaluation.registered_on
        self.evaluation.registered_on = self.run.first_registration()
        stale: set[int] = set()
        if self.evaluation.registered_on != before:
            for node in self.index.at_registration:
                stale |= {node.index} | self._reach(node.index, self.run.fact(node))
        return stale

    def _reach(self, index: int, outcome: Outcome) -> set[int]:
        """A leaf comes to an outcome, and with it the groups above; the nodes that are spoken of differently then."""
        if self.outcomes[index] is outcome:
            return set()
        self.outcomes[index] = outcome
        stale = {index, *self.index.read_by[index]}
        for group, parts, need in self.index.above[index]:
            found = n_th_greatest([self.outcomes[part] for part in parts], need)
            if found is not self.outcomes[group]:
                self.outcomes[group] = found
                stale |= {group, *self.index.read_by[group]}
        return stale


def _found_at(one: LookedAt) -> tuple[int, Course]:
    return one[0], one[1]
