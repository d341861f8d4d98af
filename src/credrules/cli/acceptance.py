"""`credrules acceptance`: who has accepted what was awarded, and who has to be reminded."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from credrules.acceptance import follow
from credrules.adapters import AcceptanceState
from credrules.cli.options import today
from credrules.cli.screen import complete_program
from credrules.installation import assemble
from credrules.ledger import Ledger
from credrules.wording import number

if TYPE_CHECKING:
    from credrules.acceptance import Followed
    from credrules.cli.screen import Screen

NEEDS_A_PERSON = 1


@click.command()
@click.option("--program", shell_complete=complete_program, help="Only this program.")
@click.option("--learner", help="Only this learner.")
@click.option(
    "--state", type=click.Choice([str(one) for one in AcceptanceState]), help="Only awards that stand like this."
)
@click.option("--waiting", type=click.IntRange(min=0), metavar="DAYS", help="Only those pending for DAYS or longer.")
@click.option("--links", is_flag=True, help="Show the page where a learner accepts, to be sent in a reminder.")
@click.pass_obj
def acceptance(
    screen: Screen, program: str | None, learner: str | None, state: str | None, waiting: int | None, links: bool
) -> int:
    """Ask the issuers who has accepted what was awarded. Changes nothing, here or there."""
    installation = assemble(screen.settings())
    failures: list[str] = []
    with Ledger.open(screen.settings().ledger, create=False) as ledger:
        states = [one for one in ledger.award_states(learner_id=learner) if program in (None, one.program)]
    everyone = follow(states, installation.issuers, failures.append)
    shown = [one for one in everyone if state in (None, one.state) and (waiting is None or _waits(one, waiting))]
    counts = Counter(one.state for one in everyone)
    screen.document({"awards": shown, "counts": counts, "failures": failures})
    heads = ["award", "state", "since", *(["link"] if links else [])]
    screen.table(heads, [[one.key, one.state, one.since or "", *([one.url or ""] if links else [])] for one in shown])
    listed = ", ".join(f"{counts[one]} {one}" for one in AcceptanceState if counts[one])
    screen.say(f"{number(len(everyone), 'award')} that learners have to accept{f': {listed}' if listed else ''}.")
    for failure in failures:
        screen.remark(failure)
    return NEEDS_A_PERSON if failures else 0


def _waits(one: Followed, days: int) -> bool:
    """Whether a learner has left it lying for so long. One whose day is unknown has."""
    return one.state == AcceptanceState.PENDING and (one.since is None or today() - one.since >= timedelta(days=days))
