"""Plugins and hooks: found, held to their promises, and each hook documented, shown and run."""

from __future__ import annotations

import inspect
import re
import sys
import textwrap
import types
from pathlib import Path

import pytest

import credrules
from credrules import hookspecs
from credrules.errors import PluginError
from credrules.plugins import Plugins
from credrules.settings import PluginSettings, Section
from credrules.testing import FakeIssuer, FakeRecords

DOCS = Path(__file__).parents[1] / "docs"
HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("credrules_"))


def example(hook):
    """The code in a hook's docstring."""
    doc = inspect.getdoc(getattr(hookspecs, hook))
    blocks = re.findall(r"(?:^    .*\n?|^\n)+", doc, re.MULTILINE)
    return textwrap.dedent("".join(block for block in blocks if block.strip()))


@pytest.fixture
def campus(monkeypatch):
    """What the examples speak of, so that they run as they stand."""

    class CampusSettings(PluginSettings):
        folder: str = ""

    class PrinterSettings(PluginSettings):
        queue: str = ""

    return {
        "CampusSettings": CampusSettings,
        "PrinterSettings": PrinterSettings,
        "CampusRecords": lambda folder: FakeRecords(name=f"campus {folder}"),
        "PrinterIssuer": lambda name, queue: FakeIssuer(name),
    }


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_with_an_example_that_runs(hook, campus):
    assert f"## {hook}" in (DOCS / "hooks.md").read_text(encoding="utf-8")
    module = types.ModuleType("example")
    vars(module).update(campus)
    exec(example(hook), vars(module))  # noqa: S102  our own docstring
    plugins = Plugins()
    plugins.register(module, "example")

    if hook == "credrules_student_records":
        section = Section("records", "campus", {"folder": "x"})
        assert plugins.records(section).name == "campus x"
    elif hook == "credrules_issuers":
        section = Section("desk", "printer", {"queue": "x"})
        assert plugins.issuer(section).name == "desk"
    elif hook == "credrules_connections":
        connection = plugins.connections()["campus"]
        assert [question.key for question in connection.questions] == ["folder"]
        old, new = (connection.look(Section("records", "campus", {"folder": name})) for name in ("old", "new"))
        assert [profile.settings for profile in old.profiles] == [{"release": "9"}]
        assert [question.key for question in new.otherwise] == ["release"]
    else:
        part = next(part for part in plugins.scaffold_parts() if part.name == "printer")
        assert 'plugin = "printer"' in part.settings
        assert part.files[0].path == "printer/README.txt"


def test_there_is_a_test_above_for_every_hook():
    assert HOOKS == [
        "credrules_connections",
        "credrules_issuers",
        "credrules_scaffold",
        "credrules_student_records",
    ]


def test_the_shipped_plugins_are_found():
    found = {plugin.name: plugin for plugin in Plugins().found}

    assert {"credly", "csv", "openbadges", "transcript"} <= found.keys()
    assert all(not plugin.fault for plugin in found.values())


def test_a_plugin_nobody_has_is_said_with_the_nearest_name():
    with pytest.raises(PluginError, match="Did you mean 'openbadges'"):
        Plugins().issuer(Section("badges", "openbadge", {}))


class Broken:
    @credrules.hookimpl
    def credrules_issuers(self, settings):
        raise ZeroDivisionError("a fault")


def test_a_plugin_that_fails_to_start_is_named():
    plugins = Plugins()
    plugins.register(Broken(), "broken")

    with pytest.raises(PluginError, match="ZeroDivisionError"):
        plugins.issuer(Section("badges", "broken", {}))


class Wrong:
    @credrules.hookimpl
    def credrules_issuers(self, settings):
        if settings.plugin == "wrong":
            yield object()


def test_an_object_that_is_no_issuer_is_refused():
    plugins = Plugins()
    plugins.register(Wrong(), "wrong")

    with pytest.raises(PluginError, match="offers object, which is no Issuer"):
        plugins.issuer(Section("badges", "wrong", {}))


def test_only_one_module_imports_durable_rules():
    source = Path(credrules.__file__).parent
    importers = [path.name for path in source.rglob("*.py") if "import durable_rules_engine" in path.read_text()]

    assert importers == ["durable_driver.py"]


def test_everything_public_is_there():
    assert sorted(credrules.__all__) == credrules.__all__
    assert all(hasattr(credrules, name) for name in credrules.__all__)
    assert sys.modules["credrules"] is credrules
