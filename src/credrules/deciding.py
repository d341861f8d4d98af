"""Record + rules -> decisions: durable decides, plain checks, and a decision carries the reasons."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from credrules.attestations import COMPLETE, ExceptionKind, Role
from credrules.catalog_year import catalog_year
from credrules.conferral import Standing as ForConferral
from credrules.conferral import conferred
from credrules.credentials import asked_for, held_by, term_end, that_fit
from credrules.decisions import Decision, Outcome, Reason
from credrules.engines.plain import PlainEngine
from credrules.engines.plain_work import looked_at as is_about
from credrules.errors import EngineError
from credrules.facts import BUILT_IN, declared
from credrules.never_both import never_both, together
from credrules.plan import Kind
from credrules.program_file import CATALOG_YEAR, text_digest
from credrules.reasons import Explainer
from credrules.records import CredentialStatus, digest, identifying
from credrules.standing import GONE, Stage
from credrules.uses import asked_about, in_order, marked
from credrules.windows import later
from credrules.work import Amount

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from credrules.attestations import Word
    from credrules.catalog_year import CatalogYear
    from credrules.engines import BatchEngine, Engine, Outcomes
    from credrules.engines.plain import Evaluation
    from credrules.plan import Node, Plan, ProgramPlan
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


@dataclass(frozen=True, slots=True)
class _Version:
    """One version of a program, and what came of it for one learner."""

    number: int  # its place in the plan
    plan: ProgramPlan
    evaluation: Evaluation
    known: dict[int, Reason]  # the reasons that stand already, by node

    @property
    def outcome(self) -> Outcome:
        return self.evaluation.outcomes[self.plan.root]


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What an engine says of one learner; nothing but the reason where it failed."""

    engine: str
    outcomes: Outcomes | None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class _Evaluated:
    """What the engines say of one learner: the plain one, and all others."""

    plain: Sequence[Evaluation]
    others: tuple[_Opinion, ...] = ()
    known: Sequence[dict[int, Reason]] = ()  # by program, the reasons that stand already

    def differing(self, numbers: Sequence[int]) -> int | None:
        """The first of these programs on which they do not agree."""
        for number in numbers:
            ours = self.plain[number].outcomes
            if any(one.outcomes is not None and one.outcomes[number] != ours for one in self.others):
                return number
        return None

    @property
    def failure(self) -> str:
        return " ".join(one.failure for one in self.others if one.failure)


class Decider:
    """Decides learners under one plan.

    `main` is the engine that decides; the plain engine always evaluates too, gives the reasons, and must agree at every
    node. With no `main`, as the settings may ask, it decides alone, and decisions say so. `columns` must agree as well,
    where there is such an engine.
    """

    def __init__(self, plan: Plan, main: Engine | None, columns: BatchEngine | None = None) -> None:
        self.plan = plan
        self.plain = PlainEngine(plan)
        self.columns = columns
        self.others: tuple[Engine, ...] = tuple(one for one in (main, columns) if one is not None)
        self.engines = (*(one.name for one in self.others), "plain")
        self.versions = _versions(plan)
        self.newest = newest = {name: plan.programs[numbers[-1]].program for name, numbers in self.versions.items()}
        self.levels = {name: one for name, one in newest.items() if len(together([name], newest)) > 1}
        self.asked = {
            name: asked_about(plan.programs[number].program for number in numbers)
            for name, numbers in self.versions.items()
        }
        self.order = in_order(self.asked)
        self.uses_of = frozenset[str]().union(*self.asked.values(), (name for name in self.asked if self.asked[name]))
        self.renewals = {name: one for name, one in newest.items() if one.life.renews}
        renewed = frozenset(name for one in self.renewals.values() for name in (one.id, one.life.renews))
        self.entangled = self.uses_of.union(self.levels)
        """The programs of which the decision on one may hang on that on another."""
        self.held_matters = asked_for(plan) | self.entangled | renewed & newest.keys()
        """The programs whose award alters what is decided of a learner: whoever is awarded one is decided again."""

    def decide(self, record: Record, word: Word, as_of: date, *, everyone: bool = False) -> Decided:
        """One learner under every program. Decisions of programs that the learner has no part in are left out,
        unless `everyone` asks for them. Raises EngineError where the plain engine cannot decide.
        """
        word = self.in_term(record, word, as_of)
        found = {}
        disagreements = []
        for program, _, one in self._one_by_one(record, word, as_of, everyone=everyone):
            if isinstance(one, Disagreement):
                disagreements.append(one)
            else:
                found[program] = one
        decisions = self._never_both(found, {one.program for one in disagreements}, record, word, as_of)
        return Decided(tuple(decisions), tuple(disagreements))

    def prepare(self, known: Sequence[tuple[Record, Word]], as_of: date) -> None:
        """These learners are decided next: what had better be worked out for all of them at once is."""
        if self.columns:
            self.columns.prepare([(record, self.in_term(record, word, as_of)) for record, word in known], as_of)

    def outcomes(self, record: Record, word: Word, as_of: date) -> Iterator[tuple[int, tuple[Outcome, ...]]]:
        """For each program the version that the learner is held to, as its place in the plan, and its outcomes.

        That of the program as a whole is the decision's, which differs from the version's where it cannot be told which
        one applies, or where the learner declined it. Without reasons. Programs on which engines disagree are left out.
        """
        word = self.in_term(record, word, as_of)
        held: dict[str, _Version] = {}
        found: dict[str, Decision] = {}
        for program, version, one in self._one_by_one(record, word, as_of, everyone=True, explained=False):
            if isinstance(one, Decision):
                held[program], found[program] = version, one
        for decision in self._never_both(found, self.versions.keys() - found.keys(), record, word, as_of):
            version = held[decision.program]
            outcomes = list(version.evaluation.outcomes)
            outcomes[version.plan.root] = decision.outcome
            yield version.number, tuple(outcomes)

    def _one_by_one(
        self, record: Record, word: Word, as_of: date, *, everyone: bool, explained: bool = True
    ) -> Iterator[tuple[str, _Version, Decision | Disagreement]]:
        """Each program with the version that the learner is held to; those asked about by others come before them."""
        unmarked = self._evaluate(record, word, as_of)
        found: list[Decision] = []
        for program in self.order:
            seen, evaluated = record, unmarked
            if self.asked[program]:
                seen = marked(record, program, self.asked[program], word.uses, found)
                evaluated = unmarked if seen is record else self._evaluate(seen, word, as_of)
            version, one = self._decide_one(
                program, evaluated, seen, word, as_of, everyone=everyone, explained=explained
            )
            if isinstance(one, Decision):
                found.append(one)
            if one:
                yield program, version, one

    def _never_both(
        self, found: Mapping[str, Decision], unknown: Collection[str], record: Record, word: Word, as_of: date
    ) -> list[Decision]:
        """The decisions in the order of the plan; of two levels never both are met."""
        decisions = [found[program] for program in self.versions if program in found]
        return never_both(decisions, unknown, _awarded(record, word, as_of), self.levels) if self.levels else decisions

    def _evaluate(self, record: Record, word: Word, as_of: date) -> _Evaluated:
        """By both engines. Raises EngineError where the plain one cannot."""
        evaluations = self.plain.evaluate(record, word, as_of)
        return _Evaluated(evaluations, tuple(_opinion(engine, record, word, as_of) for engine in self.others))

    def _decide_one(
        self,
        program: str,
        evaluated: _Evaluated,
        record: Record,
        word: Word,
        as_of: date,
        *,
        everyone: bool,
        explained: bool,
    ) -> tuple[_Version, Decision | Disagreement | None]:
        """One program, with the version it was decided by; None where the learner has no part in it."""
        numbers = self.versions[program]
        versions = [
            _Version(
                number,
                self.plan.programs[number],
                evaluated.plain[number],
                evaluated.known[number] if evaluated.known else {},
            )
            for number in numbers
        ]
        year = _catalog_year(versions, record, word, as_of)
        held = _held(versions, year)
        takes_part = any(_takes_part(one.plan, one.evaluation, record, word, as_of) for one in held)
        differing = evaluated.differing(numbers)
        if differing is not None:
            return held[-1], Disagreement(program, _difference(self.plan.programs[differing], differing, evaluated))
        if not takes_part and not everyone:
            return held[-1], None
        if evaluated.failure:
            return held[-1], Disagreement(program, evaluated.failure)
        decision = self._decision(held[-1], record, word, as_of, takes_part=takes_part, explained=explained)
        if year:
            decision = self._under(decision, year, versions, record, word, as_of)
        return held[-1], conferred(decision, held[-1].plan.program, _standing(held[-1], record, word, as_of))

    def one(
        self,
        program: str,
        evaluations: Sequence[Evaluation],
        known: Sequence[dict[int, Reason]],
        record: Record,
        word: Word,
        as_of: date,
    ) -> Decision:
        """The decision on a program that is decided apart from all others, from evaluations that are there already.

        `evaluations` and `known` reasons are by place in the plan, `word` is as `in_term` gives it.
        """
        evaluated = _Evaluated(evaluations, known=known)
        _, found = self._decide_one(program, evaluated, record, word, as_of, everyone=True, explained=True)
        if not isinstance(found, Decision):
            raise AssertionError("the plain engine cannot disagree with itself")
        return found

    def in_term(self, record: Record, word: Word, as_of: date) -> Word:
        """What people said, without what they said about terms of a renewal that are over: each needs its own word."""
        for name, program in self.renewals.items():
            life = program.life
            since = [held.earned_on for held in held_by(record, word, as_of) if held.code == life.renews]
            after = max((day for day in since if day), default=date.min)
            if ends := term_end(life.renews, record, word, as_of):
                after = max(after, later(ends, -life.expires))
            word = replace(
                word,
                attestations=tuple(one for one in word.attestations if one.program != name or one.on > after),
                exceptions=tuple(
                    one
                    for one in word.exceptions
                    if one.program != name or one.on > after or one.kind is ExceptionKind.ELECTION
                ),
            )
        return word

    def _decision(
        self, held: _Version, record: Record, word: Word, as_of: date, *, takes_part: bool, explained: bool
    ) -> Decision:
        plan, evaluation = held.plan, held.evaluation
        outcome = held.outcome
        reason = Reason(node=plan.nodes[plan.root].id, title="", outcome=outcome, because="", text="")
        evidence = ""
        if explained:
            reason = Explainer(plan, evaluation, record, word, as_of, held.known).reason()
            evidence = digest(_evidence(plan, _looked_at(plan, evaluation), record, word))
        return Decision(
            learner_id=record.learner.learner_id,
            program=plan.program.id,
            version=plan.program.version,
            outcome=outcome,
            reason=reason,
            as_of=as_of,
            rules=plan.program.digest,
            evidence=evidence,
            engines=self.engines,
            earned_on=_earned_on(plan, evaluation, record, word, as_of) if outcome is Outcome.MET else None,
            takes_part=takes_part,
        )

    def _under(
        self,
        decision: Decision,
        year: CatalogYear,
        versions: Sequence[_Version],
        record: Record,
        word: Word,
        as_of: date,
    ) -> Decision:
        """A decision on the newest version that the learner may be held to, in the light of the others."""
        held = _held(versions, year)
        newest = held[-1].plan
        outcomes = {one.outcome for one in held} if year.versions else set()
        outcomes |= {Outcome.UNMET} if year.closed else set()
        because, text, told = year.because, year.text, Outcome.MET
        if not year.versions:
            told = Outcome.UNMET
        elif len(outcomes) > 1:
            because, told = "version-unknown", Outcome.UNDETERMINED
            listed = "; ".join(f"under {one.plan.program.version} it is {one.outcome}" for one in held)
            text = f"{text} The outcome depends on it: {listed}."
        elif because == "version-unknown":
            because, text = "version-not-needed", f"{text} The outcome is the same."
        said = Reason(
            node=CATALOG_YEAR,
            title="The version of the program",
            outcome=told,
            because=because,
            text=text,
            rule=str(newest.program.place),
        )
        reason = decision.reason
        if told is Outcome.UNDETERMINED:
            roots = [
                replace(
                    Explainer(one.plan, one.evaluation, record, word, as_of, one.known).reason(),
                    title=f"{newest.program.title}, version of {one.plan.program.version}",
                )
                for one in held
            ]
            reason = replace(reason, parts=(said, *roots))
        else:
            reason = replace(reason, parts=(*reason.parts, said))
        if told is not Outcome.MET:
            reason = replace(reason, outcome=told, because=because, text=text)
        looked_at = _looked_at_by(versions)
        evidence = [_evidence(one.plan, looked_at, record, word) for one in held]
        return replace(
            decision,
            outcome=reason.outcome,
            reason=reason,
            rules=text_digest(*(one.plan.program.digest for one in held)) if len(held) > 1 else decision.rules,
            evidence=digest(evidence),
            earned_on=_not_before(year.chosen_on, decision.earned_on) if reason.outcome is Outcome.MET else None,
        )


def _versions(plan: Plan) -> dict[str, list[int]]:
    """The positions of each program's versions, oldest first."""
    found: dict[str, list[int]] = {}
    for number, one in enumerate(plan.programs):
        found.setdefault(one.program.id, []).append(number)
    for numbers in found.values():
        numbers.sort(key=lambda number: plan.programs[number].program.effective)
    return found


def _catalog_year(versions: Sequence[_Version], record: Record, word: Word, as_of: date) -> CatalogYear | None:
    """Which versions the learner may be held to; None where there is but one, for everybody."""
    programs = [one.plan.program for one in versions]
    if len(programs) == 1 and programs[0].until is None:
        return None
    return catalog_year(programs, _looked_at_by(versions), record, word, as_of)


def _held(versions: Sequence[_Version], year: CatalogYear | None) -> list[_Version]:
    return [versions[number] for number in year.versions] if year and year.versions else [versions[-1]]


def _awarded(record: Record, word: Word, as_of: date) -> frozenset[str]:
    """The programs of which an award was issued, here or by what the records hold, or may have been."""
    held = {one.code for one in held_by(record, word, as_of) if one.status is not CredentialStatus.REVOKED}
    return word.conferred | held


def _standing(held: _Version, record: Record, word: Word, as_of: date) -> ForConferral:
    """What conferral of one program depends on beside the decision."""
    life, name = held.plan.program.life, held.plan.program.id
    if not life.renews:
        return ForConferral(word)
    said = tuple(one for one in word.attestations if one.statement != COMPLETE)
    days = _days(held.plan, held.evaluation, record, replace(word, attestations=said), as_of)
    return ForConferral(
        word,
        done_on=max(days, default=None),
        term_ends=term_end(life.renews, record, word, as_of),
        cycle=1 + sum(one.code == name for one in word.held),
    )


def _takes_part(plan: ProgramPlan, evaluation: Evaluation, record: Record, word: Word, as_of: date) -> bool:
    """Whether a learner has anything to do with a program.

    Enrolled in it, spoken of for it, further than unmet in it, or with an attempt at what it names. A course
    that merely passes a filter, such as any course at graduate level, makes nobody a participant.
    """
    program = plan.program.id
    if plan.program.life.renews:  # whoever has something to renew, and nobody else
        return any(one.code == plan.program.life.renews for one in held_by(record, word, as_of))
    if evaluation.outcomes[plan.requirements] is not Outcome.UNMET:
        return True
    if any(enrolment.program == program for enrolment in record.enrolments or ()):
        return True
    if any(said.program == program for said in word.attestations):
        return True
    if any(granted.program == program for granted in word.exceptions):
        return True
    named = frozenset(course for node in plan.nodes for way in node.ways for course in way.selection.courses)
    if any(_did_something_named(node, record) for node in plan.nodes):
        return True
    return any(
        not standing.names.isdisjoint(named) and (standing.stage not in GONE or standing.stage is Stage.WITHDRAWN)
        for standing in _looked_at(plan, evaluation)
    )


def _did_something_named(node: Node, record: Record) -> bool:
    """Whether there is any work that a requirement asks for by name, whatever became of it."""
    if node.work is None or (isinstance(node.work, Amount) and not node.work.among.codes):
        return False
    return any(is_about(node.work, activity) for activity in record.activities or ())


def _credentials(plan: ProgramPlan, record: Record, word: Word) -> dict[str, object]:
    """The credentials that the program asks about, where it asks about any."""
    codes = frozenset[str]().union(*(node.codes for node in plan.nodes))
    if not codes:
        return {}
    held = [one for one in (*(record.credentials or ()), *word.held) if one.code in codes]
    return {"credentials": _sorted(held), "credentials known": record.credentials is not None}


def _evidence(plan: ProgramPlan, looked_at: Iterable[Standing], record: Record, word: Word) -> dict[str, object]:
    """Everything that was looked at for this program, in an order of its own.

    Names and addresses are no evidence, and an attempt at a course that the program does not ask for is none for it.
    """
    codes = {node.code for node in plan.nodes if node.kind is Kind.MILESTONE}
    work = [node.work for node in plan.nodes if node.work]
    activities = [one for one in record.activities or () if any(is_about(asked, one) for asked in work)]
    asked = sorted({node.fact for node in plan.nodes if node.kind is Kind.FACT} - BUILT_IN)
    attempts = {standing.attempt.attempt_id: standing.attempt for standing in looked_at}
    return {
        "affiliation": record.learner.affiliation,
        "attempts": [attempts[key] for key in sorted(attempts)],
        "admissions": _sorted(record.admissions),
        "milestones": _sorted(one for one in record.milestones or () if one.code in codes),
        "milestones known": record.milestones is not None,
        **({"activities": _sorted(None if record.activities is None else activities)} if work else {}),
        **_credentials(plan, record, word),
        "holds": _sorted(record.holds),
        **({"facts": {fact: declared(fact, record) for fact in asked}} if asked else {}),
        "enrolments": _sorted(one for one in record.enrolments or () if one.program == plan.program.id),
        "enrolments known": record.enrolments is not None,
        "attestations": _sorted(said for said in word.attestations if said.program == plan.program.id),
        "exceptions": _sorted(granted for granted in word.exceptions if granted.program == plan.program.id),
    }


def _sorted(values: Iterable[object] | None) -> list[str] | None:
    return None if values is None else sorted(map(identifying, values))


def _looked_at(plan: ProgramPlan, evaluation: Evaluation) -> list[Standing]:
    standings = [bid.standing for index in plan.demands for bid in evaluation.bids[index].values()]
    return standings + [refused.standing for index in plan.demands for refused in evaluation.refused[index]]


def _looked_at_by(versions: Sequence[_Version]) -> list[Standing]:
    return [standing for one in versions for standing in _looked_at(one.plan, one.evaluation)]


def _opinion(engine: Engine, record: Record, word: Word, as_of: date) -> _Opinion:
    try:
        return _Opinion(engine.name, engine.outcomes(record, word, as_of))
    except EngineError as error:
        return _Opinion(engine.name, None, f"The engine {engine.name} could not decide: {error}")


def _difference(plan: ProgramPlan, number: int, evaluated: _Evaluated) -> str:
    """What each engine says of every node on which they do not agree."""
    said = {one.engine: one.outcomes[number] for one in evaluated.others if one.outcomes is not None}
    said["plain"] = evaluated.plain[number].outcomes
    lines = [
        f"{node.id}: {', '.join(f'{engine} says {outcomes[node.index]}' for engine, outcomes in said.items())}"
        for node in plan.nodes
        if len({outcomes[node.index] for outcomes in said.values()}) > 1
    ]
    return "The engines disagree. " + "; ".join(lines)


def _not_before(chosen_on: date | None, earned_on: date | None) -> date | None:
    """Nothing is earned under a version before it was chosen."""
    return max(chosen_on, earned_on) if chosen_on and earned_on else earned_on


def _earned_on(plan: ProgramPlan, evaluation: Evaluation, record: Record, word: Word, as_of: date) -> date:
    """The day on which the last thing was fulfilled; the day of the decision where no day at all is known."""
    return max(_days(plan, evaluation, record, word, as_of), default=as_of)


def _days(plan: ProgramPlan, evaluation: Evaluation, record: Record, word: Word, as_of: date) -> Iterator[date]:
    for index, courses in evaluation.claims.items():
        for course in courses:
            attempt = evaluation.bids[index][course].standing.attempt
            if day := attempt.graded_on or (attempt.term.ends if attempt.term else None):
                yield day
            for granted in evaluation.stand_ins(plan.nodes[index], course, record, as_of):
                yield granted.on
    for granted in evaluation.waived.values():
        yield granted.on
    words = {(node.role, node.code) for node in plan.nodes if node.kind is Kind.WORD}
    for said in word.attestations:
        if said.role == Role.LEARNER:
            continue  # the credential is earned whether or not it was asked for
        if said.program == plan.program.id and ((said.role, said.statement) in words or said.statement == COMPLETE):
            yield said.on
    for node in plan.nodes:
        if node.kind is Kind.CREDENTIAL and not node.negated:
            held_since = [held.earned_on for held in that_fit(node, record, word, as_of) if held.earned_on]
            yield from [min(held_since)] if held_since else []
    codes = {node.code for node in plan.nodes if node.kind is Kind.MILESTONE and not node.timing}
    for milestone in record.milestones or ():
        if milestone.code in codes and milestone.completed_on:
            yield milestone.completed_on
    yield from evaluation.met_on.values()
