"""A small made-up university: what the service has, list by list."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
CHANGED = "2026-01-15T08:00:00.000Z"


def _row(key: str, **more: Any) -> Row:
    return {"sourcedId": key, "status": "active", "dateLastModified": CHANGED, **more}


def ref(kind: str, key: str) -> Row:
    return {"href": f"https://sis.example/ims/oneroster/v1p2/{kind}s/{key}", "sourcedId": key, "type": kind}


def sample(learners: int = 5) -> dict[str, list[Row]]:
    """Two courses in two terms; each learner in both, with a quiz and a final grade in each."""
    grades = ["A", "B+", "B", "C", "F"]
    sections = [("CL1", "CO1", "T1"), ("CL2", "CO2", "T2")]
    roster: dict[str, list[Row]] = {
        "orgs": [_row("O1", name="Example University", type="school")],
        "academicSessions": [
            _row("T1", title="Fall 2025", type="term", startDate="2025-08-25", endDate="2025-12-19", schoolYear="2026"),
            _row(
                "T2", title="Spring 2026", type="term", startDate="2026-01-20", endDate="2026-05-15", schoolYear="2026"
            ),
        ],
        "courses": [
            _row("CO1", title="Data Mining", courseCode="STA 501", org=ref("org", "O1")),
            _row("CO2", title="Machine Learning", courseCode="CSE 574", org=ref("org", "O1")),
        ],
        "classes": [
            _row(
                key,
                title=f"Section {key}",
                classCode=f"{key}-001",
                classType="scheduled",
                course=ref("course", course),
                school=ref("org", "O1"),
                terms=[ref("academicSession", term)],
            )
            for key, course, term in sections
        ],
        "categories": [_row("CA1", title="Final Grade"), _row("CA2", title="Quiz")],
        "lineItems": [],
        "users": [],
        "enrollments": [],
        "results": [],
    }
    for section, _, _ in sections:
        for name, category in (("final", "CA1"), ("quiz", "CA2")):
            roster["lineItems"].append(
                _row(
                    f"{section}-{name}",
                    title=name.title(),
                    assignDate="2025-09-01T00:00:00.000Z",
                    dueDate="2025-12-19T00:00:00.000Z",
                    resultValueMin=0,
                    resultValueMax=100,
                    category=ref("category", category),
                    **{"class": ref("class", section)},
                )
            )
    for number in range(1, learners + 1):
        user = f"U{number:04}"
        roster["users"].append(_user(user, number, "student"))
        for section, _, _ in sections:
            roster["enrollments"].append(_enrolment(f"E-{section}-{user}", user, section, "student"))
            for name, grade in (("final", grades[number % len(grades)]), ("quiz", "A")):
                roster["results"].append(_result(f"R-{section}-{name}-{user}", f"{section}-{name}", user, grade))
    roster["users"].append(_user("T0001", 9001, "teacher"))
    roster["enrollments"].append(_enrolment("E-CL1-T0001", "T0001", "CL1", "teacher"))
    return roster


def _user(key: str, number: int, role: str) -> Row:
    return _row(
        key,
        enabledUser="true",
        username=f"user{number}",
        userIds=[{"type": "Local", "identifier": f"{50000000 + number}"}],
        givenName="Ada",
        familyName=f"Sample{number}",
        preferredFirstName="Augusta" if number == 1 else None,
        identifier=f"{50000000 + number}",
        email=f"{key.lower()}@learner.example",
        phone="555-0100",
        role=role,
        roles=[{"roleType": "primary", "role": role, "org": ref("org", "O1")}],
        orgs=[ref("org", "O1")],
        primaryOrg=ref("org", "O1"),
    )


def _enrolment(key: str, user: str, section: str, role: str) -> Row:
    return _row(
        key,
        role=role,
        user=ref("user", user),
        school=ref("org", "O1"),
        primary="false",
        beginDate="2025-08-25",
        endDate="2025-12-19",
        **{"class": ref("class", section)},
    )


def _result(key: str, line_item: str, user: str, grade: str) -> Row:
    return _row(
        key,
        lineItem=ref("lineItem", line_item),
        student=ref("user", user),
        scoreStatus="fully graded",
        score=89.5,
        textScore=grade,
        scoreDate="2025-12-20",
        comment="",
    )
