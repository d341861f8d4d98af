"""The ledger's tables. Rows are added, and none is ever changed or removed, but in `queue` and `rests`; and where a
learner is erased, which removes the person and leaves a row in `erasures`.

`queue` and `rests` hold nothing that happened: what workers have still to do, and which issuers they leave alone for
now. Both can be made anew from the rest.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID = String(200)
KEY = String(800)
DIGEST = String(64)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True, autoincrement=True)


rule_sets = Table(
    "rule_sets",
    metadata,
    Column("digest", DIGEST, primary_key=True),
    Column("files", LargeBinary, nullable=False),  # zlib of JSON: file name -> text
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    _id(),
    Column("as_of", Date, nullable=False),
    Column("rule_set", DIGEST, ForeignKey("rule_sets.digest"), nullable=False),
    Column("engines", String(100), nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
)

run_ends = Table(
    "run_ends",
    metadata,
    Column("run_id", Integer, ForeignKey("runs.id"), primary_key=True),
    Column("counts", Text, nullable=False),  # JSON
    Column("ended_at", DateTime(timezone=True), nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    _id(),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("program", ID, nullable=False),
    Column("version", String(40), nullable=False),
    Column("outcome", SmallInteger, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("earned_on", Date),
    Column("confers_on", Date),  # where it is not the day on which it was earned
    Column("digest", DIGEST, nullable=False),
    Column("rules", DIGEST, nullable=False),
    Column("evidence", DIGEST, nullable=False),
    Column("body", LargeBinary, nullable=False),  # zlib of the decision's JSON
    CheckConstraint("outcome BETWEEN 0 AND 4", name="outcome"),
    Index(None, "learner_id", "program", "id"),
    Index(None, "program", "outcome"),
)

attestations = Table(
    "attestations",
    metadata,
    _id(),
    Column("learner_id", ID, nullable=False, index=True),
    Column("program", ID, nullable=False),
    Column("role", String(40), nullable=False),
    Column("statement", ID, nullable=False),
    Column("said_by", ID, nullable=False),
    Column("said_on", Date, nullable=False),
    Column("evidence", Text),
    Column("withdrawn", SmallInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

exceptions = Table(
    "exceptions",
    metadata,
    _id(),
    Column("learner_id", ID, nullable=False, index=True),
    Column("program", ID, nullable=False),
    Column("kind", String(40), nullable=False),
    Column("requirement", ID, nullable=False),
    Column("course", String(40)),
    Column("until", Date),
    Column("reason", Text, nullable=False),
    Column("granted_by", ID, nullable=False),
    Column("granted_on", Date, nullable=False),
    Column("withdrawn", SmallInteger, nullable=False),
    Column("recorded_at", DateTime(timezone=True), nullable=False),
)

awards = Table(
    "awards",
    metadata,
    _id(),
    Column("key", KEY, nullable=False, unique=True),  # one award, whoever else is deciding at the same moment
    Column("issuer", ID, nullable=False),
    Column("kind", ID, nullable=False),
    Column("learner_id", ID, nullable=False),
    Column("program", ID, nullable=False),
    Column("version", String(40), nullable=False),
    Column("earned_on", Date, nullable=False),
    Column("decision", DIGEST, nullable=False),
    Column("body", Text, nullable=False),  # JSON of the award, as it was first owed
    Column("owed_at", DateTime(timezone=True), nullable=False),
    Index(None, "program", "learner_id"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("award_id", Integer, ForeignKey("awards.id"), nullable=False),
    Column("action", String(20), nullable=False, server_default="issue"),
    Column("event", String(20), nullable=False),
    Column("detail", String(500), nullable=False),
    Column("body", Text),  # with 'owed': JSON of the award as it is owed from now on; with 'asked': why to revoke it
    Column("at", DateTime(timezone=True), nullable=False),
    CheckConstraint("action IN ('issue', 'revoke')", name="action"),
    CheckConstraint(
        "event IN ('intent', 'issued', 'refused', 'unavailable', 'unknown', 'retry', 'dropped', 'lapsed', 'owed',"
        " 'asked', 'revoked')",
        name="event",
    ),
    Index(None, "award_id", "id"),
)

receipts = Table(
    "receipts",
    metadata,
    Column("award_id", Integer, ForeignKey("awards.id"), primary_key=True),  # and so one receipt an award
    Column("issuer", ID, nullable=False),
    Column("reference", KEY, nullable=False, index=True),
    Column("url", Text),
    Column("detail", Text, nullable=False),  # JSON
    Column("received_at", DateTime(timezone=True), nullable=False),
)

set_aside = Table(
    "set_aside",
    metadata,
    _id(),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False, index=True),
    Column("learner_id", ID, nullable=False),
    Column("problems", Text, nullable=False),  # JSON
)

cases = Table(
    "cases",
    metadata,
    _id(),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("learner_id", ID, nullable=False, index=True),
    Column("program", ID, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("ground", String(40), nullable=False),
    Column("proposed", String(20), nullable=False),
    Column("rule", ID, nullable=False),  # id of the rule for retention; '' where none speaks
    Column("mark", DIGEST, nullable=False),  # of what was found, so that the same is not found again
    Column("decision_before", DIGEST, nullable=False),
    Column("decision_after", DIGEST, nullable=False),  # '' where nothing was decided
    Column("body", Text, nullable=False),  # JSON of what was found
    Column("as_of", Date, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    CheckConstraint("proposed IN ('keep', 'flag', 'revoke')", name="proposed"),
)

case_events = Table(
    "case_events",
    metadata,
    _id(),
    Column("case_id", Integer, ForeignKey("cases.id"), nullable=False, index=True),
    Column("event", String(20), nullable=False),
    Column("said_by", ID, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    CheckConstraint("event IN ('keep', 'revoke', 'gone')", name="event"),
)

withheld = Table(
    "withheld",
    metadata,
    _id(),
    Column("run_id", Integer, ForeignKey("runs.id"), nullable=False),
    Column("learner_id", ID, nullable=False, index=True),
    Column("program", ID, nullable=False),
    Column("issuer", ID, nullable=False),
    Column("award", KEY, nullable=False),
    Column("reason", String(40), nullable=False),  # '' from when on nothing keeps it any longer
    Column("at", DateTime(timezone=True), nullable=False),
)

erasures = Table(
    "erasures",
    metadata,
    _id(),
    Column("learner_id", ID, nullable=False, index=True),
    Column("said_by", ID, nullable=False),
    Column("reason", Text, nullable=False),
    Column("counts", Text, nullable=False),  # JSON: what was removed, in rows
    Column("at", DateTime(timezone=True), nullable=False),
)

queue = Table(
    "queue",
    metadata,
    _id(),
    Column("award_id", Integer, ForeignKey("awards.id"), nullable=False),
    Column("action", String(20), nullable=False),
    Column("issuer", ID, nullable=False),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("tries", Integer, nullable=False),  # in a row, that came to nothing
    Column("held_by", Integer),
    Column("held_until", DateTime(timezone=True)),
    CheckConstraint("action IN ('issue', 'revoke')", name="action"),
    UniqueConstraint("award_id", "action"),
    Index(None, "issuer", "due_at"),
    sqlite_autoincrement=True,  # a place that was left is never given again: what comes later has a later one
)

rests = Table(
    "rests",
    metadata,
    Column("issuer", ID, primary_key=True),
    Column("failures", Integer, nullable=False),  # in a row
    Column("rests_until", DateTime(timezone=True)),
)
