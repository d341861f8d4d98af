"""The ledger: every test on SQLite and, where there is a server, on PostgreSQL."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
import traceback
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, event, make_url, text

from credrules.adapters import SetAside
from credrules.attestations import COMPLETE, Attestation, ExceptionKind, GrantedException, Role, Word
from credrules.awards import Evidence, Receipt, Recipient, award_key
from credrules.decisions import Decision, Outcome, Reason, Refusal, Use, decision_digest, decision_text
from credrules.errors import LedgerError, Problem
from credrules.ledger import AwardState, Hold, Ledger, Recorded, Standing, bodies, database
from credrules.ledger.tables import metadata
from credrules.records import plain_data
from credrules.testing import sample_award

DAY = date(2026, 5, 20)
NEXT_DAY = date(2026, 5, 21)
NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.fixture
def ledger(url):
    with Ledger.open(url) as ledger:
        yield ledger


@pytest.fixture(autouse=True)
def rows_are_only_added():
    """Whatever a test does, the package changes and removes no row of what happened: only what is still to be done."""
    statements = []

    def note(connection, cursor, statement, *_):
        statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield
    event.remove(Engine, "before_cursor_execute", note)
    changes = [text for text in statements if text.lstrip().upper().startswith(("UPDATE", "DELETE"))]
    allowed = ("UPDATE alembic_version ", "UPDATE queue ", "DELETE FROM queue ", "UPDATE rests ")
    allowed += ("DELETE FROM outbox WHERE action = 'revoke'",)  # by the way back to a version that knows no revocation
    assert [text for text in changes if not text.startswith(allowed)] == []


def met(learner="L001", program="data-analytics", **changes):
    """A decision with a reason of every kind below it."""
    use = Use(attempt_id="1", course="CSE 574", standing="A-, fall 2025", outcome=Outcome.MET, credits="3")
    refusal = Refusal(
        attempt_id="2", course="STA 501", standing="B-, fall 2025", because="below", text="STA 501, B-: below B."
    )
    part = Reason(
        node="cse-574",
        title="CSE 574",
        outcome=Outcome.MET,
        because="course-passed",
        text="CSE 574 was passed.",
        rule="programs/data-analytics.yaml:9",
        used=(use,),
        refused=(refusal,),
    )
    parts = {
        "learner_id": learner,
        "program": program,
        "version": "2026-01-01",
        "outcome": Outcome.MET,
        "reason": Reason(
            node="all", title="All", outcome=Outcome.MET, because="all", text="Everything is done.", parts=(part,)
        ),
        "as_of": DAY,
        "rules": "1" * 64,
        "evidence": "2" * 64,
        "engines": ("durable", "plain"),
        "earned_on": DAY,
    }
    return Decision(**{**parts, **changes})


def unmet(learner="L001", program="data-analytics", outcome=Outcome.UNMET, **changes):
    return met(learner, program, outcome=outcome, earned_on=None, **changes)


def badge(learner="L001", program="data-analytics", kind="badge", **changes):
    award = sample_award(learner, "fake", **changes)
    key = award_key(award.institution, learner, program, kind)
    return replace(award, key=key, kind=kind, achievement=replace(award.achievement, program=program))


def receipt_of(award, reference="R1"):
    return Receipt(award_key=award.key, issuer="fake", reference=reference, url="https://x.example", detail={"a": "b"})


def begin(ledger):
    return ledger.begin(DAY, "f" * 64, {"institution.yaml": "id: example\n"}, ("durable", "plain"))


def record(ledger, decisions=(), awards=(), set_aside=()):
    run = begin(ledger)
    recorded = ledger.record(run, decisions, awards, set_aside)
    ledger.end(run, {"learners": 1})
    return recorded


def owe(ledger, *awards):
    decided = {(one.recipient.learner_id, one.achievement.program) for one in awards}
    record(ledger, [met(learner, program) for learner, program in sorted(decided)], awards)


def states(ledger):
    return {state.key: state.state for state in ledger.award_states()}


def tamper(url, statement):
    """Behind the ledger's back, as another version of it or a broken disk would."""
    engine = create_engine(url)
    connection = engine.raw_connection()
    connection.cursor().execute(statement)
    connection.commit()
    connection.close()
    engine.dispose()


# Opening.


def test_a_new_ledger_has_the_tables_that_the_code_believes_in(empty_url):
    Ledger.open(empty_url).close()

    engine = create_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        differences = compare_metadata(context, metadata)
    engine.dispose()

    assert differences == []


def test_what_was_recorded_is_there_when_the_ledger_is_opened_again(url):
    with Ledger.open(url) as ledger:
        owe(ledger, badge())

    with Ledger.open(url, create=False) as ledger:
        assert [one.award for one in ledger.outstanding()] == [badge()]


def test_four_that_open_a_new_ledger_at_once_all_get_it(empty_url):
    together = threading.Barrier(4)
    failures = []

    def open_it():
        together.wait()
        try:
            Ledger.open(empty_url).close()
        except LedgerError as error:
            failures.append(str(error))

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []


def test_where_tables_cannot_all_be_made_none_is(empty_url):
    tamper(empty_url, "CREATE TABLE runs (id INTEGER)")

    with pytest.raises(LedgerError, match=r"already exists"):
        Ledger.open(empty_url)

    tamper(empty_url, "DROP TABLE runs")
    Ledger.open(empty_url).close()


def test_asking_a_ledger_that_is_not_there_makes_none(tmp_path):
    path = tmp_path / "ledger.db"

    with pytest.raises(LedgerError, match=r"There is no ledger at .*ledger\.db yet\. The first `credrules run` makes"):
        Ledger.open(f"sqlite:///{path}", create=False)

    assert not path.exists()


def test_an_empty_database_is_no_ledger_unless_one_may_be_made(empty_url):
    tamper(empty_url, "SELECT 1")

    with pytest.raises(LedgerError, match="There is no ledger"):
        Ledger.open(empty_url, create=False)


def test_a_ledger_of_a_newer_credrules_is_left_alone(url):
    Ledger.open(url).close()
    tamper(url, "UPDATE alembic_version SET version_num = '9999'")

    for use in (Ledger.open, Ledger.migrate):
        with pytest.raises(LedgerError, match="was made by a newer credrules"):
            use(url)


def test_a_ledger_of_an_older_credrules_is_migrated_only_when_asked(url, monkeypatch):
    Ledger.open(url).close()

    monkeypatch.setattr(ScriptDirectory, "get_current_head", lambda script: "9999")

    with pytest.raises(LedgerError, match=r"older credrules.*credrules migrate"):
        Ledger.open(url)


def test_a_ledger_of_each_older_version_keeps_what_is_in_it(empty_url):
    """What the version before wrote is read as it was, and what this one writes goes beside it."""
    at_version(empty_url, "0002")
    old = met()
    insert_decision(empty_url, old)

    Ledger.migrate(empty_url)

    with Ledger.open(empty_url) as ledger:
        assert replace(ledger.decision("L001", "data-analytics"), confers_on=None) == old
        number = ledger.begin(DAY, "9" * 64, {}, ("plain",))
        new = met("L002", confers_on=NEXT_DAY)
        ledger.record(number, [new], [])
        assert ledger.decision("L002", "data-analytics") == new
        assert ledger.tally()[0].to_confer == 1
    to_version(empty_url, "0002")
    to_version(empty_url, "head")
    with Ledger.open(empty_url) as ledger:
        assert replace(ledger.decision("L001", "data-analytics"), confers_on=None) == old
        assert ledger.decision("L002", "data-analytics") == new


def test_a_ledger_of_the_version_before_workers_tells_them_what_is_owed_and_can_go_back(empty_url):
    """What was issued, and what is in doubt, is so after each step; what happened in between is lost to none but it."""
    with Ledger.open(empty_url) as ledger:
        owe(ledger, *(badge(learner) for learner in ("L001", "L002", "L003", "L004")))
        ledger.intend(badge("L001").key)
        ledger.receive(receipt_of(badge("L001")))
        ledger.intend(badge("L002").key)
        ledger.refuse(badge("L003").key, "The template is archived.")
        ledger.ask_revocation(badge("L001").key, "It was awarded by mistake.", "Kay")
        before = states(ledger)

    to_version(empty_url, "0003")
    to_version(empty_url, "head")

    with Ledger.open(empty_url) as ledger:
        revoking = {badge("L001").key: "issued"}  # the version before knows no revocation
        assert states(ledger) == before | revoking
        claimed = ledger.claim(Hold(1, 60))
        assert [(one.award.recipient.learner_id, one.call) for one in claimed] == [("L002", "intent"), ("L004", None)]


def to_version(url, revision):
    """The ledger as that version of credrules has it, whether it is older or newer."""
    engine = database._engine(database._parsed(url), create=False)
    with database.writing(engine) as connection:
        config = database._alembic()
        config.attributes["connection"] = connection
        (command.upgrade if revision == "head" else command.downgrade)(config, revision)
    engine.dispose()


def at_version(url, revision):
    """A ledger as a former version of credrules made it."""
    engine = database._engine(database._parsed(url), create=True)
    with database.writing(engine) as connection:
        config = database._alembic()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def insert_decision(url, decision):
    """A decision as the second version wrote it: without the column and the parts that came later."""
    body = {key: value for key, value in plain_data(decision).items() if key != "confers_on"}
    engine = database._engine(database._parsed(url), create=False)
    with database.writing(engine) as connection:
        for statement, row in (
            ("INSERT INTO rule_sets VALUES (:digest, :files, :at)", {"digest": "1" * 64, "files": b"", "at": NOW}),
            (
                "INSERT INTO runs (as_of, rule_set, engines, started_at) VALUES (:day, :digest, 'plain', :at)",
                {"day": DAY, "digest": "1" * 64, "at": NOW},
            ),
            (
                "INSERT INTO decisions (run_id, learner_id, program, version, outcome, as_of, earned_on, digest, rules,"
                " evidence, body) VALUES (1, :learner, :program, :version, 4, :day, :day, :digest, :rules, :rules,"
                " :body)",
                {
                    "learner": decision.learner_id,
                    "program": decision.program,
                    "version": decision.version,
                    "day": DAY,
                    "digest": decision_digest(decision),
                    "rules": "1" * 64,
                    "body": bodies.packed(body),
                },
            ),
        ):
            connection.execute(text(statement).bindparams(**row))
    engine.dispose()


def test_migrating_makes_a_ledger_or_leaves_a_current_one_as_it_is(empty_url):
    Ledger.migrate(empty_url)
    with Ledger.open(empty_url, create=False) as ledger:
        owe(ledger, badge())

    Ledger.migrate(empty_url)

    with Ledger.open(empty_url, create=False) as ledger:
        assert ledger.known([badge()]) == {badge().key}


def test_a_ledger_is_not_migrated_under_a_run(url, ledger):
    with ledger.exclusively(), pytest.raises(LedgerError, match="Another run is at work"):
        Ledger.migrate(url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://registrar:hunter2@127.0.0.1:1/ledger",
        "postgresql+psycopg://registrar@127.0.0.1:1/ledger?password=hunter2",
        "postgresql://registrar:hunter2@127.0.0.1:port/ledger",
        "mysql://registrar:hunter2@127.0.0.1:1/ledger",
        "hunter2",
    ],
)
def test_a_password_shows_in_no_error(url):
    with pytest.raises(LedgerError) as failure:
        Ledger.open(url)

    assert "hunter2" not in "".join(traceback.format_exception(failure.value, limit=0))


def test_a_ledger_shows_where_it_is_and_no_password(url, ledger):
    password = make_url(url).password or "no password"

    assert make_url(url).database in repr(ledger)
    assert password not in repr(ledger)


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?uri=true"])
def test_a_ledger_in_memory_would_forget_and_is_refused(url):
    with pytest.raises(LedgerError, match="names no file"):
        Ledger.open(url)


def test_a_ledger_in_a_folder_that_is_not_there_cannot_be_made(tmp_path):
    with pytest.raises(LedgerError, match="Does its folder exist"):
        Ledger.open(f"sqlite:///{tmp_path / 'missing' / 'ledger.db'}")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "ledger.db"
    path.write_text("learner_id,grade\n" * 100)

    with pytest.raises(LedgerError, match="is not a database"):
        Ledger.open(f"sqlite:///{path}")


def test_only_its_owner_can_read_a_new_ledger_in_a_file(tmp_path):
    path = tmp_path / "ledger.db"

    with Ledger.open(f"sqlite:///{path}"):
        modes = {file.suffix: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("ledger.db*")}

    assert modes == {".db": 0o600, ".db-wal": 0o600, ".db-shm": 0o600}


def test_a_commit_to_a_file_survives_a_power_cut(tmp_path):
    with Ledger.open(f"sqlite:///{tmp_path / 'ledger.db'}") as ledger, ledger._engine.connect() as connection:
        settings = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert settings == ["wal", 2]  # 2 is FULL


def test_an_error_of_the_database_shows_nobodys_name(ledger):
    nameless = replace(badge(), issuer=None)

    with pytest.raises(LedgerError) as failure:
        owe(ledger, nameless)

    printed = "".join(traceback.format_exception(failure.value, limit=0))
    assert "NOT NULL" in printed.upper() or "not-null" in printed
    assert "Ada" not in printed
    assert "learner.example" not in printed
    assert "Ada" not in str(failure.value.__context__)  # what a crash reporter would send along


# Being the only run.

HOLD = """
import sys
from credrules.ledger import Ledger
with Ledger.open(sys.argv[1]) as ledger, ledger.exclusively():
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_run(url):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_two_runs_cannot_be_at_work_at_once(url, ledger):
    with (
        another_run(url),
        pytest.raises(LedgerError, match="Another run is at work on this ledger"),
        ledger.exclusively(),
    ):
        pytest.fail("both were let in")


def test_a_second_run_in_the_same_process_is_no_exception(url, ledger):
    with (
        Ledger.open(url) as other,
        ledger.exclusively(),
        pytest.raises(LedgerError, match="Another run"),
        other.exclusively(),
    ):
        pytest.fail("both were let in")


def test_a_run_that_was_killed_holds_nobody_up(url, ledger):
    with another_run(url) as process:
        process.kill()
        process.wait()

    for _ in range(100):  # a server takes a moment to notice
        try:
            with ledger.exclusively():
                return
        except LedgerError:
            threading.Event().wait(0.05)
    pytest.fail("the lock outlived its process")


def test_one_run_follows_another(ledger):
    for _ in range(3):
        with ledger.exclusively():
            pass


def test_people_can_attest_while_a_run_is_at_work(url, ledger):
    said = Attestation(
        learner_id="L001", program="data-analytics", role=Role.LEAD, statement=COMPLETE, by="Grace", on=DAY
    )

    with another_run(url):
        ledger.attest(said)

    assert ledger.word_of(["L001"]) == {"L001": Word((said,))}


def test_a_batch_is_recorded_though_somebody_attests_in_the_middle_of_it(url, ledger, monkeypatch):
    """SQLite fails a transaction that reads, is overtaken, and then writes."""
    run = begin(ledger)
    compress = bodies.compressed
    attesting = []

    def attest_meanwhile():
        with Ledger.open(url) as other:
            other.attest(
                Attestation(learner_id="L002", program="p", role=Role.LEAD, statement=COMPLETE, by="Grace", on=DAY)
            )

    def compressed(text):
        if not attesting:
            attesting.append(threading.Thread(target=attest_meanwhile))
            attesting[0].start()
            attesting[0].join(timeout=0.5)
        return compress(text)

    monkeypatch.setattr(bodies, "compressed", compressed)
    recorded = ledger.record(run, [met()], [badge()])
    attesting[0].join()

    assert recorded == Recorded(decisions=1, awards=1)
    assert "L002" in ledger.word_of(["L002"])


def test_nothing_is_issued_by_a_run_whose_lock_was_lost(url, ledger):
    if url.startswith("sqlite"):
        pytest.skip("a file's lock is taken from nobody who lives; a server's connection may break")
    owe(ledger, badge())
    with ledger.exclusively():
        holder = "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database ON oid = database"
        tamper(url, f"{holder} WHERE locktype = 'advisory' AND datname = current_database()")

        with pytest.raises(LedgerError, match="cannot be used"):
            ledger.intend(badge().key)


# Decisions.


def test_a_decision_comes_back_as_it_was(ledger):
    record(ledger, [met()])

    assert ledger.decision("L001", "data-analytics") == met()
    assert ledger.decision("L001", "another") is None


outcomes = st.sampled_from(Outcome)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)
uses = st.builds(Use, outcome=outcomes, attempt_id=texts, course=texts, standing=texts, credits=st.none() | texts)
refusals = st.builds(Refusal, attempt_id=texts, course=texts, standing=texts, because=texts, text=texts)
reasons = st.recursive(
    st.builds(
        Reason,
        node=texts,
        title=texts,
        outcome=outcomes,
        because=texts,
        text=texts,
        cites=st.none() | texts,
        used=st.lists(uses, max_size=2).map(tuple),
        refused=st.lists(refusals, max_size=2).map(tuple),
    ),
    lambda below: st.builds(replace, st.just(met().reason), parts=st.lists(below, max_size=3).map(tuple)),
    max_leaves=5,
)
decisions = st.builds(
    replace,
    st.just(met()),
    learner_id=texts,
    outcome=outcomes,
    reason=reasons,
    as_of=st.dates(),
    earned_on=st.none() | st.dates(),
    engines=st.lists(texts).map(tuple),
    takes_part=st.booleans(),
)


@given(decisions)
def test_any_decision_comes_back_from_its_text(decision):
    text = decision_text(decision)

    restored = bodies.decision_from(bodies.compressed(text.whole))

    assert restored == decision
    assert decision_digest(restored) == text.digest


@given(decisions, decisions)
def test_two_decisions_have_one_digest_only_where_nothing_but_day_and_engines_differs(one, other):
    alike = replace(one, as_of=other.as_of, engines=other.engines)

    assert decision_digest(alike) == decision_digest(one)
    assert (decision_digest(one) == decision_digest(other)) == (alike == other)


def test_a_decision_is_recorded_again_only_when_it_changes(ledger):
    assert record(ledger, [met(), met(program="law")]) == Recorded(decisions=2, awards=0)

    assert record(ledger, [replace(met(), as_of=NEXT_DAY), met(program="law")]) == Recorded(decisions=0, awards=0)
    assert record(ledger, [unmet(), met(program="law")]) == Recorded(decisions=1, awards=0)
    assert record(ledger, [met()]) == Recorded(decisions=1, awards=0)

    assert [one.outcome for one in ledger.history("L001", "data-analytics")] == [
        Outcome.MET,
        Outcome.UNMET,
        Outcome.MET,
    ]


def test_a_batch_larger_than_any_list_in_sql_is_recorded_once(ledger):
    many = [unmet(f"L{number:04}") for number in range(1203)]

    assert record(ledger, many).decisions == 1203
    assert record(ledger, many).decisions == 0


def test_a_batch_that_fails_leaves_nothing_behind(ledger):
    with pytest.raises(LedgerError):
        owe(ledger, replace(badge(), issuer=None))

    assert ledger.decision("L001", "data-analytics") is None


def test_the_rules_of_a_run_can_be_read_again(ledger):
    begin(ledger)
    begin(ledger)

    assert ledger.rule_files("f" * 64) == {"institution.yaml": "id: example\n"}
    assert ledger.rule_files("0" * 64) is None


# What people say.


def test_the_word_that_stands_is_what_was_not_taken_back(ledger):
    lead = Attestation(
        learner_id="L001", program="data-analytics", role=Role.LEAD, statement=COMPLETE, by="Grace", on=DAY
    )
    office = replace(lead, role=Role.OFFICE, by="Kay", evidence="https://evidence.example")
    waiver = GrantedException(
        learner_id="L001",
        program="data-analytics",
        kind=ExceptionKind.WAIVER,
        requirement="capstone",
        reason="Industry experience",
        by="Kay",
        on=DAY,
    )
    swap = replace(waiver, kind=ExceptionKind.SUBSTITUTION, requirement="cse-574", course="CSE 601")
    for said in (lead, office, replace(lead, withdrawn=True)):
        ledger.attest(said)
    extension = replace(waiver, kind=ExceptionKind.EXTENSION, until=DAY)
    for granted in (waiver, swap, extension, replace(swap, withdrawn=True)):
        ledger.grant(granted)

    assert ledger.word_of(["L001", "L002"]) == {"L001": Word((office,), (extension, waiver))}


# Awards.


def test_an_award_comes_back_as_it_was(ledger):
    award = badge(
        credits=Decimal("4.5"),
        evidence=(Evidence(title="CSE 574", detail="A", url="https://e.example", kind="milestone"),),
        options={"template": "7b1c"},
    )
    owe(ledger, award)

    assert [one.award for one in ledger.outstanding()] == [award]


def test_an_award_is_owed_once_however_often_it_is_recorded(ledger):
    assert record(ledger, [met()], [badge()]) == Recorded(decisions=1, awards=1)
    assert record(ledger, [met()], [badge(), badge(kind="note")]) == Recorded(decisions=0, awards=1)
    assert ledger.known([badge(), badge("L002")]) == {badge().key}


def test_awards_go_out_in_the_order_in_which_they_came_to_be_owed(ledger, monkeypatch):
    monkeypatch.setattr("credrules.ledger.PAGE", 10)
    learners = [f"L{number:04}" for number in reversed(range(25))]  # more than two pages
    owe(ledger, *[badge(learner) for learner in learners])

    assert [one.award.recipient.learner_id for one in ledger.outstanding()] == learners


def test_an_award_that_is_received_while_the_list_is_read_is_not_listed_again(ledger, monkeypatch):
    monkeypatch.setattr("credrules.ledger.PAGE", 10)
    owe(ledger, *[badge(f"L{number:04}") for number in range(25)])

    seen = []
    for one in ledger.outstanding():
        seen.append(one.award.key)
        ledger.receive(receipt_of(one.award))

    assert len(seen) == len(set(seen)) == 25
    assert list(ledger.outstanding()) == []


@pytest.mark.parametrize(
    ("happened", "state", "outstanding"),
    [
        ("", "owed", "yes"),
        ("intend", "in doubt", "in doubt"),
        ("intend doubt", "in doubt", "in doubt"),
        ("intend postpone", "unavailable", "tried"),
        ("intend refuse", "refused", "no"),
        ("intend refuse retry", "owed", "tried"),
        ("drop", "dropped", "no"),
        ("drop retry", "owed", "yes"),
        ("intend drop", "dropped", "no"),
        ("intend drop retry", "in doubt", "in doubt"),
        ("intend doubt drop retry", "in doubt", "in doubt"),
        ("lapse", "lapsed", "no"),
        ("lapse owe", "owed", "yes"),
        ("intend postpone lapse", "lapsed", "no"),
        ("intend lapse", "in doubt", "in doubt, lapsed"),
        ("intend lapse postpone", "lapsed", "no"),
        ("intend lapse owe", "in doubt", "in doubt"),
        ("intend refuse lapse owe", "refused", "no"),
        ("intend receive", "issued", "no"),
        ("intend receive lapse", "issued", "no"),
        ("drop receive", "issued", "no"),
    ],
)
def test_what_happened_to_an_award_says_how_it_stands(ledger, happened, state, outstanding):
    owe(ledger, badge())
    key = badge().key
    steps = {
        "intend": lambda: ledger.intend(key),
        "doubt": lambda: ledger.doubt(key, "The line went quiet."),
        "postpone": lambda: ledger.postpone(key, "Not now."),
        "refuse": lambda: ledger.refuse(key, "The template is archived."),
        "retry": lambda: ledger.retry(key, "Kay"),
        "drop": lambda: ledger.drop(key, "Kay", "Given on paper."),
        "receive": lambda: ledger.receive(receipt_of(badge())),
        "lapse": lambda: record(ledger, [unmet()]),
        "owe": lambda: owe(ledger, badge()),
    }
    for step in happened.split():
        steps[step]()

    described = [
        ("in doubt" if one.in_doubt else "tried" if one.tried else "yes") + (", lapsed" if one.lapsed else "")
        for one in ledger.outstanding()
    ]
    assert states(ledger) == {key: state}
    assert described == ([] if outstanding == "no" else [outstanding])


@pytest.mark.parametrize("happened", ["", "intend", "intend postpone", "intend receive"])
def test_only_what_was_refused_or_dropped_is_tried_again_by_hand(ledger, happened):
    owe(ledger, badge())
    for step in happened.split():
        {
            "intend": lambda: ledger.intend(badge().key),
            "postpone": lambda: ledger.postpone(badge().key, ""),
            "receive": lambda: ledger.receive(receipt_of(badge())),
        }[step]()

    with pytest.raises(LedgerError, match="only what was refused or dropped is tried again by hand"):
        ledger.retry(badge().key, "Kay")


def test_an_award_that_was_issued_cannot_be_dropped(ledger):
    owe(ledger, badge())
    ledger.receive(receipt_of(badge()))

    with pytest.raises(LedgerError, match="was issued"):
        ledger.drop(badge().key, "Kay", "A mistake.")


def test_a_reason_is_kept_up_to_its_limit(ledger):
    owe(ledger, badge())

    ledger.refuse(badge().key, "x" * 900)

    assert [state.detail for state in ledger.award_states()] == ["x" * 500]


def test_an_award_nobody_knows_is_an_error_that_says_so(ledger):
    steps = (
        lambda: ledger.intend("nobody"),
        lambda: ledger.retry("nobody", "Kay"),
        lambda: ledger.drop("nobody", "Kay", "why"),
        lambda: ledger.receive(Receipt(award_key="nobody", issuer="fake", reference="R1")),
    )
    for step in steps:
        with pytest.raises(LedgerError, match="The ledger has no award nobody"):
            step()


def test_an_award_follows_the_decision_until_it_is_issued(ledger):
    owe(ledger, badge(), badge("L002"))
    moved = replace(badge(), recipient=Recipient(learner_id="L001", name="Ada Sample", email="new@learner.example"))

    record(ledger, [met(), unmet("L002")], [moved])

    assert [one.award for one in ledger.outstanding()] == [moved]


def test_a_new_address_reaches_an_award_that_was_refused_for_the_old_one(ledger):
    owe(ledger, badge())
    ledger.refuse(badge().key, "The address is no address.")
    moved = replace(badge(), recipient=Recipient(learner_id="L001", name="Ada Sample", email="new@learner.example"))

    owe(ledger, moved)
    assert list(ledger.outstanding()) == []
    ledger.retry(badge().key, "Kay")

    assert [one.award for one in ledger.outstanding()] == [moved]


def test_an_award_that_stays_as_it_is_gets_no_event_a_day(ledger):
    owe(ledger, badge())
    for number in range(3):
        owe(ledger, replace(badge(), decision=str(number) * 64))  # the digest has the day of the decision in it

    with ledger._engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM outbox").scalar() == 0


def test_a_run_on_some_programs_or_learners_leaves_the_awards_of_others_alone(ledger):
    owe(ledger, badge(), badge(program="law"), badge("L002"))

    record(ledger, [unmet(program="law"), unmet("L002")])

    assert states(ledger) == {badge().key: "owed", badge(program="law").key: "lapsed", badge("L002").key: "lapsed"}


def test_a_receipt_comes_back_as_it_was(ledger):
    owe(ledger, badge())

    ledger.receive(receipt_of(badge()))

    assert ledger.receipt(badge().key) == receipt_of(badge())
    assert ledger.receipt("nobody") is None
    assert ledger.has_reference("R1")
    assert not ledger.has_reference("R2")
    assert ledger.award_states(learner_id="L001") == [
        AwardState(badge().key, "fake", "L001", "data-analytics", "issued", "", receipt_of(badge()))
    ]
    assert ledger.award_states(learner_id="L002") == ledger.award_states(unissued=True) == []


def test_the_same_receipt_twice_is_harmless_and_another_is_an_error(ledger):
    owe(ledger, badge())
    ledger.receive(receipt_of(badge()))

    ledger.receive(receipt_of(badge()))
    with pytest.raises(LedgerError, match="has the receipt R1 and now got another, R2"):
        ledger.receive(receipt_of(badge(), "R2"))

    assert ledger.receipt(badge().key) == receipt_of(badge())


# How things stand.


def test_the_tally_counts_learners_by_their_latest_decision(ledger):
    record(ledger, [unmet("L001"), unmet("L002", outcome=Outcome.PENDING), unmet("L003", outcome=Outcome.AWAITING)])
    record(ledger, [met("L001"), met("L004"), met("L004", "law")], [badge("L001"), badge("L004")])
    ledger.receive(receipt_of(badge("L001")))

    assert ledger.tally() == [
        Standing("data-analytics", registered=4, unmet=0, undetermined=0, pending=1, awaiting=1, met=2, conferred=1),
        Standing("law", registered=1, unmet=0, undetermined=0, pending=0, awaiting=0, met=1, conferred=0),
    ]


def test_a_program_is_conferred_when_every_award_is_issued_that_was_not_given_up(ledger):
    owe(ledger, badge(), badge(kind="note"))
    conferred = [ledger.tally()[0].conferred]

    ledger.receive(receipt_of(badge()))
    conferred.append(ledger.tally()[0].conferred)
    ledger.drop(badge(kind="note").key, "Kay", "Noted by hand.")
    conferred.append(ledger.tally()[0].conferred)

    assert conferred == [0, 0, 1]


def test_those_set_aside_are_those_of_the_last_run_that_ended(ledger):
    aside = SetAside("L001", (Problem("attempts.csv", 17, "'??' is no grade."),))
    record(ledger, set_aside=[SetAside("L000", ())])
    record(ledger, set_aside=[aside])
    ledger.record(begin(ledger), [], [], [SetAside("L002", ())])

    assert ledger.set_aside() == [aside]
