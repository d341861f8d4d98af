"""`credrules messages`: what nobody knows the end of, and a person's word on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from credrules.errors import CredrulesError
from credrules.plugins import Plugins
from credrules_message.issuer import MessageIssuer
from credrules_message.journal import What, now

if TYPE_CHECKING:
    from credrules.cli.screen import Screen

NEEDS_A_PERSON = 1


@click.group()
def messages() -> None:
    """E-mails of which nobody knows whether they were sent."""


@messages.command()
@click.pass_obj
def unsettled(screen: Screen) -> int:
    """List them. Each is to be looked for in the log of the mail server."""
    rows = [(issuer.name, entry) for issuer in _issuers(screen) for entry in issuer.journal.unsettled()]
    screen.document([{"issuer": name, "message": entry.message_id, "since": entry.at} for name, entry in rows])
    screen.table(["issuer", "message", "handed in"], [[name, entry.message_id, entry.at] for name, entry in rows])
    if not rows:
        screen.say("Of every message it is known whether it was sent.")
    return NEEDS_A_PERSON if rows else 0


@messages.command()
@click.argument("names", nargs=-1, required=True, metavar="MESSAGE...")
@click.pass_obj
def sent(screen: Screen, names: tuple[str, ...]) -> None:
    """Say that these were sent. `credrules retry` then notes the awards as done."""
    _settle(screen, names, What.SAID_SENT)


@messages.command(name="not-sent")
@click.argument("names", nargs=-1, required=True, metavar="MESSAGE...")
@click.pass_obj
def not_sent(screen: Screen, names: tuple[str, ...]) -> None:
    """Say that these were not sent. `credrules retry` then sends them."""
    _settle(screen, names, What.SAID_NOT_SENT)


def _settle(screen: Screen, names: tuple[str, ...], what: What) -> None:
    """All of them, or none where one is not unsettled."""
    issuers = list(_issuers(screen))
    holders = {entry.message_id: issuer for issuer in issuers for entry in issuer.journal.unsettled()}
    unknown = [name for name in names if name not in holders]
    if unknown:
        raise CredrulesError(f"Not among the unsettled messages: {', '.join(unknown)}. Nothing was noted.")
    for name in names:
        holders[name].journal.settle(name, what, now())
    screen.document([{"message": name, "is": what} for name in names])
    screen.say(f"Noted for {len(names)}. Run `credrules retry` for the awards.")


def _issuers(screen: Screen) -> list[MessageIssuer]:
    """Those of the settings that send messages."""
    plugins = Plugins()
    made = [plugins.issuer(section) for section in screen.settings().issuers if section.plugin == "message"]
    return [issuer for issuer in made if isinstance(issuer, MessageIssuer)]
