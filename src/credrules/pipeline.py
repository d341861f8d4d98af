"""START HERE: records + rules -> decisions -> awards -> receipts."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from credrules.award_options import unusable_options
from credrules.awards import owed
from credrules.credentials import held_back
from credrules.decisions import Outcome
from credrules.errors import EngineError, RuleFileError
from credrules.issuing import issue_outstanding
from credrules.leaving import sift
from credrules.people import people, set_aside
from credrules.records import Privacy
from credrules.retention import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import date

    from credrules.adapters import SetAside
    from credrules.attestations import Word
    from credrules.awards import Award
    from credrules.deciding import Decided
    from credrules.decisions import Decision
    from credrules.errors import Problem
    from credrules.installation import Installation
    from credrules.issuing import Issued
    from credrules.leaving import Sifted
    from credrules.ledger import LastRun
    from credrules.ledger.cases import Case
    from credrules.people import People
    from credrules.records import Record
    from credrules.settled import Settled


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
    left_alone: int = 0  # learners of whom nothing is another than at the last run
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

    def take(self, some: People) -> None:
        """Count the learners of a batch."""
        self.learners += len(some)
        self.decisions += len(some.known) * len(self.programs)

    def count(self, record: Record, decided: Decided, held: Collection[str]) -> bool:
        """Count what came of a learner, in place of what was counted before. False where it was counted before.

        `held` are the programs that the learner holds; only who may come to hold more is remembered.
        """
        restricted = record.learner.privacy is Privacy.RESTRICTED
        now = [_Count(one.program, one.outcome, restricted, self._later(one)) for one in decided.decisions]
        now += [_Count(one.program, None, restricted) for one in decided.disagreements]
        return self._count(record, now, held)

    def leave(self, record: Record, came_to: Mapping[str, Outcome]) -> None:
        """Count a learner who is left alone, by what their programs came to before."""
        self.left_alone += 1
        self.decisions -= len(self.programs)
        restricted = record.learner.privacy is Privacy.RESTRICTED
        self._count(record, [_Count(program, outcome, restricted) for program, outcome in came_to.items()], ())

    def _count(self, record: Record, now: list[_Count], held: Collection[str]) -> bool:
        learner = record.learner.learner_id
        before = self._counted.pop(learner, [])
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
    everyone: bool = False,
    dry_run: bool = False,
    on_decided: Callable[[int], object] = lambda learners: None,
    on_issued: Callable[[int], object] = lambda awards: None,
) -> Report:
    """Decide on every record, then act on whatever the ledger has not seen done before.

    Where columns are one of the engines, learners are left alone of whom nothing is another than at the last run;
    `everyone` decides them all the same, as for `learners` by name and for a dry run. Whoever is awarded what another
    program asks for is decided again in the same run, so that levels that stack are awarded together.
    With `dry_run` nothing is written and nothing issued; the report says what would be. `on_decided`
    and `on_issued` are told of progress, in learners and awards. Raises RuleFileError, before anything is decided,
    where an issuer could not make what a program asks of it.
    """
    unusable = unusable_options([one.program for one in installation.plan.programs], installation.issuers)
    if unusable:
        raise RuleFileError(unusable)
    report = Report(as_of=as_of, engines=installation.decider.engines, dry_run=dry_run)
    report.programs = {program.program.id: Tally() for program in installation.plan.programs}
    report.asked_for = installation.decider.held_matters
    uses_of = installation.decider.uses_of
    with installation.ledger_to_read() if dry_run else installation.ledger() as ledger:
        if dry_run:
            for some in people(installation.records, ledger, uses_of, learners):
                judged = _judge(installation, some.known, some.set_aside, report)
                free = sift(ledger, installation.rule_set, some.records, judged.awards).free
                report.new_awards += len({award.key for award in free} - ledger.known(free))
                report.take(some)
                on_decided(len(some))
            return report
        with ledger.exclusively():
            last = ledger.last_run()
            rules = installation.rule_set
            number = ledger.begin(as_of, rules.digest, rules.files, installation.decider.engines)
            watch = Watch(ledger, rules, installation.decider, number, as_of)
            with _settled(installation, as_of, last) as settled:

                def decide(some: People, *, all_of_them: bool) -> None:
                    again = some.known
                    if settled:
                        sifted = settled.sifted(some.known, everyone=all_of_them)
                        again = sifted.again
                        for record, came_to in sifted.alone:
                            report.leave(record, came_to)
                    judged = _judge(installation, again, some.set_aside, report, settled)
                    leaving = sift(ledger, rules, some.records, judged.awards)
                    recorded = ledger.record(number, judged.decisions, leaving.free, judged.set_aside)
                    report.new_decisions += recorded.decisions
                    report.new_awards += recorded.awards
                    ledger.withhold(number, leaving.withheld, again, report.programs)
                    _decide_next_time(leaving, settled)
                    watch.saw(some.learners)
                    watch.look(again, judged.decisions, report.programs, judged.set_aside)

                def decide_again(holders: Collection[str]) -> None:
                    for some in people(installation.records, ledger, uses_of, holders):
                        decide(some, all_of_them=True)

                for some in people(installation.records, ledger, uses_of, learners):
                    decide(some, all_of_them=everyone or learners is not None)
                    report.take(some)
                    on_decided(len(some))
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
                this = ledger.last_run()
                if settled and this:
                    settled.end(this)
    return report


def _decide_next_time(leaving: Sifted, settled: Settled | None) -> None:
    """Let nobody be left alone of whom something is withheld: the reason may end without a word of theirs."""
    for award, _ in leaving.withheld:
        if settled:
            settled.forget(award.recipient.learner_id)


def _settled(installation: Installation, as_of: date, last: LastRun | None) -> AbstractContextManager[Settled | None]:
    """What is known of the last run; nothing where no columns are among the engines, or only some programs are run."""
    decider = installation.decider
    if decider.columns is None or set(decider.versions) != set(installation.rule_set.program_ids):
        return nullcontext()
    from credrules.settled import settled  # noqa: PLC0415  needs an extra

    return settled(installation.kept, installation.rule_set, decider, as_of, last)


def _judge(
    installation: Installation,
    known: Sequence[tuple[Record, Word]],
    aside: Sequence[SetAside],
    report: Report,
    settled: Settled | None = None,
) -> _Judged:
    """Decide on one batch and say what it owes; what cannot be decided is set aside with the reason."""
    judged = _Judged([], [], list(aside))
    installation.decider.prepare(known, report.as_of)
    for record, word in known:
        decided = _judge_one(installation, record, word, report, judged)
        if settled and decided:
            settled.note(record, decided)
        elif settled:
            settled.forget(record.learner.learner_id)
    report.set_aside += len({aside.learner_id for aside in judged.set_aside})
    for one in judged.set_aside:
        report.examples += one.problems[: max(0, 20 - len(report.examples))]
    return judged


def _judge_one(
    installation: Installation, record: Record, word: Word, report: Report, judged: _Judged
) -> Decided | None:
    """What came of a learner; None where nothing did."""
    try:
        decided = installation.decider.decide(record, word, report.as_of)
    except EngineError as error:
        judged.set_aside.append(set_aside(record, "the plain engine", [str(error)]))
        return None
    judged.decisions.extend(decided.decisions)
    judged.awards.extend(_owed(installation, record, decided))
    held = {one.code for one in word.held} - installation.decider.renewals.keys()  # of those there may come one more
    if report.count(record, decided, held):
        for disagreement in decided.disagreements:
            judged.set_aside.append(set_aside(record, disagreement.program, [disagreement.text]))
    return decided


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


def counts(report: Report) -> dict[str, int]:
    """The report's figures, as the ledger keeps them."""
    issued = report.issued
    return {
        "learners": report.learners,
        "left_alone": report.left_alone,
        "decisions": report.decisions,
        "new_decisions": report.new_decisions,
        "new_awards": report.new_awards,
        "set_aside": report.set_aside,
        "cases": len(report.cases),
        "issued": issued.issued if issued else 0,
    }
