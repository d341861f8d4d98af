"""`credrules rotate-key`: a new key signs from now on, and what the one before signed still holds."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules.errors import CredrulesError
from credrules.plugins import Plugins
from credrules_openbadges.issuer import OpenBadgesIssuer
from credrules_openbadges.keys import new_key_pem, new_rsa_key_pem

if TYPE_CHECKING:
    from credrules import Section
    from credrules.cli.screen import Screen


@click.command(name="rotate-key")
@click.argument("name", metavar="ISSUER")
@click.pass_obj
def rotate_key(screen: Screen, name: str) -> None:
    """Make a new key for an issuer of Open Badges, and keep the one before for what it signed.

    The first call copies the key to a file beside it, which you name in `earlier-keys`; the second one puts a new key
    into the file of `key`. Nothing is replaced before the copy is named, so that no badge is without its key.
    """
    section = _section(screen, name)
    issuer = Plugins().issuer(section)
    if not isinstance(issuer, OpenBadgesIssuer):
        raise CredrulesError(f"'{name}' is no issuer of Open Badges.")
    path = _key_file(section)
    kept = _kept_beside(path, section)
    if kept is None:
        kept = _copy(path)
        screen.document({"rotated": False, "kept": str(kept)})
        screen.say(f"The key is kept in {kept} too. Now name that file first among `earlier-keys` of")
        screen.say(f'[issuers.{name}]:  earlier-keys = ["file:{os.path.relpath(kept, Path(section.where).parent)}", …]')
        screen.say("and call this again: then a new key is made.")
        return
    _replace(path, new_rsa_key_pem() if issuer.signs_jwt else new_key_pem())
    rotated = Plugins().issuer(section)
    badges = rotated.publish() if isinstance(rotated, OpenBadgesIssuer) else 0
    screen.document({"rotated": True, "kept": str(kept), "badges": badges})
    screen.say(f"{path} holds a new key; {kept} holds the one that signed {badges} badges, which still hold.")
    screen.say("Publish the folder of the badges before anybody is told of a new one, and back up both files.")


def _section(screen: Screen, name: str) -> Section:
    sections = {section.name: section for section in screen.settings().issuers}
    if name not in sections:
        raise CredrulesError(f"'{name}' is no issuer in credrules.toml. There are: {', '.join(sections)}.")
    return sections[name]


def _key_file(section: Section) -> Path:
    place = str(section.values.get("key", ""))
    if not place.startswith("file:"):
        raise CredrulesError(
            f"The key of '{section.name}' is at '{place.partition(':')[0]}:…', where only you can change it. Put a new "
            "one there, and the one before first among `earlier-keys`."
        )
    return Path(Path(section.where).parent, place.removeprefix("file:"))


def _kept_beside(path: Path, section: Section) -> Path | None:
    """The file among the earlier keys that holds the key which signs now."""
    now = path.read_text(encoding="utf-8").strip()
    for place in section.values.get("earlier-keys", []):
        if str(place).startswith("file:"):
            earlier = Path(Path(section.where).parent, str(place).removeprefix("file:"))
            if earlier.read_text(encoding="utf-8").strip() == now:
                return earlier
    return None


def _copy(path: Path) -> Path:
    """The key in a file of its own beside the first one; the same file when it is called again."""
    text = path.read_text(encoding="utf-8")
    number = 1
    while True:
        kept = path.with_name(f"{path.stem}-{number}{path.suffix}")
        if not kept.exists():
            _write(kept, text)
            return kept
        if kept.read_text(encoding="utf-8") == text:
            return kept
        number += 1


def _replace(path: Path, pem: str) -> None:
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    _write(draft, pem)
    draft.replace(path)


def _write(path: Path, text: str) -> None:
    """On the disk, and readable to its owner alone from the first moment."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
