"""Audit: how every program stands for everybody, in numbers of people. Nothing is recorded and nothing issued."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.errors import EngineError
from credrules.pipeline import BATCH
from credrules.plan import CLAIMS, Kind
from credrules.records import record_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date

    from credrules.installation import Installation
    from credrules.plan import Node, ProgramPlan
    from credrules.records import Record

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
        if not self.columns:
            return "by the plain engine"
        tenths = -(-1000 * self.plain // (self.columns + self.plain))
        return f"in columns, {tenths // 10}.{tenths % 10} % of it by the plain engine"


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
        if all(outcomes[leaf] < least for leaf, least in self.signs):
            return
        tally.begun += times
        tally.outcomes[str(outcomes[self.plan.root])] += times
        for node, counted in zip(self.shown, tally.nodes, strict=True):
            counted.outcomes[str(outcomes[node.index])] += times
        missing = [part for part in self.parts if outcomes[part] is not MET]
        if len(missing) == 1 and outcomes[self.plan.requirements] is not MET:
            tally.near += times
            tally.missing[self.plan.nodes[missing[0]].title] += times
        tally.stages.update(dict.fromkeys(self._stages(len(missing), outcomes), times))

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


def audit(
    installation: Installation,
    as_of: date,
    *,
    learners: Collection[str] | None = None,
    on_progress: Callable[[int], object] = lambda learners: None,
) -> Audit:
    """Every program for everybody, or for the learners named, as of a day. What cannot be read is set aside."""
    decider = Decider(installation.plan, None)
    auditors = [ProgramAuditor(plan) for plan in installation.plan.programs]
    found = Audit(as_of, installation.rule_set.digest, [auditor.tally for auditor in auditors])
    with installation.ledger_to_read() as ledger:
        for batch in installation.records.batches(learners, BATCH):
            words = ledger.word_of([record.learner.learner_id for record in batch.records], decider.uses_of)
            for record in batch.records:
                word = words.get(record.learner.learner_id, Word())
                if not _add(auditors, decider, record, word, as_of):
                    found.set_aside += 1
            found.learners += len(batch.records) + len(batch.set_aside)
            found.set_aside += len(batch.set_aside)
            on_progress(len(batch.records) + len(batch.set_aside))
    return found


def _add(auditors: Sequence[ProgramAuditor], decider: Decider, record: Record, word: Word, as_of: date) -> bool:
    """Add one learner to every program; False where the record contradicts itself or cannot be decided."""
    if any(record_faults(record)):
        return False
    try:
        outcomes = list(decider.outcomes(record, word, as_of))
    except EngineError:
        return False
    for number, of_nodes in outcomes:
        auditors[number].add(of_nodes)
    return True


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
