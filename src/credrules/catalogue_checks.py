"""What rules ask of the course catalogue that it does not have.

A catalogue is held against rules by `credrules check` alone; no decision looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from credrules.adapters import CourseCatalogue, Knows
from credrules.doubtful import courses_text, overlap, overlaps, undeclared
from credrules.errors import nearest
from credrules.findings import Finding, finding
from credrules.pools import Codes, Pool, admits, pool_of, pools
from credrules.records import Origin
from credrules.rules import CourseCount, CreditSum, Selection, walk
from credrules.wording import describe, number, points_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from credrules.adapters import StudentRecords
    from credrules.catalogue import CatalogueCourse
    from credrules.pools import Claim
    from credrules.records import Course
    from credrules.rules import Limit, Program, Requirement, RuleSet

UNKNOWN, ENDED, NO_SUCH = "course-unknown", "course-ended", "no-such-course"


def catalogue_of(records: StudentRecords) -> CourseCatalogue | None:
    """The source as a catalogue, where it is one."""
    if records.capabilities.catalogue is Knows.NONE or not isinstance(records, CourseCatalogue):
        return None
    return records


def catalogue_findings(rule_set: RuleSet, courses: Iterable[CatalogueCourse]) -> list[Finding]:
    """What rules ask for that the catalogue does not have. None of it is certain: a catalogue may be incomplete."""
    listed = tuple(courses)
    codes = Codes(rule_set.equivalents)
    found: dict[tuple[object, ...], Finding] = {}
    for program in rule_set.programs:
        for one in _Checked(program, codes, listed).findings():
            found.setdefault((one.problem, one.check), replace(one, program=program.id))
    return sorted(found.values())


@dataclass(frozen=True)
class _Checked:
    """One version of a program beside the catalogue."""

    program: Program
    codes: Codes
    listed: tuple[CatalogueCourse, ...]

    def findings(self) -> Iterator[Finding]:
        askers: list[Requirement | Limit] = [*walk(self.program.requirements), *self.program.limits]
        for asker in askers:
            selections = _selections(asker)
            yield from self._names(asker, selections)
            for selection in selections:
                yield from self._none_of(asker, selection)
            if isinstance(asker, CourseCount | CreditSum):
                yield from self._too_few(asker)
        yield from self._overlaps()

    @property
    def offered(self) -> list[CatalogueCourse]:
        """What the catalogue has on the program's first day or later."""
        return [one for one in self.listed if one.until is None or one.until >= self.program.effective]

    def _names(self, asker: Requirement | Limit, selections: Sequence[Selection]) -> Iterator[Finding]:
        known = {one.course for one in self.listed}
        there = {one.course for one in self.offered}
        named = sorted({course for selection in selections for course in (*selection.courses, *selection.excluded)})
        unknown = [course for course in named if known.isdisjoint(self.codes.of([course]))]
        if unknown:
            possible = [one.code for one in there]
            meant = [f"For {course}:{hint}" for course in unknown if (hint := _nearest(course, possible))]
            if len(unknown) == 1:
                meant = [_nearest(unknown[0], possible).strip()]
            message = " ".join(
                [
                    f"'{asker.id}' names {courses_text(frozenset(unknown))}, which the catalogue does not have.",
                    *filter(None, meant),
                    "Correct the code, or list it with the new one under 'equivalents' in institution.yaml.",
                ]
            )
            yield finding(UNKNOWN, asker.place, message, node=asker.id)
        for course in named:
            if course not in unknown and there.isdisjoint(self.codes.of([course])):
                last = max(one.until for one in self.listed if one.course in self.codes.of([course]) and one.until)
                message = (
                    f"'{asker.id}' names {course}, which the catalogue has until {last}; this version is in effect "
                    f"from {self.program.effective} on. Take the course out, or list its new code under 'equivalents'."
                )
                yield finding(ENDED, asker.place, message, node=asker.id)

    def _none_of(self, asker: Requirement | Limit, selection: Selection) -> Iterator[Finding]:
        """Filters, of courses taken here, that no course of the catalogue satisfies."""
        if selection.courses or _from_elsewhere(pool_of(selection)) or not _asks_of_a_course(selection):
            return
        if not any(self.admits(one, selection) is not False for one in self.offered):
            message = (
                f"'{asker.id}' asks for {describe(selection)}, and the catalogue has no such course from "
                f"{self.program.effective} on.{self._hint(selection)} Correct the filter."
            )
            yield finding(NO_SUCH, asker.place, message, node=asker.id)

    def admits(self, one: CatalogueCourse, selection: Selection) -> bool | None:
        """Whether a course of the catalogue is one that a selection admits; None where it does not say."""
        if not any(admits(selection, code) for code in self.codes.of([one.course])):
            return False
        if selection.levels and one.level is not None and one.level not in selection.levels:
            return False
        if selection.attributes and one.attributes is not None and not selection.attributes <= one.attributes:
            return False
        unsaid = (selection.levels and one.level is None) or (selection.attributes and one.attributes is None)
        return None if unsaid or selection.toward or selection.completed else True

    def _hint(self, selection: Selection) -> str:
        """Which word of a filter no course has, and what is like it."""
        for asked, there in (
            (selection.subjects, {one.course.subject for one in self.offered}),
            (selection.levels, {one.level for one in self.offered if one.level}),
            (selection.attributes, {mark for one in self.offered for mark in one.attributes or ()}),
        ):
            for word in sorted(asked - there):
                shown = sorted(there)[:12]
                return f" None has '{word}'; there are: {', '.join(shown) or 'none'}.{nearest(word, there)}"
        return ""

    def _too_few(self, claim: Claim) -> Iterator[Finding]:
        """A filter with some courses, and not enough of them."""
        if any(_from_elsewhere(pool) or pool.named for pool in pools(claim)):
            return
        fitting = [
            one for one in self.offered if any(self.admits(one, way.selection) is not False for way in claim.ways)
        ]
        if not fitting:
            return  # said already
        courses = {one.course for one in fitting}
        if isinstance(claim, CourseCount):
            there, asked = len(self.codes.items(courses)), claim.need
            found, wanted = number(there, "such course"), number(asked, "course")
        else:
            most = {course: [one.credits for one in fitting if one.course == course] for course in courses}
            if any(credits_ is None for of in most.values() for credits_ in of):
                return
            there = int(sum(max(one for one in of if one is not None) for of in most.values()) * 1000)
            asked = claim.need
            found, wanted = f"such courses of {_credits(there)} in all", _credits(asked)
        if there < asked:
            message = (
                f"'{claim.id}' asks for {wanted}, and the catalogue has {found} from {self.program.effective} on: "
                f"{courses_text(courses)}. Widen the filter, or ask for less."
            )
            yield finding(NO_SUCH, claim.place, message, node=claim.id)

    def _overlaps(self) -> Iterator[Finding]:
        """Courses that the catalogue knows to be of two filters whose codes alone do not tell."""
        rivals: dict[Claim, dict[Claim, str]] = {}
        said = {one.node for one in overlaps(self.program, self.codes)}
        for earlier, later in undeclared(self.program):
            shared = {
                one.course
                for one in self.offered
                if all(any(self.admits(one, way.selection) for way in claim.ways) for claim in (earlier, later))
            }
            if shared and later.id not in said:
                rivals.setdefault(later, {})[earlier] = courses_text(shared)
        for later, earlier_ones in rivals.items():
            yield overlap(later, earlier_ones)


def _nearest(course: Course, possible: Collection[str]) -> str:
    """What was probably meant: two signs that changed places before anything else that is spelt much like it."""
    code = course.code
    swapped = {code[:at] + code[at + 1] + code[at] + code[at + 2 :] for at in range(len(code) - 1)}
    return nearest(code, swapped.intersection(possible)) or nearest(code, possible)


def _selections(asker: Requirement | Limit) -> list[Selection]:
    if isinstance(asker, CourseCount | CreditSum):
        return [way.selection for way in asker.ways]
    selection = getattr(asker, "selection", None)
    return [selection] if isinstance(selection, Selection) and selection != Selection() else []


def _from_elsewhere(pool: Pool) -> bool:
    """Whether a pool has only what was not taken here, of which a catalogue says nothing."""
    return Origin.INSTITUTION not in pool.origins


def _asks_of_a_course(selection: Selection) -> bool:
    """Whether a filter asks anything that a catalogue can tell."""
    return bool(selection.subjects or selection.low is not None or selection.levels or selection.attributes)


def _credits(thousandths: int) -> str:
    return f"{points_text(thousandths).removesuffix('.0')} credits"
