"""START HERE: records + rules -> decisions -> awards -> receipts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credrules.adapters import SetAside
from credrules.attestations import Word
from credrules.awards import owed
from credrules.decisions import Outcome
from credrules.errors import EngineError, Problem
from credrules.issuing import issue_outstanding
from credrules.records import Privacy, record_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date

    from credrules.adapters import Batch
    from credrules.awards import Award
    from credrules.decisions import Decision
    from credrules.installation import Installation
    from credrules.issuing import Issued
    from credrules.ledger import Ledger
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
    issued: Issued | None = None


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

    With `dry_run` nothing is written and nothing issued; the report says what would be. `on_decided` and `on_issued`
    are told of progress, in learners and awards.
    """
    report = Report(as_of=as_of, engines=installation.decider.engines, dry_run=dry_run)
    report.programs = {program.program.id: Tally() for program in installation.plan.programs}
    with installation.ledger() as ledger:
        if dry_run:
            for batch in installation.records.batches(learners, BATCH):
                judged = _judge(installation, ledger, batch, as_of, report)
                report.new_awards += len({award.key for award in judged.awards} - ledger.known(judged.awards))
                on_decided(len(batch.records) + len(batch.set_aside))
            return report
        with ledger.exclusively():
            rules = installation.rule_set
            number = ledger.begin(as_of, rules.digest, rules.files, installation.decider.engines)
            for batch in installation.records.batches(learners, BATCH):
                judged = _judge(installation, ledger, batch, as_of, report)
                recorded = ledger.record(number, judged.decisions, judged.awards, judged.set_aside)
                report.new_decisions += recorded.decisions
                report.new_awards += recorded.awards
                on_decided(len(batch.records) + len(batch.set_aside))
            report.issued = issue_outstanding(ledger, installation.issuers, on_progress=on_issued)
            ledger.end(number, counts(report))
    return report


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
    report.learners += len(batch.records) + len(batch.set_aside)
    report.decisions += len(batch.records) * len(report.programs)
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
    for decision in decided.decisions:
        tally = report.programs[decision.program]
        tally.outcomes[decision.outcome] += 1
        if decision.outcome is Outcome.MET and record.learner.privacy is Privacy.RESTRICTED:
            tally.withheld += 1
        if decision.confers_on and decision.confers_on > as_of:
            tally.to_confer[decision.confers_on] += 1
        judged.decisions.append(decision)
        program = installation.rule_set.program(decision.program, decision.version)
        if program:
            judged.awards.extend(owed(decision, program, installation.rule_set.institution, record.learner))
    for disagreement in decided.disagreements:
        report.programs[disagreement.program].set_aside += 1
        judged.set_aside.append(_aside(record, disagreement.program, [disagreement.text]))


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
        "issued": issued.issued if issued else 0,
    }
