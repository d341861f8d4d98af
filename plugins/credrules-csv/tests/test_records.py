"""What the files mean: parts, blanks, order, batches, capabilities."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from credrules import (
    Activity,
    Admission,
    AdmissionKind,
    Affiliation,
    Basis,
    Capabilities,
    Course,
    Hold,
    Knows,
    Milestone,
    MilestoneStatus,
    Origin,
    Privacy,
    ProgramEnrolment,
    RecordsError,
    Registration,
    Repeat,
    Section,
    StudentRecords,
    Term,
)
from credrules.plugins import Plugins
from credrules.records import record_faults
from credrules.scaffold import scaffold
from credrules_csv import CsvRecords
from credrules_csv.layouts import ALL

FALL = Term(date(2025, 8, 25), date(2025, 12, 19), "2259", "fall 2025")


def test_a_row_of_attempts_becomes_an_attempt_that_says_where_it_stood(campus):
    attempt, _ = campus.records()["0001"].attempts

    assert attempt.attempt_id == "A1"
    assert attempt.course == Course("STA", "501")
    assert attempt.term == FALL
    assert attempt.grade == "A-"
    assert attempt.credits_earned == Decimal(3)
    assert attempt.registered_on == date(2025, 8, 11)
    assert attempt.source == "attempts.csv:2"


def test_a_learner_keeps_the_zeros_at_the_front_of_an_id_and_everything_else_in_learners(campus):
    learner = campus.records()["0002"].learner

    assert (learner.given_name, learner.family_name, learner.email) == ("Bao", "Nguyen", "bao@work.example")
    assert (learner.affiliation, learner.privacy) == (Affiliation.OUTSIDE, Privacy.RESTRICTED)
    assert learner.preferred_name is None


def test_a_blank_cell_is_unknown_and_a_blank_grade_is_no_fault(campus):
    _, attempt = campus.records()["0001"].attempts

    assert (attempt.grade, attempt.credits_earned, attempt.registered_on) == (None, None, None)


def test_a_file_that_is_not_there_is_a_part_that_nobody_can_tell(campus):
    record = campus.records()["0001"]

    assert (record.admissions, record.milestones, record.holds, record.enrolments) == (None, None, None, None)


def test_a_file_that_is_there_says_that_a_learner_without_rows_has_none(campus):
    campus.write("admissions.csv", "learner_id,kind,since,until\n0002,non-degree,2025-07-01,\n")
    campus.write("milestones.csv", "learner_id,code,status\n0002,capstone,in-progress\n")
    campus.write("holds.csv", "learner_id,code,blocks\n0002,LIB,conferral; Registration\n")
    campus.write("enrolments.csv", "learner_id,program\n0002,data-analytics\n")

    records = campus.records()

    nobody = records["0001"]
    assert (nobody.admissions, nobody.milestones, nobody.holds, nobody.enrolments) == ((), (), (), ())
    assert records["0002"].admissions == (Admission(kind=AdmissionKind.NON_DEGREE, since=date(2025, 7, 1)),)
    assert records["0002"].milestones == (Milestone(code="capstone", status=MilestoneStatus.IN_PROGRESS),)
    assert records["0002"].holds == (Hold(code="LIB", blocks=frozenset({"conferral", "registration"})),)
    assert records["0002"].enrolments == (ProgramEnrolment(program="data-analytics"),)


def test_work_that_is_no_course_comes_with_its_day_and_its_exact_amounts(campus):
    campus.write(
        "activities.csv",
        "activity_id,learner_id,code,status,category,on,hours,points,score\n"
        "V1,0001,service,complete,community,2026-03-14,6.125,,\n"
        "V2,0001,final-exam,,,,,,\n",
    )

    record = campus.records()["0001"]

    assert record.activities == (
        Activity(
            activity_id="V1",
            code="service",
            status=MilestoneStatus.COMPLETE,
            category="community",
            on=date(2026, 3, 14),
            hours=Decimal("6.125"),
            source="activities.csv:2",
        ),
        Activity(activity_id="V2", code="final-exam", status=None, source="activities.csv:3"),
    )
    assert campus.records()["0002"].activities == ()


def test_a_hold_whose_blocks_are_blank_may_block_anything(campus):
    campus.write("holds.csv", "learner_id,code,blocks\n0001,LIB,\n")

    assert campus.records()["0001"].holds == (Hold(code="LIB", blocks=None),)


def test_columns_that_are_not_there_have_stated_meanings(campus):
    attempt = campus.records()["0001"].attempts[0]

    assert attempt.origin is Origin.INSTITUTION
    assert attempt.registration is Registration.ENROLLED
    assert attempt.repeat is Repeat.INCLUDE
    assert (attempt.basis, attempt.level, attempt.attributes, attempt.credits_attempted) == (None, None, None, None)


def test_blank_cells_of_registration_repeat_and_attributes_have_stated_meanings(campus):
    campus.write(
        "attempts.csv",
        "attempt_id,learner_id,course,grade,registration,repeat,attributes,basis\n"
        "A1,0001,STA 501,A,,,,\n"
        "A2,0001,STA 502,A,Dropped,AVERAGE-ONLY,online; lab ;,Pass-Fail\n",
    )

    first, second = campus.records()["0001"].attempts

    assert (first.registration, first.repeat) == (Registration.ENROLLED, Repeat.INCLUDE)
    assert (first.attributes, first.basis) == (frozenset(), None)
    assert (second.registration, second.repeat) == (Registration.DROPPED, Repeat.AVERAGE_ONLY)
    assert (second.attributes, second.basis) == (frozenset({"online", "lab"}), Basis.PASS_FAIL)


def test_attempts_stand_by_term_then_course_then_id_and_those_without_a_term_last(campus):
    campus.write(
        "attempts.csv",
        "attempt_id,learner_id,course,term_id,grade\n"
        "Z,0001,STA 501,,A\n"
        "B,0001,STA 501,2261,A\n"
        "D,0001,STA 502,2259,A\n"
        "C,0001,STA 501,2259,A\n"
        "A,0001,STA 502,2259,A\n",
    )

    assert [attempt.attempt_id for attempt in campus.records()["0001"].attempts] == ["C", "A", "D", "B", "Z"]


def test_the_capabilities_are_what_the_headers_promise(campus):
    assert campus.source.capabilities == Capabilities(
        credits=Knows.PARTIAL,
        registration_dates=Knows.PARTIAL,
        affiliation=Knows.PARTIAL,
        privacy=Knows.PARTIAL,
    )


@pytest.mark.parametrize(
    ("name", "columns", "capability"),
    [
        ("attempts.csv", "attempt_id,learner_id,course,grade,basis", "grading_basis"),
        ("attempts.csv", "attempt_id,learner_id,course,grade,level", "levels"),
        ("attempts.csv", "attempt_id,learner_id,course,grade,attributes", "attributes"),
        ("attempts.csv", "attempt_id,learner_id,course,grade,counts_toward", "counts_toward"),
        ("attempts.csv", "attempt_id,learner_id,course,grade,origin", "origins"),
        ("attempts.csv", "attempt_id,learner_id,course,grade,credits_earned", "credits"),
        ("admissions.csv", "learner_id,kind,since", "admissions"),
        ("milestones.csv", "learner_id,code,status", "milestones"),
        ("activities.csv", "activity_id,learner_id,code,status", "activities"),
        ("credentials.csv", "learner_id,code", "credentials"),
        ("holds.csv", "learner_id,code,blocks", "holds"),
        ("enrolments.csv", "learner_id,program", "enrolments"),
    ],
)
def test_a_file_or_column_makes_its_capability(campus, name, columns, capability):
    campus.write("learners.csv", "learner_id\n0001\n")
    campus.write("attempts.csv", "attempt_id,learner_id,course,grade\n")
    assert campus.source.capabilities.lacking() == frozenset(Capabilities.__dataclass_fields__) - {"grades"}

    campus.write(name, f"{columns}\n")

    known = frozenset(Capabilities.__dataclass_fields__) - campus.source.capabilities.lacking()
    assert known == {"grades", capability}


def test_the_capabilities_of_a_folder_that_cannot_be_read_are_an_error_with_every_reason(campus):
    campus.write("terms.csv", "term_id,title,starts\n")
    campus.folder.joinpath("learners.csv").unlink()

    with pytest.raises(RecordsError) as refused:
        _ = campus.source.capabilities

    assert [problem.where for problem in refused.value.problems] == ["learners.csv", "terms.csv"]


def test_learners_come_in_the_order_of_their_ids_in_batches_of_at_most_the_size(campus):
    campus.write("learners.csv", "learner_id\n10\n9\né\na\nB\n")
    campus.write("attempts.csv", "attempt_id,learner_id,course,grade\nA1,b,STA 501,A\n")

    batches = list(campus.source.batches(size=2))

    ids = [
        sorted([r.learner.learner_id for r in batch.records] + [one.learner_id for one in batch.set_aside])
        for batch in batches
    ]
    assert ids == [["10", "9"], ["B", "a"], ["b", "é"]]
    assert campus.source.count() == 5


def test_only_those_named_are_read_and_a_name_that_nobody_has_is_nobody(campus):
    named = list(campus.source.batches(learners={"0002", "9999"}))

    assert [record.learner.learner_id for batch in named for record in batch.records] == ["0002"]
    assert [one for batch in named for one in batch.set_aside] == []
    assert list(campus.source.batches(learners=[])) == []


def test_a_learner_is_judged_the_same_alone_and_among_all(campus):
    campus.add("attempts.csv", "A1,0002,STA 502,2261,A,3,")

    (alone,) = campus.source.batches(learners=["0002"])
    (everybody,) = campus.source.batches()

    assert alone.set_aside == everybody.set_aside[1:]
    assert [one.learner_id for one in alone.set_aside] == ["0002"]


def test_the_folder_is_read_anew_at_every_call(campus):
    source = campus.source
    (before,) = source.batches(learners=["0001"])
    campus.change("attempts.csv", "A2,0001,STA 502,2261,,,", "A2,0001,STA 502,2261,B,3,")

    (after,) = source.batches(learners=["0001"])

    assert [attempt.grade for attempt in before.records[0].attempts] == ["A-", None]
    assert [attempt.grade for attempt in after.records[0].attempts] == ["A-", "B"]


def test_a_reading_that_is_broken_off_leaves_nothing_open(campus):
    reading = campus.source.batches(size=1)
    next(reading)
    reading.close()  # an unclosed database is a warning, and warnings are errors in these tests

    assert len(campus.records()) == 2


def test_a_batch_of_nobody_is_refused(campus):
    with pytest.raises(ValueError, match="at least one"):
        list(campus.source.batches(size=0))


def test_names_and_addresses_are_in_no_repr(campus):
    text = repr(campus.records())

    assert not [word for word in ("Ada", "Lovelace", "Nguyen", "ada@") if word in text]


def test_the_settings_name_the_folder_from_where_they_stand(campus):
    section = Section("records", "csv", {"folder": "."}, where=str(campus.folder / "credrules.toml"))

    records = Plugins().records(section)

    assert isinstance(records, StudentRecords)
    assert records.name == "csv"
    assert records.count() == 2


def test_a_new_installation_gets_records_that_can_be_read(tmp_path: Path):
    scaffold(tmp_path, Plugins().scaffold_parts())
    source = CsvRecords(tmp_path / "records")

    (batch,) = source.batches()

    assert source.capabilities.lacking() == frozenset()
    assert batch.set_aside == ()
    assert len(batch.records) == source.count() == 7
    assert [fault for record in batch.records for fault in record_faults(record)] == []


def test_the_examples_in_the_readme_are_read_without_a_fault(campus):
    readme = Path(__file__).parents[1].joinpath("README.md").read_text(encoding="utf-8")
    examples = dict(re.findall(r"### (\S+\.csv).*?```csv\n(.*?)```", readme, re.DOTALL))
    for name, text in examples.items():
        campus.write(name, text)

    assert list(examples) == [layout.name for layout in ALL]
    assert list(campus.records()) == ["50010001", "50010002", "50010004"]
    assert campus.source.capabilities.lacking() == frozenset()
