"""`credrules verify`: does an issued document hold?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules.adapters import Verification, Verifier
from credrules.ledger import Ledger
from credrules.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Sequence

    from credrules.adapters import Issuer
    from credrules.cli.screen import Screen

DOES_NOT_HOLD = 1


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.pass_obj
def verify(screen: Screen, files: tuple[Path, ...]) -> int:
    """Check badges and transcript files: their form, their signature, and whether this ledger knows them."""
    settings = screen.settings()
    plugins = Plugins()
    issuers = [plugins.issuer(section) for section in settings.issuers]
    found = []
    with Ledger.open_to_read(settings.ledger) as ledger:
        for path in files:
            check = _check(path, issuers)
            known = sum(ledger.has_reference(reference) for reference in check.references)
            row = {"file": str(path), "issued_here": known, "of": len(check.references)}
            found.append({**row, "facts": check.facts, "faults": check.faults})
            screen.say(f"{'✗' if check.faults else '✓'} {path}: {check.subject}")
            for name, fact in check.facts.items():
                screen.say(f"    {name}: {fact}")
            screen.say(f"    {_known(known, len(check.references))}")
            for fault in check.faults:
                screen.say(f"    ✗ {fault}")
    screen.document(found)
    return DOES_NOT_HOLD if any(one["faults"] for one in found) else 0


def _known(known: int, references: int) -> str:
    if known and known == references:
        return "issued by this installation"
    if not known:
        return "not in the ledger of this installation"
    return f"{known} of {references} are in the ledger of this installation"


def _check(path: Path, issuers: Sequence[Issuer]) -> Verification:
    for issuer in issuers:
        if isinstance(issuer, Verifier) and (verification := issuer.verify(path)):
            return verification
    names = ", ".join(issuer.name for issuer in issuers) or "none"
    return Verification("unknown", faults=(f"No issuer knows this kind of document. Issuers here: {names}.",))
