"""Rules held against the course catalogue."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import pytest
from tests.broken_rules import INSTITUTION, PROGRAM, write

from credrules import CatalogueCourse, Course, rule_files
from credrules.awards import Institution
from credrules.catalogue_checks import catalogue_findings
from credrules.rules import RuleSet
from credrules.testing.random_cases import COURSES, LEVELS, MARKS, SCALE, random_case

HEAD = PROGRAM.partition("requirements:")[0]
TAIL = "awards:\n  - issuer: badges\n"


def course(code, **more):
    return CatalogueCourse(course=Course.parse(code), **more)


GRADUATE = {"level": "graduate", "credits": Decimal(3), "attributes": frozenset()}
CATALOGUE = [
    course("STA 501", **GRADUATE),
    course("STA 502", **{**GRADUATE, "attributes": frozenset({"online", "writing"})}),
    course("CSE 501", **GRADUATE),
    course("CSE 502", **GRADUATE, since=date(2020, 8, 24)),
    course("CSE 503", **GRADUATE, until=date(2025, 12, 31)),
    course("CSE 503", **GRADUATE, since=date(2026, 1, 1)),
    course("CSE 410", level="undergraduate", credits=Decimal(4), attributes=frozenset({"writing"})),
    course("STA 401", **GRADUATE, until=date(2025, 5, 31)),
]


@pytest.fixture
def said(tmp_path):
    def check(requirements, *, rest="", institution=INSTITUTION, catalogue=CATALOGUE):
        program = f"{HEAD}requirements:\n  - {{ course: STA 501 }}\n{requirements}{rest}{TAIL}"
        rules = write(tmp_path, program=program, institution=institution)
        return [str(one) for one in catalogue_findings(rule_files.load(rules), catalogue)]

    return check


def test_what_the_catalogue_has_is_in_no_doubt(tmp_path):
    assert catalogue_findings(rule_files.load(write(tmp_path)), CATALOGUE) == []


@pytest.mark.parametrize(
    ("requirement", "hint"),
    [
        ("course: STA 5002", " Did you mean 'STA 502'?"),
        ("course: STA 520", " Did you mean 'STA 502'?"),  # digits that changed places, and not STA 501
        ("course: CES 502", " Did you mean 'CSE 502'?"),
        ("course: PHI 101", ""),
    ],
)
def test_a_course_that_the_catalogue_lacks_is_named_with_the_one_that_was_meant(said, requirement, hint):
    code = requirement.removeprefix("course: ")

    assert said(f"  - {{ {requirement}, id: that }}\n") == [
        f"rules/programs/data.yaml:7: 'that' names {code}, which the catalogue does not have.{hint} "
        "Correct the code, or list it with the new one under 'equivalents' in institution.yaml."
    ]


def test_all_courses_of_a_list_that_are_lacking_are_said_at_once(said):
    assert said("  - { choose: 1, of: [CES 501, CSE 502, PHI 101], id: one }\n") == [
        "rules/programs/data.yaml:7: 'one' names CES 501 and PHI 101, which the catalogue does not have. "
        "For CES 501: Did you mean 'CSE 501'? "
        "Correct the code, or list it with the new one under 'equivalents' in institution.yaml."
    ]


def test_what_is_excepted_and_what_is_limited_is_looked_up_too(said):
    found = said(
        "  - { choose: 1, from: { subject: CSE, except: [CSE 5001] }, id: one }\n",
        rest="limits:\n  - { at-most: 1, of: [CSE 501, CSE 5002], id: limit }\n",
    )

    assert [line.partition(", which")[0] for line in found] == [
        "rules/programs/data.yaml:7: 'one' names CSE 5001",
        "rules/programs/data.yaml:9: 'limit' names CSE 5002",
    ]


def test_a_course_that_ended_before_the_program_began_is_said_with_its_last_day(said):
    assert said("  - STA 401\n") == [
        "rules/programs/data.yaml:7: 'sta-401' names STA 401, which the catalogue has until 2025-05-31; this version "
        "is in effect from 2026-01-01 on. Take the course out, or list its new code under 'equivalents'."
    ]


def test_a_course_that_is_listed_with_its_new_code_is_in_no_doubt(said):
    listed = INSTITUTION + "equivalents:\n  - { courses: [CSE 401, CSE 501], until: 2024-12-31, kind: renumbered }\n"

    assert said("  - CSE 401\n", institution=listed) == []


@pytest.mark.parametrize(
    ("requirement", "message"),
    [
        (
            "{ choose: 1, from: { subject: CES }, id: that }",
            "'that' asks for CES courses, and the catalogue has no such course from 2026-01-01 on. None has 'CES'; "
            "there are: CSE, STA. Did you mean 'CSE'? Correct the filter.",
        ),
        (
            "{ choose: 1, from: { attribute: onlin }, id: that }",
            "'that' asks for courses marked onlin, and the catalogue has no such course from 2026-01-01 on. None has "
            "'onlin'; there are: online, writing. Did you mean 'online'? Correct the filter.",
        ),
        (
            "{ choose: 1, from: { level: graduated }, id: that }",
            "'that' asks for courses at graduated level, and the catalogue has no such course from 2026-01-01 on. None "
            "has 'graduated'; there are: graduate, undergraduate. Did you mean 'graduate'? Correct the filter.",
        ),
        (
            "{ choose: 1, from: { subject: CSE, number: 600-699 }, id: that }",
            "'that' asks for CSE courses numbered 600-699, and the catalogue has no such course from 2026-01-01 on. "
            "Correct the filter.",
        ),
        (
            "{ choose: 5, from: { subject: CSE }, id: that }",
            "'that' asks for 5 courses, and the catalogue has 4 such courses from 2026-01-01 on: CSE 410, CSE 501, CSE "
            "502 and CSE 503. Widen the filter, or ask for less.",
        ),
        (
            "{ credits: 15, from: { subject: CSE }, id: that }",
            "'that' asks for 15 credits, and the catalogue has such courses of 13 credits in all from 2026-01-01 on: "
            "CSE 410, CSE 501, CSE 502 and CSE 503. Widen the filter, or ask for less.",
        ),
    ],
)
def test_a_filter_that_the_catalogue_cannot_fill_is_said(said, requirement, message):
    assert said(f"  - {requirement}\n") == [f"rules/programs/data.yaml:7: {message}"]


def test_what_the_catalogue_does_not_say_is_in_no_doubt(said):
    bare = [course(one.course.code) for one in CATALOGUE]

    assert said("  - { credits: 90, from: { level: elementary, attribute: sailing } }\n", catalogue=bare) == []


def test_courses_from_elsewhere_are_not_looked_for(said):
    open_ = INSTITUTION.replace("minimum-grade: B\n", "minimum-grade: B\n  origins: [institution, transfer]\n")

    assert said("  - { choose: 1, from: { subject: PHI, origin: transfer } }\n", institution=open_) == []


def test_filters_that_share_a_course_of_the_catalogue_are_said_to_overlap(said):
    one = "  - { choose: 1, from: { attribute: online }, id: one }\n"
    two = "  - { choose: 1, from: { attribute: writing }, id: two }\n"

    (found,) = said(one + two)

    assert "'two' asks for courses that 'one' (line 7: STA 502) can use too." in found


def test_filters_that_are_meant_to_share_courses_are_in_no_doubt(said):
    one = "  - { choose: 1, from: { attribute: online }, id: one }\n"
    two = "  - { choose: 1, from: { attribute: writing }, id: two, overlaps: one }\n"

    assert said(one + two) == []


def test_no_program_and_no_catalogue_make_the_check_fail():
    for seed in range(200):
        random = Random(f"catalogue/{seed}")
        plan = random_case(random).plan
        listed = [
            CatalogueCourse(
                course=random.choice(COURSES),
                since=random.choice([None, date(2020, 1, 1)]),
                until=random.choice([None, date(2023, 1, 1), date(2026, 1, 1)]),
                level=random.choice([None, *LEVELS]),
                credits=random.choice([None, Decimal(3)]),
                attributes=random.choice([None, frozenset(MARKS)]),
            )
            for _ in range(random.randint(0, 8))
        ]
        rule_set = RuleSet(
            institution=Institution(id="made-up", name="Made-up University"),
            scale=SCALE,
            programs=tuple(one.program for one in plan.programs),
            digest="",
            files={},
            equivalents=plan.equivalents,
        )

        found = catalogue_findings(rule_set, listed)

        assert catalogue_findings(rule_set, listed[::-1]) == found
        assert not any(one.certain for one in found)
