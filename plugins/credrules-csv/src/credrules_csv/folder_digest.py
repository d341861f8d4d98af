"""Whether anything in the folder has changed, by its bytes: a file's time says only when it was copied."""

from __future__ import annotations

import hashlib
import stat
from typing import TYPE_CHECKING

from credrules import Problem, RecordsError
from credrules_csv.layouts import LAYOUTS

if TYPE_CHECKING:
    from pathlib import Path


def folder_digest(folder: Path) -> str:
    """SHA-256, in hex, of the files that decisions look at. Raises RecordsError where one cannot be read."""
    whole = hashlib.sha256()
    for layout in LAYOUTS:
        path = folder / layout.name
        try:
            if not stat.S_ISREG(path.stat().st_mode):
                continue  # no file, as the reading of the records will say
            with path.open("rb") as file:
                whole.update(f"{layout.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RecordsError([Problem(layout.name, 0, f"cannot be read: {error.strerror}.")]) from None
    return whole.hexdigest()
