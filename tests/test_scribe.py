"""Degree Works blocks as program files: what each construct becomes, and that nothing of a block is lost."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from credrules import rule_files, yaml_files
from credrules.case_files import check_cases
from credrules.cli import cli
from credrules.decisions import Outcome
from credrules.engines.durable import DurableEngine
from credrules.scribe import ScribeError, Wanted, import_block
from credrules.scribe.report import Status
from credrules.scribe.source import MAX_BYTES

HERE = Path(__file__).parent / "scribe"
RULES = HERE / "rules"
BLOCKS = sorted((HERE / "blocks").glob("*.scribe"))
LENIENT = (RULES / "institution.yaml").read_text(encoding="utf-8")
STRICT = """\
institution: { id: uni, name: University }
grades: { points: { A: 4.0, B+: 3.33, B: 3.0, C: 2.0, F: 0.0 } }
counting: { minimum-grade: B, floor: [minimum-grade, origins, bases] }
"""


def imported(text, institution=LENIENT, program="shown"):
    raw = text if isinstance(text, bytes) else text.encode()
    document = yaml_files.Document("institution.yaml", institution)
    yaml_files.parse(document)
    return import_block(raw, "block", document, Wanted(program=program, title="Shown", effective=date(2026, 8, 24)))


def data(result):
    assert result.faults == ()
    document = yaml_files.Document("shown.yaml", result.program)
    yaml_files.parse(document)
    assert document.problems == []
    return document.data


def body(rule, header="", institution=LENIENT):
    """The program of a block with this rule on its line 4, before one that is of no interest."""
    return imported(f"BEGIN\n{header}\n;\n{rule};\n1 Class in ZZZ 900;\nEND.\n", institution)


def requirement(rule, header="", institution=LENIENT):
    first = data(body(rule, header, institution))["requirements"][0]
    return {key: value for key, value in first.items() if key != "id"}


def statuses(result):
    return {line.number: line.status for line in result.report.lines if line.status is not Status.EMPTY}


# whole blocks


@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.stem)
def test_a_block_becomes_the_program_that_lies_beside_it(path):
    document = yaml_files.read(RULES / "institution.yaml", "rules/institution.yaml")
    wanted = Wanted(program=path.stem, title=path.stem, effective=date(2026, 8, 24))

    result = import_block(path.read_bytes(), path.name, document, wanted)

    assert result.program == (RULES / "programs" / f"{path.stem}.yaml").read_text(encoding="utf-8")
    assert result.cases.startswith("cases:")


@pytest.mark.parametrize(
    "result",
    list(check_cases(RULES, rule_files.load(RULES), DurableEngine)),
    ids=lambda result: f"{result.program}: {result.name}",
)
def test_an_imported_program_decides_what_was_worked_by_hand_from_its_block(result):
    assert result.faults == ()


def test_the_report_says_of_every_line_what_became_of_it():
    result = imported((HERE / "blocks" / "physics-teaching.scribe").read_bytes())
    found = statuses(result)

    assert [line.number for line in result.report.lines] == list(range(1, len(result.report.lines) + 1))
    assert {number for number, status in found.items() if status is Status.UNTRANSLATED} == {
        *(8, 9, 11, 16),
        *range(28, 34),
        *(38, 39),
    }
    assert {number for number, status in found.items() if status is Status.DIFFERENT} == {35, 36}
    assert result.by_hand == tuple(f"by-hand-line-{line}" for line in (9, 16, 28, 38, 8, 11))


# single constructs


@pytest.mark.parametrize(
    ("rule", "becomes"),
    [
        ("1 Class in STA 501", {"course": "STA 501"}),
        ("1 class FROM sta 501 ", {"course": "STA 501"}),
        ("2 Classes in STA 501, 502, CSE 574", {"choose": 2, "of": ["STA 501", "STA 502", "CSE 574"]}),
        ("2 Classes in STA 501 or 502 or 503", {"choose": 2, "of": ["STA 501", "STA 502", "STA 503"]}),
        ("2 Classes in STA 501 + 502", {"all": ["STA 501", "STA 502"]}),
        ("2 Classes in STA 501, 502", {"all": ["STA 501", "STA 502"]}),
        ("6 Credits in STA 501, 502, 503", {"credits": 6, "of": ["STA 501", "STA 502", "STA 503"]}),
        ("2 Classes in STA @", {"choose": 2, "from": {"subject": "STA"}}),
        ("1 Class in @ 600:699", {"choose": 1, "from": {"number": "600-699"}}),
        ("1 Class in STA 600:699", {"choose": 1, "from": {"subject": "STA", "number": "600-699"}}),
        ("2 Classes in STA 5@, 6@", {"choose": 2, "from": {"subject": "STA", "number": "500-699"}}),
        ("2 Classes in STA 5@, 577", {"choose": 2, "from": {"subject": "STA", "number": "500-599"}}),
        ("2 Classes in STA 5@, CSE 5@", {"choose": 2, "from": {"subject": ["CSE", "STA"], "number": "500-599"}}),
        (
            "9 Credits in STA @ Except STA 500, 501",
            {"credits": 9, "from": {"subject": "STA", "except": ["STA 500", "STA 501"]}},
        ),
        ("2 Classes in STA 501, 502, 503 But not 503", {"all": ["STA 501", "STA 502"]}),
        ("1 Class in STA @ (With Attribute=WI)", {"choose": 1, "from": {"subject": "STA", "attribute": ["WI"]}}),
        ("1 Class in STA @ (With DWResident=Y)", {"choose": 1, "from": {"subject": "STA", "origin": "institution"}}),
        ("1 Class in STA 501 (With DWResident=Y)", {"course": "STA 501", "origins": ["institution"]}),
        ("1 Class in STA 501 MinGrade 2.5", {"course": "STA 501", "minimum-grade": "B-"}),
        ("1 Class in STA 501 MaxTransfer 0 Classes", {"course": "STA 501", "origins": ["institution"]}),
        ("1 Class in STA 501 MaxPassFail 0 Credits", {"course": "STA 501", "bases": ["graded"]}),
        (
            '1 Class in STA 501 NonExclusive (ThisBlock) Label 1 "X"',
            {"course": "STA 501", "share-group": "x", "title": "X"},
        ),
        ("2 Classes in STA @ SameDisc", {"choose": 2, "from": {"subject": "STA"}}),
        ("1 NonCourse (RECITAL)", {"milestone": "recital"}),
        (
            "1 Group in (1 Class in STA 501 Label 1 \"X\") or (1 Class in CSE 574)",
            {"any": [{"course": "STA 501", "id": "x", "title": "X"}, {"course": "CSE 574", "id": "line-4"}]},
        ),
        (
            "BeginSub 1 Class in STA 501; EndSub MinGrade 3 Label 7 \"Core\"",
            {"all": [{"course": "STA 501", "id": "line-4"}], "minimum-grade": "B", "title": "Core"},
        ),
    ],
)  # fmt: skip
def test_a_rule_becomes_a_requirement(rule, becomes):
    result = body(rule)

    assert requirement(rule) == becomes
    assert statuses(result)[4] in {Status.TRANSLATED, Status.DIFFERENT}
    assert result.by_hand == ()


@pytest.mark.parametrize(
    "rule",
    [
        "3 Classes in STA 501, 502",
        "2 Classes in STA 501, 502 + 503",
        "9 Credits in STA 5@, CSE 574",
        "1 Class in STA 501 MaxTransfer 1 Class",
        "1 Class in STA 501 MinGPA 3.0",
        "1 Class in STA 501 MinGrade 4.5",
        "1 Class in STA @ Except STA 59@",
        "2 Classes and 7 Credits in STA 501, 502, 503",
        "1 Class in MUSIC-X 501",
        "1 Class in STA @W",
        "1.5 Classes in STA 501, 502",
        "3 Classes in STA 501, 502, 503, 504, 505 Including STA 501, 502",
        "1 Class in STA 501 (With DWTerm > 202401)",
        "3 Credits in STA 501 (With DWResident=Y)",
        "2 Classes in [STA 501, 502] [CSE 501, 502] MinArea 2",
        "If (Major = X) Then 1 Class in STA 501",
        "1 Block (OTHER=CORE)",
        "1 Blocktype (MAJOR)",
        "CopyRulesFrom (RA000001)",
        "IncludeBlocksWith (OTHER=CORE)",
        "RuleIncomplete",
        "1 NonCourse (TOEFL >= 550)",
        "3 Groups in (1 Class in STA 501) or (1 Class in STA 502)",
        "2 Classes in STA @ SameDisc (STA=CSE)",
        "2 Classes in STA @, CSE @ MinSpread 2",
        "2 Classes in STA @, CSE @ MaxPerDisc 1 Class (CSE)",
        "1 Class in STA 501 Pseudo",
    ],
)
def test_what_has_no_counterpart_is_attested_by_the_office(rule):
    result = body(rule)
    guards = [node for node in data(result)["requirements"] if node.get("attested-by") == "office"]

    assert len(guards) == len(result.by_hand) == 1
    assert guards[0]["title"].startswith("Line 4, not translated:")
    assert statuses(result)[4] is Status.UNTRANSLATED
    assert all(remark.todo for remark in result.report.remarks if remark.status is Status.UNTRANSLATED)


@pytest.mark.parametrize(
    ("header", "limit"),
    [
        ("MaxTransfer 6 Credits", {"at-most-credits": 6, "from": {"origin": "transfer"}}),
        ("MaxTransfer 1 Class (STA)", {"at-most": 1, "from": {"subject": "STA", "origin": "transfer"}}),
        ("MaxCredits 6 in STA @", {"at-most-credits": 6, "from": {"subject": "STA"}}),
        ("MaxClasses 1 in STA 427, 527", {"at-most": 1, "of": ["STA 427", "STA 527"]}),
        ("MaxPerDisc 2 Classes (STA)", {"at-most": 2, "from": {"subject": "STA"}}),
        ("NonExclusive 3 Credits (MAJOR=CS)", {"at-most-credits": 3, "from": {"counts-toward": ["CS"]}}),
        ("DontShare (MINOR=STAT)", {"at-most": 0, "from": {"counts-toward": ["STAT"]}}),
    ],
)
def test_a_maximum_of_the_header_becomes_a_limit(header, limit):
    found = data(body("1 Class in STA 501", header))["limits"]

    assert [{key: value for key, value in one.items() if key != "id"} for one in found] == [limit]


@pytest.mark.parametrize(
    ("header", "test"),
    [
        ("MinGPA 2.75", {"average-grade": "2.75"}),
        ("MinRes 6 Credits", {"counted-credits": 6, "from": {"origin": "institution"}}),
        ("12 Credits", {"counted-credits": 12, "from": {"number": "0-99999"}}),
        ("4 Classes", {"counted-courses": 4, "from": {"number": "0-99999"}}),
        ("MinCredits 3 in STA 5@", {"counted-credits": 3, "from": {"subject": "STA", "number": "500-599"}}),
        ("MinPerDisc 3 Credits (CSE)", {"counted-credits": 3, "from": {"subject": "CSE"}}),
        ("MinSpread 3", {"counted-subjects": 3}),
    ],
)
def test_a_minimum_of_the_header_looks_at_everything_that_counts(header, test):
    last = data(body("4 Classes in STA @, CSE @, PHI @", header))["requirements"][-1]

    assert {key: str(value) if key == "average-grade" else value for key, value in last.items() if key != "id"} == test


@pytest.mark.parametrize(
    "header",
    [
        "LastRes 9 of 12 Credits",
        "Under 3 Credits STA 501",
        "MaxTerm 6 Credits STA @",
        "Optional",
        "12 Credits Pseudo",
        "MinClasses 1 in STA 501",
        "MaxSpread 3",
        "Exclusive (MAJOR)",
        "MinGPA 4.5",
        "NoCount",
    ],
)
def test_a_header_that_has_no_counterpart_is_attested_by_the_office(header):
    assert body("1 Class in STA 501", header).by_hand == ("by-hand-line-2",)


def test_a_least_grade_is_the_lowest_symbol_with_so_many_points():
    assert data(body("1 Class in STA 501", "MinGrade 2.0"))["counting"] == {"minimum-grade": "C"}
    assert data(body("1 Class in STA 501", "MinGrade 3.1"))["counting"] == {"minimum-grade": "B+"}


def test_the_institutions_floor_is_not_undercut_and_the_report_says_so():
    result = body("1 Class in STA 501 MinGrade 2.0", "MinGrade 1.0\nMaxTransfer 3 Credits", STRICT)

    assert data(result)["counting"] == {"minimum-grade": "B"}
    assert data(result)["requirements"][0]["minimum-grade"] == "B"
    assert {statuses(result)[number] for number in (2, 3)} == {Status.DIFFERENT}


def test_what_the_institution_counts_less_than_the_block_is_a_difference():
    result = body("1 Class in STA 501", institution=STRICT)
    said = result.report.lines[0].remarks[0].said

    assert statuses(result)[1] is Status.DIFFERENT
    for part in ("grades below B", "transfer credit", "pass or fail"):
        assert part in said


def test_a_group_lifts_the_least_grade_of_its_parts():
    rule = "1 Group in (1 Class in STA 501 MinGrade 2.0) or (1 Class in CSE 574 MinGrade 4.0) MinGrade 3.0"

    grades = [part["minimum-grade"] for part in requirement(rule)["any"]]

    assert grades == ["B", "A"]


def test_limits_and_tests_do_not_pass_over_the_courses_of_what_is_left_to_the_office():
    header = "MinGPA 3.0\nMinGrade 2.0\nMaxTransfer 3 Credits\nMaxPassFail 0 Credits"
    result = imported(f"BEGIN\n{header}\n;\n1 Class in STA 501;\nIf (Major=X) Then 1 Class in STA 502;\nEND.")
    titles = [node["title"] for node in data(result)["requirements"] if "attested-by" in node]

    assert result.by_hand == ("by-hand-line-8", "by-hand-line-2", "by-hand-line-3")
    assert titles[1:] == [
        "Line 2, not translated: MinGPA 3.0",
        "The header holds for the courses of what is attested by hand, too: "
        "MinGrade 2.0; MaxTransfer 3 Credits; MaxPassFail 0 Credits",
    ]
    assert len(data(result)["limits"]) == 2


def test_an_average_over_nothing_is_left_to_the_office():
    result = imported("BEGIN\nMinGPA 3.0\n;\n1 NonCourse (RECITAL);\nEND.")

    assert result.by_hand == ("by-hand-line-2",)
    assert result.faults == ()


def test_a_block_that_asks_for_nothing_is_no_program_that_everybody_completes():
    result = imported('BEGIN\n;\nRemark "To come.";\nEND.')

    assert result.by_hand == ("by-hand-line-1",)
    assert result.needs_a_person


def test_too_many_combinations_of_alternatives_are_left_to_the_office():
    part = "(1 Class in STA @) or (1 Class in CSE @) or (1 Class in PHI @)"
    result = imported("BEGIN\n;\n" + f"1 Group in {part};\n" * 8 + "END.")

    assert result.faults == ()
    assert len(result.by_hand) == 3


def test_courses_hidden_from_advice_count_all_the_same():
    assert requirement("1 Class in STA 501, {HIDE 502, CSE 574}") == {
        "choose": 1,
        "of": ["STA 501", "STA 502", "CSE 574"],
    }


def test_text_that_is_only_shown_becomes_notes():
    shown = data(body('Remark "One" Remark "text";\n1 Class in STA 501 Display "Shown"'))["notes"]

    assert shown == ["One text", "Shown"]


def test_wildcards_go_by_the_length_of_the_blocks_own_numbers():
    five = requirement("1 Class in STA 5@", header="MaxClasses 1 in STA 50100, 50200").get("from")
    result = imported("BEGIN ; 1 Class in STA 50100; 1 Class in STA 5@; END.")

    assert five == {"subject": "STA", "number": "500-599"}  # ZZZ 900 has three digits
    assert data(result)["requirements"][1]["from"] == {"subject": "STA", "number": "50000-59999"}


# mistakes


def problems(text):
    with pytest.raises(ScribeError) as raised:
        imported(text)
    return [str(problem) for problem in raised.value.problems]


def test_every_mistake_is_reported_with_its_line_what_was_found_and_what_was_possible():
    found = problems(
        "BEGIN\nMinGPA high\nMinRes 6\n;\n2 Clases in STA 501;\n1 Class in 501;\nIf (Major=X) 1 Class in STA 501;\n"
        '1 Class in STA 501 Label "x;\n'
    )

    assert [line.split(": ")[0] for line in found] == [f"block:{n}" for n in (2, 4, 5, 6, 7, 8, 8)]
    assert found[0] == "block:2: found 'high'; possible here: a number after MinGPA."
    assert "Did you mean 'Classes'?" in found[2]
    assert "quotation mark" in found[6]
    assert "END." in found[5]


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "BEGIN"),
        (b"hello", "BEGIN"),
        (b"# BEGIN\n", "BEGIN"),
        (b"BEGIN", "END."),
        (b"BEGIN ; 1 Class in STA 501", "END."),
        (b"BEGIN\0", "not text"),
        (b"\x81\x8d BEGIN ; END.", "not text"),
        (b"BEGIN ; " + b"(" * 100_000, "found '('"),
        (b"BEGIN ; " + b"1 Group in (" * 10_000 + b" END.", "deep"),
        (b"BEGIN ; " + b"BeginSub " * 10_000 + b" END.", "deep"),
        (b"BEGIN ; " + b"If (A=B) Then " * 10_000 + b" END.", "deep"),
        (b"BEGIN ; " + b"(;\n" * 50_000 + b" END.", "more problems after these"),
        (b"BEGIN ; " + b"\xe9" * 100_000 + b" END.", "no sign of the language"),
        (b"BEGIN " + b"x" * MAX_BYTES, "larger"),
        (b"BEGIN ; 99999999999999999999 Classes in STA 501; END.", "possible here"),
        (b"BEGIN ; 9:3 Credits in STA 501; END.", "not below"),
        ("BEGIN ; 1 Class in STA ５01; END.".encode(), "no sign"),
    ],
    ids=range(17),
)
def test_hostile_input_is_refused_with_a_reason(raw, part):
    with pytest.raises(ScribeError, match=part.replace("(", r"\(").replace(".", r"\.")):
        imported(raw)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_of_other_systems_are_read(encoding, end):
    text = f"BEGIN{end};{end}1 Class in STA 501 Label “Café”;{end}END.{end}"

    result = imported(text.encode(encoding))

    assert data(result)["requirements"][0]["title"] == "Café"
    assert len(result.report.lines) == 5


def test_what_stands_behind_the_end_is_not_read():
    result = imported('BEGIN ; 1 Class in STA 501; END.\nLOG "never closed\n1 Class in ???')

    assert [line.status for line in result.report.lines[1:]] == [Status.EMPTY, Status.EMPTY]


def test_labels_cannot_break_out_of_the_file():
    label = "x: [y] # &z *a !b %c 'd' \\ \t\u2028\u0085\u202e{e}"
    result = imported(f'BEGIN ; 1 Class in STA 501 Label "{label}"; Remark "- {label}"; END.')

    assert data(result)["requirements"][0]["title"] == label
    assert data(result)["notes"] == [f"- {label}"]


# the command


@pytest.fixture
def home(tmp_path):
    (tmp_path / "rules" / "programs").mkdir(parents=True)
    (tmp_path / "rules" / "institution.yaml").write_text(LENIENT)
    return tmp_path


def run(home, *words):
    return CliRunner().invoke(cli, ["import", "scribe", *words, "--rules", str(home / "rules")], standalone_mode=False)


def test_the_command_prints_the_program_and_reports_on_standard_error(home):
    done = run(home, str(HERE / "blocks" / "physics-teaching.scribe"), "--effective", "2026-08-24")

    assert done.return_value == 1
    assert done.stdout.startswith("# Made from physics-teaching.scribe")
    assert "✗ lines 28-33, not translated: If (Degree = MED)" in done.stderr
    assert "16 lines translated, 2 lines translated with a difference, 12 lines not translated" in done.stderr


def test_what_is_written_loads_and_its_cases_pass(home):
    block = str(HERE / "blocks" / "data-ethics.scribe")

    done = run(home, block, "--effective", "2026-08-24", "--out", str(home / "rules" / "programs"))

    assert done.return_value == 0
    results = list(check_cases(home / "rules", rule_files.load(home / "rules"), DurableEngine))
    assert {result.decision.outcome for result in results} >= {Outcome.MET, Outcome.UNMET}
    assert all(result.faults == () for result in results)


def test_nothing_is_overwritten_without_being_told_to(home):
    words = [str(BLOCKS[0]), "--effective", "2026-08-24", "--program", "p", "--out", str(home / "p.yaml")]
    (home / "p.cases.yaml").write_text("mine")

    done = run(home, *words)

    assert "p.cases.yaml: there already" in str(done.exception)
    assert not (home / "p.yaml").exists()
    assert (home / "p.cases.yaml").read_text() == "mine"
    assert run(home, *words, "--force").return_value == 0
    assert (home / "p.cases.yaml").read_text().startswith("cases:")


def test_the_report_as_json_has_every_line_once(home):
    block = HERE / "blocks" / "physics-teaching.scribe"
    words = ["--json", "import", "scribe", str(block), "--effective", "2026-08-24", "--rules", str(home / "rules")]

    done = CliRunner().invoke(cli, words, standalone_mode=False)
    shown = json.loads(done.stdout)

    assert [line["text"] for line in shown["lines"]] == block.read_text(encoding="utf-8").split("\n")
    assert shown["by_hand"][0] == "by-hand-line-9"
    assert shown["counts"]["not translated"] == 12


def test_a_block_that_cannot_be_parsed_is_no_program(home):
    (home / "broken.scribe").write_text("BEGIN\n;\nTwo Classes in STA 501;\n")

    done = run(home, str(home / "broken.scribe"), "--effective", "2026-08-24")

    assert isinstance(done.exception, ScribeError)
    assert done.stdout == ""


# what depends on the learner

KNOWING = LENIENT + "facts: { major: any, degree: [MS, MED], level: [one, two, three, four, five, six, seven] }\n"


@pytest.mark.parametrize(
    ("rule", "becomes"),
    [
        (
            "If (Major = NURS) Then 1 Class in NUR 610 Else 1 Class in HLT 610",
            {
                "if": {"learner.major": "NURS"},
                "then": {"course": "NUR 610", "id": "line-4"},
                "else": {"course": "HLT 610", "id": "line-4-2"},
            },
        ),
        (
            "If (Major = NURS or Major IS CHEM) and (Degree = ms) Then 1 Class in NUR 610",
            {
                "if": {"learner.major": ["CHEM", "NURS"], "learner.degree": "MS"},
                "then": {"course": "NUR 610", "id": "line-4"},
            },
        ),
        (
            "If (Degree = MS) Then BeginIf 1 Class in NUR 610; 1 Class in NUR 611; EndIf "
            "Else If (Degree = MED) Then 1 Class in EDU 610 Else 1 Class in HLT 610",
            {
                "if": {"learner.degree": "MS"},
                "then": {
                    "all": [{"course": "NUR 610", "id": "line-4"}, {"course": "NUR 611", "id": "line-4-2"}],
                    "id": "line-4-5",
                },
                "else": {
                    "if": {"learner.degree": "MED"},
                    "then": {"course": "EDU 610", "id": "line-4-3"},
                    "else": {"course": "HLT 610", "id": "line-4-4"},
                    "id": "if-line-4",
                },
            },
        ),
        (
            "BeginSub 1 Class in STA 501; If (Degree = MS) Then 1 Class in STA 502; EndSub MinGrade 3.0",
            {
                "all": [
                    {"course": "STA 501", "id": "line-4"},
                    {
                        "if": {"learner.degree": "MS"},
                        "then": {"course": "STA 502", "id": "line-4-2"},
                        "id": "if-line-4",
                    },
                ],
                "minimum-grade": "B",
            },
        ),
    ],
)
def test_a_condition_on_facts_that_the_institution_declares_becomes_a_condition(rule, becomes):
    result = body(rule, institution=KNOWING)

    assert requirement(rule, institution=KNOWING) == becomes
    assert result.by_hand == ()
    assert statuses(result)[4] is (Status.DIFFERENT if "Major" in rule else Status.TRANSLATED)
    assert "Everything is done" in result.cases


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("(Concentration = X)", "institution.yaml declares no fact 'concentration'"),
        ("(Degree = MA)", "'MA' is no value of the fact 'degree', which may be MS, MED or none"),
        ("(Degree <> MS)", "'<>' has no counterpart"),
        ("(Degree = MS or Major = X)", "joins different facts by Or"),
        ("(Major = X and Major = Y)", "asks twice for the same fact"),
        ("(Degree = MS and Major = X or Major = Y)", "joined by And and Or without parentheses"),
        ("(Degree = MS", "not understood"),
        ("(Degree MS)", "not understood"),
        ("(Completed 30 Credits)", "not understood"),
        ("()", "not understood"),
        ("(Degree = )", "not understood"),
    ],
)
def test_a_condition_that_has_no_equal_is_attested_by_the_office_and_the_report_says_why(condition, why):
    result = body(f"If {condition} Then 1 Class in STA 501 Else 1 Class in STA 502", institution=KNOWING)

    assert result.by_hand == ("by-hand-line-4",)
    said = next(remark for line in result.report.lines if line.number == 4 for remark in line.remarks)
    assert why in said.said
    assert "'facts' in institution.yaml" in said.todo


@pytest.mark.parametrize(
    "rule",
    [
        "If (Degree = MS) Then Remark \"none\" Else 1 Class in STA 502",
        "1 Group in (If (Degree = MS) Then 1 Class in STA 501) or (1 Class in STA 502)",
        "BeginSub If (Degree = MS) Then 1 Class in STA 501; EndSub",
        "BeginSub "
        + "".join(f"If (Level = {n}) Then 1 Class in STA 501; " for n in ("one", "two", "three", "four", "five", "six"))
        + "If (Level = seven) Then 1 Class in STA 502; 1 Class in STA 503; EndSub",
    ],
)  # fmt: skip
def test_a_condition_without_an_equal_branch_is_attested_by_the_office(rule):
    result = body(rule, institution=KNOWING)

    assert len(result.by_hand) == 1
    assert result.faults == ()


def test_a_block_that_asks_nothing_of_some_learners_is_no_program_that_they_complete():
    result = imported("BEGIN\n;\nIf (Degree = MS) Then 1 Class in STA 501;\nEND.", KNOWING)

    assert result.by_hand == ("by-hand-line-1",)
    assert result.faults == ()


def test_what_looks_at_everything_that_counts_sees_both_branches_of_a_condition():
    rule = "If (Degree = MS) Then 1 Class in STA 501 Else 1 Class in STA 502"
    result = imported(f"BEGIN\nMinGPA 3.0\n;\n{rule};\nEND.", KNOWING)

    assert result.by_hand == ()
    assert [key for node in data(result)["requirements"] for key in node if key != "id"] == [
        *("if", "then", "else"),
        "average-grade",
    ]
