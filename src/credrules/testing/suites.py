"""Contract suites: subclass one, give it your object in a fixture, and pytest does the rest.

What an implementation cannot do is said in one line, as a class attribute with the reason beside it.
"""

from __future__ import annotations

import pickle
from contextlib import suppress
from dataclasses import replace
from datetime import date
from random import Random
from typing import TYPE_CHECKING, ClassVar

import pytest

from credrules.adapters import (
    Batch,
    Capabilities,
    ChangesReader,
    CourseCatalogue,
    Issuer,
    Knows,
    StudentRecords,
    VersionReader,
)
from credrules.attestations import Word
from credrules.awards import Award, Receipt
from credrules.engines.plain import PlainEngine
from credrules.errors import Refused
from credrules.records import record_faults
from credrules.sync import Scope, Store, synchronise
from credrules.sync.extracts import of_terms
from credrules.testing.random_cases import random_case, random_record, random_word
from credrules.testing.samples import sample_award

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from credrules.engines import Engine
    from credrules.plan import Plan


class RecordsSuite:
    """What every source of student records promises.

    class TestCampusRecords(RecordsSuite):
        @pytest.fixture
        def records(self, tmp_path):
            return CampusRecords(folder=filled_with_at_least_three_learners(tmp_path))
    """

    day: ClassVar[date] = date(2026, 1, 1)

    def change(self, records: StudentRecords, learner_id: str) -> bool:
        """Change something that the source says of a learner, as its own system would; False where a test cannot."""
        return False

    def remove(self, records: StudentRecords, learner_id: str) -> None:
        """Remove a learner and all that is theirs, where `change` can be done."""

    @pytest.fixture
    def records(self) -> StudentRecords:
        """A source with at least three readable learners."""
        raise NotImplementedError("give the suite your source of records in a fixture named `records`")

    def test_it_is_a_source_of_records_with_a_name(self, records: StudentRecords) -> None:
        assert isinstance(records, StudentRecords)
        assert records.name
        assert isinstance(records.capabilities, Capabilities)

    def test_every_learner_comes_once_and_in_order(self, records: StudentRecords) -> None:
        ids = [record.learner.learner_id for batch in records.batches() for record in batch.records]

        assert len(ids) >= 3
        assert ids == sorted(set(ids))

    def test_the_size_of_a_batch_changes_nothing_but_the_batches(self, records: StudentRecords) -> None:
        at_once = [record for batch in records.batches(size=10_000) for record in batch.records]
        one_by_one = list(records.batches(size=1))

        assert [record for batch in one_by_one for record in batch.records] == at_once
        assert all(len(batch.records) <= 1 for batch in one_by_one)

    def test_reading_twice_gives_the_same(self, records: StudentRecords) -> None:
        assert list(records.batches()) == list(records.batches())

    def test_learners_can_be_asked_for_by_name(self, records: StudentRecords) -> None:
        everybody = [record for batch in records.batches() for record in batch.records]
        wanted = everybody[1]

        assert [r for b in records.batches([wanted.learner.learner_id]) for r in b.records] == [wanted]

    def test_a_learner_nobody_knows_is_not_there(self, records: StudentRecords) -> None:
        assert [r for b in records.batches(["nobody has this id"]) for r in b.records] == []

    def test_the_count_is_that_of_everybody_or_unknown(self, records: StudentRecords) -> None:
        batches = list(records.batches())

        assert records.count() in (
            None,
            sum(len(b.records) + len({a.learner_id for a in b.set_aside}) for b in batches),
        )

    def test_no_record_contradicts_itself(self, records: StudentRecords) -> None:
        for batch in records.batches():
            for record in batch.records:
                assert list(record_faults(record)) == []

    def test_what_a_source_cannot_tell_is_none_and_not_empty(self, records: StudentRecords) -> None:
        knows = records.capabilities
        for batch in records.batches():
            for record in batch.records:
                assert (record.milestones is None) == (knows.milestones is Knows.NONE)
                assert (record.activities is None) == (knows.activities is Knows.NONE)
                assert (record.credentials is None) == (knows.credentials is Knows.NONE)
                assert (record.holds is None) == (knows.holds is Knows.NONE)
                assert (record.admissions is None) == (knows.admissions is Knows.NONE)
                if knows.affiliation is Knows.NONE:
                    assert record.learner.affiliation is None
                if knows.credits is Knows.NONE:
                    assert all(attempt.credits_earned is None for attempt in record.attempts)

    def test_a_record_keeps_names_and_addresses_out_of_its_repr(self, records: StudentRecords) -> None:
        for batch in records.batches():
            for record in batch.records:
                text = repr(record)
                for personal in (record.learner.email, record.learner.family_name):
                    assert not personal or personal not in text

    def test_a_catalogue_is_there_where_the_capabilities_say_so(self, records: StudentRecords) -> None:
        """Read twice it is the same, whatever the order, and no course ends before it begins."""
        if records.capabilities.catalogue is Knows.NONE:
            return
        assert isinstance(records, CourseCatalogue)
        courses = list(records.courses())

        assert set(courses) == set(records.courses())
        assert len(courses) == len(set(courses))
        for one in courses:
            assert one.since is None or one.until is None or one.since <= one.until

    def test_a_second_synchronisation_finds_nothing_new(self, records: StudentRecords) -> None:
        with Store.in_memory() as store:
            first = synchronise(records, store, Scope(), self.day)
            second = synchronise(records, store, Scope(), self.day)

        assert first.new >= 3
        assert (second.new, second.changed, second.gone) == (0, 0, 0)

    def test_a_source_that_was_not_changed_has_one_version(self, records: StudentRecords) -> None:
        if isinstance(records, VersionReader):
            assert records.version() == records.version() != ""

    def test_whoever_was_written_last_is_among_those_who_changed_since(self, records: StudentRecords) -> None:
        """Stamps are compared inclusively: of two learners with one stamp the second is not lost."""
        latest = records.latest() if isinstance(records, ChangesReader) else None
        if not isinstance(records, ChangesReader) or latest is None:
            return

        assert latest in [one.stamp for one in records.changed_since(latest)]

    def test_everybody_has_changed_since_long_ago_where_everything_is_stamped(self, records: StudentRecords) -> None:
        latest = records.latest() if isinstance(records, ChangesReader) else None
        if not isinstance(records, ChangesReader) or latest is None or records.stamps is not Knows.FULL:
            return
        changed = {one.learner_id for one in records.changed_since(_long_before(latest))}

        assert changed >= {record.learner.learner_id for batch in records.batches() for record in batch.records}

    def test_a_reading_of_some_terms_is_that_of_everybody_without_the_others(self, records: StudentRecords) -> None:
        if not isinstance(records, ChangesReader):
            return
        everybody = [record for batch in records.batches() for record in batch.records]
        found = sorted({one.term.term_id for record in everybody for one in record.attempts if one.term})

        assert records.common() == records.common()
        for terms in (found[:1], found):
            scoped = [record for batch in records.batches_of_terms(terms, 2) for record in batch.records]
            assert scoped == [of_terms(record, terms) for record in everybody]

    def test_what_is_written_is_found_and_who_is_removed_is_gone(self, records: StudentRecords) -> None:
        """Where the suite is told how to `change` and to `remove`."""
        ids = [record.learner.learner_id for batch in records.batches() for record in batch.records]
        with Store.in_memory() as store:
            synchronise(records, store, Scope(), self.day)
            store.decided(store.waiting(), {})
            if not self.change(records, ids[0]):
                pytest.skip("the suite has no `change` and no `remove`")
            written = synchronise(records, store, Scope(), self.day)
            waiting = store.waiting()
            self.remove(records, ids[1])
            removed = synchronise(records, store, Scope(), self.day, full=True)

        assert (written.new, written.changed, written.gone) == (0, 1, 0)
        assert waiting.learners == {ids[0]}
        assert (removed.new, removed.changed, removed.gone) == (0, 0, 1)

    def test_a_batch_can_be_sent_to_another_process(self, records: StudentRecords) -> None:
        batch = next(iter(records.batches()))

        assert pickle.loads(pickle.dumps(batch)) == batch  # noqa: S301  our own bytes
        assert isinstance(batch, Batch)


def _long_before(stamp: datetime | int) -> datetime | int:
    return 0 if isinstance(stamp, int) else stamp.replace(year=1904)


class IssuerSuite:
    """What every issuer promises.

    class TestPrinter(IssuerSuite):
        @pytest.fixture
        def make_issuer(self, tmp_path):
            return lambda: PrinterIssuer("printer", folder=tmp_path)
    """

    options: ClassVar[dict[str, str]] = {}  # what the program file must say to this issuer beside its name
    can_revoke: ClassVar[bool] = True  # where it is False, the line above it says why

    def is_revoked(self, receipt: Receipt) -> bool:
        """Whether it has been taken back, as anybody who looks at the badge or the note can see."""
        raise NotImplementedError("give the suite a method `is_revoked`, or say `can_revoke = False` and why")

    @pytest.fixture
    def make_issuer(self) -> Callable[[], Issuer]:
        """A function that makes an issuer on the same books every time, as a program started again would."""
        raise NotImplementedError("give the suite a fixture named `make_issuer` that returns a function")

    @pytest.fixture
    def issuer(self, make_issuer: Callable[[], Issuer]) -> Issuer:
        return make_issuer()

    def award(self, learner_id: str, issuer: Issuer) -> Award:
        return sample_award(learner_id, issuer.name, options=self.options)

    def test_it_is_an_issuer_with_a_name(self, issuer: Issuer) -> None:
        assert isinstance(issuer, Issuer)
        assert issuer.name

    def test_a_ready_issuer_has_nothing_to_complain_of(self, issuer: Issuer) -> None:
        assert list(issuer.check()) == []

    def test_what_was_never_issued_is_not_found(self, issuer: Issuer) -> None:
        assert issuer.find(self.award("L001", issuer)) is None

    def test_a_receipt_names_the_award_and_the_issuer(self, issuer: Issuer) -> None:
        award = self.award("L001", issuer)

        receipt = issuer.issue(award)

        assert isinstance(receipt, Receipt)
        assert (receipt.award_key, receipt.issuer) == (award.key, issuer.name)
        assert receipt.reference

    def test_what_was_issued_is_found_with_the_same_receipt(self, issuer: Issuer) -> None:
        award = self.award("L001", issuer)
        receipt = issuer.issue(award)

        assert issuer.find(award) == receipt

    def test_what_was_issued_is_found_after_a_restart(self, make_issuer: Callable[[], Issuer]) -> None:
        before = make_issuer()
        award = self.award("L001", before)
        receipt = before.issue(award)

        assert make_issuer().find(award) == receipt

    def test_issuing_twice_is_issuing_once(self, make_issuer: Callable[[], Issuer]) -> None:
        issuer = make_issuer()
        award = self.award("L001", issuer)

        assert make_issuer().issue(award) == issuer.issue(award)

    def test_one_learner_is_not_taken_for_another(self, issuer: Issuer) -> None:
        mine, yours = self.award("L001", issuer), self.award("L002", issuer)
        receipt = issuer.issue(mine)

        assert issuer.find(yours) is None
        assert issuer.issue(yours).reference != receipt.reference

    @pytest.mark.parametrize("learner_id", ["../../etc/passwd", "a/b\\c", "Zoë Ångström", "=1+1", "x" * 150, "a\nb"])
    def test_a_learner_id_may_be_any_text(self, issuer: Issuer, learner_id: str) -> None:
        """It is issued, or refused with a reason: never something else, and never half."""
        award = self.award(learner_id, issuer)

        receipt: Receipt | None = None
        with suppress(Refused):
            receipt = issuer.issue(award)

        assert issuer.find(award) == receipt

    def test_looking_does_not_issue(self, issuer: Issuer) -> None:
        award = self.award("L001", issuer)

        issuer.find(award)
        list(issuer.check())

        assert issuer.find(award) is None

    def test_what_cannot_be_taken_back_is_refused_with_a_reason(self, issuer: Issuer) -> None:
        if self.can_revoke:
            pytest.skip("it can be taken back")
        award = self.award("L001", issuer)
        receipt = issuer.issue(award)

        with pytest.raises(Refused, match=r"\w+ \w+"):
            issuer.revoke(receipt, "It was awarded by mistake.")
        assert issuer.find(award) == receipt

    def test_what_is_taken_back_is_so_for_all_to_see_and_no_other_award_is(
        self, make_issuer: Callable[[], Issuer]
    ) -> None:
        self._needs_revocation()
        issuer = make_issuer()
        mine, yours = (issuer.issue(self.award(learner_id, issuer)) for learner_id in ("L001", "L002"))
        assert not self.is_revoked(mine)

        make_issuer().revoke(mine, "It was awarded by mistake.")

        assert self.is_revoked(mine)
        assert not self.is_revoked(yours)

    def test_taking_back_twice_is_taking_back_once(self, make_issuer: Callable[[], Issuer]) -> None:
        self._needs_revocation()
        issuer = make_issuer()
        receipt = issuer.issue(self.award("L001", issuer))

        issuer.revoke(receipt, "It was awarded by mistake.")
        make_issuer().revoke(receipt, "It was awarded by mistake, twice.")

        assert self.is_revoked(receipt)

    def test_what_was_taken_back_was_issued_all_the_same(self, make_issuer: Callable[[], Issuer]) -> None:
        self._needs_revocation()
        issuer = make_issuer()
        award = self.award("L001", issuer)
        receipt = issuer.issue(award)

        issuer.revoke(receipt, "It was awarded by mistake.")

        assert make_issuer().find(award) == receipt

    def test_what_was_never_issued_cannot_be_taken_back(self, issuer: Issuer) -> None:
        self._needs_revocation()
        receipt = issuer.issue(self.award("L001", issuer))

        with pytest.raises(Refused):
            issuer.revoke(replace(receipt, reference="nothing-has-this-reference"), "It was awarded by mistake.")

        assert not self.is_revoked(receipt)

    def _needs_revocation(self) -> None:
        if not self.can_revoke:
            pytest.skip("it takes nothing back, and says so")


class EngineSuite:
    """What every engine promises: the outcomes of the plain engine, at every node, whatever the order of facts.

    class TestMine(EngineSuite):
        def make_engine(self, plan):
            return MyEngine(plan)
    """

    cases = 150

    def make_engine(self, plan: Plan) -> Engine:
        raise NotImplementedError("give the suite a method `make_engine` that makes your engine for a plan")

    @pytest.mark.parametrize("block", range(4))
    def test_it_agrees_with_the_plain_engine_at_every_node(self, block: int) -> None:
        for seed in range(block * self.cases, (block + 1) * self.cases):
            case = random_case(Random(seed))
            expected = PlainEngine(case.plan).outcomes(case.record, case.word, case.as_of)

            assert self.make_engine(case.plan).outcomes(case.record, case.word, case.as_of) == expected, f"seed {seed}"

    def test_the_order_of_facts_does_not_matter(self) -> None:
        for seed in range(60):
            random = Random(seed)
            case = random_case(random)
            engine = self.make_engine(case.plan)
            expected = engine.outcomes(case.record, case.word, case.as_of)
            record = replace(
                case.record,
                attempts=tuple(random.sample(case.record.attempts, len(case.record.attempts))),
                milestones=case.record.milestones and tuple(reversed(case.record.milestones)),
                activities=case.record.activities and tuple(reversed(case.record.activities)),
                holds=case.record.holds and tuple(reversed(case.record.holds)),
            )
            word = replace(case.word, attestations=tuple(reversed(case.word.attestations)))

            assert engine.outcomes(record, word, case.as_of) == expected, f"seed {seed}"

    def test_one_engine_decides_many_learners_as_the_plain_engine_does(self) -> None:
        for seed in range(6):
            case = random_case(Random(seed))
            engine, plain = self.make_engine(case.plan), PlainEngine(case.plan)
            for number in range(40):
                random = Random(f"{seed}/{number}")
                record, word = random_record(random), random_word(random, case.plan)
                if number % 3 == 0:
                    record = replace(record, attempts=(), milestones=(), activities=())
                    word = Word()
                expected = plain.outcomes(record, word, case.as_of)
                assert engine.outcomes(record, word, case.as_of) == expected, f"seed {seed}, learner {number}"

    def test_one_learner_leaves_nothing_behind_for_the_next(self) -> None:
        case, other = random_case(Random(1)), random_case(Random(2))
        engine = self.make_engine(case.plan)
        alone = engine.outcomes(case.record, case.word, case.as_of)

        engine.outcomes(other.record, case.word, case.as_of)

        assert engine.outcomes(case.record, case.word, case.as_of) == alone
