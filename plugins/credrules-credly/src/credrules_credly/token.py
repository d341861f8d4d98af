"""Where the token is kept: the environment or the system's keyring, and nowhere else."""

from __future__ import annotations

import os
import re
from typing import Annotated

from pydantic import BeforeValidator, SecretStr

from credrules.settings import from_keyring

_FORM = re.compile(r"[!-9;-~]{8,512}")  # what is seen in ASCII, but no colon: one ends the user name of HTTP Basic


def _fetch(value: object) -> object:
    """Messages name the place and never the token."""
    if not isinstance(value, str):
        return value
    source, _, place = value.partition(":")
    if source == "env" and place:
        if place not in os.environ:
            raise ValueError(f"the environment variable {place} is not set")
        return _formed(os.environ[place], f"the environment variable {place}")
    if source == "keyring" and "/" in place:
        return _formed(from_keyring(place, "credrules-credly[keyring]"), f"the keyring's entry {place}")
    raise ValueError(
        "a token is never written here, nor kept in a file; write 'env:NAME' or 'keyring:SERVICE/NAME' for where it is"
    )


def _formed(token: str, place: str) -> SecretStr:
    token = token.strip()
    if not _FORM.fullmatch(token):
        raise ValueError(f"{place} holds no token: it should be one word of 8 letters or more, with no colon in it")
    return SecretStr(token)


Token = Annotated[SecretStr, BeforeValidator(_fetch)]
"""A token by reference; it shows as stars in every repr and error."""
