"""Files that commands write for people and for other programs, by the ending of their names."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from credrules.errors import CredrulesError

if TYPE_CHECKING:
    from pathlib import Path

ROWS = (".csv", ".json", ".parquet")
FORMATS = (".html", *ROWS)


def write_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Rows with the same keys, as CSV, JSON or Parquet. Raises CredrulesError where Parquet cannot be written."""
    with rows_file(path, list(rows[0]) if rows else []) as add:
        add(rows)


Add = Callable[[Sequence[Mapping[str, object]]], None]


@contextmanager
def rows_file(path: Path, columns: Sequence[str]) -> Iterator[Add]:
    """A file that rows are added to, as many at a time as there are: CSV, JSON or Parquet.

    Raises CredrulesError where Parquet cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {".json": _json, ".csv": _csv, ".parquet": _parquet}[path.suffix]
    with kind(path, columns) as add:
        yield add


@contextmanager
def _json(path: Path, _: Sequence[str]) -> Iterator[Add]:
    with path.open("w", encoding="utf-8") as file:
        before = "[\n  "

        def add(rows: Sequence[Mapping[str, object]]) -> None:
            nonlocal before
            for row in rows:
                file.write(before + json.dumps(row, ensure_ascii=False, indent=2).replace("\n", "\n  "))
                before = ",\n  "

        yield add
        file.write("\n]\n" if before.startswith(",") else "[]\n")


@contextmanager
def _csv(path: Path, columns: Sequence[str]) -> Iterator[Add]:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        yield lambda rows: table.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)


def _harmless(value: object) -> object:
    """Text that a spreadsheet would take for a formula begins with an apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


@contextmanager
def _parquet(path: Path, columns: Sequence[str]) -> Iterator[Add]:
    try:
        import pyarrow  # noqa: PLC0415  an extra
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise CredrulesError(
            "A Parquet file needs pyarrow, which is not installed: pip install 'credrules[columnar]'."
        ) from None
    writer = None

    def add(rows: Sequence[Mapping[str, object]]) -> None:
        nonlocal writer
        if not rows:
            return
        table = pyarrow.Table.from_pylist([dict(row) for row in rows], writer.schema if writer else None)
        if writer is None:
            writer = pyarrow.parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)

    yield add
    if writer is None:
        empty = pyarrow.schema([(name, pyarrow.string()) for name in columns])
        writer = pyarrow.parquet.ParquetWriter(path, empty)
    writer.close()
