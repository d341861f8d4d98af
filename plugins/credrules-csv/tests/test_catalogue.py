"""courses.csv: the course catalogue beside the records."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from credrules import CatalogueCourse, Course, Knows, RecordsError

COURSES = """\
course,title,from,until,level,credits,attributes
STA 501,Statistical methods,2020-08-24,,graduate,3,online; writing
sta-401,,,2020-05-31,,,
"""


def faults(campus):
    with pytest.raises(RecordsError) as caught:
        campus.source.courses()
    return [str(problem) for problem in caught.value.problems]


def test_a_row_is_a_course_and_a_blank_cell_is_not_known(campus):
    campus.write("courses.csv", COURSES)

    assert campus.source.capabilities.catalogue is Knows.FULL
    assert campus.source.courses() == (
        CatalogueCourse(
            course=Course("STA", "501"),
            title="Statistical methods",
            since=date(2020, 8, 24),
            level="graduate",
            credits=Decimal(3),
            attributes=frozenset({"online", "writing"}),
        ),
        CatalogueCourse(course=Course("STA", "401"), until=date(2020, 5, 31), attributes=frozenset()),
    )


def test_without_the_column_attributes_are_not_known(campus):
    campus.write("courses.csv", "course\nSTA 501\n")

    assert campus.source.courses() == (CatalogueCourse(course=Course("STA", "501")),)


def test_without_the_file_there_is_no_catalogue(campus):
    assert campus.source.capabilities.catalogue is Knows.NONE


def test_every_fault_of_the_catalogue_is_told_at_once(campus):
    campus.write(
        "courses.csv",
        "course,from,until,credits\nStatistics,,,\n,2020-01-01,,\nSTA 501,2021-01-01,2020-01-01,\nSTA 502,1/2/2020,,3\n"
        "STA 503,,,300\nSTA 504,,,\nSTA 504,,,\n",
    )

    assert [line.partition(". ")[0] for line in faults(campus)] == [
        "courses.csv:2: course is 'Statistics'",
        "courses.csv:3: course is blank",
        "courses.csv:4: the course ends on 2020-01-01, before it begins on 2021-01-01.",
        "courses.csv:5: from is '1/2/2020'",
        "courses.csv:6: credits is '300'",
        "courses.csv:8: the row is that of line 7 again",
    ]


def test_a_file_of_nearly_that_name_is_not_passed_over(campus):
    campus.write("course.csv", COURSES)

    assert campus.source.capabilities.catalogue is Knows.FULL
    assert "is not in" in faults(campus)[0]


def test_a_fault_in_the_catalogue_keeps_nobody_from_being_read(campus):
    campus.write("courses.csv", "corse\nSTA 501\n")

    assert campus.records()
    assert faults(campus)
