"""RuleSet -> Plan: every program as a flat list of nodes, parts before the groups that they are in.

The plan says nothing of how it is evaluated; every engine reads the same one and must give the same outcome at every
node.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from credrules.attestations import CLAIM, COMPLETE, STAFF, Role
from credrules.claims import Floor, Rounding, Share, Terms
from credrules.never_both import together
from credrules.program_file import routes
from credrules.records import Affiliation
from credrules.rules import (
    Average,
    Choice,
    Condition,
    Counted,
    CourseCount,
    CreditSum,
    Group,
    HoldsCredential,
    LearnerIs,
    Limit,
    Measure,
    MilestoneDone,
    Moment,
    Place,
    Program,
    Requirement,
    Rule,
    Selection,
    WeightedCount,
)
from credrules.uses import with_asked
from credrules.wording import condition_title, listing, role_title
from credrules.work import Amount, WorkDone

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from credrules.equivalents import Equivalence
    from credrules.records import Course
    from credrules.rules import GradeScale, RuleSet, Ways
    from credrules.timing import Timing
    from credrules.work import Scores


class Kind(Enum):
    COURSES = "courses"  # `need` different courses out of `ways`
    CREDITS = "credits"  # `need` thousandths of a credit out of `ways`
    WEIGHTED = "weighted"  # `need` thousandths of a course out of `ways`, by `weights`
    AVERAGE = "average"  # at least `need` thousandths of a point over what was claimed
    COUNTED = "counted"  # `need` of `measure` in `selection`, over what was claimed
    MILESTONE = "milestone"  # `code` in the record, with its evidence where `evidence`
    WORD = "word"  # `role` has said `code`, with evidence where `evidence`
    FACT = "fact"  # `fact` is one of `values`, or with `negated` none of them
    CREDENTIAL = "credential"  # one of `codes` is held, or with `negated` none of them
    NO_HOLD = "no-hold"  # no active hold blocks conferral
    AMOUNT = "amount"  # so much of `work`
    SCORES = "scores"  # the scores that `work` asks for
    GROUP = "group"  # `need` of `parts`


CLAIMS = frozenset({Kind.COURSES, Kind.CREDITS, Kind.WEIGHTED})
TESTS = frozenset({Kind.AVERAGE, Kind.COUNTED})
EVERYTHING = Selection()


@dataclass(frozen=True, slots=True)
class Fork:
    """Which parts of a choice are what, as nodes. Where the conditions hold `then` is asked, else `otherwise`."""

    asks: tuple[int, ...]
    turned: bool  # `asks` are the conditions turned round: what holds where not all of the conditions do
    then: int
    otherwise: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    index: int
    id: str
    title: str
    kind: Kind
    place: Place
    cites: str | None = None
    prose: tuple[str, ...] = ()
    otherwise: str | None = None
    need: int = 0
    parts: tuple[int, ...] = ()
    ways: tuple[Ways, ...] = ()
    share_group: str = ""
    weights: tuple[tuple[Course, int], ...] = ()
    measure: Measure = Measure.COURSES
    selection: Selection = EVERYTHING
    rounding: Rounding = Rounding.EXACT
    sums: tuple[int, ...] = ()  # of a test: its positions among the sums over what is claimed
    code: str = ""
    evidence: bool = False
    role: str | None = None
    codes: frozenset[str] = frozenset()
    active: bool = True  # of a credential: an expired one does not count
    fact: str = ""
    values: frozenset[str] = frozenset()
    among: frozenset[str] = frozenset()
    negated: bool = False
    moment: Moment = Moment.CONFERRAL
    work: Amount | Scores | None = None
    timing: Timing | None = None
    after: int | None = None  # the node that `timing.after` names
    since: int | None = None  # the node that `timing.since` names
    fork: Fork | None = None  # of a group: what of it is asked depends on the learner


@dataclass(frozen=True, slots=True)
class Way:
    """One way through a program's alternatives: the claims it takes (positions in `demands`) and its other leaves."""

    demands: frozenset[int]
    leaves: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramPlan:
    """One program. `root` is the decision; `requirements` the requirement tree; `gates` the rules beside it."""

    program: Program
    nodes: tuple[Node, ...]
    root: int
    requirements: int
    gates: tuple[int, ...]
    demands: tuple[int, ...]  # the nodes that claim, in the order of the rule file
    ways: tuple[Way, ...]
    average: int | None
    tests: tuple[int, ...]  # the nodes that look at everything that was claimed
    limits: tuple[Limit, ...]
    time_limit: int  # months; 0: none
    below: tuple[frozenset[int], ...] = field(repr=False)  # by node, itself and all nodes under it
    forks: tuple[Fork, ...] = ()
    inherits: Mapping[str, str] = field(default_factory=dict)  # ids of older versions, and which they are here
    lost: frozenset[str] = frozenset()  # ids of older versions of which this one says nothing

    def node(self, node_id: str) -> Node | None:
        return next((node for node in self.nodes if node.id == node_id), None)

    def bound_to(self, node_id: str) -> Node | None:
        """The node that an exception granted for an id is about here, whichever version it was granted under."""
        return self.node(node_id) or self.node(self.inherits.get(node_id, ""))

    def terms(self, waived: Collection[int] = ()) -> Terms:
        """What a sharing-out is tested by; a test that was waived is none."""
        tests = [self.nodes[index] for index in self.tests if index not in waived]
        return Terms(
            caps=tuple(limit.most for limit in self.limits),
            tests=tuple(as_test(node) for node in tests if node.sums),
            kinds=max((node.need for node in tests if not node.sums), default=0),
            averaged=any(node.kind is Kind.AVERAGE for node in tests),
        )


@dataclass(frozen=True, slots=True)
class Plan:
    scale: GradeScale
    programs: tuple[ProgramPlan, ...]
    equivalents: tuple[Equivalence, ...] = ()
    roles: tuple[str, ...] = STAFF


def as_test(node: Node) -> Floor | Share:
    """What an average or a sum over everything that was claimed must come to."""
    if node.kind is Kind.COUNTED and node.measure.is_share:
        unit = 1000 if node.measure.of_credits else 1
        return Share(node.sums[0], node.sums[1], node.need, unit, node.rounding)
    return Floor(node.sums[0], 0 if node.kind is Kind.AVERAGE else node.need)


def make_plan(rule_set: RuleSet, only: Sequence[str] | None = None) -> Plan:
    """The plan of all programs, or of those named in `only` and what has to be decided together with them."""
    newest = {program.id: program for program in rule_set.programs}
    ids = newest.keys() if only is None else together([*with_asked(only, rule_set.programs)], newest)
    chosen = [program for program in rule_set.programs if program.id in ids]
    plans: list[ProgramPlan] = []
    for program in chosen:  # the versions of one program follow each other, the oldest first
        plan = _Planner(program).plan()
        older = plans[-1] if plans and plans[-1].program.id == program.id else None
        plans.append(_migrated(plan, older) if older else plan)
    return Plan(rule_set.scale, tuple(plans), rule_set.equivalents, rule_set.roles)


def _migrated(plan: ProgramPlan, older: ProgramPlan) -> ProgramPlan:
    """A plan that knows what the ids of older versions are in it."""
    here = {node.id for node in plan.nodes}
    before = {**{node.id: node.id for node in older.nodes}, **older.inherits}
    inherits: dict[str, str] = {}
    lost: set[str] = set(older.lost - here)
    for node_id, latest in before.items():
        if node_id in here:
            continue
        if latest in here:
            inherits[node_id] = latest
        elif latest not in plan.program.migrates:
            lost.add(node_id)
        elif (new := plan.program.migrates[latest]) is not None:
            inherits[node_id] = new
    return replace(plan, inherits=inherits, lost=frozenset(lost))


class _Planner:
    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes: list[Node] = []
        self.by_requirement: dict[Requirement, int] = {}
        self.sums = itertools.count(1)  # the first is kept for the average

    def plan(self) -> ProgramPlan:
        program = self.program
        requirements = self._requirement(program.requirements)
        gates = [self._open_to()] if program.open_to != frozenset(Affiliation) else []
        gates += [self._excludes()] if program.excludes else []
        gates += [self._renews()] if program.life.renews else []
        gates += [self._claimed()] if program.life.claim else []
        gates += [self._gate(rule, requirements) for rule in program.rules]
        parts = (requirements, *gates)
        title = f"{program.title} may be conferred"
        root = self._add(
            id="conferral",
            title=title,
            kind=Kind.GROUP,
            place=program.place,
            need=len(parts),
            parts=parts,
            prose=program.prose,
        )
        demands = tuple(node.index for node in self.nodes if node.kind in CLAIMS)
        return ProgramPlan(
            program=program,
            nodes=tuple(self.nodes),
            root=root,
            requirements=requirements,
            gates=tuple(gates),
            demands=demands,
            ways=self._ways(demands),
            average=next((node.index for node in self.nodes if node.kind is Kind.AVERAGE), None),
            tests=tuple(node.index for node in self.nodes if node.kind in TESTS),
            limits=program.limits,
            time_limit=program.time_limit,
            below=self._below(),
            forks=tuple(node.fork for node in self.nodes if node.fork),
        )

    def _add(self, **parts: object) -> int:
        index = len(self.nodes)
        self.nodes.append(Node(index=index, **parts))  # type: ignore[arg-type]  # the callers' keywords are Node's
        return index

    def _requirement(self, requirement: Requirement) -> int:
        common: dict[str, object] = {
            "id": requirement.id,
            "title": requirement.title,
            "place": requirement.place,
            "cites": requirement.cites,
            "prose": requirement.prose,
        }
        match requirement:
            case CourseCount():
                index = self._claim(requirement, Kind.COURSES, common)
            case WeightedCount():
                index = self._claim(requirement, Kind.WEIGHTED, {**common, "weights": requirement.weights})
            case CreditSum():
                index = self._claim(requirement, Kind.CREDITS, common)
            case Average():
                index = self._add(**common, kind=Kind.AVERAGE, need=requirement.minimum, sums=(0,))
            case Counted():
                index = self._counted(requirement, common)
            case MilestoneDone():
                index = self._add(
                    **common,
                    kind=Kind.WORD if requirement.attested_by else Kind.MILESTONE,
                    code=requirement.code,
                    evidence=requirement.evidence,
                    role=requirement.attested_by,
                    **self._timing(requirement.timing),
                )
            case WorkDone():
                kind = Kind.AMOUNT if isinstance(requirement.work, Amount) else Kind.SCORES
                index = self._add(**common, kind=kind, work=requirement.work, **self._timing(requirement.timing))
            case HoldsCredential():
                index = self._add(**common, kind=Kind.CREDENTIAL, codes=requirement.codes, active=requirement.active)
            case LearnerIs():
                index = self._add(
                    **common,
                    kind=Kind.FACT,
                    fact=requirement.condition.fact,
                    values=requirement.condition.values,
                    among=requirement.condition.among,
                    negated=requirement.negated,
                )
            case Group():
                parts = tuple(self._requirement(part) for part in requirement.parts)
                fork = self._fork(requirement) if isinstance(requirement, Choice) else None
                index = self._add(**common, kind=Kind.GROUP, need=requirement.need, parts=parts, fork=fork)
            case _:
                raise AssertionError(requirement)
        self.by_requirement[requirement] = index
        return index

    def _claim(self, requirement: CourseCount | CreditSum, kind: Kind, common: Mapping[str, object]) -> int:
        return self._add(
            **common, kind=kind, need=requirement.need, ways=requirement.ways, share_group=requirement.share_group
        )

    def _counted(self, requirement: Counted, common: Mapping[str, object]) -> int:
        summed = 2 if requirement.measure.is_share else 0 if requirement.measure is Measure.SUBJECTS else 1
        return self._add(
            **common,
            kind=Kind.COUNTED,
            need=requirement.need,
            measure=requirement.measure,
            selection=requirement.selection,
            rounding=requirement.rounding,
            sums=tuple(itertools.islice(self.sums, summed)),
        )

    def _fork(self, requirement: Choice) -> Fork:
        place = {node.id: node.index for node in self.nodes}
        return Fork(
            asks=tuple(place[name] for name in requirement.asks),
            turned=requirement.turned,
            then=place[requirement.then],
            otherwise=place[requirement.otherwise] if requirement.otherwise else None,
        )

    def _timing(self, timing: Timing | None) -> dict[str, object]:
        """Where the requirements that it names are: earlier in the file, so they are among the nodes already."""
        if timing is None:
            return {}
        place = {node.id: node.index for node in self.nodes}
        return {
            "timing": timing,
            "after": place[timing.after] if timing.after else None,
            "since": place[timing.since] if timing.since else None,
        }

    def _excludes(self) -> int:
        others = listing(sorted(self.program.excludes), "or")
        return self._add(
            id="excludes",
            title=f"The learner does not hold {others}",
            kind=Kind.CREDENTIAL,
            place=self.program.place,
            codes=self.program.excludes,
            active=False,
            negated=True,
        )

    def _renews(self) -> int:
        name = self.program.life.renews
        return self._add(
            id="renews",
            title=f"The learner holds or held {name}",
            kind=Kind.CREDENTIAL,
            place=self.program.place,
            otherwise=f"Only who has earned {name} can renew it.",
            codes=frozenset({name}),
            active=False,
        )

    def _claimed(self) -> int:
        return self._add(
            id="claim",
            title="The learner has asked for the credential",
            kind=Kind.WORD,
            place=self.program.place,
            otherwise="It is awarded once the learner asks the office for it.",
            code=CLAIM,
            role=Role.LEARNER,
        )

    def _open_to(self) -> int:
        whom = " or ".join(sorted(self.program.open_to))
        return self._add(
            id="open-to",
            title=f"The program is open to {whom} learners",
            kind=Kind.FACT,
            place=self.program.place,
            fact="learner.affiliation",
            values=frozenset(self.program.open_to),
            moment=Moment.REGISTRATION,
        )

    def _gate(self, rule: Rule, requirements: int) -> int:
        """`when` false, or everything required: so a rule that does not apply stands in nobody's way."""
        required = [self._fact(rule, condition, negated=False) for condition in rule.require]
        required += [self._attestation(rule, role) for role in rule.attestations]
        required += [self._held(rule, negated=False)] if rule.credentials else []
        required += [self._held(rule, negated=True)] if rule.not_credentials else []
        if rule.requirements:
            required.append(requirements)
        if rule.no_holds:
            title = "No hold blocks conferral"
            required.append(
                self._add(
                    id=f"{rule.id}/holds", title=title, kind=Kind.NO_HOLD, place=rule.place, otherwise=rule.otherwise
                )
            )
        title = rule.id.replace("-", " ").capitalize()
        common = {"place": rule.place, "cites": rule.cites, "otherwise": rule.otherwise, "moment": rule.moment}
        if not rule.when:
            return self._add(
                id=rule.id,
                title=title,
                kind=Kind.GROUP,
                need=len(required),
                parts=tuple(required),
                prose=rule.prose,
                **common,
            )
        unless = [self._fact(rule, condition, negated=True) for condition in rule.when]
        inner = self._add(
            id=f"{rule.id}/require",
            title=title,
            kind=Kind.GROUP,
            need=len(required),
            parts=tuple(required),
            **common,
        )
        return self._add(
            id=rule.id, title=title, kind=Kind.GROUP, need=1, parts=(*unless, inner), prose=rule.prose, **common
        )

    def _fact(self, rule: Rule, condition: Condition, *, negated: bool) -> int:
        return self._add(
            id=f"{rule.id}/{'unless' if negated else 'require'}-{condition.fact}",
            title=condition_title(condition, negated=negated),
            kind=Kind.FACT,
            place=rule.place,
            otherwise=rule.otherwise,
            fact=condition.fact,
            values=condition.values,
            among=condition.among,
            negated=negated,
            moment=rule.moment,
        )

    def _held(self, rule: Rule, *, negated: bool) -> int:
        codes = rule.not_credentials if negated else rule.credentials
        names = listing(sorted(codes), "or")
        return self._add(
            id=f"{rule.id}/{'not-credentials' if negated else 'credentials'}",
            title=f"The learner {'does not hold' if negated else 'holds'} {names}",
            kind=Kind.CREDENTIAL,
            place=rule.place,
            otherwise=rule.otherwise,
            codes=codes,
            active=not negated,
            negated=negated,
        )

    def _attestation(self, rule: Rule, role: str) -> int:
        return self._add(
            id=f"{rule.id}/{role}",
            title=f"The {role_title(role)} has attested that everything is complete",
            kind=Kind.WORD,
            place=rule.place,
            otherwise=rule.otherwise,
            code=COMPLETE,
            role=role,
        )

    def _ways(self, demands: tuple[int, ...]) -> tuple[Way, ...]:
        position = {index: at for at, index in enumerate(demands)}
        ways = []
        for route in routes(self.program.requirements):
            leaves = sorted(self.by_requirement[leaf] for leaf in route)
            ways.append(
                Way(
                    frozenset(position[leaf] for leaf in leaves if leaf in position),
                    tuple(leaf for leaf in leaves if leaf not in position and self.nodes[leaf].kind not in TESTS),
                )
            )
        return tuple(sorted(ways, key=lambda way: (sorted(way.demands), way.leaves)))

    def _below(self) -> tuple[frozenset[int], ...]:
        below: list[frozenset[int]] = []
        for node in self.nodes:
            below.append(frozenset({node.index}).union(*(below[part] for part in node.parts)))
        return tuple(below)
