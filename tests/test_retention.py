"""When the ground shifts under an award: a case is opened, and nothing is taken back that nobody said to take back."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.life import installed

from credrules import Hold, Milestone, MilestoneStatus, Registration
from credrules.attestations import COMPLETE, Attestation, ExceptionKind, GrantedException
from credrules.errors import LedgerError
from credrules.grounds import Ground, Then
from credrules.ledger.cases import CaseState
from credrules.pipeline import run
from credrules.rule_files import load
from credrules.testing import sample_record

TODAY, LATER, LATEST = date(2026, 6, 1), date(2026, 7, 1), date(2026, 8, 1)
PASSED = {"STA 501": "A", "STA 502": "B"}

INSTITUTION = """\
institution: { id: uni, name: University }
grades:
  points: { A: 4.0, B: 3.0, C: 2.0, F: 0.0 }
  incomplete: [I]
  withdrawn: [W]
counting: { minimum-grade: B }
"""
PROGRAM = """\
program: p
title: P
effective: 2025-01-01
credit-bearing: true
requirements:
  - course: STA 501
  - course: STA 502
awards: [{ issuer: badges }, { issuer: transcript }]
"""


def rule(ground, then, extra="", hold=""):
    asked = f"{{ ground: {ground}{f', hold: {hold}' if hold else ''} }}"
    return f"  - id: on-{ground}\n    for: retention\n    when: {asked}\n    then: {then}\n{extra}"


ALONE = "    confirm: none\n    otherwise: The grade was corrected.\n"


@pytest.fixture
def university(tmp_path):
    """A university at which things change between one run and the next."""

    class University:
        def __init__(self):
            self.institution, self.program, self.issuers = INSTITUTION, PROGRAM, None
            self.records = [sample_record("L001", PASSED)]

        def rules(self, *texts):
            self.institution = INSTITUTION + "rules:\n" + "".join(texts)

        @property
        def installation(self):
            folder = tmp_path / "rules"
            (folder / "programs").mkdir(parents=True, exist_ok=True)
            (folder / "institution.yaml").write_text(self.institution)
            (folder / "programs" / "p.yaml").write_text(self.program)
            made = installed(tmp_path, load(folder), self.records, issuers=self.issuers or ("badges", "transcript"))
            self.issuers = made.issuers
            return made

        def run(self, day=TODAY, **more):
            return run(self.installation, day, **more)

        def ledger(self):
            return self.installation.ledger()

        def cases(self, *, every=True):
            with self.ledger() as ledger:
                return ledger.case_book().cases(every=every)

        def decide(self, number, then, reason="The faculty said so."):
            with self.ledger() as ledger:
                return ledger.case_book().decide(number, then, "A. Dean", reason)

        @property
        def revoked(self):
            return self.issuers["badges"].revoked

        def grade(self, course, grade, **more):
            record = self.records[0]
            attempts = [
                replace(one, grade=grade, **more) if one.course.code == course else one for one in record.attempts
            ]
            self.records = [replace(record, attempts=tuple(attempts))]

        def learner(self, **more):
            self.records = [replace(self.records[0], learner=replace(self.records[0].learner, **more))]

    return University()


KEY = "uni/L001/p/badges"


def test_a_grade_that_is_lowered_after_conferral_opens_a_case_with_what_was_and_what_is(university):
    university.run()
    university.grade("STA 502", "C")

    report = university.run(LATER)

    (case,) = university.cases()
    assert report.cases == [case]
    assert (case.learner_id, case.program, case.ground) == ("L001", "p", Ground.GRADE_LOWERED)
    assert (case.state, case.proposed, case.as_of) == (CaseState.OPEN, Then.FLAG, LATER)
    (found,) = case.findings
    assert (found.text, found.before, found.after) == ("STA 502", "B, fall 2025", "C")
    with university.ledger() as ledger:
        assert case.decision_before != case.decision_after
        assert str(ledger.decision("L001", "p").outcome) == "unmet"
    assert university.revoked == []


def test_a_lowered_grade_that_is_still_enough_opens_nothing(university):
    university.run()
    university.grade("STA 501", "B")

    assert university.run(LATER).cases == []


def test_a_case_is_opened_once_however_often_it_runs(university):
    university.run()
    university.grade("STA 502", "C")

    university.run(LATER)
    university.run(LATEST)

    assert len(university.cases()) == 1


def test_a_case_is_closed_by_itself_when_the_grade_is_what_it_was(university):
    university.run()
    university.grade("STA 502", "C")
    university.run(LATER)
    university.grade("STA 502", "B")

    university.run(LATEST)

    (case,) = university.cases()
    assert (case.state, case.said_by) == (CaseState.GONE, "run 3")


def test_a_rule_that_keeps_closes_the_case_at_once_and_the_case_says_so(university):
    university.rules(rule("grade-lowered", "keep"))
    university.run()
    university.grade("STA 502", "C")

    university.run(LATER)

    (case,) = university.cases()
    assert (case.state, case.said_by) == (CaseState.KEPT, "rule on-grade-lowered")
    assert university.revoked == []


def test_a_rule_that_revokes_waits_for_a_persons_word(university):
    university.rules(rule("grade-lowered", "revoke"))
    university.run()
    university.grade("STA 502", "C")

    university.run(LATER)

    (case,) = university.cases()
    assert (case.state, case.proposed) == (CaseState.OPEN, Then.REVOKE)
    assert university.revoked == []


def test_with_a_persons_word_it_is_revoked_through_the_outbox_by_the_next_run(university):
    university.run()
    university.grade("STA 502", "C")
    university.run(LATER)

    case = university.decide(1, Then.REVOKE)
    assert university.revoked == []
    university.run(LATEST)

    assert (case.state, case.said_by, case.reason) == (CaseState.REVOKED, "A. Dean", "The faculty said so.")
    assert university.revoked == [KEY]
    assert university.issuers["transcript"].revoked == ["uni/L001/p/transcript"]
    with university.ledger() as ledger:
        assert {one.state for one in ledger.award_states()} == {"revoked"}
    assert [one.state for one in university.cases()] == [CaseState.REVOKED]


def test_what_a_person_keeps_is_not_asked_again_until_something_else_changes(university):
    university.run()
    university.grade("STA 502", "C")
    university.run(LATER)
    university.decide(1, Then.KEEP)
    assert university.run(LATEST).cases == []

    university.grade("STA 502", "F")

    (case,) = university.run(LATEST).cases
    assert case.findings[0].after == "F"


def test_the_institutions_rule_may_do_without_a_persons_word(university):
    university.rules(rule("grade-lowered", "revoke", ALONE))
    university.run()
    university.grade("STA 502", "C")

    university.run(LATER)

    (case,) = university.cases()
    assert (case.state, case.reason) == (CaseState.REVOKED, "The grade was corrected.")
    assert university.revoked == [KEY]


def test_a_record_that_is_withdrawn_is_another_ground(university):
    university.rules(rule("record-withdrawn", "revoke", ALONE))
    university.run()
    university.grade("STA 502", None, registration=Registration.WITHDRAWN)

    university.run(LATER)

    (case,) = university.cases()
    assert (case.ground, case.findings[0].after) == (Ground.RECORD_WITHDRAWN, "withdrawn")
    assert university.revoked == [KEY]


def test_a_milestone_that_was_not_passed_after_all_is_a_record_withdrawn(university):
    university.program = PROGRAM.replace("  - course: STA 502\n", "  - milestone: capstone\n")
    university.records = [
        sample_record("L001", PASSED, milestones=(Milestone(code="capstone", status=MilestoneStatus.COMPLETE),))
    ]
    university.run()
    failed = Milestone(code="capstone", status=MilestoneStatus.FAILED)
    university.records = [replace(university.records[0], milestones=(failed,))]

    university.run(LATER)

    assert [one.ground for one in university.cases()] == [Ground.RECORD_WITHDRAWN]


REVOKE_ALL = [
    rule(ground, "revoke", ALONE) for ground in ("grade-lowered", "record-withdrawn", "word-withdrawn", "rule-changed")
]


def test_a_row_that_is_no_longer_there_is_never_a_ground(university):
    university.rules(*REVOKE_ALL)
    university.run()
    record = university.records[0]
    university.records = [replace(record, attempts=record.attempts[:1])]

    university.run(LATER)

    (case,) = university.cases()
    assert (case.ground, case.proposed, case.state) == (Ground.NOT_SEEN, Then.FLAG, CaseState.OPEN)
    assert university.revoked == []


def test_without_any_row_it_is_no_ground_either(university):
    university.rules(*REVOKE_ALL)
    university.run()
    university.records = [replace(university.records[0], attempts=())]

    university.run(LATER)

    assert [one.ground for one in university.cases()] == [Ground.NOT_SEEN]
    assert university.revoked == []


def test_a_milestone_that_is_no_longer_there_is_no_ground(university):
    university.rules(*REVOKE_ALL)
    university.program = PROGRAM.replace("  - course: STA 502\n", "  - milestone: capstone\n")
    university.records = [
        sample_record("L001", PASSED, milestones=(Milestone(code="capstone", status=MilestoneStatus.COMPLETE),))
    ]
    university.run()
    university.records = [replace(university.records[0], milestones=())]

    university.run(LATER)

    assert [one.ground for one in university.cases()] == [Ground.NOT_SEEN]
    assert university.revoked == []


def test_a_learner_who_is_not_there_any_more_is_flagged_and_nothing_else(university):
    university.rules(*REVOKE_ALL)
    university.run()
    university.records = []

    university.run(LATER)
    university.run(LATEST)

    (case,) = university.cases()
    assert (case.ground, case.findings[0].after) == (Ground.NOT_SEEN, "not in the records")
    assert university.revoked == []


def test_a_learner_who_is_there_again_closes_the_case(university):
    university.run()
    there, university.records = university.records, []
    university.run(LATER)
    university.records = there

    university.run(LATEST)

    assert [one.state for one in university.cases()] == [CaseState.GONE]


def test_a_run_for_one_learner_says_nothing_of_the_others(university):
    university.records = [sample_record("L001", PASSED), sample_record("L002", PASSED)]
    university.run()

    assert university.run(LATER, learners=["L001"]).cases == []


def test_a_learner_whose_rows_cannot_be_read_was_seen(university):
    university.run()
    record = university.records[0]
    university.records = [replace(record, attempts=record.attempts * 2)]

    assert university.run(LATER).cases == []


def test_a_missing_row_beside_a_lowered_grade_leaves_it_to_a_person(university):
    university.rules(*REVOKE_ALL)
    university.run()
    university.grade("STA 502", "C")
    record = university.records[0]
    university.records = [replace(record, attempts=record.attempts[1:])]

    university.run(LATER)

    assert {one.ground: one.proposed for one in university.cases()} == {
        Ground.GRADE_LOWERED: Then.FLAG,
        Ground.NOT_SEEN: Then.FLAG,
    }
    assert university.revoked == []


@pytest.mark.parametrize("grade", [None, "??", "I"])
def test_a_grade_that_is_not_known_any_more_is_no_lower_grade(university, grade):
    university.rules(*REVOKE_ALL)
    university.run()
    university.grade("STA 502", grade)

    university.run(LATER)

    (case,) = university.cases()
    assert (case.ground, case.proposed) == (Ground.UNCLEAR, Then.FLAG)
    assert university.revoked == []


def test_a_rule_found_wrong_is_a_ground_of_its_own(university):
    university.rules(rule("rule-changed", "revoke"))
    university.run()
    university.program = PROGRAM.replace("- course: STA 502", "- course: STA 503")

    university.run(LATER)

    (case,) = university.cases()
    assert (case.ground, case.proposed) == (Ground.RULE_CHANGED, Then.REVOKE)
    assert case.findings[0].before.startswith("version 2025-01-01, ")


def test_a_rule_that_changes_nothing_for_a_learner_opens_nothing(university):
    university.run()
    university.program = PROGRAM.replace("title: P", "title: Another title")

    assert university.run(LATER).cases == []


def test_time_that_passes_is_no_ground(university):
    university.program = PROGRAM.replace(
        "  - course: STA 502\n", "  - credits: 3\n    from: { subject: STA, completed: { within: { years: 1 } } }\n"
    )
    university.run()

    report = university.run(date(2030, 1, 1))

    with university.ledger() as ledger:
        assert str(ledger.decision("L001", "p").outcome) == "unmet"
    assert report.cases == []


def test_an_attestation_that_is_taken_back_is_a_ground(university):
    university.rules(
        "  - id: lead-says-so\n    for: conferral\n    require: { attestations: [lead] }\n",
        rule("word-withdrawn", "revoke", ALONE),
    )
    said = Attestation(learner_id="L001", program="p", role="lead", statement=COMPLETE, by="A. Lead", on=TODAY)
    with university.ledger() as ledger:
        ledger.attest(said)
    university.run()
    with university.ledger() as ledger:
        ledger.attest(replace(said, withdrawn=True))

    university.run(LATER)

    (case,) = university.cases()
    assert (case.ground, case.state) == (Ground.WORD_WITHDRAWN, CaseState.REVOKED)
    assert "A. Lead" in case.findings[0].before


def test_a_waiver_that_is_taken_back_is_a_ground(university):
    university.records = [sample_record("L001", {"STA 501": "A"})]
    granted = GrantedException(
        learner_id="L001",
        program="p",
        kind=ExceptionKind.WAIVER,
        requirement="sta-502",
        reason="Taught it",
        by="A. Dean",
        on=TODAY,
    )
    with university.ledger() as ledger:
        ledger.grant(granted)
    university.run()
    with university.ledger() as ledger:
        ledger.grant(replace(granted, withdrawn=True))

    university.run(LATER)

    assert [one.ground for one in university.cases()] == [Ground.WORD_WITHDRAWN]


def test_a_conduct_decision_is_a_hold_that_the_rules_name(university):
    university.rules(rule("conduct", "revoke", hold="MISCONDUCT"))
    university.run()
    holds = (Hold(code="MISCONDUCT", blocks=frozenset({"conferral"}), since=LATER),)
    university.records = [replace(university.records[0], holds=holds)]
    assert university.run(TODAY).cases == []  # it does not stand yet

    (case,) = university.run(LATER).cases

    assert (case.ground, case.proposed) == (Ground.CONDUCT, Then.REVOKE)
    assert case.findings[0].text == "The hold MISCONDUCT"
    assert university.revoked == []


def test_a_hold_for_anything_else_is_no_ground(university):
    university.rules(
        "  - id: no-hold\n    for: conferral\n    require: { holds: none }\n",
        rule("conduct", "revoke", ALONE, hold="MISCONDUCT"),
    )
    university.run()
    fee = Hold(code="LIBRARY-FEE", blocks=frozenset({"conferral"}), since=LATER)
    university.records = [replace(university.records[0], holds=(fee,))]

    assert university.run(LATER).cases == []


def test_a_learner_who_is_renamed_opens_a_case(university):
    university.run()
    university.learner(family_name="Example")

    university.run(LATER)

    (case,) = university.cases()
    assert (case.ground, case.proposed) == (Ground.RENAMED, Then.FLAG)
    assert (case.findings[0].before, case.findings[0].after) == ("Ada Sample", "Ada Example")


def test_an_e_mail_address_that_is_changed_opens_a_case(university):
    university.run()
    university.learner(email="ada@elsewhere.example")

    university.run(LATER)

    (case,) = university.cases()
    assert (case.ground, case.findings[0].after) == (Ground.EMAIL_CHANGED, "ada@elsewhere.example")
    assert "ada@" not in repr(case.learner_id)


def test_an_address_or_a_name_that_the_records_no_longer_have_is_no_ground(university):
    university.run()
    university.learner(email=None, given_name=None, family_name=None)

    assert university.run(LATER).cases == []


def test_a_learner_who_is_merged_is_not_awarded_a_second_time(university):
    university.run()
    merged = sample_record("L900", PASSED)
    university.records = [replace(merged, learner=replace(merged.learner, former_ids=frozenset({"L001"})))]

    report = university.run(LATER)

    assert report.new_awards == 0
    (case,) = university.cases()
    assert (case.learner_id, case.ground, case.findings[0].after) == ("L001", Ground.MERGED, "L900")
    assert university.issuers["badges"].issued == [KEY]


def test_when_the_former_learners_award_is_revoked_the_merged_learner_is_awarded(university):
    university.run()
    merged = sample_record("L900", PASSED)
    university.records = [replace(merged, learner=replace(merged.learner, former_ids=frozenset({"L001"})))]
    university.run(LATER)
    university.decide(1, Then.REVOKE, "Issued again under the other id.")
    university.run(LATEST)
    assert university.issuers["badges"].issued == [KEY]

    university.run(LATEST)

    assert university.revoked == [KEY]
    assert university.issuers["badges"].issued == [KEY, "uni/L900/p/badges"]


def test_two_grounds_are_two_cases_and_a_revocation_closes_both(university):
    university.run()
    university.grade("STA 502", "C")
    university.learner(email="ada@elsewhere.example")
    university.run(LATER)

    university.decide(2, Then.REVOKE)

    assert [one.state for one in university.cases()] == [CaseState.GONE, CaseState.REVOKED]


def test_a_programs_own_rule_comes_before_the_institutions(university):
    university.rules(rule("grade-lowered", "revoke", ALONE))
    university.program = PROGRAM + "rules:\n" + rule("grade-lowered", "keep").replace("on-", "own-on-")
    university.run()
    university.grade("STA 502", "C")

    university.run(LATER)

    assert [one.said_by for one in university.cases()] == ["rule own-on-grade-lowered"]


def test_a_rule_may_be_for_some_programs_only(university):
    university.rules(
        rule("grade-lowered", "keep").replace("ground:", "program.credit-bearing: false, ground:"),
    )
    university.run()
    university.grade("STA 502", "C")

    assert university.run(LATER).cases[0].proposed is Then.FLAG


def test_a_closed_case_cannot_be_decided_again_unless_it_was_kept(university):
    university.run()
    university.grade("STA 502", "C")
    university.run(LATER)
    university.decide(1, Then.KEEP)
    university.decide(1, Then.REVOKE)

    with pytest.raises(LedgerError, match=r"Case 1 is closed: revoked, by A\. Dean"):
        university.decide(1, Then.KEEP)
    with pytest.raises(LedgerError, match="There is no case 7"):
        university.decide(7, Then.KEEP)


def test_a_dry_run_opens_nothing(university):
    university.run()
    university.grade("STA 502", "C")

    assert university.run(LATER, dry_run=True).cases == []
    assert university.cases() == []


def test_what_was_revoked_is_no_longer_held(university):
    university.run()
    university.grade("STA 502", "C")
    university.run(LATER)
    university.decide(1, Then.REVOKE)
    university.run(LATEST)

    with university.ledger() as ledger:
        assert {str(one.status) for one in ledger.word_of(["L001"])["L001"].held} == {"revoked"}
        assert ledger.tally()[0].conferred == 0
