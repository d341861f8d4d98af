"""What commands about everybody say of how they decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from credrules.cli.screen import Screen
    from credrules.installation import Installation


def say_without_columns(screen: Screen, installation: Installation) -> None:
    """That it would be faster in columns, where the settings do not ask for the plain engine."""
    if not installation.columns and installation.settings.population == "auto":
        screen.say("Without the extra `columnar` everybody was decided one by one: pip install 'credrules[columnar]'.")
