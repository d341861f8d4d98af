"""Synchronisation: what is found, what is never believed, and what comes of an interruption."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta

import pytest

from credrules import AdmissionKind, Hold, Knows, RecordsError
from credrules.records import Admission
from credrules.sync import Scope, Store, StoreError, synchronise
from credrules.testing import FakeRecords, FakeSystem, RecordsSuite, sample_record
from credrules.testing.samples import FALL

DAY = date(2026, 3, 2)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SCOPE = Scope(terms=frozenset({FALL.term_id}))


@pytest.fixture
def store():
    with Store.in_memory() as store:
        yield store


@pytest.fixture
def system():
    """Twenty learners, written one after the other in the last hours."""
    system = FakeSystem()
    for number in range(20):
        system.write(sample_record(f"L{number:02}", {"STA 501": "B"}), NOON - (20 - number) * HOUR)
    return system


def sync(system, store, day=DAY, scope=SCOPE, **options):
    report = synchronise(system, store, scope, day, **options)
    waiting = store.waiting()
    store.decided(waiting, {})
    return report, sorted(waiting.learners)


def found(report):
    return report.new, report.changed, report.gone, report.due


def test_at_first_everybody_is_new_and_then_nobody_is(system, store):
    first, waiting = sync(system, store)
    second, nobody = sync(system, store)

    assert found(first) == (20, 0, 0, 0)
    assert first.because == "it is the first time"
    assert waiting == sorted(system.held)
    assert (found(second), nobody) == ((0, 0, 0, 0), [])


def test_only_who_is_stamped_within_the_overlap_is_read_again(system, store):
    scope = Scope(overlap=3 * HOUR, terms=SCOPE.terms)
    sync(system, store, scope=scope)
    system.write(sample_record("L03", {"STA 501": "A"}), NOON)

    report, waiting = sync(system, store, scope=scope)

    assert (report.reading, report.read) == ("changes", 5)  # L03, and those of the three hours before 11
    assert waiting == ["L03"]


def test_two_with_the_same_stamp_are_both_found(system, store):
    system.write(sample_record("L01", {"STA 501": "B"}), NOON)
    sync(system, store, scope=Scope(overlap=timedelta(0)))
    system.write(sample_record("L02", {"STA 501": "A"}), NOON)

    assert sync(system, store, scope=Scope(overlap=timedelta(0)))[1] == ["L02"]


def test_what_is_committed_late_with_an_older_stamp_is_found_within_the_overlap(system, store):
    sync(system, store)
    system.write(sample_record("L02", {"STA 501": "A"}), NOON - 30 * HOUR)

    assert sync(system, store)[1] == ["L02"]


def test_what_has_no_stamp_is_read_every_time(system, store):
    sync(system, store)
    system.write(sample_record("L02", {"STA 501": "A"}), None)

    assert sync(system, store)[1] == ["L02"]


def test_a_stamp_in_the_far_future_does_not_hide_what_comes_after_it(system, store):
    system.write(sample_record("L00", {"STA 501": "B"}), datetime(2099, 1, 1, tzinfo=UTC))
    sync(system, store)
    system.write(sample_record("L02", {"STA 501": "A"}), NOON + HOUR)

    report, waiting = sync(system, store)

    assert (report.reading, waiting) == ("changes", ["L02"])


def test_what_leaves_no_stamp_is_found_by_comparing_the_scope(system, store):
    """As a batch job writes, and as a row goes that is deleted."""
    sync(system, store)
    _, stamp = system.held["L02"]
    system.write(sample_record("L02", {}), stamp - 1000 * HOUR)
    system.delete("L03")

    same_day, nobody = sync(system, store)
    next_day, waiting = sync(system, store, DAY + timedelta(days=1))

    assert (same_day.reading, nobody) == ("changes", [])
    assert (next_day.reading, found(next_day)) == ("scope", (0, 1, 1, 0))
    assert waiting == ["L02"]  # of L03 there is nothing to decide


def test_an_absence_outside_the_scope_says_nothing(system, store):
    scope = Scope(terms=frozenset({"2031-fall"}), full_days=30)
    sync(system, store, scope=scope)
    _, stamp = system.held["L02"]
    system.write(sample_record("L02", {}), stamp - 1000 * HOUR)

    assert sync(system, store, DAY + timedelta(days=1), scope)[1] == []
    assert sync(system, store, DAY + timedelta(days=30), scope)[1] == ["L02"]  # everybody is read again


def test_other_terms_in_the_scope_have_everybody_read(system, store):
    sync(system, store)

    report, waiting = sync(system, store, scope=Scope(terms=frozenset({"2031-fall"})))

    assert (report.reading, report.because, waiting) == ("everybody", "the terms of the scope are others", [])


def test_a_source_that_was_restored_is_read_whole(system, store):
    sync(system, store)
    for record, stamp in list(system.held.values()):
        system.write(record, stamp - 1000 * HOUR)
    system.write(sample_record("L05", {"STA 501": "C"}), NOON - 2000 * HOUR)

    report, waiting = sync(system, store)

    assert report.because == "the newest stamp is older than the last one: was the source restored?"
    assert waiting == ["L05"]


def test_stamps_that_come_to_have_a_zone_are_not_compared_with_those_without(system, store):
    sync(system, store)
    for record, stamp in list(system.held.values()):
        system.write(record, stamp.replace(tzinfo=None))

    assert sync(system, store)[0].because == "the stamps are of another kind"


def test_numbers_can_be_stamps(store):
    system = FakeSystem()
    for number in range(20):
        system.write(sample_record(f"L{number:02}"), number)
    sync(system, store)
    system.write(sample_record("L07", {"STA 501": "A"}), 20)

    assert sync(system, store)[1] == ["L07"]


def test_a_source_without_stamps_is_compared_every_time(system, store):
    system.stamps = Knows.NONE
    sync(system, store)
    system.write(sample_record("L07", {"STA 501": "A"}), None)

    report, waiting = sync(system, store)

    assert (report.reading, report.read, waiting) == ("scope", 1, ["L07"])


def test_a_source_that_says_nothing_of_changes_is_read_whole_and_compared(store):
    records = [sample_record(f"L{number}") for number in range(5)]
    sync(FakeRecords(records), store)

    report, waiting = sync(FakeRecords([*records[:4], sample_record("L4", {"STA 501": "A"})]), store)

    assert (report.reading, report.because, waiting) == ("everybody", "", ["L4"])


# Days.


def test_a_hold_that_begins_is_decided_on_that_day_and_after_its_last_without_a_write(system, store):
    hold = Hold(code="BURSAR", blocks=frozenset({"conferral"}), since=date(2026, 3, 5), until=date(2026, 3, 7))
    system.write(sample_record("L04", holds=(hold,)), NOON)
    first, _ = sync(system, store)

    due = {day: sync(system, store, date(2026, 3, day))[1] for day in range(3, 11)}

    assert [day for day, learners in due.items() if learners == ["L04"]] == [5, 6, 7, 8]
    assert [day for day, learners in due.items() if not learners] == [3, 4, 9, 10]
    assert first.days == {date(2026, 3, day): 1 for day in (5, 6, 7, 8)}


def test_days_that_nobody_synchronised_on_are_made_up_for(system, store):
    admission = Admission(kind=AdmissionKind.NON_DEGREE, since=date(2026, 3, 5))
    system.write(sample_record("L04", admissions=(admission,)), NOON)
    sync(system, store)

    report, waiting = sync(system, store, date(2026, 4, 1))

    assert (report.due, waiting) == (1, ["L04"])
    assert sync(system, store, date(2026, 4, 2))[1] == []


# What is never believed.


@pytest.mark.parametrize("full", [True, False])
def test_an_empty_answer_is_not_nobody(system, store, full):
    sync(system, store)
    system.write(sample_record("L02", {"STA 501": "A"}), NOON)
    before = store.digests()
    system.failures = ["empty"] if full else ["", "empty", "empty"]

    with pytest.raises(RecordsError, match="answers that there is nobody"):
        sync(system, store, full=full)

    assert store.digests() == before
    assert sync(system, store)[1] == ["L02"]


def test_an_empty_answer_at_first_is_not_nobody_either(store):
    with pytest.raises(RecordsError, match="answers that there is nobody"):
        sync(FakeSystem(), store)


@pytest.mark.parametrize("scope_only", [True, False])
def test_a_reading_that_ends_early_is_not_the_end(system, store, scope_only):
    sync(system, store)
    before = store.digests(), store.state()
    system.failures = ["", "cut"] if scope_only else ["cut"]

    with pytest.raises(RecordsError, match="10 learners were read, and the source counts 20"):
        sync(system, store, DAY + timedelta(days=1), full=not scope_only)

    assert (store.digests(), store.state()) == before


@pytest.mark.parametrize("scope_only", [True, False])
def test_where_a_source_cannot_count_whoever_is_missing_is_asked_for_by_name(system, store, scope_only, monkeypatch):
    monkeypatch.setattr(FakeSystem, "count", lambda self: None)
    sync(system, store)
    before = store.digests(), store.state()
    system.failures = ["", "cut"] if scope_only else ["cut"]

    with pytest.raises(RecordsError, match="left out of the reading and are there"):
        sync(system, store, DAY + timedelta(days=1), Scope(terms=SCOPE.terms, few=20), full=not scope_only)

    assert (store.digests(), store.state()) == before


def test_a_great_loss_changes_nothing_until_a_person_accepts_it(system, store):
    sync(system, store)
    before = store.digests(), store.state()
    for number in range(11):
        system.delete(f"L{number:02}")

    with pytest.raises(RecordsError, match=r"11 of 20 learners are no longer there, more than 5%") as refused:
        sync(system, store, full=True)
    assert "--accept-loss" in str(refused.value)
    assert (store.digests(), store.state()) == before

    assert sync(system, store, full=True, accept_loss=True)[0].gone == 11


def test_learners_whose_attempts_are_gone_are_a_loss_as_well(system, store):
    sync(system, store)
    for learner_id, (_, stamp) in list(system.held.items()):
        system.write(sample_record(learner_id), stamp)

    with pytest.raises(RecordsError, match="20 of 20 attempts are no longer there"):
        sync(system, store, scope=Scope(terms=SCOPE.terms, few=1), full=True)


@pytest.mark.parametrize("failures", [["down"], ["broken"], ["", "down"], ["", "broken"]])
def test_an_outage_loses_nothing(system, store, failures):
    sync(system, store)
    system.write(sample_record("L02", {"STA 501": "A"}), NOON)
    system.failures = failures

    with pytest.raises(RecordsError):
        sync(system, store)

    assert sync(system, store)[1] == ["L02"]


# Interruption.


class Killed(BaseException):
    pass


@pytest.mark.parametrize("after", range(1, 6))
def test_one_that_is_interrupted_is_begun_again_without_loss_or_repetition(system, tmp_path, after):
    path = tmp_path / "sync.db"
    with Store.open(path) as store:
        sync(system, store)
    for number in (2, 9):
        system.write(sample_record(f"L{number:02}", {"STA 501": "A"}), NOON)
    progress = iter(range(after))

    def killed(_):
        if next(progress, None) == after - 1:
            raise Killed

    with suppress(Killed), Store.open(path) as store:
        synchronise(system, store, SCOPE, DAY + timedelta(days=1), on_read=killed)

    with Store.open(path) as store:
        assert sync(system, store, DAY + timedelta(days=1))[1] == ["L02", "L09"]
        assert sync(system, store, DAY + timedelta(days=1))[1] == []


def test_who_was_not_decided_still_waits(system, store):
    synchronise(system, store, SCOPE, DAY)
    system.write(sample_record("L02", {"STA 501": "A"}), NOON)
    early = store.waiting()
    synchronise(system, store, SCOPE, DAY)

    store.decided(early, {})

    assert store.waiting().learners == {"L02"}


def test_a_dry_run_says_the_same_and_keeps_nothing(system, store):
    report, nobody = sync(system, store, dry_run=True)

    assert (found(report), nobody, store.digests()) == ((20, 0, 0, 0), [], {})


def test_a_second_one_at_the_same_time_does_nothing(system, tmp_path):
    with (
        Store.open(tmp_path / "s.db") as one,
        Store.open(tmp_path / "s.db") as other,
        one.draft(),
        pytest.raises(StoreError, match="Another synchronisation is at work"),
    ):
        synchronise(system, other, SCOPE, DAY)


def test_a_damaged_store_is_said_and_can_be_deleted(tmp_path):
    path = tmp_path / "s.db"
    path.write_bytes(b"no database" * 100)

    with pytest.raises(StoreError, match="Delete it: the next synchronisation reads everybody"):
        Store.open(path)


def test_the_store_holds_no_name_and_no_grade_and_is_its_owners_alone(system, tmp_path):
    path = tmp_path / "s.db"
    with Store.open(path) as store:
        sync(system, store)

    content = path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    assert b"L07" in content
    assert not [word for word in (b"Ada", b"Sample", b"learner.example", b"STA") if word in content]


class TestFakeSystem(RecordsSuite):
    @pytest.fixture
    def records(self, system):
        return system

    def change(self, records, learner_id):
        records.write(sample_record(learner_id, {"STA 501": "A"}), NOON)
        return True

    def remove(self, records, learner_id):
        records.delete(learner_id)
