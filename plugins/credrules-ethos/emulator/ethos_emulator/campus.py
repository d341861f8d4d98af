"""A small made-up university, resource by resource, in the shapes of Ellucian's published object classes."""

from __future__ import annotations

import uuid
from typing import Any

Row = dict[str, Any]


def guid(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://campus.example/{name}"))


def ref(name: str) -> Row:
    return {"id": guid(name)}


def sample(learners: int = 5) -> dict[str, list[Row]]:
    """Two courses in two terms; each learner in both, and a professor whom nobody needs to read."""
    symbols = ["A", "B+", "B", "C", "F", "I"]
    sections = [("S1", "STA", "501", "T1"), ("S2", "CSE", "574", "T2")]
    campus: dict[str, list[Row]] = {
        "grade-definitions": [
            {**ref(f"grade {one}"), "scheme": ref("GR"), "grade": {"type": "literal", "value": one}} for one in symbols
        ],
        "subjects": [{**ref(one), "title": one, "abbreviation": one} for one in ("STA", "CSE")],
        "academic-levels": [{**ref("UG"), "code": "UG", "title": "Undergraduate"}],
        "academic-periods": [
            {**ref("Y1"), "code": "2026", "title": "2025-2026", "category": {"type": "year"}},
            {
                **ref("T1"),
                "code": "202580",
                "title": "Fall 2025",
                "category": {"type": "term"},
                "startOn": "2025-08-25T00:00:00Z",
                "endOn": "2025-12-19T00:00:00Z",
            },
            {
                **ref("T2"),
                "code": "202610",
                "title": "Spring 2026",
                "category": {"type": "term"},
                "startOn": "2026-01-20T00:00:00Z",
                "endOn": "2026-05-15T00:00:00Z",
            },
        ],
        "courses": [
            {
                **ref(f"{subject} {number}"),
                "titles": [{"type": ref("long"), "value": f"Course {number}"}],
                "subject": ref(subject),
                "number": number,
                "schedulingStartOn": "2020-01-01T00:00:00Z",
            }
            for _, subject, number, _ in sections
        ],
        "sections": [
            {**ref(key), "course": ref(f"{subject} {number}"), "reportingAcademicPeriod": ref(term), "number": "001"}
            for key, subject, number, term in sections
        ],
        "persons": [_person("prof", "A99999999", "Grace", "Teacher")],
        "section-registrations": [],
        "student-transcript-grades": [],
        "person-holds": [],
    }
    for number in range(1, learners + 1):
        person = f"P{number}"
        campus["persons"].append(_person(person, f"A{number:08}", "Ada", f"Sample{number}"))
        for key, _, _, _ in sections:
            campus["section-registrations"].append(registration(person, key))
            campus["student-transcript-grades"].append(transcript_grade(person, key, symbols[number % 5]))
    campus["person-holds"].append(
        {**ref("hold"), "person": ref("P1"), "type": {"category": "academic"}, "startOn": "2026-01-17T00:00:00Z"}
    )
    return campus


def _person(name: str, banner: str, given: str, family: str) -> Row:
    return {
        **ref(name),
        "privacyStatus": {"privacyCategory": "unrestricted"},
        "names": [
            {"type": {"category": "legal"}, "firstName": given, "lastName": family, "fullName": f"{given} {family}"},
            {
                "type": {"category": "chosen"},
                "preference": "preferred",
                "firstName": f"{given}-Lou",
                "lastName": family,
            },
        ],
        "dateOfBirth": "2001-02-03",
        "credentials": [{"type": "bannerId", "value": banner}, {"type": "bannerUdcId", "value": guid(banner)}],
        "emails": [
            {"type": {"emailType": "school"}, "preference": "primary", "address": f"{name.lower()}@campus.example"},
            {"type": {"emailType": "personal"}, "address": f"{name.lower()}@home.example"},
        ],
    }


def registration(person: str, section: str) -> Row:
    return {
        **ref(f"registration {person} {section}"),
        "registrant": ref(person),
        "section": ref(section),
        "academicLevel": ref("UG"),
        "originallyRegisteredOn": "2025-08-01T00:00:00Z",
        "status": {"registrationStatus": "registered", "sectionRegistrationStatusReason": "registered"},
        "credit": {"measure": "credit", "registrationCredit": 3},
        "gradingOption": {"gradeScheme": ref("GR"), "mode": "standard"},
    }


def transcript_grade(person: str, section: str, symbol: str) -> Row:
    return {
        **ref(f"grade {person} {section}"),
        "student": ref(person),
        "course": {"section": ref(section)},
        "grade": ref(f"grade {symbol}"),
        "awardGradeScheme": ref("GR"),
        "credit": {
            "attemptedCredit": 3.0,
            "earnedCredit": 3.0 if symbol not in "FI" else 0,
            "repeatedSection": "notRepeated",
        },
        "recordedOn": "2025-12-20",
    }
