"""`credrules status`: what the ledger knows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import click

from credrules.ledger import Ledger
from credrules.privacy import TEXTS
from credrules.wording import number

if TYPE_CHECKING:
    from credrules.cli.screen import Screen


@click.command()
@click.option("--awards", is_flag=True, help="List the awards that are not issued, and why.")
@click.option("--set-aside", is_flag=True, help="List the learners that the last run set aside, and why.")
@click.pass_obj
def status(screen: Screen, awards: bool, set_aside: bool) -> None:
    """Say how the programs stand, from the ledger, without deciding anew."""
    with Ledger.open(screen.settings().ledger, create=False) as ledger:
        rows = ledger.tally()
        states = [one for one in ledger.award_states(unissued=True) if one.state not in ("dropped", "lapsed")]
        letters = ledger.dead_letters()
        aside = ledger.set_aside()
        withheld = ledger.withheld()
        cases = ledger.case_book().cases()
    screen.document(
        {
            "programs": rows,
            "awards": states,
            "dead_letters": letters,
            "set_aside": aside,
            "withheld": withheld,
            "cases": cases,
        }
    )
    heads = ["program", "registered", "in progress", "awaiting a person", "complete", "conferred"]
    cells = [[row.program, row.registered, row.pending, row.awaiting, row.met, row.conferred] for row in rows]
    if any(row.to_confer for row in rows):
        heads.append("conferred later")
        for row, line in zip(rows, cells, strict=True):
            line.append(f"{row.to_confer}, the first on {row.next_conferral}" if row.to_confer else "")
    screen.table(heads, cells)
    screen.say(f"Owed and not issued: {number(len(states), 'award')}.")
    if letters:
        screen.say(f"{number(len(letters), 'dead letter')}: `credrules dead-letters` says why, and what to do.")
    for reason, count in Counter(one.reason for one in withheld).items():
        screen.say(f"Withheld: {number(count, 'award')}. {TEXTS[reason]}")
    if cases:
        screen.say(f"{number(len(cases), 'open case')}: `credrules cases` says what has shifted.")
    screen.say(f"Set aside by the last run: {number(len(aside), 'learner')}.")
    if awards:
        rows_of = [[state.key, state.state, state.detail] for state in states]
        rows_of += [[one.key, "withheld", TEXTS[one.reason]] for one in withheld]
        screen.table(["award", "state", "why"], rows_of)
    if set_aside:
        for one in aside:
            for problem in one.problems:
                screen.say(f"{one.learner_id}: {problem}")
