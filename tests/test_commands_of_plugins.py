"""Commands that plugins add to the command line."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import click
import pytest
from click.testing import CliRunner

from credrules import cli as command_line
from credrules.errors import PluginError


@click.command()
def greet() -> None:
    """Greet."""
    click.echo("hello")


NO_COMMAND = "neither"


@pytest.fixture
def offered(monkeypatch):
    points = [
        EntryPoint("greet", f"{__name__}:greet", "credrules.commands"),
        EntryPoint("run", f"{__name__}:greet", "credrules.commands"),
        EntryPoint("broken", "nowhere:nothing", "credrules.commands"),
        EntryPoint("odd", f"{__name__}:NO_COMMAND", "credrules.commands"),
    ]
    monkeypatch.setattr(command_line, "_of_plugins", lambda: {point.name: point for point in points})


def call(*words):
    return CliRunner().invoke(command_line.cli, words, standalone_mode=False)


def test_a_plugin_adds_a_command(offered):
    assert call("greet").output == "hello\n"


def test_a_plugin_takes_no_command_away_from_credrules(offered):
    assert "--program" in call("run", "--help").output


@pytest.mark.parametrize(
    ("name", "why"), [("broken", "cannot be used: ModuleNotFoundError"), ("odd", "is a str, which is no command")]
)
def test_a_command_that_is_none_is_named(offered, name, why):
    failed = call(name, "--whatever", "it", "takes")

    assert isinstance(failed.exception, PluginError)
    assert why in str(failed.exception)
    assert "cannot be used" in call("--help").output
