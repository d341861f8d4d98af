"""The documentation: what it shows is so."""

from __future__ import annotations

import re
import sys
import tomllib
import types
from pathlib import Path

import pytest

from credrules import rule_shapes as shapes
from credrules import yaml_files
from credrules.json_schemas import schemas
from credrules.reasons import NOT_USED, OUTCOMES, UNSURE
from credrules.shape_faults import read_shape
from credrules.testing import RecordsSuite

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "systems").glob("*.md"))]


def blocks(language):
    return [
        pytest.param(text, id=f"{page.name}-{number}")
        for page in PAGES
        for number, text in enumerate(re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.S))
    ]


@pytest.mark.parametrize("text", blocks("yaml"))
def test_every_rule_shown_is_one_that_can_be_read(text):
    document = yaml_files.Document("shown.yaml", text)
    yaml_files.parse(document)
    data = document.data
    shape = shapes.CaseFile if "cases" in data else shapes.InstitutionFile
    if "parameters" in data:
        shape = shapes.TemplateFile
    elif "template" in data:
        shape = shapes.ProgramFile
        data |= {"credit-bearing": True, "requirements": ["STA 501"], "awards": [{"issuer": "shown"}]}
    elif "program" in data:
        shape = shapes.ProgramFile
    elif "institution" not in data and "cases" not in data:
        shape = shapes.ProgramFile
        document.data = {
            "program": "shown",
            "title": "Shown",
            "effective": "2026-01-01",
            "credit-bearing": True,
            "requirements": ["STA 501"],
            "awards": [{"issuer": "badges"}],
            **data,
        }

    read_shape(document, shape)

    assert [str(problem) for problem in document.problems] == []


@pytest.mark.parametrize("text", blocks("toml"))
def test_every_setting_shown_is_toml(text):
    assert tomllib.loads(text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_piece_of_python_shown_runs_in_the_order_of_its_page(page):
    shown = types.ModuleType("shown")
    sys.modules["shown"] = shown
    for text in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.S):
        exec(compile(text, page.name, "exec"), vars(shown))  # noqa: S102  our own documentation


@pytest.mark.parametrize("text", [block for block in blocks("text") if "Suite)" in str(block)])
def test_a_contract_test_shown_is_the_one_that_runs(text):
    files = [path.read_text(encoding="utf-8") for path in ROOT.glob("plugins/*/tests/*.py")]

    assert any(text.strip() in file for file in files)


def test_the_records_plugin_shown_passes_its_contract_suite():
    page = (ROOT / "docs" / "writing-a-plugin.md").read_text(encoding="utf-8")
    shown = vars(sys.modules.setdefault("shown", types.ModuleType("shown")))
    exec(re.findall(r"```python\n(.*?)```", page, re.S)[0], shown)  # noqa: S102  our own documentation
    records = shown["CampusRecords"](shown["ROWS"])

    suite = RecordsSuite()
    for name in dir(suite):
        if name.startswith("test_") and "another_process" not in name:
            getattr(suite, name)(records)


def test_every_reason_is_explained():
    page = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")

    for code in (*OUTCOMES, *NOT_USED, *UNSURE):
        assert f"| `{code}` |" in page


def test_every_dependency_is_argued_for():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    for path in [ROOT / "pyproject.toml", *ROOT.glob("plugins/*/pyproject.toml")]:
        for name in tomllib.loads(path.read_text())["project"]["dependencies"]:
            if not name.startswith("credrules"):
                assert re.split(r"[=<>;\[ ]", name)[0] in page


def test_the_schemas_beside_the_example_rules_are_those_of_the_shapes():
    for name, text in schemas().items():
        assert (ROOT / "rules" / "schema" / name).read_text(encoding="utf-8") == text, "run `make schema`"


def test_every_link_between_pages_leads_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"
