"""Record + rules -> decisions: durable decides, plain checks, and a decision carries the reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from credrules.attestations import COMPLETE
from credrules.decisions import Decision, Outcome
from credrules.engines.plain import PlainEngine
from credrules.errors import EngineError
from credrules.plan import Kind
from credrules.reasons import Explainer
from credrules.records import digest, identifying
from credrules.standing import GONE, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from credrules.attestations import Word
    from credrules.engines import Engine, Outcomes
    from credrules.engines.plain import Evaluation
    from credrules.plan import Plan, ProgramPlan
    from credrules.records import Record
    from credrules.standing import Standing


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two engines gave different outcomes for one learner and program, or one gave none. Nobody is awarded on it."""

    program: str
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of one learner: a decision a program, or a disagreement in its place."""

    decisions: tuple[Decision, ...]
    disagreements: tuple[Disagreement, ...] = ()


class Decider:
    """Decides learners under one plan.

    `main` is the engine that decides; the plain engine always evaluates too, gives the reasons, and must agree at every
    node. With no `main`, as the settings may ask, it decides alone, and decisions say so.
    """

    def __init__(self, plan: Plan, main: Engine | None) -> None:
        self.plan = plan
        self.plain = PlainEngine(plan)
        self.main = main
        self.engines = ("plain",) if main is None else (main.name, "plain")

    def decide(self, record: Record, word: Word, as_of: date, *, everyone: bool = False) -> Decided:
        """One learner under every program. Decisions of programs that the learner has no part in are left out,
        unless `everyone` asks for them. Raises EngineError where the plain engine cannot decide.
        """
        evaluations = self.plain.evaluate(record, word, as_of)
        outcomes: Outcomes | None = None
        failure = ""
        if self.main is not None:
            try:
                outcomes = self.main.outcomes(record, word, as_of)
            except EngineError as error:
                failure = f"The engine {self.main.name} could not decide: {error}"
        decisions, disagreements = [], []
        for number, (program, evaluation) in enumerate(zip(self.plan.programs, evaluations, strict=True)):
            takes_part = _takes_part(program, evaluation, record, word)
            if outcomes is not None and outcomes[number] != evaluation.outcomes:
                text = _difference(program, evaluation.outcomes, outcomes[number], self.engines)
                disagreements.append(Disagreement(program.program.id, text))
            elif not takes_part and not everyone:
                continue
            elif failure:
                disagreements.append(Disagreement(program.program.id, failure))
            else:
                decisions.append(self._decision(program, evaluation, record, word, as_of, takes_part))
        return Decided(tuple(decisions), tuple(disagreements))

    def _decision(
        self,
        plan: ProgramPlan,
        evaluation: Evaluation,
        record: Record,
        word: Word,
        as_of: date,
        takes_part: bool,
    ) -> Decision:
        outcome = evaluation.outcomes[plan.root]
        return Decision(
            learner_id=record.learner.learner_id,
            program=plan.program.id,
            version=plan.program.version,
            outcome=outcome,
            reason=Explainer(plan, evaluation, record, word, as_of).reason(),
            as_of=as_of,
            rules=plan.program.digest,
            evidence=_evidence(plan, evaluation, record, word),
            engines=self.engines,
            earned_on=_earned_on(plan, evaluation, record, word, as_of) if outcome is Outcome.MET else None,
            takes_part=takes_part,
        )


def _takes_part(plan: ProgramPlan, evaluation: Evaluation, record: Record, word: Word) -> bool:
    """Whether a learner has anything to do with a program.

    Enrolled in it, spoken of for it, further than unmet in it, or with an attempt at a course that it names. A course
    that merely passes a filter, such as any course at graduate level, makes nobody a participant.
    """
    program = plan.program.id
    if evaluation.outcomes[plan.requirements] is not Outcome.UNMET:
        return True
    if any(enrolment.program == program for enrolment in record.enrolments or ()):
        return True
    if any(said.program == program for said in word.attestations):
        return True
    if any(granted.program == program for granted in word.exceptions):
        return True
    named = frozenset(course for node in plan.nodes for way in node.ways for course in way.selection.courses)
    return any(
        standing.attempt.course in named and (standing.stage not in GONE or standing.stage is Stage.WITHDRAWN)
        for standing in _looked_at(plan, evaluation)
    )


def _evidence(plan: ProgramPlan, evaluation: Evaluation, record: Record, word: Word) -> str:
    """The digest of everything that was looked at for this program, in an order of its own.

    Names and addresses are no evidence, and an attempt at a course that the program does not ask for is none for it.
    """
    codes = {node.code for node in plan.nodes if node.kind is Kind.MILESTONE}
    attempts = {standing.attempt.attempt_id: standing.attempt for standing in _looked_at(plan, evaluation)}
    return digest(
        {
            "affiliation": record.learner.affiliation,
            "attempts": [attempts[key] for key in sorted(attempts)],
            "admissions": _sorted(record.admissions),
            "milestones": _sorted(one for one in record.milestones or () if one.code in codes),
            "milestones known": record.milestones is not None,
            "holds": _sorted(record.holds),
            "enrolments": _sorted(one for one in record.enrolments or () if one.program == plan.program.id),
            "enrolments known": record.enrolments is not None,
            "attestations": _sorted(said for said in word.attestations if said.program == plan.program.id),
            "exceptions": _sorted(granted for granted in word.exceptions if granted.program == plan.program.id),
        }
    )


def _sorted(values: Iterable[object] | None) -> list[str] | None:
    return None if values is None else sorted(map(identifying, values))


def _looked_at(plan: ProgramPlan, evaluation: Evaluation) -> list[Standing]:
    standings = [bid.standing for index in plan.demands for bid in evaluation.bids[index].values()]
    return standings + [refused.standing for index in plan.demands for refused in evaluation.refused[index]]


def _difference(plan: ProgramPlan, plain: Sequence[Outcome], other: Sequence[Outcome], names: Sequence[str]) -> str:
    lines = [
        f"{node.id}: {names[0]} says {theirs}, plain says {ours}"
        for node, ours, theirs in zip(plan.nodes, plain, other, strict=True)
        if ours is not theirs
    ]
    return "The engines disagree. " + "; ".join(lines)


def _earned_on(plan: ProgramPlan, evaluation: Evaluation, record: Record, word: Word, as_of: date) -> date:
    """The day on which the last thing was fulfilled; the day of the decision where no day at all is known."""
    return max(_days(plan, evaluation, record, word), default=as_of)


def _days(plan: ProgramPlan, evaluation: Evaluation, record: Record, word: Word) -> Iterator[date]:
    for index, courses in evaluation.claims.items():
        for course in courses:
            attempt = evaluation.bids[index][course].standing.attempt
            if day := attempt.graded_on or (attempt.term.ends if attempt.term else None):
                yield day
    for granted in evaluation.waived.values():
        yield granted.on
    words = {(node.role, node.code) for node in plan.nodes if node.kind is Kind.WORD}
    for said in word.attestations:
        if said.program == plan.program.id and ((said.role, said.statement) in words or said.statement == COMPLETE):
            yield said.on
    codes = {node.code for node in plan.nodes if node.kind is Kind.MILESTONE}
    for milestone in record.milestones or ():
        if milestone.code in codes and milestone.completed_on:
            yield milestone.completed_on
