"""`credrules check`: is everything in order before a run? `credrules schema`: the schemas that editors use."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import click

from credrules import rule_files
from credrules.award_options import unusable_options
from credrules.case_files import read_cases
from credrules.catalogue_checks import catalogue_findings, catalogue_of
from credrules.engines.durable_driver import load_engine
from credrules.errors import CredrulesError, InputError
from credrules.exceptions import lost_problem
from credrules.installation import assemble
from credrules.json_schemas import schemas
from credrules.plugins import Plugins
from credrules.wording import listing, number

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from credrules.cli.screen import Screen
    from credrules.findings import Finding
    from credrules.installation import Installation
    from credrules.settings import Settings

NOT_IN_ORDER = 2
NEEDS_A_PERSON = 1


@click.command()
@click.option("--strict", is_flag=True, help="End with 1 where there are warnings: what is probably not meant.")
@click.pass_obj
def check(screen: Screen, *, strict: bool) -> int:
    """Check rules, plugins, records, issuers and ledger, and say everything that is wrong. Changes nothing.

    Warnings, marked with !, are of rules that can be used and are probably not meant as they stand.
    """
    settings = screen.settings()
    faults = [f"plugin {plugin.name}: {plugin.fault}" for plugin in Plugins().found if plugin.fault]
    faults += list(_engine(settings))
    installation: Installation | None = None
    try:
        installation = assemble(settings, everybody=True)
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
    warnings = list(_doubts(settings, installation))
    not_checked: list[str] = []
    if installation:
        found, courses = _catalogue(installation, faults)
        warnings += found
        if courses is None:
            not_checked.append(f"courses that rules name: records from '{installation.records.name}' have no catalogue")
    screen.document(
        {
            "in_order": not faults,
            "faults": faults,
            "warnings": [_as_data(one) for one in sorted(warnings)],
            "not_checked": not_checked,
            "remarks": remarks,
        }
    )
    for fault in faults:
        screen.say(f"✗ {fault}")
    for warning in sorted(warnings):
        screen.say(f"! {warning}")
    if not faults and installation:
        screen.say(f"✓ rules: {number(len(installation.rule_set.program_ids), 'program')} in {settings.rules.name}/")
        count = installation.records.count()
        learners = "" if count is None else f", {number(count, 'learner')}"
        screen.say(f"✓ records: {installation.records.name}{learners}")
        screen.say(f"✓ issuers: {', '.join(installation.issuers) or 'none'}")
        screen.say(f"✓ engines: {listing(installation.decider.engines, 'and')}")
        for what in not_checked:
            screen.say(f"- not checked: {what}")
        if courses is not None:
            screen.say(f"✓ catalogue: {number(courses, 'course')}")
        screen.say(f"In order, with {number(len(warnings), 'warning')}." if warnings else "Everything is in order.")
    for remark in remarks:
        screen.say(f"! {remark}")
    if faults:
        return NOT_IN_ORDER
    return NEEDS_A_PERSON if warnings and strict else 0


def _doubts(settings: Settings, installation: Installation | None) -> Sequence[Finding]:
    """What is probably not meant in the rules, where they can be read, whatever else is wrong."""
    if installation:
        return installation.rule_set.doubts
    try:
        return rule_files.load(settings.rules).doubts
    except CredrulesError:
        return ()


def _catalogue(installation: Installation, faults: list[str]) -> tuple[list[Finding], int | None]:
    """What rules ask for that the catalogue does not have, and how many courses that has; None where there is none."""
    catalogue = catalogue_of(installation.records)
    if catalogue is None:
        return [], None
    try:
        courses = list(catalogue.courses())
    except InputError as error:
        faults += map(str, error.problems)
        return [], 0
    return catalogue_findings(installation.rule_set, courses), len({one.course for one in courses})


def _as_data(warning: Finding) -> dict[str, object]:
    problem = warning.problem
    return {
        "check": warning.check,
        "file": problem.where,
        "line": problem.line,
        "program": warning.program or None,
        "requirement": warning.node or None,
        "message": problem.message,
    }


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
    failures: list[str] = []
    programs = [one.program for one in installation.plan.programs]
    yield from map(str, unusable_options(programs, installation.issuers, failures.append))
    yield from failures


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
