"""The institution file: the grade scale, what counts, the floors, and the rules for every program."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from credrules.attestations import STAFF, Role
from credrules.awards import Institution
from credrules.equivalents import Equivalence
from credrules.errors import nearest
from credrules.privacy import PrivacyRules
from credrules.records import AdmissionKind, Affiliation, Course
from credrules.retention_file import check_retention
from credrules.rule_shapes import is_id
from credrules.rules import OTHER_LEVELS, Counting, GradeScale, LevelMinimum, Moment, Repeats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from decimal import Decimal

    from credrules import rule_shapes as shapes
    from credrules.yaml_files import Document, Path_

FACTS: dict[str, tuple[str, ...] | None] = {
    "learner.affiliation": tuple(Affiliation),
    "learner.admission": (*AdmissionKind, "none"),
    "program.credit-bearing": ("true", "false"),
    "program.id": None,
}
STATEMENTS = {"requirements": "met", "holds": "none"}
CREDENTIALS = ("credentials", "not-credentials")
"""What a rule at conferral asks of the credentials that are held: one of these, or none of these."""


@dataclass(frozen=True)
class InstitutionRules:
    institution: Institution
    scale: GradeScale
    counting: Counting
    floor: Mapping[str, Any]  # minimum, repeats, origins, bases: those that programs may not lower
    rules: tuple[shapes.RuleShape, ...]
    facts: Mapping[str, tuple[str, ...] | None]  # what rules may ask, with the possible values
    document: Document
    roles: tuple[str, ...] = STAFF  # the built-in ones, and those that the institution declares
    equivalents: tuple[Equivalence, ...] = ()
    privacy: PrivacyRules = field(default_factory=PrivacyRules)


def understand_institution(document: Document, shape: shapes.InstitutionFile) -> InstitutionRules:
    scale = _understand_scale(document, shape.grades)
    counting = raised(document, ("counting",), shape.counting, Counting(0, ""), scale)
    floor = shape.counting.floor
    floors: dict[str, Any] = {}
    if isinstance(floor, list):
        names = {"minimum-grade": "minimum", "repeats": "repeats", "origins": "origins", "bases": "bases"}
        floors = {names[name]: _of_floor(counting, names[name]) for name in floor}
    elif floor:
        least = raised(document, ("counting", "floor"), floor, counting, scale)
        floors = {
            field: _of_floor(least, field)
            for field, given in (
                ("minimum", floor.minimum_grade),
                ("repeats", floor.repeats),
                ("origins", floor.origins),
                ("bases", floor.bases),
            )
            if given is not None
        }
    report_undercut(document, ("counting",), shape.counting, counting, floors, scale)
    facts = _declared_facts(document, shape)
    roles = _roles(document, shape.roles)
    report_same_ids(document, ("rules",), [rule.id for rule in shape.rules])
    for index, rule in enumerate(shape.rules):
        check_rule(document, ("rules", index), rule, facts, roles, of_institution=True)
    named = shape.institution
    return InstitutionRules(
        institution=Institution(id=named.id, name=named.name, url=named.url, email=named.email),
        scale=scale,
        counting=counting,
        floor=floors,
        rules=tuple(shape.rules),
        facts=facts,
        document=document,
        roles=roles,
        equivalents=_equivalents(document, shape.equivalents),
        privacy=PrivacyRules(frozenset(shape.privacy.consent), frozenset(shape.privacy.inside)),
    )


def _of_floor(counting: Counting, field: str) -> Any:
    """One value of a floor; for the least grade, the counting that says it for each level."""
    return counting if field == "minimum" else getattr(counting, field)


def _roles(document: Document, declared: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = list(Role)
    for index, role in enumerate(declared):
        if role in found:
            known = "every institution has it" if role in tuple(Role) else "it is in this list already"
            document.problem(("roles", index), f"the role '{role}' need not be declared: {known}.")
        else:
            found.append(role)
    return tuple(role for role in found if role != Role.LEARNER)


def _equivalents(document: Document, found: Sequence[shapes.EquivalentShape]) -> tuple[Equivalence, ...]:
    result: list[Equivalence] = []
    for index, shape in enumerate(found):
        place: Path_ = ("equivalents", index)
        codes = [course for course in map(Course.parse, shape.courses) if course]
        for at, course in enumerate(codes):
            if course in codes[:at]:
                document.problem((*place, "courses", at), f"{course} is in this list already.")
        if len(codes) == 1:
            document.problem(
                (*place, "courses"),
                f"{codes[0]} stands alone. List all codes of the course, the one that it has now last.",
            )
        if shape.from_ and shape.until and shape.until < shape.from_:
            document.problem((*place, "until"), f"'until' is {shape.until}, before 'from', {shape.from_}.")
        one = Equivalence(courses=tuple(codes), kind=shape.kind, since=shape.from_, until=shape.until)
        for at, other in enumerate(result):
            shared = sorted(set(one.courses) & set(other.courses))
            if shared and one.overlaps(other):
                line = document.line(("equivalents", at))
                message = (
                    f"{shared[0]} is in the list on line {line} too, for the same days. Write one list with all codes."
                )
                document.problem((*place, "courses"), message)
        result.append(one)
    return tuple(result)


def _declared_facts(document: Document, shape: shapes.InstitutionFile) -> dict[str, tuple[str, ...] | None]:
    facts = dict(FACTS)
    for name, values in shape.facts.items():
        if f"learner.{name}" in FACTS:
            document.problem(("facts", name), f"'learner.{name}' is there already; give this fact another name.")
        else:
            facts[f"learner.{name}"] = None if values == "any" else tuple(dict.fromkeys((*values, "none")))
    return facts


def _understand_scale(document: Document, shape: shapes.GradesShape) -> GradeScale:
    lists = {
        "points": list(shape.points),
        "passing-without-points": shape.passing_without_points,
        "not-passing-without-points": shape.not_passing_without_points,
        "incomplete": shape.incomplete,
        "withdrawn": shape.withdrawn,
    }
    home: dict[str, str] = {}
    for name, symbols in lists.items():
        for symbol in symbols:
            if not symbol.strip():
                document.problem(("grades", name), "has an empty grade symbol.")
            if symbol in home:
                message = f"'{symbol}' is in '{home[symbol]}' already; a grade means one thing."
                document.problem(("grades", name, symbol), message)
            home.setdefault(symbol, name)
    return GradeScale(
        points={symbol: thousandths(points) for symbol, points in shape.points.items()},
        passing=frozenset(shape.passing_without_points),
        not_passing=frozenset(shape.not_passing_without_points),
        incomplete=frozenset(shape.incomplete),
        withdrawn=frozenset(shape.withdrawn),
    )


def thousandths(value: Decimal) -> int:
    """An exact decimal of at most three places as an integer."""
    return int(value * 1000)


def raised(document: Document, path: Path_, shape: shapes.CountingShape, base: Counting, scale: GradeScale) -> Counting:
    """`base` with what `shape` says instead."""
    counting = base
    if shape.minimum_grade is not None:
        counting = _with_least_grade(document, (*path, "minimum-grade"), shape.minimum_grade, counting, scale)
    if shape.repeats is not None:
        counting = replace(counting, repeats=Repeats(shape.repeats))
    if shape.origins is not None:
        counting = replace(counting, origins=frozenset(shape.origins))
    if shape.bases is not None:
        counting = replace(counting, bases=frozenset(shape.bases))
    return counting


def _with_least_grade(
    document: Document, path: Path_, given: str | Mapping[str, str], counting: Counting, scale: GradeScale
) -> Counting:
    """The same with another least grade, for all levels or for each."""
    by_level = {OTHER_LEVELS: given} if isinstance(given, str) else given
    if OTHER_LEVELS not in by_level:
        message = f"'{OTHER_LEVELS}' is missing: the least grade of attempts at a level that is not named here."
        document.problem(path, message)
    known: list[LevelMinimum] = []
    for level, symbol in by_level.items():
        points = scale.points.get(symbol)
        if points is None:
            possible = ", ".join(scale.points)
            message = f"'{symbol}' has no grade points in institution.yaml. Grades with points: {possible}."
            place = path if isinstance(given, str) else (*path, level)
            document.problem(place, message + nearest(symbol, scale.points))
        else:
            known.append(LevelMinimum(level, points, symbol))
    other = next((one for one in known if one.level == OTHER_LEVELS), None)
    if other is None:
        return counting
    named = sorted((one for one in known if one is not other), key=lambda one: one.level)
    return replace(counting, minimum=other.points, minimum_symbol=other.symbol, by_level=tuple(named))


def report_undercut(
    document: Document,
    path: Path_,
    shape: shapes.CountingShape,
    counting: Counting,
    floor: Mapping[str, Any],
    scale: GradeScale,
) -> None:
    advice = "A program may ask for more, never for less."
    if shape.minimum_grade is not None and "minimum" in floor:
        _report_low_grades(document, (*path, "minimum-grade"), shape.minimum_grade, counting, floor["minimum"], advice)
    if shape.repeats is not None and "repeats" in floor and counting.repeats is not floor["repeats"]:
        message = f"the institution lets only '{floor['repeats']}' count for a repeated course."
        document.problem((*path, "repeats"), message)
    for name in ("origins", "bases"):
        allowed = floor.get(name)
        if getattr(shape, name) is not None and allowed is not None:
            extra = sorted(getattr(counting, name) - allowed)
            if extra:
                message = f"{', '.join(extra)}: the institution allows only {', '.join(sorted(allowed))}. {advice}"
                document.problem((*path, name), message)


def _report_low_grades(
    document: Document, path: Path_, given: str | Mapping[str, str], counting: Counting, floor: Counting, advice: str
) -> None:
    """Note each level at which less is asked than the floor; where one grade is given for all levels, once."""
    levels = sorted({one.level for one in (*counting.by_level, *floor.by_level)})
    for level in (*levels, OTHER_LEVELS):
        asked, least = counting.least(level), floor.least(level)
        if asked.points >= least.points:
            continue
        where = f" at {level} level" if levels and level != OTHER_LEVELS else " at other levels" if levels else ""
        message = f"'{asked.symbol}' is below '{least.symbol}', the institution's floor for a grade{where}. {advice}"
        by_level = not isinstance(given, str)
        document.problem((*path, asked.level) if by_level and asked.level in given else path, message)


def report_same_ids(document: Document, path: Path_, ids: Sequence[str]) -> None:
    for index, name in enumerate(ids):
        if name in ids[:index]:
            document.problem((*path, index, "id"), f"the id '{name}' is used above already; each needs its own.")


def check_rule(
    document: Document,
    path: Path_,
    rule: shapes.RuleShape,
    facts: Mapping[str, tuple[str, ...] | None],
    roles: tuple[str, ...],
    *,
    of_institution: bool = False,
) -> None:
    def check(place: Path_, fact: str, value: shapes.Value) -> None:
        check_condition(document, place, fact, value, facts)

    check_retention(document, path, rule, check, of_institution=of_institution)
    if rule.for_ is Moment.RETENTION:
        return
    for fact, value in rule.when.items():
        check_condition(document, (*path, "when", fact), fact, value, facts)
    possible = {
        **facts,
        **{name: (value,) for name, value in STATEMENTS.items()},
        "attestations": roles,
        **dict.fromkeys(CREDENTIALS),
    }
    _check_moment(document, path, rule, facts)
    for fact, value in rule.require.items():
        place = (*path, "require", fact)
        if fact.startswith("program.") and fact in FACTS:
            document.problem(place, f"'{fact}' does not depend on the learner; put it under 'when'.")
        elif rule.for_ is Moment.REGISTRATION and fact in (*STATEMENTS, "attestations", *CREDENTIALS):
            document.problem(place, f"'{fact}' is asked at conferral, not at registration. Write 'for: conferral'.")
        else:
            check_condition(document, place, fact, value, possible)
            if fact in CREDENTIALS:
                _check_codes(document, place, value)


def _check_codes(document: Document, place: Path_, value: shapes.Value) -> None:
    for text in texts(value):
        if not is_id(text):
            message = f"'{text}' is no code of a credential; one has only small letters, digits and single hyphens."
            document.problem(place, message)


def _check_moment(document: Document, path: Path_, rule: shapes.RuleShape, facts: Mapping[str, object]) -> None:
    """The records say what a declared fact is now, not what it was on the day of registration."""
    for key, asked in (("when", rule.when), ("require", rule.require)):
        for fact in asked:
            if rule.for_ is Moment.REGISTRATION and fact in facts and fact not in FACTS:
                message = f"'{fact}' is known as it is now, not as it was at registration. Write 'for: conferral'."
                document.problem((*path, key, fact), message)


def check_condition(
    document: Document, place: Path_, fact: str, value: shapes.Value, possible: Mapping[str, tuple[str, ...] | None]
) -> None:
    if fact not in possible:
        message = f"'{fact}' is not a fact that a rule can ask for. There are: {', '.join(possible)}."
        document.problem(place, message + nearest(fact, possible))
        return
    values = possible[fact]
    for text in texts(value):
        if values is not None and text not in values:
            message = f"'{text}' is not a value of '{fact}'. It is one of: {', '.join(values)}."
            document.problem(place, message + nearest(text, values))
    if not texts(value):
        document.problem(place, f"'{fact}' has no value.")


def texts(value: shapes.Value) -> list[str]:
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [value] if isinstance(value, str) else value
