"""A made-up population for any rule set: learners of every kind, as an office meets them.

Home and outside, admitted as non-degree or not or too late, repeats, withdrawals, incompletes, pass/fail, transfer,
work in progress, unreported and unreadable grades, holds, milestones, activities. A seed gives the same people
everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING

from credrules.attestations import CLAIM, COMPLETE, DECLINE, Attestation, Role
from credrules.records import (
    Activity,
    Admission,
    AdmissionKind,
    Affiliation,
    Attempt,
    Basis,
    Course,
    CredentialHeld,
    CredentialStatus,
    Hold,
    Learner,
    Milestone,
    MilestoneStatus,
    Origin,
    Privacy,
    ProgramEnrolment,
    Record,
    Registration,
    Term,
)
from credrules.rules import Counted, CourseCount, CreditSum, HoldsCredential, MilestoneDone, WeightedCount, walk
from credrules.work import Amount, Measure, Scores, WorkDone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules.rules import Program, Requirement, RuleSet, Selection

AS_OF = date(2026, 11, 2)
"""The day in whose light the population was made: fall 2026 is in progress."""

TERMS = tuple(
    Term(date(year, *first), date(year, *last), f"{year}-{name}", f"{name} {year}")
    for year in (2024, 2025, 2026)
    for name, first, last in (("spring", (1, 26), (5, 15)), ("summer", (5, 26), (8, 14)), ("fall", (8, 24), (12, 18)))
)
_PAST = tuple(term for term in TERMS if term.ends < AS_OF)
_NOW = next(term for term in TERMS if term.starts <= AS_OF <= term.ends)

_GIVEN = (
    "Ada",
    "Bola",
    "Chen",
    "Dalia",
    "Emre",
    "Fatou",
    "Gita",
    "Hugo",
    "Inés",
    "Jun",
    "Kofi",
    "Lena",
    "Mina",
    "Noor",
)
_FAMILY = (
    "Abara",
    "Berg",
    "Castillo",
    "Dahl",
    "Eze",
    "Fischer",
    "Gómez",
    "Haddad",
    "Ito",
    "Jansen",
    "Kaya",
    "Lindqvist",
)
_GRADES = ("A", "A", "A-", "A-", "B+", "B+", "B", "B", "B", "B-", "C+", "C", "D", "F")


@dataclass(frozen=True, slots=True)
class Person:
    """A record, and what people will say of it."""

    record: Record
    attestations: tuple[Attestation, ...]


def population(rule_set: RuleSet, learners: int, seed: int = 1) -> Iterator[Person]:
    """Make up learners L00001, L00002, ...: each its own function of the seed, whatever their number."""
    for number in range(1, learners + 1):
        yield _person(rule_set, f"L{number:05}", Random(f"{seed}/{number}"))


def _person(rule_set: RuleSet, learner_id: str, random: Random) -> Person:
    outside = random.random() < 0.25
    oldest = list({program.id: program for program in reversed(rule_set.programs)}.values())[::-1]
    programs = random.sample(oldest, min(len(oldest), 1 if random.random() < 0.8 else 2))
    diligence = random.random()
    attempts: list[Attempt] = []
    for program in programs:
        for course, level, attributes in _courses(program, random):
            if random.random() < 0.35 + 0.65 * diligence:
                attempts += _attempts(learner_id, len(attempts), course, level, attributes, random)
    for _ in range(random.randint(0, 5)):
        other = Course(random.choice(("HIS", "ENG", "BIO", "ART")), str(random.randint(100, 699)))
        attempts += _attempts(learner_id, len(attempts), other, "undergraduate", frozenset(), random)
    name = random.choice(_GIVEN), random.choice(_FAMILY)
    record = Record(
        learner=Learner(
            learner_id=learner_id,
            given_name=name[0],
            family_name=name[1],
            preferred_name=random.choice((None, None, None, "Sam")),
            email=f"{learner_id.lower()}@learner.example",
            affiliation=Affiliation.OUTSIDE if outside else Affiliation.HOME,
            privacy=Privacy.RESTRICTED if random.random() < 0.02 else Privacy.OPEN,
        ),
        attempts=tuple(attempts),
        admissions=_admissions(outside, attempts, random),
        milestones=tuple(_milestones(programs, diligence, random)),
        activities=tuple(_activities(learner_id, programs, diligence, random)),
        credentials=tuple(_credentials(programs, random)),
        holds=(Hold(code="BURSAR", blocks=frozenset({"conferral"}), reason="An unpaid bill", since=date(2026, 9, 1)),)
        if random.random() < 0.03
        else (),
        enrolments=tuple(ProgramEnrolment(program=program.id, since=date(2025, 8, 1)) for program in programs),
    )
    return Person(record, tuple(_attestations(record, programs, diligence, random)))


def _courses(program: Program, random: Random) -> Iterator[tuple[Course, str, frozenset[str]]]:
    """Courses that a learner of this program would take: those it names, and some that its filters admit."""
    seen: set[Course] = set()
    looked_for = frozenset[str]().union(
        *(test.selection.attributes for test in walk(program.requirements) if isinstance(test, Counted))
    )
    for requirement in walk(program.requirements):
        for selection, count in _wanted(requirement):
            found = sorted(selection.courses) or [_fitting(selection, number) for number in range(count)]
            for course in random.sample(found, min(len(found), count)):
                if course not in seen:
                    seen.add(course)
                    level = min(selection.levels, default="graduate" if course.numeric >= 500 else "undergraduate")
                    yield course, level, selection.attributes | (looked_for if random.random() < 0.7 else frozenset())


def _wanted(requirement: Requirement) -> Iterator[tuple[Selection, int]]:
    if isinstance(requirement, CourseCount):
        for way in requirement.ways:
            yield way.selection, 1 if len(requirement.ways) > 1 else requirement.need + 1
    elif isinstance(requirement, CreditSum):
        for way in requirement.ways:
            yield way.selection, requirement.need // (1000 if isinstance(requirement, WeightedCount) else 3000) + 1


def _fitting(selection: Selection, number: int) -> Course:
    low = selection.low if selection.low is not None else 501
    high = selection.high if selection.high is not None else low + 90
    return Course(min(selection.subjects, default="EDU"), str(min(low + 10 * number + 1, high)))


def _attempts(
    learner_id: str, start: int, course: Course, level: str, attributes: frozenset[str], random: Random
) -> Iterator[Attempt]:
    """One attempt, and now and then a second one after a poor grade."""
    term = random.choice((*_PAST[-4:], *_PAST[-4:], _NOW))
    first = _attempt(f"{learner_id}-{start + 1}", course, term, level, attributes, random)
    yield first
    if first.grade in ("B-", "C+", "C", "D", "F", "W") and random.random() < 0.5:
        later = [other for other in (*_PAST, _NOW) if other.starts > term.starts]
        if later:
            yield _attempt(f"{learner_id}-{start + 2}", course, random.choice(later), level, attributes, random)


def _attempt(
    attempt_id: str, course: Course, term: Term, level: str, attributes: frozenset[str], random: Random
) -> Attempt:
    grade: str | None = random.choice(_GRADES)
    origin, basis, registration = Origin.INSTITUTION, Basis.GRADED, Registration.ENROLLED
    oddity = random.random()
    if term is _NOW:
        grade = "W" if oddity < 0.05 else None
    elif oddity < 0.04:
        grade, registration = "W", Registration.WITHDRAWN
    elif oddity < 0.06:
        grade = random.choice(("I", "I/B"))
    elif oddity < 0.08:
        grade, basis = random.choice(("S", "U")), Basis.PASS_FAIL
    elif oddity < 0.11:
        grade, origin, basis = "TP", Origin.TRANSFER, Basis.TRANSFER
    elif oddity < 0.12:
        grade = None
    elif oddity < 0.125:
        grade = "??"
    elif oddity < 0.135:
        registration = random.choice((Registration.DROPPED, Registration.WAITLISTED))
        grade = None
    earns = grade is not None and grade not in ("F", "U", "W", "I", "I/B")
    return Attempt(
        attempt_id=attempt_id,
        course=course,
        term=term,
        title=None,
        level=level,
        origin=origin,
        registration=registration,
        registered_on=term.starts - timedelta(days=random.randint(1, 60)),
        grade=grade,
        basis=basis,
        graded_on=term.ends + timedelta(days=4) if grade and grade != "W" else None,
        lapses_on=date(term.ends.year + 1, 5, 31) if grade == "I/B" else None,
        credits_attempted=Decimal(3),
        credits_earned=Decimal(3) if earns else Decimal(0),
        attributes=attributes,
    )


def _admissions(outside: bool, attempts: list[Attempt], random: Random) -> tuple[Admission, ...]:
    if not outside:
        return (Admission(kind=AdmissionKind.DEGREE, since=date(2023, 8, 1)),)
    first = min((attempt.registered_on for attempt in attempts if attempt.registered_on), default=date(2025, 1, 1))
    kind = random.random()
    if kind < 0.15:
        return ()  # never admitted
    days = random.randint(1, 40)
    since = first + timedelta(days=days) if kind < 0.25 else first - timedelta(days=days)  # some apply too late
    return (Admission(kind=AdmissionKind.NON_DEGREE, since=since),)


def _milestones(programs: list[Program], diligence: float, random: Random) -> Iterator[Milestone]:
    for program in programs:
        for requirement in walk(program.requirements):
            if not isinstance(requirement, MilestoneDone) or requirement.attested_by:
                continue
            chance = random.random()
            if chance < diligence:
                status = MilestoneStatus.COMPLETE
            elif chance < diligence + 0.2:
                status = random.choice((MilestoneStatus.SUBMITTED, MilestoneStatus.IN_PROGRESS))
            else:
                continue
            done = status is MilestoneStatus.COMPLETE
            yield Milestone(
                code=requirement.code,
                status=status,
                completed_on=date(2026, 5, 20) if done else None,
                evidence=f"https://evidence.example/{requirement.code}" if done and random.random() < 0.9 else None,
            )


def _credentials(programs: list[Program], random: Random) -> Iterator[CredentialHeld]:
    """Most learners hold what their programs ask for; some let it lapse."""
    for program in programs:
        if program.life.renews:
            yield CredentialHeld(
                code=program.life.renews,
                status=CredentialStatus.ACTIVE,
                earned_on=date(2025, 11, 30),
                expires_on=date(2026, 11, 30),
            )
        for requirement in walk(program.requirements):
            if isinstance(requirement, HoldsCredential) and random.random() < 0.8:
                yield CredentialHeld(
                    code=min(requirement.codes),
                    status=random.choice((CredentialStatus.ACTIVE,) * 4 + (CredentialStatus.REVOKED, None)),
                    earned_on=date(2022, 6, 30),
                    expires_on=random.choice((None, None, date(2028, 6, 30), date(2025, 6, 30))),
                )


def _activities(learner_id: str, programs: list[Program], diligence: float, random: Random) -> Iterator[Activity]:
    """What the programs ask for, in parts. What has to wait for something comes in summer, all else in spring."""
    number = 0
    for program in programs:
        for requirement in walk(program.requirements):
            if not isinstance(requirement, WorkDone):
                continue
            waits = requirement.timing is not None and bool(requirement.timing.after or requirement.timing.since)
            for code, category, amounts in _portions(requirement.work, random):
                if random.random() > 0.3 + 0.7 * diligence:
                    continue
                number += 1
                oddity: list[MilestoneStatus | None] = [None, *MilestoneStatus]
                yield Activity(
                    activity_id=f"{learner_id}-W{number}",
                    code=code,
                    status=MilestoneStatus.COMPLETE if random.random() < 0.95 else random.choice(oddity),
                    category=category,
                    on=date(2026, 6 if waits else 3, 1) + timedelta(days=random.randint(0, 60)),
                    hours=amounts.get("hours"),
                    points=amounts.get("points"),
                    score=amounts.get("score"),
                )


def _portions(work: Amount | Scores, random: Random) -> Iterator[tuple[str, str | None, dict[str, Decimal]]]:
    """Codes and categories that are asked for, with amounts that together come to a little more than enough."""
    if isinstance(work, Scores):
        for part in work.parts:
            yield part.code, part.criterion, {"score": Decimal(random.randint(work.need // 1250, work.top // 1000))}
        return
    portions = max(work.need // 1000, 1) if work.measure is Measure.EVENTS else 4
    for number in range(portions):
        codes, categories = sorted(work.among.codes), sorted(work.among.categories)
        code = codes[number % len(codes)] if codes else "made-up"
        amount = Decimal(work.need // 1000 // portions + random.randint(0, 2))
        amounts = {} if work.measure is Measure.EVENTS else {work.measure.value: amount}
        yield code, categories[number % len(categories)] if categories else None, amounts


def _attestations(record: Record, programs: list[Program], diligence: float, random: Random) -> Iterator[Attestation]:
    for program in programs:
        yield from _wishes(record, program, diligence)
        if random.random() > diligence:
            continue
        roles = [Role.LEAD, Role.OFFICE] if random.random() < 0.75 else [Role.LEAD]
        said: list[tuple[str, str, str | None]] = [(role, COMPLETE, None) for role in roles]
        said += [
            (requirement.attested_by, requirement.code, f"https://evidence.example/{requirement.code}")
            for requirement in walk(program.requirements)
            if isinstance(requirement, MilestoneDone) and requirement.attested_by
        ]
        for role, statement, evidence in said:
            yield Attestation(
                learner_id=record.learner.learner_id,
                program=program.id,
                role=role,
                statement=statement,
                by="A. Lead" if role == Role.LEAD else "An Officer",
                on=date(2026, 10, 20),
                evidence=evidence,
            )


def _wishes(record: Record, program: Program, diligence: float) -> Iterator[Attestation]:
    """Most learners ask for what has to be asked for; a few do not want what they are given."""
    learner = record.learner
    random = Random(f"{learner.learner_id}/{program.id}")  # its own, so that nothing else about them changes
    says = CLAIM if program.life.claim and random.random() < 0.3 + 0.7 * diligence else None
    if random.random() < 0.01:
        says = DECLINE
    if says:
        yield Attestation(
            learner_id=learner.learner_id,
            program=program.id,
            role=Role.LEARNER,
            statement=says,
            by=learner.display_name,
            on=date(2026, 10, 22),
        )
