"""Erasing a learner: the person goes, and the proof that an award was made stays."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import create_engine, select
from tests.life import claims, installed, rules

from credrules.attestations import COMPLETE, Attestation, ExceptionKind, GrantedException
from credrules.errors import LedgerError
from credrules.ledger import Ledger, tables
from credrules.pipeline import run
from credrules.testing import FakeIssuer, sample_record

TODAY, LATER = date(2026, 6, 1), date(2026, 7, 1)
KEY = "uni/L001/p/badges"
PERSONAL = ("Ada", "Sample", "Renamed", "l001@learner.example", "evidence.example", "A hardship", "Because she asked")


@pytest.fixture
def university(tmp_path, url):
    """A learner who was awarded, renamed, attested and excepted; and another one."""
    records = [sample_record("L001", {"STA 501": "A"}), sample_record("L002", {"STA 501": "A"})]
    rule_set = rules(tmp_path, p="requirements: [{ course: STA 501 }, { course: STA 502, id: second }]")
    installation = installed(tmp_path, rule_set, records, issuers=("badges",), engine=None)
    installation = replace(installation, settings=installation.settings.model_copy(update={"ledger": url}))
    with Ledger.open(url) as ledger:
        for learner in ("L001", "L002"):
            ledger.attest(
                Attestation(
                    learner_id=learner,
                    program="p",
                    role="lead",
                    statement=COMPLETE,
                    by="A. Lead",
                    on=TODAY,
                    evidence="https://evidence.example/1",
                )
            )
            ledger.grant(
                GrantedException(
                    learner_id=learner,
                    program="p",
                    kind=ExceptionKind.WAIVER,
                    requirement="second",
                    reason="A hardship",
                    by="A. Dean",
                    on=TODAY,
                )
            )
        ledger.attest(replace(claims(TODAY), by="Ada Sample"))
    run(installation, TODAY)
    first = installation.records.records[0]
    installation.records.records[0] = replace(first, learner=replace(first.learner, family_name="Renamed"))
    run(installation, LATER)
    with Ledger.open(url) as ledger:
        ledger.case_book().decide(1, "keep", "A. Dean", "Because she asked")
    return installation


def everything(url):
    """All that is in the ledger, as text."""
    engine = create_engine(url)
    with engine.connect() as connection:
        rows = [
            row
            for table in tables.metadata.sorted_tables
            if table.name != "rule_sets"
            for row in connection.execute(select(table)).mappings()
            if row.get("learner_id") != "L002"
        ]
    engine.dispose()
    return str([{name: value for name, value in row.items() if "L002" not in str(row)} for row in rows])


def test_the_proof_stays_and_the_person_goes(university, url):
    with Ledger.open(url) as ledger:
        before = ledger.receipt(KEY)
        (row,) = ledger.case_book().held(["L001"])
        assert all(name in everything(url) for name in PERSONAL)

        ledger.erase("L001", "A. Officer", "Request 7")

        (state,) = ledger.award_states(learner_id="L001")
        assert (state.key, state.program, state.state) == (KEY, "p", "issued")
        assert state.receipt.reference == before.reference
        assert ledger.decision("L001", "p") is None
    left = everything(url)
    for name in PERSONAL:
        assert name not in left
    assert row.decision in left
    assert "A. Lead" in left
    engine = create_engine(url)
    with engine.connect() as connection:
        (erasure,) = connection.execute(select(tables.erasures)).mappings().all()
        award = connection.execute(select(tables.awards).where(tables.awards.c.key == KEY)).mappings().one()
    engine.dispose()
    assert (erasure["learner_id"], erasure["said_by"], erasure["reason"]) == ("L001", "A. Officer", "Request 7")
    assert json.loads(erasure["counts"])["decisions"] >= 1
    assert (award["program"], award["version"], str(award["earned_on"])) == ("p", "2025-01-01", "2026-06-01")


def test_nobody_else_is_touched(university, url):
    with Ledger.open(url) as ledger:
        before = ledger.history("L002", "p"), ledger.case_book().held(["L002"]), ledger.word_of(["L002"])

        ledger.erase("L001", "A. Officer", "Request 7")

        assert (ledger.history("L002", "p"), ledger.case_book().held(["L002"]), ledger.word_of(["L002"])) == before


def test_nothing_of_the_person_is_left_in_the_files_of_the_ledger(university, url):
    if not url.startswith("sqlite"):
        pytest.skip("a server's files are its own: see VACUUM")
    with Ledger.open(url) as ledger:
        ledger.erase("L001", "A. Officer", "Request 7")
        ledger.erase("L002", "A. Officer", "Request 8")

    path = university.settings.path.parent
    found = b"".join(one.read_bytes() for one in path.glob("ledger.db*"))
    assert KEY.encode() in found
    for name in PERSONAL:
        assert name.encode() not in found


def test_no_run_decides_about_an_erased_learner_again_nor_awards_a_second_time(university, url):
    with Ledger.open(url) as ledger:
        ledger.erase("L001", "A. Officer", "Request 7")

    report = run(university, LATER)

    assert (report.learners, report.cases, report.issued.issued) == (1, [], 0)
    assert "Ada" not in everything(url)
    assert university.issuers["badges"].issued.count(KEY) == 1


def test_while_an_award_is_under_way_nothing_is_erased(tmp_path, url):
    rule_set = rules(tmp_path, p="requirements: [{ course: STA 501 }]")
    issuer = FakeIssuer("badges", failures=["unavailable", "unreached"])
    records = [sample_record("L001", {"STA 501": "A"})]
    installation = installed(tmp_path, rule_set, records, issuers={"badges": issuer}, engine=None)
    installation = replace(installation, settings=installation.settings.model_copy(update={"ledger": url}))
    run(installation, TODAY)

    with Ledger.open(url) as ledger:
        with pytest.raises(LedgerError, match=f"under way for 'L001': {KEY}"):
            ledger.erase("L001", "A. Officer", "Request 7")
        assert ledger.decision("L001", "p") is not None
        ledger.drop(KEY, "A. Officer", "to be erased")
        ledger.erase("L001", "A. Officer", "Request 7")

        assert ledger.erased() == {"L001"}


def test_of_a_learner_of_whom_nothing_is_held_it_says_so(url):
    with Ledger.open(url) as ledger, pytest.raises(LedgerError, match="holds nothing of a learner 'L009'"):
        ledger.erase("L009", "A. Officer", "Request 7")


def test_a_ledger_holds_nothing_of_a_learner_that_erasing_forgets_to_look_at():
    """Every table that knows a learner, or an award, is one that is erased or that has only the learner's id."""
    known = {"decisions", "attestations", "exceptions", "awards", "outbox", "receipts", "set_aside"}
    known |= {"cases", "case_events", "withheld", "erasures", "queue"}
    of_learners = {
        table.name
        for table in tables.metadata.sorted_tables
        if {"learner_id", "award_id", "case_id"} & set(table.c.keys())
    }

    assert of_learners == known
