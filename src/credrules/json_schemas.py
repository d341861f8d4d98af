"""The JSON Schemas of the rule files, for editors: made from the shapes that check the files."""

from __future__ import annotations

import json

from credrules import rule_shapes as shapes

_FILES: dict[str, type[shapes.Shape]] = {
    "institution.schema.json": shapes.InstitutionFile,
    "program.schema.json": shapes.ProgramFile,
    "template.schema.json": shapes.TemplateFile,
    "cases.schema.json": shapes.CaseFile,
}


def schemas() -> dict[str, str]:
    """The text of each schema by its file name, the same on every machine."""
    return {name: _text(shape) for name, shape in _FILES.items()}


def _text(shape: type[shapes.Shape]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **shape.model_json_schema(by_alias=True)}
    return json.dumps(schema, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
