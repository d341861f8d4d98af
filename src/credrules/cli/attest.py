"""`credrules attest` and `credrules except`: people's word, with a name and a date."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from credrules.attestations import COMPLETE, DECLINE, Attestation, ExceptionKind, GrantedException, Role
from credrules.cli.options import Day, program_argument, today
from credrules.cli.screen import Screen, complete_program, complete_role
from credrules.errors import CredrulesError, InputError, Problem, nearest
from credrules.ledger import Ledger
from credrules.plan import make_plan
from credrules.records import Course, id_faults
from credrules.rule_files import load
from credrules.wording import role_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from credrules.plan import Plan, ProgramPlan
    from credrules.settings import Settings

COLUMNS = ("learner_id", "program", "role", "statement", "by", "on", "evidence")


@click.command()
@click.argument("learner", required=False)
@click.argument("program", required=False, shell_complete=complete_program)
@click.option(
    "--role", shell_complete=complete_role, help="Whose word it is: lead, office, or one that the institution declares."
)
@click.option("--milestone", help="That this milestone is done; left out, that everything is complete.")
@click.option("--evidence", help="A link to the evidence.")
@click.option("--by", help="The name of the person whose word it is.")
@click.option("--on", type=Day(), default=today, help="The day; today where left out.")
@click.option("--withdraw", is_flag=True, help="Take an earlier attestation back.")
@click.option(
    "--from",
    "path",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help=f"Many at once, from a CSV file with the columns {', '.join(COLUMNS)}.",
)
@click.pass_obj
def attest(
    screen: Screen,
    learner: str | None,
    program: str | None,
    role: str | None,
    milestone: str | None,
    evidence: str | None,
    by: str | None,
    on: date,
    withdraw: bool,
    path: Path | None,
) -> None:
    """Record that the lead, the office or another role says that a learner is done."""
    settings = screen.settings()
    plan = make_plan(load(settings.rules))
    if path:
        attestations = _read(path, plan)
    elif learner and program and role and by:
        attestations = [
            Attestation(
                learner_id=learner,
                program=program,
                role=role,
                statement=milestone or COMPLETE,
                by=by,
                on=on,
                evidence=evidence,
                withdrawn=withdraw,
            )
        ]
        problems = [Problem("credrules attest", 0, fault) for fault in _faults(attestations[0], plan)]
        if role == Role.LEARNER:
            problems = [
                Problem("credrules attest", 0, "a learner's wish is recorded with `credrules claim` or `decline`.")
            ]
        if problems:
            raise InputError(problems)
    else:
        raise click.UsageError("give LEARNER PROGRAM --role --by, or --from FILE")
    with Ledger.open(settings.ledger) as ledger:
        ledger.attest(*attestations)
    screen.document(attestations)
    if len(attestations) == 1:
        one = attestations[0]
        what = "withdrawn" if one.withdrawn else "recorded"
        screen.say(
            f"{what.capitalize()}: {one.by} ({one.role}) for {one.learner_id} in {one.program}: {one.statement}."
        )
    else:
        screen.say(f"{len(attestations)} attestations are recorded.")
    screen.say("The next `credrules run` decides with them.")


def _faults(attestation: Attestation, plan: Plan) -> list[str]:
    return [*_who_faults(attestation.learner_id, attestation.by), *_said_faults(attestation, plan)]


def _who_faults(learner: str, by: str) -> Iterator[str]:
    yield from id_faults("The learner", learner)
    yield from id_faults("Whoever says so", by)


def _said_faults(attestation: Attestation, plan: Plan) -> list[str]:
    programs = _by_id(plan)
    if attestation.program not in programs:
        return [
            f"'{attestation.program}' is no program. There are: {', '.join(programs)}."
            f"{nearest(attestation.program, programs)}"
        ]
    if fault := _role_fault(attestation.role, plan):
        return [fault]
    nodes = [node for version in programs[attestation.program] for node in version.nodes]
    said = sorted({node.code for node in nodes if node.role == attestation.role})
    said += [DECLINE] if attestation.role == Role.LEARNER else []
    if attestation.statement not in said:
        listed = ", ".join(said) or "nothing"
        whose = f"the {role_title(attestation.role)}"
        return [f"'{attestation.statement}' is nothing that {whose} attests here. There is: {listed}."]
    return []


def _role_fault(role: str, plan: Plan) -> str:
    """What is wrong with the name of a role; '' where nothing is."""
    if role in (*plan.roles, Role.LEARNER):
        return ""
    return f"'{role}' is no role. There are: {', '.join(plan.roles)}.{nearest(role, plan.roles)}"


def _by_id(plan: Plan) -> dict[str, list[ProgramPlan]]:
    """The versions of each program, oldest first."""
    programs: dict[str, list[ProgramPlan]] = {}
    for version in plan.programs:
        programs.setdefault(version.program.id, []).append(version)
    return programs


def _read(path: Path, plan: Plan) -> list[Attestation]:
    problems: list[Problem] = []
    attestations = []
    for line, row in _rows(path):
        try:
            attestation = _attestation(row, plan)
        except ValueError as error:
            problems.append(Problem(str(path), line, str(error)))
            continue
        problems += [Problem(str(path), line, fault) for fault in _faults(attestation, plan)]
        attestations.append(attestation)
    if problems:
        raise InputError(problems)
    return attestations


def _attestation(row: Mapping[str | None, str], plan: Plan) -> Attestation:
    """A row as an attestation. Raises ValueError, in a sentence."""
    if None in row:
        raise ValueError(f"the row has more cells than there are columns: {', '.join(COLUMNS)}.")
    if fault := _role_fault(row["role"], plan):
        raise ValueError(fault)
    try:
        on = date.fromisoformat(row["on"])
    except ValueError:
        raise ValueError(f"'{row['on']}' is not a day; write it as 2026-08-24.") from None
    return Attestation(
        learner_id=row["learner_id"],
        program=row["program"],
        role=row["role"],
        statement=row["statement"] or COMPLETE,
        by=row["by"],
        on=on,
        evidence=row.get("evidence") or None,
    )


def _rows(path: Path) -> Iterator[tuple[int, Mapping[str | None, str]]]:
    """The rows with their lines. Raises InputError where the file cannot be read, or columns are missing."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError([Problem(str(path), 0, "is not UTF-8 text. Save the file as UTF-8.")]) from None
    rows = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
    try:
        missing = [name for name in COLUMNS[:-1] if name not in (rows.fieldnames or ())]
        if missing:
            message = f"lacks the columns {', '.join(missing)}. It needs: {', '.join(COLUMNS)}."
            raise InputError([Problem(str(path), 1, message)])
        for row in rows:
            yield rows.line_num, row
    except csv.Error as error:
        raise InputError([Problem(str(path), rows.line_num, f"is not CSV from here on: {error}.")]) from None


@click.command(name="except")
@click.argument("learner")
@program_argument
@click.argument("requirement")
@click.option("--substitute", metavar="COURSE", help="This course may stand in; left out, the requirement is waived.")
@click.option("--until", type=Day(), help="The requirement may be done until this day, later than its own last one.")
@click.option("--reason", required=True, help="Why.")
@click.option("--by", required=True, help="The name of the person who grants it.")
@click.option("--on", type=Day(), default=today, help="The day; today where left out.")
@click.option("--withdraw", is_flag=True, help="Take it back.")
@click.pass_obj
def grant_exception(
    screen: Screen,
    learner: str,
    program: str,
    requirement: str,
    substitute: str | None,
    until: date | None,
    reason: str,
    by: str,
    on: date,
    withdraw: bool,
) -> None:
    """Grant one learner a waiver, a substitution or an extension for one requirement or rule."""
    settings = screen.settings()
    _check_named(learner, reason, by)
    _check_exception(settings, program, requirement, substitute, until)
    course = Course.parse(substitute) if substitute else None
    granted = GrantedException(
        learner_id=learner,
        program=program,
        kind=ExceptionKind.EXTENSION if until else ExceptionKind.SUBSTITUTION if course else ExceptionKind.WAIVER,
        requirement=requirement,
        reason=reason,
        by=by,
        on=on,
        course=course.code if course else None,
        until=until,
        withdrawn=withdraw,
    )
    with Ledger.open(settings.ledger) as ledger:
        ledger.grant(granted)
    screen.document(granted)
    screen.say(
        f"{'Withdrawn' if withdraw else 'Granted'}: {granted.kind} of '{requirement}' for {learner} in {program}."
    )
    screen.say("The next `credrules run` decides with it.")


def _check_named(learner: str, reason: str, by: str) -> None:
    for name, value in (("--reason", reason), ("--by", by)):
        if not value.strip():
            raise CredrulesError(f"{name} is empty; an exception has a reason and a name.")
    for fault in _who_faults(learner, by):
        raise CredrulesError(fault)


def _check_exception(
    settings: Settings, program: str, requirement: str, substitute: str | None, until: date | None
) -> None:
    versions = _versions(settings, program)
    nodes = {node.id: node for one in versions for node in one.nodes if node.id not in ("requirements", "conferral")}
    if requirement not in nodes:
        raise CredrulesError(
            f"'{requirement}' is no requirement or rule of {program}. There are: {', '.join(nodes)}."
            f"{nearest(requirement, nodes)}"
        )
    timing = nodes[requirement].timing
    if until and substitute:
        raise CredrulesError("An exception is a substitution or an extension. Grant each by itself.")
    if until and not (timing and timing.deadline):
        raise CredrulesError(f"'{requirement}' has no last day, so none can be extended. Leave --until out.")
    if substitute and Course.parse(substitute) is None:
        raise CredrulesError(f"'{substitute}' is not a course code; one looks like 'STA 501'.")
    if substitute and not nodes[requirement].ways:
        raise CredrulesError(
            f"'{requirement}' asks for no course, so none can stand in. Leave --substitute out to waive it."
        )


def _versions(settings: Settings, program: str) -> list[ProgramPlan]:
    programs = _by_id(make_plan(load(settings.rules)))
    if program not in programs:
        raise CredrulesError(
            f"'{program}' is no program. There are: {', '.join(programs)}.{nearest(program, programs)}"
        )
    return programs[program]


@click.command()
@click.argument("learner")
@program_argument
@click.argument("version")
@click.option("--reason", required=True, help="Why.")
@click.option("--by", required=True, help="The name of the person who grants it.")
@click.option("--on", type=Day(), default=today, help="The day; today where left out.")
@click.option("--withdraw", is_flag=True, help="Take it back.")
@click.pass_obj
def elect(
    screen: Screen, learner: str, program: str, version: str, reason: str, by: str, on: date, withdraw: bool
) -> None:
    """Let one learner be held to a later VERSION of a program, named by its first day.

    It never leads to an earlier version than the one in force when the learner registered.
    """
    settings = screen.settings()
    _check_named(learner, reason, by)
    versions = [one.program.version for one in _versions(settings, program)]
    if version not in versions:
        message = f"'{version}' is no version of {program}. There are: {', '.join(versions)}."
        raise CredrulesError(message + nearest(version, versions))
    granted = GrantedException(
        learner_id=learner,
        program=program,
        kind=ExceptionKind.ELECTION,
        requirement=version,
        reason=reason,
        by=by,
        on=on,
        withdrawn=withdraw,
    )
    with Ledger.open(settings.ledger) as ledger:
        ledger.grant(granted)
    screen.document(granted)
    screen.say(f"{'Withdrawn' if withdraw else 'Granted'}: the version of {version} for {learner} in {program}.")
    screen.say("The next `credrules run` decides with it.")
