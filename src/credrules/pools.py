"""Which attempts a requirement, a limit or a test could be about: what can be told before any record is seen.

Every answer is on the safe side of one question: `within` is True only where it is certain, `may_meet` is False only
where it is certain.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from credrules.equivalents import lists_by_course
from credrules.records import Basis, Course, Origin
from credrules.rules import CourseCount, CreditSum, Selection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from credrules.equivalents import Equivalence
    from credrules.rules import Requirement, Ways
    from credrules.windows import Window

Claim = CourseCount | CreditSum


@dataclass(frozen=True, slots=True)
class Pool:
    """Attempts of a selection, as far as their origins and grading bases may count."""

    selection: Selection
    origins: frozenset[Origin] = frozenset(Origin)
    bases: frozenset[Basis] = frozenset(Basis)

    @property
    def named(self) -> frozenset[Course]:
        return self.selection.courses

    @property
    def empty(self) -> bool:
        return not self.origins or not self.bases


def pool_of(selection: Selection) -> Pool:
    """Whatever a selection admits, wherever it was earned."""
    return Pool(selection, selection.origins or frozenset(Origin), selection.bases or frozenset(Basis))


def pool_of_way(way: Ways) -> Pool:
    """What may fill a requirement in one way: admitted, and of an origin and a basis that count."""
    admitted = pool_of(way.selection)
    return replace(admitted, origins=admitted.origins & way.counting.origins, bases=admitted.bases & way.counting.bases)


def pools(claim: Claim) -> list[Pool]:
    return [pool_of_way(way) for way in claim.ways]


def is_tested(leaf: Requirement) -> bool:
    """Whether what a requirement claims is under limits and looked at by the tests over everything that counted."""
    return isinstance(leaf, CourseCount | CreditSum) and not leaf.share_group


@dataclass(frozen=True)
class Codes:
    """The codes that a course may go by, on some day or other."""

    equivalents: tuple[Equivalence, ...] = ()
    _lists: dict[Course, tuple[Equivalence, ...]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lists", lists_by_course(self.equivalents))

    def of(self, courses: Iterable[Course]) -> frozenset[Course]:
        found: set[Course] = set()
        for course in courses:
            found.add(course)
            found.update(other for one in self._lists.get(course, ()) for other in one.courses)
        return frozenset(found)

    def items(self, courses: Iterable[Course]) -> frozenset[Course | Equivalence]:
        """What can be claimed for these courses: each once, and once for each list of codes that makes them one."""
        found: set[Course | Equivalence] = set()
        for course in courses:
            lists = self._lists.get(course, ())
            found.update(lists)
            if all(one.since or one.until for one in lists):
                found.add(course)
        return frozenset(found)

    def within(self, pool: Pool, outer: Selection) -> bool:
        """Whether every attempt of a pool is surely one of `outer`."""
        inner = pool.selection
        codes = self.of(inner.courses)
        if outer.courses and not (inner.courses and inner.courses <= outer.courses):
            return False
        if self._may_be_excluded(inner, codes, outer):
            return False
        if outer.subjects and not _all_in({code.subject for code in codes} or inner.subjects, outer.subjects):
            return False
        return (
            _numbers_within(inner, codes, outer)
            and (not outer.levels or _all_in(inner.levels, outer.levels))
            and outer.attributes <= inner.attributes
            and (not outer.origins or pool.origins <= outer.origins)
            and (not outer.bases or pool.bases <= outer.bases)
            and (not outer.toward or _all_in(inner.toward, outer.toward))
            and _window_within(inner.completed, outer.completed)
        )

    def _may_be_excluded(self, inner: Selection, codes: frozenset[Course], outer: Selection) -> bool:
        if codes:
            return not codes.isdisjoint(self.of(outer.excluded))
        return any(code not in inner.excluded and admits(inner, code) for code in self.of(outer.excluded))

    def may_meet(self, pool: Pool, other: Pool) -> bool:
        """Whether some attempt may be in both pools."""
        one, two = pool.selection, other.selection
        if not (pool.origins & other.origins and pool.bases & other.bases):
            return False
        if one.levels and two.levels and one.levels.isdisjoint(two.levels):
            return False
        if not _windows_meet(one.completed, two.completed):
            return False
        if one.courses:
            codes = self.of(one.courses)
            return any(self._may_be(code, two) for code in codes)
        if two.courses:
            return any(self._may_be(code, one) for code in self.of(two.courses))
        if one.subjects and two.subjects and one.subjects.isdisjoint(two.subjects):
            return False
        return _ranges_meet(one, two)

    def _may_be(self, code: Course, selection: Selection) -> bool:
        if selection.courses:
            return code in self.of(selection.courses)
        return admits(selection, code)

    def in_common(self, pool: Pool, other: Pool) -> frozenset[Course]:
        """The courses named by one of two pools that are surely in both, as far as a code can tell."""
        if not self.may_meet(pool, other):
            return frozenset()
        one, two = pool.selection, other.selection
        if one.courses and two.courses:
            return two.courses & self.of(one.courses)
        for named, filtered in ((one, two), (two, one)):
            if named.courses and by_code_only(filtered):
                return frozenset(code for code in named.courses if admits(filtered, code))
        return frozenset()


def admits(selection: Selection, code: Course) -> bool:
    """Whether a selection admits a course as far as its code tells."""
    if code in selection.excluded or (selection.courses and code not in selection.courses):
        return False
    if selection.subjects and code.subject not in selection.subjects:
        return False
    if selection.low is not None and code.numeric < selection.low:
        return False
    return selection.high is None or code.numeric <= selection.high


def by_code_only(selection: Selection) -> bool:
    """Whether a course's code alone tells that it may be of a selection, wherever and however it was earned."""
    return selection == Selection(
        courses=selection.courses,
        subjects=selection.subjects,
        low=selection.low,
        high=selection.high,
        excluded=selection.excluded,
        origins=selection.origins,
        bases=selection.bases,
    )


def _all_in(inner: frozenset[str] | set[str], outer: frozenset[str]) -> bool:
    return bool(inner) and inner <= outer


def _numbers_within(inner: Selection, codes: frozenset[Course], outer: Selection) -> bool:
    if outer.low is None or outer.high is None:
        return True
    if codes:
        return all(outer.low <= code.numeric <= outer.high for code in codes)
    return inner.low is not None and inner.high is not None and outer.low <= inner.low and inner.high <= outer.high


def _ranges_meet(one: Selection, two: Selection) -> bool:
    if one.low is None or two.low is None or one.high is None or two.high is None:
        return True
    return one.low <= two.high and two.low <= one.high


def _window_within(inner: Window | None, outer: Window | None) -> bool:
    if outer is None or inner == outer:
        return True
    if inner is None or outer.months or outer.after_enrolment_in:
        return False
    return (outer.since is None or (inner.since is not None and inner.since >= outer.since)) and (
        outer.until is None or (inner.until is not None and inner.until <= outer.until)
    )


def _windows_meet(one: Window | None, two: Window | None) -> bool:
    if one is None or two is None:
        return True
    return not (
        (one.since and two.until and two.until < one.since) or (two.since and one.until and one.until < two.since)
    )
