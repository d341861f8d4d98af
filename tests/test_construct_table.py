"""Every construct that programs need: documented, in a schema, tried by cases, and with a mistake in it explained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from credrules import rule_files
from credrules.case_files import check_cases
from credrules.coverage import coverage
from credrules.engines.durable import DurableEngine

ROOT = Path(__file__).parents[1]
SHOWN = ROOT / "examples" / "constructs"
SHIPPED = ROOT / "rules"
DOCS = "".join((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("rule-language.md", "running.md"))
SCHEMAS = {path.name: path.read_text(encoding="utf-8") for path in (SHIPPED / "schema").glob("*.json")}


class Row(NamedTuple):
    """Where a construct stands: the words that the documentation shows, the key in the schema, a rule file (or the
    file of its cases) that says it, and what a mistake in it is called in tests/broken/.
    """

    shown: str
    key: str
    rules: str
    said: str
    broken: str


CERTIFICATE, STATISTICS, PRACTICE = "graduate-certificate", "applied-statistics", "community-practice"

CONSTRUCTS = {
    # selecting
    "all-of": Row("`all: [...]`", "all", "graduate-microcredential", "all:", "program-too-few-courses-for-all"),
    "n-of": Row("choose: 2", "choose", "data-analytics", "choose: 2", "program-choose-more-than-there-are"),
    "course-filter": Row(
        "from: { subject: CSE", "subject", "jax-mix", "from: { subject: MIX", "program-misspelt-filter"
    ),
    "credit-sum": Row("credits: 9", "credits", "public-policy-foundations", "credits: 6", "program-credits-neither"),
    "alt-route": Row("any:", "any", "graduate-microcredential", "any:", "program-too-many-alternatives"),
    "one-of": Row("`any: [...]`", "any", "suny-start-gen-ed", "any: [EGL 101", "program-choose-none"),
    "one-per-group": Row("`any: [...]`", "any", "suny-start-gen-ed", "any: [HIS 114", "program-choose-neither"),
    "allocation": Row(
        "share-group: writing", "share-group", STATISTICS, "share-group: writing", "program-bad-share-group"
    ),
    "equiv": Row("equivalents:", "equivalents", "institution", "equivalents:", "institution-equivalent-alone"),
    "student-attr": Row("if: { learner", "if", PRACTICE, "if: { learner.major", "program-if-of-an-unknown-fact"),
    "at-most-n": Row("at-most: 1", "at-most", "mathematical-biology", "at-most: 1", "program-limit-without-a-number"),
    "cross-cut": Row("counted-courses: 2", "counted-courses", STATISTICS, "counted-", "program-counted-of-nothing"),
    "distinct-k": Row(
        "counted-subjects: 3", "counted-subjects", STATISTICS, "counted-subjects: 2", "program-counted-subjects-twice"
    ),
    "exclude": Row("except: [CSE 501]", "except", STATISTICS, "except: [CSE 501]", "program-except-bad-course"),
    "mutex": Row(
        "of courses that overlap, one counts",
        "at-most",
        "mathematical-biology",
        "at-most: 1",
        "program-limit-of-and-from",
    ),
    "count-weight": Row(
        "weights: { CSE 700: 2", "weights", STATISTICS, "weights:", "program-weight-of-a-course-that-is-not-there"
    ),
    "same-group": Row("same: subject", "same", STATISTICS, "same: subject", "program-same-without-subjects"),
    # evidence
    "sign-off": Row("attested-by: lead", "attested-by", "jax-mix", "attested-by: lead", "program-misspelt-role"),
    "activity": Row("milestone: capstone", "milestone", "jax-mix", "milestone:", "program-misspelt-evidence"),
    "judgement": Row(
        "roles: [committee, department]",
        "roles",
        "mathematical-biology",
        "attested-by: department",
        "program-role-not-declared",
    ),
    "count-events": Row("events: 3", "events", "jax-mix", "events: 3", "program-events-none"),
    "hours-sum": Row("hours: 24", "hours", "master-gardener", "hours:", "program-hours-without-of"),
    "exam": Row("in: final-exam", "score", "master-gardener", "score:", "program-score-without-in"),
    "id-verify": Row(
        "evidence: required", "evidence", "supply-chain-management", "verified", "program-misspelt-evidence"
    ),
    "points-sum": Row("points: 50", "points", "global-competency", "points: 50", "program-points-ceiling-of-nothing"),
    # grades
    "gpa": Row("average-grade: 3.2", "average-grade", CERTIFICATE, "", "program-average-too-high"),
    "min-grade": Row("minimum-grade: B", "minimum-grade", "institution", "minimum-grade: B", "program-unknown-grade"),
    "pf-limit": Row(
        "from: { basis: pass-fail }", "basis", STATISTICS, "basis: pass-fail", "program-limit-with-both-numbers"
    ),
    "rubric": Row("rubric: portfolio", "rubric", PRACTICE, "rubric: portfolio", "program-rubric-without-criteria"),
    "repeat-rule": Row("repeats: best", "repeats", "institution", "repeats: best", "institution-repeats-unknown"),
    "score-min": Row("score: 70", "score", "caring-counts", "score: 40", "program-score-above-the-top"),
    "low-grade-cap": Row("below-grade: B-", "below-grade", "", "below-grade", "program-limit-below-an-unknown-grade"),
    "weighted-score": Row(
        "weighted-score: 75", "weighted-score", PRACTICE, "weighted-score: 75", "program-weights-not-100"
    ),
    # limits
    "double-count": Row("counts-toward:", "counts-toward", "", "counts-toward", "program-limit-on-itself"),
    "substitution": Row("substitutions: at-most 1", "exceptions", "", "exceptions:", "program-exception-limit"),
    "transfer-cap": Row(
        "from: { origin: transfer }", "origin", "", "origin: transfer", "program-limit-misspelt-origin"
    ),
    "residency": Row(
        "counted-percent: 50", "counted-percent", STATISTICS, "counted-percent", "program-never-counted-percent"
    ),
    "rounding": Row("rounding: up", "rounding", STATISTICS, "rounding: up", "program-counted-misspelt-rounding"),
    # time
    "sequence": Row("after: demonstration", "after", "jax-mix", "after: related-events", "program-after-nothing-known"),
    "versioned": Row(
        "effective: 2027-08-23", "effective", "data-analytics@2027-08-23", "migrates", "program-migrates-from-nothing"
    ),
    "window": Row("completed: {...}", "completed", "computing-systems", "completed:", "program-completed-nothing"),
    "milestone": Row("by: 2027-05-31", "by", "", "by:", "program-by-no-day"),
    "time-limit": Row("time-limit: { years: 3 }", "time-limit", CERTIFICATE, "", "program-time-limit-of-both"),
    "extension": Row("--until DAY", "until", "carpentries-instructor", "within:", "program-within-neither"),
    # eligibility
    "admission": Row("learner.admission", "require", "institution", "learner.admission", "cases-unknown-admissions"),
    "enrol-status": Row(
        "learner.affiliation: outside", "when", "institution", "learner.affiliation", "institution-unknown-value"
    ),
    "holds-credential": Row(
        "credential: level-one", "credential", PRACTICE, "credential: first-aid", "program-credential-bad-code"
    ),
    "standing": Row("learner.standing: good", "facts", PRACTICE, "standing: good", "program-learner-unknown-value"),
    "with-degree": Row(
        "credentials: [bachelor-of-science",
        "credentials",
        PRACTICE,
        "credentials: [bachelor]",
        "institution-credentials-of-nothing",
    ),
    # the credential
    "stack": Row(
        "credential: level-one", "credential", "micro-credential-development", "credential:", "program-never-itself"
    ),
    "parametric": Row("template: graduate-minimum", "template", CERTIFICATE, "template:", "program-template-unknown"),
    "claim": Row("claim: required", "claim", "community-foundations", "claim: required", "program-claim-misspelt"),
    "levels": Row(
        "credential: level-one",
        "credential",
        "micro-credential-development-2",
        "credential:",
        "program-credential-of-nothing",
    ),
    "advisory": Row("`notes`", "notes", "early-childhood-education", "notes:", "program-unknown-key"),
    "notation": Row(
        "issuer: transcript",
        "issuer",
        "early-childhood-education",
        "issuer: transcript",
        "program-award-without-issuer",
    ),
    "renewal": Row(
        "renews: first-aider", "renews", "master-gardener-renewal", "renews:", "program-renews-nothing-known"
    ),
    "confer-dates": Row("confer: {", "confer", "", "confer:", "program-confer-no-day"),
    "active-status": Row(
        "active: any", "active", PRACTICE, "credential: first-aid", "program-credential-misspelt-active"
    ),
    "award-lower": Row(
        "lower-of: data-analytics", "lower-of", "community-foundations", "lower-of:", "program-lower-of-nothing-known"
    ),
}


def texts(name: str) -> dict[Path, str]:
    """The rule files of that name, or all of them where none is named, with what their templates say."""
    files = [*SHIPPED.glob("programs/*.yaml"), *SHOWN.glob("programs/*.yaml"), SHIPPED / "institution.yaml"]
    found = {}
    for path in files:
        if path.name.endswith(rule_files.CASES) or (name and path.stem != name):
            continue
        text = path.read_text(encoding="utf-8")
        for template in re.findall(r"^template: (\S+)", text, re.M):
            text += (SHIPPED / "templates" / f"{template}.yaml").read_text(encoding="utf-8")
        found[path] = text
    return found


def named(schema: object) -> set[str]:
    """Every key that a schema knows."""
    if isinstance(schema, list):
        return set().union(*map(named, schema))
    if not isinstance(schema, dict):
        return set()
    return set(schema.get("properties", {})).union(*map(named, schema.values()))


KEYS = set().union(*(named(json.loads(text)) for text in SCHEMAS.values()))


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_a_construct_has_an_example_a_schema_a_case_and_a_mistake_explained(name):
    row = CONSTRUCTS[name]

    assert row.shown in DOCS
    assert row.key in KEYS
    assert (ROOT / "tests" / "broken" / f"{row.broken}.yaml").exists()
    says_it = [path for path, text in texts(row.rules).items() if row.said in text]
    assert says_it
    programs = [path for path in says_it if path.stem != "institution"]
    assert all(path.with_name(f"{path.stem}{rule_files.CASES}").exists() for path in programs)


def test_the_table_has_every_construct_that_the_programs_need():
    assert len(CONSTRUCTS) == 59


def test_each_key_of_a_program_and_of_a_requirement_is_in_the_documentation():
    keys = set(json.loads(SCHEMAS["program.schema.json"])["properties"])

    assert {key for key in keys if not re.search(rf"\b{key}\b", DOCS)} == set()


RULE_SET = rule_files.load(SHOWN)
RESULTS = list(check_cases(SHOWN, RULE_SET, DurableEngine))


@pytest.mark.parametrize("result", RESULTS, ids=lambda result: f"{result.program}: {result.name}")
def test_a_construct_comes_out_as_its_case_says(result):
    assert result.faults == ()


def test_what_is_shown_is_in_no_doubt_and_tried_by_its_cases():
    assert RULE_SET.doubts == ()
    assert [one for one in coverage(RULE_SET, RESULTS) if not one.is_full] == []
