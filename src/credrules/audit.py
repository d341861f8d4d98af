"""Audit: how every program stands for everybody, in numbers of people. Nothing is recorded and nothing issued."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credrules.decisions import Outcome
from credrules.people import people
from credrules.plan import CLAIMS, Kind
from credrules.stands import NOWHERE, engines, standing

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date

    from credrules.installation import Installation
    from credrules.people import People
    from credrules.plan import Node, ProgramPlan
    from credrules.records import Learner
    from credrules.stands import Stands

MET = Outcome.MET

HALF, ALL_BUT_ONE, EVERYTHING, CONFERRABLE = (
    "Half of the requirements or more",
    "All requirements but one, or all",
    "All requirements",
    "All requirements and rules",
)
BEGUN = "Begun"
STAGES = (BEGUN, HALF, ALL_BUT_ONE, EVERYTHING, CONFERRABLE)


@dataclass(slots=True)
class NodeTally:
    """One requirement or rule, over all learners who have begun its program."""

    node: str
    title: str
    place: str
    outcomes: dict[str, int] = field(default_factory=lambda: {str(outcome): 0 for outcome in Outcome})


@dataclass(slots=True)
class ProgramTally:
    """One version of a program, over all learners held to it.

    `begun` are those who have done anything for a requirement; everything else is about them. `near` lack exactly one
    of the program's requirements, and `missing` counts which.
    """

    program: str
    version: str
    title: str
    learners: int = 0
    begun: int = 0
    outcomes: dict[str, int] = field(default_factory=lambda: {str(outcome): 0 for outcome in Outcome})
    stages: Counter[str] = field(default_factory=Counter)
    near: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    nodes: list[NodeTally] = field(default_factory=list)

    @property
    def funnel(self) -> list[tuple[str, int]]:
        return [(stage, self.stages[stage]) for stage in STAGES]

    @property
    def last_missing(self) -> list[tuple[str, int]]:
        """Titles of requirements, the one that most often is the only one missing first."""
        return sorted(self.missing.items(), key=lambda item: (-item[1], item[0]))


@dataclass(slots=True)
class Audit:
    """Every program for everybody. `columns` and `plain` are the (learner, version) pairs that each way decided."""

    as_of: date
    rules: str
    programs: list[ProgramTally] = field(default_factory=list)
    learners: int = 0
    set_aside: int = 0
    columns: int = 0
    plain: int = 0

    def several(self, program: str) -> bool:
        """Whether there is more than one version of a program."""
        return sum(tally.program == program for tally in self.programs) > 1

    @property
    def engines(self) -> str:
        """'in columns, 1.2 % of it by the plain engine'."""
        return engines(self.columns, self.plain)


class ProgramAuditor:
    """Adds learners to the tally of one version of a program, by the outcomes of its nodes."""

    def __init__(self, plan: ProgramPlan) -> None:
        self.plan = plan
        program = plan.program
        self.tally = ProgramTally(program.id, program.version, program.title)
        self.parts = plan.nodes[plan.requirements].parts
        inside = plan.below[plan.requirements]
        leaves = [node for node in plan.nodes if node.index in inside and not node.parts]
        # A person's word is awaited from the start, so that only its being there shows that somebody has begun.
        self.signs = tuple(
            (node.index, Outcome.MET if node.kind is Kind.WORD else Outcome.UNDETERMINED) for node in leaves
        )
        self.shown = tuple(_shown(plan))
        self.tally.nodes = [NodeTally(node.id, node.title, str(node.place)) for node in self.shown]

    def add(self, outcomes: Sequence[Outcome], times: int = 1) -> None:
        """So many learners with these outcomes, one for each node of the plan."""
        tally = self.tally
        tally.learners += times
        if not self.begun(outcomes):
            return
        tally.begun += times
        tally.outcomes[str(outcomes[self.plan.root])] += times
        for node, counted in zip(self.shown, tally.nodes, strict=True):
            counted.outcomes[str(outcomes[node.index])] += times
        if last := self.last_missing(outcomes):
            tally.near += times
            tally.missing[last] += times
        missing = sum(outcomes[part] is not MET for part in self.parts)
        tally.stages.update(dict.fromkeys(self._stages(missing, outcomes), times))

    def begun(self, outcomes: Sequence[Outcome]) -> bool:
        """Whether such a learner has done anything for a requirement."""
        return any(outcomes[leaf] >= least for leaf, least in self.signs)

    def last_missing(self, outcomes: Sequence[Outcome]) -> str:
        """The title of the requirement that alone is missing; '' where none or several are."""
        missing = [part for part in self.parts if outcomes[part] is not MET]
        one = len(missing) == 1 and outcomes[self.plan.requirements] is not MET
        return self.plan.nodes[missing[0]].title if one else ""

    def _stages(self, missing: int, outcomes: Sequence[Outcome]) -> list[str]:
        met = len(self.parts) - missing
        reached = {
            BEGUN: True,
            HALF: 2 * met >= len(self.parts),
            ALL_BUT_ONE: missing <= 1,
            EVERYTHING: outcomes[self.plan.requirements] is MET,
            CONFERRABLE: outcomes[self.plan.root] is MET,
        }
        return [stage for stage, there in reached.items() if there]


@dataclass(frozen=True, slots=True)
class Single:
    """How one learner stands in one program that they have begun."""

    learner: Learner
    program: str
    version: str
    outcome: Outcome
    last_missing: str


def audit(
    installation: Installation,
    as_of: date,
    *,
    learners: Collection[str] | None = None,
    on_progress: Callable[[int], object] = lambda learners: None,
    on_singles: Callable[[Iterator[Single]], object] | None = None,
) -> Audit:
    """Every program for everybody, or for the learners named, as of a day. What cannot be read is set aside.

    `on_singles` is given, batch by batch, everybody in every program that they have begun.
    """
    way = standing(installation.plan, columns=installation.columns)
    auditors = [ProgramAuditor(plan) for plan in installation.plan.programs]
    found = Audit(as_of, installation.rule_set.digest, [auditor.tally for auditor in auditors])
    with installation.ledger_to_read() as ledger:
        for some in people(installation.records, ledger, way.uses_of, learners, way.batch):
            stands = way.of(some.known, as_of)
            for program in stands.programs.values():
                counted = Counter(at for at in program.of if at != NOWHERE)
                for at, (number, outcomes) in enumerate(program.ways):
                    auditors[number].add(outcomes, counted[at])
            if on_singles:
                on_singles(_singles(auditors, some, stands))
            found.learners += len(some)
            found.set_aside += len(some.set_aside) + len(stands.undecided)
            found.plain += stands.by_plain
            found.columns += stands.pairs - stands.by_plain
            on_progress(len(some))
    return found


def _singles(auditors: Sequence[ProgramAuditor], some: People, stands: Stands) -> Iterator[Single]:
    """Learner by learner."""
    programs = []
    for program in stands.programs.values():
        said = []
        for number, outcomes in program.ways:
            auditor = auditors[number]
            plan = auditor.plan
            told = (plan.program.id, plan.program.version, outcomes[plan.root], auditor.last_missing(outcomes))
            said.append(told if auditor.begun(outcomes) else None)
        programs.append((program.of, said))
    for place, (record, _) in enumerate(some.known):
        for of, said in programs:
            one = said[of[place]] if of[place] != NOWHERE else None
            if one:
                yield Single(record.learner, *one)


def _shown(plan: ProgramPlan) -> list[Node]:
    """The requirements and the rules beside them, each with its leaves, in the order of the rule file."""
    wanted = {*plan.nodes[plan.requirements].parts, *plan.gates}
    for index in plan.nodes[plan.requirements].parts:
        wanted |= {below for below in plan.below[index] if plan.nodes[below].kind in CLAIMS}
    return [node for node in plan.nodes if node.index in wanted]


def flat(audit: Audit) -> list[Mapping[str, object]]:
    """The audit as rows, one for each requirement and rule of each version: for CSV, Parquet and JSON."""
    return [
        {
            "program": tally.program,
            "version": tally.version,
            "node": node.node,
            "title": node.title,
            "begun": tally.begun,
            **{str(outcome): node.outcomes[str(outcome)] for outcome in Outcome},
            "last_missing": tally.missing[node.title],
        }
        for tally in audit.programs
        for node in (
            NodeTally("conferral", f"{tally.title} may be conferred", "", tally.outcomes),
            *tally.nodes,
        )
    ]
