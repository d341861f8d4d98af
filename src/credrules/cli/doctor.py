"""`credrules doctor`: what credrules understands of the student records today, and what has to be put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credrules import rule_files
from credrules.catalogue_checks import catalogue_findings, catalogue_of
from credrules.cli.options import as_of
from credrules.cli.understood import as_document, show
from credrules.deciding import Decider
from credrules.ledger import Ledger
from credrules.needs import unmet_needs
from credrules.people import BATCH, People, people
from credrules.plan import make_plan
from credrules.plugins import Plugins
from credrules.understanding import Asked, understand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from credrules.adapters import StudentRecords
    from credrules.cli.screen import Screen
    from credrules.findings import Finding
    from credrules.rules import RuleSet
    from credrules.settings import Settings
    from credrules.understanding import Understood

NEEDS_A_PERSON = 1


@click.command()
@as_of
@click.option("--learners", "most", type=click.IntRange(min=1), metavar="N", help="Read the first N; all if left out.")
@click.pass_obj
def doctor(screen: Screen, as_of: date, most: int | None) -> int:
    """Read the student records and say what is understood of them, and what would leave a decision undetermined.

    Changes nothing, and prints nothing of a learner but the id. Ends with 1 where something has to be put right.
    """
    settings = screen.settings()
    found = look(settings, Plugins().records(settings.records), as_of, most)
    screen.document(as_document(found))
    show(screen, found)
    return 0 if found.in_order else NEEDS_A_PERSON


def look(settings: Settings, records: StudentRecords, as_of: date, most: int | None) -> Understood:
    """What is understood of a source, or of its first learners, by the rules and the ledger of these settings."""
    rule_set = rule_files.load(settings.rules)
    plan = make_plan(rule_set)
    decider = Decider(plan, None)
    asked = Asked(
        rule_set=rule_set,
        decider=decider,
        capabilities=records.capabilities,
        needs=unmet_needs(plan, records),
        catalogue=_beyond_the_catalogue(records, rule_set),
    )
    with Ledger.open_to_read(settings.ledger) as ledger:
        read = people(records, ledger, decider.uses_of, size=min(most or BATCH, BATCH))
        return understand(asked, _first(read, most), as_of, records.count())


def _beyond_the_catalogue(records: StudentRecords, rule_set: RuleSet) -> list[Finding] | None:
    catalogue = catalogue_of(records)
    return None if catalogue is None else catalogue_findings(rule_set, catalogue.courses())


def _first(read: Iterator[People], most: int | None) -> Iterator[People]:
    """No more than so many learners: those set aside count too, and come first within a batch."""
    left = most
    for batch in read:
        if left is None:
            yield batch
            continue
        aside = batch.set_aside[:left]
        known = batch.known[: left - len(aside)]
        yield People(known, aside)
        left -= len(aside) + len(known)
        if left <= 0:
            return
