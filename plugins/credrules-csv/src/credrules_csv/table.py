"""One CSV file: its header understood, its rows in the order of the layout's columns."""

from __future__ import annotations

import codecs
import csv
import difflib
import os
import stat
from contextlib import contextmanager
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from credrules import Problem
from credrules.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO

    from credrules.rows import Row
    from credrules_csv.layouts import Layout

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
LONGEST_LINE = 1 << 20
SAVE_AS = "Save the file as UTF-8; Excel calls that 'CSV UTF-8'."
PROBLEMS_SHOWN = 50  # of rows in one file: a file that is wrong throughout is told soon enough
MISSPELT = 0.8  # this like a known name is a slip of the pen; a column of the office's own is less like it


class _Unreadable(Exception):
    def __init__(self, line: int, message: str) -> None:
        self.line, self.message = line, message


class Table:
    """A file whose header has been understood. `present` are the known columns that it has."""

    def __init__(self, layout: Layout, file: BinaryIO, separator: str, header: list[str]) -> None:
        self.layout = layout
        self.present = frozenset(header) & frozenset(layout.columns)
        self._file = file
        self._separator = separator
        self._header = header

    def rows(self, problems: list[Problem]) -> Iterator[Row]:
        """Every row that is whole and says whose it is, with the line where it begins and the text of its cells.

        What keeps the rest from being read goes to `problems`.

        A row of the wrong length, or without its learner, could be anybody's. Whoever it belongs to must not be
        decided without it, so it stops the whole reading and not just one learner's.
        """
        before = _state(self._file)
        width = len(self._header)
        pick = itemgetter(
            *(self._header.index(name) if name in self._header else width for name in self.layout.columns)
        )
        key = self._header.index("learner_id") if "learner_id" in self.layout.columns else None
        unclear = _Limited(problems)
        reader = csv.reader(_lines(self._file, first=2), delimiter=self._separator, strict=True)
        ended = 1
        try:
            for row in reader:
                line, ended = ended + 1, reader.line_num + 1
                cells = [cell.strip() or None for cell in row]
                if not any(cells):
                    continue
                if len(cells) != width:
                    if len(cells) < width or any(cells[width:]):
                        unclear.add(self._problem(line, self._wrong_length(len(cells))))
                        continue
                    del cells[width:]
                if key is not None and cells[key] is None:
                    unclear.add(self._problem(line, "learner_id is blank, so that nobody knows whose row this is."))
                    continue
                cells.append(None)
                yield (line, *pick(cells))
        except csv.Error as error:
            problems.append(self._problem(ended + 1, _explained(str(error))))
        except _Unreadable as error:
            problems.append(self._problem(error.line, error.message))
        except OSError as error:
            problems.append(self._problem(ended + 1, f"cannot be read: {error.strerror}."))
        unclear.close(self.layout.name)
        if _state(self._file) != before:
            message = "changed while it was read. Run this again when the export is complete."
            problems.append(self._problem(0, message))

    def _wrong_length(self, found: int) -> str:
        separator = SEPARATORS[self._separator]
        if found < len(self._header):
            return f"the row has {found} cells, the header {len(self._header)}. Something is cut off or left out."
        return (
            f"the row has {found} cells, the header {len(self._header)}. The file is separated by {separator}; "
            "a cell that holds one must stand in quotes."
        )

    def _problem(self, line: int, message: str) -> Problem:
        return Problem(self.layout.name, line, message)


@contextmanager
def opened(folder: Path, layout: Layout, problems: list[Problem]) -> Iterator[Table | None]:
    """A file of the folder. None where it is not there or its header cannot be used; `problems` then says why.

    A file that is not required and not there is no problem, unless another one has nearly its name.
    """
    path = folder / layout.name
    try:
        # A pipe in the place of a file would hold up the reading for ever.
        file = path.open("rb") if stat.S_ISREG(path.stat().st_mode) else None
    except FileNotFoundError:
        problems.extend(_missing_file(folder, layout))
        yield None
    except OSError as error:
        problems.append(Problem(layout.name, 0, f"cannot be read: {error.strerror}."))
        yield None
    else:
        if file is None:
            problems.append(Problem(layout.name, 0, "is not a file."))
            yield None
            return
        with file:
            yield _table(file, layout, problems)


def _missing_file(folder: Path, layout: Layout) -> Iterator[Problem]:
    try:
        others = sorted(os.listdir(folder))
    except OSError:  # it may be read and not be listed
        others = []
    if layout.required:
        yield Problem(layout.name, 0, f"is missing from {folder}.{nearest(layout.name, others)}")
        return
    alike = difflib.get_close_matches(layout.name.casefold(), [name.casefold() for name in others], 1, MISSPELT)
    for name in others:
        if name.casefold() in alike:
            message = f"is not in {folder}, but '{name}' is. Rename it, or take it out of the folder."
            yield Problem(layout.name, 0, message)


def _table(file: BinaryIO, layout: Layout, problems: list[Problem]) -> Table | None:
    try:
        first = next(_lines(file, first=1, most=1), "")
    except _Unreadable as error:
        problems.append(Problem(layout.name, error.line, error.message))
        return None
    except OSError as error:
        problems.append(Problem(layout.name, 0, f"cannot be read: {error.strerror}."))
        return None
    found = {separator: _names(first, separator) for separator in SEPARATORS}
    known = {separator: len(set(names) & set(layout.columns)) for separator, names in found.items()}
    most = max(known.values())
    if not most:
        # What stands there instead may be a learner's own row, so it is not repeated.
        message = f"the first line must name the columns: {', '.join(layout.columns)}. It names none of them."
        problems.append(Problem(layout.name, 1, message))
        return None
    best = [separator for separator, count in known.items() if count == most]
    if len({tuple(found[separator]) for separator in best}) > 1:  # a single column is the same by any of them
        names_ = " and ".join(SEPARATORS[separator] for separator in best)
        problems.append(Problem(layout.name, 1, f"the columns are separated by {names_}. Use commas alone."))
        return None
    header = found[best[0]]
    faults = [Problem(layout.name, 1, message) for message in _header_faults(header, layout)]
    problems.extend(faults)
    return None if faults else Table(layout, file, best[0], header)


def _names(line: str, separator: str) -> list[str]:
    try:
        cells = next(csv.reader([line], delimiter=separator, strict=True), [])
    except csv.Error:
        return []
    return [cell.strip().lower() for cell in cells]


def _header_faults(header: list[str], layout: Layout) -> Iterator[str]:
    unknown = sorted({name for name in header if name and name not in layout.columns})
    for name in layout.columns:
        if header.count(name) > 1:
            yield f"the column '{name}' is there {header.count(name)} times."
        elif name in header:
            continue
        elif name in layout.needed:
            yield f"the column '{name}' is missing.{nearest(name, unknown)}"
        elif alike := difflib.get_close_matches(name, unknown, 1, MISSPELT):
            yield f"the column '{alike[0]}' is nearly '{name}'. Give it that name, or take it out."


def _lines(file: BinaryIO, first: int, most: int = -1) -> Iterator[str]:
    """The lines of a file as text, from the current one on, at most `most` of them. `first` is that line's number."""
    for number, raw in enumerate(iter(partial(file.readline, LONGEST_LINE), b""), start=first):
        if number == 1 and raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise _Unreadable(1, f"is UTF-16 text. {SAVE_AS}")
        if len(raw) == LONGEST_LINE:
            raise _Unreadable(number, f"the line is longer than {LONGEST_LINE} bytes.")
        if b"\0" in raw:
            raise _Unreadable(number, f"the line has a NUL byte. {SAVE_AS}")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise _Unreadable(number, f"byte {error.start + 1} of the line is not UTF-8. {SAVE_AS}") from None
        yield text.removeprefix("\ufeff") if number == 1 else text
        if number - first + 1 == most:
            return


def _explained(error: str) -> str:
    if "end of data" in error:
        return "a quote is opened in this row and never closed."
    if "expected after" in error:
        return (
            "a quote that is opened in this row is closed in the wrong place. "
            "A quote within a cell is written twice, and every cell that opens with one closes with one."
        )
    if "field limit" in error:
        return "a cell in this row is far too long. Perhaps a quote is opened here and never closed."
    if "new-line" in error:
        return "the row has a carriage return in the middle. Save the file with the line ends of Windows or Unix."
    return f"the row is not CSV: {error}."


def _state(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


class _Limited:
    """Problems of rows, the first ones in full and the rest counted."""

    def __init__(self, problems: list[Problem]) -> None:
        self._problems = problems
        self._found = 0

    def add(self, problem: Problem) -> None:
        self._found += 1
        if self._found <= PROBLEMS_SHOWN:
            self._problems.append(problem)

    def close(self, name: str) -> None:
        if self._found > PROBLEMS_SHOWN:
            more = self._found - PROBLEMS_SHOWN
            self._problems.append(Problem(name, 0, f"{more} more rows have such problems."))
