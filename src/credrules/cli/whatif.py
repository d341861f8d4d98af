"""`credrules whatif`: what planned courses would change, and the shortest way to each program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credrules.cli.explain import known_of
from credrules.cli.options import as_of, only_programs
from credrules.cli.screen import Screen, mark
from credrules.decisions import Outcome
from credrules.installation import assemble
from credrules.people import people
from credrules.whatif import Outlook, Outlooks, Wanted, count_wanted, outlooks, planned
from credrules.wording import listing, number

if TYPE_CHECKING:
    from datetime import date

    from credrules.installation import Installation

ROWS = 20


@click.command()
@click.argument("learner", required=False)
@click.option("--add", "courses", multiple=True, metavar="'STA 501 A-'", help="A planned course; repeatable.")
@click.option("--level", help="The level of the planned courses, where rules ask for it, such as graduate.")
@only_programs
@click.option("--everyone", is_flag=True, help="Which one course would complete most learners.")
@click.option("--all", "all_programs", is_flag=True, help="Show the programs that are far away as well.")
@as_of
@click.pass_obj
def whatif(
    screen: Screen,
    learner: str | None,
    courses: tuple[str, ...],
    level: str | None,
    programs: tuple[str, ...],
    everyone: bool,
    all_programs: bool,
    as_of: date,
) -> None:
    """Look ahead: what planned courses would change for a LEARNER, and what is missing in each program.

    Nothing is written. With --everyone and no LEARNER: the courses of which one alone would complete most learners.
    """
    if (learner is None) is not everyone or (everyone and courses):
        raise click.UsageError("Name a learner, with any number of --add; or ask for --everyone.")
    installation = assemble(screen.settings(), programs or None)
    if learner is None:
        _show_wanted(screen, _wanted(screen, installation, as_of))
        return
    plans = [planned(text, installation.rule_set.scale) for text in courses]
    record, word = known_of(installation, learner)
    found = outlooks(installation.decider, record, word, as_of, plans, level=level)
    screen.document(found)
    _show(screen, found, all_programs=all_programs)


def _show(screen: Screen, found: Outlooks, *, all_programs: bool) -> None:
    plans = f" with {listing([str(one) for one in found.planned], 'and')}" if found.planned else ""
    screen.say(f"{found.learner_id}{plans}:")
    shown = sorted((one for one in found.programs if all_programs or one.near), key=_nearest_first)
    for one in shown:
        _show_one(screen, one)
    if not shown:
        screen.say("Nothing changes, and no program is near.")
    then = {line: None for one in shown if one.missing for line in one.missing.then}
    for line in then:
        screen.say(f"\nAfter that: {line}")
    if rest := len(found.programs) - len(shown):
        screen.say(f"\n{number(rest, 'program')} further away; --all shows them.")
    if found.away:
        best = f" {listing(found.courses, 'or')} would complete most of them." if found.courses else ""
        screen.say(f"\nOne course away from {number(found.away, 'micro-credential')}.{best}")


def _show_one(screen: Screen, one: Outlook) -> None:
    change = f"{mark(one.now.outcome)} would be {mark(one.then.outcome)}" if one.changed else mark(one.now.outcome)
    screen.say(f"\n{one.title} ({one.program}): {change}")
    if one.missing:
        screen.say(f"    Missing: {one.missing.text}.")
        for line in one.missing.blocked:
            screen.say(f"    In the way: {line}")
    elif one.then.outcome is Outcome.UNMET:
        screen.say(f"    {one.then.reason.text}")


def _nearest_first(one: Outlook) -> tuple[bool, int, str]:
    things = one.missing.size + len(one.missing.others) if one.missing else 0
    return not one.changed, things, one.program


def _wanted(screen: Screen, installation: Installation, as_of: date) -> Wanted:
    wanted = Wanted()
    with screen.progress() as progress, installation.ledger_to_read() as ledger:
        task = progress.add_task("Looking ahead", total=installation.records.count())
        for some in people(installation.records, ledger, installation.decider.uses_of):
            count_wanted(wanted, installation.decider, some.known, as_of)
            wanted.set_aside += len(some.set_aside)
            progress.advance(task, len(some))
    return wanted


def _show_wanted(screen: Screen, wanted: Wanted) -> None:
    rows = wanted.ranked()
    screen.document(
        {
            "learners": wanted.learners,
            "set_aside": wanted.set_aside,
            "courses": [{"course": course, "completes": count, "programs": by} for course, count, by in rows],
        }
    )
    if not rows:
        screen.say("There is no program that one course alone would complete for anybody.")
        return
    screen.table(
        ["course", "would complete", "of them in"],
        [
            [course, count, ", ".join(f"{program} {times}" for program, times in by.most_common(3))]
            for course, count, by in rows[:ROWS]
        ],
        title="One more course section: how many credentials it would complete",
    )
    if len(rows) > ROWS:
        screen.say(f"{len(rows) - ROWS} more courses; --json lists them all.")
