"""Any text, and any block of what is known of the language: nothing crashes, is lost or gets easier."""

from __future__ import annotations

import itertools
from datetime import date

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from tests.test_scribe import LENIENT, data, imported
from tests.worked import attempt

from credrules import Affiliation, Learner, Record, yaml_files
from credrules.attestations import Word
from credrules.deciding import Decider
from credrules.plan import make_plan
from credrules.rule_files import understand
from credrules.scribe import ScribeError
from credrules.scribe.report import Status
from credrules.scribe.words import QUALIFIERS

# any text

PIECES = st.sampled_from(
    [
        *(follows.spelt for follows in QUALIFIERS.values()),
        *(
            "BEGIN",
            "END.",
            ";",
            ";",
            ";",
            ",",
            "+",
            "or",
            "And",
            "(",
            ")",
            "[",
            "]",
            "{HIDE",
            "}",
            ":",
            "=",
            "\n",
            "\n",
        ),
        *("1 Class in", "2 Classes in", "6 Credits in", "3:6 Credits", "2", "0", "3.25", "101", "Classes", "Credits"),
        *("1 Group in (", "BeginSub", "EndSub", "If (Major=X) Then", "Else", "BeginIf", "EndIf", "Except", "Including"),
        *("STA 501", "STA 502", "CSE 5@", "CSE @", "@ @", "PHI 600:699", "HIST 101W", "(With DWResident=Y)", "But not"),
        *(
            'Label 1 "Text"',
            'Label "Text"',
            'Remark "Some"',
            'ProxyAdvice "More"',
            '"',
            "# comment\n",
            "1 NonCourse (A)",
        ),
        *("RuleComplete", "RuleIncomplete", "1 Block (OTHER=A)", "CopyRulesFrom (RA1)", "(MAJOR=CS)", "(ThisBlock)"),
    ]
)


NOBODY_CAN = ("never be met", "Raise the limit, or ask for less")


def read(text):
    """The import, or None where the text was refused."""
    try:
        return imported(text)
    except ScribeError:
        return None


def check(text):
    """That a text is refused with reasons, or that every line of it is accounted for and the program can be loaded."""
    result = read(text)
    if result is None:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert [(line.number, line.text) for line in result.report.lines] == list(enumerate(lines, start=1))
    assert [
        fault for fault in result.faults if not any(words in str(fault) for words in NOBODY_CAN)
    ] == []  # rules that nobody can meet stay so
    assert result.report.needs_a_person or not result.by_hand
    return result


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_or_read(raw):
    read(b"BEGIN " + raw)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=25), st.lists(PIECES, max_size=25))
@example(["2", "Classes"], ["1 Group in (", "1 Class in", "STA 501", ")"])
def test_words_in_any_order_are_refused_or_accounted_for(header, body):
    check(f"BEGIN {' '.join(header)} ; {' '.join(body)} ; END.")


# blocks

SUBJECTS = ("STA", "CSE")
NUMBERS = range(501, 504)
COURSES = [f"{subject} {number}" for subject in SUBJECTS for number in NUMBERS]

lists = st.lists(st.sampled_from(COURSES), min_size=1, max_size=4, unique=True)
header_lines = st.lists(
    st.sampled_from(
        [
            "12 Credits",
            "12 Credits Pseudo",
            "MinGPA 2.5",
            "MinRes 3 Credits",
            "LastRes 3 of 6 Credits",
            "MaxTransfer 3 Credits",
            "MaxClasses 1 in STA 501, CSE 501",
            "MaxPerDisc 3 Credits (STA)",
            "MinPerDisc 1 Class (STA)",
            "MinSpread 2",
            "NonExclusive (ThisBlock)",
            "DontShare (MINOR=X)",
        ]
    ),
    max_size=4,
)
qualifiers = st.sampled_from(
    ["", "", "MinGrade 2.0", "MaxTransfer 0 Credits", "MaxPassFail 1 Class", "MinSpread 2", "NonExclusive (ThisBlock)",
     "SameDisc", "MinClasses 1 in STA @", "Including STA 501", "Except CSE 503", "HighPriority", "(Decide=X)"]
)  # fmt: skip
amounts = st.sampled_from(
    ["1 Class", "2 Classes", "3 Credits", "3:6 Credits", "1 Class and 3 Credits", "1 Class or 3 Credits"]
)
written = st.one_of(
    lists.map(", ".join),
    lists.map(" + ".join),
    st.sampled_from(["STA @", "STA 5@", "STA 501:502", "@ 501", "STA 5@, CSE 502", "STA 501, CSE @"]),
)
rules = st.builds("{} in {} {} {}".format, amounts, written, qualifiers, st.sampled_from(["", 'Label 1 "Same name"']))
groups = st.recursive(
    rules,
    lambda inner: st.one_of(
        st.builds("{} Group in ({}) or ({})".format, st.integers(1, 2), inner, inner),
        st.builds("BeginSub {} ; {} EndSub".format, inner, inner),
    ),
    max_leaves=4,
)


@settings(max_examples=60, deadline=None)
@example(["MinGPA 3.0"], ["BeginSub 1 Class in STA 501; 1 Class in STA 501 EndSub"])
@given(header_lines, st.lists(groups, min_size=1, max_size=3))
def test_a_block_of_what_is_known_is_read_and_every_line_is_accounted_for(header, body):
    rules_text = ";\n".join(body)

    result = check(f"BEGIN\n{chr(10).join(header)}\n;\n{rules_text};\nEND.\n")

    assert result is not None
    assert all(line.status is not Status.EMPTY for line in result.report.lines if line.text.strip())


def a_requirement(draw):
    """A rule as Scribe writes it, and the requirement that it was made from."""
    kind = draw(st.sampled_from(["course", "choose", "credits", "filter", "all"]))
    codes = draw(lists)
    subject, low, length = draw(st.sampled_from(SUBJECTS)), draw(st.integers(100, 899)), draw(st.integers(1, 99))
    if kind == "course":
        return f"1 Class in {codes[0]}", {"course": codes[0]}
    if kind == "choose" and len(codes) > 1:
        need = draw(st.integers(1, len(codes) - 1))
        return f"{need} Classes in {', '.join(codes)}", {"choose": need, "of": codes}
    if kind == "credits":
        need = draw(st.integers(1, 30))
        return f"{need} Credits in {' or '.join(codes)}", {"credits": need, "of": codes}
    found = {"subject": subject, "number": f"{low}-{low + length}"}
    return f"2 Classes in {subject} {low}:{low + length}", {"choose": 2, "from": found}


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_block_written_from_requirements_becomes_those_requirements(drawn):
    made = [a_requirement(drawn.draw) for _ in range(drawn.draw(st.integers(1, 5)))]
    grades = [drawn.draw(st.sampled_from(["", "A", "B", "C"])) for _ in made]
    points = {"A": "4.0", "B": "3", "C": "2.00"}
    text = "BEGIN ;\n"
    for number, ((rule, _), grade) in enumerate(zip(made, grades, strict=True)):
        text += f'{rule} {f"MinGrade {points[grade]}" if grade else ""} Label "Number {number}";\n'

    result = imported(f"{text}END.")
    assume(not result.faults)  # requirements that nobody can meet together are imported, and not loaded
    found = data(result)["requirements"]

    expected = [
        {**node, **({"minimum-grade": grade} if grade else {}), "id": f"number-{n}", "title": f"Number {n}"}
        for n, ((_, node), grade) in enumerate(zip(made, grades, strict=True))
    ]
    assert found == expected


# what a block means, by trying every way to apply courses to its rules


def admits(pattern, code):
    subject, _, number = code.partition(" ")
    asked, _, numbers = pattern.partition(" ")
    return asked in {"@", subject} and (numbers in {number, "@"} or number.startswith(numbers.rstrip("@") or "!"))


def is_met(rule, applied):
    """Whether one rule is met by the courses applied to it."""
    need, patterns, every, without, including = rule
    fitting = [code for code in applied if code not in without and any(admits(one, code) for one in patterns)]
    if every:
        return all(any(admits(one, code) for code in fitting) for one in patterns) and len(fitting) >= len(patterns)
    return len(fitting) >= need and all(code in fitting for code in including)


def by_trying(rules, alternatives, taken):
    """Whether the courses taken can be applied, each to one rule, so that every rule and one alternative is met."""
    demands = [(*rules, one) for one in alternatives] or [tuple(rules)]
    return any(
        all(
            is_met(rule, [code for code, at in zip(taken, places, strict=True) if at == n])
            for n, rule in enumerate(wanted)
        )
        for wanted in demands
        for places in itertools.product(range(len(wanted)), repeat=len(taken))
    )


@st.composite
def meanings(draw, *, plain=False):
    patterns = draw(
        st.one_of(lists, st.sampled_from([["STA @"], ["CSE 50@"], ["STA @", "CSE 501"], ["@ @"], ["STA @", "CSE 50@"]]))
    )
    every = not plain and draw(st.booleans()) and all("@" not in one for one in patterns)
    need = len(patterns) if every else draw(st.integers(1, 2))
    without = draw(st.sampled_from([(), ("STA 501",), ("CSE 501",)])) if not every else ()
    included = draw(st.sampled_from([(), ("STA 502",)])) if not every and need == 2 else ()
    if not all(any(admits(one, code) for one in patterns) for code in included):
        included = ()
    return need, patterns, every, without, included


def spelt(rule):
    need, patterns, every, without, including = rule
    text = f"{need} Classes in {(' + ' if every else ', ').join(patterns)}"
    text += f" Except {', '.join(without)}" if without else ""
    return text + (f" Including {', '.join(including)}" if including else "")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(meanings(), min_size=1, max_size=2),
    st.one_of(st.just([]), st.lists(meanings(plain=True), min_size=2, max_size=2)),
    st.lists(st.sampled_from(COURSES), max_size=5, unique=True),
)
def test_the_program_decides_what_trying_every_way_to_apply_courses_decides(rules, alternatives, taken):
    text = "".join(f"{spelt(rule)};\n" for rule in rules)
    if alternatives:
        text += f"1 Group in {' or '.join(f'({spelt(rule)})' for rule in alternatives)};\n"
    result = imported(f"BEGIN ;\n{text}END.", program="p")
    documents = [
        yaml_files.Document("institution.yaml", LENIENT),
        yaml_files.Document("programs/p.yaml", result.program),
    ]
    for document in documents:
        yaml_files.parse(document)
    assume(not result.faults)  # what nobody can meet is not loaded
    plan = make_plan(understand(documents))
    record = Record(
        learner=Learner(learner_id="L1", affiliation=Affiliation.HOME),
        attempts=tuple(attempt(code, "A") for code in taken),
        admissions=(),
        milestones=(),
        holds=(),
    )

    decided = Decider(plan, None).decide(record, Word(), date(2027, 6, 1), everyone=True).decisions[0]

    means = by_trying(rules, alternatives, taken)
    met = str(decided.outcome) == "met"
    if result.by_hand:
        assert means or not met  # what the office has to look at never makes it easier
    else:
        assert met is means
