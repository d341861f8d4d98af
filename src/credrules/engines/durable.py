"""The rules engine: every comparison and every step of the requirement tree is a production on durable_rules.

One learner is one session, and rules chain forward through it in two strata:

1. *What counts.* Attempts, milestones, holds and people's word go in. Productions say of each attempt whether it is
   eligible under each way of counting, whether its grade passes, and which selections it belongs to.
2. *What follows.* Claims, totals and facts about the learner go in. Productions derive each requirement, each group,
   each gate and the program, at each of the four outcomes above `unmet`, until nothing new follows.

Between the strata stand the two things that productions cannot say: the repeat policy and the sharing-out of claims.

A node has one production for each outcome: it fires where the node's outcome is at least that. Every such production is
monotone (so much of that is enough), which is why no negation is ever needed.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect
from collections import Counter
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from credrules.attestations import ExceptionKind
from credrules.claims import Demand, Offer, Rounding, Route, allocate
from credrules.decisions import Outcome
from credrules.engines.durable_attempts import (
    ABOVE_UNMET,
    AWAITING,
    BUCKETS,
    MET,
    OTHER,
    PENDING,
    UNDETERMINED,
    UNKNOWN,
    UNMET,
    AttemptRules,
    Known,
    Meaning,
    Rules,
    as_repeated,
    bucket,
    in_thousandths,
    months_on,
    sized,
    text_of,
    worth,
)
from credrules.engines.durable_driver import MAX_INT, Driver, Fact, Firing, Session
from credrules.engines.durable_work import (
    Deed,
    Period,
    Tests,
    day_enough,
    deed_facts,
    sought,
    state_tests,
    waits,
    work_tests,
)
from credrules.engines.durable_worlds import Supposed, agreed
from credrules.facts import BUILT_IN, possible_values
from credrules.plan import TESTS, Kind
from credrules.records import AdmissionKind, Affiliation, Attempt, CredentialStatus, MilestoneStatus, Origin
from credrules.rules import Measure, Moment, Selection
from credrules.standing import GONE, Stage, rank, stand

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from credrules.attestations import GrantedException, Word
    from credrules.claims import Terms
    from credrules.engines import Outcomes
    from credrules.plan import Node, Plan, ProgramPlan
    from credrules.records import Activity, Course, CredentialHeld, Record
    from credrules.rules import Limit, Ways
    from credrules.standing import Standing
    from credrules.work import Amount, Scores


class DurableEngine:
    """Decides one learner at a time, on durable_rules. For one thread. Raises EngineError where it cannot."""

    name = "durable"

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        countings = {way.counting for program in plan.programs for node in program.nodes for way in node.ways}
        selections = list(dict.fromkeys(selection for program in plan.programs for selection in _selections(program)))
        self.one_with: dict[Course, frozenset[Course]] = {}
        for one in plan.equivalents:
            for course in one.courses:
                self.one_with[course] = self.one_with.get(course, frozenset()) | frozenset(one.courses)
        self.about = AttemptRules(countings, selections)
        self.offsets = list(itertools.accumulate((len(program.nodes) for program in plan.programs), initial=0))
        self.waits = waits(plan.programs, self.offsets)
        self.parents = self._parents()
        self.always = self._always()
        claimed = [way.selection for program in plan.programs for node in program.nodes for way in node.ways]
        self.named = frozenset(course for selection in claimed for course in selection.courses)
        self.filters = tuple(selection for selection in dict.fromkeys(claimed) if not selection.courses)
        nodes = [node for program in plan.programs for node in program.nodes]
        self.credentials = {_asked_of(node): node for node in nodes if node.kind is Kind.CREDENTIAL}
        self.milestone_codes = sorted({node.code for node in nodes if node.kind is Kind.MILESTONE})
        self.program_of = [number for number, program in enumerate(plan.programs) for _ in program.nodes]
        self.program_of += self.waits.program_of_ceilings
        self.told_first = [
            any(program.nodes[index].kind is Kind.FACT for index in program.below[program.requirements])
            for program in plan.programs
        ]
        self.supposed = [Supposed(number, program, _about) for number, program in enumerate(plan.programs)]
        self.is_of_everybody = [node.kind in (Kind.NO_HOLD, Kind.FACT) for node in nodes]
        self.chosen = tuple(dict.fromkeys(one for node in nodes if node.work for one in sought(node.work)))
        self.work_names = frozenset(name for one in self.chosen for name in (*one.codes, *one.categories))
        self.belonging = [frozenset(_belonging(program.nodes)) for program in plan.programs]
        self.asked_of = [frozenset(_belonging([node])) for node in nodes]
        self.remembered: dict[tuple[object, ...] | None, tuple[Outcome, ...]] = {}
        self.asked = [
            sorted({(n.moment, n.fact) for n in program.nodes if n.kind is Kind.FACT and n.fact in BUILT_IN})
            for program in plan.programs
        ]
        self.declared = [
            {
                _about(number, node): node
                for node in program.nodes
                if node.kind is Kind.FACT and node.fact not in BUILT_IN
            }
            for number, program in enumerate(plan.programs)
        ]
        rules = Rules()
        self.about.write(rules)
        for tests, label in (*state_tests(self.chosen), *self._timed_milestones()):
            rules.when(*tests, meaning=Meaning(label))
        for number, program in enumerate(plan.programs):
            self._write_program(rules, number, program)
        self.meanings = rules.meanings
        self.driver = Driver(rules.productions)

    def _parents(self) -> list[list[int]]:
        parents: list[list[int]] = [[] for _ in range(self.waits.end)]
        for offset, program in zip(self.offsets, self.plan.programs, strict=False):
            for node in program.nodes:
                for part in node.parts:
                    parents[offset + part].append(offset + node.index)
        return parents

    def _always(self) -> list[Outcome]:
        """What each node's outcome is at least, whatever the record: an attestation is at worst awaited."""
        always: list[Outcome] = []
        for offset, program in zip(self.offsets, self.plan.programs, strict=False):
            for node in program.nodes:
                if node.kind is Kind.GROUP:
                    parts = sorted((always[offset + part] for part in node.parts), reverse=True)
                    always.append(parts[node.need - 1] if node.need else MET)
                else:
                    always.append(AWAITING if node.kind is Kind.WORD else UNMET)
        return always + [UNMET] * (self.waits.end - self.offsets[-1])

    def _timed_milestones(self) -> Iterable[tuple[Tests, tuple[object, ...]]]:
        """What each record of a milestone is worth, as labels: when it was done is looked at afterwards."""
        for offset, program in zip(self.offsets, self.plan.programs, strict=False):
            for node in program.nodes:
                for status, level, evidence in _milestone_levels(node) if node.kind is Kind.MILESTONE else ():
                    tests: Tests = (("milestone", "==", node.code), ("status", "==", status), *evidence)
                    yield tests, ("milestone", offset + node.index, level)

    def mentions(self, attempt: Attempt) -> bool:
        """Whether any rule can be about this attempt; the others are left out, to spare the engine."""
        return bool(self.filters) or not self.named.isdisjoint(self.one_with.get(attempt.course, (attempt.course,)))

    def known_as(self, attempt: Attempt) -> Known:
        """The course that an attempt is one at: the last of a list of equivalents, in whose days its term begins."""
        own = frozenset({attempt.course})
        lists = [one for one in self.plan.equivalents if attempt.course in one.courses]
        undated: list[tuple[Course, ...]] = []
        for one in lists:
            if attempt.term is None and (one.since or one.until):
                undated.append(one.courses)
            elif attempt.term is None or not (
                (one.since and attempt.term.starts < one.since) or (one.until and attempt.term.starts > one.until)
            ):
                return Known(one.courses[-1], frozenset(one.courses), frozenset(one.courses))
        if not undated:
            return Known(attempt.course, own, own)
        return Known(attempt.course, frozenset(undated[0]), own, torn=undated[0][-1] != attempt.course)

    # The productions.

    def _write_program(self, rules: Rules, number: int, program: ProgramPlan) -> None:
        offset = self.offsets[number]
        for node in program.nodes:
            for outcome in ABOVE_UNMET:
                at = _signal(offset + node.index, outcome)
                filed = (("b", "==", at % BUCKETS), ("p", "==", at))
                meaning = Meaning(node=offset + node.index, outcome=outcome)
                if outcome <= self.always[offset + node.index]:
                    continue
                if node.work or node.timing:
                    for place in self.waits.places(offset + node.index):
                        at = _signal(place, outcome)
                        tests, count = work_tests(node.work)
                        rules.when(
                            ("b", "==", at % BUCKETS),
                            ("p", "==", at),
                            *tests,
                            count=count,
                            meaning=Meaning(node=place, outcome=outcome),
                        )
                elif node.kind is Kind.GROUP:
                    given = sum(self.always[offset + part] >= outcome for part in node.parts)
                    rules.when(*filed, count=node.need - given, meaning=meaning)
                elif node.kind is Kind.COURSES:
                    rules.when(*filed, count=node.need, meaning=meaning)
                elif node.kind in (Kind.CREDITS, Kind.WEIGHTED):
                    rules.when(*filed, ("total", ">=", node.need), meaning=meaning)
                elif node.kind in TESTS:
                    rules.when(*filed, ("total", ">=", 0), meaning=meaning)
                else:
                    for tests in self._leaf_tests(number, node, outcome):
                        rules.when(*tests, meaning=meaning)

    def _leaf_tests(
        self, program: int, node: Node, outcome: Outcome
    ) -> Iterable[tuple[tuple[str, str, int | str], ...]]:
        """The conditions under which a leaf's outcome is at least `outcome`."""
        match node.kind:
            case Kind.MILESTONE:
                for status, level, evidence in _milestone_levels(node):
                    if level >= outcome:
                        yield ("milestone", "==", node.code), ("status", "==", status), *evidence
            case Kind.WORD:
                evidence = (("proof", "==", 1),) if node.evidence else ()
                yield ("word", "==", f"{program}|{node.role}|{node.code}"), *evidence
            case Kind.FACT if node.fact not in BUILT_IN:
                yield ("about", "==", _about(program, node)), ("value", "==", "no" if node.negated else "yes")
                if outcome is UNDETERMINED:
                    yield ("about", "==", _about(program, node)), ("value", "==", UNKNOWN)
            case Kind.FACT:
                for name, level in _fact_levels(node):
                    if level >= outcome:
                        about = f"{program}|{node.moment}|{node.fact}"
                        yield ("about", "==", about), ("value", "==", name)
            case Kind.CREDENTIAL:
                for held in _HELD_FOR[node.negated, outcome is UNDETERMINED]:
                    yield ("holds", "==", _asked_of(node)), ("held", "==", held)
            case Kind.NO_HOLD:
                known = (("unclear", "==", 0),) if outcome > UNDETERMINED else ()
                yield ("blocking", "==", 0), *known

    # One learner.

    def outcomes(self, record: Record, word: Word, as_of: date) -> Outcomes:
        """In one session; in several where what is asked hangs on something unknown, and what they agree on."""
        ways = [supposed.ways(record, as_of) for supposed in self.supposed]
        turns: list[tuple[Outcomes, list[frozenset[int]]]] = []
        for turn in range(max(map(len, ways), default=1)):
            told = [several[min(turn, len(several) - 1)] for several in ways]
            with self.driver.session() as session:
                learner = LearnerSession(self, session, record, word, as_of, told)
                turns.append((learner.outcomes(), learner.unasked))
        if len(turns) == 1:
            return turns[0][0]
        return tuple(
            tuple(
                agreed(
                    [found[number][index] for found, unasked in own if index not in unasked[number]]
                    or [found[number][index] for found, _ in own]
                )
                for index in range(len(program.nodes))
            )
            for number, program in enumerate(self.plan.programs)
            for own in [turns[: len(ways[number])]]
        )


@dataclass(frozen=True, slots=True)
class _Bid:
    """What an attempt is worth: with all that is unknown against the learner, and with it in the learner's favour."""

    standing: Standing
    offers: tuple[Offer, Offer]


class _Rise(NamedTuple):
    """A node whose outcome went up."""

    node: int
    before: Outcome
    after: Outcome


class LearnerSession:
    """One session: one learner's facts, stratum by stratum, and what has been derived from them."""

    def __init__(
        self,
        engine: DurableEngine,
        session: Session,
        record: Record,
        word: Word,
        as_of: date,
        told: Sequence[Mapping[str, str]],
    ) -> None:
        self.told = told  # by program, what is supposed of the learner
        self.unasked: list[frozenset[int]] = []  # by program, what is asked of other learners only
        self.engine = engine
        self.session = session
        self.record = record
        self.word = word
        self.as_of = as_of
        substitutes = {granted.course for granted in word.exceptions}
        self.standings = [
            standing
            for attempt in sorted(record.attempts, key=lambda attempt: attempt.attempt_id)
            if engine.mentions(attempt)
            or any(course.code in substitutes for course in engine.one_with.get(attempt.course, (attempt.course,)))
            for standing in [stand(attempt, engine.plan.scale, as_of)]
            if standing.stage not in GONE
        ]
        self.known = [engine.known_as(standing.attempt) for standing in self.standings]
        self.place_of = {standing.attempt.attempt_id: at for at, standing in enumerate(self.standings)}
        self.subjects = sorted({standing.attempt.course.subject for standing in self.standings})
        self.activities = [
            activity
            for activity in sorted(record.activities or (), key=lambda activity: activity.activity_id)
            if any(
                activity.code in one.codes if one.codes else activity.category in {None, *one.categories}
                for one in engine.chosen
            )
        ]
        self.milestones = [one for one in record.milestones or () if one.code in engine.milestone_codes]
        self.first_milestone = len(self.standings) + len(self.activities)
        labelled = self.first_milestone + max(len(self.milestones), len(engine.milestone_codes))
        self.labels: list[set[tuple[object, ...]]] = [set() for _ in range(labelled)]
        self.claimed: dict[int, list[_Bid]] = {}  # by node
        self.periods: dict[int, Period] = {}  # by node
        self.reached: dict[int, Outcome] = {}
        self.bids: dict[int, dict[Course, _Bid]] = {}  # by node
        self.from_known: dict[int, Outcome] = {}  # `reached` before anything was claimed
        self.hold = self._hold_fact()

    def outcomes(self) -> Outcomes:
        facts = [self._attempt_fact(at) for at in range(len(self.standings))]
        names = self._name_facts()
        self.owners = [*range(len(facts)), *(at for at, _ in names), *range(len(facts), len(self.labels))]
        facts += [fact for _, fact in names]
        facts += [self._activity_fact(activity) for activity in self.activities]
        known = [*facts, *self._milestone_facts(), *self._word_facts(), *self._credential_facts(), self.hold]
        rises = self._take(self.session.run([*known, *self._first_about_facts()]))
        self.unasked = [self._unasked(number, program) for number, program in enumerate(self.engine.plan.programs)]
        for wave in self.engine.waits.early:
            rises += self._run_work(wave, frozenset())
        self.from_known = dict(self.reached)
        remembered: dict[int, tuple[Outcome, ...]] = {}
        to_remember: dict[int, tuple[object, ...]] = {}
        signals: list[Fact] = []
        for number, program in enumerate(self.engine.plan.programs):
            key = self._quiet(number, program)
            if key in self.engine.remembered:
                remembered[number] = self.engine.remembered[key]
                continue
            if key is not None:
                to_remember[number] = key
            signals += self._claim_facts(number, program)
        signals += self._signals(rise for rise in rises if self.engine.program_of[rise.node] not in remembered)
        self._chain(signals)
        for wave in self.engine.waits.late:
            self._chain(self._signals(self._run_work(wave, remembered.keys())))
        outcomes = tuple(
            remembered.get(number) or self._outcomes(number, program)
            for number, program in enumerate(self.engine.plan.programs)
        )
        self.engine.remembered.update({key: outcomes[number] for number, key in to_remember.items()})
        return outcomes

    def _chain(self, signals: list[Fact]) -> None:
        """Let the rules chain forward until nothing new follows."""
        while signals:
            signals = self._signals(self._take(self.session.run(signals)))

    def begin_anew(self, session: Session) -> None:
        """Go on in another session, of which nothing is asked that was derived from claims in the last one."""
        self.session = session
        self.reached = dict(self.from_known)

    def take_in(self, standing: Standing) -> None:
        """One more attempt: the productions say what it is, and the labels of the others stand."""
        at = bisect(self.standings, standing.attempt.attempt_id, key=lambda one: one.attempt.attempt_id)
        known = self.engine.known_as(standing.attempt)
        self.standings.insert(at, standing)
        self.known.insert(at, known)
        self.labels.insert(at, set())
        self.first_milestone += 1
        self.place_of = {one.attempt.attempt_id: place for place, one in enumerate(self.standings)}
        if standing.attempt.course.subject not in self.subjects:
            self.subjects.append(standing.attempt.course.subject)
        names = self._names(at)
        self.owners = [at] * (1 + len(names))
        self._take(self.session.run([self._attempt_fact(at), *names]))
        for offset, program in zip(self.engine.offsets, self.engine.plan.programs, strict=False):
            for index in program.demands:
                if not self.labels[at].isdisjoint(self.engine.asked_of[offset + index]):
                    self.bids.pop(offset + index, None)

    def follow_through(self, number: int) -> tuple[Outcome, ...]:
        """What follows for a program from what is known by now, in a session in which nothing of it was derived yet."""
        program = self.engine.plan.programs[number]
        first, last = self.engine.offsets[number : number + 2]
        rises = [
            _Rise(node, self.engine.always[node], outcome)
            for node, outcome in self.from_known.items()
            if first <= node < last
        ]
        self._chain([*self._claim_facts(number, program), *self._signals(rises)])
        for wave in self.engine.waits.late:
            self._chain(self._signals(self._run_work(wave, frozenset())))
        return self._outcomes(number, program)

    def _outcomes(self, number: int, program: ProgramPlan) -> tuple[Outcome, ...]:
        return tuple(self._outcome(self.engine.offsets[number] + node.index) for node in program.nodes)

    def _quiet(self, number: int, program: ProgramPlan) -> tuple[object, ...] | None:
        """All that a program's outcomes depend on, where the learner has done nothing for it and nobody has spoken.

        Most learners have nothing to do with most programs. What was derived once from these facts follows again.
        None where there is more to it.
        """
        program_id = program.program.id
        if any(said.program == program_id for said in self.word.attestations):
            return None
        if any(granted.program == program_id for granted in self.word.exceptions):
            return None
        if not all(labels.isdisjoint(self.engine.belonging[number]) for labels in self.labels):
            return None
        first, last = self.engine.offsets[number : number + 2]
        if any(node in self.reached for node in range(first, last) if not self.engine.is_of_everybody[node]):
            return None
        about = tuple(str(fact["value"]) for fact in self._about_facts(number, program, []))
        return number, self.hold["blocking"], self.hold["unclear"], about

    def _outcome(self, node: int) -> Outcome:
        return max(self.reached.get(node, UNMET), self.engine.always[node])

    def _ceiling(self, node: int) -> Outcome:
        """The best that a node allows before courses are shared out."""
        return self._outcome(self.engine.waits.ceiling.get(node, node))

    def _take(self, firings: Iterable[Firing]) -> list[_Rise]:
        """Note what fired: labels on attempts, and nodes whose outcome rose."""
        rises: list[_Rise] = []
        for firing in firings:
            for meaning in self.engine.meanings[firing.production]:
                if meaning.label:
                    self.labels[self.owners[firing.facts[0]]].add(meaning.label)
                else:
                    rises += self._reach(meaning.node, meaning.outcome)
        return rises

    def _reach(self, node: int, outcome: Outcome) -> list[_Rise]:
        before = self._outcome(node)
        if outcome <= before:
            return []
        self.reached[node] = outcome
        return [_Rise(node, before, outcome)]

    def _signals(self, rises: Iterable[_Rise]) -> list[Fact]:
        """What risen outcomes mean to the groups above: a fact for each group and each outcome that was not there."""
        return [
            {"b": at % BUCKETS, "p": at}
            for rise in rises
            for parent in self.engine.parents[rise.node]
            for step in ABOVE_UNMET
            if rise.before < step <= rise.after
            for at in [_signal(parent, step)]
        ]

    def _unasked(self, number: int, program: ProgramPlan) -> frozenset[int]:
        """What lies on the branches that the conditions, as they were derived, do not lead to."""
        offset = self.engine.offsets[number]
        found: set[int] = set()
        for fork in program.forks:
            there = sum(self._outcome(offset + index) is MET for index in fork.asks)
            leads = there == 0 if fork.turned else there == len(fork.asks)
            other = fork.otherwise if leads else fork.then
            if other is not None:
                found |= program.below[other]
        return frozenset(found)

    # Stratum 1: what is known.

    def _first_about_facts(self) -> list[Fact]:
        """What is so about the learner today, where requirements ask for it: courses are shared out by it."""
        return [
            fact
            for number, program in enumerate(self.engine.plan.programs)
            if self.engine.told_first[number]
            for fact in self._about_facts(number, program, [])
            if not str(fact["about"]).startswith(f"{number}|{Moment.REGISTRATION}|")
        ]

    def _attempt_fact(self, at: int) -> Fact:
        return self.engine.about.fact(self.standings[at], self.known[at], self.record, self.as_of)

    def _name_facts(self) -> list[tuple[int, Fact]]:
        """For each further code that an attempt goes by, a fact of its own, and whose it is."""
        return [(at, fact) for at in range(len(self.standings)) for fact in self._names(at)]

    def _names(self, at: int) -> list[Fact]:
        others = self.known[at].names - {self.standings[at].attempt.course}
        return [{"cb": bucket(course.code), "course": course.code} for course in sorted(others)]

    def _activity_fact(self, activity: Activity) -> Fact:
        named = self.engine.work_names
        category = activity.category or UNKNOWN
        return {
            "wb": bucket(activity.code),
            "work": activity.code if activity.code in named else OTHER,
            "category": category if category in named or category == UNKNOWN else OTHER,
            "state": activity.status.value if activity.status else UNKNOWN,
        }

    def _milestone_facts(self) -> list[Fact]:
        codes = self.engine.milestone_codes
        if self.record.milestones is None:
            return [{"milestone": code, "status": UNKNOWN, "proof": 0} for code in codes]
        return [
            {
                "milestone": one.code,
                "status": one.status.value if one.status else UNKNOWN,
                "proof": 1 if one.evidence else 0,
            }
            for one in self.milestones
        ]

    def _credential_facts(self) -> list[Fact]:
        """Of every set of credentials that is asked about: whether one of them is held."""
        facts: list[Fact] = []
        for name, node in self.engine.credentials.items():
            standings = [
                _held(one, node, self.as_of)
                for one in (*(self.record.credentials or ()), *self.word.held)
                if one.code in node.codes and not (one.earned_on and one.earned_on > self.as_of)
            ]
            unknown = self.record.credentials is None or UNKNOWN in standings
            facts.append({"holds": name, "held": "yes" if "yes" in standings else UNKNOWN if unknown else "no"})
        return facts

    def _word_facts(self) -> list[Fact]:
        return [
            {"word": f"{number}|{said.role}|{said.statement}", "proof": 1 if said.evidence else 0}
            for said in self.word.attestations
            for number, program in enumerate(self.engine.plan.programs)
            if program.program.id == said.program
        ]

    def _hold_fact(self) -> Fact:
        if self.record.holds is None:
            return {"blocking": 0, "unclear": 1}
        active = [
            hold.blocks
            for hold in self.record.holds
            if not (hold.since and hold.since > self.as_of) and not (hold.until and hold.until < self.as_of)
        ]
        blocking = any(blocks is not None and "conferral" in blocks for blocks in active)
        return {"blocking": int(blocking), "unclear": int(None in active)}

    # Between the strata: the repeat policy and the sharing-out, which productions cannot say.

    def _bids(self, way: Ways, substitute: str | None) -> dict[Course, list[tuple[Standing, Outcome]]]:
        """By course, the attempts that may fill this way and what each is worth to it."""
        found: dict[Course, list[tuple[Standing, Outcome]]] = {}
        asked_worth = self.engine.about.asked[way.counting]
        attempts = zip(self.standings, self.known, self.labels, strict=False)  # activities have labels too
        for standing, known, labels in attempts:
            found_worth = worth(labels, asked_worth)
            if found_worth is None:
                continue
            level, sure = found_worth
            sure = sure and not known.torn
            if substitute is not None:
                asked = {course.code: course for course in known.names}.get(substitute)
                belongs = asked is not None
                sure = sure and asked in known.surely
            elif way.selection.courses:
                here = _named(labels, way.selection, known)
                belongs = bool(here)
                sure = sure and any(course in known.surely for course in here)
            else:
                belongs = ("filter", way.selection, True) in labels or ("filter", way.selection, False) in labels
                sure = sure and ("filter", way.selection, True) in labels
            if belongs:
                level = level if sure or level is UNMET else UNDETERMINED
                found.setdefault(known.course, []).append((standing, level))
        return {course: as_repeated(attempts, way.counting.repeats) for course, attempts in found.items()}

    def _granted(self, program: ProgramPlan) -> list[GrantedException]:
        """What was granted, under the ids that requirements have in this version, and no more than it allows."""
        if not self.word.exceptions:
            return []
        own = {program.nodes[index].id for index in program.below[program.requirements]}
        here = {node.id: node for node in program.nodes}
        applied: list[GrantedException] = []
        used: Counter[ExceptionKind] = Counter()
        for one in sorted(self.word.exceptions, key=lambda one: (one.on, one.kind, one.requirement, one.course or "")):
            if one.program != program.program.id or one.kind is ExceptionKind.ELECTION:
                continue
            name = one.requirement if one.requirement in here else program.inherits.get(one.requirement)
            if name is None or (one.kind is ExceptionKind.SUBSTITUTION and not here[name].ways):
                continue
            if name in own:
                used[one.kind] += 1
                if used[one.kind] > program.program.exception_limits.get(one.kind, used[one.kind]):
                    continue
            applied.append(replace(one, requirement=name))
        return applied

    def _claim_facts(self, number: int, program: ProgramPlan) -> list[Fact]:
        offset = self.engine.offsets[number]
        granted = self._granted(program)
        waived = {
            node.index
            for one in granted
            if one.kind is ExceptionKind.WAIVER
            for node in program.nodes
            if node.id == one.requirement
        }
        needless = frozenset().union(*(program.below[index] for index in waived))
        bids = [
            {} if index in needless | self.unasked[number] else self._known_bids(program, offset, index, granted)
            for index in program.demands
        ]
        terms = program.terms(waived)
        facts = self._signals(rise for index in sorted(waived) for rise in self._reach(offset + index, MET))
        doubtful = any(
            len(set(bid.offers)) > 1 or (program.time_limit and bid.standing.attempt.term is None)
            for by_course in bids
            for bid in by_course.values()
        )

        def shared(open_from: date | None) -> tuple[tuple[Outcome, ...], list[list[Course]], list[list[Course]]]:
            until = None if open_from is None else months_on(open_from, program.time_limit)
            sides = [
                [_taken(by_course, version, open_from, until) for by_course in bids]
                for version in (0, 1)[: 1 + doubtful]
            ]
            # Something is unknown that is asked for: what would follow if it were well is undetermined.
            given = [self._share_out(program, offset, side, needless, terms) for side in sides]
            return self._rank_of(program, offset, bids, needless, waived, given), given[0], given[-1]

        starts = sorted(
            {term.starts for by_course in bids for bid in by_course.values() if (term := bid.standing.attempt.term)}
        )
        tries = [shared(start) for start in starts or [date.min]] if program.time_limit else [shared(None)]
        best = max(tries, key=lambda one: one[0])
        _, claims, hoped = next(one for one in tries if one[0] == best[0])
        for at, index in enumerate(program.demands):
            self.claimed[offset + index] = [bids[at][course] for course in claims[at]]
        facts += self._follows(program, offset, bids, claims, hoped)
        claimed = [bids[at][course] for at, courses in enumerate(claims) for course in courses]
        return facts + self._about_facts(number, program, claimed)

    def _follows(
        self,
        program: ProgramPlan,
        offset: int,
        bids: Sequence[Mapping[Course, _Bid]],
        claims: Sequence[Sequence[Course]],
        hoped: Sequence[Sequence[Course]],
    ) -> list[Fact]:
        """What was claimed, as facts about each node; at `undetermined`, what could be hoped for if that is more."""
        facts: list[Fact] = []
        for at, index in enumerate(program.demands):
            node = program.nodes[index]
            sure = [bids[at][course].offers[0] for course in claims[at]]
            perhaps = [bids[at][course].offers[1] for course in hoped[at]]
            if sum(offer.size for offer in sure) >= node.need:
                perhaps = sure
            facts += _filled(node, offset, sure, perhaps)
        counted = [
            [
                bids[at][course].offers[version]
                for at, index in enumerate(program.demands)
                if not program.nodes[index].share_group
                for course in chosen[at]
            ]
            for version, chosen in enumerate((claims, hoped))
        ]
        for index in program.tests:
            totals = _test_totals(program.nodes[index], counted[1])
            totals = {step: total for step, total in totals.items() if step is UNDETERMINED}
            sure_totals = _test_totals(program.nodes[index], counted[0])
            if sure_totals.get(UNDETERMINED, -1) >= 0:
                totals = {}
            facts += _totals(offset + index, {**sure_totals, **totals})
        return facts

    def _rank_of(
        self,
        program: ProgramPlan,
        offset: int,
        bids: Sequence[Mapping[Course, _Bid]],
        needless: frozenset[int],
        waived: Collection[int],
        given: Sequence[Sequence[Sequence[Course]]],
    ) -> tuple[Outcome, ...]:
        """How well a sharing-out serves the learner: the program, then each requirement and test in order."""

        def reached(totals: Mapping[Outcome, int], need: int) -> Outcome:
            return max((step for step, total in totals.items() if total >= need), default=UNMET)

        by_version: list[list[Outcome]] = []
        for version, claims in enumerate(given):
            levels = []
            counted = []
            for at, index in enumerate(program.demands):
                node = program.nodes[index]
                offers = [bids[at][course].offers[version] for course in claims[at]]
                counted += [] if node.share_group else offers
                sums = {step: sum(one.size for one in offers if one.level >= step) for step in ABOVE_UNMET}
                levels.append(reached(sums, node.need))
            tests = [reached(_test_totals(program.nodes[index], counted), 0) for index in program.tests]
            by_version.append(levels + tests)
        sure = by_version[0]
        if len(by_version) > 1:
            sure = [max(one, min(other, UNDETERMINED)) for one, other in zip(sure, by_version[1], strict=True)]
        levels = sure[: len(program.demands)]
        tests = [level for level, index in zip(sure[len(levels) :], program.tests, strict=True) if index not in waived]
        ways = [
            min(
                [
                    *(levels[at] for at in way.demands if program.demands[at] not in needless),
                    *(self._ceiling(offset + leaf) for leaf in way.leaves if leaf not in needless),
                ],
                default=MET,
            )
            for way in program.ways
        ]
        return (min([max(ways, default=UNMET), *tests]), *levels, *tests)

    def _known_bids(
        self, program: ProgramPlan, offset: int, index: int, granted: Sequence[GrantedException]
    ) -> dict[Course, _Bid]:
        """A node's bids, which stand until an attempt is taken in that it may use."""
        if offset + index not in self.bids:
            self.bids[offset + index] = self._node_bids(program, program.nodes[index], granted)
        return self.bids[offset + index]

    def _node_bids(self, program: ProgramPlan, node: Node, granted: Sequence[GrantedException]) -> dict[Course, _Bid]:
        best: dict[Course, _Bid] = {}
        substitutes = [
            one.course for one in granted if one.kind is ExceptionKind.SUBSTITUTION and one.requirement == node.id
        ]
        for way, substitute in [(way, None) for way in node.ways] + [(node.ways[0], code) for code in substitutes]:
            for course, attempts in self._bids(way, substitute).items():
                for standing, level in attempts:
                    labels = self.labels[self.place_of[standing.attempt.attempt_id]]
                    bid = self._bid(program, node, standing, labels, level)
                    if bid and (course not in best or _rank(bid) < _rank(best[course])):
                        best[course] = bid
        return best

    def _bid(
        self, program: ProgramPlan, node: Node, standing: Standing, labels: set[tuple[object, ...]], level: Outcome
    ) -> _Bid | None:
        attempt = standing.attempt
        known = self.known[self.place_of[attempt.attempt_id]]
        counts = sized(node, attempt, level, known)
        if counts is None:
            return None
        thousandths = in_thousandths(level, attempt)
        level, size = counts
        if thousandths is None and self._averaged(program) and not node.share_group:
            level = UNDETERMINED
        width = 1 + max((at for index in program.tests for at in program.nodes[index].sums), default=0)
        none = Offer(level, size, (0,) * width, (0,) * len(program.limits))
        if node.share_group:
            return _Bid(standing, (none, none))
        sums: list[list[int]] = [[0] * width, [0] * width]
        for index in program.tests:
            test = program.nodes[index]
            if test.kind is Kind.AVERAGE:
                if (
                    thousandths is not None
                    and attempt.origin is Origin.INSTITUTION
                    and standing.stage is not Stage.PASSED
                ):
                    points = self.engine.plan.scale.top if standing.points is None else standing.points
                    sums[0][0] = sums[1][0] = thousandths * (points - test.need)
            elif test.measure is not Measure.SUBJECTS:
                for version, inside in enumerate(_inside(labels, test.selection, known)):
                    for at, weight in zip(test.sums, _measured(test, inside, thousandths, version), strict=True):
                        sums[version][at] = weight
        loads = [
            tuple(
                _load(limit, inside, thousandths, version)
                for limit in program.limits
                for inside in [_under(limit, standing, labels, known)[version]]
            )
            for version in (0, 1)
        ]
        kind = self.subjects.index(attempt.course.subject)
        return _Bid(
            standing,
            (
                Offer(level, size, tuple(sums[0]), loads[0], kind),
                Offer(level, size, tuple(sums[1]), loads[1], kind),
            ),
        )

    def _averaged(self, program: ProgramPlan) -> bool:
        """Whether the program's average is to be looked at: it is not where it was waived."""
        waived = {one.requirement for one in self._granted(program) if one.kind is ExceptionKind.WAIVER}
        return program.average is not None and program.nodes[program.average].id not in waived

    def _share_out(
        self,
        program: ProgramPlan,
        offset: int,
        offers: Sequence[Mapping[Course, tuple[_Bid, Offer]]],
        needless: frozenset[int],
        terms: Terms,
    ) -> list[list[Course]]:
        groups = [program.nodes[index].share_group for index in program.demands]
        places: dict[tuple[Course, str], tuple[object, ...]] = {}
        for group, by_course in zip(groups, offers, strict=True):
            for course, (bid, _) in by_course.items():
                places[course, group] = min(places.get((course, group), (1,)), (*_rank(bid), course, group))
        items = sorted(places, key=lambda item: places[item])
        demands = [
            Demand(
                program.nodes[index].need,
                {
                    item: offers[at][course][1]
                    for item, (course, group) in enumerate(items)
                    if group == groups[at] and course in offers[at]
                },
                program.nodes[index].kind is Kind.COURSES,
                beside=bool(groups[at]),
            )
            for at, index in enumerate(program.demands)
        ]
        routes = [
            Route(
                frozenset(at for at in way.demands if program.demands[at] not in needless),
                min(
                    (self._ceiling(offset + leaf) for leaf in way.leaves if leaf not in needless),
                    default=MET,
                ),
            )
            for way in program.ways
        ]
        allocation = allocate(demands, routes, terms)
        return [[items[item][0] for item in claimed] for claimed in allocation.claims]

    # Stratum 2: what is claimed, and what is so about the learner on the days that the rules ask about.

    # Work that is no course, and when it has to be done: sums, scores and days are code's, what is enough the rules'.

    def _run_work(self, wave: Sequence[tuple[int, int]], passed_over: Collection[int]) -> list[_Rise]:
        """Derive nodes whose predecessors are derived; each as itself, or as a ceiling before courses are claimed."""
        facts = [
            fact
            for node, place in wave
            if self.engine.program_of[node] not in passed_over
            for fact in self._work_facts(node, place)
        ]
        return self._take(self.session.run(facts)) if facts else []

    def _work_facts(self, at: int, place: int) -> list[Fact]:
        number = self.engine.program_of[at]
        node = self.engine.plan.programs[number].nodes[at - self.engine.offsets[number]]
        period = self.periods[place] = self._period(at, node, place)
        steps = [step for step in ABOVE_UNMET if step <= period.ceiling]
        filed = {step: {"b": signal % BUCKETS, "p": signal} for step in steps for signal in [_signal(place, step)]}
        if node.work is None:
            reached = max((level for level, _ in self._done_milestones(at, node, period)), default=UNMET)
            return [dict(filed[step]) for step in steps if step <= reached]
        if self.record.activities is None:
            return [
                {**filed[step], **fact}
                for step in steps
                if step is UNDETERMINED
                for fact in deed_facts(node.work, None, step)
            ]
        deeds = self._deeds(node.work, period)
        return [{**filed[step], **fact} for step in steps for fact in deed_facts(node.work, deeds, step)]

    def _deeds(self, work: Amount | Scores, period: Period) -> list[Deed]:
        labels = self.labels[len(self.standings) :]
        wanted = sought(work)
        found = []
        for activity, mine in zip(self.activities, labels, strict=False):
            sure = frozenset(one for one in wanted if ("work", one, True) in mine)
            unsure = frozenset(one for one in wanted if ("work", one, False) in mine)
            level = next(level for level in Outcome if ("state", level) in mine)
            if level is not UNDETERMINED and activity.on and activity.on > self.as_of:
                level = PENDING
            timely = period.allows(level, activity.on, self.as_of)
            if timely is not False and (sure or unsure):
                found.append(Deed(activity, level, timely is True, sure, unsure))
        return found

    def _done_milestones(self, at: int, node: Node, period: Period) -> list[tuple[Outcome, date | None]]:
        """What each record of a milestone is worth that was made in time, and its day."""
        if self.record.milestones is None:
            return [(UNDETERMINED, None)]
        found: list[tuple[Outcome, date | None]] = []
        for milestone, mine in zip(self.milestones, self.labels[self.first_milestone :], strict=False):
            levels = [level for level in Outcome if ("milestone", at, level) in mine]
            if not levels:
                continue
            level, day = max(levels), milestone.completed_on
            if day and day > self.as_of and level > PENDING:
                level = PENDING
            timely = period.allows(level, day, self.as_of)
            if timely is not False:
                found.append((level if timely else min(level, UNDETERMINED), day))
        return found

    def _period(self, at: int, node: Node, place: int) -> Period:
        """When a node may be done: by its own days, by those of what comes before, and by what was granted."""
        period = Period()
        timing = node.timing
        if timing is None:
            return period
        number = self.engine.program_of[at]
        program, offset = self.engine.plan.programs[number], self.engine.offsets[number]
        if timing.by:
            period = period.until(timing.by)
        if timing.period and node.since is None:
            period = period.starting(timing.first_until(self.as_of))
        if timing.renews:
            expiry = self._last_expiry(timing.renews)
            if expiry is None:
                period = period.unclear()
            else:
                period = period.starting(months_on(expiry, -timing.term) + timedelta(days=1))
        for before, begins_period in ((node.after, False), (node.since, True)):
            if before is None or before in self.unasked[number]:
                continue
            waived = self._waived_on(offset + before)
            if not waived and place != at and before in program.demands:
                continue
            outcome, day = (MET, waived) if waived else self._before(offset + before, as_ceiling=place != at)
            period = period.capped(outcome)
            if outcome is not MET:
                continue
            if day is None:
                period = period.unclear()
                continue
            if not waived:
                period = period.starting(day)
            if begins_period:
                period = period.until(timing.last_from(day))
        extended = [
            one.until
            for one in self._granted(program)
            if one.kind is ExceptionKind.EXTENSION and one.requirement == node.id and one.until
        ]
        return period.extended(max(extended)) if extended else period

    def _last_expiry(self, code: str) -> date | None:
        """The latest day up to which a credential is, or was, valid, of all that are had by now."""
        latest = None
        for one in itertools.chain(self.word.held, self.record.credentials or ()):
            if one.code != code or one.expires_on is None or one.status is CredentialStatus.REVOKED:
                continue
            if one.earned_on is not None and one.earned_on > self.as_of:
                continue
            if latest is None or one.expires_on > latest:
                latest = one.expires_on
        return latest

    def _waived_on(self, at: int) -> date | None:
        """The first day on which a node, or a group that it is in, was waived."""
        number = self.engine.program_of[at]
        program, index = self.engine.plan.programs[number], at - self.engine.offsets[number]
        above = {node.id for node in program.nodes if index in program.below[node.index]}
        waivers = [
            one for one in self._granted(program) if one.kind is ExceptionKind.WAIVER and one.requirement in above
        ]
        return min((one.on for one in waivers), default=None)

    def _before(self, at: int, *, as_ceiling: bool) -> tuple[Outcome, date | None]:
        """How a node stands that another waits for, and when it was met.

        For a ceiling, before courses are claimed, what hangs on a course is taken to be in time.
        """
        number = self.engine.program_of[at]
        node = self.engine.plan.programs[number].nodes[at - self.engine.offsets[number]]
        if node.index in self.engine.plan.programs[number].demands:
            return self._outcome(at), _latest(self.claimed[at])
        place = self.engine.waits.ceiling.get(at, at) if as_ceiling else at
        outcome = self._outcome(place)
        if outcome is not MET:
            return outcome, None
        if node.kind is Kind.WORD:
            program_id = self.engine.plan.programs[number].program.id
            return MET, min(
                said.on
                for said in self.word.attestations
                if (said.program, said.role, said.statement) == (program_id, node.role, node.code)
                and (said.evidence or not node.evidence)
            )
        period = self.periods.get(place, Period())
        if node.work:
            return MET, day_enough(node.work, self._deeds(node.work, period))
        first = None
        for level, day in sorted(self._done_milestones(at, node, period), key=_by_day):
            if level is MET and day and first is None:
                first = day
            elif (level in (MET, UNDETERMINED) and first is None) or (level in (MET, UNDETERMINED) and day is None):
                return MET, None
        return MET, first

    def _about_facts(self, number: int, program: ProgramPlan, claimed: Sequence[_Bid]) -> list[Fact]:
        days = [bid.standing.attempt.registered_on for bid in claimed]
        registered = None if None in days else min((day for day in days if day), default=self.as_of)
        facts: list[Fact] = [
            {"about": f"{number}|{moment}|{fact}", "value": "+".join(sorted(possible_values(fact, self.record, day)))}
            for moment, fact in self.engine.asked[number]
            for day in [registered if moment is Moment.REGISTRATION else self.as_of]
        ]
        declared = self.engine.declared[number]
        facts += [{"about": about, "value": self._answer(node)} for about, node in declared.items()]
        told = self.told[number]
        return [{**fact, "value": told.get(str(fact["about"]), fact["value"])} for fact in facts] if told else facts

    def _answer(self, node: Node) -> str:
        """Whether the learner has one of the values that a node names; productions know no 'none of these'."""
        name = node.fact.partition(".")[2]
        if self.record.facts is None or name not in self.record.facts:
            return UNKNOWN
        values = self.record.facts[name] or {"none"}
        if any(value in node.values for value in values):
            return "yes"
        return UNKNOWN if node.among and any(value not in node.among for value in values) else "no"


def _by_day(done: tuple[Outcome, date | None]) -> tuple[bool, int, int]:
    """Undated ones last; of one day, the surest first."""
    level, day = done
    return day is None, day.toordinal() if day else 0, -level


def _latest(claimed: Sequence[_Bid]) -> date | None:
    """The last day of the attempts that were claimed; None where the source does not tell one of them."""
    last = None
    for bid in claimed:
        attempt = bid.standing.attempt
        day = attempt.graded_on if attempt.graded_on or attempt.term is None else attempt.term.ends
        if day is None:
            return None
        last = max(last or day, day)
    return last


def _belonging(nodes: Iterable[Node]) -> Iterable[tuple[object, ...]]:
    """The labels of attempts that some of these requirements ask for."""
    for node in nodes:
        for way in node.ways:
            for course in way.selection.courses:
                yield "course", course.code
            if not way.selection.courses:
                yield "filter", way.selection, True
                yield "filter", way.selection, False


_HELD_FOR = {
    (False, False): ("yes",),
    (False, True): ("yes", UNKNOWN),
    (True, False): ("no",),
    (True, True): ("no", UNKNOWN),
}
"""What must be known of a credential: by whether none may be held, and whether a doubt is enough."""


def _asked_of(node: Node) -> str:
    return f"{'+'.join(sorted(node.codes))}|{'active' if node.active else 'any'}"


def _held(one: CredentialHeld, node: Node, as_of: date) -> str:
    lapsed = one.status is CredentialStatus.EXPIRED or bool(one.expires_on and one.expires_on < as_of)
    if one.status is CredentialStatus.REVOKED or (lapsed and node.active):
        return "no"
    return "yes" if lapsed or one.status else UNKNOWN


def _rank(bid: _Bid) -> tuple[object, ...]:
    return (-bid.offers[0].level, *rank(bid.standing))


def _taken(
    bids: Mapping[Course, _Bid], version: int, since: date | None, until: date | None
) -> dict[Course, tuple[_Bid, Offer]]:
    """The offers of one version, of terms within a period; a term that is not known is in it at best."""
    return {
        course: (bid, bid.offers[version])
        for course, bid in bids.items()
        for term in [bid.standing.attempt.term]
        if since is None
        or until is None
        or (version == 1 if term is None else since <= term.starts and term.ends <= until)
    }


def _selections(program: ProgramPlan) -> Iterable[Selection]:
    """Every selection of courses that the program asks about; that of all courses needs no asking."""
    for node in program.nodes:
        yield from (way.selection for way in node.ways)
    others = [program.nodes[index].selection for index in program.tests]
    others += [limit.selection for limit in program.limits]
    yield from (selection for selection in others if selection != Selection())


def _inside(labels: set[tuple[object, ...]], selection: Selection, known: Known) -> tuple[bool, bool]:
    """Whether an attempt surely is in a selection, and whether it may be, by the productions that fired on it."""
    if selection.courses:
        here = _named(labels, selection, known)
        return any(course in known.surely for course in here), bool(here)
    sure = selection == Selection() or ("filter", selection, True) in labels
    return sure, sure or ("filter", selection, False) in labels


def _named(labels: set[tuple[object, ...]], selection: Selection, known: Known) -> list[Course]:
    """The courses of a selection that an attempt may be one at, by the productions that fired on it."""
    return [course for course in known.names if course in selection.courses and ("course", course.code) in labels]


def _under(limit: Limit, standing: Standing, labels: set[tuple[object, ...]], known: Known) -> tuple[bool, bool]:
    """Whether an attempt is under a limit: if it may be, as far as is against the learner; and if it surely is."""
    if limit.below is not None and not (standing.points is not None and standing.points < limit.below):
        return False, False
    sure, perhaps = _inside(labels, limit.selection, known)
    return perhaps, sure


def _load(limit: Limit, inside: bool, amount: int | None, version: int) -> int:
    if not inside:
        return 0
    if not limit.of_credits:
        return 1
    return amount if amount is not None else (limit.most + 1, 0)[version]


def _measured(node: Node, inside: bool, amount: int | None, version: int) -> tuple[int, ...]:
    """What an attempt adds to the sums of a test; an amount that is unknown is taken at its worst, then at its best."""
    match node.measure:
        case Measure.COURSES:
            return (int(inside),)
        case Measure.SHARE_OF_COURSES:
            return int(inside), 1
        case Measure.CREDITS:
            known = (0, node.need)[version] if amount is None else amount
            return (known if inside else 0,)
    known = (99_000 if inside == bool(version) else 0) if amount is None else amount
    return known if inside else 0, known


def _filled(node: Node, offset: int, sure: Sequence[Offer], perhaps: Sequence[Offer]) -> list[Fact]:
    """What was claimed for a node: a fact for each course and outcome, or one with the total."""
    by_step = {
        step: [one for one in (perhaps if step is UNDETERMINED else sure) if one.level >= step] for step in ABOVE_UNMET
    }
    if node.kind is Kind.COURSES:
        return [
            {"b": at % BUCKETS, "p": at}
            for step, offers in by_step.items()
            for _ in offers
            for at in [_signal(offset + node.index, step)]
        ]
    sums = {step: sum(offer.size for offer in offers) for step, offers in by_step.items()}
    return _totals(offset + node.index, {step: total for step, total in sums.items() if total})


def _test_totals(node: Node, offers: Sequence[Offer]) -> dict[Outcome, int]:
    """For each outcome at which a test can be decided, by how much it is passed (or missed, below nothing)."""
    if not offers:
        return {}
    if node.kind is Kind.AVERAGE or node.measure.is_share:
        least = min(offer.level for offer in offers)
        return {step: _surplus(node, offers) for step in ABOVE_UNMET if step <= least}
    return {step: _surplus(node, [one for one in offers if one.level >= step]) for step in ABOVE_UNMET}


def _surplus(node: Node, offers: Sequence[Offer]) -> int:
    if node.kind is Kind.AVERAGE:
        return sum(offer.weights[0] for offer in offers)
    if node.measure is Measure.SUBJECTS:
        return len({offer.kind for offer in offers}) - node.need
    part = sum(offer.weights[node.sums[0]] for offer in offers)
    if not node.measure.is_share:
        return part - node.need
    whole, unit = sum(offer.weights[node.sums[1]] for offer in offers), 1000 if node.measure.of_credits else 1
    asked = Fraction(whole * node.need, 100)
    if node.rounding is Rounding.UP:
        asked = Fraction(math.ceil(asked / unit) * unit)
    elif node.rounding is Rounding.DOWN:
        asked = Fraction(math.floor(asked / unit) * unit)
    return math.floor(part - asked)


def _totals(node: int, totals: Mapping[Outcome, int]) -> list[Fact]:
    limit = MAX_INT - 1
    return [
        {"b": at % BUCKETS, "p": at, "total": max(-limit, min(limit, total))}
        for step, total in totals.items()
        for at in [_signal(node, step)]
    ]


def _signal(node: int, outcome: Outcome) -> int:
    """The number of the production for 'this node's outcome is at least that'."""
    return node * len(ABOVE_UNMET) + outcome - 1


def _milestone_levels(node: Node) -> Iterable[tuple[str, Outcome, tuple[tuple[str, str, int], ...]]]:
    """What each status of a milestone is worth, with the evidence that it takes."""
    yield MilestoneStatus.COMPLETE.value, MET, (("proof", "==", 1),) if node.evidence else ()
    if node.evidence:
        yield MilestoneStatus.COMPLETE.value, AWAITING, (("proof", "==", 0),)
    yield MilestoneStatus.SUBMITTED.value, AWAITING, ()
    yield MilestoneStatus.IN_PROGRESS.value, PENDING, ()
    yield UNKNOWN, UNDETERMINED, ()


def _about(program: int, node: Node) -> str:
    return f"{program}|{node.fact}|{text_of(str(sorted(node.values)))}"


def _fact_levels(node: Node) -> Iterable[tuple[str, Outcome]]:
    """Every set of values that may be possible, and what it makes of the node."""
    domain = (
        [str(value) for value in Affiliation]
        if node.fact == "learner.affiliation"
        else [*map(str, AdmissionKind), "none"]
    )
    for size in range(1, len(domain) + 1):
        for possible in itertools.combinations(sorted(domain), size):
            fits = [(value in node.values) is not node.negated for value in possible]
            if any(fits):
                yield "+".join(possible), MET if all(fits) else UNDETERMINED
