"""What columns can say. Anything else in a plan sends its program to the plain engine, for everybody: never ignored.

This is a list of what was understood when the columns were written, not of what there is: a field, a kind or a part of
a record that is added elsewhere is unknown here until somebody has thought about it and added it.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules.plan import Plan, ProgramPlan

KINDS = frozenset(
    {
        "courses",
        "credits",
        "average",
        "counted",
        "milestone",
        "word",
        "fact",
        "credential",
        "no-hold",
        "amount",
        "scores",
        "group",
    }
)
REPEATS = frozenset({"best", "latest", "first"})
EXCEPTIONS = frozenset({"waiver", "substitution", "extension", "election"})

_PLAN = frozenset({"scale", "programs", "equivalents", "roles"})
_SCALE = frozenset({"points", "passing", "not_passing", "incomplete", "withdrawn"})
_PROGRAM_PLAN = frozenset(
    {
        *("program", "nodes", "root", "requirements", "gates", "demands", "ways", "average", "tests", "limits"),
        *("time_limit", "below", "inherits", "lost"),
    }
)
_PROGRAM = frozenset(
    {
        *(
            "id",
            "title",
            "effective",
            "credit_bearing",
            "open_to",
            "requirements",
            "rules",
            "awards",
            "place",
            "digest",
        ),
        *("until", "migrates", "exception_limits", "description", "modelled_on", "url", "image", "skills", "limits"),
        *("excludes", "time_limit", "notes", "lead_name", "lead_email", "prose", "life"),
        *("retention", "privacy"),  # what becomes of an award, and what may leave: no engine looks at either
    }
)
_NODE = frozenset(
    {
        *(
            "index",
            "id",
            "title",
            "kind",
            "place",
            "cites",
            "otherwise",
            "need",
            "parts",
            "ways",
            "share_group",
            "measure",
        ),
        *("selection", "rounding", "sums", "code", "evidence", "role", "codes", "active", "fact", "values", "among"),
        *("negated", "moment", "work", "timing", "after", "since", "prose"),
    }
)
_WAYS = frozenset({"selection", "counting"})
_SELECTION = frozenset(
    {
        *("courses", "subjects", "low", "high", "levels", "attributes", "excluded", "origins", "bases", "toward"),
        "completed",
    }
)
_WINDOW = frozenset({"since", "until", "months", "after_enrolment_in"})
_COUNTING = frozenset({"minimum", "minimum_symbol", "by_level", "repeats", "origins", "bases"})
_WAY = frozenset({"demands", "leaves"})
RECORD = {
    "learner",
    "attempts",
    "admissions",
    "milestones",
    "activities",
    "credentials",
    "holds",
    "facts",
    "enrolments",
}
PARTS = {*RECORD, "attestations", "exceptions", "awarded", "uses"}  # no engine looks at `uses`
MILESTONE = {"code", "status", "completed_on", "evidence", "title"}
ADMISSION = {"kind", "since", "until"}
CREDENTIAL = {"code", "status", "earned_on", "expires_on"}
HOLD = {"code", "blocks", "reason", "since", "until"}
ATTESTATION = {"program", "role", "statement", "by", "on", "evidence", "withdrawn"}
OF_PART = {
    "milestones": MILESTONE,
    "admissions": ADMISSION,
    "credentials": CREDENTIAL,
    "awarded": CREDENTIAL,
    "holds": HOLD,
    "attestations": ATTESTATION,
}
"""The columns of those parts that are read in columns; the others are left to the plain engine as they are."""
LEARNER = {"learner_id", "affiliation", "privacy", "facts", "former_ids"}  # no engine looks at `former_ids`


def beyond(plan: Plan, program: ProgramPlan) -> str:
    """What in a program no column can say; '' where there is nothing."""
    return next(_beyond(plan, program), "")


def _beyond(plan: Plan, program: ProgramPlan) -> Iterator[str]:
    yield from _more(plan, _PLAN)
    yield from _more(plan.scale, _SCALE)
    yield from _more(program, _PROGRAM_PLAN)
    yield from _more(program.program, _PROGRAM)
    for way in program.ways:
        yield from _more(way, _WAY)
    for node in program.nodes:
        yield from _more(node, _NODE)
        if node.kind.value not in KINDS:
            yield f"a requirement of the kind '{node.kind.value}'"
        for ways in node.ways:
            yield from _more(ways, _WAYS)
            yield from _more(ways.selection, _SELECTION)
            yield from _more(ways.counting, _COUNTING)
            if ways.counting.repeats.value not in REPEATS:
                yield f"repeats: {ways.counting.repeats.value}"
            if ways.selection.completed:
                yield from _more(ways.selection.completed, _WINDOW)
                if ways.selection.completed.after_enrolment_in:
                    yield "courses completed after an enrolment"
        if not node.need and node.ways:
            yield "a requirement of nothing"


def _more(value: Any, known: frozenset[str]) -> Iterator[str]:
    """The fields that are unknown here and say something."""
    for name, default in _others(type(value), known):  # type: ignore[arg-type]  # mypy: a class has a hash
        if default is MISSING or getattr(value, name) != default:
            yield f"'{name}' of a {type(value).__name__}"


@cache
def _others(kind: type, known: frozenset[str]) -> tuple[tuple[str, Any], ...]:
    """The fields that are unknown here, and what they are where they say nothing."""
    return tuple(
        (field.name, field.default_factory() if field.default_factory is not MISSING else field.default)
        for field in fields(kind)
        if field.name not in known
    )
