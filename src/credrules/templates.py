"""Templates: program bodies with parameters, filled in by program files.

A template is filled in on the parsed file, never in its text: a whole value that reads `$credits` is replaced, so that
nothing a program sets can become anything but that value. Each part keeps the file and line that it was written on.
"""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from credrules import rule_shapes as shapes
from credrules.errors import nearest
from credrules.records import Course
from credrules.shape_faults import read_shape
from credrules.wording import decimal_text

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from credrules.yaml_files import Document, Path_

TEMPLATES = "templates"
ADDED_TO = ("requirements", "limits", "rules", "awards", "skills", "notes")
"""Lists of the template to which a program file may add its own."""
PROSE = ("title", "description", "prose", "modelled-on", "url", "image", "lead")
"""What a program file may say instead of its template; anything else decides, and stands in one place."""


class Templates:
    """The templates of a rule folder, by the names of their files."""

    def __init__(self, documents: Sequence[Document], points: Mapping[str, Decimal] | None) -> None:
        self.points = points
        self.documents = {PurePath(document.name).stem: document for document in documents}
        self.found = {name: read_shape(document, shapes.TemplateFile) for name, document in self.documents.items()}
        for name, template in self.found.items():
            if template is None:
                continue
            for parameter, shape in template.parameters.items():
                self._check_parameter(self.documents[name], parameter, shape)
            for key, part in self.documents[name].data.items():
                _check_names(self.documents[name], (key,), part, template.parameters)

    def _check_parameter(self, document: Document, name: str, shape: shapes.ParameterShape) -> None:
        place = ("parameters", name)
        if _kind(shape) is None:
            message = f"'{name}' needs a 'kind', one of: {', '.join(shapes.ParameterKind)}."
            document.problem(place, f"{message} Or a 'least' or a 'default', from which it can be seen.")
            return
        for key, value in (("least", shape.least), ("most", shape.most), ("default", shape.default)):
            if value is not None and (fault := self._fault(name, shape, value, bounded=key == "default")):
                document.problem((*place, key), fault)

    def fill(self, document: Document) -> bool:
        """Put the template that a program file names into it. False where it names one and that cannot be done."""
        data = document.data
        if not isinstance(data, dict) or ("template" not in data and "set" not in data):
            return True
        name, values = data.get("template"), data.get("set", {})
        template = self.found.get(name) if isinstance(name, str) else None
        if "template" not in data:
            document.problem(("set",), "'set' fills in a template, and no 'template' is named.")
            return False
        if not isinstance(name, str) or name not in self.documents:
            listed = f"There are: {', '.join(sorted(self.documents)) or f'none; put one in {TEMPLATES}/'}."
            document.problem(
                ("template",), f"{_shown(name)} is no template. {listed}{nearest(str(name), self.documents)}"
            )
            return False
        if template is None or self.documents[name].problems:
            return False  # its own problems are reported
        if not isinstance(values, dict):
            document.problem(("set",), "'set' should be a mapping of the template's parameters to values.")
            return False
        return (
            self._check_values(document, template, values)
            and _Filling(document, self.documents[name], template, values).fill()
        )

    def _check_values(self, document: Document, template: shapes.TemplateFile, values: Mapping[str, Any]) -> bool:
        before = len(document.problems)
        for name, value in values.items():
            shape = template.parameters.get(name)
            if shape is None:
                listed = ", ".join(template.parameters) or "none"
                message = f"'{name}' is no parameter of this template. There are: {listed}."
                document.problem(("set", name), message + nearest(name, template.parameters))
            elif fault := self._fault(name, shape, value, bounded=True):
                document.problem(("set", name), fault)
        for name, shape in template.parameters.items():
            if name not in values and shape.default is None:
                document.problem(("template",), f"the template needs '{name}'. Write it under 'set'.")
        return len(document.problems) == before

    def _fault(self, name: str, shape: shapes.ParameterShape, value: Any, *, bounded: bool) -> str | None:
        """What is wrong with a value, as a sentence."""
        kind = _kind(shape)
        if not _FITS[kind or shapes.ParameterKind.ID](value):
            return f"'{name}' should be {_LOOKS[kind or shapes.ParameterKind.ID]}; found {_shown(value)}."
        if kind is shapes.ParameterKind.GRADE and self.points is not None and value not in self.points:
            message = (
                f"'{value}' has no grade points in institution.yaml. Grades with points: {', '.join(self.points)}."
            )
            return message + nearest(str(value), self.points)
        if not bounded:
            return None
        for bound, word, too in ((shape.least, "at least", -1), (shape.most, "at most", 1)):
            if bound is not None and self._sign(kind, value, bound) == too:
                return f"'{name}' is {_shown(value)}; the template asks for {word} {_shown(bound)}."
        return None

    def _sign(self, kind: shapes.ParameterKind | None, value: Any, bound: Any) -> int:
        """-1 where a value is less than a bound, 1 where it is more, 0 where neither can be said."""
        if kind is shapes.ParameterKind.GRADE:
            value, bound = (self.points or {}).get(value), (self.points or {}).get(bound)
        elif kind is not shapes.ParameterKind.NUMBER:
            return 0
        return 0 if value is None or bound is None else (value > bound) - (value < bound)


class _Filling:
    """One program file taking in one template."""

    def __init__(
        self, document: Document, source: Document, template: shapes.TemplateFile, values: Mapping[str, Any]
    ) -> None:
        self.document = document
        self.source = source
        self.template = template
        self.values = values
        self.lines: dict[Path_, int] = {}
        self.files: dict[Path_, str] = {}
        self.keys: dict[Path_, tuple[str, int]] = {}

    def fill(self) -> bool:
        own, body = self.document.data, self.source.data
        filled: dict[str, Any] = {}
        for key in dict.fromkeys((*own, *body)):
            if key == "parameters":
                continue
            if key in own and key in body and key in ADDED_TO and isinstance(own[key], list):
                self._note(self.document, (key,), (key,))
                filled[key] = [
                    *(self._part((key, at), part, (key, at)) for at, part in enumerate(body[key])),
                    *(self._own((key, at), part, (key, len(body[key]) + at)) for at, part in enumerate(own[key])),
                ]
            elif key in own:
                if key == "counting":
                    message = "'counting' would change what the template asks. Write it at requirements of your own."
                    self.document.problem((key,), message)
                elif key in body and key not in PROSE:
                    place = f"{self.source.name}:{self.source.line((key,))}"
                    self.document.problem((key,), f"'{key}' stands in the template too ({place}). Leave it out here.")
                filled[key] = self._own((key,), own[key], (key,))
            else:
                filled[key] = self._part((key,), body[key], (key,))
        if self.source.problems or self.document.problems:
            return False
        self.document.data, self.document.lines, self.document.files = filled, self.lines, self.files
        self.document.keys = self.keys
        self.document.parts.append(self.source.text)
        return True

    def _note(self, document: Document, path: Path_, target: Path_) -> None:
        self.lines[target] = document.line(path)
        if document is not self.document:
            self.files[target] = document.name

    def _own(self, path: Path_, value: Any, target: Path_, document: Document | None = None) -> Any:
        """A part as it is, with where it was written."""
        document = document or self.document
        self._note(document, path, target)
        if isinstance(value, dict):
            return {key: self._own((*path, key), part, (*target, key), document) for key, part in value.items()}
        if isinstance(value, list):
            return [self._own((*path, at), part, (*target, at), document) for at, part in enumerate(value)]
        return value

    def _part(self, path: Path_, value: Any, target: Path_) -> Any:
        """A part of the template with its parameters filled in."""
        if isinstance(value, str) and "$" in value:
            return self._filled(path, value, target)
        self._note(self.source, path, target)
        if isinstance(value, dict):
            return {key: self._part((*path, key), part, (*target, key)) for key, part in value.items()}
        if isinstance(value, list):
            return [self._part((*path, at), part, (*target, at)) for at, part in enumerate(value)]
        return value

    def _filled(self, path: Path_, text: str, target: Path_) -> Any:
        name = text.removeprefix("$")
        self.keys[target] = self.source.name, self.source.line(path)
        if text.startswith("$") and name in self.values:
            return self._own(("set", name), self.values[name], target)
        if text.startswith("$") and name in self.template.parameters:
            default = self.source.data["parameters"][name]["default"]
            return self._own(("parameters", name, "default"), default, target, self.source)
        self._note(self.source, path, target)
        return text


def _check_names(document: Document, path: Path_, value: Any, names: Collection[str]) -> None:
    """Note each $name that is no parameter, and each parameter inside other text, where nothing is filled in."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            _check_names(document, (*path, key), part, names)
    if not isinstance(value, str) or path[0] == "parameters" or value.removeprefix("$") in names:
        return
    inside = next((name for name in re.findall(r"\$([a-z0-9-]+)", value) if name in names), None)
    if re.fullmatch(r"\$[a-z0-9-]+", value):
        message = f"'{value}' is no parameter of this template. There are: {', '.join(names) or 'none'}."
        document.problem(path, message + nearest(value.removeprefix("$"), names))
    elif inside:
        message = f"'${inside}' stands inside other text, where nothing is filled in. A parameter is a whole value."
        document.problem(path, message)


def _kind(shape: shapes.ParameterShape) -> shapes.ParameterKind | None:
    """What a parameter takes: as it says, or as can be seen from its bounds and its default."""
    if shape.kind:
        return shape.kind
    for value in (shape.least, shape.most, shape.default):
        if isinstance(value, int | Decimal):
            return shapes.ParameterKind.NUMBER
        if isinstance(value, list):
            return shapes.ParameterKind.COURSES
    if shape.least is not None or shape.most is not None:
        return shapes.ParameterKind.GRADE
    return shapes.ParameterKind.ID if shape.default is not None else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _are(r"[a-z0-9]+(?:-[a-z0-9]+)*", value)


def _are_subjects(value: Any) -> bool:
    return _are(r"[A-Z][A-Z&]{0,9}", value)


def _are(pattern: str, value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, str) and re.fullmatch(pattern, one) for one in values)


def _are_courses(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, str) and Course.parse(one) is not None for one in value)
    )


_FITS = {
    shapes.ParameterKind.NUMBER: _is_number,
    shapes.ParameterKind.GRADE: _is_text,
    shapes.ParameterKind.ID: _is_id,
    shapes.ParameterKind.COURSES: _are_courses,
    shapes.ParameterKind.SUBJECTS: _are_subjects,
}
_LOOKS = {
    shapes.ParameterKind.NUMBER: "a number",
    shapes.ParameterKind.GRADE: "a grade, such as B",
    shapes.ParameterKind.ID: "an id, such as capstone",
    shapes.ParameterKind.COURSES: "a list of courses, such as [STA 501, STA 502]",
    shapes.ParameterKind.SUBJECTS: "a subject, such as CSE, or a list of them",
}


def _shown(value: Any) -> str:
    if _is_number(value):
        return decimal_text(Decimal(value))
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a mapping"
    return "nothing" if value is None else f"'{value}'"
