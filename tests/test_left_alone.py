"""A run decides again whoever can have become another, with three engines, and leaves the others alone."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.life import claims, declines, installed, rules

from credrules.attestations import ExceptionKind, GrantedException
from credrules.cli import cli
from credrules.deciding import Decider
from credrules.decisions import Outcome
from credrules.errors import CredrulesError, EngineError
from credrules.pipeline import run
from credrules.records import Hold, Term
from credrules.testing import FakeRecords, sample_record
from credrules.testing.random_cases import TODAY, random_plan, random_record, random_word

pytest.importorskip("pyarrow")

from credrules.engines.columnar import Batched
from credrules.settled import settled

DAY = date(2026, 6, 1)
PASSED = sample_record("L001", {"STA 501": "A"})
FAILED = sample_record("L002", {"STA 501": "C"})


@pytest.fixture
def install(tmp_path):
    def make(*records, columns=Batched, **programs):
        there = rules(tmp_path, **(programs or {"p": "requirements: [STA 501, STA 502]"}))
        return installed(tmp_path, there, records, columns=columns)

    return make


def again(installation, day=DAY, **more):
    """How many learners a run decides."""
    report = run(installation, day, **more)
    return report.learners - report.left_alone


def test_where_nothing_changed_nobody_is_decided_again(install):
    there = install(PASSED, FAILED)

    first, second = run(there, DAY), run(there, DAY)

    assert (first.left_alone, second.left_alone) == (0, 2)
    assert (second.decisions, second.new_decisions) == (0, 0)
    assert second.programs["p"].outcomes == first.programs["p"].outcomes == {Outcome.UNMET: 2}


def test_a_day_on_which_nothing_happens_changes_nothing(install):
    there = install(PASSED, FAILED)
    run(there, DAY)

    assert again(there, DAY + timedelta(days=40)) == 0
    assert again(there, DAY + timedelta(days=90)) == 0


def test_one_record_that_changed_is_decided_and_the_others_are_not(install):
    there = install(PASSED, FAILED)
    run(there, DAY)
    better = sample_record("L002", {"STA 501": "A", "STA 502": "A"})

    report = run(replace(there, records=FakeRecords([PASSED, better])), DAY)

    assert (report.left_alone, report.new_decisions) == (1, 1)
    assert there.issuers["badges"].issued == ["uni/L002/p/badges"]


@pytest.mark.parametrize("field", ["given_name", "family_name", "preferred_name", "email", "privacy", "affiliation"])
def test_whatever_is_another_about_a_person_is_seen(install, field):
    there = install(PASSED)
    run(there, DAY)
    other = replace(PASSED, learner=replace(PASSED.learner, **{field: None}))
    if other == PASSED:
        other = replace(PASSED, learner=replace(PASSED.learner, **{field: "restricted"}))

    assert again(replace(there, records=FakeRecords([other]))) == 1


def test_another_line_in_the_source_is_no_other_fact(install):
    there = install(PASSED)
    run(there, DAY)
    moved = replace(PASSED, attempts=tuple(replace(one, source="attempts.csv:99") for one in PASSED.attempts))

    assert again(replace(there, records=FakeRecords([moved]))) == 0


def waiver(**more):
    values = {"requirement": "sta-502", "reason": "Taught it", "by": "A. Dean", "on": date(2026, 5, 1), **more}
    return GrantedException(learner_id="L001", program="p", kind=ExceptionKind.WAIVER, **values)


def test_what_people_say_is_seen_and_so_is_that_they_take_it_back(install):
    there = install(PASSED, FAILED)
    run(there, DAY)
    with there.ledger() as ledger:
        ledger.grant(waiver())

    assert run(there, DAY).left_alone == 1
    run(there, DAY)  # what was awarded by the last run is new to this one
    with there.ledger() as ledger:
        ledger.attest(declines(DAY))
    assert again(there) == 1
    with there.ledger() as ledger:
        ledger.attest(declines(DAY, withdrawn=True))
    assert again(there) == 1
    assert again(there) == 0


def test_what_was_awarded_is_seen_by_the_next_run(install):
    there = install(sample_record("L001", {"STA 501": "A", "STA 502": "A"}))

    assert [again(there) for _ in range(3)] == [1, 1, 0]
    assert there.issuers["badges"].issued == ["uni/L001/p/badges"]


def test_the_day_on_which_a_hold_ends_is_seen_and_the_one_before_it_is_not(install):
    ends = date(2026, 7, 1)
    hold = Hold(code="library", blocks=frozenset({"conferral"}), since=date(2026, 1, 1), until=ends)
    record = replace(sample_record("L001", {"STA 501": "A"}), holds=(hold,))
    rule = "requirements: [STA 501]\nrules: [{ id: h, for: conferral, require: { holds: none } }]"
    there = install(record, p=rule)

    assert again(there, DAY) == 1
    assert again(there, ends - timedelta(days=1)) == 0
    assert run(there, ends + timedelta(days=1)).new_awards == 1


def test_the_end_of_a_term_without_a_grade_is_seen(install):
    term = Term(date(2026, 5, 20), date(2026, 8, 20), "su", "summer")
    record = sample_record("L001", {"STA 501": None})
    record = replace(record, attempts=tuple(replace(one, term=term, graded_on=None) for one in record.attempts))
    there = install(record, p="requirements: [STA 501]")

    before = run(there, DAY)
    later = run(there, date(2026, 9, 1))

    assert before.programs["p"].outcomes == {Outcome.PENDING: 1}
    assert later.programs["p"].outcomes == {Outcome.UNDETERMINED: 1}


def test_an_award_that_waits_for_its_day_is_made_on_that_day(install):
    record = sample_record("L001", {"STA 501": "A"})
    there = install(record, p='requirements: [STA 501]\nconfer: { on: ["08-31"] }')

    assert run(there, DAY).new_awards == 0
    assert run(there, date(2026, 8, 30)).new_awards == 0
    assert run(there, date(2026, 8, 31)).new_awards == 1


def test_months_that_are_counted_back_from_the_day_are_seen(install):
    record = sample_record("L001", {"STA 501": "A"})
    text = "requirements: [{ credits: 3, from: { subject: STA, completed: { within: { years: 2 } } } }]"
    there = install(record, p=text)
    first = run(there, DAY)
    assert first.programs["p"].outcomes == {Outcome.MET: 1}

    assert again(there, DAY + timedelta(days=1)) == 1
    assert run(there, date(2040, 1, 1)).programs["p"].outcomes == {}  # nothing counts, so there is no part in it


def test_a_new_version_of_a_program_decides_everybody_from_its_first_day(install):
    there = install(PASSED, FAILED)
    run(there, DAY)
    newer = "requirements: [STA 502]\n"
    changed = install(PASSED, FAILED, p=newer)

    assert again(changed) == 2
    assert again(changed) == 0


def test_the_first_day_of_a_version_that_was_announced_is_seen(install, tmp_path):
    there = install(PASSED, p="requirements: [STA 501]")
    path = tmp_path / "rules" / "programs" / "p.2026-09.yaml"
    old = (tmp_path / "rules" / "programs" / "p.yaml").read_text()
    path.write_text(old.replace("2025-01-01", "2026-09-01"))
    from credrules.rule_files import load

    both = installed(tmp_path, load(tmp_path / "rules"), [PASSED], columns=Batched)
    assert len(both.plan.programs) == 2
    run(both, DAY)
    run(both, DAY)

    assert again(both, date(2026, 8, 1)) == 0
    assert again(both, date(2026, 9, 2)) == 1
    assert there.plan != both.plan


def test_a_run_of_another_kind_in_between_lets_everybody_be_decided(install):
    there = install(PASSED, FAILED)
    run(there, DAY)
    alone = install(PASSED, FAILED, columns=None)
    run(alone, DAY)  # the ledger has a run now that the file knows nothing of

    assert again(there) == 2


def test_an_earlier_day_decides_everybody(install):
    there = install(PASSED, FAILED)
    run(there, DAY)

    assert again(there, DAY - timedelta(days=1)) == 2


def test_a_run_that_died_is_not_believed(install):
    there = install(PASSED, FAILED)
    run(there, DAY)
    broken = replace(there, issuers={"badges": None})
    broken.decider.prepare = lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        run(broken, DAY, everyone=True)

    del broken.decider.prepare
    assert again(there) == 2


def test_everyone_and_learners_by_name_are_decided_whatever_is_known(install):
    there = install(PASSED, FAILED)
    run(there, DAY)

    assert again(there, everyone=True) == 2
    assert again(there, learners=["L001"]) == 1
    assert again(there) == 0


def test_nothing_of_a_record_is_kept_and_only_its_owner_may_read_the_file(install):
    there = install(PASSED)
    run(there, DAY)

    kept = there.kept.read_bytes()
    assert b"L001" in kept
    assert not any(word in kept for word in (b"STA 501", b"Ada", b"example", b"Sample"))
    assert there.kept.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_such_file_is_said_and_nothing_is_awarded(install):
    there = install(sample_record("L001", {"STA 501": "A", "STA 502": "A"}))
    there.kept.write_bytes(b"not a database" * 100)

    with pytest.raises(CredrulesError, match="delete it, and everybody is decided again"):
        run(there, DAY)
    assert there.issuers["badges"].issued == []


class Contrary(Batched):
    """Columns that are wrong about every root."""

    def outcomes(self, record, word, as_of):
        return tuple((Outcome.UNDETERMINED, *program[1:]) for program in super().outcomes(record, word, as_of))


class Broken(Batched):
    def outcomes(self, record, word, as_of):
        raise EngineError("a column is missing")


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (Contrary, "durable says met, columnar says undetermined, plain says met"),
        (Broken, "The engine columnar could not decide: a column is missing"),
    ],
)
def test_where_the_third_engine_differs_nobody_is_awarded_and_each_trace_is_kept(install, columns, said):
    there = install(sample_record("L001", {"STA 501": "A", "STA 502": "A"}), columns=columns)

    for _ in range(2):  # and nobody is left alone who was set aside
        report = run(there, DAY)

        assert (report.new_awards, report.left_alone, report.programs["p"].set_aside) == (0, 0, 1)
        with there.ledger() as ledger:
            assert said in ledger.set_aside()[0].problems[0].message


def test_decisions_name_the_three_engines(install):
    there = install(PASSED)
    run(there, DAY)

    with there.ledger() as ledger:
        assert ledger.decision("L001", "p").engines == ("durable", "columnar", "plain")


def test_a_learner_who_claims_is_decided_again_on_another_day(install):
    there = install(sample_record("L001", {"STA 501": "A"}), p="requirements: [STA 501]\nclaim: required")
    run(there, DAY)
    with there.ledger() as ledger:
        ledger.attest(claims(DAY))

    assert run(there, DAY).new_awards == 1


@settings(max_examples=15, deadline=None)
@given(st.integers(min_value=0), st.integers(min_value=1, max_value=900))
def test_who_is_left_alone_would_have_been_decided_as_before(tmp_path_factory, seed, days):
    """Whatever the rules and the records: a later day brings nothing new to whom a run leaves alone."""
    plan = random_plan(Random(seed))
    decider = Decider(plan, None, Batched(plan))
    known = []
    for number in range(6):
        random = Random(f"{seed}/{number}")
        record = random_record(random)
        known.append(
            (replace(record, learner=replace(record.learner, learner_id=f"L{number}")), random_word(random, plan))
        )
    first, later = TODAY, TODAY + timedelta(days=days)
    path = tmp_path_factory.mktemp("kept") / "kept.db"
    with settled(path, _Rules, decider, first, None) as there:
        there.sifted(known)
        decider.prepare(known, first)
        for record, word in known:
            there.note(record, decider.decide(record, word, first))
        there.end(_RUN)
    with settled(path, _Rules, decider, later, _RUN) as there:
        alone = {record.learner.learner_id for record, _ in there.sifted(known).alone}

    for record, word in known:
        if record.learner.learner_id in alone:
            before, after = (_digests(decider, record, word, day) for day in (first, later))
            assert before == after


class _Rules:
    digest = "0" * 64


class _Run:
    number, started_at = 1, "2026-06-01"


_RUN = _Run()


def _digests(decider, record, word, day):
    return [(one.program, one.outcome, one.confers_on) for one in decider.decide(record, word, day).decisions]


def test_the_file_holds_only_what_a_finished_run_came_to(install):
    there = install(PASSED, FAILED)
    run(there, DAY)

    with sqlite3.connect(there.kept) as connection:
        assert connection.execute("SELECT count(*) FROM learners").fetchone() == (2,)


def test_a_second_run_says_that_nobody_was_decided_again(tmp_path):
    def credrules(*words):
        done = CliRunner().invoke(cli, ["--settings", str(tmp_path / "uni" / "credrules.toml"), *words])
        assert done.exit_code == 0, done.output
        return done.output

    CliRunner().invoke(cli, ["init", str(tmp_path / "uni")])

    first, *_, last = (credrules("run", "--as-of", "2026-11-02") for _ in range(3))

    assert "by durable, columnar and plain." in first
    assert "Nobody was decided again: nothing is another than at the last run." in last
    assert "✓ engines: durable, columnar and plain" in credrules("check")
