"""Case files: situations beside a program file, and what must be decided in them, with the reasons."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from credrules import rule_shapes as shapes
from credrules import yaml_files
from credrules.attestations import (
    CLAIM,
    COMPLETE,
    DECLINE,
    Attestation,
    ExceptionKind,
    GrantedException,
    ProgramUse,
    Role,
    Word,
)
from credrules.awards import owed
from credrules.deciding import Decider
from credrules.errors import EngineError, Problem, RuleFileError, nearest
from credrules.exceptions import lost_problem
from credrules.plan import make_plan
from credrules.privacy import PrivacyRules, withheld
from credrules.program_file import CATALOG_YEAR
from credrules.reasons import NOT_USED, OUTCOMES, UNSURE
from credrules.records import (
    Activity,
    Admission,
    Attempt,
    Course,
    CredentialHeld,
    CredentialStatus,
    Hold,
    Learner,
    Milestone,
    MilestoneStatus,
    ProgramEnrolment,
    Record,
    Registration,
    Term,
)
from credrules.rule_files import CASES, PROGRAMS, file_name
from credrules.shape_faults import read_shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from credrules.decisions import Decision
    from credrules.engines import Engine
    from credrules.plan import Plan
    from credrules.rules import Program, RuleSet
    from credrules.yaml_files import Document, Path_

LEARNER = "the learner"
SEASONS = {
    "winter": ((1, 2), (1, 24)),
    "spring": ((1, 26), (5, 15)),
    "summer": ((5, 26), (8, 14)),
    "fall": ((8, 24), (12, 18)),
}
"""First and last day of the terms in case files, as (month, day); the same in every year."""

CODES = frozenset({*OUTCOMES, *NOT_USED, *UNSURE})


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One situation and what came of it. `faults` are sentences, none where all was as expected."""

    program: str
    file: str  # the program file that the case stands beside
    name: str
    where: str  # file:line
    faults: tuple[str, ...]
    decision: Decision | None = None


def check_cases(folder: Path, rule_set: RuleSet, make_engine: Callable[[Plan], Engine] | None) -> Iterator[CaseResult]:
    """Decide every situation of every case file beside the programs of `rule_set`.

    Raises RuleFileError where a case file cannot be understood, with every problem in all of them.
    """
    for program, document, shape in read_cases(folder, rule_set):
        plan = make_plan(rule_set, [program.id])
        decider = Decider(plan, make_engine(plan) if make_engine else None)
        for index, case in enumerate(shape.cases):
            where = f"{document.name}:{document.line(('cases', index))}"
            yield _check(decider, rule_set, program, case, where)


def read_cases(folder: Path, rule_set: RuleSet) -> list[tuple[Program, Document, shapes.CaseFile]]:
    """Every case file, understood. Raises RuleFileError with every problem in all of them."""
    documents = []
    for program in rule_set.programs:
        path = folder / PROGRAMS / f"{program.place.file.rpartition('/')[2].removesuffix('.yaml')}{CASES}"
        if path.exists():
            document = yaml_files.read(path, file_name(path, folder))
            documents.append((program, document, read_shape(document, shapes.CaseFile)))
    problems: set[Problem] = set()
    for program, document, shape in documents:
        if shape:
            _check_words(rule_set, program, document, shape)
            problems.update(_lost_exceptions(rule_set, program, document, shape))
    problems.update(problem for _, document, _ in documents for problem in document.problems)
    if problems:
        raise RuleFileError(problems)
    return [(program, document, shape) for program, document, shape in documents if shape]


def _lost_exceptions(
    rule_set: RuleSet, program: Program, document: Document, shape: shapes.CaseFile
) -> Iterator[Problem]:
    """An exception that a case grants under one version must be heard of in those that follow."""
    bound = {one.requirement for case in shape.cases for one in case.given.exceptions}
    for plan in make_plan(rule_set, [program.id]).programs:
        if plan.program.id != program.id:
            continue
        for lost in sorted(bound & plan.lost):
            yield lost_problem(plan, lost, f"a case in {document.name}")


def _check_words(rule_set: RuleSet, program: Program, document: Document, shape: shapes.CaseFile) -> None:
    """Note what a case speaks of that does not exist: reasons, nodes, terms, attestations, versions."""
    versions = {
        plan.program.version: plan
        for plan in make_plan(rule_set, [program.id]).programs
        if plan.program.id == program.id
    }
    several = {CATALOG_YEAR} if len(versions) > 1 or program.until else set()
    names: set[str] = set()
    for index, case in enumerate(shape.cases):
        place = ("cases", index)
        if case.name in names:
            document.problem(place, f"there is a case '{case.name}' above already.")
        names.add(case.name)
        for expected in (case.expect.version, *(one.version for one in case.given.elections)):
            if expected and expected.isoformat() not in versions:
                message = f"'{expected}' is no version of {program.id}. There are: {', '.join(versions)}."
                document.problem(place, message)
        version = case.expect.version.isoformat() if case.expect.version else program.version
        nodes = several | {node.id for node in versions.get(version, versions[program.version]).nodes}
        _check_life(rule_set, program, document, place, case)
        for code in case.expect.because:
            if code not in CODES:
                message = f"'{code}' is no reason. The codes are listed in docs/reasons.md."
                document.problem((*place, "expect", "because"), message + nearest(code, CODES))
        for node in case.expect.nodes:
            if node not in nodes:
                message = f"'{node}' is no requirement or rule of {program.id}. There are: {', '.join(sorted(nodes))}."
                document.problem((*place, "expect", "nodes", node), message + nearest(node, nodes))
        known = {node.id for plan in versions.values() for node in plan.nodes}
        for number, exception in enumerate(case.given.exceptions):
            if exception.requirement not in known:
                message = f"'{exception.requirement}' is no requirement or rule of {program.id}. There are: "
                message += f"{', '.join(sorted(known))}.{nearest(exception.requirement, known)}"
                document.problem((*place, "given", "exceptions", number, "requirement"), message)
        for number, attempt in enumerate(case.given.attempts):
            if _term(attempt.term) is None:
                message = f"'{attempt.term}' is no term; write a season and a year, such as 'fall 2026'."
                document.problem((*place, "given", "attempts", number, "term"), message)
        for said in case.given.attestations:
            role = said.partition(":")[0].strip()
            if role not in rule_set.roles:
                message = f"'{said}' is no attestation; write {', '.join(rule_set.roles)}, or 'lead: milestone'."
                document.problem((*place, "given", "attestations"), message + nearest(role, rule_set.roles))


def _check_life(rule_set: RuleSet, program: Program, document: Document, place: Path_, case: shapes.CaseShape) -> None:
    """Note what a case says of the learner's wish, or of awards, that cannot be."""
    kinds = [award.kind for award in program.awards]
    for kind in case.expect.awards or ():
        if kind not in kinds:
            message = f"'{kind}' is no award of {program.id}. There are: {', '.join(kinds)}.{nearest(kind, kinds)}"
            document.problem((*place, "expect", "awards"), message)
    for number, award in enumerate(case.given.awarded):
        if award.program not in rule_set.program_ids:
            message = f"'{award.program}' is no program. There are: {', '.join(rule_set.program_ids)}."
            message += nearest(award.program, rule_set.program_ids)
            document.problem((*place, "given", "awarded", number, "program"), message)
    if case.given.claimed and case.given.declined:
        message = "a learner has either asked for the credential or declined it; the later word stands."
        document.problem((*place, "given", "declined"), message)


def _check(decider: Decider, rule_set: RuleSet, program: Program, case: shapes.CaseShape, where: str) -> CaseResult:
    record, word = situation(case, program.id)
    awarded = case.given.awarded
    word = replace(
        word,
        held=tuple(_held(rule_set, awarded)),
        conferred=frozenset(one.program for one in awarded),
        uses=tuple(_use(one, record) for one in sorted(awarded, key=lambda one: one.on)),
    )
    file = program.place.file
    try:
        decided = decider.decide(record, word, case.as_of, everyone=True)
    except EngineError as error:
        return CaseResult(program.id, file, case.name, where, (str(error),))
    if decided.disagreements:
        return CaseResult(program.id, file, case.name, where, tuple(one.text for one in decided.disagreements))
    decision = next(one for one in decided.decisions if one.program == program.id)
    faults = [*_faults(case.expect, decision, program), *_award_faults(case.expect, decision, rule_set, record)]
    return CaseResult(program.id, file, case.name, where, tuple(faults), decision)


def _faults(expect: shapes.ExpectShape, decision: Decision, program: Program) -> Iterator[str]:
    version = expect.version.isoformat() if expect.version else program.version
    if decision.version != version:
        told = next((reason.text for reason in decision.reason.parts if reason.node == CATALOG_YEAR), "")
        yield f"expected the version of {version}, decided by that of {decision.version}: {told}"
    reasons = list(decision.reason.walk())
    if str(decision.outcome) != expect.outcome:
        yield f"expected {expect.outcome}, decided {decision.outcome}: {decision.reason.text}"
    given = {reason.because for reason in reasons} | {one.because for reason in reasons for one in reason.refused}
    given |= {
        code for reason in reasons for use in reason.used for code, text in UNSURE.items() if text in use.standing
    }
    for code in expect.because:
        if code not in given:
            yield f"the reason '{code}' was not given; these were: {', '.join(sorted(given))}"
    outcomes = {reason.node: reason.outcome for reason in reasons}
    for node, outcome in expect.nodes.items():
        if str(outcomes.get(node)) != outcome:
            yield f"'{node}' should be {outcome}; it is {outcomes.get(node)}"


def _held(rule_set: RuleSet, awarded: Sequence[shapes.GivenAward]) -> Iterator[CredentialHeld]:
    for one in awarded:
        program = rule_set.program(one.program)
        for code in (one.program, *([program.life.renews] if program and program.life.renews else [])):
            yield CredentialHeld(code=code, status=CredentialStatus.ACTIVE, earned_on=one.on, expires_on=one.expires_on)


def _use(given: shapes.GivenAward, record: Record) -> ProgramUse:
    used = [attempt.attempt_id for attempt in record.attempts if attempt.course.code in given.used]
    return ProgramUse(given.program, frozenset(used))


def _award_faults(expect: shapes.ExpectShape, decision: Decision, rule_set: RuleSet, record: Record) -> Iterator[str]:
    program = rule_set.program(decision.program, decision.version)
    if expect.confers_on and decision.conferral != expect.confers_on:
        yield f"it should be conferred on {expect.confers_on}; it is {_on(decision.conferral)}"
    if expect.expires_on and decision.expires_on != expect.expires_on:
        yield f"it should be valid until {expect.expires_on}; it is valid until {decision.expires_on or 'no day'}"
    if expect.awards is None or program is None:
        return
    awards = owed(decision, program, rule_set.institution, record.learner)
    may_leave = PrivacyRules(inside=rule_set.privacy.inside)  # a case says nothing of consent
    found = sorted(one.kind for one in awards if not withheld(may_leave, one.issuer, record.learner, Word()))
    if found != sorted(expect.awards):
        yield f"the awards owed should be {_listed(expect.awards)}; they are {_listed(found)}"


def _on(day: date | None) -> str:
    return f"conferred on {day}" if day else "not met, so it is not conferred"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def situation(case: shapes.CaseShape, program_id: str) -> tuple[Record, Word]:
    """The made-up learner of a case."""
    given = case.given
    record = Record(
        learner=Learner(learner_id=LEARNER, affiliation=None if given.affiliation == "unknown" else given.affiliation),
        attempts=tuple(_attempt(number, attempt) for number, attempt in enumerate(given.attempts, start=1)),
        admissions=None
        if given.admissions == "unknown"
        else tuple(Admission(kind=one.kind, since=one.since) for one in given.admissions),
        milestones=tuple(
            Milestone(
                code=one.code,
                status=None if one.status == "unknown" else MilestoneStatus(one.status),
                evidence=one.evidence,
                completed_on=one.on,
            )
            for one in given.milestones
        ),
        credentials=None if given.credentials == "unknown" else tuple(map(_credential, given.credentials)),
        enrolments=None if given.enrolled == "unknown" else _enrolments(given.enrolled, program_id),
        activities=None
        if given.activities == "unknown"
        else tuple(_activity(number, one) for number, one in enumerate(given.activities, start=1)),
        facts={name: frozenset(values) for name, values in given.facts.items()},
        holds=tuple(Hold(code=name, blocks=frozenset({name})) for name in given.holds),
    )
    elections = tuple(
        GrantedException(
            learner_id=LEARNER,
            program=program_id,
            kind=ExceptionKind.ELECTION,
            requirement=one.version.isoformat(),
            reason="asked for in this case",
            by="the office",
            on=case.as_of,
        )
        for one in given.elections
    )
    exceptions = tuple(
        GrantedException(
            learner_id=LEARNER,
            program=program_id,
            kind=_exception_kind(one),
            requirement=one.requirement,
            reason="granted in this case",
            by="the office",
            on=one.on or case.as_of,
            course=one.course,
            until=one.until,
        )
        for one in given.exceptions
    )
    attestations = tuple(_attestation(said, program_id, given.attested_on or case.as_of) for said in given.attestations)
    return record, Word((*attestations, *_wishes(given, program_id)), (*exceptions, *elections))


def _wishes(given: shapes.GivenShape, program_id: str) -> Iterator[Attestation]:
    for statement, day in ((CLAIM, given.claimed), (DECLINE, given.declined)):
        if day:
            yield Attestation(
                learner_id=LEARNER, program=program_id, role=Role.LEARNER, statement=statement, by=LEARNER, on=day
            )


def _credential(given: shapes.GivenCredential) -> CredentialHeld:
    status = None if given.status == "unknown" else CredentialStatus(given.status)
    return CredentialHeld(code=given.code, status=status, earned_on=given.earned_on, expires_on=given.expires_on)


def _enrolments(day: date | str | None, program_id: str) -> tuple[ProgramEnrolment, ...]:
    return (ProgramEnrolment(program=program_id, since=day),) if isinstance(day, date) else ()


def _exception_kind(given: shapes.GivenException) -> ExceptionKind:
    if given.until:
        return ExceptionKind.EXTENSION
    return ExceptionKind.SUBSTITUTION if given.course else ExceptionKind.WAIVER


def _attempt(number: int, shape: shapes.GivenAttempt) -> Attempt:
    term = _term(shape.term)
    course = Course.parse(shape.course)
    if term is None or course is None:
        raise ValueError(shape)  # cannot be: both have been checked
    graded = shape.grade is not None
    return Attempt(
        attempt_id=f"attempt {number}",
        course=course,
        term=term,
        level=shape.level,
        origin=shape.origin,
        registration=Registration(shape.registration),
        registered_on=shape.registered_on or term.starts,
        grade=shape.grade,
        basis=shape.basis,
        lapses_on=shape.lapses_on,
        credits_attempted=shape.credits,
        credits_earned=shape.credits if graded else Decimal(0),
        attributes=None if isinstance(shape.attributes, str) else frozenset(shape.attributes),
        counts_toward=None if isinstance(shape.counts_toward, str) else frozenset(shape.counts_toward),
    )


def _activity(number: int, shape: shapes.GivenActivity) -> Activity:
    return Activity(
        activity_id=f"activity {number}",
        code=shape.code,
        status=None if shape.status == "unknown" else MilestoneStatus(shape.status),
        category=shape.category,
        on=shape.on,
        hours=shape.hours,
        points=shape.points,
        score=shape.score,
    )


def _term(text: str) -> Term | None:
    match = re.fullmatch(r"([a-z]+) (\d{4})", text)
    if not match or match[1] not in SEASONS:
        return None
    (first, last), year = SEASONS[match[1]], int(match[2])
    return Term(date(year, *first), date(year, *last), text, text)


def _attestation(text: str, program_id: str, day: date) -> Attestation:
    role, _, statement = text.partition(":")
    return Attestation(
        learner_id=LEARNER,
        program=program_id,
        role=role.strip(),
        statement=statement.strip() or COMPLETE,
        by=f"the {role.strip()}",
        on=day,
        evidence="https://evidence.example/1" if statement else None,
    )
