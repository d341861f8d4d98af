"""What the page and the README show is what can be set."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from credrules import Section
from credrules_oneroster import credrules_student_records

PLUGIN = Path(__file__).parents[1]
PAGES = [PLUGIN / "README.md", PLUGIN.parents[1] / "docs" / "systems" / "oneroster.md"]
BLOCKS = [text for page in PAGES for text in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.S)]


@pytest.mark.parametrize("text", BLOCKS)
def test_every_table_that_is_shown_is_taken(text, monkeypatch):
    monkeypatch.setenv("ONEROSTER_SECRET", "a-secret")
    monkeypatch.setenv("ETHOS_API_KEY", "a-key")
    table = tomllib.loads(text)["records"]
    plugin = table.pop("plugin")

    (source,) = credrules_student_records(Section("records", plugin, table))

    assert source.name == plugin
    assert source.capabilities.lacking()
