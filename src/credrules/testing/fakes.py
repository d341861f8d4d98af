"""Fakes that remember what happened to them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credrules.adapters import Batch, Capabilities, Knows
from credrules.awards import Receipt
from credrules.errors import OutcomeUnknown, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from credrules.adapters import SetAside
    from credrules.awards import Award
    from credrules.catalogue import CatalogueCourse
    from credrules.records import Record

ALL_KNOWN = Capabilities(
    credits=Knows.FULL,
    grading_basis=Knows.FULL,
    levels=Knows.FULL,
    attributes=Knows.FULL,
    counts_toward=Knows.FULL,
    origins=Knows.FULL,
    affiliation=Knows.FULL,
    admissions=Knows.FULL,
    registration_dates=Knows.FULL,
    milestones=Knows.FULL,
    activities=Knows.FULL,
    credentials=Knows.FULL,
    holds=Knows.FULL,
    enrolments=Knows.FULL,
    privacy=Knows.FULL,
    catalogue=Knows.FULL,
)


@dataclass
class FakeIssuer:
    """An issuer with books of its own: `issued` holds a key once for every time that it was issued, `revoked` one once.

    `failures` are used up one a call: 'refuse', 'unavailable', 'lost' (issued, and the answer lost), 'unreached' (not
    issued, and nobody can tell), 'break' (issued, and then a fault of its own).
    """

    name: str = "fake"
    failures: list[str] = field(default_factory=list)
    issued: list[str] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    calls: int = 0

    def check(self) -> list[str]:
        return []

    def find(self, award: Award) -> Receipt | None:
        return self._receipt(award) if award.key in self.issued else None

    def issue(self, award: Award) -> Receipt:
        self.calls += 1
        failure = self.failures.pop(0) if self.failures else ""
        if failure == "refuse":
            raise Refused("The template is archived.")
        if failure == "unavailable":
            raise Unavailable("The service does not answer.")
        if failure == "unreached":
            raise OutcomeUnknown("The line went quiet.")
        self.issued.append(award.key)
        if failure == "lost":
            raise OutcomeUnknown("The line went quiet.")
        if failure == "break":
            raise KeyError("a fault of the plugin's own")
        return self._receipt(award)

    def revoke(self, receipt: Receipt, reason: str) -> None:
        if receipt.award_key not in self.issued or receipt.reference != self._reference(receipt.award_key):
            raise Refused("Nothing was issued under that reference.")
        if receipt.award_key not in self.revoked:
            self.revoked.append(receipt.award_key)

    def _receipt(self, award: Award) -> Receipt:
        return Receipt(award_key=award.key, issuer=self.name, reference=self._reference(award.key))

    def _reference(self, award_key: str) -> str:
        return f"{self.name}:{award_key}"

    @property
    def doubled(self) -> list[str]:
        return sorted(key for key, times in Counter(self.issued).items() if times > 1)


@dataclass
class FakeRecords:
    """Student records held in memory."""

    records: Sequence[Record] = ()
    set_aside: Sequence[SetAside] = ()
    name: str = "fake"
    capabilities: Capabilities = ALL_KNOWN
    catalogue: Sequence[CatalogueCourse] = ()

    def count(self) -> int | None:
        return len(self.records) + len(self.set_aside)

    def batches(self, learners: Collection[str] | None = None, size: int = 500) -> Iterator[Batch]:
        wanted = sorted(
            (record for record in self.records if learners is None or record.learner.learner_id in learners),
            key=lambda record: record.learner.learner_id,
        )
        for start in range(0, len(wanted), size):
            yield Batch(tuple(wanted[start : start + size]))
        aside = tuple(one for one in self.set_aside if learners is None or one.learner_id in learners)
        if aside:
            yield Batch((), aside)

    def courses(self) -> Sequence[CatalogueCourse]:
        return self.catalogue
