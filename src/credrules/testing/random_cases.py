"""Made-up rules and records of every kind, to hold two engines against each other.

Everything is drawn from one `random.Random`, so that a seed is a case, and so that Hypothesis can shrink it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from credrules.attestations import CLAIM, COMPLETE, STAFF, Attestation, ExceptionKind, GrantedException, Role, Word
from credrules.awards import Institution
from credrules.choices import choice
from credrules.claims import Rounding
from credrules.equivalents import Equivalence, EquivalenceKind
from credrules.life_cycle import LifeCycle
from credrules.plan import Plan, make_plan
from credrules.program_file import ROUTES, routes
from credrules.records import (
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
    ProgramEnrolment,
    Record,
    Registration,
    Repeat,
    Term,
)
from credrules.rules import (
    Average,
    Choice,
    Condition,
    Counted,
    Counting,
    CourseCount,
    CreditSum,
    GradeScale,
    Group,
    HoldsCredential,
    LearnerIs,
    LevelMinimum,
    Limit,
    Measure,
    MilestoneDone,
    Moment,
    Place,
    Program,
    Repeats,
    Requirement,
    Rule,
    RuleSet,
    Selection,
    Ways,
    WeightedCount,
    walk,
)
from credrules.testing.random_work import DAYS, ordinary_activities, random_activities, random_work, with_times
from credrules.windows import Window
from credrules.work import WorkDone

if TYPE_CHECKING:
    from random import Random

TODAY = date(2026, 11, 1)
SCALE = GradeScale(
    points={"A": 4000, "B+": 3330, "B": 3000, "B-": 2670, "C": 2000, "F": 0},
    passing=frozenset({"S"}),
    not_passing=frozenset({"U"}),
    incomplete=frozenset({"I"}),
    withdrawn=frozenset({"W"}),
)
COURSES = [Course(subject, number) for subject in ("STA", "CSE") for number in ("401", "501", "502", "601L")]
LEVELS = ("graduate", "undergraduate")
MARKS = ("online", "lab")
STANDINGS = ((), ("good",), ("probation",), ("good", "probation"), ("odd",), ("good", "odd"))
ROLES = (*STAFF, "committee")
MILESTONES = ("paper", "talk")
TERMS = [
    Term(date(year, first, 1), date(year, first, 1) + timedelta(days=100), f"{year}-{name}", f"{name} {year}")
    for year in (2024, 2025, 2026)
    for first, name in ((1, "spring"), (8, "fall"))
]
PLACE = Place("rules/programs/made-up.yaml", 1)


@dataclass(frozen=True, slots=True)
class Case:
    plan: Plan
    record: Record
    word: Word
    as_of: date


def random_case(random: Random) -> Case:
    """One rule set's plan with one learner whose record is about its courses."""
    plan = random_plan(random)
    return Case(plan, random_record(random), random_word(random, plan), TODAY)


def random_plan(random: Random) -> Plan:
    programs = tuple(_program(random, f"program-{number}") for number in range(random.randint(1, 2)))
    if random.random() < 0.3:  # a second version of one of them
        programs = (programs[0], _later_version(random, programs[0]), *programs[1:])
    institution = Institution(id="made-up", name="Made-up University")
    return make_plan(
        RuleSet(
            institution=institution,
            scale=SCALE,
            programs=programs,
            digest="",
            files={},
            equivalents=_equivalents(random),
            roles=ROLES,
        )
    )


def _equivalents(random: Random) -> tuple[Equivalence, ...]:
    """Lists of courses that are one, most of them for some terms only; none has a course of another."""
    courses = random.sample(COURSES, len(COURSES))
    found = []
    while random.random() < 0.3 and len(courses) > 2:
        size = random.randint(2, 3)
        listed, courses = courses[:size], courses[size:]
        found.append(
            Equivalence(
                courses=tuple(listed),
                kind=random.choice(list(EquivalenceKind)),
                since=random.choice([None, date(2024, 6, 1), date(2025, 6, 1)]),
                until=random.choice([None, date(2025, 12, 1), date(2026, 6, 1)]),
            )
        )
    return tuple(found)


def _later_version(random: Random, older: Program) -> Program:
    """A version with ids of its own most of the time, and then lines that say what some of the old ones are now."""
    program = replace(_program(random, older.id), effective=date(2025, 8, 1))
    if random.random() < 0.3:
        return program
    renamed = replace(program.requirements, parts=tuple(map(_renamed, program.requirements.parts)))
    old = [requirement.id for requirement in walk(older.requirements)][1:]
    new = [requirement.id for requirement in walk(renamed)][1:]
    migrates = {name: random.choice([*new, None]) for name in old if name not in new and random.random() < 0.8}
    return replace(program, requirements=renamed, migrates=migrates)


def _renamed(requirement: Requirement) -> Requirement:
    if isinstance(requirement, Choice):
        requirement = replace(
            requirement,
            asks=tuple(f"new-{name}" for name in requirement.asks),
            then=f"new-{requirement.then}",
            otherwise=requirement.otherwise and f"new-{requirement.otherwise}",
        )
    if isinstance(requirement, Group):
        parts = tuple(map(_renamed, requirement.parts))
        return replace(requirement, id=f"new-{requirement.id}", parts=parts)
    if isinstance(requirement, MilestoneDone | WorkDone) and requirement.timing:
        timing = requirement.timing
        after, since = (name and f"new-{name}" for name in (timing.after, timing.since))
        requirement = replace(requirement, timing=replace(timing, after=after, since=since))
    return replace(requirement, id=f"new-{requirement.id}")


def _program(random: Random, name: str) -> Program:
    among = frozenset(random.choice([(), ("good", "probation", "none")]))
    return Program(
        id=name,
        title=name,
        effective=date(2024, 1, 1),
        credit_bearing=True,
        open_to=frozenset(Affiliation) if random.random() < 0.7 else frozenset({Affiliation.HOME}),
        requirements=_requirements(random, among),
        limits=tuple(_limit(random, number) for number in range(random.choice([0, 0, 0, 1, 2]))),
        excludes=frozenset(random.choice([(), (), (), (), ("licence",), ("badge", "program-0")])),
        time_limit=random.choice([0, 0, 0, 0, 12, 20]),
        life=LifeCycle(claim=random.random() < 0.2, renews=random.choice(["", "", "", "", "badge"]), expires=12),
        rules=tuple(_rules(random, among)),
        awards=(),
        place=PLACE,
        digest="",
        exception_limits={kind: random.randint(0, 1) for kind in ExceptionKind if random.random() < 0.2},
    )


def _requirements(random: Random, among: frozenset[str]) -> Group:
    while True:
        names = iter(range(1000))
        parts = [_requirement(random, names, among, depth=0) for _ in range(random.randint(1, 4))]
        if random.random() < 0.25:
            minimum = random.choice([2500, 3000, 3400])
            parts.append(Average(id="average-grade", title="average", place=PLACE, minimum=minimum))
        while random.random() < 0.2:
            parts.append(_counted(random, len(parts)))
        root = Group(id="requirements", title="all", place=PLACE, need=len(parts), parts=with_times(random, parts))
        if len(routes(root)) <= min(ROUTES, 40):
            return root


def _counted(random: Random, number: int) -> Counted:
    measure = random.choice(list(Measure))
    need = {Measure.CREDITS: random.choice([3000, 4500, 8000]), Measure.SUBJECTS: 2}.get(measure, random.randint(1, 2))
    return Counted(
        id=f"counted-{number}",
        title="counted",
        place=PLACE,
        measure=measure,
        need=random.choice([25, 50, 60, 100]) if measure.is_share else need,
        selection=Selection() if measure is Measure.SUBJECTS else _filter(random),
        rounding=random.choice(list(Rounding)) if measure.is_share else Rounding.EXACT,
    )


def _limit(random: Random, number: int) -> Limit:
    of_credits = random.random() < 0.5
    return Limit(
        id=f"limit-{number}",
        title="limit",
        place=PLACE,
        most=random.choice([0, 4000, 8000, 8000]) if of_credits else random.choice([0, 1, 2, 2]),
        selection=_selection(random) if random.random() < 0.8 else Selection(),
        of_credits=of_credits,
        below=random.choice([None, None, 3000, 3330]),
    )


def _requirement(
    random: Random, names: object, among: frozenset[str], depth: int, *, alternative: bool = False
) -> Requirement:
    number = next(names)  # type: ignore[call-overload]  # an iterator of numbers
    common: dict[str, Any] = {"id": f"r{number}", "title": f"requirement {number}", "place": PLACE}
    if random.random() < 0.2:
        return random_work(random, **common)
    if random.random() < 0.04:
        return LearnerIs(**common, condition=_condition(random, among))
    kind = random.random()
    if depth < 2 and kind < 0.29:
        return _compound(random, names, among, depth, alternative=alternative, **common)
    return _leaf(random, kind, **common)


def _compound(
    random: Random, names: object, among: frozenset[str], depth: int, *, alternative: bool, **common: Any
) -> Requirement:
    """What is made of others: a group, or what is asked of some learners only."""
    if random.random() < 0.75:
        count = random.randint(1, 3)
        need = random.randint(1, count)
        parts = tuple(_requirement(random, names, among, depth + 1, alternative=need < count) for _ in range(count))
        return Group(**common, need=need, parts=parts)
    then, otherwise = (_requirement(random, names, among, depth + 1, alternative=alternative) for _ in range(2))
    conditions = {one.fact: one for one in (_condition(random, among) for _ in range(random.choice([1, 1, 2])))}
    return choice(
        list(conditions.values()),
        then,
        otherwise if random.random() < 0.5 else None,
        alternative=alternative,
        **common,
    )


def _leaf(random: Random, kind: float, **common: Any) -> Requirement:
    if kind < 0.34:
        codes = frozenset(random.sample(["licence", "badge", "program-0"], random.randint(1, 2)))
        return HoldsCredential(**common, codes=codes, active=random.random() < 0.7)
    if kind < 0.42:
        return MilestoneDone(
            **common,
            code=random.choice(MILESTONES),
            evidence=random.random() < 0.5,
            attested_by=random.choice([None, Role.LEAD, "committee"]),
        )
    if kind < 0.60:
        amount = random.choice([3000, 4000, 6000, 7500])
        credit_ways = (Ways(selection=_selection(random), counting=_counting(random)),)
        return CreditSum(**common, need=amount, ways=credit_ways, share_group=_share_group(random))
    if kind < 0.66:
        weights = {course: random.choice([500, 500, 1500, 2000]) for course in random.sample(COURSES, 4)}
        return WeightedCount(
            **common,
            need=1000 * random.randint(1, 3),
            ways=(Ways(selection=_selection(random), counting=_counting(random)),),
            share_group=_share_group(random),
            weights=tuple(sorted(weights.items())),
        )
    if kind < 0.78:
        filtered = (Ways(selection=_filter(random), counting=_counting(random)),)
        return CourseCount(**common, need=random.randint(1, 3), ways=filtered, share_group=_share_group(random))
    counting = _counting(random)
    courses = random.sample(COURSES, random.randint(1, 3))
    ways = tuple(
        Ways(
            selection=Selection(courses=frozenset({course})),
            counting=counting if random.random() < 0.8 else _counting(random),
        )
        for course in courses
    )
    return CourseCount(**common, need=random.randint(1, len(ways)), ways=ways, share_group=_share_group(random))


def _condition(random: Random, among: frozenset[str]) -> Condition:
    fact = random.choice(["affiliation", "admission", "standing", "standing"])
    values = {
        "affiliation": ["home", "outside"],
        "admission": ["degree", "non-degree", "none"],
        "standing": ["good", "probation", "none"],
    }[fact]
    asked = frozenset(random.sample(values, random.randint(1, 2)))
    return Condition(f"learner.{fact}", asked, among if fact == "standing" else frozenset())


def _share_group(random: Random) -> str:
    return random.choice(["", "", "", "", "writing", "capstone"])


def _selection(random: Random) -> Selection:
    if random.random() < 0.5:
        return Selection(courses=frozenset(random.sample(COURSES, random.randint(1, 4))))
    return _filter(random)


def _filter(random: Random) -> Selection:
    while True:
        low = random.choice([None, 400, 500])
        selection = Selection(
            subjects=frozenset(random.sample(["STA", "CSE", "ART"], random.choice([0, 0, 1, 2]))),
            low=low,
            high=None if low is None else low + random.choice([1, 99, 199]),
            levels=frozenset(random.sample(LEVELS, random.choice([0, 0, 1]))),
            attributes=frozenset(random.sample(MARKS, random.choice([0, 0, 0, 1, 2]))),
            excluded=frozenset(random.sample(COURSES, random.choice([0] * 8 + [1, 2]))),
            origins=frozenset(random.choice([()] * 8 + [(Origin.TRANSFER,), (Origin.INSTITUTION,)])),
            bases=frozenset(random.choice([()] * 8 + [(Basis.PASS_FAIL,), (Basis.GRADED, Basis.TRANSFER)])),
            toward=frozenset(random.choice([()] * 12 + [("degree",), ("degree", "certificate")])),
            completed=_window(random) if random.random() < 0.15 else None,
        )
        if selection.toward and random.random() < 0.5:
            own = frozenset({"program-0"})
            selection = replace(selection, toward=own | frozenset(random.choice([(), ("degree",)])), own=own)
        if selection != Selection():
            return selection


def _window(random: Random) -> Window:
    since, until = sorted(date(random.choice([2024, 2025, 2026]), random.choice([3, 6]), 12) for _ in range(2))
    return random.choice(
        [
            Window(since=since),
            Window(until=until),
            Window(since=since, until=until),
            Window(months=random.choice([6, 13, 24])),
            Window(after_enrolment_in=random.choice(["program-0", "program-1"])),
            Window(months=24, after_enrolment_in="program-0"),
        ]
    )


def _counting(random: Random) -> Counting:
    symbol = random.choice(["B", "B", "C", "B+"])
    origins = random.choice([{Origin.INSTITUTION}, {Origin.INSTITUTION}, {Origin.INSTITUTION, Origin.TRANSFER}])
    bases = random.choice([{Basis.GRADED}, {Basis.GRADED}, {Basis.GRADED, Basis.PASS_FAIL, Basis.TRANSFER}])
    repeats = random.choice([Repeats.BEST, Repeats.BEST, Repeats.LATEST, Repeats.FIRST])
    by_level = tuple(
        LevelMinimum(level, SCALE.points[least], least)
        for level in sorted(random.sample(LEVELS, random.choice([0, 0, 0, 1, 2])))
        for least in [random.choice(["C", "B-", "B", "B+"])]
    )
    return Counting(SCALE.points[symbol], symbol, repeats, frozenset(origins), frozenset(bases), by_level)


def _rules(random: Random, among: frozenset[str]) -> list[Rule]:
    rules = []
    if random.random() < 0.7:
        rules.append(
            Rule(
                id="admission",
                moment=random.choice([Moment.REGISTRATION, Moment.REGISTRATION, Moment.CONFERRAL]),
                place=PLACE,
                when=(Condition("learner.affiliation", frozenset({"outside"})),) if random.random() < 0.8 else (),
                require=(
                    Condition(
                        "learner.admission",
                        frozenset(random.sample(["degree", "non-degree", "none"], random.randint(1, 2))),
                    ),
                ),
            )
        )
    if random.random() < 0.4:
        asked = [
            Condition(
                "learner.standing", frozenset(random.sample(["good", "probation", "none"], random.randint(1, 2))), among
            )
            for _ in range(2)
        ]
        when = (asked[1],) if random.random() < 0.5 else ()
        rules.append(Rule(id="standing", moment=Moment.CONFERRAL, place=PLACE, when=when, require=(asked[0],)))
    roles = tuple(random.sample(ROLES, random.randint(0, 2)))
    rules.append(
        Rule(
            id="complete",
            moment=Moment.CONFERRAL,
            place=PLACE,
            requirements=True,
            attestations=roles,
            no_holds=random.random() < 0.5,
            credentials=frozenset({"licence", "badge"} if random.random() < 0.1 else ()),
            not_credentials=frozenset({"licence", "program-0"} if random.random() < 0.1 else ()),
        )
    )
    return rules


def random_record(random: Random) -> Record:
    """Half of the records have every oddity; the other half are ordinary, so that much is met as well."""
    return _odd_record(random) if random.random() < 0.5 else _ordinary_record(random)


def _ordinary_record(random: Random) -> Record:
    return Record(
        learner=Learner(learner_id="L1", affiliation=random.choice(list(Affiliation))),
        attempts=tuple(
            Attempt(
                attempt_id=f"a{number}",
                course=course,
                term=term,
                level="graduate",
                registered_on=term.starts,
                grade=random.choice(["A", "A", "B+", "B", "B", "C"]) if term.ends < TODAY else None,
                credits_attempted=Decimal(4),
                credits_earned=Decimal(4),
                attributes=frozenset(MARKS),
            )
            for number, course in enumerate(random.sample(COURSES, random.randint(4, len(COURSES))))
            for term in [random.choice(TERMS)]
        ),
        admissions=(Admission(kind=random.choice(list(AdmissionKind)), since=date(2023, 1, 1)),),
        enrolments=(ProgramEnrolment(program="program-0", since=random.choice([date(2024, 7, 1), date(2025, 9, 1)])),),
        milestones=tuple(
            Milestone(
                code=code,
                status=MilestoneStatus.COMPLETE,
                completed_on=random.choice(DAYS),
                evidence="https://evidence.example/1",
            )
            for code in MILESTONES
        ),
        activities=ordinary_activities(),
        holds=(),
        credentials=(
            CredentialHeld(
                code=random.choice(["licence", "badge"]),
                status=CredentialStatus.ACTIVE,
                expires_on=random.choice([None, date(2026, 6, 30), date(2027, 3, 31)]),
            ),
        ),
        facts={"standing": frozenset({"good"})},
    )


def _odd_record(random: Random) -> Record:
    count = random.randint(0, 8)
    return Record(
        learner=Learner(learner_id="L1", affiliation=random.choice([None, *Affiliation, *Affiliation])),
        attempts=tuple(_attempt(random, number) for number in range(count)),
        admissions=random.choice([None, _admissions(random), _admissions(random), _admissions(random)]),
        milestones=random.choice([None, _milestones(random), _milestones(random), _milestones(random)]),
        activities=random.choice([None, *(random_activities(random) for _ in range(3))]),
        holds=random.choice([None, (), (), (), _holds(random)]),
        credentials=random.choice([None, _credentials(random), _credentials(random)]),
        facts=random.choice([None, {}, *({"standing": frozenset(one)} for one in STANDINGS)]),
        enrolments=random.choice([None, (), _enrolments(random), _enrolments(random)]),
    )


def _attempt(random: Random, number: int) -> Attempt:
    term = random.choice([*TERMS, None])
    attempted = random.choice([None, *map(Decimal, ("3", "3", "4", "1.5"))])
    earned = attempted if random.random() < 0.8 else random.choice([None, Decimal(0)])
    grade = random.choice(["A", "A", "B+", "B", "B", "B-", "C", "F", "S", "U", "I", "W", "??", "I/B", None, None])
    return Attempt(
        attempt_id=f"a{number}",
        course=random.choice(COURSES),
        term=term,
        level=random.choice([*LEVELS, LEVELS[0], "professional", None]),
        origin=random.choice([Origin.INSTITUTION] * 4 + [Origin.TRANSFER]),
        registration=random.choice([Registration.ENROLLED] * 8 + list(Registration)),
        registered_on=random.choice([None, term.starts if term else None, date(2025, 6, 1), date(2026, 12, 1)]),
        grade=grade,
        basis=random.choice([Basis.GRADED] * 6 + [Basis.PASS_FAIL, Basis.AUDIT, Basis.TRANSFER, None]),
        graded_on=random.choice([None, None, term.ends if term else None]),
        lapses_on=random.choice([None, date(2025, 1, 1), date(2027, 1, 1)]),
        credits_attempted=attempted,
        credits_earned=earned,
        repeat=random.choice([Repeat.INCLUDE] * 8 + [Repeat.EXCLUDE, None]),
        attributes=random.choice([None, frozenset(), frozenset({"online"}), frozenset(MARKS)]),
        counts_toward=random.choice(
            [None, frozenset(), frozenset(), frozenset({"degree"}), frozenset({"certificate", "x"})]
        ),
        used_for=frozenset({"program-0"} if random.random() < 0.1 else ()),
    )


def _admissions(random: Random) -> tuple[Admission, ...]:
    return tuple(
        Admission(
            kind=random.choice(list(AdmissionKind)),
            since=date(random.choice([2024, 2025, 2026]), 2, 1),
            until=random.choice([None, None, date(2026, 3, 1)]),
        )
        for _ in range(random.randint(0, 2))
    )


def _milestones(random: Random) -> tuple[Milestone, ...]:
    return tuple(
        Milestone(
            code=random.choice([*MILESTONES, "another"]),
            status=random.choice([None, *MilestoneStatus, MilestoneStatus.COMPLETE]),
            completed_on=random.choice([None, *DAYS]),
            evidence=random.choice([None, "https://evidence.example/1"]),
        )
        for _ in range(random.randint(0, 3))
    )


def _credentials(random: Random) -> tuple[CredentialHeld, ...]:
    return tuple(
        CredentialHeld(
            code=random.choice(["licence", "badge", "another"]),
            status=random.choice([None, *CredentialStatus, CredentialStatus.ACTIVE]),
            earned_on=random.choice([None, date(2024, 1, 1), date(2026, 12, 1)]),
            expires_on=random.choice([None, None, TODAY, date(2025, 1, 1), date(2027, 1, 1)]),
        )
        for _ in range(random.randint(0, 3))
    )


def _enrolments(random: Random) -> tuple[ProgramEnrolment, ...]:
    return tuple(
        ProgramEnrolment(
            program=random.choice(["program-0", "program-1", "another"]),
            since=random.choice([None, date(2024, 7, 1), date(2025, 6, 12), date(2026, 9, 1)]),
        )
        for _ in range(random.randint(0, 2))
    )


def _holds(random: Random) -> tuple[Hold, ...]:
    return tuple(
        Hold(
            code="H",
            blocks=random.choice([None, frozenset(), frozenset({"registration"}), frozenset({"conferral"})]),
            since=random.choice([None, date(2026, 1, 1), date(2027, 1, 1)]),
            until=random.choice([None, date(2026, 2, 1), date(2027, 2, 1)]),
        )
        for _ in range(random.randint(1, 2))
    )


def random_word(random: Random, plan: Plan) -> Word:
    attestations = []
    exceptions = []
    for program in plan.programs:
        for role in (*ROLES, Role.LEARNER):
            for statement in (COMPLETE, *MILESTONES) if role in ROLES else (CLAIM,):
                if random.random() < 0.4:
                    evidence = random.choice([None, "https://evidence.example/2"])
                    attestations.append(
                        Attestation(
                            learner_id="L1",
                            program=program.program.id,
                            role=role,
                            statement=statement,
                            by="somebody",
                            on=random.choice(DAYS[:5]),
                            evidence=evidence,
                        )
                    )
        nodes = [node for node in program.nodes if node.id not in ("requirements", "conferral")]
        while random.random() < 0.35:
            node = random.choice(nodes)
            substitution = bool(node.ways) and random.random() < 0.6
            kind = ExceptionKind.SUBSTITUTION if substitution else ExceptionKind.WAIVER
            if node.timing and random.random() < 0.8:
                kind = ExceptionKind.EXTENSION
            exceptions.append(
                GrantedException(
                    learner_id="L1",
                    program=program.program.id,
                    kind=kind,
                    requirement=node.id,
                    reason="made up",
                    by="somebody",
                    on=random.choice(DAYS[:5]),
                    until=random.choice(DAYS) if kind is ExceptionKind.EXTENSION else None,
                    course=random.choice(COURSES).code if substitution else None,
                )
            )
        if random.random() < 0.1:
            exceptions.append(_election(random, program.program.id))
    here = CredentialHeld(code="program-0", status=CredentialStatus.ACTIVE, earned_on=date(2026, 5, 20))
    return Word(tuple(attestations), tuple(exceptions), (here,) if random.random() < 0.2 else ())


def _election(random: Random, program: str) -> GrantedException:
    return GrantedException(
        learner_id="L1",
        program=program,
        kind=ExceptionKind.ELECTION,
        requirement=random.choice(["2024-01-01", "2025-08-01"]),
        reason="made up",
        by="somebody",
        on=TODAY,
    )
