"""What keeps a document from being of its shape, in sentences with lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from credrules import rule_shapes as shapes
from credrules.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from credrules.yaml_files import Document, Path_

ShapeT = TypeVar("ShapeT", bound=BaseModel)


def read_shape(document: Document, shape: type[ShapeT]) -> ShapeT | None:
    """The document as `shape`; None, with its problems noted, where it is not of that shape."""
    if document.data is None:
        return None
    if not isinstance(document.data, dict):
        document.problem((), f"should be a mapping with these keys: {', '.join(keys_of(shape))}.")
        return None
    try:
        value = shape.model_validate(document.data)
    except ValidationError as error:
        by_place: dict[Path_, list[dict[str, Any]]] = {}
        for fault in error.errors(include_url=False):
            by_place.setdefault(_path(document.data, fault["loc"]), []).append(dict(fault))
        for place, faults in by_place.items():
            for message in _messages(document, shape, faults, place, deeper=_is_above(place, by_place)):
                with_key = all(fault["type"] == "extra_forbidden" for fault in faults)
                document.problem(place, message, with_key=with_key)
        return None
    return None if document.problems else value


def _is_above(place: Path_, others: Iterable[Path_]) -> bool:
    return any(other[: len(place)] == place and other != place for other in others)


def _path(data: Any, loc: tuple[int | str, ...]) -> Path_:
    """The part of `loc` that walks the file's own keys; the rest are the validator's names for its branches."""
    path: list[str | int] = []
    before: int | str = ""
    for step in loc:
        branch = (isinstance(before, int) or before in ("then", "else")) and step in shapes.REQUIREMENTS
        inside = step in data if isinstance(data, dict) else isinstance(data, list) and step in range(len(data))
        before = step
        if inside and not branch:
            data = data[step]
            path.append(step)
    return tuple(path)


def _messages(
    document: Document, shape: type[BaseModel], faults: Sequence[dict[str, Any]], place: Path_, *, deeper: bool
) -> Iterator[str]:
    """What to say of one place. Where several branches of a choice were tried there, they make one sentence; where
    one of them got further, what it found below says more, and they are left out.
    """
    branches = [fault for fault in faults if fault["type"] in _EXPECTED]
    for fault in faults:
        if fault not in branches:
            yield _message(document, shape, fault, place)
    if branches and not deeper:
        expected = dict.fromkeys(_expected(fault) for fault in branches)
        yield f"{_named(place)} should be {' or '.join(expected)}; found {_found(_value(document.data, place))}."


def _named(place: Path_) -> str:
    """The last key on the way to a place: an entry of a list goes by the name of its list."""
    return next((f"'{step}'" for step in reversed(place) if isinstance(step, str)), "the file")


def _found(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list):
        return "an empty list" if value == [] else "a list" if isinstance(value, list) else "a mapping"
    return f"'{value}'"


def _message(document: Document, shape: type[BaseModel], fault: Mapping[str, Any], place: Path_) -> str:
    kind, key = fault["type"], str(fault["loc"][-1])
    if kind == "extra_forbidden":
        possible = keys_of(_shape_at(shape, fault["loc"][:-1]))
        return f"'{key}' is not a key here. There are: {', '.join(possible)}.{nearest(key, possible)}"
    if kind == "missing":
        return f"'{key}' is missing."
    if kind == "requirement_kind":
        return _no_requirement(_value(document.data, place))
    message = str(fault["msg"]).removeprefix("Value error, ")
    return f"{_named(place)}: {message}{'' if message.endswith('?') else '.'}"


def _no_requirement(value: Any) -> str:
    kinds = ", ".join(shapes.REQUIREMENTS)
    keys = list(value) if isinstance(value, dict) else []
    known = [key for key in keys if key in shapes.REQUIREMENTS]
    if len(known) > 1:
        return f"this requirement is two at once ({', '.join(known)}). Write each as an entry of its own."
    hint = next((text for key in keys if (text := nearest(key, shapes.REQUIREMENTS))), "")
    what = ", ".join(f"'{key}'" for key in keys) or _found(value)
    return f"{what} is no requirement. One has one of these keys: {kinds}.{hint}"


_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "decimal_type": "a number",
    "is_instance_of": "a number",
    "string_type": "text (put it in quotes where it looks like a number)",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "date_type": "a day, written as 2026-08-24",
    "literal_error": "one of {expected}",
    "too_short": "a list with something in it",
    "string_too_short": "text with something in it",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than_equal": "at most {le}",
}


def _expected(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "too_short" and (fault.get("ctx") or {}).get("field_type") == "Dictionary":
        return "a mapping with something in it"
    pattern = _EXPECTED.get(fault["type"], "")
    return pattern.format(**(fault.get("ctx") or {})) or str(fault["msg"])


def _value(data: Any, place: Path_) -> Any:
    for step in place:
        data = data[step]
    return data


def keys_of(shape: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in shape.model_fields.items()]


def _shape_at(shape: type[BaseModel], loc: Iterable[int | str]) -> type[BaseModel]:
    """The shape that the validator had reached, following the keys and the requirement kinds in `loc`."""
    for step in loc:
        if not isinstance(step, str):
            continue
        if step in shapes.REQUIREMENTS and not any(
            (info.alias or name) == step and _inner(info.annotation) for name, info in shape.model_fields.items()
        ):
            shape = shapes.REQUIREMENTS[step]
            continue
        for name, info in shape.model_fields.items():
            if (info.alias or name) == step and (inner := _inner(info.annotation)):
                shape = inner
                break
    return shape


def _inner(annotation: Any) -> type[BaseModel] | None:
    """The one shape inside an annotation such as `list[RuleShape]`; None where there is none, or a choice of them."""
    found: set[type[BaseModel]] = set()
    waiting = [annotation]
    while waiting:
        part = waiting.pop()
        if isinstance(part, type) and issubclass(part, BaseModel):
            found.add(part)
        waiting.extend(getattr(part, "__args__", ()))
    return found.pop() if len(found) == 1 else None
