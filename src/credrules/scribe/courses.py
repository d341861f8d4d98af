"""Lists of courses as the rule language has them: single courses, and filters by subject and number."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from credrules.records import Course
from credrules.scribe.report import Note, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from credrules.scribe import tree
    from credrules.scribe.source import Source

LAST_NUMBER = 99_999

MOST_PATTERNS = 100
"""Longer lists of patterns are left as they are; what then is no single filter is left to a person."""

_SUBJECT = re.compile(r"[A-Z][A-Z&]{0,9}")
_DIGITS = re.compile(r"\d{1,5}[A-Z]{0,3}")
_LEADING = re.compile(r"(\d{1,4})@+")

DROPPED = "left out of the list, which makes it stricter"


@dataclass(frozen=True, slots=True, order=True)
class Exactly:
    """One course. `counting` is what an attempt at it must be besides."""

    code: str
    counting: tuple[tuple[str, str], ...] = ()

    @property
    def subject(self) -> str:
        return self.code.partition(" ")[0]

    @property
    def numeric(self) -> int:
        course = Course.parse(self.code)
        return course.numeric if course else -1


@dataclass(frozen=True, slots=True)
class Pattern:
    """All courses of some subjects (none: of any) with numbers from `low` to `high`."""

    subjects: frozenset[str] = frozenset()
    low: int = 0
    high: int = LAST_NUMBER
    having: tuple[tuple[str, str], ...] = ()  # more of the filter, such as an attribute

    def admits(self, course: Exactly) -> bool:
        return (
            not self.having
            and (not self.subjects or course.subject in self.subjects)
            and self.low <= course.numeric <= self.high
        )

    def covers(self, other: Pattern) -> bool:
        return (
            set(self.having) <= set(other.having)
            and (not self.subjects or (bool(other.subjects) and other.subjects <= self.subjects))
            and self.low <= other.low
            and other.high <= self.high
        )

    def filter(self, excluded: Iterable[str] = ()) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.subjects:
            names = sorted(self.subjects)
            found["subject"] = names[0] if len(names) == 1 else names
        if (self.low, self.high) != (0, LAST_NUMBER) or not (self.subjects or self.having):
            found["number"] = self.low if self.low == self.high else f"{self.low}-{self.high}"
        for key, value in self.having:
            found[key] = [*found.get(key, []), value] if key == "attribute" else value
        if gone := sorted(set(excluded)):
            found["except"] = gone
        return found


@dataclass(frozen=True, slots=True)
class Picked:
    """What a list comes to."""

    exact: tuple[Exactly, ...] = ()
    patterns: tuple[Pattern, ...] = ()
    excluded: tuple[str, ...] = ()

    def covers(self, other: Picked) -> bool:
        """Whether whatever `other` admits is among these."""
        return all(one in self.exact or any(p.admits(one) for p in self.patterns) for one in other.exact) and all(
            any(mine.covers(theirs) for mine in self.patterns) for theirs in other.patterns
        )

    def among(self, subject: str) -> Picked:
        """Those of one subject."""
        return Picked(
            exact=tuple(one for one in self.exact if one.subject == subject),
            patterns=tuple(
                replace(pattern, subjects=frozenset({subject}))
                for pattern in self.patterns
                if not pattern.subjects or subject in pattern.subjects
            ),
            excluded=self.excluded,
        )

    def without(self, excluded: Iterable[str]) -> Picked:
        gone = set(excluded)
        return Picked(
            exact=tuple(one for one in self.exact if one.code not in gone),
            patterns=self.patterns,
            excluded=tuple(sorted({*self.excluded, *gone})),
        )

    @property
    def subjects(self) -> list[str] | None:
        """The subjects that the list names; None where it has courses of any."""
        if any(not pattern.subjects for pattern in self.patterns):
            return None
        named = {one.subject for one in self.exact}
        return sorted(named.union(*(pattern.subjects for pattern in self.patterns)))


@dataclass(frozen=True, slots=True)
class CourseReader:
    """Reads the lists of one block. `digits` is how long course numbers are in it."""

    source: Source
    digits: int | None

    def pick(self, courses: tree.Courses) -> tuple[Picked, list[Note]]:
        """What the list comes to, and a note for each item that had to be left out of it."""
        exact: dict[str, Exactly] = {}
        patterns: list[Pattern] = []
        notes: list[Note] = []
        for item in courses.items:
            read = self._item(item)
            if isinstance(read, str):
                text = self.source.words(item.span, 60)
                todo = "Look up which courses are meant, and add them to the list by their codes."
                notes.append(Note(item.span, Status.UNTRANSLATED, f"'{text}' is {DROPPED}: {read}", todo))
            elif isinstance(read, Exactly):
                exact.setdefault(read.code, read)
            else:
                patterns.append(read)
                notes += self._guess(item)
        merged = tuple(_merged(patterns))
        singles = tuple(exact.values())
        if len(merged) <= MOST_PATTERNS:
            singles = tuple(one for one in singles if not any(pattern.admits(one) for pattern in merged))
        return Picked(exact=singles, patterns=merged), notes

    def _guess(self, item: tree.Item) -> Iterator[Note]:
        if _LEADING.fullmatch(item.number) and self.digits is None:
            said = f"'{item.number}' is read as numbers of three digits"
            yield Note(item.span, Status.DIFFERENT, said, "Check the range of numbers.")

    def _item(self, item: tree.Item) -> Exactly | Pattern | str:
        having = _having(item.withs)
        if isinstance(having, str):
            return having
        any_subject = not item.subject.strip("@")
        if not any_subject and not _SUBJECT.fullmatch(item.subject):
            return f"'{item.subject}' is no subject that a course code can have"
        subjects = frozenset() if any_subject else frozenset({item.subject})
        ends = self._ends(item)
        if isinstance(ends, str):
            return ends
        if item.last or "@" in item.number or any_subject:
            return Pattern(subjects, *ends, having)
        counting = _as_counting(having)
        if counting is None:
            return "a single course with a condition cannot be asked for"
        return Exactly(f"{item.subject} {item.number}", counting)

    def _ends(self, item: tree.Item) -> tuple[int, int] | str:
        if item.last:
            first, last = item.number, item.last.rstrip("@") + "9" * item.last.count("@")
            if not _DIGITS.fullmatch(first) or not _DIGITS.fullmatch(last):
                return "the range is not one of plain course numbers"
            low, high = _numeric(first), _numeric(last)
            return (low, high) if low <= high else "the range ends before it begins"
        if not item.number.strip("@"):
            return 0, LAST_NUMBER
        if match := _LEADING.fullmatch(item.number):
            missing = (self.digits or 3) - len(match[1])
            if missing < 0:
                return "the pattern is longer than the course numbers of this block"
            first = match[1]
            return int(first + "0" * missing), int(first + "9" * missing)
        if _DIGITS.fullmatch(item.number):
            return _numeric(item.number), _numeric(item.number)
        return f"'{item.number}' is no course number, nor digits with @ behind them"


def usual_digits(courses: Iterable[tree.Courses]) -> int | None:
    """How many digits the course numbers of a block have; None where they differ or there are none."""
    lengths = Counter(
        len(re.sub(r"\D", "", number))
        for one in courses
        for item in one.items
        for number in (item.number, item.last)
        if _DIGITS.fullmatch(number)
    )
    return next(iter(lengths)) if len(lengths) == 1 else None


def _numeric(number: str) -> int:
    return int(re.sub(r"\D", "", number))


_ORIGINS = {
    ("dwresident", "Y"): "institution",
    ("dwresident", "N"): "transfer",
    ("dwtransfer", "Y"): "transfer",
    ("dwtransfer", "N"): "institution",
}
_BASES = {("dwpassfail", "Y"): "pass-fail", ("dwpassfail", "N"): "graded"}


def _having(withs: Iterable[tree.With]) -> tuple[tuple[str, str], ...] | str:
    found: dict[tuple[str, str], None] = {}
    for one in withs:
        if not one.conditions:
            return "its condition is not a list of comparisons that must all hold"
        for condition in one.conditions:
            asked = (condition.name, condition.value.upper())
            if condition.sign == "=" and asked in _ORIGINS:
                found[("origin", _ORIGINS[asked])] = None
            elif condition.sign == "=" and asked in _BASES:
                found[("basis", _BASES[asked])] = None
            elif condition.sign == "=" and condition.name in {"attribute", "dwattribute"} and condition.value:
                found[("attribute", condition.value)] = None
            elif condition.name == "dwterm":
                return "which days a term's code stands for is not in the block; write 'completed: { since: DAY }'"
            else:
                return f"what '{condition.name}' means is not known to credrules"
    kinds = Counter(key for key, _ in found if key != "attribute")
    if any(count > 1 for count in kinds.values()):
        return "its conditions contradict each other"
    return tuple(sorted(found))


def _as_counting(having: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...] | None:
    names = {"origin": "origins", "basis": "bases"}
    if any(key not in names for key, _ in having):
        return None
    return tuple((names[key], value) for key, value in having)


def _merged(patterns: list[Pattern]) -> list[Pattern]:
    """The same courses by as few filters as may be."""
    found = list(dict.fromkeys(patterns))
    changed = len(found) <= MOST_PATTERNS
    while changed:
        changed = False
        for at, one in enumerate(found):
            for other in found[at + 1 :]:
                joined = _joined(one, other)
                if joined:
                    found = [joined if p is one else p for p in found if p is not other]
                    changed = True
                    break
            if changed:
                break
    return found


def _joined(one: Pattern, other: Pattern) -> Pattern | None:
    if one.covers(other):
        return one
    if other.covers(one):
        return other
    if one.having != other.having:
        return None
    if (one.low, one.high) == (other.low, other.high) and one.subjects and other.subjects:
        return replace(one, subjects=one.subjects | other.subjects)
    if one.subjects == other.subjects and one.low <= other.high + 1 and other.low <= one.high + 1:
        return replace(one, low=min(one.low, other.low), high=max(one.high, other.high))
    return None
