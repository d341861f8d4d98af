"""A badge's file: written whole or not at all, and read with suspicion."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from credrules import OutcomeUnknown, Unavailable

MAX_BYTES = 256 * 1024  # other verifiers take no more


def write(path: Path, data: bytes, *, private: bool = False) -> None:
    """Through a file of another name beside it, so that no half badge is ever seen.

    Raises Unavailable where nothing happened, OutcomeUnknown where the badge may be in place.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    except OSError as error:
        raise Unavailable(f"Badges cannot be written to {path.parent}: {error.strerror}.") from error
    draft = Path(name)
    try:
        _fill(draft, handle, data, 0o600 if private else 0o644)
        _put_in_place(draft, path)
    finally:
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _fill(draft: Path, handle: int, data: bytes, mode: int) -> None:
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(mode)  # badges are for everybody to read; a draft is made for its owner alone
    except OSError as error:
        raise Unavailable(f"Badges cannot be written to {draft.parent}: {error.strerror}.") from error


def _put_in_place(draft: Path, path: Path) -> None:
    try:
        draft.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise OutcomeUnknown(f"{path.name} may or may not have been put in place: {error.strerror}.") from error


def _sync(folder: Path) -> None:
    """Make the new name last: a receipt must not outlive its badge when the power goes."""
    if os.name == "nt":
        return  # Windows opens no folders
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(path: Path) -> Any:
    """What a file says. Raises OSError, or ValueError where it is not a JSON document of a badge's size."""
    return parsed(read_bytes(path, MAX_BYTES))


def read_bytes(path: Path, most: int) -> bytes:
    """Raises OSError, or ValueError where it is larger than that."""
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise ValueError("larger than any badge")
    return data


def parsed(data: bytes | str) -> Any:
    """What a JSON document says. Raises ValueError where it is none, or where readers would not read it alike."""
    if len(data) > MAX_BYTES:
        raise ValueError("larger than any badge")
    try:
        return json.loads(data, object_pairs_hook=_each_once, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two values under one name readers take either, so that one of them would be shown and the other checked."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is there twice")
    return found


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number in JSON")
