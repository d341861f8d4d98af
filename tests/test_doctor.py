"""`credrules doctor`: what is understood of the records, and what would leave a decision undetermined."""

from __future__ import annotations

import json
import shutil

import pytest
from click.testing import CliRunner

from credrules.cli import cli
from credrules.plugins import Plugins
from credrules.scaffold import scaffold


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A new installation, with the one grade that its made-up records lack."""
    folder = tmp_path_factory.mktemp("installation") / "uni"
    scaffold(folder, Plugins().scaffold_parts())
    change(folder, "attempts.csv", "2026-01-13,,graded,,,,3,,", "2026-01-13,A,graded,2026-05-18,,,3,3,")
    return folder


@pytest.fixture
def home(fresh, tmp_path):
    return shutil.copytree(fresh, tmp_path / "uni")


def change(home, name, old, new):
    path = home / "records" / name if name.endswith(".csv") else home / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def said(home, *words):
    """The exit code, and what is printed."""
    options = ["--settings", str(home / "credrules.toml")]
    result = CliRunner().invoke(cli, [*options, "doctor", "--as-of", "2026-06-01", *words], standalone_mode=False)
    if result.exception:
        raise result.exception
    return result.return_value, result.stdout


def found(home, *words):
    code, text = said(home, "--json", *words)
    return code, json.loads(text)


def troubles(document):
    return {one["code"]: one for one in document["troubles"]}


def test_records_in_order_end_with_0(home):
    code, document = found(home)

    assert (code, document["in_order"], document["troubles"]) == (0, True, [])
    assert (document["learners"], document["total"]) == (7, 7)
    assert document["counts"]["attempts"] == 14
    assert document["attempts"] == {"least": 2, "median": 2, "most": 2}


def test_attempts_are_counted_by_term_with_those_that_are_graded(home):
    _, document = found(home)

    assert [(one["term"]["title"], one["attempts"], one["graded"]) for one in document["terms"]] == [
        ("fall 2025", 7, 7),
        ("spring 2026", 7, 7),
    ]


def test_a_grade_that_the_scale_does_not_have_is_named_with_whom_it_was_given(home):
    change(home, "attempts.csv", "2026-01-13,A,graded", "2026-01-13,A**,graded")

    code, document = found(home)

    trouble = troubles(document)["grade-unreadable"]
    assert code == 1
    assert "'A**'" in trouble["cause"]
    assert "institution.yaml" in trouble["step"]
    assert trouble["examples"] == ["50010005"]


def test_a_term_that_is_over_without_a_grade_is_the_instructors_matter(home):
    change(home, "attempts.csv", "2026-01-13,A,graded,2026-05-18,,,3,3", "2026-01-13,,graded,,,,3,")

    code, document = found(home)

    assert code == 1
    assert list(troubles(document)) == ["grade-not-reported"]
    assert troubles(document)["grade-not-reported"]["cause"] == (
        "Spring 2026 is over, and grades are missing in it (1 learner)."
    )


def test_the_same_grade_missing_before_the_end_of_the_term_is_no_trouble(home):
    change(home, "attempts.csv", "2026-01-13,A,graded,2026-05-18,,,3,3", "2026-01-13,,graded,,,,3,")

    assert found(home, "--as-of", "2026-05-01")[0] == 0


def test_what_is_unknown_in_a_program_that_is_complete_without_it_is_no_trouble(home):
    change(home, "rules/programs/first-program.yaml", "- course: STA 501", "- choose: 1\n    of: [STA 501, STA 502]")
    change(home, "rules/programs/first-program.yaml", "  - choose: 1\n    of: [STA 502, CSE 574]\n", "")
    change(home, "attempts.csv", "2026-01-13,A,graded,2026-05-18,,,3,3", "2026-01-13,,graded,,,,3,")

    assert found(home)[0] == 0


def test_a_learner_without_an_address_is_said_and_can_be_decided(home):
    change(home, "learners.csv", "efua@university.example", "")

    code, document = found(home)

    assert (code, document["without_email"]) == (0, 1)
    assert troubles(document)["no-email"]["examples"] == ["50010005"]


def test_rows_that_cannot_be_read_are_one_trouble_for_each_column_with_the_first_of_them(home):
    change(home, "attempts.csv", "2026-05-18", "18 May 2026")

    code, document = found(home)

    [trouble] = document["troubles"]
    assert (code, trouble["code"], trouble["learners"]) == (1, "set-aside", 5)
    assert trouble["cause"].startswith("Rows in attempts.csv cannot be read")
    assert "The first one: graded_on is '18 May 2026'. A date is written YYYY-MM-DD" in trouble["cause"]


def test_a_name_that_stands_in_another_column_is_not_printed(home):
    change(home, "attempts.csv", "2026-01-13,A,graded,2026-05-18", "2026-01-13,A,graded,Efua")

    code, text = said(home)

    assert code == 1
    assert "50010005" in text
    assert "Efua" not in text


def test_nothing_of_a_person_is_printed_but_the_id(home):
    change(home, "attempts.csv", "2026-01-13,A,graded", "2026-01-13,A**,graded")
    change(home, "learners.csv", "efua@university.example", "")

    for text in (said(home)[1], json.dumps(found(home)[1])):
        assert "50010005" in text
        assert "Efua" not in text
        assert "@" not in text


def test_a_rule_that_asks_what_the_source_cannot_tell_is_a_trouble_with_its_place(home):
    (home / "records" / "holds.csv").unlink()

    code, document = found(home)

    trouble = troubles(document)["rule-needs"]
    assert code == 1
    assert trouble["cause"].startswith("rules/institution.yaml:")
    assert "holds" in trouble["cause"]
    assert trouble["step"].endswith("Add it to the source, or change the rule.")


def test_a_course_that_the_catalogue_lacks_is_said_with_what_to_do(home):
    change(home, "rules/programs/first-program.yaml", "course: STA 501", "course: STA 510")

    code, document = found(home)

    trouble = troubles(document)["course-unknown"]
    assert code == 0
    assert "STA 510" in trouble["cause"]
    assert "equivalents" in trouble["step"]


def test_without_a_catalogue_it_is_said_that_courses_were_not_checked(home):
    (home / "records" / "courses.csv").unlink()

    assert found(home)[1]["unchecked"] == ["courses that rules name: there is no catalogue"]


def test_a_sample_reads_no_more_learners_and_says_of_how_many(home):
    _, text = said(home, "--learners", "3")

    assert "Read: 3 of 7 learners." in text


def test_an_answer_of_nobody_is_not_taken_for_an_empty_university(home):
    path = home / "records" / "learners.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    for name in ("attempts", "admissions", "milestones", "holds", "activities", "credentials", "enrolments", "facts"):
        table = home / "records" / f"{name}.csv"
        table.write_text(table.read_text().splitlines()[0] + "\n")

    code, document = found(home)

    assert code == 1
    assert "nobody" in troubles(document)
    assert "Read: 0 of 0 learners." in said(home)[1]
