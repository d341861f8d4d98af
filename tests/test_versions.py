"""The versions of a program: which one a learner is held to, and what is wrong between two files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

import pytest
from tests.broken_rules import PROGRAM, reported, write

from credrules import Attempt, Course, Learner, Origin, ProgramEnrolment, Record, Registration, Term
from credrules.adapters import Capabilities, Knows
from credrules.attestations import ExceptionKind, GrantedException, Word
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.engines.durable import DurableEngine
from credrules.engines.plain import PlainEngine
from credrules.needs import unmet_needs
from credrules.plan import make_plan
from credrules.rule_files import load
from credrules.testing import FakeRecords
from credrules.testing.random_cases import random_case

INSTITUTION = """\
institution: { id: uni, name: University }
grades: { points: { A: 4.0, B: 3.0, F: 0.0 } }
counting: { minimum-grade: B }
"""
AS_OF = date(2028, 6, 1)
OLD, MIDDLE, NEW = "2025-01-01", "2026-01-01", "2027-01-01"


def version(effective, course, more=""):
    return (
        f"program: p\ntitle: P\neffective: {effective}\n{more}credit-bearing: true\n"
        f"requirements: [{course}]\nawards: [{{ issuer: badges }}]\n"
    )


ASKED = {OLD: "STA 501", MIDDLE: "STA 502", NEW: "STA 503"}


@pytest.fixture
def decide(tmp_path_factory):
    """The decision on one learner under three versions, each asking for another course; by both engines."""

    def make(*attempts, elections=(), enrolments=None, as_of=AS_OF, files=None):
        rules = write(tmp_path_factory.mktemp("uni"), institution=INSTITUTION)
        (rules / "programs" / "data.yaml").unlink()
        (rules / "programs" / "data.cases.yaml").unlink()
        for number, text in enumerate(files or [version(*one) for one in ASKED.items()]):
            (rules / "programs" / f"p{number}.yaml").write_text(text)
        plan = make_plan(load(rules))
        record = Record(
            learner=Learner(learner_id="L1"), attempts=attempts, admissions=(), holds=(), enrolments=enrolments
        )
        decided = Decider(plan, DurableEngine(plan)).decide(record, Word((), elections), as_of, everyone=True)
        assert decided.disagreements == ()
        (decision,) = decided.decisions
        return decision

    return make


def passed(code, registered, **parts):
    year = registered.year if registered else 2026
    term = Term(date(year, 8, 1), date(year, 12, 1), f"{year}", f"fall {year}")
    attempt = Attempt(
        attempt_id=code, course=Course.parse(code), term=term, registered_on=registered, grade="A",
        credits_attempted=Decimal(3), credits_earned=Decimal(3),
    )  # fmt: skip
    return replace(attempt, **parts)


def chosen(day, on=date(2027, 2, 1)):
    return GrantedException(
        learner_id="L1",
        program="p",
        kind=ExceptionKind.ELECTION,
        requirement=day,
        reason="asked for it",
        by="A. Registrar",
        on=on,
    )


def told(decision):
    return catalog_year(decision).because


def catalog_year(decision):
    return next(part for part in decision.reason.parts if part.node == "catalog-year")


@pytest.mark.parametrize(
    ("day", "held"),
    [
        (date(2024, 9, 1), OLD),  # before there was any
        (date(2025, 12, 31), OLD),
        (date(2026, 1, 1), MIDDLE),
        (date(2026, 12, 31), MIDDLE),
        (date(2028, 1, 1), NEW),
    ],
)
def test_a_learner_is_held_to_the_version_in_force_when_they_registered(decide, day, held):
    decision = decide(passed(ASKED[held], day))

    assert (decision.version, decision.outcome, told(decision)) == (held, Outcome.MET, "version-by-registration")


def test_the_first_course_that_any_version_looks_at_is_the_one_that_matters(decide):
    decision = decide(passed("STA 503", date(2025, 8, 1)), passed("STA 501", date(2027, 8, 1)))

    assert (decision.version, decision.outcome) == (OLD, Outcome.MET)


def test_a_course_that_no_version_looks_at_matters_to_none(decide):
    decision = decide(passed("ART 100", date(2024, 8, 1)), passed("STA 503", date(2027, 8, 1)))

    assert (decision.version, decision.outcome) == (NEW, Outcome.MET)


def test_what_was_dropped_or_earned_elsewhere_is_no_registration(decide):
    dropped = passed("STA 501", date(2025, 8, 1), registration=Registration.DROPPED, grade=None)
    transfer = passed("STA 502", date(2025, 8, 2), origin=Origin.TRANSFER)

    assert decide(dropped, transfer, passed("STA 503", date(2027, 8, 1))).version == NEW


def test_the_day_of_enrolment_goes_before_that_of_a_course(decide):
    enrolments = (ProgramEnrolment(program="p", since=date(2027, 3, 1)),)

    decision = decide(passed("STA 503", date(2025, 8, 1)), enrolments=enrolments)

    assert (decision.version, decision.outcome, told(decision)) == (NEW, Outcome.MET, "version-by-enrolment")


def test_an_enrolment_without_a_day_leaves_it_to_the_courses(decide):
    enrolments = (ProgramEnrolment(program="p"), ProgramEnrolment(program="q", since=date(2027, 3, 1)))

    assert decide(passed("STA 501", date(2025, 8, 1)), enrolments=enrolments).version == OLD


def test_who_left_and_came_back_is_held_to_what_was_in_force_then(decide):
    first = ProgramEnrolment(program="p", since=date(2025, 3, 1), until=date(2025, 9, 1))
    again = ProgramEnrolment(program="p", since=date(2027, 3, 1))

    assert decide(enrolments=(first, again)).version == NEW
    assert decide(enrolments=(first, again), as_of=date(2026, 6, 1)).version == OLD


def test_a_learner_without_a_part_is_told_of_the_version_in_force(decide):
    assert told(decide()) == "version-of-today"
    assert (decide().version, decide(as_of=date(2026, 6, 1)).version) == (NEW, MIDDLE)


def test_an_unknown_day_and_different_outcomes_are_undetermined(decide):
    decision = decide(passed("STA 503", None, term=None))

    assert (decision.outcome, decision.reason.because) == (Outcome.UNDETERMINED, "version-unknown")
    assert f"under {OLD} it is unmet; under {MIDDLE} it is unmet" in decision.reason.text
    assert decision.earned_on is None


def test_an_unknown_day_cannot_lie_after_what_is_known(decide):
    decision = decide(passed("STA 501", None, term=None), passed("STA 502", date(2025, 9, 1)))

    assert (decision.version, decision.outcome) == (OLD, Outcome.MET)


def test_an_unknown_day_does_not_matter_where_the_outcomes_are_equal(decide):
    both = [version(OLD, "STA 501"), version(MIDDLE, "STA 501")]

    decision = decide(passed("STA 501", None), files=both)

    assert (decision.version, decision.outcome, told(decision)) == (MIDDLE, Outcome.MET, "version-not-needed")


def test_a_later_version_can_be_chosen_and_an_earlier_one_cannot(decide):
    course = passed("STA 503", date(2025, 8, 1))

    later = decide(course, elections=(chosen(NEW),))
    earlier = decide(passed("STA 501", date(2027, 8, 1)), elections=(chosen(OLD),))

    assert (later.version, later.outcome, told(later)) == (NEW, Outcome.MET, "version-elected")
    assert (earlier.version, earlier.outcome, told(earlier)) == (NEW, Outcome.UNMET, "version-by-registration")
    assert "(A. Registrar, 2027-02-01: asked for it)" in later.reason.parts[-1].text
    assert later.earned_on == date(2027, 2, 1)
    assert "only a later version can be chosen" in earlier.reason.parts[-1].text


def test_a_version_that_is_not_in_effect_yet_is_not_chosen_yet(decide):
    course = passed("STA 501", date(2025, 8, 1))

    decision = decide(course, elections=(chosen(NEW),), as_of=date(2026, 12, 31))

    assert (decision.version, decision.outcome) == (OLD, Outcome.MET)


def test_a_version_can_be_chosen_from_its_first_day_on(decide):
    decision = decide(passed("STA 503", date(2025, 8, 1)), elections=(chosen(NEW),), as_of=date(2027, 1, 1))

    assert (decision.version, told(decision)) == (NEW, "version-elected")


def test_to_choose_the_version_that_one_is_held_to_changes_nothing(decide):
    course = passed("STA 502", date(2026, 8, 1))

    decision = decide(course, elections=(chosen(MIDDLE),))

    assert catalog_year(decision) == catalog_year(decide(course))


def test_a_version_that_there_is_not_cannot_be_chosen(decide):
    course = passed("STA 502", date(2026, 8, 1))

    decision = decide(course, elections=(chosen("2026-02-02"),))

    assert (decision.version, told(decision)) == (MIDDLE, "version-by-registration")
    assert catalog_year(decision).text.endswith(
        "The version of 2026-02-02 was chosen (A. Registrar, 2027-02-01: asked for it), but there is no such version."
    )


def test_only_what_was_chosen_of_this_program_is_a_choice(decide):
    course = passed("STA 501", date(2025, 8, 1))
    elsewhere = replace(chosen(NEW), program="q")
    waiver = replace(chosen("sta-501"), kind=ExceptionKind.WAIVER)

    assert catalog_year(decide(course, elections=(elsewhere, waiver))) == catalog_year(decide(course))


def test_a_choice_rules_out_the_versions_before_it_where_the_day_is_not_known(decide):
    decision = decide(passed("STA 502", None, term=None), elections=(chosen(MIDDLE),))

    assert (decision.outcome, told(decision)) == (Outcome.UNDETERMINED, "version-unknown")
    assert f"The version of {MIDDLE} was chosen" in catalog_year(decision).text
    assert f"under {MIDDLE} it is met; under {NEW} it is unmet" in decision.reason.text
    assert OLD not in decision.reason.text.partition("The outcome depends on it")[2]


@pytest.mark.parametrize(("day", "first"), [(date(2024, 12, 31), True), (date(2025, 1, 1), False)])
def test_whoever_began_before_there_was_a_version_is_told_so(decide, day, first):
    text = catalog_year(decide(passed("STA 501", day))).text

    assert text.endswith(" None was in force before it.") is first


def test_an_enrolment_of_today_is_one(decide):
    enrolments = (ProgramEnrolment(program="p", since=date(2026, 6, 1)),)

    assert told(decide(enrolments=enrolments, as_of=date(2026, 6, 1))) == "version-by-enrolment"


def test_an_unknown_day_cannot_lie_after_the_end_of_the_term(decide):
    term = Term(date(2025, 8, 1), date(2025, 12, 1), "2025", "fall 2025")

    decision = decide(passed("STA 501", None, term=term), passed("STA 502", date(2027, 8, 1)))

    assert (decision.version, decision.outcome, told(decision)) == (OLD, Outcome.MET, "version-by-registration")


def test_a_choice_settles_what_the_unknown_day_left_open(decide):
    decision = decide(passed("STA 503", None), elections=(chosen(NEW),))

    assert (decision.version, decision.outcome, told(decision)) == (NEW, Outcome.MET, "version-elected")


def test_a_closed_program_takes_nobody_in_and_keeps_who_was_there(decide):
    closed = [version(OLD, "STA 501", "until: 2026-06-30\n")]

    late = decide(passed("STA 501", date(2026, 8, 1)), files=closed)
    early = decide(passed("STA 501", date(2026, 6, 30)), files=closed)
    unknown = decide(passed("STA 501", None), files=closed)

    assert (late.outcome, late.reason.because) == (Outcome.UNMET, "program-closed")
    assert early.outcome is Outcome.MET
    assert (unknown.outcome, unknown.reason.because) == (Outcome.UNDETERMINED, "version-unknown")


def test_a_new_version_changes_nothing_for_who_is_held_to_the_old_one(decide):
    attempt = passed("STA 501", date(2025, 8, 1))

    two = decide(attempt, files=[version(OLD, "STA 501"), version(MIDDLE, "STA 502")])
    three = decide(attempt)

    assert (two.rules, two.outcome, two.earned_on) == (three.rules, three.outcome, three.earned_on)


def test_the_day_matters_to_the_evidence(decide):
    attempt = passed("STA 501", date(2025, 8, 1))
    enrolled = (ProgramEnrolment(program="p", since=date(2025, 3, 1)),)

    assert decide(attempt).evidence != decide(attempt, enrolments=enrolled).evidence


def test_a_source_that_knows_no_day_is_refused(tmp_path):
    rules = write(tmp_path)
    (rules / "programs" / "new.yaml").write_text(PROGRAM.replace("2026-01-01", "2027-01-01"))
    records = FakeRecords([])
    known = {name: Knows.FULL for name in Capabilities.__dataclass_fields__ if name not in ("cursor", "deletes")}
    for days, problems in (({}, 0), ({"enrolments": Knows.NONE}, 0), (dict.fromkeys(DAYS, Knows.NONE), 1)):
        records.capabilities = replace(records.capabilities, **{**known, **days})
        found = [one for one in unmet_needs(make_plan(load(rules)), records) if "older version" in one.message]
        assert [one.where for one in found] == ["rules/programs/new.yaml"] * problems


DAYS = ("enrolments", "registration_dates")


@pytest.mark.parametrize(
    ("until", "message"),
    [
        ("2026-06-01", "nobody could begin the program from then until 2027-01-01, when rules/programs/new.yaml"),
        ("2027-03-01", "rules/programs/new.yaml is in effect from 2027-01-01 on already"),
        ("2026-12-31", None),
    ],
)
def test_a_gap_or_an_overlap_between_versions_is_a_problem(tmp_path, until, message):
    rules = write(tmp_path, program=PROGRAM.replace("credit-bearing", f"until: {until}\ncredit-bearing"))
    (rules / "programs" / "new.yaml").write_text(PROGRAM.replace("2026-01-01", "2027-01-01"))

    problems = reported(rules)

    assert len(problems) == (message is not None)
    if message:
        assert problems[0].startswith("rules/programs/data.yaml:4: ")
        assert message in problems[0]
        assert problems[0].endswith("Leave 'until' out, or write 2026-12-31.")


def test_an_award_that_changes_its_id_from_version_to_version_is_a_problem(tmp_path):
    rules = write(tmp_path)
    new = PROGRAM.replace("2026-01-01", "2027-01-01").replace("issuer: badges", "issuer: badges\n    id: new-badge")
    (rules / "programs" / "new.yaml").write_text(new)

    assert reported(rules) == [
        "rules/programs/new.yaml:11: 'new-badge' is what 'badges' awards here; in rules/programs/data.yaml that is "
        "'badges'. Write 'id: badges', so that nobody is awarded both."
    ]


def test_a_case_that_another_version_decides_says_so(tmp_path):
    rules = write(tmp_path)
    (rules / "programs" / "new.yaml").write_text(PROGRAM.replace("2026-01-01", "2027-01-01"))
    case = "cases:\n  - { name: A, as-of: 2028-01-01, given: {}, expect: { outcome: unmet, version: 2027-02-02 } }\n"
    (rules / "programs" / "new.cases.yaml").write_text(case)

    assert reported(rules) == [
        "rules/programs/new.cases.yaml:2: '2027-02-02' is no version of data. There are: 2026-01-01, 2027-01-01."
    ]


NEWER = PROGRAM.replace("2026-01-01", "2027-01-01").replace("milestone: capstone", "milestone: thesis")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("{ capstone: thesis }", None),
        ("{ capstone: none }", None),
        ("{ sta-501: thesis }", "'sta-501' is in this version too, and exceptions granted for it stay with it. "),
        ("{ capstoen: thesis }", "'capstoen' is no requirement or rule of an older version. There are: capstone. Did"),
        ("{ capstone: thesys }", "'thesys' is no requirement or rule of this version. There are: sta-501, "),
    ],
)
def test_a_line_of_migrates_leads_from_an_id_that_was_to_one_that_is(tmp_path, lines, message):
    rules = write(tmp_path)
    (rules / "programs" / "new.yaml").write_text(NEWER + f"migrates:\n  {lines}\n")

    problems = reported(rules)

    assert len(problems) == (message is not None)
    if message:
        assert problems[0].startswith(f"rules/programs/new.yaml:13: {message}")


CASE = """\
cases:
  - name: Waived
    as-of: 2026-06-01
    given: { exceptions: [{ requirement: capstone }] }
    expect: { outcome: unmet }
"""


def test_an_id_that_is_gone_is_asked_about_where_a_case_is_bound_to_it_and_not_else(tmp_path):
    rules = write(tmp_path)
    (rules / "programs" / "new.yaml").write_text(NEWER)
    assert reported(rules) == []

    (rules / "programs" / "data.cases.yaml").write_text(CASE)
    assert reported(rules) == [
        "rules/programs/new.yaml:1: this version has no requirement 'capstone', which the version before it has and a "
        "case in rules/programs/data.cases.yaml is bound to. Write under 'migrates': 'capstone: ' and the id that it "
        "has now, or none where the exception is to end."
    ]
    (rules / "programs" / "new.yaml").write_text(NEWER + "migrates: { capstone: none }\n")
    assert reported(rules) == []


def test_an_exception_follows_its_requirement_through_several_versions(decide):
    waiver = replace(chosen("sta-501"), kind=ExceptionKind.WAIVER)
    files = [
        version(OLD, "STA 501"),
        version(MIDDLE, "STA 502", "migrates: { sta-501: sta-502 }\n"),
        version(NEW, "STA 503", "migrates: { sta-502: sta-503 }\n"),
    ]

    decision = decide(files=files, elections=(waiver,))

    assert (decision.version, decision.outcome) == (NEW, Outcome.MET)
    assert "Waived by A. Registrar on 2027-02-01: asked for it." in str(decision.reason)


def test_an_exception_granted_under_a_newer_version_does_nothing_in_an_older_one(decide):
    waiver = replace(chosen("sta-503"), kind=ExceptionKind.WAIVER)

    decision = decide(passed("STA 501", date(2025, 9, 1)), elections=(waiver,))

    assert decision.outcome is Outcome.MET
    assert decision.reason.parts[-2].because == "exception-without-requirement"


def test_the_exception_that_was_granted_first_is_the_one_that_is_applied(decide):
    both = [version(OLD, "STA 501, STA 502", "exceptions: { waivers: at-most 1 }\n")]
    first = replace(chosen("sta-502", date(2026, 1, 1)), kind=ExceptionKind.WAIVER)
    second = replace(chosen("sta-501", date(2026, 2, 1)), kind=ExceptionKind.WAIVER)

    decision = decide(files=both, elections=(second, first))

    outcomes = {reason.node: reason.outcome for reason in decision.reason.walk()}
    assert (outcomes["sta-502"], outcomes["sta-501"]) == (Outcome.MET, Outcome.UNMET)
    assert decision.reason.parts[-1].text == (
        "The waiver of 'sta-501', granted by A. Registrar on 2026-02-01 (asked for it), is not applied. "
        "The program applies at most 1 waiver."
    )


def test_the_reason_names_who_let_a_course_stand_in(decide):
    one = [version(OLD, "STA 501")]
    granted = replace(chosen("sta-501"), kind=ExceptionKind.SUBSTITUTION, course="ART 501")

    decision = decide(passed("ART 501", date(2026, 1, 1)), files=one, elections=(granted,))

    assert (decision.outcome, decision.earned_on) == (Outcome.MET, date(2027, 2, 1))
    assert "ART 501 stands in: granted by A. Registrar on 2027-02-01: asked for it." in str(decision.reason)


def test_a_decision_is_that_of_one_version_or_undetermined_where_they_differ():
    for seed in range(200):
        case = random_case(Random(seed))
        outcomes = {
            (plan.program.id, plan.program.version): evaluation.outcomes[plan.root]
            for plan, evaluation in zip(
                case.plan.programs, PlainEngine(case.plan).evaluate(case.record, case.word, case.as_of), strict=True
            )
        }

        decided = Decider(case.plan, None).decide(case.record, case.word, case.as_of, everyone=True)

        assert len(decided.decisions) == len({program for program, _ in outcomes})
        for decision in decided.decisions:
            of_program = {outcome for (program, _), outcome in outcomes.items() if program == decision.program}
            expected = outcomes[decision.program, decision.version]
            if decision.reason.because == "version-unknown":
                assert decision.outcome is Outcome.UNDETERMINED
                assert len(of_program) > 1
            else:
                assert decision.outcome is expected
