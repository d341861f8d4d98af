"""Expiry and renewal: each term renewed once, by work of its own; lapsed and reinstated."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.life import installed, rules

from credrules import Activity, CredentialHeld, CredentialStatus, Milestone, MilestoneStatus
from credrules.attestations import COMPLETE, Attestation, ExceptionKind, GrantedException, Role, Word
from credrules.decisions import Outcome
from credrules.pipeline import run
from credrules.testing import FakeIssuer, sample_record

ACTIVE = CredentialStatus.ACTIVE
BASE = (
    "expires: { years: 1 }\nrequirements: [{ milestone: exam }]\nawards: [{ issuer: badges }, { issuer: transcript }]\n"
)
RENEWAL = """\
renews: base
expires: { years: 1 }
requirements:
  - { hours: 10, of: { activity: study } }
awards: [{ issuer: badges }, { issuer: transcript }]
"""
ATTESTED = RENEWAL + "rules: [{ id: lead, for: conferral, require: { attestations: [lead] } }]\n"
END = date(2026, 5, 31)


def day(text):
    return date.fromisoformat(text)


def study(on, hours=10):
    return Activity(
        activity_id=f"{on}-{hours}",
        code="study",
        status=MilestoneStatus.COMPLETE,
        on=on if on is None or isinstance(on, date) else day(on),
        hours=Decimal(hours),
    )


def held(*ends, code="base", since="2025-05-31"):
    return tuple(
        CredentialHeld(code=code, status=ACTIVE, earned_on=day(since), expires_on=end and day(end)) for end in ends
    )


@pytest.fixture
def decide(tmp_path):
    def decide(activities, as_of, had=held("2026-05-31"), text=RENEWAL, word=Word(), **parts):  # noqa: B008
        installation = installed(tmp_path, rules(tmp_path, base=BASE, again=text), [], only=["again"])
        record = sample_record("L001", activities=activities, **parts)
        decided = installation.decider.decide(record, replace(word, held=had), day(as_of), everyone=True)
        assert decided.disagreements == ()
        return decided.decisions[0]

    return decide


def test_an_award_bears_its_last_day_and_is_expired_after_it(tmp_path):
    made = rules(tmp_path, base=BASE, later="requirements: [{ credential: base }]\n")
    milestone = sample_record("L001", milestones=(_exam(day("2025-05-31")),))
    installation = installed(tmp_path, made, [milestone])
    run(installation, day("2025-06-01"))

    def outcome(as_of):
        with installation.ledger() as ledger:
            word = ledger.word_of(["L001"])["L001"]
        return installation.decider.decide(milestone, word, day(as_of), everyone=True).decisions[1].outcome

    with installation.ledger() as ledger:
        assert ledger.decision("L001", "base").expires_on == END
        # The program that asks for it was awarded in the same run.
        assert ledger.word_of(["L001"])["L001"].held == held("2026-05-31") + held(None, code="later")
    assert (outcome("2026-05-31"), outcome("2026-06-01")) == (Outcome.MET, Outcome.UNMET)


def _exam(on):
    return Milestone(code="exam", status=MilestoneStatus.COMPLETE, completed_on=on)


@pytest.mark.parametrize(
    ("done", "as_of", "outcome", "expires"),
    [
        ("2025-06-01", "2026-05-01", "met", "2027-05-31"),  # the first day of the term
        ("2025-05-31", "2026-05-01", "unmet", None),  # the day before it
        ("2026-05-31", "2026-05-31", "met", "2027-05-31"),  # the last day
        ("2026-06-01", "2026-06-01", "met", "2027-06-01"),  # a day too late: reinstated
        ("2026-05-31", "2026-09-01", "met", "2027-05-31"),  # in time, and seen late
        ("2029-02-03", "2029-03-01", "met", "2030-02-03"),
        (None, "2026-05-01", "undetermined", None),
    ],
)
def test_a_term_is_renewed_from_its_last_day_and_a_lapsed_one_from_its_conferral(decide, done, as_of, outcome, expires):
    decision = decide((study(done),), as_of)

    assert str(decision.outcome) == outcome
    assert decision.expires_on == (expires and day(expires))
    assert decision.cycle == 1


@pytest.mark.parametrize(
    ("done", "as_of", "because", "text"),
    [
        (
            "2026-05-01",
            "2026-05-02",
            "renewed",
            "base was valid until 2026-05-31 and is renewed in time: it is valid until 2027-05-31.",
        ),
        (
            "2026-05-31",
            "2026-05-31",
            "renewed",
            "base was valid until 2026-05-31 and is renewed in time: it is valid until 2027-05-31.",
        ),
        (
            "2026-07-01",
            "2026-07-02",
            "reinstated",
            "base lapsed after 2026-05-31. It is valid again from 2026-07-01 until 2027-07-01.",
        ),
        ("2020-01-01", "2026-05-31", "term-runs", "base is valid until 2026-05-31, and to be renewed by then."),
        (
            "2020-01-01",
            "2026-06-01",
            "lapsed",
            "base was valid until 2026-05-31 and has lapsed. What is missing can be made up for.",
        ),
    ],
)
def test_the_reason_says_what_has_become_of_the_term(decide, done, as_of, because, text):
    part = decide((study(done),), as_of).reason.parts[-1]

    assert (part.node, part.because, part.text) == ("term", because, text)


@pytest.mark.parametrize(
    ("had", "outcome"),
    [
        ((), "unmet"),
        (held(None), "undetermined"),  # it never ends, as far as anybody knows
        (held("2026-05-31", None), "met"),
        ((CredentialHeld(code="base", status=CredentialStatus.REVOKED, expires_on=END),), "unmet"),
        ((CredentialHeld(code="base", status=CredentialStatus.EXPIRED, expires_on=END),), "met"),
        (held("2026-05-31", code="other"), "unmet"),
    ],
)
def test_only_a_term_that_there_is_can_be_renewed(decide, had, outcome):
    assert str(decide((study("2026-01-01"),), "2026-05-01", had).outcome) == outcome
    assert str(decide((study("2026-01-01"),), "2026-05-01", (), credentials=had).outcome) == outcome


def test_the_second_renewal_is_another_one(decide):
    had = (*held("2026-05-31"), *held("2027-05-31", since="2026-04-01"), *held("2027-05-31", code="again"))

    assert decide((study("2026-03-01"),), "2026-06-10", had).outcome is Outcome.UNMET
    assert decide((study("2026-06-01"),), "2026-06-10", had).outcome is Outcome.MET
    assert decide((study("2026-06-01"),), "2026-06-10", had).cycle == 2


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("2025-05-31", "awaiting"), ("2025-06-01", "met"), ("2026-04-30", "met")],
)
def test_a_word_counts_for_one_term(decide, said, outcome):
    word = Word(
        (Attestation(learner_id="L001", program="again", role=Role.LEAD, statement=COMPLETE, by="A", on=day(said)),)
    )

    assert str(decide((study("2026-01-01"),), "2026-05-01", text=ATTESTED, word=word).outcome) == outcome


def test_a_waiver_counts_for_one_term(decide):
    def granted(on):
        waiver = GrantedException(
            learner_id="L001",
            program="again",
            kind=ExceptionKind.WAIVER,
            requirement="10-hours-of-study",
            reason="ill",
            by="A",
            on=day(on),
        )
        return str(decide((), "2026-05-01", word=Word((), (waiver,))).outcome)

    assert (granted("2025-05-31"), granted("2025-06-01")) == ("unmet", "met")


def test_who_has_nothing_to_renew_has_no_part_in_it(tmp_path):
    made = rules(tmp_path, base=BASE, again=RENEWAL)
    records = [sample_record("L001", activities=(study("2026-01-01"),), milestones=())]

    report = run(installed(tmp_path, made, records), day("2026-05-01"))

    assert report.programs["again"].outcomes == {}


ISSUED = st.lists(st.sampled_from(["", "", "", "unavailable", "lost", "unreached", "break"]), max_size=6)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 1200), st.sampled_from([4, 6, 10])), max_size=10),
    st.lists(st.integers(0, 1300), min_size=1, max_size=4),
    ISSUED,
    ISSUED,
)
def test_each_term_is_renewed_once_whenever_it_runs_and_whatever_the_issuers_do(
    tmp_path_factory, work, runs, badges, notes
):
    folder = tmp_path_factory.mktemp("renewal")
    made = rules(folder, base=BASE, again=RENEWAL)
    start = day("2025-05-31")
    done = {on: study(start + timedelta(days=on), hours) for on, hours in work}
    record = sample_record("L001", activities=tuple(done.values()), milestones=(_exam(start),))
    issuers = {"badges": FakeIssuer("badges", badges), "transcript": FakeIssuer("transcript", notes)}
    installation = installed(folder, made, [record], issuers=issuers, engine=None)  # the engines are compared elsewhere

    for after in [*sorted(runs), *range(1300, 1307)]:  # more runs than there are failures, one of which ends a pass
        run(installation, start + timedelta(days=after))

    assert issuers["badges"].doubled == issuers["transcript"].doubled == []
    assert sorted(issuers["badges"].issued) == sorted(
        key.replace("transcript", "badges") for key in issuers["transcript"].issued
    )
    with installation.ledger() as ledger:
        had = ledger.word_of(["L001"])["L001"].held
    terms = sorted((one for one in had if one.code == "base"), key=lambda one: one.expires_on)
    renewals = [one for one in had if one.code == "again"]
    assert len(terms) == len(renewals) + 1 == len(issuers["badges"].issued)
    needed = 0
    for before, after in pairwise(terms):
        assert (after.expires_on - before.expires_on).days >= 365
        needed += 10
    assert sum(one.hours for one in done.values()) >= needed  # no hour renewed two terms
