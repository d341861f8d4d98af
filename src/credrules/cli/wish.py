"""`credrules claim` and `credrules decline`: the learner's own word, with a name and a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credrules.attestations import CLAIM, DECLINE, Attestation, Role, Word, wish
from credrules.cli.options import Day, program_argument, today
from credrules.errors import CredrulesError, nearest
from credrules.ledger import Ledger
from credrules.rule_files import load

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from credrules.cli.screen import Screen
    from credrules.rules import Program


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--withdraw", is_flag=True, help="Take it back."),
        click.option("--on", type=Day(), default=today, help="The day on which it was said; today where left out."),
        click.option("--by", required=True, help="The name of the learner, or of whoever speaks for them."),
        program_argument,
        click.argument("learner"),
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.pass_obj
def claim(screen: Screen, learner: str, program: str, by: str, on: date, withdraw: bool) -> None:
    """Record that a learner asks for a credential that has to be asked for."""
    _record(screen, learner, program, CLAIM, by, on, withdraw=withdraw)


@click.command()
@_options
@click.pass_obj
def decline(screen: Screen, learner: str, program: str, by: str, on: date, withdraw: bool) -> None:
    """Record that a learner does not want a credential. It is not awarded until that is taken back."""
    _record(screen, learner, program, DECLINE, by, on, withdraw=withdraw)


def _record(screen: Screen, learner: str, program: str, said: str, by: str, on: date, *, withdraw: bool) -> None:
    settings = screen.settings()
    versions = _versions(load(settings.rules).programs, program)
    if not by.strip():
        raise CredrulesError("--by is empty; what a learner wants is recorded with a name.")
    if said == CLAIM and not any(one.life.claim for one in versions):
        raise CredrulesError(
            f"'{program}' need not be asked for: it is awarded when it is complete. A learner who declined it takes it "
            f"up again with `credrules decline {learner} {program} --withdraw`."
        )
    word = Attestation(
        learner_id=learner,
        program=program,
        role=Role.LEARNER,
        statement=said,
        by=by,
        on=on,
        withdrawn=withdraw,
    )
    with Ledger.open(settings.ledger) as ledger:
        stands = wish(ledger.word_of([learner]).get(learner, Word()), program)
        if withdraw and (stands is None or stands.statement != said):
            raise CredrulesError(f"{learner} has said no such thing of {program}, so nothing can be taken back.")
        ledger.attest(word)
        issued = [one for one in ledger.award_states(learner_id=learner) if one.program == program and one.receipt]
    screen.document(word)
    screen.say(f"{_what(said, withdraw=withdraw)}: {learner} in {program} ({by}, {on}).")
    screen.say("The next `credrules run` decides with it.")
    if issued and said == DECLINE and not withdraw:
        screen.say("It has been issued already, and stays so until the office has it revoked.")


def _what(said: str, *, withdraw: bool) -> str:
    if withdraw:
        return "No longer claimed" if said == CLAIM else "No longer declined"
    return "Claimed" if said == CLAIM else "Declined"


def _versions(programs: tuple[Program, ...], program: str) -> list[Program]:
    known = list(dict.fromkeys(one.id for one in programs))
    if program not in known:
        raise CredrulesError(f"'{program}' is no program. There are: {', '.join(known)}.{nearest(program, known)}")
    return [one for one in programs if one.id == program]
