"""What the page and the README of a system show is what can be set."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

from credrules import Section

ROOT = Path(__file__).parents[1]
SHOWN = [
    (system, text)
    for system in ("ethos", "oneroster")
    for page in (ROOT / "plugins" / f"credrules-{system}" / "README.md", ROOT / "docs" / "systems" / f"{system}.md")
    for text in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
]


@pytest.mark.parametrize(("system", "text"), SHOWN)
def test_every_table_that_is_shown_is_taken(system, text, monkeypatch):
    monkeypatch.setenv("ONEROSTER_SECRET", "a-secret")
    monkeypatch.setenv("ETHOS_API_KEY", "a-key")
    table = tomllib.loads(text)["records"]
    plugin = table.pop("plugin")

    (source,) = import_module(f"credrules_{system}").credrules_student_records(Section("records", plugin, table))

    assert source.name == plugin
    assert source.capabilities.lacking()
