"""What in a program is probably not meant: times that are over, branches and tests that add nothing, shared courses."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from credrules.errors import nearest
from credrules.findings import Finding, finding, near
from credrules.never_met import BRANCH, limit_text
from credrules.pools import Codes, admits, is_tested, pool_of, pools
from credrules.program_file import routes
from credrules.records import Course
from credrules.rules import (
    Average,
    Counted,
    CourseCount,
    CreditSum,
    Group,
    HoldsCredential,
    Measure,
    MilestoneDone,
    Selection,
    walk,
)
from credrules.wording import describe, listing, number, points_text
from credrules.work import WorkDone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credrules.pools import Claim, Pool
    from credrules.rules import Place, Program, Requirement

TOO_EARLY, NO_EFFECT, OVERLAP = "over-before-it-begins", "no-effect", "overlap"

COURSES_LISTED = 5
ORDERS = 200
"""In so many orders are the parts of one group held against those of another."""


def doubts(program: Program, codes: Codes) -> Iterator[Finding]:
    yield from _over_before(program)
    yield from _later_first(program)
    yield from _own_exclusion(program)
    yield from _empty_ranges(program)
    yield from _limits_without_effect(program, codes)
    yield from _tests_without_effect(program, codes)
    for group in walk(program.requirements):
        if isinstance(group, Group) and group.need == 1 and len(group.parts) > 1:
            yield from _needless_branches(group, codes)
    yield from overlaps(program, codes)


# times


def _over_before(program: Program) -> Iterator[Finding]:
    """Last days before the program's first: work of before may count, but whoever begins has no time left."""
    begins = f"the first day of this version is {program.effective}. Whoever begins then has no time for it"
    for place, name, selection in _selections(program):
        last = selection.completed.until if selection.completed else None
        if last and last < program.effective:
            message = f"'{name}' asks for courses completed until {last}, and {begins}. Give a later day."
            yield finding(TOO_EARLY, place, message, node=name)
    for leaf in walk(program.requirements):
        timing = leaf.timing if isinstance(leaf, MilestoneDone | WorkDone) else None
        if timing and timing.by and timing.by < program.effective:
            message = f"'{leaf.id}' has to be done by {timing.by}, and {begins}. Give a later day."
            yield finding(TOO_EARLY, leaf.place, message, node=leaf.id)


def _selections(program: Program) -> Iterator[tuple[Place, str, Selection]]:
    """Every list or filter that asks for courses; a program's limits ask for none."""
    for leaf in walk(program.requirements):
        if isinstance(leaf, CourseCount | CreditSum):
            for way in leaf.ways:
                yield leaf.place, leaf.id, way.selection
        elif isinstance(leaf, Counted):
            yield leaf.place, leaf.id, leaf.selection


def _later_first(program: Program) -> Iterator[Finding]:
    """What has to be done after something that has more time than itself."""
    by_id = {one.id: one for one in walk(program.requirements)}
    for leaf in by_id.values():
        timing = leaf.timing if isinstance(leaf, MilestoneDone | WorkDone) else None
        for name in filter(None, (timing.after, timing.since)) if timing and timing.by else ():
            first = by_id.get(name)
            before = first.timing if isinstance(first, MilestoneDone | WorkDone) else None
            if timing and timing.by and before and before.by and before.by > timing.by:
                message = (
                    f"'{leaf.id}' has to be done by {timing.by}, after '{name}', which may be done until {before.by}. "
                    f"Who takes that time is too late here. Give '{name}' an earlier day, or this one a later."
                )
                yield finding(TOO_EARLY, leaf.place, message, node=leaf.id)


# what adds nothing


def _own_exclusion(program: Program) -> Iterator[Finding]:
    if program.id in program.excludes:
        message = f"'excludes' names '{program.id}' itself: once it is awarded, it is unmet. Take it out of the list."
        yield finding(NO_EFFECT, program.place, message)


def _empty_ranges(program: Program) -> Iterator[Finding]:
    for place, name, selection in _selections(program):
        if selection.low is None or selection.high is None or not selection.subjects or not selection.excluded:
            continue
        numbers = range(selection.low, min(selection.high, selection.low + len(selection.excluded)) + 1)
        left = [
            subject
            for subject in selection.subjects
            if any(admits(selection, Course(subject, str(at))) for at in numbers)
        ]
        if not left and len(numbers) == selection.high - selection.low + 1:
            message = (
                f"'{name}' asks for {describe(selection)}, which leaves no course but those with letters behind the "
                "number. Widen 'number', or take courses out of 'except'."
            )
            yield finding(NO_EFFECT, place, message, node=name)


def _limits_without_effect(program: Program, codes: Codes) -> Iterator[Finding]:
    claims = [leaf for leaf in _claims(program) if is_tested(leaf)]
    for limit in program.limits:
        wanted = pool_of(limit.selection)
        counted = [
            leaf for leaf in claims if any(codes.may_meet(pool, wanted) and not pool.empty for pool in pools(leaf))
        ]
        graded = [
            leaf
            for leaf in counted
            if limit.below is None or any(way.counting.minimum < limit.below for way in leaf.ways)
        ]
        if not graded:
            why = "no requirement can count any of it" if not counted else "what counts has such grades at least anyway"
            message = f"the limit '{limit.id}' limits nothing: {limit_text(limit)}, and {why}. Leave it out."
            yield finding(NO_EFFECT, limit.place, message)


def _claims(program: Program) -> list[Claim]:
    return [leaf for leaf in walk(program.requirements) if isinstance(leaf, CourseCount | CreditSum)]


def _tests_without_effect(program: Program, codes: Codes) -> Iterator[Finding]:
    """Tests that whatever fills the requirements passes."""
    claims = [leaf for leaf in _claims(program) if is_tested(leaf)]
    every = [[leaf for leaf in claims if leaf in route] for route in routes(program.requirements)]
    for test in program.requirements.parts:
        if isinstance(test, Average) and claims:
            least = min(way.counting.minimum for leaf in claims for way in leaf.ways)
            if least >= test.minimum:
                message = (
                    f"'{test.id}' is always met: every course that counts has {points_text(least)} points or more, so "
                    f"their average is never below {points_text(test.minimum)}. Ask for a higher one, or leave it out."
                )
                yield finding(NO_EFFECT, test.place, message, node=test.id)
        elif isinstance(test, Counted) and test.measure is Measure.COURSES:
            surely = [sum(leaf.need for leaf in route if _surely_in(leaf, test, codes)) for route in every]
            if min(surely, default=0) >= test.need:
                message = (
                    f"'{test.id}' is always met: the requirements ask for {number(min(surely), 'course')} of that kind "
                    "anyway. Ask for more, or leave it out."
                )
                yield finding(NO_EFFECT, test.place, message, node=test.id)


def _surely_in(leaf: Claim, test: Counted, codes: Codes) -> bool:
    return isinstance(leaf, CourseCount) and all(codes.within(pool, test.selection) for pool in pools(leaf))


# branches that another branch makes needless


def _needless_branches(group: Group, codes: Codes) -> Iterator[Finding]:
    for branch in group.parts:
        for other in group.parts:
            if branch is other or not implies(branch, other, codes):
                continue
            if implies(other, branch, codes) and group.parts.index(branch) < group.parts.index(other):
                continue  # the same twice: the later one is needless
            message = (
                f"'{branch.id}' adds nothing beside '{other.id}' ({near(other.place, branch.place)}): whoever meets it "
                f"meets '{other.id}' too, and one of the two is enough. Leave it out, or correct one of them."
            )
            yield finding(BRANCH, branch.place, message, node=branch.id)
            break


def implies(one: Requirement, other: Requirement, codes: Codes) -> bool:
    """Whether whoever meets one requirement surely meets the other, with the same courses or fewer."""
    if isinstance(one, Group) and one.need < len(one.parts):
        return all(implies(part, other, codes) for part in one.parts)
    if isinstance(other, Group):
        return _implies_group(one, other, codes)
    if isinstance(one, Group):
        return any(implies(part, other, codes) for part in one.parts)
    return _implies_leaf(one, other, codes)


def _implies_group(one: Requirement, other: Group, codes: Codes) -> bool:
    if other.need == 1:
        return any(implies(one, part, codes) for part in other.parts)
    if not isinstance(one, Group) or not other.need == len(other.parts) <= len(one.parts):
        return False
    return any(
        all(implies(part, asked, codes) for part, asked in zip(chosen, other.parts, strict=True))
        for chosen in itertools.islice(itertools.permutations(one.parts, len(other.parts)), ORDERS)
    )


def _implies_leaf(one: Requirement, other: Requirement, codes: Codes) -> bool:
    match one, other:
        case (CourseCount(), CourseCount()) | (CreditSum(), CreditSum()):
            return _as_strict(one, other, codes)  # type: ignore[arg-type]  # mypy does not narrow two at once
        case MilestoneDone(), MilestoneDone():
            return (one.code, one.attested_by, one.timing) == (other.code, other.attested_by, other.timing) and (
                one.evidence or not other.evidence
            )
        case HoldsCredential(), HoldsCredential():
            return one.codes <= other.codes and (one.active or not other.active)
        case WorkDone(), WorkDone():
            return (one.work, one.timing) == (other.work, other.timing)
    return False


def _as_strict(one: Claim, other: Claim, codes: Codes) -> bool:
    """Whether every way of filling one requirement is a way of filling the other, which asks for no more."""
    if one.need < other.need or one.share_group != other.share_group:
        return False
    return all(
        any(
            way.counting.minimum >= wider.counting.minimum
            and way.counting.repeats is wider.counting.repeats
            and way.counting.origins <= wider.counting.origins
            and way.counting.bases <= wider.counting.bases
            and codes.within(pool, wider.selection)
            for wider in other.ways
        )
        for way, pool in zip(one.ways, pools(one), strict=True)
    )


# requirements that ask for the same courses


def overlaps(program: Program, codes: Codes) -> Iterator[Finding]:
    """Requirements that compete for courses, where the file does not say that this is meant: one finding each."""
    rivals: dict[Claim, dict[Claim, str]] = {}
    for earlier, later in undeclared(program):
        if common := _common(earlier, later, codes):
            rivals.setdefault(later, {})[earlier] = common
    for later, earlier_ones in rivals.items():
        yield overlap(later, earlier_ones)
    yield from _declared_for_nothing(program, codes)


def undeclared(program: Program) -> Iterator[tuple[Claim, Claim]]:
    """Pairs of requirements that claim beside each other, of which the file does not say that they overlap."""
    together, above = _together(program), _above(program)
    for earlier, later in itertools.combinations(_claims(program), 2):
        if (
            frozenset({earlier, later}) in together
            and earlier.share_group == later.share_group
            and not _declared(later, earlier, above)
        ):
            yield earlier, later


def _declared_for_nothing(program: Program, codes: Codes) -> Iterator[Finding]:
    """What `overlaps` names, and what it names without need."""
    by_id = {one.id: one for one in walk(program.requirements)}
    above = _above(program)
    for requirement in by_id.values():
        for name in sorted(requirement.overlaps):
            if name not in by_id:
                possible = [one.id for one in _claims(program) if requirement not in above[one.id]]
                message = (
                    f"'overlaps' names '{name}', which is no requirement here. "
                    f"There are: {', '.join(possible) or 'none'}.{nearest(name, possible)}"
                )
                yield finding(OVERLAP, requirement.place, message, certain=True)
            elif not _may_overlap(requirement, by_id[name], codes):
                message = (
                    f"'{requirement.id}' says that it overlaps with '{name}' "
                    f"({near(by_id[name].place, requirement.place)}), but no course can be of both. Leave it out "
                    "of 'overlaps', or correct it."
                )
                yield finding(OVERLAP, requirement.place, message, node=requirement.id)


def _may_overlap(one: Requirement, other: Requirement, codes: Codes) -> bool:
    this, that = ([leaf for leaf in walk(part) if isinstance(leaf, CourseCount | CreditSum)] for part in (one, other))
    return any(
        a is not b and a.share_group == b.share_group and codes.may_meet(pool, rival)
        for a, b in itertools.product(this, that)
        for pool, rival in itertools.product(pools(a), pools(b))
    )


def _together(program: Program) -> frozenset[frozenset[Requirement]]:
    """Pairs of requirements of which some way through the alternatives takes both."""
    return frozenset(
        frozenset(pair)
        for route in routes(program.requirements)
        for pair in itertools.combinations([one for one in route if isinstance(one, CourseCount | CreditSum)], 2)
    )


def _above(program: Program) -> Mapping[str, tuple[Requirement, ...]]:
    """By id, a requirement and the groups that it is in."""
    found: dict[str, tuple[Requirement, ...]] = {}

    def visit(requirement: Requirement, path: tuple[Requirement, ...]) -> None:
        found[requirement.id] = (*path, requirement)
        if isinstance(requirement, Group):
            for part in requirement.parts:
                visit(part, found[requirement.id])

    visit(program.requirements, ())
    return found


def _declared(one: Requirement, other: Requirement, above: Mapping[str, tuple[Requirement, ...]]) -> bool:
    """Whether either of two requirements, or a group that it is in, says that it overlaps with the other."""
    for this, that in ((one, other), (other, one)):
        named = {name for part in above[this.id] for name in part.overlaps}
        if named & {part.id for part in above[that.id]}:
            return True
    return False


def _common(one: Claim, other: Claim, codes: Codes) -> str:
    """What two requirements both ask for, as far as codes tell; '' for nothing that is sure."""
    named: set[Course] = set()
    filters = ""
    for pool, rival in itertools.product(pools(one), pools(other)):
        named |= codes.in_common(pool, rival)
        if not pool.named and not rival.named and _filters_overlap(pool, rival, codes):
            filters = filters or describe(pool.selection if codes.within(pool, rival.selection) else rival.selection)
    if named:
        return courses_text(named)
    return filters


def courses_text(courses: set[Course] | frozenset[Course]) -> str:
    names = [course.code for course in sorted(courses)]
    if len(names) > COURSES_LISTED:
        return f"{', '.join(names[:COURSES_LISTED])} and {len(names) - COURSES_LISTED} more"
    return listing(names, "and")


def _filters_overlap(pool: Pool, rival: Pool, codes: Codes) -> bool:
    """Whether two filters surely ask for the same courses: one is part of the other, or nothing but codes tells."""
    if codes.within(pool, rival.selection) or codes.within(rival, pool.selection):
        return codes.may_meet(pool, rival)
    same_marks = all(
        getattr(pool.selection, part) == getattr(rival.selection, part)
        for part in ("levels", "attributes", "toward", "completed")
    )
    return same_marks and codes.may_meet(pool, rival)


def overlap(later: Claim, rivals: Mapping[Claim, str]) -> Finding:
    """`rivals` and the courses that each of them asks for as well."""
    names = listing([f"'{one.id}' ({near(one.place, later.place)}: {what})" for one, what in rivals.items()], "and")
    ids = ", ".join(one.id for one in rivals)
    message = (
        f"'{later.id}' asks for courses that {names} can use too. A course counts once, and they are shared out so "
        f"that as much as possible is met. If that is meant, write 'overlaps: [{ids}]' here; if a course may count for "
        "both, give one of them a 'share-group'."
    )
    return finding(OVERLAP, later.place, message, node=later.id)
