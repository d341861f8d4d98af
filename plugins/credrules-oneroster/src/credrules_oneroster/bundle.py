"""Bundle: OneRoster's CSV files, in a zip or a folder, as what fills the spool."""

from __future__ import annotations

import csv
import io
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from credrules import Problem, RecordsError
from credrules.errors import nearest
from credrules.rows import Shapeless
from credrules_oneroster import shapes
from credrules_oneroster.finals import final_line_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from credrules.rows import Item, Spool
    from credrules_oneroster.settings import OneRosterCsvSettings

MANIFEST = "manifest.csv"
_REFERENCES = {
    "courseSourcedId": "course",
    "classSourcedId": "class",
    "userSourcedId": "user",
    "studentSourcedId": "student",
    "lineItemSourcedId": "lineItem",
    "categorySourcedId": "category",
}
"""Columns that refer to another row, and what a service calls the reference."""

_NEEDED = {
    shapes.SESSIONS: "sourcedId title startDate endDate",
    shapes.COURSES: "sourcedId title courseCode",
    shapes.CLASSES: "sourcedId title courseSourcedId termSourcedIds",
    "users": "sourcedId givenName familyName",
    "roles": "userSourcedId role",
    shapes.ENROLMENTS: "sourcedId classSourcedId userSourcedId role",
    shapes.CATEGORIES: "sourcedId title",
    shapes.LINE_ITEMS: "sourcedId title classSourcedId categorySourcedId",
    shapes.RESULTS: "sourcedId lineItemSourcedId studentSourcedId scoreStatus",
}
"""The columns of each file without which it says nothing."""


class Bundle:
    """Takes whole files alone: one of changes does not say who there is, nor who is gone."""

    def __init__(self, path: Path, settings: OneRosterCsvSettings) -> None:
        self._path = path
        self._settings = settings

    def __repr__(self) -> str:
        return f"Bundle({str(self._path)!r})"

    @property
    def place(self) -> str:
        return self._path.name

    def fill(self, spool: Spool) -> dict[str, str]:
        """The class of each final line item.

        Raises RecordsError where the bundle, or a file that is needed, cannot be read as a whole.
        """
        files = self._files()
        lists = [shapes.SESSIONS, shapes.COURSES, shapes.CLASSES, "users", shapes.ENROLMENTS]
        lists += [shapes.LINE_ITEMS, shapes.RESULTS, *([shapes.CATEGORIES] if self._settings.final.category else [])]
        self._check(files, lists)
        students = self._students(files)
        how = self._settings
        self._put(spool, shapes.SESSIONS, shapes.session)
        self._put(spool, shapes.COURSES, shapes.course)
        self._put(spool, shapes.CLASSES, shapes.section)
        self._put(
            spool,
            "users",
            lambda row: shapes.student(row, how.learner_id) if _is_student(row, students) else None,
            kind=shapes.STUDENTS,
        )
        self._put(spool, shapes.ENROLMENTS, shapes.enrolment)
        if how.final.category:
            self._put(spool, shapes.CATEGORIES, shapes.category)
        self._put(spool, shapes.LINE_ITEMS, shapes.line_item)
        finals = final_line_items(spool, how.final, f"{self.place}/{shapes.LINE_ITEMS}.csv")

        def final_result(row: dict[str, Any]) -> Item | None:
            found = shapes.result(row, how.grade)
            return found if found and found.body["line_item"] in finals else None

        self._put(spool, shapes.RESULTS, final_result, may_be_empty=True)
        return finals

    def courses(self, spool: Spool) -> None:
        self._check(self._files(), [shapes.COURSES])
        self._put(spool, shapes.COURSES, shapes.course)

    def _students(self, files: Mapping[str, str]) -> frozenset[str] | None:
        """Users with the role of a student by roles.csv (1.2); None where each user has a role of its own (1.1)."""
        if files.get("roles", "absent") == "absent":
            return None
        rows = (row for _, row in self._rows("roles") if not shapes.is_gone(row))
        return frozenset(
            key
            for row in rows
            if (row.get("role") or "").strip().lower() == "student" and (key := shapes.reference(row.get("user")))
        )

    def _files(self) -> dict[str, str]:
        """What the manifest says of each file: bulk, delta or absent."""
        found = {}
        for _, row in self._rows(MANIFEST.removesuffix(".csv")):
            name = (row.get("propertyName") or "").strip()
            if name.startswith("file."):
                found[name.removeprefix("file.")] = (row.get("value") or "").strip().lower()
        if not found:
            self._fail(MANIFEST, 0, "names no file. It has rows such as `file.users,bulk`.")
        return found

    def _check(self, files: Mapping[str, str], lists: list[str]) -> None:
        problems = []
        for name in [*lists, *(["roles"] if files.get("roles", "absent") != "absent" else [])]:
            kind = files.get(name, "absent")
            if kind == "delta":
                message = (
                    f"{name}.csv holds changes alone (delta), which do not say who there is. Export it whole (bulk)."
                )
            elif kind == "absent":
                message = f"{name}.csv is absent, and nothing can be decided without it. Export it, and as bulk."
            elif kind != "bulk":
                message = f"file.{name} is '{kind[:20]}'. Possible: bulk, delta, absent.{nearest(kind, ['bulk'])}"
            else:
                continue
            problems.append(Problem(f"{self.place}/{MANIFEST}", 0, message))
        if problems:
            raise RecordsError(problems)

    def _put(
        self,
        spool: Spool,
        name: str,
        shape: Callable[[dict[str, Any]], Item | None],
        *,
        kind: str = "",
        may_be_empty: bool = False,
    ) -> None:
        spool.put(kind or name, self._items(name, shape))
        if not may_be_empty and not spool.count(kind or name):
            self._fail(f"{name}.csv", 0, "has nobody and nothing in it; nothing is decided on it.")

    def _items(self, name: str, shape: Callable[[dict[str, Any]], Item | None]) -> Iterator[Item]:
        problems: list[Problem] = []
        for line, row in self._rows(name):
            try:
                item = shape(row)
            except Shapeless as error:
                problems.append(Problem(f"{self.place}/{name}.csv", line, f"{error}. Every row needs one."))
                continue
            if item:
                yield item
        if problems:
            raise RecordsError(problems)

    def _rows(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row with its line, in the shape that a service gives it."""
        needed = _NEEDED.get(name, "propertyName value").split()
        file = f"{name}.csv"
        with self._opened(file) as text:
            reader = csv.DictReader(text, strict=True)
            try:
                header = [column.strip() for column in reader.fieldnames or ()]
                if missing := [column for column in needed if column not in header]:
                    self._fail(file, 1, f"has no column {', '.join(missing)}. It has: {', '.join(header[:20])}.")
                if len(set(header)) < len(header):
                    self._fail(file, 1, "has a column twice.")
                reader.fieldnames = header
                for row in reader:
                    if None in row or None in row.values():
                        self._fail(file, reader.line_num, f"this row has not the {len(header)} cells of the header.")
                    yield reader.line_num, _as_a_service_has_it(row)
            except csv.Error as error:
                self._fail(file, reader.line_num, f"is not CSV: {error}.")
            except UnicodeDecodeError:
                self._fail(file, reader.line_num, "is not UTF-8, which OneRoster's files are.")

    @contextmanager
    def _opened(self, file: str) -> Iterator[io.TextIOBase]:
        try:
            if self._path.is_dir():
                with (self._path / file).open(encoding="utf-8-sig", newline="") as text:
                    yield text
                return
            with zipfile.ZipFile(self._path) as bundle, bundle.open(file) as member:
                yield io.TextIOWrapper(member, encoding="utf-8-sig", newline="")
        except (FileNotFoundError, KeyError):
            if not self._path.exists():
                self._fail("", 0, "is not there. Set `bundle` in the table [records] to the zip or the folder.")
            self._fail(
                file,
                0,
                "is not in the bundle."
                + (
                    " Without a manifest nobody knows what is whole."
                    if file == MANIFEST
                    else " The manifest says that it is."
                ),
            )
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            self._fail(file, 0, f"cannot be read: {getattr(error, 'strerror', None) or error}.")

    def _fail(self, file: str, line: int, message: str) -> NoReturn:
        raise RecordsError([Problem(f"{self.place}/{file}".rstrip("/"), line, message)]) from None


def _is_student(row: Mapping[str, Any], students: frozenset[str] | None) -> bool:
    if students is not None:
        return str(row.get("sourcedId") or "").strip() in students
    return str(row.get("role") or "").strip().lower() == "student"


def _as_a_service_has_it(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = dict(row)
    for column, name in _REFERENCES.items():
        if key := (row.get(column) or "").strip():
            found[name] = {"sourcedId": key}
    found["terms"] = [{"sourcedId": key.strip()} for key in (row.get("termSourcedIds") or "").split(",") if key.strip()]
    found["userIds"] = _user_ids(row.get("userIds") or "")
    found["preferredFirstName"] = row.get("preferredGivenName")
    found["metadata"] = {
        column.removeprefix("metadata."): cell for column, cell in row.items() if column.startswith("metadata.")
    }
    return found


def _user_ids(text: str) -> list[dict[str, str]]:
    """'{LDAP:ada},{LTI:17}' as a service has it."""
    found = []
    for part in text.split(","):
        kind, colon, key = part.strip().removeprefix("{").removesuffix("}").partition(":")
        if colon:
            found.append({"type": kind.strip(), "identifier": key.strip()})
    return found
