"""Files that commands write for people and for other programs, by the ending of their names."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from credrules.errors import CredrulesError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FORMATS = (".html", ".csv", ".json", ".parquet")


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Rows with the same keys, as CSV, JSON or Parquet. Raises CredrulesError where Parquet cannot be written."""
    if path.suffix == ".json":
        write_text(path, json.dumps(rows, ensure_ascii=False, indent=2) + "\n")
    elif path.suffix == ".csv":
        _write_csv(path, rows)
    else:
        _write_parquet(path, rows)


def _write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]) if rows else [])
        table.writeheader()
        table.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _write_parquet(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    try:
        import pyarrow  # noqa: PLC0415  an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise CredrulesError(
            "A Parquet file needs pyarrow, which is not installed: pip install 'credrules[columnar]'."
        ) from None
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist([dict(row) for row in rows]), path)
