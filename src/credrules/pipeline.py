"""START HERE: records + rules -> decisions -> awards -> receipts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from credrules.adapters import SetAside
from credrules.attestations import Word
from credrules.award_options import unusable_options
from credrules.awards import owed
from credrules.credentials import held_back
from credrules.decisions import Outcome
from credrules.errors import EngineError, Problem, RuleFileError
from credrules.issuing import issue_outstanding
from credrules.leaving import sift
from credrules.records import Privacy, record_faults
from credrules.retention import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from datetime import date

    from credrules.adapters import Batch
    from credrules.awards import Award
    from credrules.deciding import Decided
    from credrules.decisions import Decision
    from credrules.installation import Installation
    from credrules.issuing import Issued
    from credrules.ledger import Ledger
    from credrules.ledger.cases import Case
    from credrules.records import Record

BATCH = 500
"""Learners in memory at a time; what a run holds does not grow with the number of learners."""


@dataclass(slots=True)
class Tally:
    """What one program came to in one run, in learners."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    withheld: int = 0  # complete, but nothing about the learner may leave the institution
    set_aside: int = 0
    to_confer: Counter[date] = field(default_factory=Counter)  # met, by the later day of conferral

    def add(self, one: _Count, step: int) -> None:
        if one.outcome is None:
            self.set_aside += step
            return
        self.outcomes[one.outcome] += step
        if not self.outcomes[one.outcome]:
            del self.outcomes[one.outcome]
        if one.outcome is Outcome.MET and one.restricted:
            self.withheld += step
        if one.confers_on:
            self.to_confer[one.confers_on] += step
            if not self.to_confer[one.confers_on]:
                del self.to_confer[one.confers_on]


@dataclass(slots=True)
class Report:
    """What a run did."""

    as_of: date
    engines: tuple[str, ...]
    dry_run: bool = False
    learners: int = 0
    decisions: int = 0
    new_decisions: int = 0
    new_awards: int = 0
    programs: dict[str, Tally] = field(default_factory=dict)
    set_aside: int = 0  # learners about whom something could not be read or decided
    examples: list[Problem] = field(default_factory=list)  # the first of their problems
    cases: list[Case] = field(default_factory=list)  # opened about awards whose ground has shifted
    issued: Issued | None = None
    asked_for: frozenset[str] = frozenset()  # programs whose holders are decided again
    _counted: dict[str, list[_Count]] = field(default_factory=dict, repr=False)  # of learners who may be that

    def take(self, batch: Batch) -> None:
        """Count the learners of a batch."""
        self.learners += len(batch.records) + len(batch.set_aside)
        self.decisions += len(batch.records) * len(self.programs)

    def count(self, record: Record, decided: Decided, held: Collection[str]) -> bool:
        """Count what came of a learner, in place of what was counted before. False where it was counted before.

        `held` are the programs that the learner holds; only who may come to hold more is remembered.
        """
        learner = record.learner.learner_id
        before = self._counted.pop(learner, [])
        restricted = record.learner.privacy is Privacy.RESTRICTED
        now = [_Count(one.program, one.outcome, restricted, self._later(one)) for one in decided.decisions]
        now += [_Count(one.program, None, restricted) for one in decided.disagreements]
        for some, step in ((before, -1), (now, 1)):
            for one in some:
                self.programs[one.program].add(one, step)
        if any(one.outcome is Outcome.MET and one.program in self.asked_for.difference(held) for one in now):
            self._counted[learner] = now
        return not before

    def _later(self, decision: Decision) -> date | None:
        return decision.confers_on if decision.confers_on and decision.confers_on > self.as_of else None


@dataclass(frozen=True, slots=True)
class _Count:
    program: str
    outcome: Outcome | None  # None where the engines did not agree
    restricted: bool
    confers_on: date | None = None  # where that is a later day


@dataclass(frozen=True, slots=True)
class _Judged:
    """One batch, decided."""

    decisions: list[Decision]
    awards: list[Award]
    set_aside: list[SetAside]


def run(
    installation: Installation,
    as_of: date,
    *,
    learners: Collection[str] | None = None,
    dry_run: bool = False,
    on_decided: Callable[[int], object] = lambda learners: None,
    on_issued: Callable[[int], object] = lambda awards: None,
) -> Report:
    """Decide on every record, then act on whatever the ledger has not seen done before.

    Whoever is awarded what another program asks for is decided again in the same run, so that levels that stack are
    awarded together. With `dry_run` nothing is written and nothing issued; the report says what would be. `on_decided`
    and `on_issued` are told of progress, in learners and awards. Raises RuleFileError, before anything is decided,
    where an issuer could not make what a program asks of it.
    """
    unusable = unusable_options([one.program for one in installation.plan.programs], installation.issuers)
    if unusable:
        raise RuleFileError(unusable)
    report = Report(as_of=as_of, engines=installation.decider.engines, dry_run=dry_run)
    report.programs = {program.program.id: Tally() for program in installation.plan.programs}
    report.asked_for = installation.decider.held_matters
    with installation.ledger_to_read() if dry_run else installation.ledger() as ledger:
        if dry_run:
            for batch in _batches(installation, ledger, learners):
                judged = _judge(installation, ledger, batch, as_of, report)
                free = sift(ledger, installation.rule_set, batch.records, judged.awards).free
                report.new_awards += len({award.key for award in free} - ledger.known(free))
                report.take(batch)
                on_decided(len(batch.records) + len(batch.set_aside))
            return report
        with ledger.exclusively():
            rules = installation.rule_set
            number = ledger.begin(as_of, rules.digest, rules.files, installation.decider.engines)
            watch = Watch(ledger, rules, installation.decider, number, as_of)

            def decide(batch: Batch) -> None:
                judged = _judge(installation, ledger, batch, as_of, report)
                sifted = sift(ledger, rules, batch.records, judged.awards)
                recorded = ledger.record(number, judged.decisions, sifted.free, judged.set_aside)
                people = [record.learner.learner_id for record in batch.records]
                ledger.withhold(number, sifted.withheld, people, report.programs)
                report.new_decisions += recorded.decisions
                report.new_awards += recorded.awards
                watch.look(
                    batch.records, judged.decisions, report.programs, {one.learner_id for one in judged.set_aside}
                )

            def decide_again(holders: Collection[str]) -> None:
                for batch in _batches(installation, ledger, holders):
                    decide(batch)

            for batch in _batches(installation, ledger, learners):
                decide(batch)
                report.take(batch)
                on_decided(len(batch.records) + len(batch.set_aside))
            if learners is None:
                watch.end()
            report.issued = issue_outstanding(
                ledger,
                installation.issuers,
                on_progress=on_issued,
                asked_for=report.asked_for,
                decide_again=decide_again,
            )
            report.cases = watch.opened
            ledger.end(number, counts(report))
    return report


def _batches(installation: Installation, ledger: Ledger, learners: Collection[str] | None) -> Iterator[Batch]:
    """Records, but for those of learners who were erased: nothing is kept of these again."""
    erased = ledger.erased()
    for batch in installation.records.batches(learners, BATCH):
        records = tuple(one for one in batch.records if one.learner.learner_id not in erased)
        yield replace(batch, records=records, set_aside=tuple(o for o in batch.set_aside if o.learner_id not in erased))


def _judge(installation: Installation, ledger: Ledger, batch: Batch, as_of: date, report: Report) -> _Judged:
    """Decide on one batch and say what it owes; what cannot be decided is set aside with the reason."""
    judged = _Judged([], [], list(batch.set_aside))
    words = ledger.word_of([record.learner.learner_id for record in batch.records], installation.decider.uses_of)
    for record in batch.records:
        faults = list(record_faults(record))
        if faults:
            judged.set_aside.append(_aside(record, installation.records.name, faults))
            continue
        _judge_one(installation, record, words.get(record.learner.learner_id, Word()), as_of, report, judged)
    report.set_aside += len({aside.learner_id for aside in judged.set_aside})
    for aside in judged.set_aside:
        report.examples += aside.problems[: max(0, 20 - len(report.examples))]
    return judged


def _judge_one(
    installation: Installation, record: Record, word: Word, as_of: date, report: Report, judged: _Judged
) -> None:
    try:
        decided = installation.decider.decide(record, word, as_of)
    except EngineError as error:
        judged.set_aside.append(_aside(record, "the plain engine", [str(error)]))
        return
    judged.decisions.extend(decided.decisions)
    judged.awards.extend(_owed(installation, record, decided))
    renewals = {one.id for one in installation.decider.renewals}  # of which a learner may come to hold one more
    if report.count(record, decided, {one.code for one in word.held} - renewals):
        for disagreement in decided.disagreements:
            judged.set_aside.append(_aside(record, disagreement.program, [disagreement.text]))


def _owed(installation: Installation, record: Record, decided: Decided) -> Iterator[Award]:
    met = {one.program: one for one in decided.decisions if one.outcome is Outcome.MET}
    programs = {
        name: program
        for name, one in met.items()
        if (program := installation.rule_set.program(name, one.version)) is not None
    }
    waiting = held_back(programs, [met[name] for name in programs])
    for name, program in programs.items():
        if name not in waiting:
            yield from owed(met[name], program, installation.rule_set.institution, record.learner)


def _aside(record: Record, where: str, faults: list[str]) -> SetAside:
    learner = record.learner.learner_id
    return SetAside(learner, tuple(Problem(f"{where}, learner {learner}", 0, fault) for fault in faults))


def counts(report: Report) -> dict[str, int]:
    """The report's figures, as the ledger keeps them."""
    issued = report.issued
    return {
        "learners": report.learners,
        "decisions": report.decisions,
        "new_decisions": report.new_decisions,
        "new_awards": report.new_awards,
        "set_aside": report.set_aside,
        "cases": len(report.cases),
        "issued": issued.issued if issued else 0,
    }
