"""Faults: what stops the reading, what sets one learner aside, and how it is said."""

from __future__ import annotations

import os

import pytest

from credrules_csv.layouts import ATTEMPTS
from credrules_csv.table import opened

# What stops the reading.


def test_every_file_is_looked_at_before_the_reading_is_given_up(campus):
    campus.folder.joinpath("learners.csv").rename(campus.folder / "learner.csv")
    campus.write("attempts.csv", "attempt_id,learner,cuorse,grade\n")
    campus.write("terms.csv", "term_id,title,starts,ends\n2259,fall 2025,25.08.2025,\n")

    assert campus.refusal() == [
        "attempts.csv:1: the column 'course' is missing. Did you mean 'cuorse'?",
        "attempts.csv:1: the column 'learner_id' is missing. Did you mean 'learner'?",
        f"learners.csv: is missing from {campus.folder}. Did you mean 'learner.csv'?",
        "terms.csv:2: ends is blank.",
        "terms.csv:2: starts is '25.08.2025'. That is a date as Excel shows it, and can be read in more than one way. "
        "Write YYYY-MM-DD, such as 2026-01-15: in Excel, give the column the format yyyy-mm-dd before you save it.",
    ]


def test_a_folder_that_is_not_there_is_named(campus):
    campus.folder = campus.folder / "nowhere"

    assert campus.refusal() == [
        f"{campus.folder}: is not a folder. "
        "Set `folder` in the table [records] of credrules.toml to the folder of CSV files."
    ]
    assert campus.source.count() is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_byte_order_mark_and_the_line_ends_of_windows_do_no_harm(campus, end):
    for path in campus.folder.iterdir():
        path.write_bytes(b"\xef\xbb\xbf" + path.read_text(encoding="utf-8").replace("\n", end).encode())

    assert list(campus.records()) == ["0001", "0002"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_files_separated_by_semicolons_or_tabs_are_read(campus, separator):
    for path in campus.folder.iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace(",", separator), encoding="utf-8")
    campus.write("holds.csv", 'learner_id;code;blocks\n0001;LIB;"conferral;registration"\n')

    record = campus.records()["0001"]

    assert [attempt.grade for attempt in record.attempts] == ["A-", None]
    assert record.holds[0].blocks == {"conferral", "registration"}


def test_a_header_that_may_be_separated_by_either_is_refused(campus):
    campus.write("learners.csv", "learner_id,x;email\n")

    assert campus.refusal() == ["learners.csv:1: the columns are separated by commas and semicolons. Use commas alone."]


def test_the_header_may_be_in_capitals_with_blanks_around_and_columns_of_the_offices_own(campus):
    campus.change("learners.csv", "learner_id,given_name", " Learner_ID ,GIVEN_NAME")
    campus.change("terms.csv", "term_id,title,starts,ends", "term_id,title,starts,ends,advisor,")
    campus.change("terms.csv", "2025-12-19", "2025-12-19,somebody,")
    campus.change("terms.csv", "2026-05-15", "2026-05-15,somebody,")

    assert list(campus.records()) == ["0001", "0002"]


def test_an_optional_column_or_file_that_is_nearly_right_is_not_passed_over(campus):
    campus.change("learners.csv", "privacy", "privcy")
    campus.write("hold.csv", "learner_id,code,blocks\n0001,LIB,conferral\n")

    assert campus.refusal() == [
        f"holds.csv: is not in {campus.folder}, but 'hold.csv' is. Rename it, or take it out of the folder.",
        "learners.csv:1: the column 'privcy' is nearly 'privacy'. Give it that name, or take it out.",
    ]


def test_a_column_that_is_there_twice_is_refused(campus):
    campus.change("attempts.csv", "registered_on", "grade")

    assert campus.refusal() == ["attempts.csv:1: the column 'grade' is there 2 times."]


@pytest.mark.parametrize("content", ["", "\n", "0001,Ada,Lovelace,,ada@university.example,home,open\n"])
def test_a_file_without_a_header_is_refused_and_what_stands_there_is_not_repeated(campus, content):
    campus.write("learners.csv", content)

    (problem,) = campus.refusal()

    assert problem.startswith("learners.csv:1: the first line must name the columns: learner_id, given_name,")
    assert "Ada" not in problem
    assert "ada@" not in problem


def test_a_file_that_is_not_utf_8_is_named_with_the_line(campus):
    campus.write("learners.csv", "learner_id,given_name\n0001,Ada\n0002,José\n".encode("latin-1"))

    assert campus.refusal() == [
        "learners.csv:3: byte 9 of the line is not UTF-8. Save the file as UTF-8; Excel calls that 'CSV UTF-8'."
    ]


def test_utf_16_is_named_as_such(campus):
    campus.write("learners.csv", "learner_id\n0001\n".encode("utf-16"))

    assert campus.refusal() == ["learners.csv:1: is UTF-16 text. Save the file as UTF-8; Excel calls that 'CSV UTF-8'."]


def test_a_nul_byte_is_named_with_its_line(campus):
    campus.write("learners.csv", b"learner_id\n0001\n00\x0002\n")

    (problem,) = campus.refusal()

    assert problem.startswith("learners.csv:3: the line has a NUL byte.")


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ('A1,0001,"STA 501,A\nA2,0001,STA 502,B\n', "2: a quote is opened in this row and never closed."),
        ('A1,0001,"STA 501,A\nA2,0001,"STA 502",B\n', "2: a quote that is opened in this row is closed in the wrong"),
        ("A1,0001,STA 501,A\n\nA2,0001,STA, 502,B\n", "4: the row has 5 cells, the header 4. The file is separated by"),
        ("A1,0001,STA 501\n", "2: the row has 3 cells, the header 4. Something is cut off or left out."),
        ("A1,,STA 501,A\n", "2: learner_id is blank, so that nobody knows whose row this is."),
        ("A1,0001,STA 501,A\rA2,0001,STA 502,B\n", "2: the row has a carriage return in the middle."),
        (f'A1,0001,STA 501,"{"x" * 140_000}"\n', "2: a cell in this row is far too long."),
        (f"A1,0001,STA 501,{'x' * 1_100_000}\n", "2: the line is longer than 1048576 bytes."),
    ],
)
def test_a_row_that_could_be_anybodys_stops_the_reading(campus, rows, problem):
    campus.write("attempts.csv", f"attempt_id,learner_id,course,grade\n{rows}")

    (found,) = campus.refusal()

    assert found.startswith(f"attempts.csv:{problem}")


def test_every_such_row_is_told_and_beyond_fifty_they_are_counted(campus):
    campus.write("attempts.csv", "attempt_id,learner_id,course,grade\n" + "A1,0001\n" * 53)

    problems = campus.refusal()

    assert len(problems) == 51
    assert problems[0] == "attempts.csv: 3 more rows have such problems."
    assert problems[-1].startswith("attempts.csv:51: ")


def test_blank_rows_and_blank_cells_beyond_the_header_are_what_spreadsheets_leave(campus):
    campus.write("terms.csv", "term_id,title,starts,ends\n,,,\n2259,fall 2025,2025-08-25,2025-12-19,,\n\n ,\n")
    campus.change("attempts.csv", "2261", "2259")

    assert len(campus.records()) == 2


def test_a_cell_may_hold_line_ends_and_lines_are_still_counted_right(campus):
    campus.write("learners.csv", 'learner_id,given_name,privacy\n0001,"Ada\nAugusta",open\n0002,Bao,closed\n')

    records, aside = campus.read()

    assert records == ["0001"]
    assert aside == {"0002": ["learners.csv:4: privacy is 'closed'. Possible: open, restricted."]}


def test_a_term_with_a_fault_touches_everybody(campus):
    campus.add("terms.csv", "2261,again,2026-01-21,2026-05-15", ",,,x", "2270,back,2026-09-01,2026-08-01")

    assert campus.refusal() == [
        "terms.csv:4: term_id '2261' is there more than once.",
        "terms.csv:5: ends is 'x'. A date is written YYYY-MM-DD, such as 2026-01-15.",
        "terms.csv:5: starts is blank.",
        "terms.csv:5: term_id is blank.",
        "terms.csv:5: title is blank.",
        "terms.csv:6: the term ends before it starts.",
    ]


def test_a_folder_or_a_pipe_in_the_place_of_a_file_is_refused_at_once(campus):
    campus.folder.joinpath("holds.csv").mkdir()
    os.mkfifo(campus.folder / "milestones.csv")

    assert campus.refusal() == ["holds.csv: is not a file.", "milestones.csv: is not a file."]


def test_a_file_that_changes_while_it_is_read_is_not_believed(campus):
    problems = []
    with opened(campus.folder, ATTEMPTS, problems) as table:
        rows = table.rows(problems)
        next(rows)
        campus.add("attempts.csv", "A4,0002,STA 502,2261,A,3,")
        list(rows)

    assert [str(problem) for problem in problems] == [
        "attempts.csv: changed while it was read. Run this again when the export is complete."
    ]


# What sets one learner aside.


def test_a_learner_is_set_aside_with_every_problem_and_the_others_are_read(campus):
    campus.write(
        "attempts.csv",
        "attempt_id,learner_id,course,term_id,grade,registration,origin,credits_attempted,credits_earned,graded_on\n"
        "A1,0001,Statistics,2295,A,enroled,institution,NaN,-3,2025-02-30\n"
        "A2,0001,STA 502,2261,A,,,3.0001,1e1,\n"
        ",0001,,2261,A,,transfer,,,\n"
        "A3,0002,STA 501,2259,B,,institution,3,3,\n",
    )
    campus.write("admissions.csv", "learner_id,kind,since,until\n0001,nondegree,,2025\n0001,,2025-01-01,\n")
    campus.write("milestones.csv", "learner_id,code,status,completed_on\n0001,,done,46037\n")
    campus.write("holds.csv", "learner_id,code,blocks,until\n0001,,conferal,soon\n")
    campus.write("enrolments.csv", "learner_id,program,since\n0001,,1/15/2026\n")
    campus.write(
        "activities.csv",
        "activity_id,learner_id,code,status,on,hours,points,score\n"
        'V1,0001,service,done,soon,"6,5",-1,1000000\n'
        "V1,0001,,complete,,,,\n",
    )

    records, aside = campus.read()

    excel = (
        "That is a date as Excel shows it, and can be read in more than one way. Write YYYY-MM-DD, such as 2026-01-15: "
        "in Excel, give the column the format yyyy-mm-dd before you save it."
    )
    credits_ = "Credits are a number from 0 to 99 with at most three decimals, such as 3 or 1.5."
    origins = "Possible: institution, transfer, exam, prior-learning, exchange, non-credit."
    day = "A date is written YYYY-MM-DD, such as 2026-01-15."
    assert records == ["0002"]
    assert list(aside) == ["0001"]
    amount = "It is a number from 0 to 100000 with at most three decimals, such as 24 or 1.5."
    assert aside["0001"] == [
        "activities.csv:2: hours is '6,5'. Write the decimals after a point, such as 1.5.",
        f"activities.csv:2: on is 'soon'. {day}",
        f"activities.csv:2: points is '-1'. {amount}",
        f"activities.csv:2: score is '1000000'. {amount}",
        "activities.csv:2: status is 'done'. Possible: complete, submitted, in-progress, failed.",
        "activities.csv:3: code is blank. Every row needs one.",
        "activities.csv:3: the activity_id of this row is that of line 2 too. Every activity needs its own.",
        "admissions.csv:2: kind is 'nondegree'. Possible: degree, non-degree. Did you mean 'non-degree'?",
        "admissions.csv:2: since is blank. Every row needs one.",
        f"admissions.csv:2: until is '2025'. {day}",
        "admissions.csv:3: kind is blank. Every row needs one. Possible: degree, non-degree.",
        "attempts.csv:2: course is 'Statistics'. A course is written as subject and number, such as STA 501.",
        f"attempts.csv:2: credits_attempted is 'NaN'. {credits_}",
        f"attempts.csv:2: credits_earned is '-3'. {credits_}",
        "attempts.csv:2: graded_on is '2025-02-30'. There is no such day.",
        "attempts.csv:2: registration is 'enroled'. "
        "Possible: enrolled, waitlisted, dropped, withdrawn, planned. Did you mean 'enrolled'?",
        "attempts.csv:2: term_id is '2295'. terms.csv has no such term. Did you mean '2259'? Add it there.",
        f"attempts.csv:3: credits_attempted is '3.0001'. {credits_}",
        f"attempts.csv:3: credits_earned is '1e1'. {credits_}",
        f"attempts.csv:3: origin is blank. Every row needs one. {origins}",
        "attempts.csv:4: attempt_id is blank. Every row needs one.",
        "attempts.csv:4: course is blank. Every row needs one.",
        "enrolments.csv:2: program is blank. Every row needs one.",
        f"enrolments.csv:2: since is '1/15/2026'. {excel}",
        "holds.csv:2: blocks is 'conferal'. Did you mean 'conferral'? "
        "What a hold blocks is written as one word each, with ; between.",
        "holds.csv:2: code is blank. Every row needs one.",
        f"holds.csv:2: until is 'soon'. {day}",
        "milestones.csv:2: code is blank. Every row needs one.",
        f"milestones.csv:2: completed_on is '46037'. {excel}",
        "milestones.csv:2: status is 'done'. Possible: complete, submitted, in-progress, failed.",
    ]


@pytest.mark.parametrize(
    "found",
    [
        "1/15/2026",
        "15.01.2026",
        "2026/01/15",
        "15-Jan-26",
        "46037",
        "2026-01-15 00:00:00",
        "2026-01-15T00:00",
        "1/5/26 0:00",
    ],
)
def test_a_date_as_excel_shows_it_is_told_as_such(campus, found):
    campus.change("attempts.csv", "2025-08-11", found)

    records, aside = campus.read()

    assert records == ["0002"]
    assert aside["0001"][0].startswith(f"attempts.csv:2: registered_on is '{found}'. That is a date as Excel shows it")


@pytest.mark.parametrize("found", ["20250811", "2025-W33-1", "2025-8-11", "11 August 2025", "２０２５-08-11"])
def test_other_ways_to_write_a_day_are_refused(campus, found):
    campus.change("attempts.csv", "2025-08-11", found)

    assert campus.read()[0] == ["0002"]


def test_decimals_after_a_comma_are_not_guessed_at(campus):
    campus.change("attempts.csv", "A-,3,", 'A-,"1,500",')

    assert campus.read()[1] == {
        "0001": ["attempts.csv:2: credits_earned is '1,500'. Write the decimals after a point, such as 1.5."]
    }


def test_an_attempt_id_that_two_learners_have_sets_both_aside(campus):
    campus.add("attempts.csv", "A1,0002,STA 502,2261,A,3,")

    records, aside = campus.read()

    assert records == []
    assert aside == {
        "0001": [
            "attempts.csv:2: the attempt_id of this row is there again in line 5. Every attempt needs an id of its own."
        ],
        "0002": [
            "attempts.csv:5: the attempt_id of this row is there again in line 2. Every attempt needs an id of its own."
        ],
    }


def test_an_attempt_id_that_one_learner_has_often_sets_only_that_learner_aside(campus):
    campus.add("attempts.csv", *("A3,0002,STA 502,2261,A,3," for _ in range(5)))

    records, aside = campus.read()

    assert records == ["0001"]
    assert len(aside["0002"]) == 6
    assert "is there again in line 5, line 6, line 7 and more." in aside["0002"][0]


def test_a_learner_who_is_there_twice_is_set_aside(campus):
    campus.add("learners.csv", "0001,Ada,King,,,,")

    records, aside = campus.read()

    assert records == ["0002"]
    assert aside == {
        "0001": ["learners.csv:4: the learner_id of this row is that of line 2 too. Keep the row that is right."]
    }


def test_rows_of_a_learner_whom_nobody_knows_set_that_id_aside(campus):
    campus.add("attempts.csv", "A4,7777,STA 501,2259,A,3,", "A5,7777,STA 502,2261,A,3,")
    campus.write("holds.csv", "learner_id,code,blocks\n7777,LIB,conferral\n")

    records, aside = campus.read()

    assert records == ["0001", "0002"]
    advice = "Add the learner there, or correct the id."
    assert aside == {
        "7777": [
            f"attempts.csv:5: learners.csv has no such learner_id (2 rows of this file). {advice}",
            f"holds.csv:2: learners.csv has no such learner_id. {advice}",
        ]
    }


def test_a_learner_whose_rows_may_stand_under_an_id_without_its_zeros_is_set_aside_too(campus):
    campus.write("holds.csv", "learner_id,code,blocks\n1,LIB,conferral\n")

    records, aside = campus.read()

    assert records == ["0002"]
    assert aside == {
        "0001": [
            "learners.csv:2: other files have rows of '1', which may be this learner's. "
            "Write the id the same everywhere."
        ],
        "1": [
            "holds.csv:2: learners.csv has no such learner_id. It has '0001': did a spreadsheet take the zeros off the "
            "front? Add the learner there, or correct the id."
        ],
    }


def test_an_id_that_cannot_be_printed_sets_the_learner_aside(campus):
    campus.write("learners.csv", 'learner_id\n0001\n"00\x1b[2J"\n')
    campus.change("attempts.csv", "0002", "0001")

    records, aside = campus.read()

    assert records == ["0001"]
    assert aside["00\x1b[2J"] == [
        "learners.csv:3: learner_id is '00�[2J'. It has a character that cannot be printed. Take it out."
    ]


# What no message says.


@pytest.mark.parametrize("slipped", ["Ada", "lovelace, a.", "ada@university.example", "someone@else.example"])
def test_a_name_or_an_address_that_slipped_into_another_column_is_not_repeated(campus, slipped):
    campus.change("attempts.csv", "2025-08-11", f'"{slipped}"')

    assert campus.read()[1] == {
        "0001": [
            "attempts.csv:2: registered_on is a text that may be personal and is not repeated here. "
            "A date is written YYYY-MM-DD, such as 2026-01-15."
        ]
    }


def test_a_long_cell_is_cut_in_a_message(campus):
    campus.change("attempts.csv", "2025-08-11", "x" * 500)

    assert f"'{'x' * 40}…'" in campus.read()[1]["0001"][0]
