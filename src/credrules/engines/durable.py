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
import unicodedata
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from credrules.attestations import ExceptionKind
from credrules.claims import Demand, Offer, Route, allocate
from credrules.decisions import Outcome
from credrules.engines.durable_driver import MAX_INT, Driver, Fact, Firing, Production, Session, Test
from credrules.facts import possible_values
from credrules.plan import Kind
from credrules.records import AdmissionKind, Affiliation, MilestoneStatus, Origin, Repeat
from credrules.rules import Moment, Repeats
from credrules.standing import FINAL, GONE, Stage, rank, stand

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from credrules.attestations import GrantedException, Word
    from credrules.engines import Outcomes
    from credrules.plan import Node, Plan, ProgramPlan
    from credrules.records import Attempt, Course, Record
    from credrules.rules import Counting, Selection, Ways
    from credrules.standing import Standing

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)
ABOVE_UNMET = (UNDETERMINED, PENDING, AWAITING, MET)
BUCKETS = 64
"""Derived facts and courses are filed under a small number first, so that no place in the network is crowded."""

_STAGES = {
    Stage.GRADED: "graded",
    Stage.PASSED: "passed",
    Stage.FAILED: "failed",
    Stage.IN_PROGRESS: "open",
    Stage.INCOMPLETE: "open",
    Stage.NOT_REPORTED: "unknown",
    Stage.UNREADABLE: "unknown",
}
UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What it means that a production fired: a label on the fact that fired it, or a node at an outcome."""

    label: tuple[object, ...] = ()
    node: int = -1
    outcome: Outcome = UNMET


@dataclass(slots=True)
class _Rules:
    """Productions under construction; equal conditions are one production with several meanings."""

    productions: list[Production] = field(default_factory=list)
    meanings: list[list[_Meaning]] = field(default_factory=list)
    _numbers: dict[Production, int] = field(default_factory=dict)

    def when(self, *tests: tuple[str, str, int | str], count: int = 1, meaning: _Meaning) -> None:
        production = Production(tuple(Test(*test) for test in tests), count)
        number = self._numbers.get(production)
        if number is None:
            number = self._numbers[production] = len(self.productions)
            self.productions.append(production)
            self.meanings.append([])
        if meaning not in self.meanings[number]:
            self.meanings[number].append(meaning)


class DurableEngine:
    """Decides one learner at a time, on durable_rules. For one thread. Raises EngineError where it cannot."""

    name = "durable"

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.countings = sorted(
            {way.counting for program in plan.programs for node in program.nodes for way in node.ways}, key=_in_order
        )
        self.counting_number = {counting: number for number, counting in enumerate(self.countings)}
        attributes = {
            name
            for program in plan.programs
            for node in program.nodes
            for way in node.ways
            for name in way.selection.attributes
        }
        self.attribute_property = {name: f"x{number}" for number, name in enumerate(sorted(attributes))}
        self.offsets = list(itertools.accumulate((len(program.nodes) for program in plan.programs), initial=0))
        self.parents = self._parents()
        self.always = self._always()
        selections = [way.selection for program in plan.programs for node in program.nodes for way in node.ways]
        self.named = frozenset(course for selection in selections for course in selection.courses)
        self.filters = tuple(selection for selection in dict.fromkeys(selections) if not selection.courses)
        nodes = [node for program in plan.programs for node in program.nodes]
        self.milestone_codes = sorted({node.code for node in nodes if node.kind is Kind.MILESTONE})
        self.program_of = [number for number, program in enumerate(plan.programs) for _ in program.nodes]
        self.is_hold = [node.kind is Kind.NO_HOLD for node in nodes]
        self.belonging = [frozenset(_belonging(program)) for program in plan.programs]
        self.remembered: dict[tuple[object, ...] | None, tuple[Outcome, ...]] = {}
        self.asked = [
            sorted({(node.moment, node.fact) for node in program.nodes if node.kind is Kind.FACT})
            for program in plan.programs
        ]
        rules = _Rules()
        self._write_counting(rules)
        for selection in dict.fromkeys(selections):
            self._write_selection(rules, selection)
        for number, program in enumerate(plan.programs):
            self._write_program(rules, number, program)
        self.meanings = rules.meanings
        self.driver = Driver(rules.productions)

    def _parents(self) -> list[list[int]]:
        parents: list[list[int]] = [[] for _ in range(self.offsets[-1])]
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
        return always

    def mentions(self, attempt: Attempt) -> bool:
        """Whether any rule can be about this attempt; the others are left out, to spare the engine."""
        return bool(self.filters) or attempt.course in self.named

    # The productions.

    def _write_counting(self, rules: _Rules) -> None:
        """Eligible under a way of counting; at least its grade; passed without points; under way; unknown."""
        for number, counting in enumerate(self.countings):
            known = [f"{origin}|{basis}" for origin in counting.origins for basis in counting.bases]
            unknown = [f"{origin}|{UNKNOWN}" for origin in counting.origins]
            sure, unsure = _Meaning(("eligible", number, True)), _Meaning(("eligible", number, False))
            for pair in sorted(known):
                rules.when(("ob", "==", pair), ("repeat", "==", Repeat.INCLUDE.value), meaning=sure)
            for pair in sorted(known + unknown):
                rules.when(("ob", "==", pair), ("repeat", "==", UNKNOWN), meaning=unsure)
            for pair in sorted(unknown):
                rules.when(("ob", "==", pair), ("repeat", "==", Repeat.INCLUDE.value), meaning=unsure)
            passes = _Meaning(("passes", counting.minimum))
            rules.when(("stage", "==", "graded"), ("grade", ">=", counting.minimum), meaning=passes)
        for stage in ("passed", "open", "unknown"):
            rules.when(("stage", "==", stage), meaning=_Meaning((stage,)))

    def _write_selection(self, rules: _Rules, selection: Selection) -> None:
        """Which attempts belong to a selection: by a course, or by subject, number, level and marks."""
        if selection.courses:
            for course in sorted(selection.courses):
                meaning = _Meaning(("course", course.code))
                rules.when(("cb", "==", _bucket(course.code)), ("course", "==", course.code), meaning=meaning)
            return
        numbers: list[tuple[str, str, int | str]] = []
        if selection.low is not None and selection.high is not None:
            numbers = [("number", ">=", selection.low), ("number", "<=", selection.high)]
        marks = [(self.attribute_property[name], "==", 1) for name in sorted(selection.attributes)]
        subjects: list[list[tuple[str, str, int | str]]] = [
            [("subject", "==", subject)] for subject in sorted(selection.subjects)
        ] or [[]]
        levels: list[list[tuple[str, str, int | str]]] = (
            [[("level", "==", level)] for level in (*sorted(selection.levels), UNKNOWN)] if selection.levels else [[]]
        )
        attributes: list[list[tuple[str, str, int | str]]] = (
            [[("marked", "==", 1), *marks], [("marked", "==", 0)]] if marks else [[]]
        )
        for subject, level, mark in itertools.product(subjects, levels, attributes):
            unsure = ("level", "==", UNKNOWN) in level or ("marked", "==", 0) in mark
            rules.when(
                ("kind", "==", "attempt"),
                *subject,
                *level,
                *mark,
                *numbers,
                meaning=_Meaning(("filter", selection, not unsure)),
            )

    def _write_program(self, rules: _Rules, number: int, program: ProgramPlan) -> None:
        offset = self.offsets[number]
        for node in program.nodes:
            for outcome in ABOVE_UNMET:
                at = _signal(offset + node.index, outcome)
                filed = (("b", "==", at % BUCKETS), ("p", "==", at))
                meaning = _Meaning(node=offset + node.index, outcome=outcome)
                if outcome <= self.always[offset + node.index]:
                    continue
                if node.kind is Kind.GROUP:
                    given = sum(self.always[offset + part] >= outcome for part in node.parts)
                    rules.when(*filed, count=node.need - given, meaning=meaning)
                elif node.kind is Kind.COURSES:
                    rules.when(*filed, count=node.need, meaning=meaning)
                elif node.kind is Kind.CREDITS:
                    rules.when(*filed, ("total", ">=", node.need), meaning=meaning)
                elif node.kind is Kind.AVERAGE:
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
            case Kind.FACT:
                for name, level in _fact_levels(node):
                    if level >= outcome:
                        about = f"{program}|{node.moment}|{node.fact}"
                        yield ("about", "==", about), ("value", "==", name)
            case Kind.NO_HOLD:
                known = (("unclear", "==", 0),) if outcome > UNDETERMINED else ()
                yield ("blocking", "==", 0), *known

    # One learner.

    def outcomes(self, record: Record, word: Word, as_of: date) -> Outcomes:
        with self.driver.session() as session:
            return _Learner(self, session, record, word, as_of).outcomes()


@dataclass(frozen=True, slots=True)
class _Bid:
    standing: Standing
    offer: Offer


class _Rise(NamedTuple):
    """A node whose outcome went up."""

    node: int
    before: Outcome
    after: Outcome


class _Learner:
    """One session: one learner's facts, stratum by stratum, and what has been derived from them."""

    def __init__(self, engine: DurableEngine, session: Session, record: Record, word: Word, as_of: date) -> None:
        self.engine = engine
        self.session = session
        self.record = record
        self.word = word
        self.as_of = as_of
        substitutes = {granted.course for granted in word.exceptions}
        self.standings = [
            standing
            for attempt in sorted(record.attempts, key=lambda attempt: attempt.attempt_id)
            if engine.mentions(attempt) or attempt.course.code in substitutes
            for standing in [stand(attempt, engine.plan.scale, as_of)]
            if standing.stage not in GONE
        ]
        self.labels: list[set[tuple[object, ...]]] = [set() for _ in self.standings]
        self.reached: dict[int, Outcome] = {}
        self.hold = self._hold_fact()

    def outcomes(self) -> Outcomes:
        facts = [self._attempt_fact(standing) for standing in self.standings]
        known = [*facts, *self._milestone_facts(), *self._word_facts(), self.hold]
        rises = self._take(self.session.run(known))
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
        while signals:
            signals = self._signals(self._take(self.session.run(signals)))
        outcomes = tuple(
            remembered.get(number) or self._outcomes(number, program)
            for number, program in enumerate(self.engine.plan.programs)
        )
        self.engine.remembered.update({key: outcomes[number] for number, key in to_remember.items()})
        return outcomes

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
        if any(node in self.reached for node in range(first, last) if not self.engine.is_hold[node]):
            return None
        about = tuple(str(fact["value"]) for fact in self._about_facts(number, program, []))
        return number, self.hold["blocking"], self.hold["unclear"], about

    def _outcome(self, node: int) -> Outcome:
        return max(self.reached.get(node, UNMET), self.engine.always[node])

    def _take(self, firings: Iterable[Firing]) -> list[_Rise]:
        """Note what fired: labels on attempts, and nodes whose outcome rose."""
        rises: list[_Rise] = []
        for firing in firings:
            for meaning in self.engine.meanings[firing.production]:
                if meaning.label:
                    self.labels[firing.facts[0]].add(meaning.label)
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

    # Stratum 1: what is known.

    def _attempt_fact(self, standing: Standing) -> Fact:
        attempt = standing.attempt
        fact: Fact = {
            "kind": "attempt",
            "ob": f"{attempt.origin}|{attempt.basis or UNKNOWN}",
            "repeat": attempt.repeat.value if attempt.repeat else UNKNOWN,
            "stage": _STAGES[standing.stage],
            "cb": _bucket(attempt.course.code),
            "course": attempt.course.code,
            "subject": attempt.course.subject,
            "number": attempt.course.numeric,
            "level": _text(attempt.level) if attempt.level is not None else UNKNOWN,
            "marked": 0 if attempt.attributes is None else 1,
        }
        if standing.points is not None:
            fact["grade"] = standing.points
        for name in attempt.attributes or ():
            if name in self.engine.attribute_property:
                fact[self.engine.attribute_property[name]] = 1
        return fact

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
            for one in self.record.milestones
            if one.code in codes
        ]

    def _word_facts(self) -> list[Fact]:
        numbers = {program.program.id: number for number, program in enumerate(self.engine.plan.programs)}
        return [
            {"word": f"{numbers[said.program]}|{said.role}|{said.statement}", "proof": 1 if said.evidence else 0}
            for said in self.word.attestations
            if said.program in numbers
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

    def _worth(self, labels: set[tuple[object, ...]], counting: Counting) -> tuple[Outcome, bool] | None:
        """What an attempt is worth by the productions that fired on it, and whether it surely counts; None: barred."""
        number = self.engine.counting_number[counting]
        sure = ("eligible", number, True) in labels
        if not sure and ("eligible", number, False) not in labels:
            return None
        if ("unknown",) in labels:
            return UNDETERMINED, sure
        if ("open",) in labels:
            return PENDING, sure
        return MET if ("passed",) in labels or ("passes", counting.minimum) in labels else UNMET, sure

    def _bids(self, way: Ways, substitute: str | None) -> dict[Course, list[tuple[Standing, Outcome]]]:
        """By course, the attempts that may fill this way and what each is worth to it."""
        found: dict[Course, list[tuple[Standing, Outcome]]] = {}
        for standing, labels in zip(self.standings, self.labels, strict=True):
            worth = self._worth(labels, way.counting)
            if worth is None:
                continue
            level, sure = worth
            code = standing.attempt.course.code
            if substitute is not None:
                belongs = code == substitute
            elif way.selection.courses:
                belongs = ("course", code) in labels and standing.attempt.course in way.selection.courses
            else:
                belongs = ("filter", way.selection, True) in labels or ("filter", way.selection, False) in labels
                sure = sure and ("filter", way.selection, True) in labels
            if belongs:
                level = level if sure or level is UNMET else UNDETERMINED
                found.setdefault(standing.attempt.course, []).append((standing, level))
        return {course: _as_repeated(attempts, way.counting.repeats) for course, attempts in found.items()}

    def _claim_facts(self, number: int, program: ProgramPlan) -> list[Fact]:
        offset = self.engine.offsets[number]
        granted = [one for one in self.word.exceptions if one.program == program.program.id]
        waived = {
            node.index
            for one in granted
            if one.kind is ExceptionKind.WAIVER
            for node in program.nodes
            if node.id == one.requirement
        }
        needless = frozenset().union(*(program.below[index] for index in waived))
        bids = [
            {} if index in needless else self._node_bids(program, program.nodes[index], granted)
            for index in program.demands
        ]
        claims = self._share_out(program, offset, bids, needless)
        facts = self._signals(rise for index in sorted(waived) for rise in self._reach(offset + index, MET))
        for at, index in enumerate(program.demands):
            facts += self._filled(program.nodes[index], offset, [bids[at][course] for course in claims[at]])
        claimed = [bids[at][course] for at, courses in enumerate(claims) for course in courses]
        if program.average is not None and claimed:
            total = sum(bid.offer.weight for bid in claimed)
            level = min(bid.offer.level for bid in claimed)
            facts += _totals(offset + program.average, {step: total for step in ABOVE_UNMET if step <= level})
        return facts + self._about_facts(number, program, claimed)

    def _node_bids(self, program: ProgramPlan, node: Node, granted: Sequence[GrantedException]) -> dict[Course, _Bid]:
        best: dict[Course, _Bid] = {}
        substitutes = [
            one.course for one in granted if one.kind is ExceptionKind.SUBSTITUTION and one.requirement == node.id
        ]
        for way, substitute in [(way, None) for way in node.ways] + [(node.ways[0], code) for code in substitutes]:
            for course, attempts in self._bids(way, substitute).items():
                for standing, level in attempts:
                    bid = self._bid(program, node, standing, level)
                    if bid and (course not in best or _rank(bid) < _rank(best[course])):
                        best[course] = bid
        return best

    def _bid(self, program: ProgramPlan, node: Node, standing: Standing, level: Outcome) -> _Bid | None:
        if level is UNMET:
            return None
        attempt = standing.attempt
        amount = attempt.credits_earned if level is MET else attempt.credits_attempted
        thousandths = None if amount is None else int(amount * 1000)
        weight = 0
        if program.average is not None:
            if thousandths is None:
                level = UNDETERMINED
            elif attempt.origin is Origin.INSTITUTION and standing.stage is not Stage.PASSED:
                points = self.engine.plan.scale.top if standing.points is None else standing.points
                weight = thousandths * (points - program.nodes[program.average].need)
        if node.kind is Kind.COURSES:
            return _Bid(standing, Offer(level, 1, weight))
        if thousandths is None:
            return _Bid(standing, Offer(UNDETERMINED, node.need, weight))
        return _Bid(standing, Offer(level, thousandths, weight)) if thousandths else None

    def _share_out(
        self, program: ProgramPlan, offset: int, bids: Sequence[Mapping[Course, _Bid]], needless: frozenset[int]
    ) -> list[list[Course]]:
        places: dict[Course, tuple[object, ...]] = {}
        for by_course in bids:
            for course, bid in by_course.items():
                places[course] = min(places.get(course, (1,)), (*_rank(bid), course))
        items = sorted(places, key=lambda course: places[course])
        demands = [
            Demand(
                program.nodes[index].need,
                {item: bids[at][course].offer for item, course in enumerate(items) if course in bids[at]},
                program.nodes[index].kind is Kind.COURSES,
            )
            for at, index in enumerate(program.demands)
        ]
        routes = [
            Route(
                frozenset(at for at in way.demands if program.demands[at] not in needless),
                min((self._outcome(offset + leaf) for leaf in way.leaves if leaf not in needless), default=MET),
            )
            for way in program.ways
        ]
        allocation = allocate(demands, routes, averaged=program.average is not None)
        return [[items[item] for item in claimed] for claimed in allocation.claims]

    # Stratum 2: what is claimed, and what is so about the learner on the days that the rules ask about.

    def _filled(self, node: Node, offset: int, claimed: Sequence[_Bid]) -> list[Fact]:
        if node.kind is Kind.COURSES:
            return [
                {"b": at % BUCKETS, "p": at}
                for bid in claimed
                for step in ABOVE_UNMET
                if step <= bid.offer.level
                for at in [_signal(offset + node.index, step)]
            ]
        sums = {step: sum(bid.offer.size for bid in claimed if bid.offer.level >= step) for step in ABOVE_UNMET}
        return _totals(offset + node.index, {step: total for step, total in sums.items() if total})

    def _about_facts(self, number: int, program: ProgramPlan, claimed: Sequence[_Bid]) -> list[Fact]:
        days = [bid.standing.attempt.registered_on for bid in claimed]
        registered = None if None in days else min((day for day in days if day), default=self.as_of)
        return [
            {"about": f"{number}|{moment}|{fact}", "value": "+".join(sorted(possible_values(fact, self.record, day)))}
            for moment, fact in self.engine.asked[number]
            for day in [registered if moment is Moment.REGISTRATION else self.as_of]
        ]


def _belonging(program: ProgramPlan) -> Iterable[tuple[object, ...]]:
    """The labels of attempts that some requirement of a program asks for."""
    for node in program.nodes:
        for way in node.ways:
            for course in way.selection.courses:
                yield "course", course.code
            if not way.selection.courses:
                yield "filter", way.selection, True
                yield "filter", way.selection, False


def _rank(bid: _Bid) -> tuple[object, ...]:
    return (-bid.offer.level, *rank(bid.standing))


def _as_repeated(attempts: list[tuple[Standing, Outcome]], repeats: Repeats) -> list[tuple[Standing, Outcome]]:
    """One course's attempts after the repeat policy: the displaced left out, and doubt where their order is unknown."""
    finals = [(standing, level) for standing, level in attempts if standing.stage in FINAL]
    if repeats is Repeats.BEST or not finals:
        return attempts
    sign = 1 if repeats is Repeats.LATEST else -1
    terms = {
        standing.attempt.attempt_id: (sign * term.starts.toordinal(), sign * term.ends.toordinal())
        for standing, _ in finals
        if (term := standing.attempt.term)
    }
    edge = max(terms.values(), default=None)
    standing_finals = [pair for pair in finals if terms.get(pair[0].attempt.attempt_id, edge) == edge]
    if len({level for _, level in standing_finals}) > 1:
        standing_finals = [(standing, UNDETERMINED) for standing, _ in standing_finals]
    open_ones = [pair for pair in attempts if pair[0].stage not in FINAL] if repeats is Repeats.LATEST else []
    return standing_finals + open_ones


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


def _bucket(code: str) -> int:
    return zlib.crc32(code.encode()) % BUCKETS


def _text(value: str) -> str:
    """Text that came from outside, in the one form in which the engine compares it with the rules' text."""
    return unicodedata.normalize("NFC", value)


def _in_order(counting: Counting) -> tuple[object, ...]:
    return counting.minimum, counting.repeats, sorted(counting.origins), sorted(counting.bases), counting.minimum_symbol


def _milestone_levels(node: Node) -> Iterable[tuple[str, Outcome, tuple[tuple[str, str, int], ...]]]:
    """What each status of a milestone is worth, with the evidence that it takes."""
    yield MilestoneStatus.COMPLETE.value, MET, (("proof", "==", 1),) if node.evidence else ()
    if node.evidence:
        yield MilestoneStatus.COMPLETE.value, AWAITING, (("proof", "==", 0),)
    yield MilestoneStatus.SUBMITTED.value, AWAITING, ()
    yield MilestoneStatus.IN_PROGRESS.value, PENDING, ()
    yield UNKNOWN, UNDETERMINED, ()


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
