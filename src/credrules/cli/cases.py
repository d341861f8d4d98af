"""`credrules cases` and `credrules case`: awards whose ground has shifted, and a person's word about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credrules.errors import LedgerError
from credrules.grounds import TITLES, Then
from credrules.ledger import Ledger
from credrules.ledger.cases import CaseState
from credrules.wording import number as counted

if TYPE_CHECKING:
    from credrules.cli.screen import Screen
    from credrules.ledger.cases import Case

NEEDS_A_PERSON = 1


@click.command()
@click.option("--all", "every", is_flag=True, help="The closed ones as well.")
@click.option("--learner", help="Only of this learner.")
@click.pass_obj
def cases(screen: Screen, every: bool, learner: str | None) -> int:
    """List the awards whose ground has shifted since they were made, and what the rules say of it."""
    with Ledger.open(screen.settings().ledger, create=False) as ledger:
        found = ledger.case_book().cases(every=every, learner_id=learner)
    screen.document({"cases": found})
    heads = ["case", "learner", "program", "ground", "the rules say", "state"]
    rows = [[one.number, one.learner_id, one.program, one.ground, _proposed(one), one.state] for one in found]
    screen.table(heads, rows)
    still_open = sum(one.state is CaseState.OPEN for one in found)
    screen.say(f"{counted(still_open, 'open case')}.")
    if still_open:
        screen.say("`credrules case N` shows one; `--keep` or `--revoke`, with --by NAME and --reason, decides it.")
    return NEEDS_A_PERSON if still_open else 0


@click.command()
@click.argument("number", type=int)
@click.option("--keep", is_flag=True, help="The award stands.")
@click.option("--revoke", is_flag=True, help="Have it taken back; the next run or worker does so.")
@click.option("--by", help="The name of the person who decides.")
@click.option("--reason", help="Why. Of a revocation it may be shown to the learner and to the public.")
@click.pass_obj
def case(screen: Screen, number: int, keep: bool, revoke: bool, by: str | None, reason: str | None) -> None:
    """Show one case: what was so when the award was made, and what is so now; or decide it."""
    if keep and revoke:
        raise click.UsageError("Either --keep or --revoke: what should become of the award?")
    then = Then.KEEP if keep else Then.REVOKE if revoke else None
    if then is None and (by or reason):
        raise click.UsageError("--keep or --revoke is missing: what should become of the award?")
    if then and not (by and by.strip() and reason and reason.strip()):
        raise click.UsageError("--by NAME and --reason are missing: a decision has a name and a reason.")
    with Ledger.open(screen.settings().ledger, create=False) as ledger:
        book = ledger.case_book()
        found = book.decide(number, then, by or "", reason or "") if then else book.case(number)
    if found is None:
        raise LedgerError(f"There is no case {number}. `credrules cases --all` lists them.")
    screen.document(found)
    _show(screen, found)
    if then is Then.REVOKE:
        screen.say("The next `credrules run`, or a worker, takes it back.")


def _show(screen: Screen, found: Case) -> None:
    screen.say(f"Case {found.number}: {found.learner_id} in {found.program}. {TITLES[found.ground]} ({found.ground}).")
    for one in found.findings:
        screen.say(f"  {one.text}: {one.before} -> {one.after}")
    screen.say(f"Found on {found.as_of}. The rules say: {_proposed(found)}.")
    screen.say(f"Decision {found.decision_before[:12]} then, {found.decision_after[:12] or 'none'} now.")
    closed = f"{found.state}, by {found.said_by}" + (f": {found.reason}" if found.reason else "")
    screen.say(f"State: {closed if found.said_by else found.state}.")


def _proposed(found: Case) -> str:
    return f"{found.proposed} ({found.rule})" if found.rule else f"{found.proposed}"
