"""What productions say of one attempt: whether it counts, what its grade is worth, and where it belongs."""

from __future__ import annotations

import itertools
import unicodedata
import zlib
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from credrules.decisions import Outcome
from credrules.engines.durable_driver import Fact, Production, Test
from credrules.plan import Kind
from credrules.records import Repeat
from credrules.rules import Repeats
from credrules.standing import FINAL, Stage

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from credrules.plan import Node
    from credrules.records import Attempt, Course, Record
    from credrules.rules import Counting, Selection
    from credrules.standing import Standing
    from credrules.windows import Window

MET, AWAITING, PENDING, UNDETERMINED, UNMET = sorted(Outcome, reverse=True)
ABOVE_UNMET = (UNDETERMINED, PENDING, AWAITING, MET)
BUCKETS = 64
"""Derived facts and courses are filed under a small number first, so that no place in the network is crowded."""

_STAGES = {
    Stage.GRADED: "graded",
    Stage.PASSED: "passed",
    Stage.FAILED: "failed",
    Stage.IN_PROGRESS: "open",
    Stage.INCOMPLETE: "open",
    Stage.NOT_REPORTED: "unknown",
    Stage.UNREADABLE: "unknown",
}
UNKNOWN = "?"
OTHER = "-"  # a code or a category of which no rule speaks


@dataclass(frozen=True, slots=True)
class Meaning:
    """What it means that a production fired: a label on the fact that fired it, or a node at an outcome."""

    label: tuple[object, ...] = ()
    node: int = -1
    outcome: Outcome = UNMET


@dataclass(slots=True)
class Rules:
    """Productions under construction; equal conditions are one production with several meanings."""

    productions: list[Production] = field(default_factory=list)
    meanings: list[list[Meaning]] = field(default_factory=list)
    _numbers: dict[Production, int] = field(default_factory=dict)

    def when(self, *tests: tuple[str, str, int | str], count: int = 1, meaning: Meaning) -> None:
        production = Production(tuple(Test(*test) for test in tests), count)
        number = self._numbers.get(production)
        if number is None:
            number = self._numbers[production] = len(self.productions)
            self.productions.append(production)
            self.meanings.append([])
        if meaning not in self.meanings[number]:
            self.meanings[number].append(meaning)


@dataclass(frozen=True, slots=True)
class Known:
    """The course that an attempt is one at, with the codes that it may go by and those that it surely does."""

    course: Course
    names: frozenset[Course]
    surely: frozenset[Course]
    torn: bool = False  # whether it repeats a course of another code cannot be told


class Asked(NamedTuple):
    """The labels that say what an attempt is worth under one way of counting."""

    sure: object
    unsure: object
    unknown: object
    open: object
    passed: object
    enough: object
    perhaps: object


class AttemptRules:
    """The productions about attempts, for these ways of counting and these selections, and the facts that they read."""

    def __init__(self, countings: Collection[Counting], selections: Sequence[Selection]) -> None:
        self.countings = sorted(countings, key=_in_order)
        self.selections = selections
        self.graded_levels = sorted({text_of(one.level) for counting in self.countings for one in counting.by_level})
        self.marks = _Marks(selections)
        self.asked = {counting: _asked(number, counting) for number, counting in enumerate(self.countings)}

    def write(self, rules: Rules, only: Course | None = None) -> None:
        """Add the productions; where they are for attempts at one course `only`, without those that it cannot fire."""
        self._write_counting(rules)
        for selection in self.selections:
            self._write_selection(rules, selection, only)

    def _write_counting(self, rules: Rules) -> None:
        """Eligible under a way of counting; at least its grade; passed without points; under way; unknown."""
        for number, counting in enumerate(self.countings):
            known = [f"{origin}|{basis}" for origin in counting.origins for basis in counting.bases]
            unknown = [f"{origin}|{UNKNOWN}" for origin in counting.origins]
            sure, unsure = (Meaning(("eligible", number, whether)) for whether in (True, False))
            for pair in sorted(known):
                rules.when(("ob", "==", pair), ("repeat", "==", Repeat.INCLUDE.value), meaning=sure)
            for pair in sorted(known + unknown):
                rules.when(("ob", "==", pair), ("repeat", "==", UNKNOWN), meaning=unsure)
            for pair in sorted(unknown):
                rules.when(("ob", "==", pair), ("repeat", "==", Repeat.INCLUDE.value), meaning=unsure)
            self._write_grades(rules, counting)
        for stage in ("passed", "open", "unknown"):
            rules.when(("stage", "==", stage), meaning=Meaning((stage,)))

    def _write_grades(self, rules: Rules, counting: Counting) -> None:
        """A grade that is enough at each level; and where the level is unknown, at all of them, or at one."""
        enough, perhaps = (Meaning((name, counting.minimum, counting.by_level)) for name in ("passes", "may pass"))
        if not counting.by_level:
            rules.when(("stage", "==", "graded"), ("grade", ">=", counting.minimum), meaning=enough)
            return
        least = {text_of(one.level): one.points for one in counting.by_level}
        every = [*least.values(), counting.minimum]
        for level in (*self.graded_levels, OTHER):
            bar = least.get(level, counting.minimum)
            rules.when(("tier", "==", level), ("grade", ">=", bar), meaning=enough)
        rules.when(("tier", "==", UNKNOWN), ("grade", ">=", max(every)), meaning=enough)
        rules.when(("tier", "==", UNKNOWN), ("grade", ">=", min(every)), meaning=perhaps)

    def _write_selection(self, rules: Rules, selection: Selection, only: Course | None) -> None:
        """Which attempts belong to a selection: by a course, or by subject, number, level and marks."""
        if selection.courses:
            for course in sorted(selection.courses if only is None else selection.courses & {only}):
                meaning = Meaning(("course", course.code))
                rules.when(("cb", "==", bucket(course.code)), ("course", "==", course.code), meaning=meaning)
            return
        subjects = selection.subjects if only is None else selection.subjects & {only.subject}
        if selection.subjects and not subjects:
            return
        numbers: list[tuple[str, str, int | str]] = []
        if selection.low is not None and selection.high is not None:
            numbers = [("number", ">=", selection.low), ("number", "<=", selection.high)]
        parts: list[list[list[tuple[str, str, int | str]]]] = [
            [[("subject", "==", subject)] for subject in sorted(subjects)],
            [[("level", "==", level)] for level in (*sorted(selection.levels), UNKNOWN) if selection.levels],
            [[("origin", "==", origin.value)] for origin in sorted(selection.origins)],
            [[("basis", "==", str(basis))] for basis in (*sorted(selection.bases), UNKNOWN) if selection.bases],
            self.marks.tests(selection),
        ]
        for chosen in itertools.product(*(part or [[]] for part in parts)):
            tests = [test for part in chosen for test in part]
            unsure = any(value == UNKNOWN or (name == "marked" and value == 0) for name, _, value in tests)
            rules.when(("kind", "==", "attempt"), *tests, *numbers, meaning=Meaning(("filter", selection, not unsure)))

    def fact(self, standing: Standing, known: Known, record: Record, as_of: date) -> Fact:
        """An attempt as the productions see it."""
        attempt = standing.attempt
        fact: Fact = {
            "kind": "attempt",
            "ob": f"{attempt.origin}|{attempt.basis or UNKNOWN}",
            "repeat": attempt.repeat.value if attempt.repeat else UNKNOWN,
            "stage": _STAGES[standing.stage],
            "cb": bucket(attempt.course.code),
            "course": attempt.course.code,
            "subject": attempt.course.subject,
            "number": attempt.course.numeric,
            "level": text_of(attempt.level) if attempt.level is not None else UNKNOWN,
            "origin": attempt.origin.value,
            "basis": attempt.basis.value if attempt.basis else UNKNOWN,
            **self.marks.facts(attempt, known, record, as_of),
        }
        if standing.points is not None:
            fact["grade"] = standing.points
            level = str(fact["level"])
            fact["tier"] = level if level in (UNKNOWN, *self.graded_levels) else OTHER
        return fact


def _asked(number: int, counting: Counting) -> Asked:
    asked = counting.minimum, counting.by_level
    eligible = ("eligible", number, True), ("eligible", number, False)
    return Asked(*eligible, ("unknown",), ("open",), ("passed",), ("passes", *asked), ("may pass", *asked))


def worth(labels: AbstractSet[object], asked: Asked) -> tuple[Outcome, bool] | None:
    """What an attempt is worth by the productions that fired on it, and whether it surely counts; None: barred."""
    sure = asked.sure in labels
    if not sure and asked.unsure not in labels:
        return None
    if asked.unknown in labels:
        return UNDETERMINED, sure
    if asked.open in labels:
        return PENDING, sure
    if asked.passed in labels or asked.enough in labels:
        return MET, sure
    return UNDETERMINED if asked.perhaps in labels else UNMET, sure


def as_repeated(attempts: list[tuple[Standing, Outcome]], repeats: Repeats) -> list[tuple[Standing, Outcome]]:
    """One course's attempts after the repeat policy: the displaced left out, and doubt where their order is unknown."""
    finals = [(standing, level) for standing, level in attempts if standing.stage in FINAL]
    if repeats is Repeats.BEST or not finals:
        return attempts
    sign = 1 if repeats is Repeats.LATEST else -1
    terms = {
        standing.attempt.attempt_id: (sign * term.starts.toordinal(), sign * term.ends.toordinal())
        for standing, _ in finals
        if (term := standing.attempt.term)
    }
    edge = max(terms.values(), default=None)
    standing_finals = [pair for pair in finals if terms.get(pair[0].attempt.attempt_id, edge) == edge]
    if len({level for _, level in standing_finals}) > 1:
        standing_finals = [(standing, UNDETERMINED) for standing, _ in standing_finals]
    open_ones = [pair for pair in attempts if pair[0].stage not in FINAL] if repeats is Repeats.LATEST else []
    return standing_finals + open_ones


def in_thousandths(level: Outcome, attempt: Attempt) -> int | None:
    """The credits that an attempt is, or would be, worth; None where the source does not tell."""
    amount = attempt.credits_earned if level is MET else attempt.credits_attempted
    return None if amount is None else int(amount * 1000)


def sized(node: Node, attempt: Attempt, level: Outcome, known: Known) -> tuple[Outcome, int] | None:
    """As how much an attempt counts towards a node, and at which outcome; None where it does not count."""
    if level is UNMET:
        return None
    if node.kind is Kind.CREDITS:
        thousandths = in_thousandths(level, attempt)
        if thousandths is None:
            return UNDETERMINED, node.need
        return (level, thousandths) if thousandths else None
    if node.kind is Kind.WEIGHTED:
        size, sure = weighs(node, attempt.course, known)
        return level if sure else UNDETERMINED, size
    return level, 1


class _Marks:
    """What productions cannot say of an attempt, as properties of its fact: sets, and what is excluded."""

    def __init__(self, selections: Sequence[Selection]) -> None:
        self.attributes = _numbered("x", {name for selection in selections for name in selection.attributes})
        self.toward = {
            one: f"t{at}" for at, one in enumerate(dict.fromkeys((s.toward, s.own) for s in selections if s.toward))
        }
        self.excluded = {one: f"e{at}" for at, one in enumerate(_different(s.excluded for s in selections))}
        windows = dict.fromkeys(s.completed for s in selections if s.completed)
        self.windows = {window: f"w{at}" for at, window in enumerate(windows)}

    def tests(self, selection: Selection) -> list[list[tuple[str, str, int | str]]]:
        """The alternatives in which a selection's marks are all there, or may be."""
        choices: list[list[list[tuple[str, str, int | str]]]] = []
        if selection.attributes:
            there = [(self.attributes[name], "==", 1) for name in sorted(selection.attributes)]
            choices.append([[("marked", "==", 1), *there], [("marked", "==", 0)]])
        if selection.toward:
            name = self.toward[selection.toward, selection.own]
            choices.append([[(name, "==", "yes")], [(name, "==", UNKNOWN)]])
        if selection.completed:
            name = self.windows[selection.completed]
            choices.append([[(name, "==", "yes")], [(name, "==", UNKNOWN)]])
        if selection.excluded:
            name = self.excluded[selection.excluded]
            choices.append([[(name, "==", "no")], [(name, "==", UNKNOWN)]])
        return [[test for part in chosen for test in part] for chosen in itertools.product(*choices)]

    def facts(self, attempt: Attempt, known: Known, record: Record, as_of: date) -> Fact:
        found: Fact = {"marked": 0 if attempt.attributes is None else 1}
        for name in attempt.attributes or ():
            if name in self.attributes:
                found[self.attributes[name]] = 1
        for (toward, own), name in self.toward.items():
            claimed = attempt.used_for | (attempt.counts_toward or frozenset())
            silent = attempt.counts_toward is None and toward != own
            found[name] = "yes" if not claimed.isdisjoint(toward) else UNKNOWN if silent else "no"
        for window, name in self.windows.items():
            found[name] = _in_window(window, attempt, record, as_of)
        for excluded, name in self.excluded.items():
            found[name] = "no" if known.names.isdisjoint(excluded) else UNKNOWN
            if not known.surely.isdisjoint(excluded):
                found[name] = "yes"
        return found


def _in_window(window: Window, attempt: Attempt, record: Record, as_of: date) -> str:
    if attempt.term is None:
        return UNKNOWN
    earliest = [window.since or date.min, months_on(as_of, -window.months) if window.months else date.min]
    if not max(earliest) <= attempt.term.ends <= (window.until or date.max):
        return "no"
    if not window.after_enrolment_in:
        return "yes"
    if record.enrolments is None:
        return UNKNOWN
    since = {one.since for one in record.enrolments if one.program == window.after_enrolment_in}
    if min((day for day in since if day), default=date.max) <= attempt.term.ends:
        return "yes"
    return UNKNOWN if None in since else "no"


def months_on(day: date, months: int) -> date:
    """So many months on: the same day of the month, or the last one before it where there is none."""
    number = 12 * day.year + day.month - 1 + months
    if not 12 * date.min.year <= number < 12 * (date.max.year + 1):
        return date.max if months > 0 else date.min
    first = date(number // 12, number % 12 + 1, 1)
    return next(
        there
        for there in (first + timedelta(days=ahead) for ahead in range(day.day - 1, -1, -1))
        if there.month == first.month
    )


def _numbered(letter: str, names: set[str]) -> dict[str, str]:
    return {name: f"{letter}{number}" for number, name in enumerate(sorted(names))}


SetT = TypeVar("SetT", bound="frozenset[Any]")


def _different(sets: Iterable[SetT]) -> list[SetT]:
    return [one for one in dict.fromkeys(sets) if one]


def weighs(node: Node, taken: Course, known: Known) -> tuple[int, bool]:
    """The weight of a course by the codes that it may go by, and whether those that it surely goes by give the same."""
    by_code = dict(node.weights)

    def heaviest(names: Iterable[Course]) -> int:
        return max([by_code[name] for name in names if name in by_code] or [1000])

    if taken in by_code:
        return by_code[taken], True
    sure, perhaps = heaviest(known.surely), heaviest(known.names)
    return max(sure, perhaps), sure == perhaps


def bucket(code: str) -> int:
    return zlib.crc32(code.encode()) % BUCKETS


def text_of(value: str) -> str:
    """Text that came from outside, in the one form in which the engine compares it with the rules' text."""
    return unicodedata.normalize("NFC", value)


def _in_order(counting: Counting) -> tuple[object, ...]:
    by_level = [(one.level, one.points, one.symbol) for one in counting.by_level]
    sets = sorted(counting.origins), sorted(counting.bases)
    return counting.minimum, counting.repeats, *sets, counting.minimum_symbol, by_level
