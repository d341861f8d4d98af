"""`credrules check`: is everything in order before a run? `credrules schema`: the schemas that editors use."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import click

from credrules.case_files import read_cases
from credrules.engines.durable_driver import load_engine
from credrules.errors import CredrulesError, InputError
from credrules.exceptions import lost_problem
from credrules.installation import assemble
from credrules.json_schemas import schemas
from credrules.plugins import Plugins
from credrules.wording import number

if TYPE_CHECKING:
    from collections.abc import Iterator

    from credrules.cli.screen import Screen
    from credrules.installation import Installation
    from credrules.settings import Settings

NOT_IN_ORDER = 2


@click.command()
@click.pass_obj
def check(screen: Screen) -> int:
    """Check rules, plugins, records, issuers and ledger, and say everything that is wrong. Changes nothing."""
    settings = screen.settings()
    faults = [f"plugin {plugin.name}: {plugin.fault}" for plugin in Plugins().found if plugin.fault]
    faults += list(_engine(settings))
    installation: Installation | None = None
    try:
        installation = assemble(settings)
    except InputError as error:
        faults += [str(problem) for problem in error.problems]
    except CredrulesError as error:
        if str(error) not in faults:
            faults.append(str(error))
    if installation:
        faults += [
            *_cases(installation),
            *_records(installation),
            *_issuers(installation),
            *_ledger(installation),
        ]
    remarks = list(_open_secrets(settings))
    screen.document({"in_order": not faults, "faults": faults, "remarks": remarks})
    for fault in faults:
        screen.say(f"✗ {fault}")
    if not faults and installation:
        screen.say(f"✓ rules: {number(len(installation.rule_set.program_ids), 'program')} in {settings.rules.name}/")
        count = installation.records.count()
        learners = "" if count is None else f", {number(count, 'learner')}"
        screen.say(f"✓ records: {installation.records.name}{learners}")
        screen.say(f"✓ issuers: {', '.join(installation.issuers) or 'none'}")
        screen.say(f"✓ engines: {' and '.join(installation.decider.engines)}")
        screen.say("Everything is in order.")
    for remark in remarks:
        screen.say(f"! {remark}")
    return NOT_IN_ORDER if faults else 0


def _open_secrets(settings: Settings) -> Iterator[str]:
    """The files with secrets that everybody on this machine can read."""
    for section in (settings.records, *settings.issuers):
        for key, value in sorted(section.values.items()):
            source, _, place = str(value).partition(":")
            path = settings.path.parent / place
            if source == "file" and path.is_file() and path.stat().st_mode & stat.S_IROTH:
                yield f"{place}, the {key} of {section.name}, can be read by everybody here: chmod o-r {place}"


def _engine(settings: Settings) -> Iterator[str]:
    if settings.engine == "durable":
        try:
            load_engine()
        except CredrulesError as error:
            yield str(error)


def _records(installation: Installation) -> Iterator[str]:
    try:
        next(iter(installation.records.batches(size=1)), None)
    except InputError as error:
        yield from map(str, error.problems)
    except CredrulesError as error:
        yield str(error)


def _issuers(installation: Installation) -> Iterator[str]:
    for issuer in installation.issuers.values():
        for fault in issuer.check():
            yield f"issuer {issuer.name}: {fault}"


def _ledger(installation: Installation) -> Iterator[str]:
    try:
        with installation.ledger_to_read() as ledger:
            granted = ledger.granted()
    except CredrulesError as error:
        yield str(error)
        return
    for plan in installation.plan.programs:
        bound = [one for one in granted if one.program == plan.program.id and one.requirement in plan.lost]
        for lost in sorted({one.requirement for one in bound}):
            count = number(sum(one.requirement == lost for one in bound), "exception")
            yield str(lost_problem(plan, lost, f"{count} in the ledger"))


def _cases(installation: Installation) -> Iterator[str]:
    try:
        read_cases(installation.settings.rules, installation.rule_set)
    except InputError as error:
        yield from map(str, error.problems)


@click.command()
@click.pass_obj
def schema(screen: Screen) -> None:
    """Write the JSON Schemas of the rule files into the rule folder, for editors to complete from."""
    folder = screen.settings().rules / "schema"
    folder.mkdir(exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
    screen.document([str(folder / name) for name in schemas()])
    screen.say(f"Wrote {', '.join(schemas())} to {folder}.")
