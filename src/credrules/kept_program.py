"""One program for one learner, kept up to date attempt by attempt: the plain engine's answer, without all its work.

A program is *local* where what a requirement claims depends on the attempts that it looks at and on nothing else: no
limit and no test over everything that was claimed, no time limit, no window, no word of what counts elsewhere, nothing
that waits for a course. Such a requirement takes the best of what is offered to it until it is filled, as long as no
course is offered to two of them. Then an attempt moves the requirements that it is about and the groups above them,
and all else stands. Whatever is not so is evaluated as a whole, by the plain engine itself.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from credrules.attestations import COMPLETE
from credrules.claims import Offer
from credrules.decisions import Outcome
from credrules.engines.plain import (
    Bid,
    ProgramRun,
    Refused,
    barred,
    n_th_greatest,
    place,
    thousandths,
    together,
    weight,
    worth,
)
from credrules.engines.plain_worlds import worlds
from credrules.plan import CLAIMS, Kind
from credrules.reasons import Explainer
from credrules.rules import Moment
from credrules.standing import rank

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from credrules.decisions import Reason
    from credrules.engines.plain import Evaluation, LearnerSeen, LookedAt
    from credrules.plan import Node, ProgramPlan
    from credrules.records import Course
    from credrules.rules import Counting, Selection
    from credrules.standing import Standing

MET, UNDETERMINED, UNMET = Outcome.MET, Outcome.UNDETERMINED, Outcome.UNMET
BY_CREDITS = -1
"""In place of a size that depends on the attempt's credits."""

Ranked = tuple[tuple[object, ...], "Course", "Bid"]
"""A bid with its course, in the order in which attempts are used."""


class Look(NamedTuple):
    """What an attempt is to one requirement, in one of its ways of counting, whoever made it.

    `worth` is the outcome, why it is no better, and as how much it counts; with UNMET the attempt is refused.
    """

    node: int
    way: int
    worth: tuple[Outcome, str, int]


class Entry(NamedTuple):
    """A requirement in one of its ways: `position` is its place among those of the program."""

    program: int
    position: int
    way: int
    node: Node
    counting: int


class Candidate(NamedTuple):
    """A requirement that admits an attempt, in one of its ways; `unsure` where the source does not say enough."""

    entry: Entry
    unsure: bool


class Arrival:
    """An attempt that is the first one at its course. What it is worth is worked out once for all that ask the same."""

    __slots__ = ("course", "found", "rank", "standing")

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        self.course = standing.attempt.course
        self.rank = rank(standing)
        self.found: dict[tuple[Outcome, str, int], Ranked | Refused] = {}

    def make(self, node: Node, asked: tuple[Outcome, str, int]) -> Ranked | Refused:
        """What it is to a requirement; kept in `found` where it is the same to others."""
        level, because, size = asked
        if size == BY_CREDITS and level is not UNMET:
            level, because, size = self._by_credits(node, level, because)
        made: Ranked | Refused
        if level is UNMET:
            made = Refused(self.standing, because)
        else:
            offer = _offer(level, size)
            made = (-level, *self.rank), self.course, Bid(self.standing, offer, offer, because)
        if because != "credits-unknown":
            self.found[asked] = made
        return made

    def _by_credits(self, node: Node, level: Outcome, because: str) -> tuple[Outcome, str, int]:
        attempt = self.standing.attempt
        credits_ = attempt.credits_earned if level is MET else attempt.credits_attempted
        if credits_ is None:
            return UNDETERMINED, "credits-unknown", node.need
        size = thousandths(credits_)
        return (level, because, size) if size else (UNMET, "no-credit", 0)


@cache
def _offer(level: Outcome, size: int) -> Offer:
    """What counts for no test and under no limit."""
    return Offer(level, size, (0,), ())


class ProgramIndex:
    """What can be known of a program before any learner: which requirements an attempt is about, and what they move."""

    def __init__(self, plan: ProgramPlan, *, equivalents: bool = False) -> None:
        self.plan = plan
        self.equivalents = equivalents
        self.demands = [plan.nodes[index] for index in plan.demands]
        selections = [way.selection for node in self.demands for way in node.ways]
        self.local = not (
            plan.limits
            or plan.tests
            or plan.time_limit
            or any(map(self._waits_for_courses, plan.nodes))
            or any(map(_looks_beyond, selections))
        )
        self.wide = [replace(one, completed=None, toward=frozenset()) for one in selections]
        groups = [node for node in plan.nodes if node.kind is Kind.GROUP]
        self.groups_of = [
            tuple((group.index, group.parts, group.need) for group in groups if node.index in group.parts)
            for node in plan.nodes
        ]
        self.at_registration = tuple(
            node for node in plan.nodes if node.kind is Kind.FACT and node.moment is Moment.REGISTRATION
        )
        self.read_by = self._read_by()
        self.told_in = self._told_in()
        self.kin = {node.index: tuple(self._kin(node)) for node in self.demands}

    def _waits_for_courses(self, node: Node) -> bool:
        """Whether a node asks when a course was passed; by way of another one, too."""
        before = [self.plan.nodes[index] for index in (node.after, node.since) if index is not None]
        return any(one.kind in CLAIMS or self._waits_for_courses(one) for one in before)

    def _read_by(self) -> list[tuple[int, ...]]:
        """By node, those whose reasons say how it stands."""
        found: list[set[int]] = [set() for _ in self.plan.nodes]
        for node in self.plan.nodes:
            for part in node.parts:
                found[part].add(node.index)
            if node.kind is Kind.WORD and node.code == COMPLETE:
                found[self.plan.requirements].add(node.index)
        return [tuple(sorted(readers)) for readers in found]

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
            if is_rival and (self.equivalents or any(_may_hold(way.selection, names) for way in node.ways)):
                yield other.index

    # Attempts.

    def may_move(self, standing: Standing, learner: LearnerSeen) -> bool:
        """Whether an attempt is about anything in the program, whoever made it."""
        return any(standing.is_in(one, learner.record, learner.as_of) is not False for one in self.wide)

    def is_alone(self, looks: Sequence[Look]) -> bool:
        """Whether an attempt offers itself to no two requirements of which only one may claim it, and once to each."""
        groups = [self.plan.nodes[look.node].share_group for look in looks if look.worth[0] is not UNMET]
        nodes = [look.node for look in looks]
        return len(groups) == len(set(groups)) and len(nodes) == len(set(nodes))


def _may_hold(selection: Selection, courses: frozenset[Course]) -> bool:
    """Whether one of these courses may be in a selection, by its code."""
    if selection.courses:
        return not selection.courses.isdisjoint(courses)
    return any(
        (not selection.subjects or course.subject in selection.subjects)
        and (selection.low is None or selection.low <= course.numeric)
        and (selection.high is None or course.numeric <= selection.high)
        for course in courses
    )


def _looks_beyond(selection: Selection) -> bool:
    """Whether a selection asks for more than the attempt itself says, the same for every learner and day."""
    return selection.completed is not None or bool(selection.toward)


class Entries:
    """All requirements of local programs, found by what an attempt's course may be to them."""

    def __init__(self, indexes: Sequence[ProgramIndex]) -> None:
        self.countings: dict[Counting, int] = {}
        self._by_course: dict[Course, list[Entry]] = {}
        self._by_subject: dict[str, list[Entry]] = {}
        for program, index in enumerate(indexes):
            for position, node in enumerate(index.demands if index.local else ()):
                for number, way in enumerate(node.ways):
                    counting = self.countings.setdefault(way.counting, len(self.countings))
                    self._file(Entry(program, position, number, node, counting), way.selection)

    def _file(self, entry: Entry, selection: Selection) -> None:
        for course in selection.courses:
            self._by_course.setdefault(course, []).append(entry)
        if not selection.courses:
            for subject in selection.subjects or ("",):
                self._by_subject.setdefault(subject, []).append(entry)

    def candidates(self, standing: Standing, learner: LearnerSeen) -> dict[int, list[Candidate]]:
        """The requirements that an attempt is about, by program, in the order of their programs' rules."""
        course = standing.attempt.course
        possible = [
            *self._by_course.get(course, ()),
            *self._by_subject.get(course.subject, ()),
            *self._by_subject.get("", ()),
        ]
        possible.sort(key=_in_order)
        found: dict[int, list[Candidate]] = {}
        for entry in possible:
            admitted = standing.is_in(entry.node.ways[entry.way].selection, learner.record, learner.as_of)
            if admitted is not False:
                found.setdefault(entry.program, []).append(Candidate(entry, admitted is None))
        return found


def _in_order(entry: Entry) -> tuple[int, int, int]:
    return entry[:3]


Worths = dict[tuple[int, bool], tuple[Outcome, str]]
"""What attempts of one kind are worth, by the number of the way of counting and whether it is unsure they are meant."""


def looks(candidates: Sequence[Candidate], standing: Standing, known: Worths) -> tuple[Look, ...]:
    """What an attempt is to those that admit it. What is worked out of its kind is noted."""
    return tuple(Look(one.entry.node.index, one.entry.way, _worth(one, standing, known)) for one in candidates)


def _worth(candidate: Candidate, standing: Standing, known: Worths) -> tuple[Outcome, str, int]:
    _, _, way, node, number = candidate.entry
    asked = number, candidate.unsure
    found = known.get(asked)
    if found is None:
        counting = node.ways[way].counting
        because = barred(standing, counting)
        found = (UNMET, because) if because else worth(standing, counting, unsure=candidate.unsure)
        known[asked] = found
    level, because = found
    if level is UNMET:
        return UNMET, because, 0
    if node.kind is Kind.CREDITS:
        return level, because, BY_CREDITS
    return level, because, weight(node, standing)[0] if node.kind is Kind.WEIGHTED else 1


class KeptProgram:
    """One version of a program for one learner, as it stands now: whatever arrives moves it.

    What hangs on other programs too, and on the catalog year, is left to the decision as a whole.
    """

    __slots__ = (
        "_evaluation",
        "index",
        "learner",
        "moved",
        "outcomes",
        "program",
        "ranked",
        "reasons",
        "run",
        "steady",
        "told",
        "told_registered",
        "version",
    )

    def __init__(self, index: ProgramIndex, learner: LearnerSeen) -> None:
        self.index = index
        self.learner = learner
        self.program = index.plan.program.id
        self.version = index.plan.program.version
        self.reasons: dict[int, Reason] = {}
        self.restart()

    @property
    def outcome(self) -> Outcome:
        """That of the program, by its requirements and rules."""
        return self.outcomes[self.index.plan.root]

    @property
    def reason(self) -> Reason:
        """Why, as a tree of sentences; where nothing has moved it holds the same objects as before."""
        self._forget_what_moved()
        plan, seen = self.index.plan, self.learner
        if plan.root in self.reasons:
            return self.reasons[plan.root]
        return Explainer(plan, self.evaluation, seen.record, seen.word, seen.as_of, self.reasons).reason()

    @property
    def evaluation(self) -> Evaluation:
        """What the plain engine finds for the learner as he is now, with everything that leads to it."""
        self._evaluation.outcomes = tuple(self.outcomes)
        return self._evaluation

    def known_reasons(self) -> dict[int, Reason]:
        """The reasons that stand, by node."""
        self._forget_what_moved()
        return self.reasons

    def restart(self) -> None:
        """Evaluate everything."""
        plan, learner = self.index.plan, self.learner
        runs = [ProgramRun(plan, learner, world) for world in worlds(plan, learner.record, learner.as_of)]
        self._evaluation = found = together([run.evaluate() for run in runs])
        self.run = runs[0]
        self.reasons.clear()
        self.outcomes = list(found.outcomes)
        self.moved: set[int] = set()  # requirements of which something else is to be said
        self.told = list(self.outcomes)  # the outcomes of which the reasons speak
        self.told_registered = found.registered_on
        self.steady = (
            self.index.local
            and len(runs) == 1
            and all(one.program != plan.program.id for one in learner.word.exceptions)
            and not any(self._is_contested(course) for bids in found.bids.values() for course in bids)
        )
        self.ranked: dict[int, list[Ranked]] = {
            index: sorted((place(bid), course, bid) for course, bid in bids.items())
            for index, bids in found.bids.items()
            if self.steady
        }

    def _is_contested(self, course: Course) -> bool:
        """Whether two requirements could claim it, of which only one may."""
        bids, nodes = self._evaluation.bids, self.index.plan.nodes
        groups = [nodes[index].share_group for index in bids if course in bids[index]]
        return len(groups) != len(set(groups))

    def add(self, arrival: Arrival, looks: Sequence[Look]) -> None:
        """Take in an attempt that is the first one at its course, and offers itself once."""
        evaluation, course, another = self._evaluation, arrival.course, False
        for index, way, asked in looks:
            if index in evaluation.not_asked:
                continue
            self.moved.add(index)
            found = arrival.found.get(asked) or arrival.make(self.index.plan.nodes[index], asked)
            if isinstance(found, Refused):
                self._refuse(index, [(way, course, found)])
                continue
            evaluation.bids[index][course] = found[2]
            ranked = self.ranked[index]
            at = bisect(ranked, found)
            ranked.insert(at, found)
            if at < len(evaluation.claims[index]) or self.outcomes[index] is UNMET:
                self._claim(index)
                another = True
        if another and self.index.at_registration:
            self._register()

    def again(self, course: Course, nodes: Collection[int]) -> None:
        """Look again at all attempts at a course; `nodes` are the requirements that any of them is, or was, about."""
        asked = [index for index in sorted(nodes) if index not in self._evaluation.not_asked]
        for index in asked:
            self._look_again(index, course)
        if self._is_contested(course):
            self.restart()
            return
        for index in asked:
            self._claim(index)
        self._register()
        self.moved.update(asked)

    def _look_again(self, index: int, course: Course) -> None:
        bids = self._evaluation.bids[index]
        bids.pop(course, None)
        ranked = self.ranked[index] = [one for one in self.ranked[index] if one[1] != course]
        known = self.run.looked_at[index]
        known[:] = [one for one in known if one[1] != course]
        bid: Bid | None = None
        looked: list[LookedAt] = []
        if course in self.learner.standings:
            bid, looked = self.run.offered(self.index.plan.nodes[index], course)
        if bid is not None:
            bids[course] = bid
            ranked.append((place(bid), course, bid))
            ranked.sort()
        self._refuse(index, looked)

    def _refuse(self, index: int, looked: list[LookedAt]) -> None:
        """Put what is refused where it would have been found: by the way of counting, then by course."""
        known = self.run.looked_at[index]
        known += looked
        if len(known) > len(looked):
            known.sort(key=_found_at)
        self._evaluation.refused[index] = [refused for _, _, refused in known]

    # What follows.

    def _claim(self, index: int) -> None:
        """A requirement takes the best until it is filled."""
        need, size, level = self.index.plan.nodes[index].need, 0, UNMET
        claims = []
        for _, course, bid in self.ranked[index]:
            claims.append(course)
            size += bid.offer.size
            if size >= need:
                level = bid.offer.level
                break
        self._evaluation.claims[index] = tuple(claims)
        self._reach(index, level)

    def _register(self) -> None:
        """The conditions of the day of the first registration, which may have become another one."""
        before = self._evaluation.registered_on
        self._evaluation.registered_on = self.run.first_registration()
        if self._evaluation.registered_on != before:
            for node in self.index.at_registration:
                self._reach(node.index, self.run.fact(node))

    def _reach(self, index: int, outcome: Outcome) -> None:
        """A node comes to an outcome, and with it the groups above, as far as that changes them."""
        outcomes = self.outcomes
        if outcomes[index] is outcome:
            return
        outcomes[index] = outcome
        for group, parts, need in self.index.groups_of[index]:
            found = [outcomes[part] for part in parts]
            self._reach(group, min(found) if need == len(found) else n_th_greatest(found, need))

    def _forget_what_moved(self) -> None:
        """Take away the reasons that say something else now, with those that they are a part of."""
        if not self.moved:
            return
        index, stale = self.index, set(self.moved)
        for moved in self.moved:
            stale.update(index.kin[moved])
        for at, (now, before) in enumerate(zip(self.outcomes, self.told, strict=True)):
            if now is not before:
                stale.update((at, *index.read_by[at]))
        if self._evaluation.registered_on != self.told_registered:
            stale.update(node.index for node in index.at_registration)
        for at in stale:
            for holder in index.told_in[at]:
                self.reasons.pop(holder, None)
        self.told, self.told_registered = list(self.outcomes), self._evaluation.registered_on
        self.moved.clear()


def _found_at(one: LookedAt) -> tuple[int, Course]:
    return one[0], one[1]
