"""YAML with line numbers: the one place that imports a YAML library.

A plain and hostile-proof subset: YAML 1.2's scalars (so that `no`, `on` and `N` are text), numbers as exact decimals,
no anchors, no tags, every key once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

from credrules.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 1_000_000
MAX_DEPTH = 40

Path_ = tuple[str | int, ...]


@dataclass
class Document:
    """One YAML file: its data, and the line on which each part of it stands."""

    name: str  # as the user knows it
    text: str = field(repr=False)
    data: Any = None
    lines: dict[Path_, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    files: dict[Path_, str] = field(default_factory=dict)  # for parts that came from another file, its name
    parts: list[str] = field(default_factory=list)  # the texts of those files
    keys: dict[Path_, tuple[str, int]] = field(default_factory=dict)  # where a key stands apart from its value

    def line(self, path: Path_) -> int:
        """The line of the part at `path`, or of the nearest part above it."""
        return self.lines.get(self._known(path), 1)

    def file(self, path: Path_) -> str:
        """The file in which the part at `path` stands."""
        return self.files.get(self._known(path), self.name)

    def _known(self, path: Path_) -> Path_:
        while path and path not in self.lines:
            path = path[:-1]
        return path

    def problem(self, path: Path_, message: str, *, with_key: bool = False) -> None:
        """Note what is wrong with the part at `path`: with its value, or with its key."""
        place = self.keys.get(path) if with_key else None
        self.problems.append(Problem(*(place or (self.file(path), self.line(path))), message))


def read(path: Path, name: str) -> Document:
    """Read one file. Whatever is wrong with it is in `problems`, and `data` is then what could still be understood."""
    document = Document(name, "")
    try:
        raw = path.read_bytes()
    except OSError as error:
        document.problems.append(Problem(name, 0, f"cannot be read: {error.strerror}."))
        return document
    if len(raw) > MAX_BYTES:
        document.problems.append(Problem(name, 0, f"is larger than {MAX_BYTES} bytes; no rule file should be."))
        return document
    try:
        document.text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        document.problems.append(Problem(name, line, "is not UTF-8 text. Save the file with the encoding UTF-8."))
        return document
    parse(document)
    return document


def parse(document: Document) -> None:
    """Turn the text into data and lines."""
    try:
        node = yaml.compose(document.text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        opened = "unexpected end of stream" in (error.problem or "")
        mark = error.context_mark if opened and error.context_mark else error.problem_mark
        line = mark.line + 1 if mark else 0
        document.problems.append(Problem(document.name, line, _in_plain_words(document, line, error.problem or "")))
        return
    except (yaml.YAMLError, RecursionError) as error:
        document.problems.append(Problem(document.name, 0, f"is not YAML: {str(error).splitlines()[0]}."))
        return
    if node is None:
        document.problems.append(Problem(document.name, 0, "is empty."))
        return
    document.data = _build(document, node, (), set())


_PLAIN_WORDS = {
    "unexpected end of stream": "a quotation mark is opened and never closed",
    "mapping values are not allowed": "a colon stands where none can; put text that holds one in quotes",
    "could not find expected ':'": "a key has no colon after it, or a quotation mark is never closed",
    "expected <block end>": "the indentation does not fit that of the lines above",
    "expected ',' or": "a bracket is opened and never closed, or a comma is missing",
    "cannot start any token": "a character stands where none can; put the text in quotes",
    "found unknown escape character": "a backslash in double quotes; use single quotes",
    "references": "'&' and '*' make references, which rule files do not have; put such text in quotes",
}


def _in_plain_words(document: Document, line: int, problem: str) -> str:
    """What a person who does not know YAML can act on."""
    lines = document.text.splitlines()
    if 0 < line <= len(lines) and "\t" in lines[line - 1]:
        return "the line has a tab; indent with spaces."
    said = next((words for sign, words in _PLAIN_WORDS.items() if sign in problem), "")
    return f"cannot be read from here on: {said or problem or 'this is not YAML'}."


class _Loader(yaml.SafeLoader):
    """The safe loader with the scalars of YAML 1.2 and without aliases, by which a small file can grow huge."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(
                problem="references",
                problem_mark=event.start_mark,
            )
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("int", r"[-+]?[0-9]{1,15}", "-+0123456789"),
    ("float", r"[-+]?[0-9]{1,15}\.[0-9]{1,15}", "-+0123456789"),
    ("null", r"null|~|", ["n", "~", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_pattern})$"), list(_first))


def _build(document: Document, node: yaml.Node, path: Path_, above: set[int]) -> Any:
    document.lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in above or len(path) > MAX_DEPTH:
        document.problem(path, "is nested too deeply.")
        return None
    if isinstance(node, yaml.ScalarNode):
        return _scalar(document, node, path)
    if isinstance(node, yaml.SequenceNode):
        return [_build(document, item, (*path, index), above | {id(node)}) for index, item in enumerate(node.value)]
    return _mapping(document, node, path, above | {id(node)})


def _mapping(document: Document, node: yaml.Node, path: Path_, above: set[int]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            document.lines[(*path, "?")] = key.start_mark.line + 1
            document.problem((*path, "?"), "has a list or a mapping where a key should stand.")
            continue
        name = str(key.value)
        if name in values:
            line = key.start_mark.line + 1
            first = document.line((*path, name))
            document.problems.append(
                Problem(document.name, line, f"'{name}' stands here for a second time; it is on line {first} already.")
            )
            continue
        document.lines[(*path, name)] = key.start_mark.line + 1
        values[name] = _build(document, value, (*path, name), above)
    return values


def _scalar(document: Document, node: yaml.ScalarNode, path: Path_) -> Any:
    text = str(node.value)
    kind = node.tag.removeprefix("tag:yaml.org,2002:")
    if kind == "str":
        return text
    if kind == "int":
        return int(text)
    if kind == "float":
        return Decimal(text)
    if kind == "bool":
        return text == "true"
    if kind == "null":
        return None
    document.problem(path, f"'{kind}' is a tag, which rule files do not have. Leave out what begins with '!'.")
    return text
