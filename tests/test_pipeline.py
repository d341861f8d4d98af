"""The whole of a run: decided once, awarded once, nothing lost, nobody wronged."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from credrules import Hold, OutcomeUnknown, Privacy, Problem, SetAside, Term
from credrules.attestations import COMPLETE, Attestation, ExceptionKind, GrantedException, Role
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.engines.durable import DurableEngine
from credrules.engines.plain import PlainEngine
from credrules.installation import Installation
from credrules.pipeline import run
from credrules.plan import make_plan
from credrules.rule_files import load
from credrules.settings import Section, Settings
from credrules.testing import FakeIssuer, FakeRecords, sample_record

TODAY = date(2026, 6, 1)
PASSED = {"CSE 574": "A-", "STA 501": "A", "MTH 437": "B"}


@pytest.fixture(scope="module")
def rule_set():
    rules = load(Path(__file__).parents[1] / "rules")
    return replace(rules, programs=tuple(program for program in rules.programs if program.id == "data-analytics"))


@pytest.fixture
def install(rule_set, tmp_path):
    def make(records, issuers=("badges", "transcript"), engine=DurableEngine, set_aside=()):
        plan = make_plan(rule_set)
        settings = Settings(
            path=tmp_path / "credrules.toml",
            rules=tmp_path,
            ledger=f"sqlite:///{tmp_path / 'ledger.db'}",
            engine="durable",
            records=Section("records", "fake", {}),
            issuers=(),
        )
        return Installation(
            settings=settings,
            rule_set=rule_set,
            plan=plan,
            decider=Decider(plan, engine(plan) if engine else None),
            records=FakeRecords(records, set_aside),
            issuers={name: FakeIssuer(name) for name in issuers},
        )

    return make


def attest(installation, learner_id, statements=(("lead", COMPLETE), ("office", COMPLETE), ("lead", "capstone"))):
    with installation.ledger() as ledger:
        for role, statement in statements:
            ledger.attest(
                Attestation(
                    learner_id=learner_id,
                    program="data-analytics",
                    role=Role(role),
                    statement=statement,
                    by="A. Person",
                    on=date(2026, 5, 25),
                    evidence="https://evidence.example/1",
                )
            )


def test_a_learner_who_has_done_everything_is_awarded_once_however_often_it_runs(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")

    first = run(installation, TODAY)
    again = run(installation, date(2026, 6, 2))

    assert (first.new_decisions, first.new_awards, first.issued.issued) == (1, 2, 2)
    assert (again.new_decisions, again.new_awards, again.issued.issued) == (0, 0, 0)
    assert installation.issuers["badges"].issued == ["example-university/L001/data-analytics/badges"]
    assert installation.issuers["transcript"].issued == ["example-university/L001/data-analytics/transcript"]


def test_an_award_names_the_day_it_was_earned_and_not_that_of_the_run(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")

    run(installation, TODAY)

    with installation.ledger() as ledger:
        assert ledger.decision("L001", "data-analytics").earned_on == date(2026, 5, 25)


def test_nobody_is_awarded_before_the_lead_and_the_office_have_said_so(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001", [("lead", COMPLETE), ("lead", "capstone")])

    report = run(installation, TODAY)

    assert report.programs["data-analytics"].outcomes == {Outcome.AWAITING: 1}
    assert report.new_awards == 0


def test_a_withdrawn_attestation_no_longer_counts(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")
    with installation.ledger() as ledger:
        ledger.attest(
            Attestation(
                learner_id="L001",
                program="data-analytics",
                role=Role.OFFICE,
                statement=COMPLETE,
                by="A. Person",
                on=TODAY,
                withdrawn=True,
            )
        )

    assert run(installation, TODAY).new_awards == 0


def test_a_waiver_is_decided_with_and_named_in_the_reason(install):
    installation = install([sample_record("L001", {"CSE 574": "A-", "STA 501": "A"})])
    attest(installation, "L001")
    with installation.ledger() as ledger:
        ledger.grant(
            GrantedException(
                learner_id="L001",
                program="data-analytics",
                kind=ExceptionKind.WAIVER,
                requirement="statistics",
                reason="Taught the course for ten years",
                by="A. Dean",
                on=TODAY,
            )
        )

    run(installation, TODAY)

    with installation.ledger() as ledger:
        decision = ledger.decision("L001", "data-analytics")
    assert decision.outcome is Outcome.MET
    waived = next(reason for reason in decision.reason.walk() if reason.because == "waived")
    assert "A. Dean" in waived.text
    assert "Taught the course" in waived.text


def test_a_dry_run_says_what_would_be_and_does_nothing(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")

    report = run(installation, TODAY, dry_run=True)

    assert report.new_awards == 2
    assert installation.issuers["badges"].issued == []
    with installation.ledger() as ledger:
        assert ledger.decision("L001", "data-analytics") is None
        assert ledger.award_states() == []


def test_nothing_leaves_the_institution_about_a_learner_with_a_directory_block(install):
    record = sample_record("L001", PASSED)
    blocked = replace(record, learner=replace(record.learner, privacy=Privacy.RESTRICTED))
    installation = install([blocked])
    attest(installation, "L001")

    report = run(installation, TODAY)

    assert report.programs["data-analytics"].outcomes == {Outcome.MET: 1}
    assert report.programs["data-analytics"].withheld == 1
    assert report.new_awards == 0


def test_a_learner_whose_rows_cannot_be_read_is_set_aside_and_the_others_are_decided(install):
    aside = SetAside("L002", (Problem("attempts.csv", 7, "a fault"),))
    installation = install([sample_record("L001", PASSED)], set_aside=[aside])
    attest(installation, "L001")

    report = run(installation, TODAY)

    assert (report.learners, report.set_aside, report.new_awards) == (2, 1, 2)
    with installation.ledger() as ledger:
        assert ledger.set_aside() == [aside]


def test_a_record_that_contradicts_itself_is_set_aside(install):
    record = sample_record("L001", PASSED)
    installation = install([replace(record, attempts=record.attempts * 2)])
    attest(installation, "L001")

    report = run(installation, TODAY)

    assert (report.set_aside, report.new_awards) == (1, 0)
    assert "appears twice" in report.examples[0].message


class Contrary(PlainEngine):
    """An engine that is wrong about one node."""

    name = "contrary"

    def outcomes(self, record, word, as_of):
        outcomes = super().outcomes(record, word, as_of)
        return tuple((Outcome.UNDETERMINED, *program[1:]) for program in outcomes)


def test_where_the_engines_differ_nobody_is_awarded_and_both_answers_are_kept(install):
    installation = install([sample_record("L001", PASSED)], engine=Contrary)
    attest(installation, "L001")

    report = run(installation, TODAY)

    assert report.new_awards == 0
    assert report.programs["data-analytics"].set_aside == 1
    with installation.ledger() as ledger:
        problem = ledger.set_aside()[0].problems[0].message
    assert "cse-574: contrary says undetermined, plain says met" in problem


def test_a_decision_says_which_engines_decided(install):
    alone = install([sample_record("L001", PASSED)], engine=None)
    run(alone, TODAY)

    with alone.ledger() as ledger:
        assert ledger.decision("L001", "data-analytics").engines == ("plain",)


def test_a_decision_can_be_derived_again_from_what_the_ledger_keeps(install):
    installation = install([sample_record("L001", PASSED)])
    run(installation, TODAY)

    with installation.ledger() as ledger:
        decision = ledger.decision("L001", "data-analytics")
        files = ledger.rule_files(installation.rule_set.digest)
    program = installation.rule_set.program("data-analytics", decision.version)
    assert decision.rules == program.digest
    assert files[program.place.file] == installation.rule_set.files[program.place.file]


def test_a_lost_answer_is_looked_up_and_not_issued_again(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")
    installation.issuers["badges"].failures = ["lost"]

    report = run(installation, TODAY)

    assert report.issued.adopted == 1
    assert installation.issuers["badges"].issued == ["example-university/L001/data-analytics/badges"]


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("acted", [False, True])
def test_a_crash_in_the_middle_of_a_call_ends_in_one_award(install, acted):
    installation = install([sample_record("L001", PASSED)], issuers=("badges",))
    installation = replace(installation, issuers={**installation.issuers, "transcript": FakeIssuer("transcript")})
    attest(installation, "L001")
    issuer = installation.issuers["badges"]
    really = issuer.issue

    def crash(award):
        if acted:
            really(award)
        raise Crash

    issuer.issue = crash
    with pytest.raises(Crash):
        run(installation, TODAY)
    issuer.issue = really
    run(installation, TODAY)

    assert issuer.issued == ["example-university/L001/data-analytics/badges"]


def test_an_issuer_that_raises_holds_up_nobody_else(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")
    installation.issuers["badges"].failures = ["break"]

    report = run(installation, TODAY)

    assert report.issued.adopted == 1  # it had acted before it broke, and `find` said so
    assert installation.issuers["transcript"].issued == ["example-university/L001/data-analytics/transcript"]


def test_an_issuer_that_cannot_be_asked_leaves_the_award_in_doubt_until_it_can(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")
    issuer = installation.issuers["badges"]
    issuer.failures = ["lost"]
    issuer.find = lambda award: (_ for _ in ()).throw(OutcomeUnknown("quiet"))

    assert run(installation, TODAY).issued.in_doubt == 1
    del issuer.find
    assert run(installation, TODAY).issued.adopted == 1
    assert len(issuer.issued) == 1


def test_a_refused_award_waits_for_a_person(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")
    issuer = installation.issuers["badges"]
    issuer.failures = ["refuse"]
    key = "example-university/L001/data-analytics/badges"

    assert run(installation, TODAY).issued.refused == 1
    assert run(installation, TODAY).issued.issued == 0
    with installation.ledger() as ledger:
        assert [(s.key, s.state) for s in ledger.award_states(unissued=True)] == [(key, "refused")]
        ledger.retry(key, "An Officer")
    assert run(installation, TODAY).issued.issued == 1


def test_a_grade_that_changes_is_a_new_decision_and_takes_nothing_back(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")
    run(installation, TODAY)
    later = replace(installation, records=FakeRecords([sample_record("L001", {**PASSED, "MTH 437": "C"})]))

    report = run(later, TODAY)

    assert report.new_decisions == 1
    with later.ledger() as ledger:
        assert [d.outcome for d in ledger.history("L001", "data-analytics")] == [Outcome.UNMET, Outcome.MET]
        assert all(state.state == "issued" for state in ledger.award_states())


def test_a_learner_who_has_nothing_to_do_with_a_program_is_not_recorded_in_it(install):
    installation = install([sample_record("L001", {"HIS 101": "A"})])

    report = run(installation, TODAY)

    assert (report.decisions, report.new_decisions) == (1, 0)


def test_the_evidence_refused_is_in_the_decision_with_its_reason(install):
    installation = install([sample_record("L001", {**PASSED, "MTH 437": "B-"})])

    run(installation, TODAY)

    with installation.ledger() as ledger:
        decision = ledger.decision("L001", "data-analytics")
    refused = [one for reason in decision.reason.walk() for one in reason.refused]
    assert [f"{one.course}, {one.standing}: {one.text}" for one in refused] == ["MTH 437, B-, fall 2025: below B"]


def test_a_hold_stops_conferral_until_it_is_lifted(install):
    record = sample_record("L001", PASSED, holds=(Hold(code="H", blocks=frozenset({"conferral"})),))
    installation = install([record])
    attest(installation, "L001")

    assert run(installation, TODAY).new_awards == 0
    lifted = replace(installation, records=FakeRecords([replace(record, holds=())]))
    assert run(lifted, TODAY).new_awards == 2


def test_decisions_read_back_are_those_that_were_made(install):
    installation = install([sample_record("L001", PASSED)])
    attest(installation, "L001")
    record = sample_record("L001", PASSED)
    with installation.ledger() as ledger:
        word = ledger.word_of(["L001"])["L001"]
    made = installation.decider.decide(record, word, TODAY).decisions[0]

    run(installation, TODAY)

    with installation.ledger() as ledger:
        assert ledger.decision("L001", "data-analytics") == made
        assert json.dumps(ledger.tally()[0].conferred) == "1"


def test_a_source_whose_rows_moved_to_other_lines_makes_nothing_new(install):
    record = sample_record("L001", PASSED)
    installation = install([record])
    run(installation, TODAY)
    moved = replace(
        record,
        attempts=tuple(
            replace(attempt, source=f"attempts.csv:{line}") for line, attempt in enumerate(reversed(record.attempts))
        ),
    )

    assert run(replace(installation, records=FakeRecords([moved])), TODAY).new_decisions == 0


def test_a_repeat_in_progress_of_a_passed_course_changes_nothing_and_is_mentioned(install):
    record = sample_record("L001", PASSED)
    spring = Term(date(2026, 1, 26), date(2026, 6, 15), "2026-spring", "spring 2026")
    again = replace(
        record.attempts[0], attempt_id="again", term=spring, grade=None, graded_on=None, credits_earned=Decimal(0)
    )
    installation = install([replace(record, attempts=(*record.attempts, again))])

    run(installation, TODAY)

    with installation.ledger() as ledger:
        decision = ledger.decision("L001", "data-analytics")
    requirement = next(reason for reason in decision.reason.walk() if reason.node == "cse-574")
    assert requirement.outcome is Outcome.MET
    assert "CSE 574 (in progress, spring 2026) is not used: another attempt at the course counts." in requirement.text


def test_a_learner_who_was_awarded_is_not_awarded_again_under_a_version_chosen_later(install):
    passed = {"CSE 574": "A-", "STA 501": "A", "MTH 437": "B", "CSE 587": "A"}
    installation = install([sample_record("L001", passed)])
    attest(installation, "L001")

    first = run(installation, TODAY)
    with installation.ledger() as ledger:
        ledger.grant(
            GrantedException(
                learner_id="L001",
                program="data-analytics",
                kind=ExceptionKind.ELECTION,
                requirement="2027-08-23",
                reason="asked for it",
                by="A. Registrar",
                on=date(2027, 9, 1),
            )
        )
    again = run(installation, date(2028, 6, 1))

    with installation.ledger() as ledger:
        decision = ledger.decision("L001", "data-analytics")
    assert (first.new_awards, again.new_decisions, again.new_awards) == (2, 1, 0)
    assert (decision.version, decision.outcome, decision.earned_on) == ("2027-08-23", Outcome.MET, date(2027, 9, 1))
    assert installation.issuers["badges"].issued == ["example-university/L001/data-analytics/badges"]
