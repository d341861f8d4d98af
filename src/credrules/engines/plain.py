"""The meaning of the rules: a direct evaluator, one function a kind of node.

Where this file and another engine differ, this one is read to find out who is right. For each program it asks, in
order: what is each attempt worth to each requirement; who claims what; what is the outcome of each node.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from credrules.attestations import ExceptionKind
from credrules.claims import Demand, Offer, Proof, Route, Terms, allocate
from credrules.credentials import credential_outcome, term_end
from credrules.decisions import Outcome
from credrules.engines.plain_work import Window, done, first_day, in_time, looked_at, outcome_of
from credrules.engines.plain_worlds import in_common, not_asked, worlds
from credrules.equivalents import lists_by_course
from credrules.exceptions import Exceptions, exceptions_for
from credrules.facts import BUILT_IN, declared, possible_values
from credrules.plan import CLAIMS, Kind, as_test
from credrules.records import Course, MilestoneStatus, Origin, Repeat
from credrules.rules import Measure, Moment, Repeats, Selection, Ways
from credrules.standing import FINAL, GONE, Stage, Standing, rank, stand_as
from credrules.windows import later

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from decimal import Decimal

    from credrules.attestations import GrantedException, Word
    from credrules.engines import Outcomes
    from credrules.engines.plain_work import Done
    from credrules.engines.plain_worlds import World
    from credrules.plan import Node, Plan, ProgramPlan
    from credrules.records import Attempt, Milestone, Record
    from credrules.rules import Counting

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)
MOST_CREDITS = 99_000
"""More than any attempt has, in thousandths; what an unknown amount may be."""

WHOLE = 1000
"""A course that counts as one, in thousandths."""

LookedAt = tuple[int, "Course", "Refused"]
"""An attempt that was refused, with its course and the number of the way of counting in which it was."""

_Item = tuple["Course", str]
"""A course, and the share group in which it can be claimed once."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An attempt that a requirement looked at and cannot use, and the code of the reason."""

    standing: Standing
    because: str


@dataclass(frozen=True, slots=True)
class Bid:
    """The attempt with which a course would serve a requirement, and what it would be worth.

    `because` is the code of what keeps it from being met; '' where nothing does. `offer` takes what is unknown against
    the learner (it is under a limit, and no help with a test), `at_best` in the learner's favour.
    """

    standing: Standing
    offer: Offer
    at_best: Offer
    because: str


@dataclass(frozen=True, slots=True)
class Contest:
    """The requirements that compete, as nodes, and the courses they compete for."""

    rivals: tuple[int, ...]
    courses: tuple[Course, ...]
    limits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Waited:
    """How a requirement stands that another one waits for. `day` is when it was met, None where that is unknown."""

    outcome: Outcome
    day: date | None
    waived: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What a requirement of work saw: when it may be done, what was done in time, and what was not.

    `own` is its outcome by what was done, whatever has to come before it. Of milestones, `late` says that one was not
    done in time, and `doubtful` that one may not have been.
    """

    window: Window
    items: tuple[Done, ...] = ()
    missed: tuple[Done, ...] = ()
    own: Outcome = UNMET
    late: bool = False
    doubtful: bool = False


@dataclass(slots=True)
class Evaluation:
    """One program for one learner: the outcome of every node, and what led there, by the node that claims."""

    outcomes: tuple[Outcome, ...] = ()
    exceptions: Exceptions = field(default_factory=Exceptions)
    waived: dict[int, GrantedException] = field(default_factory=dict)
    bids: dict[int, dict[Course, Bid]] = field(default_factory=dict)
    refused: dict[int, list[Refused]] = field(default_factory=dict)
    claims: dict[int, tuple[Course, ...]] = field(default_factory=dict)
    contests: dict[int, Contest] = field(default_factory=dict)
    at_best: dict[int, tuple[Course, ...]] = field(default_factory=dict)  # claims, if all that is unknown were well
    proof: Proof = Proof.OPTIMAL
    work: dict[int, Looked] = field(default_factory=dict)
    met_on: dict[int, date] = field(default_factory=dict)  # for work that is no course, where the day is known
    period: tuple[date, date] | None = None  # in which all that counts lies, where there is a time limit
    not_asked: frozenset[int] = frozenset()  # under the branches of choices that are not this learner's
    torn: frozenset[int] = frozenset()  # outcomes that depend on what is unknown of the learner

    def in_time(self, attempt: Attempt) -> bool:
        return within(self.period, attempt, True)

    registered_on: date | None = None  # for the first course that counts; None where one of these days is unknown

    def stand_ins(self, node: Node, course: Course, record: Record, as_of: date) -> list[GrantedException]:
        """What lets a course serve a node that does not ask for it: nothing, where it does."""
        standing = self.bids[node.index][course].standing
        if any(standing.is_in(way.selection, record, as_of) for way in node.ways):
            return []
        names = {name.code for name in standing.names}
        return [one for one in self.exceptions.substitutions(node.index) if one.course in names]


@dataclass(slots=True)
class _Shared:
    """One sharing-out. `rank` is greater where it serves the learner better."""

    outcomes: dict[int, Outcome]
    claims: dict[int, tuple[Course, ...]]
    contests: dict[int, Contest]
    proof: Proof
    period: tuple[date, date] | None
    at_best: dict[int, tuple[Course, ...]] = field(default_factory=dict)
    rank: tuple[Outcome, ...] = ()


class PlainEngine:
    """Decides one learner at a time."""

    name = "plain"

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.equivalents = lists_by_course(plan.equivalents)

    def outcomes(self, record: Record, word: Word, as_of: date) -> Outcomes:
        return tuple(evaluation.outcomes for evaluation in self.evaluate(record, word, as_of))

    def evaluate(self, record: Record, word: Word, as_of: date) -> tuple[Evaluation, ...]:
        """The same with everything that led to it, for the reasons."""
        learner = self.learner(record, word, as_of)
        return tuple(evaluate(program, learner) for program in self.plan.programs)

    def stand(self, attempt: Attempt, as_of: date) -> Standing:
        """An attempt as it stood on a day, under this plan's scale and lists of equivalent courses."""
        return stand_as(attempt, self.plan.scale, as_of, self.equivalents)

    def learner(self, record: Record, word: Word, as_of: date) -> LearnerSeen:
        standings: dict[Course, list[Standing]] = {}
        known_as: dict[Course, set[Course]] = {}
        for attempt in sorted(record.attempts, key=lambda attempt: attempt.attempt_id):
            standing = self.stand(attempt, as_of)
            standings.setdefault(standing.course, []).append(standing)
            for name in standing.names:
                known_as.setdefault(name, set()).add(standing.course)
        return LearnerSeen(record, word, as_of, standings, known_as, self.plan.scale.top)


@dataclass(frozen=True, slots=True)
class LearnerSeen:
    """What is the same of a learner for all programs."""

    record: Record
    word: Word
    as_of: date
    standings: dict[Course, list[Standing]]  # of each course in the order of the attempts' ids
    known_as: dict[Course, set[Course]]  # by each code, the courses that an attempt under it is one at
    top: int  # thousandths of a point of the best grade


def evaluate(program: ProgramPlan, learner: LearnerSeen) -> Evaluation:
    """One program for one learner, in every world and then together."""
    found = worlds(program, learner.record, learner.as_of)
    return together([ProgramRun(program, learner, world).evaluate() for world in found])


class ProgramRun:
    """The evaluation of one program for one learner, in one world."""

    def __init__(self, plan: ProgramPlan, learner: LearnerSeen, world: World) -> None:
        self.plan = plan
        self.learner = learner
        self.world = world
        self.exceptions = exceptions_for(plan, learner.word)
        self.result = Evaluation(exceptions=self.exceptions, waived=self.exceptions.waived())
        self.sums = 1 + max((at for index in plan.tests for at in plan.nodes[index].sums), default=0)
        self.subjects: dict[str, int] = {}
        self.looked_at: dict[int, list[LookedAt]] = {}
        self.claimed: Mapping[int, Outcome] | None = None  # None before the courses are shared out
        self.seen: dict[tuple[int, bool], Looked] = {}  # before and after the courses are shared out

    def evaluate(self) -> Evaluation:
        self.terms = self.plan.terms(self.result.waived)
        asks = [self.plan.nodes[index] for fork in self.plan.forks for index in fork.asks]
        self.result.not_asked = not_asked(self.plan, {node.index: self.fact(node) is MET for node in asks})
        for index in self.plan.demands:
            self._take_bids(self.plan.nodes[index])
        self.claimed = claimed = self._filled()
        self.result.registered_on = self.first_registration()
        outcomes: list[Outcome] = []
        for node in self.plan.nodes:
            if node.index in self.result.waived:
                outcomes.append(MET)
            elif node.kind is Kind.GROUP:
                outcomes.append(n_th_greatest([outcomes[part] for part in node.parts], node.need))
            else:
                outcomes.append(claimed[node.index] if node.index in claimed else self._leaf(node))
        self.result.outcomes = tuple(outcomes)
        for index in self.result.work:
            if outcomes[index] is MET and (day := self._met_on(self.plan.nodes[index])):
                self.result.met_on[index] = day
        return self.result

    # What is each attempt worth to each requirement?

    def _take_bids(self, node: Node) -> None:
        bids: dict[Course, Bid] = {}
        looked: list[LookedAt] = []
        for number, way in enumerate(self._ways(node)) if node.index not in self.result.not_asked else ():
            for course in self._courses(way.selection):
                for found in self._offers(node, way, course):
                    _note(found, number, course, bids, looked)
        self.result.bids[node.index] = bids
        self.result.refused[node.index] = [refused for _, _, refused in looked]
        self.looked_at[node.index] = looked

    def offered(self, node: Node, course: Course) -> tuple[Bid | None, list[LookedAt]]:
        """What one course's attempts offer a requirement, as they stand now, and those that are refused."""
        bids: dict[Course, Bid] = {}
        looked: list[LookedAt] = []
        names = frozenset[Course]().union(*(standing.names for standing in self.learner.standings[course]))
        for number, way in enumerate(self._ways(node)):
            if not way.selection.courses or not names.isdisjoint(way.selection.courses):
                for found in self._offers(node, way, course):
                    _note(found, number, course, bids, looked)
        return bids.get(course), looked

    def _ways(self, node: Node) -> Iterator[Ways]:
        """The node's own ways, and one for each course that may stand in: judged like the first of its own."""
        yield from node.ways
        for granted in self.exceptions.substitutions(node.index):
            course = Course.parse(granted.course or "")
            if course:
                yield Ways(selection=Selection(courses=frozenset({course})), counting=node.ways[0].counting)

    def _admits(self, selection: Selection, standing: Standing) -> bool | None:
        return standing.is_in(selection, self.learner.record, self.learner.as_of)

    def _courses(self, selection: Selection) -> list[Course]:
        if not selection.courses:
            return sorted(self.learner.standings)
        known_as = self.learner.known_as
        return sorted({course for name in selection.courses & known_as.keys() for course in known_as[name]})

    def _offers(self, node: Node, way: Ways, course: Course) -> Iterator[Bid | Refused]:
        """What one course's attempts offer: those that stand under the repeat policy; the others are refused."""
        eligible: list[tuple[Standing, bool]] = []
        for standing in self.learner.standings[course]:
            admitted = self._admits(way.selection, standing)
            if admitted is False:
                continue
            because = barred(standing, way.counting)
            if because:
                yield Refused(standing, because)
            else:
                eligible.append((standing, admitted is None or standing.unsure))
        stand_, displaced = that_stand([standing for standing, _ in eligible], way.counting.repeats)
        levels = {
            worth(standing, way.counting, unsure=unsure)[0] for standing, unsure in eligible if standing in stand_
        }
        for standing, unsure in eligible:
            if standing in displaced:
                yield Refused(standing, "displaced")
                continue
            level, because = worth(standing, way.counting, unsure=unsure)
            if way.counting.repeats is not Repeats.BEST and standing in stand_ and len(levels) > 1:
                level, because = UNDETERMINED, "order-unknown"
            yield self._bid(node, standing, level, because)

    def _bid(self, node: Node, standing: Standing, level: Outcome, because: str) -> Bid | Refused:
        """A standing as an offer: its credits where they matter, what it adds to the tests and takes of the limits."""
        attempt = standing.attempt
        if level is UNMET:
            return Refused(standing, because)
        credits_ = attempt.credits_earned if level is MET else attempt.credits_attempted
        amount = None if credits_ is None else thousandths(credits_)
        if amount is None and (node.kind is Kind.CREDITS or (self.terms.averaged and not node.share_group)):
            level, because = UNDETERMINED, "credits-unknown"
        size = 1
        if node.kind is Kind.CREDITS:
            size = node.need if amount is None else amount
            if size == 0:
                return Refused(standing, "no-credit")
        if node.kind is Kind.WEIGHTED:
            size, certain = weight(node, standing)
            if not certain:
                level, because = UNDETERMINED, "course-unsure"
        if node.share_group:  # counts beside the rest, and so for no test and under no limit
            offer = Offer(level, size, (0,) * self.sums, (0,) * len(self.plan.limits))
            return Bid(standing, offer, offer, because)
        kind = self.subjects.setdefault(attempt.course.subject, len(self.subjects))
        offer, at_best = (
            Offer(
                level, size, self._weights(standing, amount, well=well), self._loads(standing, amount, well=well), kind
            )
            for well in (False, True)
        )
        return Bid(standing, offer, at_best, because)

    def _weights(self, standing: Standing, amount: int | None, *, well: bool) -> tuple[int, ...]:
        """What an attempt adds to each of the sums that the tests look at; what is unknown is taken as `well` says."""
        weights = [0] * self.sums
        for index in self.plan.tests:
            node = self.plan.nodes[index]
            if node.kind is Kind.AVERAGE:
                weights[0] = self._weight(standing, amount, node.need)
                continue
            inside = _taken(self._admits(node.selection, standing), well)
            if node.measure is Measure.COURSES:
                weights[node.sums[0]] = int(inside)
            elif node.measure is Measure.CREDITS:
                most = node.need if well else 0
                weights[node.sums[0]] = (most if amount is None else amount) if inside else 0
            elif node.measure is Measure.SHARE_OF_COURSES:
                weights[node.sums[0]], weights[node.sums[1]] = int(inside), 1
            elif node.measure is Measure.SHARE_OF_CREDITS:
                whole = (MOST_CREDITS if inside is well else 0) if amount is None else amount
                weights[node.sums[0]], weights[node.sums[1]] = whole if inside else 0, whole
        return tuple(weights)

    def _weight(self, standing: Standing, amount: int | None, minimum: int) -> int:
        """What an attempt adds to the average: credits x (points - the average asked for).

        Credit from elsewhere and grades without points are left out; work in progress is taken at the top grade, to see
        what can still be reached.
        """
        if amount is None or standing.attempt.origin is not Origin.INSTITUTION or standing.stage is Stage.PASSED:
            return 0
        points = standing.points if standing.points is not None else self.learner.top
        return amount * (points - minimum)

    def _loads(self, standing: Standing, amount: int | None, *, well: bool) -> tuple[int, ...]:
        """What an attempt takes of each limit. Work in progress is not below any grade yet."""
        loads = []
        for limit in self.plan.limits:
            inside = _taken(self._admits(limit.selection, standing), not well)
            if limit.below is not None and (standing.points is None or standing.points >= limit.below):
                inside = False
            most = 0 if well else limit.most + 1
            load = (most if amount is None else amount) if limit.of_credits else 1
            loads.append(load if inside else 0)
        return tuple(loads)

    # Who claims what?

    def _filled(self) -> dict[int, Outcome]:
        """The outcome of every node that claims, or that looks at what was claimed.

        Under a time limit, every first day of a course is tried, and the best taken; of equals, the earliest.
        """
        if not self.plan.time_limit:
            shared = self._shared()
        else:
            starts = sorted({term.starts for bid in self._bids() if (term := bid.standing.attempt.term)})
            periods = [(start, later(start, self.plan.time_limit)) for start in starts] or [(date.min, date.max)]
            shared = max((self._shared(period) for period in periods), key=lambda shared: shared.rank)
        self.result.claims, self.result.contests, self.result.proof = shared.claims, shared.contests, shared.proof
        self.result.at_best, self.result.period = shared.at_best, shared.period
        return shared.outcomes

    def _bids(self) -> Iterator[Bid]:
        """What may be claimed: nothing for what is waived, so that no period begins with it either."""
        out = self._waived_below()
        for index, bids in self.result.bids.items():
            yield from bids.values() if index not in out else ()

    def _shared(self, period: tuple[date, date] | None = None) -> _Shared:
        """The sharing-out among the courses of a period.

        What is unknown is taken against the learner first. Where all would be better if it were well, nobody can tell.
        """
        shared = self._share_out(period, well=False)
        if any(
            bid.offer != bid.at_best or (self.plan.time_limit and not bid.standing.attempt.term) for bid in self._bids()
        ):
            at_best = self._share_out(period, well=True)
            shared.at_best = at_best.claims
            for index, outcome in shared.outcomes.items():
                shared.outcomes[index] = max(outcome, min(at_best.outcomes[index], UNDETERMINED))
        routes = self._routes(self._waived_below())
        levels = [shared.outcomes[index] for index in self.plan.demands]
        tests = [shared.outcomes[index] for index in self.plan.tests if index not in self.result.waived]
        reached = max((min([route.ceiling, *(levels[d] for d in route.demands)]) for route in routes), default=UNMET)
        shared.rank = (min([reached, *tests]), *levels, *tests)
        return shared

    def _share_out(self, period: tuple[date, date] | None, *, well: bool) -> _Shared:
        """Share the courses out: the outcome of every node that claims or tests, and the claims."""
        bids = {
            index: {course: bid for course, bid in by_course.items() if within(period, bid.standing.attempt, well)}
            for index, by_course in self.result.bids.items()
        }
        preferred: dict[_Item, tuple[object, ...]] = {}
        for index, by_course in bids.items():
            for course, bid in by_course.items():
                item = (course, self.plan.nodes[index].share_group)
                at = (*place(bid), *item)
                preferred[item] = min(preferred.get(item, at), at)
        items = sorted(preferred, key=lambda item: preferred[item])
        number = {item: at for at, item in enumerate(items)}
        out = self._waived_below()
        demands = []
        for index in self.plan.demands:
            node = self.plan.nodes[index]
            offers = (
                {}
                if index in out
                else {
                    number[course, node.share_group]: bid.at_best if well else bid.offer
                    for course, bid in bids[index].items()
                }
            )
            demands.append(Demand(node.need, offers, node.kind is Kind.COURSES, beside=bool(node.share_group)))
        allocation = allocate(demands, self._routes(out), self.terms)
        contests = {
            self.plan.demands[at]: Contest(
                tuple(self.plan.demands[rival] for rival in contest.demands),
                tuple(items[item][0] for item in contest.items),
                contest.caps,
            )
            for at, contest in allocation.contests.items()
        }
        claims = {
            index: tuple(items[item][0] for item in claimed)
            for index, claimed in zip(self.plan.demands, allocation.claims, strict=True)
        }
        counted = [
            bid.at_best if well else bid.offer
            for index, courses in claims.items()
            if not self.plan.nodes[index].share_group
            for course in courses
            for bid in [bids[index][course]]
        ]
        outcomes = dict(zip(self.plan.demands, allocation.outcomes, strict=True))
        outcomes.update({index: test(self.plan.nodes[index], counted) for index in self.plan.tests})
        return _Shared(outcomes, claims, contests, allocation.proof, period)

    def _waived_below(self) -> frozenset[int]:
        """Every node that a waiver makes needless: it claims nothing."""
        return frozenset().union(*(self.plan.below[index] for index in self.result.waived))

    def _routes(self, out: frozenset[int]) -> list[Route]:
        """The ways through the alternatives, each with the best that its other leaves allow."""
        routes = []
        for way in self.plan.ways:
            needed = frozenset(d for d in way.demands if self.plan.demands[d] not in out)
            ceiling = min((self._leaf(self.plan.nodes[leaf]) for leaf in way.leaves if leaf not in out), default=MET)
            routes.append(Route(needed, ceiling))
        return routes

    def first_registration(self) -> date | None:
        days = [
            self.result.bids[index][course].standing.attempt.registered_on
            for index, courses in self.result.claims.items()
            for course in courses
        ]
        known = [day for day in days if day is not None]
        if len(known) < len(days):
            return None
        return min(known, default=self.learner.as_of)

    # What is the outcome of a leaf?

    def _leaf(self, node: Node) -> Outcome:
        if node.work or node.timing:
            return self._work(node)
        if node.kind is Kind.MILESTONE:
            return milestone(node, self.learner.record)
        if node.kind is Kind.WORD:
            return self._word(node)
        if node.kind is Kind.FACT:
            return self.fact(node)
        if node.kind is Kind.CREDENTIAL:
            return credential_outcome(node, self.learner.record, self.learner.word, self.learner.as_of)
        return no_hold(self.learner.record, self.learner.as_of)

    def _word(self, node: Node) -> Outcome:
        """Somebody's word is there or is awaited; where evidence is asked for, so is its link."""
        return MET if self._said_on(node) else AWAITING

    def _said_on(self, node: Node) -> list[date]:
        return [
            word.on
            for word in self.learner.word.attestations
            if word.program == self.plan.program.id
            and word.role == node.role
            and word.statement == node.code
            and (word.evidence or not node.evidence)
        ]

    def fact(self, node: Node) -> Outcome:
        day = self.result.registered_on if node.moment is Moment.REGISTRATION else self.learner.as_of
        if node.moment is Moment.CONFERRAL and (node.fact, node.values) in self.world:
            return MET if self.world[node.fact, node.values] is not node.negated else UNMET
        if node.fact not in BUILT_IN:
            return declared_fact(node, self.learner.record)
        possible = possible_values(node.fact, self.learner.record, day)
        fits = [(value in node.values) is not node.negated for value in possible]
        return MET if all(fits) else UNDETERMINED if any(fits) else UNMET

    # Work that is no course, and when it has to be done.

    def _work(self, node: Node) -> Outcome:
        looked = self._look(node)
        self.result.work[node.index] = looked
        return min(looked.own, looked.window.at_most)

    def _own(self, node: Node, looked: Looked) -> Outcome:
        if node.work is None:
            return self._timed_milestone(node, looked.window)
        return UNDETERMINED if self.learner.record.activities is None else outcome_of(node.work, looked.items)

    def _look(self, node: Node) -> Looked:
        key = node.index, self.claimed is not None
        if key not in self.seen:
            looked = self._look_again(node)
            self.seen[key] = replace(looked, own=self._own(node, looked))
        return self.seen[key]

    def _look_again(self, node: Node) -> Looked:
        window = self._window(node)
        if node.work is None:
            admitted = [verdict for _, _, verdict in self._milestone_verdicts(node, window)]
            return Looked(window, late=False in admitted, doubtful=None in admitted)
        activities = [one for one in self.learner.record.activities or () if looked_at(node.work, one)]
        items, missed = in_time(done(activities, self.learner.as_of), window, self.learner.as_of)
        return Looked(window, tuple(items), tuple(missed))

    def _timed_milestone(self, node: Node, window: Window) -> Outcome:
        if self.learner.record.milestones is None:
            return UNDETERMINED
        return max((level for _, level in self._milestone_levels(node, window)), default=UNMET)

    def _milestone_levels(self, node: Node, window: Window) -> Iterator[tuple[Milestone, Outcome]]:
        """What each record of a milestone is worth that was, or may have been, made in time."""
        for one, level, admitted in self._milestone_verdicts(node, window):
            if admitted is not False:
                yield one, level if admitted else min(level, UNDETERMINED)

    def _milestone_verdicts(self, node: Node, window: Window) -> Iterator[tuple[Milestone, Outcome, bool | None]]:
        """What each record of a milestone is worth, and whether it is in time. One that is dated later than today is
        still to be done.
        """
        as_of = self.learner.as_of
        for one in self.learner.record.milestones or ():
            if one.code != node.code:
                continue
            level = _milestone_worth(one.status, one.evidence, node)
            if one.completed_on and one.completed_on > as_of:
                level = min(level, PENDING)
            yield one, level, window.admits(level, one.completed_on, as_of)

    def _window(self, node: Node) -> Window:
        """When a requirement may be done, by the days on which those that come before it were met."""
        timing = node.timing
        if timing is None:
            return Window()
        firsts, lasts = [], [timing.by] if timing.by else []
        known, at_most = True, MET
        for index, begins_period in ((node.after, False), (node.since, True)):
            waited = None if index is None else self._waited(index)
            if waited is None:
                continue
            at_most = min(at_most, waited.outcome)
            if waited.outcome is MET and waited.day is None:
                known = False
            elif waited.outcome is MET and waited.day:
                firsts += [] if waited.waived else [waited.day]
                lasts += [timing.last_from(waited.day)] if begins_period else []
        if timing.period and node.since is None:
            firsts.append(timing.first_until(self.learner.as_of))
        if timing.renews:
            end = term_end(timing.renews, self.learner.record, self.learner.word, self.learner.as_of)
            known = known and end is not None
            firsts += [later(end, -timing.term) + timedelta(days=1)] if end else []
        last = min(lasts, default=None)
        if last:
            last = max([last, *self._extended(node)])
        return Window(max(firsts, default=None), last, known, at_most)

    def _extended(self, node: Node) -> list[date]:
        return [
            one.granted.until
            for one in self.exceptions.applied
            if one.granted.kind is ExceptionKind.EXTENSION and one.node.index == node.index and one.granted.until
        ]

    def _waited(self, index: int) -> Waited | None:
        """How what comes before stands. A waived one asks for nothing to be done after it, and a period that begins
        with it begins when it was waived.

        None where courses are not shared out yet: then, what hangs on a course is taken to be in time. None too where
        it is not asked of this learner.
        """
        node = self.plan.nodes[index]
        if index in self.result.not_asked:
            return None
        waivers = [
            one.granted.on
            for one in self.exceptions.applied
            if one.granted.kind is ExceptionKind.WAIVER and index in self.plan.below[one.node.index]
        ]
        if waivers:
            return Waited(MET, min(waivers), waived=True)
        if node.kind in CLAIMS and self.claimed is None:
            return None
        outcome = self.claimed[index] if self.claimed and node.kind in CLAIMS else self._leaf(node)
        return Waited(outcome, self._met_on(node) if outcome is MET else None)

    def _met_on(self, node: Node) -> date | None:
        """The day on which a requirement that is met was met; None where something unknown may make it another."""
        if node.kind in CLAIMS:
            days = [
                attempt.graded_on or (attempt.term.ends if attempt.term else None)
                for course in self.result.claims[node.index]
                for attempt in [self.result.bids[node.index][course].standing.attempt]
            ]
            known = [day for day in days if day]
            return max(known) if len(known) == len(days) else None
        if node.kind is Kind.WORD:
            return min(self._said_on(node))
        looked = self._look(node)
        if node.work:
            return first_day(node.work, looked.items)
        levels = list(self._milestone_levels(node, looked.window))
        certain = [one.completed_on for one, level in levels if level is MET and one.completed_on]
        possible = [one.completed_on or date.min for one, level in levels if level in (MET, UNDETERMINED)]
        return min(certain) if certain and min(certain) == min(possible) else None


def _note(found: Bid | Refused, way: int, course: Course, bids: dict[Course, Bid], looked: list[LookedAt]) -> None:
    """Of a course's attempts the best one is its bid."""
    if isinstance(found, Refused):
        looked.append((way, course, found))
    elif course not in bids:
        bids[course] = found
    else:
        bids[course], other = sorted((bids[course], found), key=place)
        looked.append((way, course, Refused(other.standing, "superseded")))


def together(evaluations: Sequence[Evaluation]) -> Evaluation:
    """What is so in every world. A requirement is looked at in those in which it is asked, if there are any.

    What led there is that of the first world, and of the first in which it is asked for each requirement.
    """
    first = evaluations[0]
    if len(evaluations) == 1:
        return first
    asked_in = [
        [one for one in evaluations if index not in one.not_asked] or list(evaluations)
        for index in range(len(first.outcomes))
    ]
    outcomes = [[one.outcomes[index] for one in found] for index, found in enumerate(asked_in)]
    result = replace(first, outcomes=tuple(map(in_common, outcomes)))
    result.torn = frozenset(index for index, found in enumerate(outcomes) if len(set(found)) > 1)
    result.not_asked = frozenset.intersection(*(one.not_asked for one in evaluations))
    for name in ("bids", "refused", "claims", "contests", "at_best", "work"):
        chosen = {index: getattr(found[0], name) for index, found in enumerate(asked_in)}
        setattr(result, name, {index: found[index] for index, found in chosen.items() if index in found})
    result.met_on = {
        index: max(one.met_on[index] for one in found)
        for index, found in enumerate(asked_in)
        if all(index in one.met_on for one in found)
    }
    return result


def within(period: tuple[date, date] | None, attempt: Attempt, unknown_as: bool) -> bool:
    """Whether an attempt's term lies in a period, from its first day to its last."""
    if period is None:
        return True
    return unknown_as if attempt.term is None else period[0] <= attempt.term.starts and attempt.term.ends <= period[1]


def _taken(inside: bool | None, unknown_as: bool) -> bool:
    return unknown_as if inside is None else inside


def test(node: Node, offers: Sequence[Offer]) -> Outcome:
    """A test over what was claimed. An average is unmet where even the top grade in all work in progress would not do.

    What only adds up holds at each level by what is worth that much; a mean or a share is as sure as all of it is.
    """
    if not offers:
        return UNMET
    adds_up = node.kind is Kind.COUNTED and not node.measure.is_share
    least = min(offer.level for offer in offers)
    for level in (MET, PENDING, UNDETERMINED):
        if adds_up:
            counted = [offer for offer in offers if offer.level >= level]
            if _passes(node, counted):
                return level
        elif least >= level:
            return level if _passes(node, offers) else UNMET
    return UNMET


def _passes(node: Node, offers: Sequence[Offer]) -> bool:
    if node.kind is Kind.COUNTED and node.measure is Measure.SUBJECTS:
        return len({offer.kind for offer in offers}) >= node.need
    return Terms(tests=(as_test(node),)).hold(offers)


def declared_fact(node: Node, record: Record) -> Outcome:
    """A learner may have several values, and any that is asked for will do; one nobody declared tells nothing."""
    known = declared(node.fact, record)
    if known is not None and known & node.values:
        return UNMET if node.negated else MET
    if known is None or (node.among and not known <= node.among):
        return UNDETERMINED
    return MET if node.negated else UNMET


def n_th_greatest(outcomes: Sequence[Outcome], n: int) -> Outcome:
    return sorted(outcomes, reverse=True)[n - 1] if n else MET


def place(bid: Bid) -> tuple[object, ...]:
    """The order in which attempts are used: surer ones first, then by the stated order."""
    return (-bid.offer.level, *rank(bid.standing))


def thousandths(credits_: Decimal) -> int:
    return int(credits_ * 1000)


def barred(standing: Standing, counting: Counting) -> str:
    """The code of what keeps an attempt from ever counting, whatever its grade; '' where nothing does."""
    attempt = standing.attempt
    if standing.stage in GONE:
        return standing.stage.value
    if attempt.origin not in counting.origins:
        return "origin"
    if attempt.basis is not None and attempt.basis not in counting.bases:
        return "basis"
    if attempt.repeat in (Repeat.EXCLUDE, Repeat.AVERAGE_ONLY):
        return "repeat-excluded"
    return ""


def worth(standing: Standing, counting: Counting, *, unsure: bool) -> tuple[Outcome, str]:
    """What an attempt is worth by its grade. `unsure` where the source does not say whether it belongs here at all."""
    level, because = MET, ""
    match standing.stage:
        case Stage.GRADED if standing.points is not None:
            minima = counting.minima(standing.attempt.level)
            if standing.points < minima[0].points:
                return UNMET, "below-minimum"
            if standing.points < minima[-1].points:
                level, because = UNDETERMINED, "level-unknown"
        case Stage.FAILED:
            return UNMET, "not-passing"
        case Stage.UNREADABLE | Stage.NOT_REPORTED:
            level, because = UNDETERMINED, f"grade-{standing.stage.value}"
        case Stage.IN_PROGRESS | Stage.INCOMPLETE:
            level, because = PENDING, standing.stage.value
    for unknown, code in (
        (unsure, "course-unsure"),
        (standing.attempt.basis is None, "basis-unknown"),
        (standing.attempt.repeat is None, "repeat-unknown"),
    ):
        if unknown and level > UNDETERMINED:
            level, because = UNDETERMINED, code
    return level, because


def weight(node: Node, standing: Standing) -> tuple[int, bool]:
    """As how much of a course an attempt counts, at most, and whether that is certain."""
    weights = dict(node.weights)
    own = standing.attempt.course
    if own in weights:
        return weights[own], True
    most = max((weights[name] for name in standing.names if name in weights), default=WHOLE)
    doubtful = standing.equal is not None and standing.equal.doubtful
    return (max(most, WHOLE), most == WHOLE) if doubtful else (most, True)


def that_stand(attempts: Sequence[Standing], repeats: Repeats) -> tuple[list[Standing], list[Standing]]:
    """Of one course's attempts: those with a grade that stand, and those that do not count.

    An attempt without a grade displaces nothing; under `first` it is itself displaced by one with a grade. Where the
    source does not say which of several grades was the latest (or first), all that may have been stand.
    """
    graded = [standing for standing in attempts if standing.stage in FINAL]
    if repeats is Repeats.BEST or not graded:
        return graded, []
    dated = [_when(standing) for standing in graded if standing.attempt.term]
    edge = (max if repeats is Repeats.LATEST else min)(dated, default=None)
    stands = [standing for standing in graded if not standing.attempt.term or _when(standing) == edge]
    displaced = [standing for standing in graded if standing not in stands]
    if repeats is Repeats.FIRST:
        displaced += [standing for standing in attempts if standing.stage not in FINAL]
    return stands, displaced


def _when(standing: Standing) -> tuple[date, ...]:
    term = standing.attempt.term
    return (term.starts, term.ends) if term else ()


def milestone(node: Node, record: Record) -> Outcome:
    if record.milestones is None:
        return UNDETERMINED
    return max(
        (_milestone_worth(one.status, one.evidence, node) for one in record.milestones if one.code == node.code),
        default=UNMET,
    )


def _milestone_worth(status: MilestoneStatus | None, evidence: str | None, node: Node) -> Outcome:
    match status:
        case None:
            return UNDETERMINED
        case MilestoneStatus.COMPLETE:
            return MET if evidence or not node.evidence else AWAITING
        case MilestoneStatus.SUBMITTED:
            return AWAITING
        case MilestoneStatus.IN_PROGRESS:
            return PENDING
    return UNMET


def no_hold(record: Record, as_of: date) -> Outcome:
    if record.holds is None:
        return UNDETERMINED
    active = [
        hold
        for hold in record.holds
        if (hold.since is None or hold.since <= as_of) and (hold.until is None or hold.until >= as_of)
    ]
    if any(hold.blocks is not None and "conferral" in hold.blocks for hold in active):
        return UNMET
    return UNDETERMINED if any(hold.blocks is None for hold in active) else MET
