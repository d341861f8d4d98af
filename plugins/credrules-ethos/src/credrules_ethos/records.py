"""EthosRecords: Ethos as a source of student records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from credrules import Batch, Capabilities, Knows, Problem, RecordsError
from credrules.rest import fail
from credrules.rest_lists import shaped
from credrules.rows import KeyedPlaces, Reader, Rows, known_from, open_spool, read_courses, read_terms
from credrules.rows.layouts import ATTEMPTS, HOLDS, LEARNERS, TERMS
from credrules_ethos import shapes
from credrules_ethos.attempts import PRESENT, Attempts, course_rows, term_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from credrules import CatalogueCourse
    from credrules.rows import Item, Present, Spool
    from credrules_ethos.api import Api
    from credrules_ethos.settings import EthosSettings

_PRESENT: Present = {
    LEARNERS.entity: frozenset({"learner_id", "given_name", "family_name", "preferred_name", "email", "privacy"}),
    ATTEMPTS.entity: PRESENT,
    TERMS.entity: frozenset(TERMS.columns),
    HOLDS.entity: frozenset(HOLDS.columns),
}
_RESOURCES = {TERMS.entity: shapes.PERIODS, LEARNERS.entity: shapes.PERSONS, HOLDS.entity: shapes.HOLDS}
_MAY_BE_EMPTY = frozenset({shapes.HOLDS})


class EthosRecords:
    """Student records by Ethos, read anew at every call: resources cannot be read learner by learner, so they are
    spooled into a temporary file first."""

    name = "ethos"

    def __init__(self, api: Api, settings: EthosSettings) -> None:
        self._api = api
        self._settings = settings
        self._places = KeyedPlaces(settings.url, _RESOURCES)

    def __repr__(self) -> str:
        return f"EthosRecords({self._settings.url!r})"

    @property
    def capabilities(self) -> Capabilities:
        """Without transfer credit, admissions, milestones and credentials: they are in resources that are not read."""
        return known_from(self._present, Knows.FULL)

    @property
    def _present(self) -> Present:
        return _PRESENT | {ATTEMPTS.entity: PRESENT | ({"origin"} if self._settings.origin else set())}

    def count(self) -> int | None:
        return None  # to count means to read

    def courses(self) -> tuple[CatalogueCourse, ...]:
        """The catalogue. Raises RecordsError with every problem in it."""
        problems: list[Problem] = []
        with open_spool() as spool:
            for name in (shapes.SUBJECTS, shapes.COURSES):
                self._read(spool, name, shapes.CODES[name])
            courses = read_courses(dict.fromkeys(course_rows(spool)), self._places, problems, says_attributes=False)
        if problems:
            raise RecordsError(problems)
        return courses

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        """Records in the order of learner_id, by its characters' code points."""
        if size < 1:
            raise ValueError(f"a batch holds at least one learner, not {size}")
        with open_spool() as spool:
            self._fill(spool)
            problems: list[Problem] = []
            terms = read_terms(term_rows(spool), self._places, problems)
            if problems:
                raise RecordsError(problems)
            reader = Reader(self._present, terms, self._places)
            attempts = Attempts(spool, self._settings)
            for people in spool.learners(learners, size):
                yield reader.batch(self._rows(people, spool, attempts))

    def _fill(self, spool: Spool) -> None:
        """Whoever has a registration or a grade is a learner; of everybody else in `persons` nothing is kept."""
        for name, shape in (*shapes.CODES.items(), *shapes.OF_LEARNERS.items()):
            self._read(spool, name, shape)
        kinds = (shapes.REGISTRATIONS, shapes.GRADES)

        def learner(row: Mapping[str, Any]) -> Item | None:
            found = shapes.person(row, self._settings.learner_id, self._settings.emails)
            return found if any(spool.owns(kind, found.key) for kind in kinds) else None

        self._read(spool, shapes.PERSONS, learner)
        for kind in kinds:
            spool.line_up(((spool.get(shapes.PERSONS, one) or {}).get("id") or one, one) for one in spool.owners(kind))

    def _read(self, spool: Spool, name: str, shape: Callable[[Mapping[str, Any]], Item | None]) -> None:
        place = f"{self._settings.url}/api/{name}"
        self._api.all(name, lambda rows: spool.put(name, shaped(rows, shape, place)), lambda: spool.forget(name))
        if name not in _MAY_BE_EMPTY and not spool.count(name):
            fail(
                place,
                "answers that there is nobody and nothing (an empty list). That is mostly a right that the application "
                "was not given in Ethos; nothing is decided on it.",
            )

    def _rows(self, people: list[tuple[str, list[str]]], spool: Spool, attempts: Attempts) -> Iterator[Rows]:
        for learner_id, keys in people:
            rows = Rows(learner_id)
            problems = list(self._person(learner_id, keys, rows, spool))
            if not problems:
                rows.of[ATTEMPTS.entity] = attempts.rows(learner_id, keys[0], problems)
                rows.of[HOLDS.entity] = attempts.holds(learner_id, keys[0])
            rows.problems = [Problem(self._settings.url, 0, message) for message in problems]
            if problems:  # nothing more is said of one whose rows cannot be told apart
                rows.of.pop(LEARNERS.entity, None)
            yield rows

    def _person(self, learner_id: str, keys: list[str], rows: Rows, spool: Spool) -> Iterator[str]:
        """Put in the learner's own row; what is wrong with it."""
        if len(keys) > 1:
            yield f"{len(keys)} persons have this {self._settings.learner_id}; nobody can tell whose rows are whose."
        body = spool.get(shapes.PERSONS, keys[0])
        if body is None:
            yield "has registrations or grades, but is not among the persons."
            return
        if body["id"] is None:
            yield f"has no {self._settings.learner_id} among the credentials, or several. Set `learner-id`."
        names = {"given_name": body["given"], "family_name": body["family"], "preferred_name": body["preferred"]}
        cells = {"email": body["email"], "privacy": body["privacy"], **names}
        rows.of[LEARNERS.entity] = [LEARNERS.row(learner_id=learner_id, **cells)]
