"""`credrules run`: decide on everybody and award what is owed. `retry` and `migrate` help it along."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from credrules import pipeline
from credrules.cli.options import as_of, only_programs
from credrules.decisions import Outcome
from credrules.installation import assemble
from credrules.ledger import Ledger
from credrules.ledger.cases import CaseState
from credrules.privacy import TEXTS, Withheld
from credrules.sync.turns import turn
from credrules.wording import listing, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from credrules.cli.screen import Screen
    from credrules.installation import Installation
    from credrules.issuing import Issued

NEEDS_A_PERSON = 1


@click.command()
@as_of
@only_programs
@click.option("--learner", "learners", multiple=True, help="Only this learner; repeatable.")
@click.option("--changed", is_flag=True, help="Only those who wait since `credrules sync` found them changed or due.")
@click.option("--everyone", is_flag=True, help="Also those of whom nothing is another than at the last run.")
@click.option("--dry-run", is_flag=True, help="Decide and say what would be done; write and issue nothing.")
@click.pass_obj
def run(
    screen: Screen,
    as_of: date,
    programs: tuple[str, ...],
    learners: tuple[str, ...],
    changed: bool,
    everyone: bool,
    dry_run: bool,
) -> int:
    """Decide on every learner of whom anything may be another than before, then issue whatever is owed."""
    installation = assemble(screen.settings(), programs or None, everybody=True)
    of_everybody = not (programs or learners or dry_run)
    with turn(installation, as_of, of_everybody=of_everybody) as whose, screen.progress() as progress:
        chosen = learners or (whose.learners() if changed else None)
        total = installation.records.count() if chosen is None else len(chosen)
        deciding = progress.add_task("Deciding", total=total)
        issuing = progress.add_task("Issuing", total=None, visible=False)
        report = pipeline.run(
            installation,
            as_of,
            learners=chosen,
            everyone=everyone,
            dry_run=dry_run,
            on_decided=lambda count: progress.advance(deciding, count),
            on_issued=lambda count: progress.update(issuing, advance=count, visible=True),
        )
    _show(screen, installation, report)
    issued = report.issued
    unfinished = issued is not None and (issued.refused + issued.postponed + issued.in_doubt + issued.unconfigured)
    to_decide = any(one.state is CaseState.OPEN for one in report.cases)
    return NEEDS_A_PERSON if report.set_aside or unfinished or to_decide else 0


def _show(screen: Screen, installation: Installation, report: pipeline.Report) -> None:
    with installation.ledger_to_read() as ledger:
        conferred = {row.program: row.conferred for row in ledger.tally()}
        withheld = Counter(one.reason for one in ledger.withheld() if one.reason is not Withheld.HOLD)
    rows = []
    any_later = any(tally.to_confer for tally in report.programs.values())
    for program, tally in report.programs.items():
        outcomes = tally.outcomes
        rows.append(
            {
                "program": program,
                "registered": outcomes.total() + tally.set_aside,
                "not met": outcomes[Outcome.UNMET],
                "cannot tell": outcomes[Outcome.UNDETERMINED],
                "in progress": outcomes[Outcome.PENDING],
                "awaiting a person": outcomes[Outcome.AWAITING],
                "complete": outcomes[Outcome.MET],
                "conferred": conferred.get(program, 0),
                **({"conferred later": later(tally.to_confer)} if any_later else {}),
                "set aside": tally.set_aside,
            }
        )
    screen.document({"as_of": report.as_of, "programs": rows, **pipeline.counts(report), **_issued(report)})
    if rows:
        screen.table(list(rows[0]), [list(row.values()) for row in rows], title=f"As of {report.as_of}")
    for line in _sentences(report):
        screen.say(line)
    for reason, count in withheld.items():
        screen.say(f"{number(count, 'award')} withheld. {TEXTS[reason]}")
    if report.cases:
        screen.say(f"{number(len(report.cases), 'case')} opened: `credrules cases` says what has shifted.")
    for problem in report.examples:
        screen.remark(f"  {problem}")
    if report.set_aside > len({problem.where for problem in report.examples}):
        screen.remark("  `credrules status --set-aside` lists them all." if not report.dry_run else "  ...")


def later(days: Mapping[date, int]) -> str:
    """'3 on 2026-05-31, 1 on 2026-08-31', of those who have completed it and wait for a day."""
    return ", ".join(f"{days[day]} on {day}" for day in sorted(days))


def _issued(report: pipeline.Report) -> dict[str, Any]:
    issued = report.issued
    if issued is None:
        return {}
    return {
        "refused": issued.refused,
        "postponed": issued.postponed,
        "in_doubt": issued.in_doubt,
        "unconfigured": issued.unconfigured,
    }


def _sentences(report: pipeline.Report) -> Iterator[str]:
    engines = listing(report.engines, "and")
    yield f"{number(report.learners, 'learner')}, {number(report.decisions, 'decision')}, by {engines}."
    if report.left_alone and not report.decisions:
        yield "Nobody was decided again: nothing is another than at the last run."
    elif report.left_alone:
        yield f"{number(report.left_alone, 'learner')} left alone: nothing about them is another than at the last run."
    issued = report.issued
    if report.dry_run:
        yield f"Dry run: {number(report.new_awards, 'award')} would be new. Nothing was written and nothing issued."
    elif not report.new_decisions and not report.new_awards and not (issued and issued.issued):
        yield "Nothing is new; nothing was issued."
    else:
        yield f"{number(report.new_decisions, 'new decision')}, {number(report.new_awards, 'new award')}."
    for count, text in _issuing(issued) if issued else ():
        if count:
            yield f"{number(count, 'award')} {text}."
    if withheld := sum(tally.withheld for tally in report.programs.values()):
        yield f"{number(withheld, 'complete learner')} with a directory block: nothing is issued about them."
    if report.set_aside:
        yield f"{number(report.set_aside, 'learner')} set aside: what cannot be read is not decided."


def _issuing(issued: Issued) -> list[tuple[int, str]]:
    return [
        (issued.issued, "issued"),
        (issued.adopted, "found to have been issued before"),
        (issued.refused, "refused, for a person to look at: `credrules status --awards` says why"),
        (issued.postponed, "waiting for an issuer that cannot be reached now: run again later"),
        (issued.in_doubt, "in doubt, to be looked up before anything else is done: run again"),
        (issued.unconfigured, "for issuers that credrules.toml does not have"),
    ]


@click.command()
@click.argument("key")
@click.option("--by", required=True, help="Who says so.")
@click.option("--drop", metavar="WHY", help="Give the award up instead, for this reason.")
@click.pass_obj
def retry(screen: Screen, key: str, by: str, drop: str | None) -> None:
    """Try an award that was refused again at the next run, or give it up with --drop."""
    with Ledger.open(screen.settings().ledger, create=False) as ledger:
        if drop:
            ledger.drop(key, by, drop)
            screen.say(f"{key} was given up.")
        else:
            ledger.retry(key, by)
            screen.say(f"{key} will be tried again by the next `credrules run`.")
    screen.document({"award": key, "dropped": bool(drop)})


@click.command()
@click.pass_obj
def migrate(screen: Screen) -> None:
    """Bring a ledger that an older credrules made up to date."""
    Ledger.migrate(screen.settings().ledger)
    screen.document({"up_to_date": True})
    screen.say("The ledger is up to date.")
