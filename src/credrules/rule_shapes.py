"""The shapes of the institution file, the program files and the case files.

One definition serves three ends: it checks the files, it is the JSON Schema that editors complete from, and its
descriptions are what an editor shows to the person who writes the rules.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
)
from pydantic_core.core_schema import CoreSchema, no_info_before_validator_function

from credrules.claims import Rounding
from credrules.equivalents import EquivalenceKind
from credrules.errors import nearest
from credrules.grounds import Then
from credrules.records import MOST_WORK, AdmissionKind, Affiliation, Basis, Course, Origin
from credrules.rules import Moment, Repeats

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def is_id(text: str) -> bool:
    return bool(_ID.fullmatch(text)) and len(text) <= 80


def _is_id(text: str) -> str:
    if not is_id(text):
        raise ValueError("an id has only small letters, digits and single hyphens, such as 'data-analytics'")
    return text


def _is_course(text: str) -> str:
    course = Course.parse(text)
    if course is None:
        raise ValueError(f"'{text}' is not a course code; one looks like 'STA 501'")
    return course.code


def _is_day(value: object) -> object:
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(f"'{value}' is not a day; write it as 2026-08-24") from None
    return value


def _is_exact(value: Decimal) -> Decimal:
    if value != round(value, 3):
        raise ValueError(f"{value} has more than three decimals")
    return value


def _is_range(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*", value)
        if not match:
            raise ValueError(f"'{value}' is not a course number or a range of them; write 501 or 500-699")
        if match[2] and int(match[2]) < int(match[1]):
            raise ValueError(f"the range {value} ends before it begins")
        return value.replace(" ", "")
    return value


def _is_limit(text: str) -> str:
    if not re.fullmatch(r"none|at-most [1-9][0-9]?", text):
        raise ValueError(f"'{text}' is no limit; write none, or a number as in 'at-most 1'")
    return text


def _is_month_day(text: str) -> str:
    message = f"'{text}' is not a day of every year; write month and day, such as 05-31"
    if not re.fullmatch(r"[0-9]{2}-[0-9]{2}", text):
        raise ValueError(message)
    try:
        date(2001, int(text[:2]), int(text[3:]))
    except ValueError:
        raise ValueError(message) from None
    return text


def _is_claim(value: object) -> object:
    if isinstance(value, str):
        if value != "required":
            raise ValueError(f"'{value}' says nothing of a claim; write required, or 'within:' and a number of days")
        return {}
    return value


class _Listed:
    """A list, of which a single value may stand for itself; editors are told of both."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        many = handler(schema)
        return {"anyOf": [many["items"], many]}


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _exactly(value: object) -> object:
    """Whole numbers as decimals; binary floating point, which cannot come from a file, not at all."""
    if isinstance(value, float):
        raise ValueError("a number in binary floating point is not exact")
    return Decimal(value) if type(value) is int else value


Id = Annotated[str, AfterValidator(_is_id), Field(examples=["data-analytics"])]
CourseCode = Annotated[str, AfterValidator(_is_course), Field(examples=["STA 501"])]
Day = Annotated[date, BeforeValidator(_is_day)]
Exact = Annotated[Decimal, BeforeValidator(_exactly), AfterValidator(_is_exact), Field(ge=0, le=1000)]
Amount = Annotated[Decimal, BeforeValidator(_exactly), AfterValidator(_is_exact), Field(ge=0, le=MOST_WORK)]
NumberRange = Annotated[str, BeforeValidator(_is_range, json_schema_input_type=str | int), Field(examples=["500-699"])]
MonthDay = Annotated[str, AfterValidator(_is_month_day), Field(examples=["05-31"])]
Names = Annotated[list[str], _Listed()]
Ids = Annotated[list[Id], Field(min_length=1), _Listed()]
Text = Annotated[str, Field(min_length=1)]
Prose = Annotated[list[Text], Field(min_length=1), _Listed()]
_PROSE = "The catalogue's own words, a sentence or several. Shown beside the decision; they decide nothing."
Limit = Annotated[str, AfterValidator(_is_limit), Field(examples=["at-most 1", "none"])]


class Shape(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, alias_generator=lambda name: name.rstrip("_").replace("_", "-"), strict=True
    )


def _one_of(kind: type[StrEnum], *others: str, among: tuple[StrEnum, ...] = ()) -> BeforeValidator:
    """Read a name as one of `kind`, or of those `among` it, or say which there are."""

    def read(value: object) -> object:
        if not isinstance(value, str) or value in others or isinstance(value, kind):
            return value
        names = [*(among or kind), *others]
        if value not in names:
            raise ValueError(f"'{value}' is not one of: {', '.join(names)}.{nearest(value, names)}".rstrip("."))
        return kind(value)

    return BeforeValidator(read)


OriginName = Annotated[Origin, _one_of(Origin)]
BasisName = Annotated[Basis, _one_of(Basis)]
AffiliationName = Annotated[Affiliation, _one_of(Affiliation)]


LeastGrade = Text | Annotated[dict[Text, Text], Field(min_length=1)]
_LEAST_GRADE = (
    "The least grade that counts, a symbol of the grade scale; or by the attempt's level, with 'other' for the rest."
)


class CountingShape(Shape):
    """What it takes for an attempt to count."""

    minimum_grade: LeastGrade | None = Field(None, description=_LEAST_GRADE)
    repeats: Annotated[Repeats, _one_of(Repeats)] | None = Field(
        None, description="Which attempt at a course stands: the best, the latest or the first with a grade."
    )
    origins: Annotated[list[OriginName], Field(min_length=1), _Listed()] | None = Field(
        None, description="Where the credit may have been earned."
    )
    bases: Annotated[list[BasisName], Field(min_length=1), _Listed()] | None = Field(
        None, description="The grading bases that count."
    )


class InstitutionCounting(CountingShape):
    minimum_grade: LeastGrade = Field(description=_LEAST_GRADE)
    floor: list[Literal["minimum-grade", "repeats", "origins", "bases"]] | CountingShape | None = Field(
        None,
        description="What programs may raise but never lower: a list of names where the values above are the floor, "
        "or the floor's own values.",
    )


class GradesShape(Shape):
    """Every grade symbol the institution prints."""

    points: dict[str, Exact] = Field(min_length=1, description="Grade points by symbol.")
    passing_without_points: list[str] = Field(default_factory=list)
    not_passing_without_points: list[str] = Field(default_factory=list)
    incomplete: list[str] = Field(default_factory=list, description="Incompletes; I/B is an I that lapses to B.")
    withdrawn: list[str] = Field(default_factory=list, description="Marks of an attempt that was given up.")


class InstitutionName(Shape):
    id: Id
    name: Text
    url: str | None = None
    email: str | None = None


Value = str | bool | list[str]


def _require_or_then(schema: dict[str, Any]) -> None:
    """Editors: a rule for retention says what is to be done, any other what is required."""
    retention = {"properties": {"for": {"const": Moment.RETENTION.value}}}
    schema["if"], schema["then"] = retention, {"required": ["when", "then"]}
    schema["else"] = {"required": ["require"]}


class RuleShape(Shape):
    """A statement for one moment: when this holds, that is required; or, for retention, that is to be done."""

    model_config = ConfigDict(json_schema_extra=_require_or_then)

    id: Id
    for_: Annotated[Moment, _one_of(Moment)] = Field(description="registration, conferral or retention")
    when: dict[str, Value] = Field(default_factory=dict, description="All of these must hold for the rule to apply.")
    require: dict[str, Value] = Field(default_factory=dict, description="Not for retention.")
    then: Annotated[Then, _one_of(Then)] | None = Field(
        None, description="For retention: keep the award, flag it for a person to look at, or revoke it."
    )
    confirm: Literal["person", "none"] | None = Field(
        None, description="For retention: whether revoking needs a person's word, as it does unless this says none."
    )
    otherwise: Text | None = Field(None, description="What to do, said to the learner.")
    source: Text | None = Field(None, description="Where the policy is written.")
    prose: Prose | None = Field(None, description=_PROSE)


class EquivalentShape(Shape):
    """Courses that are one course under several codes."""

    courses: list[CourseCode] = Field(min_length=1, description="Its codes; the last is the one that it has now.")
    kind: Annotated[EquivalenceKind, _one_of(EquivalenceKind)] = Field(description="renumbered, cross-listed or exam")
    from_: Day | None = Field(None, description="Of terms that start on this day or later.")
    until: Day | None = Field(None, description="Of terms that start on this day or earlier.")
    source: Text | None = None


class PrivacyShape(Shape):
    """What may leave the institution about whom."""

    consent: list[Id] = Field(
        default_factory=list, description="Issuers to which nothing goes without the learner's consent."
    )
    inside: list[Id] = Field(
        default_factory=list, description="Issuers of the institution's own, which a privacy hold does not stop."
    )


class InstitutionFile(Shape):
    """rules/institution.yaml: the grade scale, what counts, and the rules for every program."""

    institution: InstitutionName
    grades: GradesShape
    counting: InstitutionCounting
    facts: dict[Id, Annotated[list[Text], Field(min_length=1)] | Literal["any"]] = Field(
        default_factory=dict,
        description="What the records say of a learner, with the values it may have; rules ask for learner.NAME.",
    )
    roles: list[Annotated[Id, Field(max_length=40)]] = Field(
        default_factory=list, description="Whose word may be asked for, beside the lead's and the office's."
    )
    rules: list[RuleShape] = Field(default_factory=list)
    equivalents: list[EquivalentShape] = Field(default_factory=list)
    privacy: PrivacyShape = Field(default_factory=PrivacyShape)


class PeriodShape(Shape):
    """So many years or months."""

    years: int | None = Field(None, ge=1, le=50)
    months: int | None = Field(None, ge=1, le=600)


class WindowShape(Shape):
    """When an attempt was completed, which is the last day of its term."""

    since: Day | None = None
    until: Day | None = None
    within: PeriodShape | None = Field(None, description="So long before the day of the decision.")
    after: Literal["enrolment"] | None = Field(None, description="On or after enrolment in the program.")


class FilterShape(Shape):
    """Courses by what they have in common. Everything given must hold."""

    subject: Names | None = Field(None, description="One subject or several, such as CSE.")
    number: NumberRange | None = Field(None, description="A course number or a range, such as 500-699.")
    level: Names | None = Field(None, description="A level or career, such as graduate.")
    attribute: Names | None = Field(None, description="Attributes that the course must all carry.")
    except_: list[CourseCode] | None = Field(None, min_length=1, description="Courses that are never among these.")
    origin: Annotated[list[OriginName], Field(min_length=1), _Listed()] | None = Field(
        None, description="Where the credit was earned: institution, transfer, exam and others."
    )
    basis: Annotated[list[BasisName], Field(min_length=1), _Listed()] | None = Field(
        None, description="How it was graded: graded, pass-fail and others."
    )
    counts_toward: Names | None = Field(
        None, description="Degrees or credentials toward which the attempt counts elsewhere, any of them."
    )
    completed: WindowShape | None = Field(None, description="When it was completed.")


class _Node(Shape):
    id: Id | None = Field(None, description="What exceptions are bound to; made from the requirement where left out.")
    title: Text | None = None
    source: Text | None = Field(None, description="Where the requirement is written.")
    prose: Prose | None = Field(None, description=_PROSE)


class _Counted(_Node, CountingShape):
    share_group: Id | None = Field(
        None, description="Requirements of one share group take no course from those of another, or from the others."
    )
    overlaps: Ids | None = Field(
        None, description="Ids of other requirements that are meant to ask for some of the same courses."
    )


class CourseShape(_Counted):
    """One named course."""

    course: CourseCode


class AllShape(_Counted):
    """Every one of these."""

    all: list[RequirementShape] = Field(min_length=1)


class AnyShape(_Counted):
    """At least one of these."""

    any: list[RequirementShape] = Field(min_length=1)


class ChooseShape(_Counted):
    """Some number of these: of a list, or of all courses that a filter admits."""

    choose: int = Field(ge=1, le=100)
    of: list[RequirementShape] | None = Field(None, min_length=1)
    from_: FilterShape | None = None
    weights: Annotated[dict[CourseCode, Annotated[Exact, Field(gt=0)]], Field(min_length=1)] | None = Field(
        None, description="By course, as how many it counts, such as 2 or 0.5; 1 where left out."
    )
    same: Literal["subject"] | None = Field(None, description="All of one subject, whichever of the filter's it is.")


class CreditsShape(_Counted):
    """Credits earned in a list of courses, or in all courses that a filter admits."""

    credits: Exact = Field(gt=0)
    of: list[CourseCode] | None = Field(None, min_length=1)
    from_: FilterShape | None = None
    same: Literal["subject"] | None = Field(None, description="All of one subject, whichever of the filter's it is.")


class AverageShape(_Node):
    """The credit-weighted grade average over everything that was counted for the program."""

    average_grade: Exact = Field(gt=0)


class _Across(_Node):
    from_: FilterShape | None = Field(None, description="What is looked for among everything that counted.")


class CountedCoursesShape(_Across):
    """So many courses, among everything that counted, that a filter admits."""

    counted_courses: int = Field(ge=1, le=100)


class CountedCreditsShape(_Across):
    """So many credits, among everything that counted, that a filter admits."""

    counted_credits: Exact = Field(gt=0)


class CountedSubjectsShape(_Node):
    """So many different subjects among everything that counted."""

    counted_subjects: int = Field(ge=2, le=100)


class CountedPercentShape(_Across):
    """So many percent of everything that counted."""

    counted_percent: int = Field(ge=1, le=100)
    of: Literal["credits", "courses"] = "credits"
    rounding: Annotated[Rounding, _one_of(Rounding)] = Field(
        Rounding.EXACT, description="What half of 9 credits is: exact (4.5), up (5) or down (4), in whole credits."
    )


class LimitShape(Shape):
    """The most that may count of some courses. A limit never makes a claim worse: what is over it is not claimed."""

    id: Id | None = None
    title: Text | None = None
    source: Text | None = None
    prose: Prose | None = Field(None, description=_PROSE)
    at_most: int | None = Field(None, ge=0, le=100, description="So many courses.")
    at_most_credits: Exact | None = Field(None, description="So many credits.")
    of: list[CourseCode] | None = Field(None, min_length=1, description="These courses.")
    from_: FilterShape | None = Field(None, description="All courses that a filter admits.")
    below_grade: Text | None = Field(None, description="Only those with a grade lower than this one.")


class WithinShape(Shape):
    """A period: so many days or months after a requirement was met, or before the badge is conferred."""

    days: int | None = Field(None, ge=1, le=10_000)
    months: int | None = Field(None, ge=1, le=300)
    after: Id | None = Field(None, description="The id of a requirement above: the period begins when it was met.")
    before: Literal["conferral"] | None = Field(None, description="The period ends with the day of the decision.")


class _Timed(_Node):
    after: Id | None = Field(
        None, description="The id of a requirement above: this counts when done on the day that was met, or later."
    )
    by: Day | None = Field(None, description="The last day on which it may be done.")
    within: WithinShape | None = Field(None, description="A period in which it has to be done.")


class CredentialShape(_Node):
    """A credential, degree or licence that the learner holds, from here or from elsewhere."""

    credential: Annotated[list[Id], Field(min_length=1), _Listed()] = Field(
        description="Its code, or several of which one is enough; a program's id for a badge awarded here."
    )
    active: Literal["required", "any"] = Field(
        "required", description="'any' takes one that has expired as well; one that was revoked never counts."
    )


class LearnerShape(_Node):
    """Facts about the learner, on the day of the decision. All of them must hold."""

    learner: dict[str, Value] = Field(
        min_length=1, description="By fact (affiliation, admission, or one that the institution declares), its values."
    )


class IfShape(_Counted):
    """What is asked depends on facts about the learner on the day of the decision."""

    if_: dict[str, Value] = Field(min_length=1, description="Facts such as learner.major; all of them must hold.")
    then: RequirementShape = Field(description="Asked where they hold.")
    else_: RequirementShape | None = Field(
        None, description="Asked where they do not. Left out: nothing more is asked; under 'any', no alternative."
    )


class MilestoneShape(_Timed):
    """Something that is no course: a paper, an internship, an examination."""

    milestone: Id
    evidence: Literal["required", "optional"] = "optional"
    attested_by: Text | None = Field(
        None,
        description="Whose word it is, to credrules: lead, office or a role that the institution declares. Left out "
        "where the student information system records it.",
    )


class WorkFilter(Shape):
    """Activities by what they are. Everything given must hold."""

    activity: Ids | None = Field(None, description="One code of an activity or several, such as service.")
    category: Ids | None = Field(None, description="One category or several.")


class _WorkAmount(_Timed):
    of: WorkFilter = Field(description="The activities that count.")
    at_most: dict[Id, Amount] = Field(
        default_factory=dict, description="By category, the most of it that counts, such as language: 30."
    )
    categories: int | None = Field(None, ge=2, le=100, description="From how many categories it must come at least.")


class HoursShape(_WorkAmount):
    """So many hours of activities."""

    hours: Amount = Field(gt=0)


class PointsShape(_WorkAmount):
    """So many points of activities."""

    points: Amount = Field(gt=0)


class EventsShape(_WorkAmount):
    """So many activities: workshops, meetings, sessions."""

    events: int = Field(ge=1, le=1000)
    weights: dict[Id, Amount] = Field(
        default_factory=dict, description="By activity, as how many events it counts; 1 where left out."
    )


class _Scored(_Timed):
    attempts: Literal["best", "latest"] = Field("best", description="Which of several scores stands.")
    out_of: Amount = Field(Decimal(100), gt=0, description="The highest score there is.")


class ScoreShape(_Scored):
    """A least score in an examination, a quiz or other work that is marked."""

    score: Amount = Field(gt=0)
    in_: Id = Field(description="The activity, such as final-exam.")


class WeightedScoreShape(_Scored):
    """A least weighted mean of several scores."""

    weighted_score: Amount = Field(gt=0)
    of: dict[Id, Amount] = Field(min_length=1, description="By activity, its weight; together they are 100.")


class RubricShape(_Scored):
    """A least score in every criterion of a rubric."""

    rubric: Id = Field(description="The activity; the category of each of its scores is the criterion.")
    every: Amount = Field(gt=0, description="The least score in every criterion.")
    criteria: Ids


REQUIREMENTS: dict[str, type[_Node]] = {
    "course": CourseShape,
    "all": AllShape,
    "any": AnyShape,
    "choose": ChooseShape,
    "credits": CreditsShape,
    "average-grade": AverageShape,
    "counted-courses": CountedCoursesShape,
    "counted-credits": CountedCreditsShape,
    "counted-subjects": CountedSubjectsShape,
    "counted-percent": CountedPercentShape,
    "milestone": MilestoneShape,
    "credential": CredentialShape,
    "learner": LearnerShape,
    "if": IfShape,
    "hours": HoursShape,
    "points": PointsShape,
    "events": EventsShape,
    "score": ScoreShape,
    "weighted-score": WeightedScoreShape,
    "rubric": RubricShape,
}


def _kind(value: object) -> str | None:
    if isinstance(value, dict):
        kinds = [kind for kind in REQUIREMENTS if kind in value]
        return kinds[0] if len(kinds) == 1 else None
    return next((kind for kind, shape in REQUIREMENTS.items() if isinstance(value, shape)), None)


def _spelt_out(value: object) -> object:
    return {"course": value} if isinstance(value, str) else value


_Kinds = Annotated[
    Annotated[CourseShape, Tag("course")]
    | Annotated[AllShape, Tag("all")]
    | Annotated[AnyShape, Tag("any")]
    | Annotated[ChooseShape, Tag("choose")]
    | Annotated[CreditsShape, Tag("credits")]
    | Annotated[AverageShape, Tag("average-grade")]
    | Annotated[CountedCoursesShape, Tag("counted-courses")]
    | Annotated[CountedCreditsShape, Tag("counted-credits")]
    | Annotated[CountedSubjectsShape, Tag("counted-subjects")]
    | Annotated[CountedPercentShape, Tag("counted-percent")]
    | Annotated[MilestoneShape, Tag("milestone")]
    | Annotated[CredentialShape, Tag("credential")]
    | Annotated[LearnerShape, Tag("learner")]
    | Annotated[IfShape, Tag("if")]
    | Annotated[HoursShape, Tag("hours")]
    | Annotated[PointsShape, Tag("points")]
    | Annotated[EventsShape, Tag("events")]
    | Annotated[ScoreShape, Tag("score")]
    | Annotated[WeightedScoreShape, Tag("weighted-score")]
    | Annotated[RubricShape, Tag("rubric")],
    Discriminator(_kind, custom_error_type="requirement_kind", custom_error_message="is no requirement"),
]

RequirementShape = Annotated[_Kinds, BeforeValidator(_spelt_out, json_schema_input_type=CourseCode | _Kinds)]


class PersonShape(Shape):
    name: Text
    email: str | None = None


class AwardShape(Shape):
    """An award that the program makes when it is complete."""

    model_config = ConfigDict(extra="allow")

    issuer: Text = Field(description="The name of an issuer in credrules.toml.")
    id: Id | None = Field(None, description="Part of the award's key for ever; the issuer's name where left out.")
    when: dict[str, Value] = Field(default_factory=dict)


class DaysShape(Shape):
    """So many days."""

    days: int = Field(ge=1, le=10_000)


class ClaimShape(Shape):
    """The learner has to ask for the credential."""

    within: DaysShape | None = Field(
        None, description="So long after everything else was met; a later claim waits for the conferral after that one."
    )


Claim = Annotated[ClaimShape, BeforeValidator(_is_claim, json_schema_input_type=Literal["required"] | ClaimShape)]


class ConferShape(Shape):
    """Conferral on some days of the year only."""

    on: Annotated[list[MonthDay], Field(min_length=1), _Listed()] = Field(
        description="Days of every year, as month-day: the first of them on or after the day it was earned is the day."
    )


class ExceptionsShape(Shape):
    """How many exceptions are applied to the requirements of one learner; those granted first are."""

    substitutions: Limit | None = Field(None, description="none, or a number as in 'at-most 1'.")
    waivers: Limit | None = Field(None, description="none, or a number as in 'at-most 1'.")


class ParameterKind(StrEnum):
    NUMBER = "number"
    GRADE = "grade"
    ID = "id"
    COURSES = "courses"
    SUBJECTS = "subjects"


Parameter = Annotated[Decimal, BeforeValidator(_exactly)] | str | list[str]


class ParameterShape(Shape):
    """What a program may set, and within which bounds."""

    kind: Annotated[ParameterKind, _one_of(ParameterKind)] | None = Field(
        None, description="number, grade, id, courses or subjects; left out: seen from the bounds and the default."
    )
    title: Text | None = None
    source: Text | None = Field(None, description="Where the bounds are written.")
    least: Parameter | None = None
    most: Parameter | None = None
    default: Parameter | None = None


class TemplateFile(Shape):
    """rules/templates/NAME.yaml: the body of programs, with parameters. A value that reads $credits is filled in."""

    parameters: dict[Id, ParameterShape] = Field(default_factory=dict)
    title: object = None
    description: object = None
    prose: object = None
    modelled_on: object = None
    credit_bearing: object = None
    open_to: object = None
    lead: object = None
    url: object = None
    image: object = None
    skills: list[object] = Field(default_factory=list)
    notes: list[object] = Field(default_factory=list)
    counting: object = None
    requirements: list[object] = Field(default_factory=list)
    limits: list[object] = Field(default_factory=list)
    time_limit: object = None
    excludes: object = None
    claim: object = None
    confer: object = None
    expires: object = None
    renews: object = None
    lower_of: object = None
    rules: list[object] = Field(default_factory=list)
    exceptions: object = None
    awards: list[object] = Field(default_factory=list)


def _or_from_template(schema: dict[str, Any]) -> None:
    """Editors: what a template gives, the program file need not."""
    own = ["program", "effective"]
    given = [name for name in schema["required"] if name not in own]
    schema["required"] = own
    schema["anyOf"] = [{"required": ["template"]}, {"required": given}]


class ProgramFile(Shape):
    """rules/programs/NAME.yaml: one program."""

    model_config = ConfigDict(json_schema_extra=_or_from_template)

    program: Id
    title: Text
    description: Text | None = None
    prose: Prose | None = Field(None, description=_PROSE)
    modelled_on: Text | None = Field(None, description="The published program that this one is modelled on.")
    effective: Day = Field(
        description="The first day of this version. A learner is held to the version in force when they registered."
    )
    until: Day | None = Field(None, description="The last day on which anyone may begin the program.")
    credit_bearing: bool
    open_to: Annotated[list[AffiliationName], Field(min_length=1), _Listed()] = Field(
        default_factory=lambda: [Affiliation.HOME, Affiliation.OUTSIDE]
    )
    lead: PersonShape | None = None
    url: str | None = None
    image: str | None = None
    skills: list[Text] = Field(default_factory=list)
    notes: list[Text] = Field(default_factory=list, description="Advice that is shown and never decides.")
    counting: CountingShape | None = None
    requirements: list[RequirementShape] = Field(min_length=1)
    limits: list[LimitShape] = Field(default_factory=list)
    time_limit: PeriodShape | None = Field(
        None, description="All courses lie within so long of the first day of the first one that counts."
    )
    excludes: Annotated[list[Id], _Listed()] = Field(
        default_factory=list, description="Credentials beside which this one is not awarded."
    )
    claim: Claim | None = Field(
        None, description="'required': the learner has to ask for the credential before it is awarded."
    )
    confer: ConferShape | None = Field(None, description="When it is conferred, if not at once.")
    expires: PeriodShape | None = Field(None, description="How long it is valid from its conferral on.")
    renews: Id | None = Field(
        None, description="The program whose credential this one renews for as long as 'expires' says, term by term."
    )
    lower_of: Id | None = Field(
        None, description="The program in whose place this one is awarded, to who does not reach it; never both."
    )
    rules: list[RuleShape] = Field(default_factory=list)
    migrates: dict[Id, Id] = Field(
        default_factory=dict,
        description="Ids of the older version that this one lacks, each with the id that exceptions granted for it "
        "are bound to from now on, or none.",
    )
    exceptions: ExceptionsShape | None = None
    template: Id | None = Field(None, description="The template in templates/ that this program is filled in from.")
    set_: dict[Id, Parameter] | None = Field(None, description="The template's parameters, where not the default.")
    awards: list[AwardShape] = Field(min_length=1)


class GivenAttempt(Shape):
    """One attempt of the made-up learner. A term is written 'fall 2026'."""

    course: CourseCode
    grade: str | None = None
    term: Text
    credits: Exact = Decimal(3)
    level: str | None = "graduate"
    attributes: list[str] | Literal["unknown"] = Field(default_factory=list)
    origin: OriginName = Origin.INSTITUTION
    basis: BasisName | None = Basis.GRADED
    counts_toward: list[str] | Literal["unknown"] = Field(default_factory=list)
    registration: Literal["enrolled", "waitlisted", "dropped", "withdrawn", "planned"] = "enrolled"
    registered_on: Day | None = Field(None, description="Left out: the first day of the term.")
    lapses_on: Day | None = None


class GivenAdmission(Shape):
    kind: Annotated[AdmissionKind, _one_of(AdmissionKind)]
    since: Day


class GivenMilestone(Shape):
    code: Id
    status: Literal["complete", "submitted", "in-progress", "failed", "unknown"] = "complete"
    evidence: str | None = None
    on: Day | None = Field(None, description="The day on which it was done.")


class GivenActivity(Shape):
    """One activity of the made-up learner."""

    code: Id
    status: Literal["complete", "submitted", "in-progress", "failed", "unknown"] = "complete"
    category: Id | None = None
    on: Day | None = None
    hours: Amount | None = None
    points: Amount | None = None
    score: Amount | None = None


class GivenCredential(Shape):
    code: Id
    status: Literal["active", "expired", "revoked", "unknown"] = "active"
    earned_on: Day | None = None
    expires_on: Day | None = None


class GivenAward(Shape):
    """What credrules has awarded the made-up learner before."""

    program: Id
    on: Day
    expires_on: Day | None = None
    used: list[CourseCode] = Field(default_factory=list, description="The courses that it used.")


class GivenException(Shape):
    requirement: Id
    course: CourseCode | None = Field(None, description="The course that may stand in; left out for a waiver.")
    on: Day | None = Field(None, description="The day on which it was granted; left out: that of the decision.")
    until: Day | None = Field(None, description="The day until which the requirement may be done, for an extension.")


class GivenElection(Shape):
    version: Day = Field(description="The version that the learner chose to be held to, by its 'effective' day.")


class GivenShape(Shape):
    affiliation: Annotated[Affiliation | Literal["unknown"], _one_of(Affiliation, "unknown")] = Affiliation.HOME
    admissions: list[GivenAdmission] | Literal["unknown"] = Field(default_factory=list)
    attempts: list[GivenAttempt] = Field(default_factory=list)
    milestones: list[GivenMilestone] = Field(default_factory=list)
    credentials: list[GivenCredential] | Literal["unknown"] = Field(default_factory=list)
    enrolled: Day | Literal["unknown"] | None = Field(None, description="The day of enrolment in the program.")
    activities: list[GivenActivity] | Literal["unknown"] = Field(default_factory=list)
    facts: dict[Id, list[str]] = Field(
        default_factory=dict, description="Facts that the institution declares; one that is left out is unknown."
    )
    holds: list[str] = Field(default_factory=list, description="What active holds block, such as conferral.")
    elections: list[GivenElection] = Field(default_factory=list)
    attestations: list[str] = Field(
        default_factory=list, description="lead, office, or a role and a milestone as in 'lead: capstone'."
    )
    awarded: list[GivenAward] = Field(default_factory=list, description="What credrules has awarded before.")
    attested_on: Day | None = Field(None, description="The day of the attestations; left out: that of the decision.")
    claimed: Day | None = Field(None, description="The day on which the learner asked for the credential.")
    declined: Day | None = Field(None, description="The day on which the learner declined it.")
    exceptions: list[GivenException] = Field(default_factory=list)


class ExpectShape(Shape):
    awards: list[Id] | None = Field(None, description="The ids of the awards that are owed on the day, all of them.")
    confers_on: Day | None = Field(None, description="The day on which it is conferred; given where it is met.")
    expires_on: Day | None = Field(None, description="The last day on which it is valid; given where it is met.")
    outcome: Literal["met", "awaiting", "pending", "undetermined", "unmet"]
    version: Day | None = Field(
        None, description="The version that decides; left out: that of the program file beside the cases."
    )
    because: list[str] = Field(default_factory=list, description="Codes that must be among the reasons.")
    nodes: dict[str, Literal["met", "awaiting", "pending", "undetermined", "unmet"]] = Field(default_factory=dict)


class CaseShape(Shape):
    name: Text
    as_of: Day
    given: GivenShape
    expect: ExpectShape


class CaseFile(Shape):
    """NAME.cases.yaml beside a program file: situations, and what must be decided in them."""

    cases: list[CaseShape] = Field(min_length=1)


for _shape in (AllShape, AnyShape, ChooseShape, IfShape, ProgramFile):
    _shape.model_rebuild()
