"""OneRosterRecords: a service or a bundle as a source of student records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from credrules import Batch, Capabilities, Knows, Problem, RecordsError
from credrules.rows import KeyedPlaces, Reader, Rows, known_from, open_spool, read_courses, read_terms
from credrules.rows.layouts import ATTEMPTS, COURSES, LEARNERS, TERMS
from credrules_oneroster import shapes
from credrules_oneroster.attempts import PRESENT, Attempts, term_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from credrules import CatalogueCourse
    from credrules.rows import Present, Spool
    from credrules_oneroster.settings import Understanding

_PRESENT: Present = {
    LEARNERS.entity: frozenset({"learner_id", "given_name", "family_name", "preferred_name", "email"}),
    ATTEMPTS.entity: PRESENT,
    TERMS.entity: frozenset(TERMS.columns),
}
_LISTS = {TERMS.entity: shapes.SESSIONS, LEARNERS.entity: shapes.STUDENTS}


class Filler(Protocol):
    """A service or a bundle: whatever can fill a spool."""

    @property
    def place(self) -> str:
        """What messages call it."""

    def fill(self, spool: Spool) -> dict[str, str]:
        """Put in all that is needed to decide; the class of each final line item. Raises RecordsError."""

    def courses(self, spool: Spool) -> None:
        """Put in the courses alone. Raises RecordsError."""


class OneRosterRecords:
    """Student records by OneRoster, read anew at every call: lists cannot be read learner by learner, so they are
    spooled into a temporary file first."""

    def __init__(self, name: str, filler: Filler, understanding: Understanding) -> None:
        self.name = name
        self._filler = filler
        self._how = understanding

    def __repr__(self) -> str:
        return f"OneRosterRecords({self._filler!r})"

    @property
    def capabilities(self) -> Capabilities:
        """OneRoster has no credits, repeats, transfer credit, bases, levels, holds, milestones or privacy."""
        return known_from(self._present, Knows.FULL)

    @property
    def _present(self) -> Present:
        return _PRESENT | {ATTEMPTS.entity: PRESENT | self._how.said.keys()}

    def count(self) -> int | None:
        return None  # to count means to read

    def courses(self) -> tuple[CatalogueCourse, ...]:
        """The catalogue, by the codes of courses. Raises RecordsError with every problem in it."""
        problems: list[Problem] = []
        with open_spool() as spool:
            self._filler.courses(spool)
            rows = {
                (one.body["code"], one.body["title"]): COURSES.row(course=one.body["code"], title=one.body["title"])
                for one in spool.all(shapes.COURSES)
                if not one.body["gone"]
            }
        courses = read_courses(rows.values(), self._places, problems, says_attributes=False)
        if problems:
            raise RecordsError(problems)
        return courses

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        """Records in the order of learner_id, by its characters' code points."""
        if size < 1:
            raise ValueError(f"a batch holds at least one learner, not {size}")
        with open_spool() as spool:
            finals = self._filler.fill(spool)
            self._line_up(spool)
            problems: list[Problem] = []
            terms = read_terms(term_rows(spool, self._how.last_day), self._places, problems)
            if problems:
                raise RecordsError(problems)
            reader = Reader(self._present, terms, self._places)
            attempts = Attempts(spool, self._how, finals)
            for people in spool.learners(learners, size):
                yield reader.batch(self._rows(people, spool, attempts))

    def _line_up(self, spool: Spool) -> None:
        """The students by the id that the settings choose; whoever has rows but is not among the students, by hers."""
        spool.line_up(
            (one.body["id"] or one.key, one.key) for one in spool.all(shapes.STUDENTS) if not one.body["gone"]
        )
        for kind in (shapes.ENROLMENTS, shapes.RESULTS):
            strangers = (one for one in spool.owners(kind) if spool.get(shapes.STUDENTS, one) is None)
            spool.line_up([(one, one) for one in strangers])

    def _rows(self, people: list[tuple[str, list[str]]], spool: Spool, attempts: Attempts) -> Iterator[Rows]:
        for learner_id, users in people:
            rows = Rows(learner_id)
            problems = list(self._student(learner_id, users, rows, spool))
            if not problems:
                rows.of[ATTEMPTS.entity] = attempts.rows(learner_id, users[0], problems)
            rows.problems = [Problem(self._filler.place, 0, message) for message in problems]
            yield rows

    def _student(self, learner_id: str, users: list[str], rows: Rows, spool: Spool) -> Iterator[str]:
        """Put in the learner's own row; what is wrong with it."""
        if len(users) > 1:
            yield f"{len(users)} users have this id ({self._how.learner_id}), and nobody can tell whose rows are whose."
        body = spool.get(shapes.STUDENTS, users[0])
        if body is None:
            yield "has enrolments or results, but is not in the list of students."
            return
        if body["id"] is None:
            yield f"has no {self._how.learner_id}, or several. Set `learner-id` to what every student has."
        names = {"given_name": body["given"], "family_name": body["family"], "preferred_name": body["preferred"]}
        rows.of[LEARNERS.entity] = [LEARNERS.row(learner_id=learner_id, email=body["email"], **names)]

    @property
    def _places(self) -> KeyedPlaces:
        return KeyedPlaces(self._filler.place, _LISTS)
