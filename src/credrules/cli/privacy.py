"""`credrules consent` and `credrules erase`: what a learner allows, and the end of what is held of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credrules.attestations import EVERY_PROGRAM, Attestation, Role, consent_to
from credrules.cli.options import Day, today
from credrules.errors import CredrulesError, nearest
from credrules.ledger import Ledger
from credrules.records import id_faults
from credrules.rule_files import load
from credrules.wording import number

if TYPE_CHECKING:
    from datetime import date

    from credrules.cli.screen import Screen


@click.command()
@click.argument("learner")
@click.argument("issuer")
@click.option("--by", required=True, help="The name of the person who says so: the learner, or who has it in writing.")
@click.option("--on", type=Day(), default=today, help="The day; today where left out.")
@click.option("--withdraw", is_flag=True, help="The learner no longer consents. What was issued stays.")
@click.pass_obj
def consent(screen: Screen, learner: str, issuer: str, by: str, on: date, withdraw: bool) -> None:
    """Record that a learner consents that an ISSUER is told of what they are awarded."""
    settings = screen.settings()
    asked = sorted(load(settings.rules).privacy.consent)
    if issuer not in asked:
        listed = ", ".join(asked) or "none"
        raise CredrulesError(
            f"No consent is asked for '{issuer}'. In institution.yaml, privacy: consent: names: {listed}."
            f"{nearest(issuer, asked)}"
        )
    for fault in (*id_faults("The learner", learner), *id_faults("Whoever says so", by)):
        raise CredrulesError(fault)
    said = Attestation(
        learner_id=learner,
        program=EVERY_PROGRAM,
        role=Role.LEARNER,
        statement=consent_to(issuer),
        by=by,
        on=on,
        withdrawn=withdraw,
    )
    with Ledger.open(settings.ledger) as ledger:
        ledger.attest(said)
    screen.document(said)
    screen.say(f"{'Withdrawn' if withdraw else 'Recorded'}: {learner} consents to {issuer}.")
    screen.say("The next `credrules run` goes by it.")


@click.command()
@click.argument("learner")
@click.option("--by", help="The name of the person who has it done.")
@click.option("--reason", help="Why. It is kept, so leave the learner's name out of it.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@click.pass_obj
def erase(screen: Screen, learner: str, by: str | None, reason: str | None, dry_run: bool, yes: bool) -> None:
    """Remove a learner from the ledger for ever; only the proof of what was awarded stays."""
    if not dry_run and not (by and by.strip() and reason and reason.strip()):
        raise click.UsageError("--by NAME and --reason are missing: an erasure has a name and a reason.")
    with Ledger.open(screen.settings().ledger, create=False) as ledger:
        found = ledger.held_of(learner)
        states = ledger.award_states(learner_id=learner)
        if not dry_run:
            if not yes:
                click.confirm(
                    f"Erase {learner}, {number(sum(found.values()), 'row')}? There is no way back", abort=True
                )
            found = ledger.erase(learner, by or "", reason or "")
    issued = [one for one in states if one.receipt]
    screen.document({"learner": learner, "erased": not dry_run, "rows": found, "issued": [one.key for one in issued]})
    screen.table(["what", "rows"], [[name.replace("_", " "), count] for name, count in found.items() if count])
    screen.say("Nothing was erased." if dry_run else f"{learner} was erased, by {by}.")
    if issued:
        screen.say("What issuers hold is not erased by this. They have:")
        for one in issued:
            reference = one.receipt.reference if one.receipt else ""
            screen.say(f"  {one.issuer}: {reference}")
