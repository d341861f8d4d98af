"""`credrules explain`: one learner, one program, in full sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credrules.attestations import Word
from credrules.awards import owed
from credrules.cli.options import as_of, program_argument
from credrules.cli.screen import Screen, mark
from credrules.decisions import Outcome
from credrules.errors import CredrulesError, RecordsError
from credrules.installation import assemble
from credrules.leaving import sift
from credrules.privacy import TEXTS
from credrules.whatif import shortest_way
from credrules.wording import listing

if TYPE_CHECKING:
    from datetime import date

    from credrules.completions import Completion
    from credrules.decisions import Decision, Reason
    from credrules.installation import Installation
    from credrules.records import Record

VERDICTS = {
    Outcome.MET: "{learner} has completed {title}.",
    Outcome.AWAITING: "{learner} has done everything for {title}; only a person's word is missing.",
    Outcome.PENDING: "{learner} will complete {title} with the work in progress.",
    Outcome.UNDETERMINED: "Whether {learner} has completed {title} cannot be told: a fact is unknown.",
    Outcome.UNMET: "{learner} has not completed {title}.",
}


SAID_BEFORE_PARTS = frozenset({"does-not-apply", "condition-holds", "condition-fails", "condition-unknown"})
"""Reasons that say more than that their parts are there, or are not."""


@click.command()
@click.argument("learner")
@program_argument
@as_of
@click.pass_obj
def explain(screen: Screen, learner: str, program: str, as_of: date) -> None:
    """Say what counts for a learner in a program, what is missing, and why."""
    installation = assemble(screen.settings(), [program])
    record, word = known_of(installation, learner)
    decision = decide_one(installation, program, record, word, as_of)
    screen.document(decision)
    if not screen.as_json:
        missing = shortest_way(installation.decider.plan, decision, record, word)
        _print(screen, installation, decision, missing, _kept_back(installation, decision, record))


def known_of(installation: Installation, learner: str) -> tuple[Record, Word]:
    """A learner's record and what people said of them. Raises CredrulesError where there is none to be read."""
    for batch in installation.records.batches([learner]):
        for aside in batch.set_aside:
            raise RecordsError(aside.problems)
        for record in batch.records:
            with installation.ledger_to_read() as ledger:
                return record, ledger.word_of([learner], installation.decider.uses_of).get(learner, Word())
    raise CredrulesError(f"The records from '{installation.records.name}' have no learner '{learner}'.")


def decide_one(installation: Installation, program: str, record: Record, word: Word, as_of: date) -> Decision:
    """The decision on one learner under one of the installation's programs, recorded nowhere."""
    decided = installation.decider.decide(record, word, as_of, everyone=True)
    for disagreement in decided.disagreements:
        if disagreement.program == program:
            raise CredrulesError(disagreement.text)
    return next(one for one in decided.decisions if one.program == program)


def _kept_back(installation: Installation, decision: Decision, record: Record) -> list[str]:
    """Why what is owed does not leave the institution, for each issuer."""
    program = installation.rule_set.program(decision.program, decision.version)
    if program is None:
        return []
    awards = owed(decision, program, installation.rule_set.institution, record.learner)
    if not awards:
        return []
    with installation.ledger_to_read() as ledger:
        found = sift(ledger, installation.rule_set, [record], awards).withheld
    return [f"Nothing is issued by {award.issuer}. {TEXTS[reason]}" for award, reason in found]


def _print(
    screen: Screen, installation: Installation, decision: Decision, missing: Completion | None, kept_back: list[str]
) -> None:
    program = installation.rule_set.program(decision.program, decision.version)
    if program is None:
        raise AssertionError(decision.program)  # it was decided by these rules
    title = f"{program.title} ({program.id}, in effect since {program.version})"
    screen.say(VERDICTS[decision.outcome].format(learner=decision.learner_id, title=title))
    screen.say(f"As of {decision.as_of}; decided by {listing(decision.engines, 'and')}.")
    if decision.earned_on:
        screen.say(f"Earned on {decision.earned_on}.")
    if decision.confers_on:
        will = "Will be conferred" if decision.confers_on > decision.as_of else "Conferred"
        screen.say(f"{will} on {decision.confers_on}.")
    if decision.expires_on:
        screen.say(f"Valid until {decision.expires_on}.")
    for text in kept_back:
        screen.say(text)
    _print_prose(screen, decision.reason, "")
    screen.say("")
    for part in decision.reason.parts:
        _print_reason(screen, part, 0)
    if missing and (missing.size or missing.others):
        screen.say(f"\nThe shortest way to complete the requirements: {missing.text}.")
    if program.notes:
        screen.say("\nAdvice, which decides nothing:")
        for note in program.notes:
            screen.say(f"  - {note}")
    screen.say(f"\nRules {decision.rules[:12]}, evidence {decision.evidence[:12]}.")


def _print_prose(screen: Screen, reason: Reason, indent: str) -> None:
    """The catalogue's own words, marked as such: they have decided nothing."""
    if reason.prose:
        screen.say(f"{indent}In the catalogue's words: {' '.join(reason.prose)}")


def _print_reason(screen: Screen, reason: Reason, depth: int) -> None:
    indent = "  " * depth
    screen.say(f"{indent}{mark(reason.outcome)}: {reason.title}")
    if not reason.parts or reason.because in SAID_BEFORE_PARTS:
        screen.say(f"{indent}    {reason.text}")
    _print_prose(screen, reason, f"{indent}    ")
    if reason.because != "does-not-apply":
        for part in reason.parts:
            _print_reason(screen, part, depth + 1)
    cites = f"; {reason.cites}" if reason.cites else ""
    if not depth or not reason.parts:
        screen.say(f"{indent}    ({reason.rule}{cites})")
