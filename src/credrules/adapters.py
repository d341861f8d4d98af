"""The two kinds of object that plugins offer: student records to read, and issuers to act through."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from credrules.awards import Award, Receipt
    from credrules.catalogue import CatalogueCourse
    from credrules.errors import Problem
    from credrules.records import Record


class Knows(StrEnum):
    """How much of something a source can tell."""

    FULL = "full"
    PARTIAL = "partial"  # for some learners or rows; where it is missing the record says None
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an adapter can know, stated before a record is read.

    A rule that needs what is `NONE` here is refused when the rules are loaded: an answer that nobody can give must not
    look like an answer.
    """

    grades: Knows = Knows.FULL
    credits: Knows = Knows.NONE
    grading_basis: Knows = Knows.NONE
    levels: Knows = Knows.NONE
    attributes: Knows = Knows.NONE
    counts_toward: Knows = Knows.NONE  # which degrees and credentials an attempt counts toward elsewhere
    origins: Knows = Knows.NONE
    affiliation: Knows = Knows.NONE
    admissions: Knows = Knows.NONE
    registration_dates: Knows = Knows.NONE
    milestones: Knows = Knows.NONE
    activities: Knows = Knows.NONE
    credentials: Knows = Knows.NONE
    holds: Knows = Knows.NONE
    facts: Knows = Knows.NONE  # what the institution file declares under `facts`
    enrolments: Knows = Knows.NONE
    privacy: Knows = Knows.NONE
    catalogue: Knows = Knows.NONE  # the institution's course catalogue, see CourseCatalogue

    def lacking(self) -> frozenset[str]:
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) is Knows.NONE)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A learner whose rows could not be read, and why. Nothing is decided about such a learner."""

    learner_id: str
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """Whole learners: no learner's rows straddle two batches."""

    records: tuple[Record, ...]
    set_aside: tuple[SetAside, ...] = ()


@runtime_checkable
class StudentRecords(Protocol):
    """A source of student records. It only ever reads.

    Held to its promises by `credrules.testing.RecordsSuite`.
    """

    @property
    def name(self) -> str:
        """What messages call it."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can know. Raises RecordsError where that cannot be found out."""

    def count(self) -> int | None:
        """How many learners there are, for a progress bar; None where asking is dear."""

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        """Records in learner order, at most `size` to a batch; all learners, or only those named.

        Raises RecordsError where the source as a whole cannot be read, naming every reason. A fault in one learner's
        rows is no exception: it comes back in `Batch.set_aside`. Every learner of the source is in one or the other.
        """


@dataclass(frozen=True, slots=True)
class Changed:
    """A learner of whom something was written, and the source's own stamp of it.

    Stamps of one source are all whole numbers, all days and times with a zone, or all without one. `stamp` is None
    where the source does not say when it was.
    """

    learner_id: str
    stamp: datetime | int | None


@runtime_checkable
class ChangesReader(Protocol):
    """A source of records that can say who changed, so that not everybody has to be read every time.

    Nobody relies on it alone: stamps are late, clocks differ, and what is deleted leaves none. `credrules.sync` reads
    whoever is named here again, and compares.
    """

    @property
    def stamps(self) -> Knows:
        """How much of what can change is stamped. Where it is not FULL, every synchronisation compares a scope too."""

    def common(self) -> str:
        """A text that differs whenever something does on which every record depends: terms, queries, settings."""

    def latest(self) -> datetime | int | None:
        """The greatest stamp that there is; None where there is none."""

    def changed_since(self, since: datetime | int) -> Iterator[Changed]:
        """Everybody of whom something is stamped with `since` or later, or not stamped; each at least once.

        An answer that was cut off raises RecordsError: it must not look like the end.
        """

    def batches_of_terms(self, terms: Collection[str], size: int = 500) -> Iterator[Batch]:
        """As `batches`, but of the attempts only those in these terms or in none. All else is whole."""


@runtime_checkable
class VersionReader(Protocol):
    """A source of records that knows whether anything in it has changed, though not what."""

    def version(self) -> str:
        """A text that differs whenever anything does. Raises RecordsError where that cannot be found out."""


@runtime_checkable
class CourseCatalogue(Protocol):
    """A source of records that has the institution's course catalogue too, and says so in its capabilities.

    `credrules check` holds the rules against it: a misspelt code, a course that is no longer given, a filter
    that no course satisfies. No decision looks at it.
    """

    def courses(self) -> Iterable[CatalogueCourse]:
        """Every course, in no order. Raises RecordsError where the catalogue cannot be read, naming every reason."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What a check of an issued document found. `faults` is empty where everything held.

    `references` are those of the receipts that belong to it: one for a badge, many for a file of notes.
    """

    subject: str
    facts: dict[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    references: tuple[str, ...] = ()


@runtime_checkable
class Issuer(Protocol):
    """Something that turns an award into a badge or a transcript note.

    `issue`, `find` and `revoke` fail in exactly three ways: Refused, Unavailable, OutcomeUnknown. Held to its promises
    by `credrules.testing.IssuerSuite`.
    """

    @property
    def name(self) -> str:
        """What program files call it."""

    def check(self) -> Iterable[str]:
        """What would keep this issuer from working, in sentences; nothing where it is ready. Changes nothing."""

    def find(self, award: Award) -> Receipt | None:
        """The receipt of this award if it was ever issued, looked up by its key; None where it surely was not.

        What was taken back was issued: its receipt stays the same.
        """

    def issue(self, award: Award) -> Receipt:
        """Issue it. Called once for a key, unless `find` has since said that it never arrived."""

    def revoke(self, receipt: Receipt, reason: str) -> None:
        """Take back what a receipt stands for. Doing it again changes nothing, so it may be repeated after any failure.

        `reason` may be shown to the learner and to the public. An issuer that takes nothing back raises Refused, saying
        why and what a person can do instead.
        """


@runtime_checkable
class Verifier(Protocol):
    """An issuer that can also check a document of its own kind."""

    def verify(self, path: Path) -> Verification | None:
        """What the document says and whether it holds; None where it is not of this issuer's kind."""


@runtime_checkable
class OptionsReader(Protocol):
    """An issuer that can say beforehand whether it can make what a program file asks of it.

    It is asked by `credrules check`, and before a run decides anything.
    """

    def option_faults(self, options: Mapping[str, str]) -> Iterable[str]:
        """What is wrong with `Award.options` as a program file gives them, in sentences; nothing where all is well.

        Raises Unavailable where that cannot be found out now. Changes nothing.
        """


@runtime_checkable
class FindsLate(Protocol):
    """An issuer whose `find` may not show at once what was issued."""

    @property
    def settling(self) -> float:
        """Seconds after a call before it is believed that nothing came of it, where `find` finds nothing."""


@runtime_checkable
class SeveralAtOnce(Protocol):
    """An issuer that may be called from several threads at once. Any may be called from several processes."""

    @property
    def at_once(self) -> int:
        """How many calls at the same time are of use."""


class AcceptanceState(StrEnum):
    """How an award stands with the learner who has to accept it."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # the issuer no longer has it, or says something that we do not know


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What an issuer says of the award with this reference. `url` is where the learner accepts it, or shows it."""

    reference: str
    state: AcceptanceState
    since: date | None = None
    url: str | None = field(default=None, repr=False)


@runtime_checkable
class AcceptanceReader(Protocol):
    """An issuer whose awards the learner accepts or rejects."""

    def acceptances(self, receipts: Collection[Receipt]) -> Iterable[Acceptance]:
        """How these stand now; one that the issuer no longer has is left out. Raises Unavailable or Refused."""
