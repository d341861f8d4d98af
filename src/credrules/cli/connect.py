"""`credrules connect`: the table [records] of credrules.toml, by questions, shown to work before it is written."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click
import tomlkit

from credrules.cli.doctor import NEEDS_A_PERSON, look
from credrules.cli.options import as_of
from credrules.cli.understood import as_document, show
from credrules.connecting import REFERENCE, section_of, with_records
from credrules.errors import nearest
from credrules.plugins import Plugins

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from credrules.cli.screen import Screen
    from credrules.connecting import Connection, Question, Seen
    from credrules.settings import Settings

SAMPLE = 200
"""Learners that are read to show what is understood, unless more or fewer are asked for."""


@click.command()
@click.option("--plugin", help="The plugin that reads the source. With it, only what is needed is asked.")
@click.option("--url", help="The address of a database or a service, without a password.")
@click.option("--folder", help="The folder of files.")
@click.option("--profile", help="The system whose tables these are; found out where the plugin can.")
@click.option(
    "--set", "others", multiple=True, metavar="KEY=VALUE", help="Another setting, or TABLE.KEY=VALUE; repeatable."
)
@click.option("--learners", "most", type=click.IntRange(min=1), default=SAMPLE, show_default=True, help="Read so many.")
@click.option("--dry-run", is_flag=True, help="Show what is understood and what would be written; write nothing.")
@click.option("--yes", is_flag=True, help="Overwrite the table [records] without asking.")
@as_of
@click.pass_obj
def connect(
    screen: Screen,
    plugin: str | None,
    url: str | None,
    folder: str | None,
    profile: str | None,
    others: tuple[str, ...],
    most: int,
    dry_run: bool,
    yes: bool,
    as_of: date,
) -> int:
    """Connect a source of student records: ask for it, read some of it, and write the table [records].

    Whatever the options leave out is asked. Nothing is written to the source. A secret is never asked for, only where
    it is kept. Ends with 1 where the sample shows what has to be put right, as `credrules doctor` does.
    """
    settings = screen.settings()
    plugins = Plugins()
    given = _given({"url": url, "folder": folder, "profile": profile}, others)
    connection = _chosen(plugins.connections(), plugin)
    talk = _Talk(given, settings.records.values if settings.records.plugin == connection.plugin else {}, plugin is None)
    values = _answers(screen, settings, connection, talk)

    text = with_records(settings.path.read_text(encoding="utf-8"), values)
    section = section_of(settings, text, values)
    found = look(settings.model_copy(update={"records": section}), plugins.records(section), as_of, most)
    show(screen, found)
    screen.say(f"\n{tomlkit.dumps({'records': values})}")
    write = not dry_run and (yes or _confirmed(settings))
    if write:
        settings.path.write_text(text, encoding="utf-8")
    screen.say(f"Wrote it to {settings.path.name}." if write else "Nothing was written.")
    screen.document({"records": values, "written": write, **as_document(found)})
    return 0 if found.in_order else NEEDS_A_PERSON


class _Talk:
    """What is known of the answers: given by options, or there before; and how to ask for the rest."""

    def __init__(self, given: dict[str, Any], before: dict[str, Any], everything: bool) -> None:
        tables = {key: {**before[key], **new} for key, new in given.items() if isinstance(before.get(key), dict)}
        self.values: dict[str, Any] = {**before, **given, **tables}
        self._given = given
        self._everything = everything  # also what may be left out, and what has an answer from before

    def ask(self, questions: Sequence[Question]) -> None:
        for question in questions:
            if self._everything or (question.needed and question.key not in self.values):
                self._ask(question)
            if question.secret and question.key in self.values:
                _refuse_secret(question.key, str(self.values[question.key]))

    def _ask(self, question: Question) -> None:
        if question.key in self._given:
            return
        default = self.values.get(question.key, None if question.needed else "")
        answer = _prompted(question.text, question.key, default=default, show_default=bool(default))
        if answer:
            self.values[question.key] = answer


def _refuse_secret(key: str, value: str) -> None:
    if not REFERENCE.fullmatch(value):
        raise click.UsageError(
            f"'{key}' is a secret, and is not shown. Say where it is kept, as in env:NAME or file:PATH."
        )


def _answers(screen: Screen, settings: Settings, connection: Connection, talk: _Talk) -> dict[str, Any]:
    """The whole table, after a look at the source for what nobody has to answer."""
    talk.ask(connection.questions)
    values = {"plugin": connection.plugin, **talk.values}
    seen = connection.look(section_of(settings, "", values))
    for remark in seen.remarks:
        screen.remark(remark)
    if "profile" not in values:
        talk.values.update(_profile_of(screen, seen))
        if not seen.profiles:
            talk.ask(seen.otherwise)
    return {"plugin": connection.plugin, **talk.values}


def _profile_of(screen: Screen, seen: Seen) -> dict[str, str]:
    """The settings of the profile that fits; of several, the one that is chosen."""
    by_name = {one.name: one for one in seen.profiles}
    if not by_name:
        return {}
    name = next(iter(by_name))
    if len(by_name) > 1:
        name = _prompted("Several profiles fit. Which is it?", "profile", type=click.Choice(list(by_name)))
    screen.remark(f"Profile {name}: {by_name[name].because}.")
    return dict(by_name[name].settings)


def _chosen(connections: dict[str, Connection], plugin: str | None) -> Connection:
    if not connections:
        raise click.UsageError("no installed plugin can be connected. Install one: pip install credrules-csv.")
    if plugin is None:
        for one in connections.values():
            click.echo(f"{one.plugin}: {one.title}", err=True)
        plugin = _prompted("Where are the student records?", "plugin", type=click.Choice(list(connections)))
    if plugin not in connections:
        hint = nearest(plugin, connections)
        raise click.UsageError(f"'{plugin}' cannot be connected. There are: {', '.join(connections)}.{hint}")
    return connections[plugin]


def _given(options: dict[str, str | None], others: Sequence[str]) -> dict[str, Any]:
    given: dict[str, Any] = {key: value for key, value in options.items() if value is not None}
    for one in others:
        key, equals, value = one.partition("=")
        if not equals or not key:
            raise click.UsageError("--set is written KEY=VALUE, as in --set queries=records.sql.")
        table, dot, name = key.partition(".")
        if dot:
            given.setdefault(table, {})[name] = value
        else:
            given[key] = value
    return given


def _confirmed(settings: Settings) -> bool:
    was = f'plugin = "{settings.records.plugin}"'
    return click.confirm(f"Overwrite the table [records] ({was}) in {settings.path.name}?", err=True)


def _prompted(text: str, key: str, **options: Any) -> str:
    """An answer. Where there is nobody to ask, says which option gives it. Raises click.ClickException."""
    try:
        return str(click.prompt(text, err=True, **options))
    except click.Abort:
        if sys.stdin.isatty():
            raise
        click.echo(err=True)  # the question stands alone on its line
        option = f"--{key}" if key in ("plugin", "url", "folder", "profile") else f"--set {key}=..."
        raise click.ClickException(f"'{key}' is not given, and there is nobody to ask: add {option}.") from None
