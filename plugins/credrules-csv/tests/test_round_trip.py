"""Whatever records there are: written as CSV and read back they are the same, in whatever order the rows stand."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from credrules import (
    Activity,
    Admission,
    AdmissionKind,
    Affiliation,
    Attempt,
    Basis,
    Course,
    CredentialHeld,
    CredentialStatus,
    Hold,
    Learner,
    Milestone,
    MilestoneStatus,
    Origin,
    Privacy,
    ProgramEnrolment,
    Record,
    RecordsError,
    Registration,
    Repeat,
    Term,
)
from credrules_csv import CsvRecords
from credrules_csv.layouts import LAYOUTS

if TYPE_CHECKING:
    from random import Random

Tables = dict[str, list[list[str]]]
"""By the file's name: its header and its rows."""

DAYS = st.dates(date(1950, 1, 1), date(2090, 12, 31))
CREDITS = st.decimals(0, 99, places=3)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12).map(
    lambda text: text.strip() or "x"
)
KEYS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
WORDS = st.frozensets(st.sampled_from(["online", "lab", "project", "größer, als"]), max_size=3)
TERMS = [
    Term(date(2025, 8, 25), date(2025, 12, 19), "0001", "fall 2025"),
    Term(date(2026, 1, 21), date(2026, 5, 15), "1", "spring; 2026"),
    Term(date(2026, 1, 21), date(2026, 5, 15), "x,y", 'the "long" one'),
]
COURSES = st.builds(Course, st.sampled_from(["STA", "CSE", "A&B"]), st.sampled_from(["1", "501", "101L"]))


def attempts(attempt_id: str) -> st.SearchStrategy[Attempt]:
    return st.builds(
        Attempt,
        attempt_id=st.just(attempt_id),
        course=COURSES,
        term=st.none() | st.sampled_from(TERMS),
        title=st.none() | TEXT,
        level=st.none() | TEXT,
        origin=st.sampled_from(Origin),
        registration=st.sampled_from(Registration),
        registered_on=st.none() | DAYS,
        grade=st.none() | TEXT,
        basis=st.none() | st.sampled_from(Basis),
        graded_on=st.none() | DAYS,
        lapses_to=st.none() | TEXT,
        lapses_on=st.none() | DAYS,
        credits_attempted=st.none() | CREDITS,
        credits_earned=st.none() | CREDITS,
        repeat=st.sampled_from(Repeat),
        attributes=WORDS,
        counts_toward=WORDS,
    )


LEARNERS = st.builds(
    Learner,
    learner_id=KEYS,
    given_name=st.none() | TEXT,
    family_name=st.none() | TEXT,
    preferred_name=st.none() | TEXT,
    email=st.none() | TEXT,
    affiliation=st.none() | st.sampled_from(Affiliation),
    privacy=st.none() | st.sampled_from(Privacy),
)
ADMISSIONS = st.builds(Admission, kind=st.sampled_from(AdmissionKind), since=DAYS, until=st.none() | DAYS)
MILESTONES = st.builds(
    Milestone,
    code=KEYS,
    status=st.none() | st.sampled_from(MilestoneStatus),
    completed_on=st.none() | DAYS,
    evidence=st.none() | TEXT,
    title=st.none() | TEXT,
)
AMOUNTS = st.none() | st.decimals(0, 100_000, places=3)


def activities(activity_id: str) -> st.SearchStrategy[Activity]:
    return st.builds(
        Activity,
        activity_id=st.just(activity_id),
        code=KEYS,
        status=st.none() | st.sampled_from(MilestoneStatus),
        category=st.none() | KEYS,
        on=st.none() | DAYS,
        hours=AMOUNTS,
        points=AMOUNTS,
        score=AMOUNTS,
    )


HOLDS = st.builds(
    Hold,
    code=KEYS,
    blocks=st.none() | st.frozensets(st.sampled_from(["conferral", "registration", "library"]), min_size=1),
    reason=st.none() | TEXT,
    since=st.none() | DAYS,
    until=st.none() | DAYS,
)
CREDENTIALS = st.builds(
    CredentialHeld,
    code=KEYS,
    status=st.none() | st.sampled_from(CredentialStatus),
    earned_on=st.none() | DAYS,
    expires_on=st.none() | DAYS,
)
ENROLMENTS = st.builds(ProgramEnrolment, program=KEYS, since=st.none() | DAYS, until=st.none() | DAYS)


@st.composite
def campuses(draw: st.DrawFn) -> list[Record]:
    """Some learners with everything that the files can say of them."""
    learners = draw(st.lists(LEARNERS, min_size=1, max_size=4, unique_by=lambda learner: learner.learner_id))
    ids = draw(st.lists(KEYS, max_size=6, unique=True))
    parts = {
        "admissions": ADMISSIONS,
        "milestones": MILESTONES,
        "holds": HOLDS,
        "credentials": CREDENTIALS,
        "enrolments": ENROLMENTS,
    }
    there = {name for name in parts if draw(st.booleans())}
    active = draw(st.booleans())
    records = []
    for number, learner in enumerate(learners):
        own = [draw(attempts(one)) for one in ids[number :: len(learners)]]
        rest = {name: tuple(draw(st.lists(parts[name], max_size=2))) for name in sorted(there)}
        done = tuple(draw(activities(one)) for one in ids[number :: len(learners)]) if active else None
        records.append(Record(learner=learner, attempts=tuple(own), activities=done, **rest))
    return records


def tables(records: list[Record]) -> Tables:
    """The records as an office would export them; of the parts that they do not have there is no file."""
    found: Tables = {"terms.csv": [cells(term, "term_id", "title", "starts", "ends") for term in TERMS]}
    found |= {"learners.csv": [], "attempts.csv": []}
    for record in records:
        learner_id = record.learner.learner_id
        for layout in LAYOUTS:
            if layout.name == "learners.csv":
                found[layout.name].append(cells(record.learner, *layout.columns))
            elif layout.name != "terms.csv" and (part := getattr(record, layout.table)) is not None:
                rows = found.setdefault(layout.name, [])
                rows += [cells(one, *layout.columns, learner_id=learner_id) for one in part]
    for layout in LAYOUTS:
        if layout.name in found:
            found[layout.name].insert(0, list(layout.columns))
    return found


def cells(thing: Any, *columns: str, **given_: str) -> list[str]:
    return [given_[name] if name in given_ else cell(thing, name) for name in columns]


def cell(thing: Any, column: str) -> str:
    if column == "term_id" and isinstance(thing, Attempt):
        return thing.term.term_id if thing.term else ""
    value = getattr(thing, column)
    if value is None:
        return ""
    return ";".join(sorted(value)) if isinstance(value, frozenset) else str(value)


def write(folder: Path, found: Tables, separator: str = ",") -> None:
    for name, rows in found.items():
        text = io.StringIO()
        csv.writer(text, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
        folder.joinpath(name).write_text(text.getvalue(), encoding="utf-8", newline="")


def read(found: Tables, separator: str = ",", size: int = 500) -> list[Record]:
    with TemporaryDirectory() as folder:
        write(Path(folder), found, separator)
        batches = list(CsvRecords(Path(folder)).batches(size=size))
    assert [one for batch in batches for one in batch.set_aside] == []
    return [record for batch in batches for record in batch.records]


def comparable(records: list[Record]) -> list[Record]:
    """The records in learner order, their parts in one order, without the lines where they stood."""
    return [
        replace(
            record,
            attempts=tuple(sorted((replace(one, source="") for one in record.attempts), key=by_term)),
            activities=unlined(record.activities),
            **{
                name: None if (part := getattr(record, name)) is None else tuple(sorted(part, key=repr))
                for name in ("admissions", "milestones", "credentials", "holds", "enrolments")
            },
        )
        for record in sorted(records, key=lambda record: record.learner.learner_id)
    ]


def unlined(done: tuple[Activity, ...] | None) -> tuple[Activity, ...] | None:
    """In one order, without the lines where they stood."""
    return None if done is None else tuple(sorted((replace(one, source="") for one in done), key=repr))


def by_term(attempt: Attempt) -> tuple[object, ...]:
    return attempt.term is None, attempt.term.starts if attempt.term else 0, attempt.course, attempt.attempt_id


@settings(max_examples=40, deadline=None)
@given(campuses(), st.sampled_from(",;\t"), st.integers(1, 3))
def test_records_written_as_csv_are_read_back_as_they_were(records, separator, size):
    found = read(tables(records), separator, size)

    assert comparable(found) == comparable(records)
    assert [record.learner.learner_id for record in found] == sorted(record.learner.learner_id for record in records)
    for record in found:
        assert list(record.attempts) == sorted(record.attempts, key=by_term)


@settings(max_examples=40, deadline=None)
@given(campuses(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_of_columns_does_not_matter(records, random):
    found = tables(records)
    before = read(found)

    after = read({name: shuffled(rows, random) for name, rows in found.items()})

    without_lines = [
        [
            replace(
                record,
                attempts=tuple(replace(one, source="") for one in record.attempts),
                activities=unlined(record.activities),
            )
            for record in one
        ]
        for one in (before, after)
    ]
    assert without_lines[0] == without_lines[1]


def shuffled(rows: list[list[str]], random: Random) -> list[list[str]]:
    header, *body = rows
    random.shuffle(body)
    columns = list(range(len(header)))
    random.shuffle(columns)
    return [[row[column] for column in columns] for row in (header, *body)]


@settings(max_examples=60, deadline=None)
@given(campuses(), st.data())
def test_whatever_stands_in_the_cells_every_learner_is_read_or_set_aside_and_no_name_is_told(records, data):
    name = "Xenokleidaxq"
    records = [
        replace(record, learner=replace(record.learner, family_name=name, email=f"{name}@u.example"))
        for record in records
    ]
    found = tables(records)
    for rows in (rows for file, rows in found.items() if file != "terms.csv"):  # terms are nobody's
        for row in rows[1:]:
            if data.draw(st.booleans()):
                place = data.draw(st.integers(0, len(row) - 1))
                row[place] = data.draw(TEXT | st.sampled_from(["", "0", name, f"{name}, A.", "2026-02-31", "-1"]))
    learners = found["learners.csv"][0].index("learner_id")
    everybody = {row[learners] for row in found["learners.csv"][1:]}
    with TemporaryDirectory() as folder:
        write(Path(folder), found)
        try:
            batches = list(CsvRecords(Path(folder)).batches(size=2))
        except RecordsError as refused:
            text = str(refused)
            everybody = set()
        else:
            text = "\n".join(str(problem) for batch in batches for one in batch.set_aside for problem in one.problems)
            read_ = [record.learner.learner_id for batch in batches for record in batch.records]
            aside = [one.learner_id for batch in batches for one in batch.set_aside]
            assert len(read_ + aside) == len({*read_, *aside})
            assert everybody <= {*read_, *aside}
            assert all(len(batch.records) + len(batch.set_aside) <= 2 for batch in batches)
            assert all(one.problems for batch in batches for one in batch.set_aside)
    if name not in everybody:  # where a name stands as an id it is the id
        assert name.casefold() not in text.casefold()


def test_credits_are_exact(tmp_path: Path):
    attempt = Attempt(attempt_id="1", course=Course("STA", "501"), credits_earned=Decimal("1.333"))

    (record,) = read(tables([Record(learner=Learner(learner_id="1"), attempts=(attempt,))]))

    assert record.attempts[0].credits_earned == Decimal("1.333")
