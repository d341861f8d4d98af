"""Showcase: what is published beside a signed badge, for people: pictures that carry it, and its page."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from credrules import Refused, Unavailable
from credrules_openbadges import badge_file, baking, image
from credrules_openbadges.pages import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from credrules import Award
    from credrules_openbadges.books import Revocation
    from credrules_openbadges.credential import Additions
    from credrules_openbadges.form import Credential


@dataclass(frozen=True, slots=True)
class Look:
    """How pages and pictures are made. `pictures` is a folder with PROGRAM.png or PROGRAM.svg, where there is one."""

    colour: str = image.COLOUR
    font: Path | None = None
    pictures: Path | None = None
    linkedin: str | None = None  # the institution's number at LinkedIn


class Showcase:
    """Files in the folder of the badges: `UUID.html`, `.png` and `.svg` for one badge, `image-*` for a program."""

    def __init__(self, folder: Path, public_url: str, look: Look) -> None:
        self.folder = folder
        self.public_url = public_url
        self.look = look

    def check(self) -> Iterator[str]:
        if self.look.font and (fault := image.font_fault(self.look.font)):
            yield fault
        if self.look.pictures is None:
            return
        if not self.look.pictures.is_dir():
            yield f"{self.look.pictures} is no folder with pictures of programs."
        for path in sorted(self.look.pictures.glob("*.*")):
            try:
                _usable(path)
            except (OSError, ValueError) as error:
                yield f"{path} cannot be a badge's picture: {error}."

    def pictured(self, award: Award, additions: Additions) -> Additions:
        """With the address of the program's picture, which is then there."""
        facts = self._facts(award)
        png, svg = self._pictures(award)
        for suffix, picture in ((".png", png), (".svg", svg)):
            if picture is not None:
                path = self.folder / f"{facts.name}{suffix}"
                if not path.exists() or path.read_bytes() != picture:
                    badge_file.write(path, picture)
        shown = f"{facts.name}{'.svg' if png is None else '.png'}"
        return replace(additions, image=f"{self.public_url}/{shown}", caption=facts.caption)

    def show(
        self, path: Path, text: str, badge: Credential, award: Award | None = None, revocation: Revocation | None = None
    ) -> None:
        """Write what is beside the badge at `path`. Without the award, the pictures are those that are there."""
        if award is not None:
            png, svg = self._pictures(award)
            if png is not None:
                badge_file.write(path.with_suffix(".png"), baking.into_png(png, text))
            badge_file.write(path.with_suffix(".svg"), baking.into_svg(svg, text))
        badge_file.write(path.with_suffix(".html"), self._page(path, badge, revocation).encode())

    def _facts(self, award: Award) -> image.Facts:
        about = award.achievement
        return image.Facts(
            title=about.title,
            institution=award.institution.name,
            level=award.options.get("level", ""),
            colour=self.look.colour,
            font=self.look.font,
        )

    def _pictures(self, award: Award) -> tuple[bytes | None, bytes]:
        """As PNG, if there can be one, and as SVG: what the institution supplies, or else drawn."""
        facts = self._facts(award)
        supplied = self._supplied(award.achievement.program)
        png = supplied.get(".png") or image.png(facts)
        svg = supplied.get(".svg")
        if svg is None and ".png" in supplied:
            data = base64.b64encode(supplied[".png"]).decode()
            svg = render("framed.svg.j2", caption=image.printable(facts.caption), png=data, size=image.SIZE).encode()
        return png, svg or image.svg(facts)

    def _supplied(self, program: str) -> dict[str, bytes]:
        if self.look.pictures is None:
            return {}
        # A program's id is no path, whatever it holds.
        paths = [path for path in self.look.pictures.glob("*.*") if path.stem == program]
        try:
            return {path.suffix: _usable(path) for path in paths if path.suffix in (".png", ".svg")}
        except OSError as error:
            raise Unavailable(f"The picture of {program} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise Refused(f"The picture of {program} cannot be used: {error}.") from None

    def _page(self, path: Path, badge: Credential, revocation: Revocation | None) -> str:
        png = path.with_suffix(".png").name if path.with_suffix(".png").exists() else None
        page = f"{self.public_url}/{path.stem}.html"
        svg = path.with_suffix(".svg").name
        return render(
            "page.html.j2",
            badge=badge,
            revocation=revocation,
            page=page,
            file=path.name,
            png=png,
            svg=svg,
            caption=(badge.credentialSubject.achievement.image and badge.credentialSubject.achievement.image.caption)
            or f"{badge.name} · {badge.issuer.name}",
            linkedin=self._linkedin(page, badge),
            embed=render("embed.html.j2", page=page, picture=f"{self.public_url}/{png or svg}", badge=badge).strip(),
        )

    def _linkedin(self, page: str, badge: Credential) -> str:
        """Their form, filled: nothing about the learner, who is signed in there."""
        year, month, _ = badge.awardedDate[:10].split("-")
        asked: dict[str, Any] = {"startTask": "CERTIFICATION_NAME", "name": badge.name}
        if self.look.linkedin:
            asked["organizationId"] = self.look.linkedin
        else:
            asked["organizationName"] = badge.issuer.name
        asked |= {"issueYear": int(year), "issueMonth": int(month)}
        if badge.validUntil:
            year, month, _ = badge.validUntil[:10].split("-")
            asked |= {"expirationYear": int(year), "expirationMonth": int(month)}
        return "https://www.linkedin.com/profile/add?" + urlencode({**asked, "certUrl": page, "certId": badge.id})


def _usable(path: Path) -> bytes:
    """A supplied picture. Raises OSError, or ValueError where it cannot carry a badge."""
    data = badge_file.read_bytes(path, baking.MAX_BYTES)
    if path.suffix == ".png":
        baking.into_png(data, "{}")
    elif path.suffix == ".svg":
        baking.into_svg(data, "{}")
    return data
